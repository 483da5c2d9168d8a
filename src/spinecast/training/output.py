"""The folder of a run's results: what spinecast writes into it, and what it must not replace."""

from __future__ import annotations

import json
from pathlib import Path

from spinecast.errors import OutputError
from spinecast.files import ensure_replaceable_directory, ensure_writable_directory, restore_directory

__all__ = ["MODEL", "OUT_OF_FOLD", "RECORD", "REJECTIONS", "REPORT", "require_own_output", "require_place"]

MODEL, RECORD = "model", "record"
REPORT, OUT_OF_FOLD, REJECTIONS = "report.html", "out_of_fold.csv", "rejections.csv"
# `spinecast report --pdf` writes beside the record; macOS leaves its own file in every folder it shows.
EXPECTED = frozenset({MODEL, RECORD, REPORT, OUT_OF_FOLD, REJECTIONS, "report.pdf", ".DS_Store"})


def require_place(output: Path) -> None:
    """Refuse a place where no folder of results can stand.

    Parameters
    ----------
    output : pathlib.Path
        Where the results are to go; need not exist.

    Raises
    ------
    OutputError
        If it is the folder this process works in, or the folder around it cannot be written.
    """
    place = output.resolve()
    if Path.cwd().is_relative_to(place):
        raise OutputError(
            f"the results would replace {place}, the folder this command runs in",
            where=str(output),
            expected="a folder of its own for the results",
            remedy="name a folder inside it with --output",
        )
    ensure_writable_directory(place.parent)


def require_own_output(output: Path, study: str) -> None:
    """Refuse, before hours of work, to replace a folder that is not an earlier run of the same study.

    For one process at a time: an existing folder is moved aside and back, to see that it can be.

    Parameters
    ----------
    output : pathlib.Path
        Where the results are to go; need not exist.
    study : str
        The study's identifier.

    Raises
    ------
    OutputError
        If the folder holds anything that no run wrote or another study's results, or cannot be written or replaced.
    """
    place = output.resolve()
    restore_directory(place)
    if place.exists():
        ensure_writable_directory(place)
        _require_own_content(place, study)
    ensure_replaceable_directory(place)


def _require_own_content(place: Path, study: str) -> None:
    try:
        found = {entry.name for entry in place.iterdir()}
    except OSError as error:
        raise OutputError(f"the output folder {place} cannot be read: {error.strerror}", where=str(place)) from error
    unknown = sorted(found - EXPECTED)
    if unknown:
        shown = ", ".join(unknown[:5]) + (f" and {len(unknown) - 5} more" if len(unknown) > 5 else "")
        raise OutputError(
            f"{place} holds what spinecast did not write: {shown}",
            where=str(place),
            expected="a new or empty folder, or the results of an earlier run and nothing else",
            remedy="move it elsewhere, or name another folder with --output",
        )
    earlier = _study_of(place) if found - {".DS_Store"} else study
    if earlier != study:
        whose = f"the results of another study, {earlier}" if earlier else "results whose study cannot be told"
        raise OutputError(
            f"{place} holds {whose}",
            where=str(place),
            expected=f"a new or empty folder, or the results of an earlier run of {study}",
            remedy="name another folder with --output",
        )


def _study_of(place: Path) -> str | None:
    """Return the study whose results a folder holds, or None where its record does not say."""
    try:
        recorded = json.loads((place / RECORD / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    name = recorded.get("study") if isinstance(recorded, dict) else None
    return name if isinstance(name, str) else None
