"""The run record: all that a report and the tracking store know of a finished run, as JSON and without patients."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import yaml

from spinecast.errors import ArtifactError
from spinecast.files import atomic_write, readable_json

__all__ = ["RunRecord"]

STUDY_FILE = "study.yaml"

# The keys without which no honest report can be written, by file. Everything else may be absent and is then said to be.
REQUIRED: Mapping[str, tuple[str, ...]] = {
    "cohort": ("name", "kind", "patients"),
    "evaluation": ("label", "basis", "n", "events", "measures"),
    "tuning": (),
    "explanation": (),
    "run": ("run_key",),
}
# Parts that came later: a record without them is read, and its report says that they are not there.
OPTIONAL: tuple[str, ...] = ("internal",)
NOT_IN_RECORD = {"absent": "not part of this record"}
KINDS = ("real", "synthetic")


@dataclass(frozen=True)
class RunRecord:
    """A finished run as data.

    Parameters
    ----------
    study : dict
        The resolved study.
    study_yaml : str
        The resolved study as written to ``study.yaml``, byte for byte.
    cohort : dict
        Name, kind ("real" or "synthetic"), provenance, attrition, table one, missingness, rejections.
    evaluation : dict
        Every number of the validation; see ``spinecast.validation``.
    tuning : dict
        Search spaces, trials and what each split chose.
    explanation : dict
        Global importance, shuffled contributions and the illustrative patients.
    run : dict
        Key, times, seeds, split hashes, environment, checks and notes.
    internal : dict
        What was fitted again to judge the model: ``bootstrap``, ``repeated_cross_validation``, ``internal_external``,
        ``learning_curve`` and ``instability``, each with its contents or ``{"absent": reason}``; see
        ``spinecast.validation.internal``.
    """

    study: dict[str, Any]
    study_yaml: str
    cohort: dict[str, Any]
    evaluation: dict[str, Any]
    tuning: dict[str, Any]
    explanation: dict[str, Any]
    run: dict[str, Any]
    internal: dict[str, Any] = field(default_factory=lambda: dict(NOT_IN_RECORD))

    @property
    def is_synthetic(self) -> bool:
        """Whether the cohort is anything but real patients; an unknown kind is not taken for real."""
        return self.cohort.get("kind") != "real"

    @classmethod
    def load(cls, folder: Path) -> RunRecord:
        """Read a record from its folder.

        Parameters
        ----------
        folder : pathlib.Path
            Holds ``study.yaml``, ``cohort.json``, ``evaluation.json``, ``tuning.json``, ``explanation.json``,
            ``run.json`` and, from records that have it, ``internal.json``.

        Raises
        ------
        ArtifactError
            If a file is missing, unreadable, not JSON (a NaN is not JSON) or lacks what a report cannot do without.
        """
        study_path = folder / STUDY_FILE
        study_yaml = _read(study_path)
        try:
            study = yaml.safe_load(study_yaml)
        except yaml.YAMLError as error:
            raise _broken(study_path, f"is not YAML: {error}", expected="the resolved study") from error
        if not isinstance(study, dict):
            raise _broken(study_path, "holds no study", expected="a YAML mapping")
        parts = {name: _read_json(folder / f"{name}.json", keys) for name, keys in REQUIRED.items()}
        parts |= {name: _read_json(path, ()) for name in OPTIONAL if (path := folder / f"{name}.json").exists()}
        kind = parts["cohort"]["kind"]
        if kind not in KINDS:
            raise _broken(folder / "cohort.json", f"names the cohort kind {kind!r}", expected='"real" or "synthetic"')
        return cls(study=study, study_yaml=study_yaml, **parts)

    def save(self, folder: Path) -> None:
        """Write the record's files, each whole or not at all, ``run.json`` last.

        A folder without ``run.json`` is therefore an unfinished record. The folder may hold other files.

        Raises
        ------
        OutputError
            If the folder cannot be written.
        ValueError
            If a part holds a NaN or an infinity: an absent number carries its reason instead.
        """
        there = [name for name in OPTIONAL if "absent" not in getattr(self, name)]
        parts = {name: readable_json(getattr(self, name)) for name in (*there, *REQUIRED)}
        atomic_write(folder / STUDY_FILE, self.study_yaml)
        for name, text in parts.items():
            atomic_write(folder / f"{name}.json", text)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise _broken(path, "is missing", expected="the record of a finished run") from error
    except (OSError, UnicodeDecodeError) as error:
        raise _broken(path, f"cannot be read: {error}", expected="a UTF-8 text file") from error


def _read_json(path: Path, keys: tuple[str, ...]) -> dict[str, Any]:
    try:
        value = json.loads(_read(path), parse_constant=_refuse_constant)
    except ValueError as error:
        raise _broken(path, f"is not JSON: {error}", expected="a JSON object") from error
    if not isinstance(value, dict):
        raise _broken(path, "holds no object", expected="a JSON object")
    missing = [key for key in keys if key not in value]
    if missing:
        raise _broken(path, f"lacks {', '.join(missing)}", expected=f"the keys {', '.join(keys)}")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _broken(path: Path, problem: str, *, expected: str) -> ArtifactError:
    return ArtifactError(
        f"the run record cannot be read: {path.name} {problem}",
        where=str(path),
        expected=expected,
        remedy="name the folder of a finished run, or train the study again",
    )
