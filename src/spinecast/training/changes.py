"""What a run was asked to do otherwise than its study file says: facts for the record, compared value by value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from spinecast.errors import SpinecastError
from spinecast.training.study import Study
from spinecast.training.study.file import load_study

__all__ = ["describe_changes"]


def describe_changes(study: Study, study_file: Path, overrides: Sequence[str]) -> dict[str, Any]:
    """Compare a study as it ran with its file.

    Parameters
    ----------
    study : Study
        As it ran, overrides applied.
    study_file : pathlib.Path
        Where it was read; read again, because a study does not remember what its overrides replaced.
    overrides : sequence of str
        ``tuning.trials=4`` and the like, as given on the command line.

    Returns
    -------
    dict
        ``overrides``: a list of ``{"key", "study_file", "run"}``, one a key that was set, in the order given, values
        with every default filled in. ``study_file_trials``: the tuning trials the file asks for, by candidate. Where
        the file does not stand alone any more, ``{"absent": reason}`` in place of what it says.
    """
    keys = list(dict.fromkeys(assignment.partition("=")[0].strip() for assignment in overrides))
    ran = study.model_dump(mode="json")
    written: dict[str, Any] | None = None
    trials: dict[str, Any]
    try:
        alone = load_study(study_file) if keys else study
    except SpinecastError:
        trials = {"absent": "the study file cannot be read again as it stands"}
    else:
        written = alone.model_dump(mode="json")
        trials = {candidate.name: candidate.trials or alone.tuning.trials for candidate in alone.candidates}
    return {
        "overrides": [
            {"key": key, "study_file": _at(written, key) if written else trials, "run": _at(ran, key)} for key in keys
        ],
        "study_file_trials": trials,
    }


def _at(content: Any, key: str) -> Any:
    """Return the value of a dotted key, or why there is none."""
    for step in key.split("."):
        if isinstance(content, Mapping) and step in content:
            content = content[step]
        elif isinstance(content, list) and step.isdecimal() and int(step) < len(content):
            content = content[int(step)]
        else:
            return {"absent": "not set"}
    return content
