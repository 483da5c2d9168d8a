"""The page of a meta-analysis: what published results amount to, what each does, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from spinecast import __version__
from spinecast.evidence.answers import sources
from spinecast.evidence.cautions import cautions
from spinecast.evidence.pooling import Pooled
from spinecast.evidence.printed import SummaryCheck
from spinecast.evidence.recipes import recipe_text
from spinecast.evidence.results import outcome_label
from spinecast.evidence.text import remarkable
from spinecast.notices import RESEARCH_USE
from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import (
    Banner,
    Block,
    Bullets,
    Callout,
    CalloutKind,
    Document,
    KeyFigure,
    KeyFigures,
    Paragraph,
    Row,
    Section,
    Table,
)
from spinecast.reporting.evidence_parts import PooledView, other_recipes, single_studies, small_studies, studies
from spinecast.reporting.html import render_html
from spinecast.statistics import Absent, Range

__all__ = ["build_evidence_page", "evidence_page"]

MEANINGS = {
    "auc": "A pooled AUC says how well patients are told apart, not whether the predicted risks are right.",
    "observed_expected_ratio": "A pooled ratio says whether predicted risks are right on average, not for whom.",
}
VERDICTS = {
    "follows": "follows",
    "last_digit": "last digit differs",
    "does_not_follow": "does not follow",
    "not_recomputed": "not computed again",
}


def evidence_page(pooled: Pooled, table: str, checks: Sequence[SummaryCheck] = ()) -> str:
    """Render a pooling as one self-contained HTML page; equal poolings give equal pages."""
    return render_html(build_evidence_page(pooled, table, checks))


def build_evidence_page(pooled: Pooled, table: str, checks: Sequence[SummaryCheck] = ()) -> Document:
    """Lay out the page of a pooling.

    Parameters
    ----------
    pooled : Pooled
        What was pooled.
    table : str
        Name of the table it comes from.
    checks : sequence of SummaryCheck
        Printed summaries of the same table, computed again.

    Returns
    -------
    Document
        Every figure with its table.
    """
    view = PooledView(pooled)
    sections = [
        Section("summary", "Summary", tuple(_summary(view, checks))),
        Section("studies", "Studies and their pool", tuple(studies(view))),
        Section("single-studies", "What single studies do", tuple(single_studies(view))),
        Section("small-studies", "Small studies and large ones", tuple(small_studies(view))),
        Section("recipes", "The same results pooled in other ways", (other_recipes(view),)),
    ]
    if checks:
        sections.append(Section("printed", "What the review prints, computed again", tuple(_printed(checks))))
    sections.append(Section("method", "Method and sources", tuple(_method(view, table))))
    selected = pooled.selected
    return Document(
        title=f"{view.name}{' of ' if view.subject else ''}{view.subject} for {outcome_label(selected.outcome)}",
        subtitle="Meta-analysis of published results",
        banner=Banner(RESEARCH_USE, f"Published values are pooled as printed. {MEANINGS[pooled.recipe.quantity]}"),
        sections=tuple(sections),
        meta=(
            ("Outcome", fmt.sentence(outcome_label(selected.outcome))),
            ("Stage", selected.stage),
            ("Results", fmt.integer(len(pooled.studies))),
            ("Table", fmt.plain(table)),
            ("Recipe", recipe_text(pooled.recipe)),
            ("spinecast", __version__),
        ),
    )


def _summary(view: PooledView, checks: Sequence[SummaryCheck]) -> Iterator[Block]:
    pooled, fit = view.pooled, view.pooled.fit
    value, prediction = pooled.measured(), pooled.predicted()
    lead = (
        f"Pooled over {fmt.plural(fit.studies, 'result')}, the {view.name} is {fmt.number(value.estimate)} "
        f"(95% interval {fmt.interval(value.lower, value.upper)})"
    )
    if isinstance(prediction, Range):
        lead += (
            f". In a new group of patients like these it may be anywhere from {fmt.number(prediction.lower)} to "
            f"{fmt.number(prediction.upper)}"
        )
    yield Paragraph(f"{lead}.", lead=True)
    yield KeyFigures(tuple(_tiles(view)))
    places = sources(pooled)
    if places:
        yield Callout("note", "Where the values come from", f"Read in {'; '.join(map(fmt.plain, places))}; as printed.")
    for one in cautions(pooled):
        yield Callout("serious" if one.serious else "warning", fmt.plain(one.title), fmt.plain(one.text))
    for check in remarkable(pooled, checks):
        wrong = check.contradicts_itself or check.verdict == "does_not_follow"
        title = f"{fmt.sentence(check.summary.label)} ({check.summary.source})"
        tone: CalloutKind = "serious" if wrong else "good" if check.verdict == "follows" else "note"
        yield Callout(tone, fmt.plain(title), fmt.plain(check.statement))


def _tiles(view: PooledView) -> Iterator[KeyFigure]:
    pooled, fit = view.pooled, view.pooled.fit
    value, prediction = pooled.measured(), pooled.predicted()
    yield KeyFigure(
        f"Pooled {view.name}",
        fmt.number(value.estimate),
        fmt.interval(value.lower, value.upper),
        f"95% interval; {recipe_text(pooled.recipe)}",
    )
    if isinstance(prediction, Range):
        ends = f"{fmt.number(prediction.lower, 2)}–{fmt.number(prediction.upper, 2)}"
        exact = fmt.interval(prediction.lower, prediction.upper)
        yield KeyFigure("Prediction interval", ends, exact, f"95%, of a new study; t with {fit.studies - 2} degrees")
    else:
        yield KeyFigure("Prediction interval", fmt.ABSENT, "", fmt.sentence(prediction.reason))
    scale = "raw" if pooled.recipe.scale == "raw" else f"{pooled.recipe.scale} scale"
    spread = f"τ² {fmt.number(fit.tau2, 4)} ({_ends(fit.tau2_interval)}), {scale}"
    if fit.method == "fixed":
        spread = "τ² taken as zero"
    yield KeyFigure(
        "I²",
        fmt.percentage(fit.i2, 0),
        _ends(fit.i2_interval, percent=True),
        f"share of the variance between studies; {spread}; "
        f"Q {fmt.number(fit.q, 1)} on {fit.q_degrees} degrees, p {fmt.p_value(fit.q_p)}",
    )


def _ends(found: Range | Absent, *, percent: bool = False) -> str:
    if isinstance(found, Absent):
        return "interval not available"
    if percent:
        return f"{fmt.percentage(found.lower, 0)} to {fmt.percentage(found.upper, 0)}"
    return f"{fmt.number(found.lower, 4)} to {fmt.number(found.upper, 4)}"


def _printed(checks: Sequence[SummaryCheck]) -> Iterator[Block]:
    wrong = sum(check.contradicts_itself or check.verdict == "does_not_follow" for check in checks)
    yield Paragraph(
        f"Of {fmt.plural(len(checks), 'printed value')}, {fmt.integer(wrong)} do not follow from their own table or "
        "contradict themselves. Printed values stand as printed."
    )
    rows = tuple(
        Row(
            (
                fmt.sentence(check.summary.label),
                fmt.plain(check.summary.source),
                fmt.plain(check.summary.printed),
                fmt.sentence(check.recomputed),
                "contradicts itself" if check.contradicts_itself else VERDICTS[check.verdict],
            ),
            strong=check.contradicts_itself or check.verdict == "does_not_follow",
        )
        for check in checks
    )
    header = ("What", "Where", "Printed", "Its table gives, or what is known", "Verdict")
    yield Table("Printed values and what their tables give", header, rows)
    ways = [check for check in checks if check.recipes]
    if ways:
        yield Bullets(
            tuple(
                f"{fmt.sentence(check.summary.label)}: every digit follows with {'; or with '.join(check.recipes)}."
                for check in ways
            )
        )


def _method(view: PooledView, table: str) -> Iterator[Block]:
    pooled = view.pooled
    recipe = pooled.recipe
    scale = {
        "logit": "AUCs are pooled as log-odds and turned back.",
        "raw": "AUCs are pooled as they are.",
        "log": "Ratios are pooled as logarithms and turned back.",
    }[recipe.scale]
    items = [f"Recipe: {recipe_text(recipe)}. {scale}"]
    if recipe.scale == "logit":
        items.append(
            "Standard errors: width between the log-odds of the printed limits, over 2 × 1.96 (Debray and others 2017, "
            "BMJ 356:i6460)."
            if recipe.standard_error == "limits"
            else "Standard errors: width of the printed interval over 2 × 1.96 × AUC (1 − AUC), the delta method."
        )
    if recipe.interval != "wald":
        items.append("Interval: Hartung and Knapp 2001, Stat Med 20:3875, t with k − 1 degrees of freedom.")
    if recipe.method != "fixed":
        items.append(
            "Prediction interval: pooled value ± t √(τ² + SE²), k − 2 degrees of freedom (Higgins, Thompson and "
            "Spiegelhalter 2009, J R Stat Soc A 172:137). Interval of τ²: Q-profile (Viechtbauer 2007, Stat Med 26:37)."
        )
    items.append("Survival by a horizon counts as mortality by it: an AUC is the same for an event and its complement.")
    yield Bullets(tuple(items))
    rows = tuple(
        Row(
            (
                label,
                fmt.plain(study.result.model) or "–",
                fmt.plain(study.result.population) or "–",
                fmt.plain(", ".join(part for part in (study.result.source, study.result.table) if part)) or "–",
                fmt.plain(study.result.citation) or "–",
            )
        )
        for label, study in zip(view.labels, pooled.studies, strict=True)
    )
    header = ("Study", "Model", "Patients", "Read in", "Paper")
    yield Table(f"Where each row of {fmt.plain(table)} comes from", header, rows)
