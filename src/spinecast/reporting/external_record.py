"""The record of an evaluation of predictions on patients their model was not made from: JSON, and no patients."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from spinecast.errors import ArtifactError
from spinecast.files import atomic_write, readable_json
from spinecast.reporting.record import RunRecord

__all__ = ["MADE_ELSEWHERE", "ExternalRecord"]

MADE_ELSEWHERE = "made elsewhere"
"""Basis of predictions whose file does not say what patients they were made from."""

# What no honest report can be written without, by file; the last one is written last.
_REQUIRED = {
    "evaluation": ("label", "basis", "n", "events", "measures"),
    "cohort": (),
    "findings": (),
    "about": ("kind", "title", "cohort", "settings"),
}


@dataclass(frozen=True)
class ExternalRecord:
    """A finished external validation or update of a model, or the evaluation of a file of predictions, as data.

    Parameters
    ----------
    about : dict
        Kind ("validation", "update" or "evaluation"), title, what was judged, on whom, the outcome, settings, notes,
        times, versions.
    evaluation : dict
        Every number of the evaluation; see ``spinecast.validation``.
    cohort : dict
        Description of the patients, or ``absent`` with the reason.
    findings : dict
        What else was found: net benefit at thresholds, case mix, subgroups, missing inputs, strata, overlap, what could
        not be compared, checks and what became of each. A part that is not there was not asked for.
    """

    about: dict[str, Any]
    evaluation: dict[str, Any]
    cohort: dict[str, Any]
    findings: dict[str, Any]

    @property
    def is_synthetic(self) -> bool:
        """Whether the patients are anything but real; an unknown kind is not taken for real."""
        return (self.about.get("cohort") or {}).get("kind") != "real"

    @property
    def is_validation(self) -> bool:
        """Whether a model was applied to a cohort, and not only its predictions read."""
        return self.about["kind"] in ("validation", "update")

    def to_dict(self) -> dict[str, Any]:
        """Return the whole record as one JSON object: what it is about, then every number by its name."""
        predicted = {"outcome_kind": self.evaluation["kind"]} if "kind" in self.evaluation else {}
        return {
            "about": self.about,
            **self.evaluation,
            "kind": self.about["kind"],
            **predicted,
            "cohort_description": self.cohort,
            **self.findings,
        }

    def as_run_record(self) -> RunRecord:
        """Return it in the form that the sections shared with the report of a training take."""
        described = {**self.about["cohort"], **self.cohort}
        # A file of predictions does not say whether their model had seen the patients, unless somebody declares it.
        declared = (self.about.get("declared") or {}).get("basis")
        elsewhere = f"{MADE_ELSEWHERE}, declared {declared}" if declared else MADE_ELSEWHERE
        basis = self.evaluation["basis"] if self.is_validation else elsewhere
        found = {name: self.findings.get(name) for name in ("checks", "checks_made", "sample_size")}
        run = {"run_key": "", **found, "notes": self.about.get("notes") or []}
        return RunRecord(
            study={"title": self.about["title"], "outcome": (self.about.get("outcome") or {}).get("definition")},
            study_yaml="",
            cohort=described,
            evaluation={**self.evaluation, "basis": basis},
            tuning={},
            explanation={},
            run=run,
        )

    @classmethod
    def load(cls, folder: Path) -> ExternalRecord:
        """Read a record from its folder.

        Parameters
        ----------
        folder : pathlib.Path
            Holds ``about.json``, ``evaluation.json``, ``cohort.json`` and ``findings.json``.

        Raises
        ------
        ArtifactError
            If a file is missing, unreadable, not JSON (a NaN is not JSON) or lacks what a report cannot do without.
        """
        return cls(**{name: _read(folder / f"{name}.json", keys) for name, keys in _REQUIRED.items()})

    def save(self, folder: Path) -> None:
        """Write the record's four files, each whole or not at all, ``about.json`` last.

        Raises
        ------
        OutputError
            If the folder cannot be written.
        ValueError
            If a part holds a NaN or an infinity: an absent number carries its reason instead.
        """
        parts = {name: readable_json(getattr(self, name)) for name in _REQUIRED}
        for name, text in parts.items():
            atomic_write(folder / f"{name}.json", text)


def _read(path: Path, keys: tuple[str, ...]) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    except FileNotFoundError as error:
        raise _broken(path, "is missing") from error
    except (OSError, ValueError) as error:
        raise _broken(path, f"cannot be read: {error}") from error
    if not isinstance(value, dict):
        raise _broken(path, "holds no object")
    missing = [key for key in keys if key not in value]
    if missing:
        raise _broken(path, f"lacks {', '.join(missing)}")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _broken(path: Path, problem: str) -> ArtifactError:
    return ArtifactError(
        f"the record of the validation cannot be read: {path.name} {problem}",
        where=str(path),
        expected="the four files that spinecast validate writes into record/",
        remedy="name the folder of a finished validation, or validate again",
    )
