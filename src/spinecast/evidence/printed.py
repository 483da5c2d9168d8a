"""What reviews print about their own tables, computed again from those tables. Nothing printed is changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from spinecast.delivered import delivered_folder
from spinecast.errors import DocumentError
from spinecast.evidence.pooling import Pooled, Recipe, pool
from spinecast.evidence.reading import delivered_tables, read_results, read_rows
from spinecast.evidence.recipes import variants
from spinecast.evidence.results import ALL, PublishedResult
from spinecast.evidence.selection import Selection, select
from spinecast.statistics import Absent, Range

__all__ = ["Comparison", "PrintedSummary", "SummaryCheck", "Verdict", "check_summaries", "read_summaries"]

Verdict: TypeAlias = Literal["follows", "last_digit", "does_not_follow", "not_recomputed"]
NUMBERS = ("estimate", "lower", "upper", "prediction_lower", "prediction_upper")
PARTS = {
    "estimate": "value",
    "lower": "lower limit",
    "upper": "upper limit",
    "prediction_lower": "lower end of the prediction interval",
    "prediction_upper": "upper end of the prediction interval",
}


@dataclass(frozen=True)
class PrintedSummary:
    """A number a review prints about the studies it holds.

    Parameters
    ----------
    id : str
        Its name.
    cells : mapping
        The row of the table, as text.
    """

    id: str
    cells: Mapping[str, str]

    @property
    def label(self) -> str:
        """What is printed, in words."""
        return self.cells["label"]

    @property
    def quantity(self) -> str:
        """What is printed: ``pooled_auc``, ``weighted_mean_auc``, ``studies_with_interval`` ..."""
        return self.cells["quantity"]

    @property
    def printed(self) -> str:
        """The value as the review writes it."""
        return self.cells["printed"]

    @property
    def source(self) -> str:
        """Review and place in it."""
        return f"{self.cells['source']}, {self.cells['where']}"

    def number(self, name: str) -> float | None:
        """Return one of the printed numbers."""
        return float(self.cells[name]) if self.cells[name] else None

    def decimals(self, name: str) -> int:
        """Return with how many decimals it is printed."""
        return len(self.cells[name].partition(".")[2])

    @property
    def excludes_itself(self) -> bool:
        """Whether the printed interval does not hold its own estimate."""
        value, lower, upper = (self.number(name) for name in ("estimate", "lower", "upper"))
        return value is not None and lower is not None and upper is not None and not lower <= value <= upper


@dataclass(frozen=True)
class Comparison:
    """One printed number beside the same number computed again."""

    part: str
    printed: str
    recomputed: float
    off: int


@dataclass(frozen=True)
class SummaryCheck:
    """A printed number, computed again.

    Parameters
    ----------
    summary : PrintedSummary
        What is printed.
    verdict : {"follows", "last_digit", "does_not_follow", "not_recomputed"}
        Whether it follows from its table: to every printed digit, to within one of the last, not, or not computable
        from the tables that spinecast holds.
    contradicts_itself : bool
        Whether its interval does not hold its own estimate.
    comparisons : tuple of Comparison
        Number by number; ``off`` in units of the last printed digit.
    recomputed : str
        The value computed again, in words.
    recipes : tuple of str
        Recipes by which every printed digit follows.
    results : frozenset of str
        Identifiers of the results it summarises.
    """

    summary: PrintedSummary
    verdict: Verdict
    contradicts_itself: bool
    comparisons: tuple[Comparison, ...]
    recomputed: str
    recipes: tuple[str, ...]
    results: frozenset[str]

    @property
    def statement(self) -> str:
        """One sentence or two: what is printed, what its table gives, and whether the two agree."""
        said = f"Printed {self.summary.printed}"
        if self.contradicts_itself:
            said += ", an interval that does not hold its own estimate"
        if self.verdict == "not_recomputed":
            return f"{said}. {self.recomputed[0].upper()}{self.recomputed[1:]}."
        said += f". Its table gives {self.recomputed}"
        wrong = [PARTS.get(each.part, each.part) for each in self.comparisons if each.off]
        if self.verdict == "follows":
            return f"{said}: every printed digit follows."
        if self.verdict == "last_digit":
            ways = f" Every printed digit follows with {'; or with '.join(self.recipes)}." if self.recipes else ""
            return f"{said}: the last digit of the {' and the '.join(wrong)} differs.{ways}"
        return f"{said}: the printed value does not follow from it."


def read_summaries(path: Path | None = None) -> tuple[PrintedSummary, ...]:
    """Read the printed summaries that come with spinecast.

    Raises
    ------
    DocumentError
        If the table cannot be read.
    """
    place = path or delivered_folder("evidence", "printed_summaries.csv")
    _, rows = read_rows(place)
    for line, cells in rows:
        for name in NUMBERS:
            try:
                float(cells.get(name) or "0")
            except ValueError as error:
                raise DocumentError(f"{name} cannot be {cells[name]!r}", where=f"{place.name}:{line}") from error
    return tuple(PrintedSummary(cells["id"], cells) for _, cells in rows)


def check_summaries(
    results: Sequence[PublishedResult] | None = None, summaries: Sequence[PrintedSummary] | None = None
) -> tuple[SummaryCheck, ...]:
    """Compute printed summaries again.

    Parameters
    ----------
    results : sequence of PublishedResult, optional
        The table they summarise; the delivered one by default.
    summaries : sequence of PrintedSummary, optional
        All delivered ones by default.
    """
    table = read_results(delivered_tables()["published_auc"]) if results is None else results
    return tuple(_check(summary, table) for summary in (read_summaries() if summaries is None else summaries))


def _check(summary: PrintedSummary, table: Sequence[PublishedResult]) -> SummaryCheck:
    if summary.quantity in ("pooled_auc", "weighted_mean_auc") and summary.cells["method"]:
        return _check_pooled(summary, table)
    if summary.quantity == "studies_with_interval":
        chosen = _chosen(summary, table)
        studies = {result.reference for result in chosen if result.lower is not None}
        return _counted(summary, chosen, len(studies), f"{len(studies)} studies with an interval")
    if summary.quantity == "rows_with_auc_above":
        return _check_above(summary, table)
    return SummaryCheck(
        summary,
        "not_recomputed",
        summary.excludes_itself,
        (),
        summary.cells["why"] or "not computed again: its table does not come with spinecast",
        (),
        frozenset(),
    )


def _chosen(summary: PrintedSummary, table: Sequence[PublishedResult]) -> tuple[PublishedResult, ...]:
    cells = summary.cells
    outcome = ALL if cells["outcome"] == ALL else f"{cells['outcome']}_{cells['horizon']}"
    return select(table, Selection(outcome, cells["stage"], cells["model"] or None)).results


def _check_pooled(summary: PrintedSummary, table: Sequence[PublishedResult]) -> SummaryCheck:
    cells = summary.cells
    outcome = ALL if cells["outcome"] == ALL else f"{cells['outcome']}_{cells['horizon']}"
    selected = select(table, Selection(outcome, cells["stage"], cells["model"] or None))
    names = ("scale", "method", "interval", "missing_standard_error")
    pooled = pool(selected, Recipe(**{name: cells[name] for name in names}))  # type: ignore[arg-type]
    comparisons = _compare(summary, _numbers(pooled))
    worst = max(each.off for each in comparisons)
    verdict: Verdict = "follows" if worst == 0 else "last_digit" if worst == 1 else "does_not_follow"
    recipes = _fitting(summary, pooled) if verdict == "last_digit" else ()
    return SummaryCheck(
        summary,
        verdict,
        summary.excludes_itself,
        comparisons,
        _words(pooled),
        recipes,
        frozenset(study.result.id for study in pooled.studies),
    )


def _numbers(pooled: Pooled) -> dict[str, float]:
    value, prediction = pooled.measured(), pooled.predicted()
    found = {"estimate": value.estimate, "lower": value.lower, "upper": value.upper}
    if isinstance(prediction, Range):
        found |= {"prediction_lower": prediction.lower, "prediction_upper": prediction.upper}
    return found


def _compare(summary: PrintedSummary, recomputed: Mapping[str, float]) -> tuple[Comparison, ...]:
    found = []
    for name in NUMBERS:
        printed = summary.number(name)
        if printed is not None:
            units = 10 ** summary.decimals(name)
            off = abs(round(recomputed[name] * units) - round(printed * units))
            found.append(Comparison(name, summary.cells[name], recomputed[name], off))
    return tuple(found)


def _fitting(summary: PrintedSummary, pooled: Pooled) -> tuple[str, ...]:
    """Return the recipes that give every printed digit."""
    fitting = []
    for variant in variants(pooled):
        for prediction, note in (
            (variant.prediction, ""),
            (variant.prediction_model_based, " and the model-based standard error for the prediction interval"),
        ):
            if isinstance(prediction, Absent):
                continue
            numbers = {
                "estimate": variant.pooled.estimate,
                "lower": variant.pooled.lower,
                "upper": variant.pooled.upper,
                "prediction_lower": prediction.lower,
                "prediction_upper": prediction.upper,
            }
            if not any(each.off for each in _compare(summary, numbers)):
                fitting.append(variant.label + note)
                break
    return tuple(fitting)


def _words(pooled: Pooled) -> str:
    value, prediction = pooled.measured(), pooled.predicted()
    with_interval = sum(study.basis == "" for study in pooled.studies)
    said = f"{value.estimate:.3f} ({value.lower:.3f} to {value.upper:.3f})"
    if isinstance(prediction, Range):
        said += f", prediction interval {prediction.lower:.3f} to {prediction.upper:.3f}"
    said += f", from {len(pooled.studies)} entries"
    return said if with_interval == len(pooled.studies) else f"{said}, {with_interval} of them with an interval"


def _counted(summary: PrintedSummary, chosen: Sequence[PublishedResult], counted: int, words: str) -> SummaryCheck:
    off = abs(counted - int(summary.cells["estimate"]))
    return SummaryCheck(
        summary,
        "follows" if off == 0 else "does_not_follow",
        False,
        (Comparison("estimate", summary.cells["estimate"], counted, off),),
        words,
        (),
        frozenset(result.id for result in chosen),
    )


def _check_above(summary: PrintedSummary, table: Sequence[PublishedResult]) -> SummaryCheck:
    chosen = _chosen(summary, table)
    limit = summary.number("estimate") or 0.0
    above = sum(result.auc is not None and result.auc > limit for result in chosen)
    return SummaryCheck(
        summary,
        "follows" if above == len(chosen) else "does_not_follow",
        False,
        (),
        f"{above} of {len(chosen)} results above {summary.cells['estimate']}",
        (),
        frozenset(result.id for result in chosen),
    )
