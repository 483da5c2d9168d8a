"""The file of gates: what comes with spinecast, and what is wrong with one of somebody's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from spinecast.delivered import delivered_folder
from spinecast.errors import DocumentError
from spinecast.files import sha256_file
from spinecast.promotion.gates_file import read_gates

DEFAULT = delivered_folder("gates.yaml")


def test_the_gates_that_come_with_spinecast_name_a_source_for_every_bound() -> None:
    read = read_gates()
    assert read.sha256 == sha256_file(DEFAULT)
    content = read.content
    asked = [content.calibration_slope, content.calibration_in_the_large, content.subgroup_harm]
    kinds = {"event", "time_to_event", "competing_risks", "quantity", "ordinal"}
    for gate in asked:
        assert {kind for bound in gate.bounds for kind in bound.kinds} == kinds  # every kind has its measure
        assert all(bound.source for bound in gate.bounds)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("estimate: [0.8, 1.2]", "estimate: [1.2, 0.8]", "not below the second"),
        ("measure: coverage_80", "measure: coverge_80", "did you mean coverage_80?"),
        ("kinds: [quantity]", "kinds: [event]", "a model of the kind event has no measure 'coverage_80'"),
        ("net_benefit_check: SC013", "net_benefit_check: SC999", "there is no check SC999"),
        ("refused: [error]", "refused: [eror]", "error"),
        ("  fewest: 1\n", "  fewest: 0\n", "external_validation.fewest"),
        ("  fewest: 1\n", "  fewest: 1\n  fewset: 2\n", "fewest"),
        ("model_card:\n", "modelcard:\n", "model_card"),
    ],
)
def test_a_mistake_is_one_error_with_its_line(tmp_path: Path, old: str, new: str, words: str) -> None:
    text = DEFAULT.read_text(encoding="utf-8")
    assert old in text
    own = tmp_path / "own.yaml"
    own.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(DocumentError) as error:
        read_gates(own)
    assert words in str(error.value)
    assert "own.yaml:" in str(error.value)
