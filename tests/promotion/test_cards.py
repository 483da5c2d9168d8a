"""The card of a version: everything the registry holds of it, the authors' words kept, published where it is served."""

from __future__ import annotations

import copy
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from promotion import made_versions as made

from spinecast.files import sha256_bytes
from spinecast.notices import SYNTHETIC
from spinecast.promotion.cards import CARD_COMPLETE, CARD_HASH, card_of, publish_card
from spinecast.promotion.evidence import gather
from spinecast.promotion.gates import assess
from spinecast.promotion.gates_file import read_gates
from spinecast.reporting.external_record import ExternalRecord
from spinecast.reporting.record import RunRecord
from spinecast.reporting.records.answers import TO_BE_WRITTEN
from spinecast.reporting.records.model_card import SECTIONS, ModelCard, owed
from spinecast.serving.served_model import ServedModel
from spinecast.tracking.runs import PARENT_VERSION
from spinecast.tracking.serving_versions import pinned_version
from spinecast.tracking.store import Store


def silent() -> RunRecord:
    """A training whose authors have said nothing."""
    record = made.development()
    study = {**record.study, "reporting": {}}
    return replace(record, study=study, study_yaml=yaml.safe_dump(study))


def updated() -> ExternalRecord:
    """The record of an update, with the patients set apart to judge it."""
    record = copy.deepcopy(made.validation("e" * 64))
    record.about["kind"] = "update"
    record.about["update"] = {"method": "logistic", "cohort": {"name": "hospital_d", "n": 400, "events": 120}}
    return record


def gate_of(store: Store, version: str) -> Any:
    results = assess(gather(store, made.NAME, version), read_gates().content)
    return next(one for one in results if one.gate == "model_card")


def texts(card: ModelCard) -> dict[str, str]:
    return {entry.name: entry.text for entry in card.entries}


def test_a_card_holds_the_validations_their_groups_curves_failures_and_history(store: Store, tmp_path: Path) -> None:
    bad = made.validation("0" * 64, fingerprint="ab" * 32, name="hospital_c")
    check = {"code": "SC003", "title": "Calibration slope out of range", "severity": "warning"}
    bad.findings["checks"].append(check | {"finding": "slope 0.60", "remedy": "update it"})
    made.write(store, tmp_path, bad)
    card = card_of(gather(store, made.NAME, "1"))
    assert list(dict.fromkeys(entry.section for entry in card.entries)) == list(SECTIONS)
    said = texts(card)
    assert "Calibration slope 0.97 (0.87 to 1.07)" in said["hospital_b"]
    assert "Male: O:E 1.00 (0.90 to 1.10), Slope 0.95 (0.75 to 1.15)" in said["Sex, in hospital_b"]
    assert said["SC003 Calibration slope out of range, in hospital_c"] == "Slope 0.60. Update it."
    assert "No external validation yet" not in said["What the record shows"]
    assert said["Version 1"].endswith(f"run {gather(store, made.NAME, '1').version.run_id}.")
    assert "Version 2" not in said  # a later one
    assert [one["cohort"] for one in card.calibration] == ["test_fixture", "hospital_b", "hospital_c"]
    assert ModelCard.from_dict(json.loads(json.dumps(card.to_dict()))) == card
    page = publish_card(store, made.NAME, "1").files["model_card.html"]
    assert page.count("<svg") == 3
    assert not re.search(r"<(?:script|link|img|iframe)\b|\bsrc=|url\((?!#)|@import|https?://", page)


def test_each_of_31_attributes_is_answered_or_says_who_has_to(store: Store, filled: Path) -> None:
    version = made.register(store, filled, silent(), identity="b" * 64, alias=None)
    card = card_of(gather(store, made.NAME, version))
    attributes = [entry for entry in card.entries if entry.section == "Source attributes (HTI-1)"]
    assert len({entry.name.split()[0] for entry in attributes}) == 31
    said = texts(card)
    assert said["2.4 Role in decisions"] == "Not stated; to be stated by the developer (decision_role)."
    assert said["8.2 Validity in local data"].startswith("Not stated; to be stated by the hospital that uses it")
    assert "sex: yes (Sex)" in said["4.2 Personal characteristics as inputs"]
    assert "Race: no" in said["4.2 Personal characteristics as inputs"]
    assert said["7.3 Validity in external data"] == "No validation on other patients is recorded."
    assert said["7.1 Validity in data of the same source"].startswith("Out-of-fold, 1,858 patients")
    # Complete is said in one place: the card's own list is what the gate refuses by.
    assert {entry.name for entry in card.entries if entry.origin == TO_BE_WRITTEN} == set(owed(card))
    assert all(name in gate_of(store, version).findings[0].found for name in owed(card))


