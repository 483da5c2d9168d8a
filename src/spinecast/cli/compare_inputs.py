"""What ``spinecast compare`` is given by name: folders of results, also of runs that only the store knows by name."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from spinecast.errors import ContractError, TrackingError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spinecast.training.run_results import RunResults
    from spinecast.validation.comparison.comparing_levels import RunLevels
    from spinecast.validation.comparison.pairing import RunRisks

__all__ = ["MOST", "ComparedModel", "FoundRun", "find_runs", "models_to_compare"]

MOST = 16
"""Models at most: of more, every two of them make a page that nobody reads."""


@dataclass(frozen=True, eq=False)
class FoundRun:
    """A run named on the command line.

    Parameters
    ----------
    name : str
        What it is called beside the others.
    results : RunResults
    """

    name: str
    results: RunResults


@dataclass(frozen=True, eq=False)
class ComparedModel:
    """One line of a comparison.

    Parameters
    ----------
    run : FoundRun
    risks : RunRisks
    candidate : str, optional
        The candidate of the run whose risks they are; None for the whole procedure.
    levels : RunLevels, optional
        Of ordered levels: the chances of reaching each, those of the first among `risks`.
    """

    run: FoundRun
    risks: RunRisks
    candidate: str | None = None
    levels: RunLevels | None = None


def find_runs(texts: Sequence[str], results: Path) -> tuple[FoundRun, ...]:
    """Find the results of every run named.

    Parameters
    ----------
    texts : sequence of str
        Folders, registered names, ``name@alias``, ``name/version`` or run ids.
    results : pathlib.Path
        Folder in which the output folders of registered runs are looked for.

    Raises
    ------
    SpinecastError
        If one is not known, its results are not at hand, or two are the same run.
    """
    from spinecast.training.run_results import read_run_results

    found = [read_run_results(_folder(text, results)) for text in texts]
    identities = [one.identity for one in found]
    for at, identity in enumerate(identities):
        if identity in identities[:at]:
            raise ContractError(
                f"{texts[at]} is the same run as {texts[identities.index(identity)]}",
                expected="each run once",
                remedy="to set the candidates of one run beside it: --candidates",
            )
    short = [
        one.folder.resolve().name
        if (Path(text) / "record").is_dir() or Path(text).name in ("record", "model")
        else text
        for text, one in zip(texts, found, strict=True)
    ]
    names = short if len(set(short)) == len(short) else texts
    return tuple(FoundRun(name, one) for name, one in zip(names, found, strict=True))


def _folder(text: str, results: Path) -> Path:
    """Return the folder of results that a name stands for."""
    place = Path(text)
    if place.is_dir() and place.name in ("record", "model") and (place.resolve().parent / "record").is_dir():
        return place.resolve().parent
    if (place / "record").is_dir():
        return place
    from spinecast.tracking.models import registered_identity
    from spinecast.tracking.store import open_store

    try:
        identity = registered_identity(open_store(create=False), text)
    except TrackingError:
        if place.is_dir():
            return place  # no name either: what the folder lacks is said where it is read
        raise
    found = next((folder for folder in _output_folders(results) if _identity_in(folder) == identity), None)
    if found is None:
        raise TrackingError(
            f"the out-of-fold risks of {text} are not at hand: they stay where it was trained, never in the store",
            where=str(results),
            expected=f"its output folder below {results} (an updated version has none: it was not trained)",
            remedy="name the folder itself, or the folder around it with --results DIR",
        )
    return found


def _output_folders(results: Path) -> list[Path]:
    return sorted(path.parent.parent for path in results.glob("*/record/run.json"))


def _identity_in(folder: Path) -> str | None:
    try:
        recorded = json.loads((folder / "record" / "run.json").read_text(encoding="utf-8"))
        return str(recorded["model"]["identity"])
    except (OSError, ValueError, LookupError, TypeError):
        return None  # somebody else's folder, or a broken one, is not the one looked for


def models_to_compare(
    found: Sequence[FoundRun], horizon: float | None, *, candidates: bool
) -> tuple[ComparedModel, ...]:
    """Return the out-of-fold risks that are compared: of each run, and of its candidates where they are asked for.

    Raises
    ------
    ContractError
        If there is nothing to compare with, or too much; if the day does not fit a run.
    """
    if len(found) == 1 and not candidates:
        raise ContractError(
            "one run is compared with nothing",
            expected="two runs or more",
            remedy="name another run, or set the candidates of this one beside it with --candidates",
        )
    _require_one_kind(found)
    day = _day(found, horizon)
    made = []
    for one in found:
        label = f"{one.name} at day {day:g}" if one.results.is_timed and day is not None else one.name
        made.append(_model(one, one.name, label, day))
        if candidates:
            before = f"{label}: " if len(found) > 1 else ""
            for name, words in one.results.candidates.items():
                made.append(_model(one, f"{one.name}:{name}", f"{before}{words}", day, name))
    if len(made) > MOST:
        raise ContractError(
            f"{len(made)} models are more than one page can compare",
            expected=f"{MOST} at most",
            remedy="name fewer runs, or leave --candidates out",
        )
    return tuple(made)


def _model(run: FoundRun, name: str, label: str, day: float | None, candidate: str | None = None) -> ComparedModel:
    from spinecast.training.run_results import levels_of_run, risks_of

    if run.results.is_ordinal:
        levels = levels_of_run(run.results, name, label, candidate=candidate)
        return ComparedModel(run, levels.risks[0], candidate, levels)
    return ComparedModel(run, risks_of(run.results, name, label, day=day, candidate=candidate), candidate)


def _require_one_kind(found: Sequence[FoundRun]) -> None:
    ordinal = [one.name for one in found if one.results.is_ordinal]
    others = [one.name for one in found if not one.results.is_ordinal]
    if ordinal and others:
        raise ContractError(
            f"{ordinal[0]} predicts ordered levels, {others[0]} an event",
            expected="runs of one kind",
            remedy="compare the runs of levels among themselves",
        )


def _day(found: Sequence[FoundRun], horizon: float | None) -> float | None:
    """Return the day runs of times are read at: the one asked for, else that of a run of one day, else the only one."""
    own = [(one.name, day) for one in found if not one.results.is_timed for day in one.results.days]
    if horizon is not None:
        other = next(((name, day) for name, day in own if day != horizon), None)
        if other is not None or (not own and not any(one.results.is_timed for one in found)):
            raise ContractError(
                f"{other[0]} is judged at day {other[1]:g}" if other else "no run predicts an event by a day",
                where=f"--horizon {horizon:g}",
                expected="the day of every run of one day; a run of times answers at any of its days",
            )
        return horizon
    if own:
        return own[0][1]
    common = set.intersection(*(set(one.results.days) for one in found))
    return next(iter(common)) if len(common) == 1 else None
