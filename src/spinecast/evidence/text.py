"""What a pooling says, for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence

from spinecast.evidence.answers import sources
from spinecast.evidence.cautions import cautions
from spinecast.evidence.pooling import Measured, Pooled
from spinecast.evidence.printed import SummaryCheck
from spinecast.evidence.ratios import Ratio, ratio_of
from spinecast.evidence.recipes import recipe_text
from spinecast.evidence.results import PublishedResult, outcome_label
from spinecast.notices import RESEARCH_USE
from spinecast.statistics import Absent, Range

__all__ = ["checks_text", "listed_text", "pooled_text", "remarkable"]

_WIDTH = 110
QUANTITIES = {"auc": "AUC", "observed_expected_ratio": "O/E"}


def pooled_text(pooled: Pooled, table: str, checks: Sequence[SummaryCheck] = ()) -> str:
    """Write a pooling as text: the value, the studies, what each does, what to know, what the review prints."""
    lines = [
        *_heading(pooled, table),
        "",
        *_values(pooled),
        "",
        *_studies(pooled),
        "",
        *_small_studies(pooled),
        *_left_out(pooled),
        *_cautions(pooled),
        *_flags(pooled),
        *_printed(pooled, checks),
        RESEARCH_USE,
    ]
    return "\n".join(lines)


def _heading(pooled: Pooled, table: str) -> Iterator[str]:
    selected = pooled.selected
    about = [outcome_label(selected.outcome)]
    if selected.stage != "all":
        about.append(f"{selected.stage} validation" if selected.stage != "training" else "training")
    models = list(dict.fromkeys(study.result.model for study in pooled.studies if study.result.model))
    about.append(models[0] if len(models) == 1 else f"{len(models)} models")
    yield f"{table}: {', '.join(part for part in about if part != '0 models')}, {len(pooled.studies)} results"
    places = sources(pooled)
    if places:
        more = f"; and {len(places) - 3} more" if len(places) > 3 else ""
        yield from _wrapped(f"read in {'; '.join(places[:3])}{more}. Values as printed", "")


def _values(pooled: Pooled) -> Iterator[str]:
    fit, prediction = pooled.fit, pooled.predicted()
    name = QUANTITIES[pooled.recipe.quantity]
    yield f"pooled {name:<16} {_measured(pooled.measured())}   {recipe_text(pooled.recipe)}"
    if isinstance(prediction, Range):
        ends = f"{prediction.lower:.3f} to {prediction.upper:.3f}"
        yield f"prediction interval     {ends}   of a new study; t with k - 2 = {fit.studies - 2} degrees"
    else:
        yield f"prediction interval     not available: {prediction.reason}"
    spread = f"I2 {100 * fit.i2:.1f} %, Q {fit.q:.1f} on {fit.q_degrees} degrees (p {_p(fit.q_p)})"
    if isinstance(fit.tau2_interval, Range):
        ends = f" ({fit.tau2_interval.lower:.4f} to {fit.tau2_interval.upper:.4f})"
    else:
        ends = ""
    yield f"between studies         tau2 {fit.tau2:.4f}{ends}, {spread}"


def _studies(pooled: Pooled) -> Iterator[str]:
    name = QUANTITIES[pooled.recipe.quantity]
    header = ("id", f"{name} (95 % interval)", "weight", "pooled without it", "residual", "Cook", "")
    rows = [header]
    for place, study in enumerate(pooled.studies):
        without = "" if isinstance(pooled.without, Absent) else _measured(pooled.measured(pooled.without[place]))
        one = None if isinstance(pooled.influence, Absent) else pooled.influence[place]
        marks = [
            *(["influential"] if one is not None and one.influential else []),
            *(["flagged"] if study.result.flags else []),
            *(["interval assumed"] if study.assumed else [study.basis] if study.basis else []),
        ]
        rows.append(
            (
                study.result.id,
                study.as_printed or _measured(study.shown),
                f"{100 * study.weight:.1f} %",
                without,
                "" if one is None else f"{one.residual:+.2f}",
                "" if one is None else f"{one.cook:.2f}",
                ", ".join(marks),
            )
        )
    yield from _table(rows)
    for what in (pooled.without, pooled.influence):
        if isinstance(what, Absent):
            yield f"  not available: {what.reason}"


def _small_studies(pooled: Pooled) -> Iterator[str]:
    test = pooled.small_studies
    if isinstance(test, Absent):
        yield f"small-study effects: not available: {test.reason}"
    else:
        yield f"small-study effects: regression on the standard error z {test.statistic:+.2f}, p {_p(test.p)}"
    yield ""


def _left_out(pooled: Pooled) -> Iterator[str]:
    if pooled.left_out:
        yield "Not pooled:"
        for left in pooled.left_out[:12]:
            yield f"  {left.result.id}: {left.why}"
        if len(pooled.left_out) > 12:
            yield f"  and {len(pooled.left_out) - 12} more"
        yield ""


def _cautions(pooled: Pooled) -> Iterator[str]:
    found = cautions(pooled)
    if found:
        yield "To know:"
        for one in found:
            yield from _wrapped(f"{one.title}. {one.text}", "  ! " if one.serious else "  - ")
        yield ""


def _flags(pooled: Pooled) -> Iterator[str]:
    flagged = [study.result for study in pooled.studies if study.result.flags]
    if flagged:
        yield "Known of single results (pooled as printed):"
        for result in flagged[:15]:
            for flag in result.flags:
                yield from _wrapped(f"{result.id}: {flag.why}", "  - ")
        if len(flagged) > 15:
            yield f"  and {len(flagged) - 15} more results"
        yield ""


def _printed(pooled: Pooled, checks: Sequence[SummaryCheck]) -> Iterator[str]:
    shown = remarkable(pooled, checks)
    if shown:
        yield "Printed by the review, computed again from its table:"
        yield from checks_lines(shown)
        yield ""


def remarkable(pooled: Pooled, checks: Sequence[SummaryCheck]) -> list[SummaryCheck]:
    """Return the printed values of exactly these results, and what else the same review prints against itself."""
    own = frozenset(study.result.id for study in pooled.studies)
    reviews = sources(pooled)
    return [
        check
        for check in checks
        if check.results == own
        or (check.contradicts_itself and any(place.startswith(check.summary.cells["source"]) for place in reviews))
    ]


def checks_text(checks: Sequence[SummaryCheck]) -> str:
    """Write what was printed and computed again, one value a paragraph."""
    return "\n".join([*checks_lines(checks), RESEARCH_USE])


def checks_lines(checks: Iterable[SummaryCheck]) -> Iterator[str]:
    """Yield what was printed and computed again, wrapped."""
    for check in checks:
        wrong = check.verdict == "does_not_follow" or check.contradicts_itself
        yield from _wrapped(
            f"{check.summary.label} ({check.summary.source}). {check.statement}", "  ! " if wrong else "  - "
        )


def listed_text(results: Sequence[PublishedResult], table: str, *, ratio: bool = False) -> str:
    """Write results as a table, one a line."""
    value = "O/E (95 % interval)" if ratio else "AUC (95 % interval)"
    rows = [("id", "stage", "outcome", "model", value, "flags")]
    for result in results:
        found = ratio_of(result) if ratio else None
        if isinstance(found, Ratio):
            shown = f"{_measured(Measured(found.value, found.lower, found.upper))} {found.basis}"
        else:
            shown = found if isinstance(found, str) else result.printed or _auc(result)
        rows.append(
            (
                result.id,
                result.stage,
                result.outcome_name,
                result.model,
                shown,
                ", ".join(flag.code for flag in result.flags),
            )
        )
    return "\n".join([f"{table}: {len(results)} results", *_table(rows), RESEARCH_USE])


def _auc(result: PublishedResult) -> str:
    if result.auc is None:
        return "not printed"
    limits = "" if result.lower is None or result.upper is None else f" ({result.lower:g} to {result.upper:g})"
    return f"{result.auc:g}{limits}"


def _measured(value: Measured) -> str:
    return f"{value.estimate:.3f} ({value.lower:.3f} to {value.upper:.3f})"


def _p(value: float) -> str:
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def _table(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _wrapped(text: str, first: str) -> Iterator[str]:
    yield from textwrap.wrap(
        text, _WIDTH, initial_indent=first, subsequent_indent=" " * len(first), break_long_words=False
    )