def test_words_are_kept_from_version_to_version_and_complete_a_card(store: Store, filled: Path) -> None:
    first = made.register(store, filled, silent(), identity="b" * 64, alias=None)
    assert gate_of(store, first).status == "failed"
    published = publish_card(store, made.NAME, first, {"intended_use": "To tell risk."})
    assert "Intended use" not in published.lacking
    assert "Intended users" in published.lacking
    published = publish_card(
        store, made.NAME, first, {key: made.WORDS[key] for key in made.WORDS if key != "intended_use"}
    )
    assert published.lacking == ()
    assert gate_of(store, first).status == "passed"
    second = made.register(store, filled, silent(), identity="c" * 64, alias=None)
    assert gate_of(store, second).status == "passed"  # with the words of the version before it
    publish_card(store, made.NAME, second, {"intended_use": "Something else."})
    assert texts(card_of(gather(store, made.NAME, second)))["Intended use"] == "Something else."
    assert texts(card_of(gather(store, made.NAME, first)))["Intended use"] == "To tell risk."
    tags = store.client().get_model_version(made.NAME, second).tags
    card = publish_card(store, made.NAME, second).files["model_card.json"]
    assert (tags[CARD_COMPLETE], tags[CARD_HASH]) == ("yes", sha256_bytes(card.encode()))


def test_the_server_finds_the_published_card(store: Store, filled: Path) -> None:
    version = made.register(store, filled, silent(), identity="b" * 64, alias=None, cohort_kind="synthetic")
    published = publish_card(store, made.NAME, version, {"decision_role": "It informs."})
    served = ServedModel(pinned_version(store, made.NAME, version), cast(Any, None), "b" * 64)
    assert served.card() == json.loads(published.files["model_card.json"])
    assert "It informs." in json.dumps(served.card())
    assert SYNTHETIC in published.files["model_card.html"]
    assert SYNTHETIC in served.card()["notices"]


def test_the_card_of_an_update_goes_back_to_its_training(store: Store, filled: Path) -> None:
    parent = {PARENT_VERSION: f"{made.NAME}/1"}
    version = made.register(store, filled, updated(), identity="e" * 64, alias=None, version_tags=parent)
    found = gather(store, made.NAME, version)
    said = texts(card_of(found))
    assert f"updated from {made.NAME}/1" in said[f"Version {version}"]
    assert "Changed by logistic on hospital_d, 400 patients." in said[f"Version {version}"]
    assert said["Intended use"] == made.WORDS["intended_use"]
    assert said["7.1 Validity in data of the same source"].startswith("Out-of-fold, 1,858 patients")
    results = {one.gate: one for one in assess(found, read_gates().content)}
    assert results["external_validation"].status == "failed"  # judging the update is no validation of it
    assert results["sample_size"].findings[0].status == "passed"
    assert results["model_card"].status == "passed"


@pytest.mark.parametrize("lost", ["nobodys/1", "not registered here"])
def test_an_update_of_what_the_registry_lacks_says_so(store: Store, filled: Path, lost: str) -> None:
    version = made.register(
        store, filled, updated(), identity="e" * 64, alias=None, version_tags={PARENT_VERSION: lost}
    )
    found = gather(store, made.NAME, version)
    assert found.development is None
    assert (
        texts(card_of(found))["7.1 Validity in data of the same source"] == "The record of the training is not at hand."
    )


def test_a_card_is_not_complete_by_places_held_open(store: Store) -> None:
    published = publish_card(store, made.NAME, "1", dict.fromkeys(made.WORDS, "x"))
    assert len(published.lacking) > 15
    assert json.loads(published.files["model_card.json"])["complete"] is False
    assert gate_of(store, "1").status == "failed"
    assert not publish_card(store, made.NAME, "1", made.WORDS).lacking


def test_what_was_fetched_goes_with_the_process(store: Store, filled: Path, tmp_path: Path) -> None:
    """Records and words of a version: MLflow leaves what it fetches for good."""
    publish_card(store, made.NAME, "1", made.WORDS)
    asked = (
        "from pathlib import Path\n"
        "from spinecast.promotion.evidence import gather\n"
        "from spinecast.tracking.store import open_store\n"
        f"store = open_store(Path({str(filled / 'mlruns')!r}))\n"
        f"found = gather(store, {made.NAME!r}, '1')\n"
        "print(len(found.validations), len(found.words))\n"
    )
    left = tmp_path / "temporary"
    left.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", asked],
        env={**os.environ, "TMPDIR": str(left)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["1", str(len(made.WORDS))]
    assert list(left.iterdir()) == []
