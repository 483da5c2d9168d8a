"""Where a version comes from and what is said of it: its run's record, as files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from spinecast.errors import SpinecastError, TrackingError
from spinecast.serving.models import ServedModels
from spinecast.tracking.cards import CARD_FOLDER
from spinecast.tracking.serving_versions import ServingVersion

__all__ = ["DOCUMENTS", "Lineage", "document_of", "lineage_of"]

DOCUMENTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "validation-report": ("Validation report", "report.html"),
        # Beside the record and not in it: the card that was published for the version.
        "published-card": ("Model card, as published for this version", f"../{CARD_FOLDER}/model_card.html"),
        "model-card": ("Model card, as training left it", "reporting/model_card.html"),
        "tripod-ai": ("TRIPOD+AI record", "reporting/tripod_ai.html"),
        "probast": ("PROBAST record", "reporting/probast_2019.html"),
        "probast-ai-development": ("PROBAST+AI record, development", "reporting/probast_ai_2025_dev.html"),
        "probast-ai-evaluation": ("PROBAST+AI record, evaluation", "reporting/probast_ai_2025_eval.html"),
        "study": ("Study, resolved", "study.yaml"),
    }
)
"""What can be had of a version: its name in the address, its title, its place in the run's record."""


@dataclass(frozen=True)
class Lineage:
    """What the registry and the run's record say of a version.

    Parameters
    ----------
    numbered : str
        ``name/version``.
    absent : str
        Why nothing is said; empty where something is.
    facts : tuple of (str, str)
    splits : tuple of (str, str, str, str, str)
        Split, training patients and their hash, test patients and theirs.
    documents : mapping of str to str
        Titles of what can be had, by its name in the address.
    conflict : str
        What of it does not go together with the answer; empty where all does.
    """

    numbered: str
    absent: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    splits: tuple[tuple[str, str, str, str, str], ...] = ()
    documents: Mapping[str, str] = field(default_factory=dict)
    conflict: str = ""


def lineage_of(models: ServedModels, numbered: str, identity: str) -> Lineage:
    """Return where the model that answered comes from.

    Parameters
    ----------
    models : ServedModels
    numbered : str
        ``name/version``.
    identity : str
        Hash of the manifest of the model that answered.
    """
    try:
        version, folder = _found(models, numbered)
    except SpinecastError as error:
        return Lineage(numbered, absent=error.what)
    try:
        run, cohort = _json(folder / "run.json"), _json(folder / "cohort.json")
        facts, splits = _facts(version, run, cohort), _splits(run)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        absent = "the record of its run cannot be read here"
        return Lineage(numbered, absent, documents=_there(folder), conflict=_conflict(identity, version, {}))
    return Lineage(numbered, "", facts, splits, _there(folder), _conflict(identity, version, run))


def document_of(models: ServedModels, numbered: str, name: str) -> Path:
    """Return the file of one document of a version.

    Raises
    ------
    TrackingError
        If there is no such version, or its run left no such document here.
    """
    _, folder = _found(models, numbered)
    path = folder / DOCUMENTS[name][1] if name in DOCUMENTS else None
    if path is None or not path.is_file():
        raise TrackingError(
            f"{numbered} has no such document here", remedy="spinecast report RUN --records writes them"
        )
    return path


def _found(models: ServedModels, numbered: str) -> tuple[ServingVersion, Path]:
    name, _, number = numbered.partition("/")
    version = models.recorded(name, number)
    if version.record is None:
        raise TrackingError(f"the registry holds no record of the run that {numbered} came from")
    return version, version.record


def _json(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _facts(version: ServingVersion, run: Mapping[str, Any], cohort: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    environment, provenance = run.get("environment") or {}, cohort.get("provenance") or {}
    packages = environment.get("packages") or {}
    found = {
        "Study": run.get("study"),
        "Study hash": run.get("study_hash"),
        "Run": version.run_id,
        "Run key": run.get("run_key"),
        "Trained": run.get("finished"),
        "Cohort": f"{cohort['name']} ({cohort['kind']}, {cohort['patients']} patients)",
        "Source of the patients": provenance.get("description") or provenance.get("source"),
        "Cohort fingerprint": cohort.get("fingerprint"),
        "Git commit": environment.get("git_commit") or "not run from a git repository",
        "Python": environment.get("python"),
        "Packages": ", ".join(f"{name} {number}" for name, number in packages.items()),
        "Seeds": ", ".join(f"{name} {seed}" for name, seed in (run.get("seeds") or {}).items()),
        "Identity in the registry": version.identity,
    }
    return tuple((name, str(text)) for name, text in found.items() if text)


def _splits(run: Mapping[str, Any]) -> tuple[tuple[str, str, str, str, str], ...]:
    return tuple(
        (
            str(one["split"]),
            str(one["n_train"]),
            str(one["train_hash"]),
            str(one.get("n_test") or "none"),
            str(one["test_hash"]) if one.get("n_test") else "none",
        )
        for one in run.get("splits") or ()
    )


def _there(folder: Path) -> dict[str, str]:
    return {name: title for name, (title, place) in DOCUMENTS.items() if (folder / place).is_file()}


def _conflict(identity: str, version: ServingVersion, run: Mapping[str, Any]) -> str:
    """Say where registry or record mean another model than the one that answered."""
    of_run = (run.get("model") or {}).get("identity")
    others = {"the registry": version.identity, "the record of the run": of_run}
    named = [who for who, said in others.items() if said and said != identity]
    hold = "hold" if len(named) > 1 else "holds"
    return f"{' and '.join(named)} {hold} another model under this number than the one that answered" if named else ""
