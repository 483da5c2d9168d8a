"""Which results of a table are pooled: by outcome, stage and model, without some, with others in their place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from spinecast.errors import SpinecastError, nearest
from spinecast.evidence.results import ALL, MAIN_OUTCOME, PublishedResult, horizon_days, outcome_name

__all__ = ["LeftOut", "Selected", "Selection", "narrow", "select"]


@dataclass(frozen=True)
class Selection:
    """What a user asks for.

    Parameters
    ----------
    outcome : str, optional
        Name of an outcome, such as ``mortality_90d``; a bare horizon, ``90d``, means mortality by it; ``all``.
    stage : str
        ``training``, ``internal``, ``external`` or ``all``; it does not matter in a table without stages.
    model : str, optional
        Only results of this model.
    exclude : tuple of str
        Results to leave out, by id or by study.
    instead : tuple of str
        Alternative results to take in the place of those they are alternatives to.
    """

    outcome: str | None = None
    stage: str = "external"
    model: str | None = None
    exclude: tuple[str, ...] = ()
    instead: tuple[str, ...] = ()


@dataclass(frozen=True)
class LeftOut:
    """A result of the outcome, stage and model asked for that is not pooled, and why."""

    result: PublishedResult
    why: str


@dataclass(frozen=True)
class Selected:
    """Results to pool, those left out, and what was asked for in full.

    Parameters
    ----------
    results : tuple of PublishedResult
        In the order of the table.
    left_out : tuple of LeftOut
        Excluded results, and alternatives to others.
    outcome, stage : str
        As found; ``all`` where it does not matter.
    model : str or None
        As written in the table.
    """

    results: tuple[PublishedResult, ...]
    left_out: tuple[LeftOut, ...]
    outcome: str
    stage: str
    model: str | None


def select(results: Sequence[PublishedResult], selection: Selection) -> Selected:
    """Choose the results to pool.

    Raises
    ------
    SpinecastError
        If the table holds nothing of the kind, or a name to leave out or to take instead is not there.
    """
    chosen, stage = _by_stage(results, selection.stage)
    chosen, outcome = _by_outcome(chosen, selection.outcome)
    chosen, model = _by_model(chosen, selection.model)
    kept, left_out = _with_alternatives(chosen, selection.instead)
    return _without(kept, left_out, selection.exclude, outcome=outcome, stage=stage, model=model)


def narrow(results: Sequence[PublishedResult], selection: Selection) -> tuple[PublishedResult, ...]:
    """Return every result of an outcome, stage and model, alternatives too.

    Raises
    ------
    SpinecastError
        If the table holds nothing of the kind.
    """
    chosen, _ = _by_stage(results, selection.stage)
    chosen, _ = _by_outcome(chosen, selection.outcome)
    chosen, _ = _by_model(chosen, selection.model)
    return tuple(chosen)


def _by_stage(results: Sequence[PublishedResult], stage: str) -> tuple[list[PublishedResult], str]:
    known = list(dict.fromkeys(result.stage for result in results if result.stage))
    if stage == ALL or not known:
        return list(results), ALL
    found = [result for result in results if result.stage == stage]
    if not found:
        raise _nothing("stage", stage, [*known, ALL])
    return found, stage


def _by_outcome(results: Sequence[PublishedResult], wanted: str | None) -> tuple[list[PublishedResult], str]:
    known = list(dict.fromkeys(result.outcome_name for result in results))
    if wanted is None:
        if len(known) == 1:
            return list(results), known[0] or ALL
        raise SpinecastError(
            "the table holds several outcomes",
            expected=f"--outcome with one of them: {_listed(known)}; or all",
        )
    if wanted == ALL:
        return list(results), ALL
    name = outcome_name(MAIN_OUTCOME, wanted) if horizon_days(wanted) is not None else wanted
    found = [result for result in results if _same_outcome(result, name, wanted)]
    if not found:
        raise _nothing("outcome", wanted, [*known, ALL], compared=name)
    return found, found[0].outcome_name


def _same_outcome(result: PublishedResult, name: str, wanted: str) -> bool:
    if result.outcome_name == name:
        return True
    days = horizon_days(wanted)
    if days is not None:  # a table that names no outcome, or writes the horizon in other units
        return result.outcome in (MAIN_OUTCOME, "") and horizon_days(result.horizon) == days
    return False


def _by_model(results: Sequence[PublishedResult], wanted: str | None) -> tuple[list[PublishedResult], str | None]:
    if wanted is None:
        return list(results), None
    found = [result for result in results if result.model.casefold() == wanted.casefold()]
    if not found:
        raise _nothing("model", wanted, list(dict.fromkeys(result.model for result in results if result.model)))
    return found, found[0].model


def _with_alternatives(
    results: Sequence[PublishedResult], instead: Iterable[str]
) -> tuple[list[PublishedResult], list[LeftOut]]:
    by_id = {result.id: result for result in results}
    replaced: dict[str, PublishedResult] = {}
    for name in instead:
        known = [result.id for result in results if result.alternative_to]
        found = by_id.get(name)
        if found is None or not found.alternative_to:
            close = nearest(name, known)
            raise SpinecastError(
                f"--instead: {name!r} is no alternative to a result of this selection",
                expected=f"one of {_listed(known)}" if known else "nothing: this selection has no alternatives",
                remedy=f"did you mean {close!r}?" if close else None,
            )
        if found.alternative_to in replaced:
            raise SpinecastError(
                f"--instead: {replaced[found.alternative_to].id!r} and {name!r} stand for the same result",
                expected="one of them",
            )
        replaced[found.alternative_to] = found
    kept, left_out = [], []
    for result in results:
        if result.id in replaced:
            left_out.append(LeftOut(result, f"replaced by {replaced[result.id].id}"))
        elif result.alternative_to and result not in replaced.values():
            left_out.append(LeftOut(result, f"an alternative to {result.alternative_to}"))
        else:
            kept.append(result)
    return kept, left_out


def _without(
    results: Sequence[PublishedResult],
    left_out: Sequence[LeftOut],
    exclude: Sequence[str],
    *,
    outcome: str,
    stage: str,
    model: str | None,
) -> Selected:
    gone: dict[str, LeftOut] = {}
    for name in exclude:
        hits = [result for result in results if name.casefold() in (result.id.casefold(), result.study.casefold())]
        if not hits:
            known = list(dict.fromkeys(text for result in results for text in (result.id, result.study)))
            close = nearest(name, known)
            raise SpinecastError(
                f"--exclude: this selection has no result {name!r}",
                expected=f"ids or studies among {_listed([result.id for result in results])}",
                remedy=f"did you mean {close!r}?" if close else None,
            )
        gone |= {result.id: LeftOut(result, "excluded on request") for result in hits}
    kept = tuple(result for result in results if result.id not in gone)
    return Selected(kept, (*left_out, *gone.values()), outcome, stage, model)


def _nothing(what: str, wanted: str, known: Sequence[str], *, compared: str | None = None) -> SpinecastError:
    close = nearest(compared or wanted, known)
    return SpinecastError(
        f"the table holds nothing of {what} {wanted!r}" + (" in this selection" if what != "stage" else ""),
        expected=f"one of {_listed(list(dict.fromkeys(known)))}" if known else f"no --{what}: the table names none",
        remedy=f"did you mean {close!r}?" if close else None,
    )


def _listed(names: Sequence[str], most: int = 14) -> str:
    shown = ", ".join(name or "(none)" for name in names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
