"""The page of a propensity matching: who was matched, how alike the groups became. No patient is on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from spinecast import __version__
from spinecast.clinical.dictionary import variable
from spinecast.cohorts.matching import BalanceRow, MatchedCohort, Means
from spinecast.cohorts.standardised_differences import NOTICEABLE, effective_size
from spinecast.notices import RESEARCH_USE
from spinecast.reporting import formatting as fmt
from spinecast.reporting.cohort_description import attrition_table, cohort_facts
from spinecast.reporting.document import (
    Banner,
    Block,
    Bullets,
    Callout,
    Document,
    Facts,
    Figure,
    Heading,
    KeyFigure,
    KeyFigures,
    Paragraph,
    Row,
    Section,
    Table,
)
from spinecast.reporting.figures.groups import DifferenceRow, difference_plot
from spinecast.reporting.figures.propensity import Overlap, overlap_plot
from spinecast.reporting.html import render_html
from spinecast.reporting.marks import SYNTHETIC_MARK

__all__ = ["build_matching", "render_matching"]

BANNER = Banner(
    RESEARCH_USE,
    "Matching makes groups alike in what was measured. What was not measured may still differ between them.",
)

_BINS = 24


def render_matching(matched: MatchedCohort) -> str:
    """Render a matching as one self-contained HTML page; equal matchings give equal pages."""
    return render_html(build_matching(matched))


def build_matching(matched: MatchedCohort) -> Document:
    """Lay out the page of a matching.

    Parameters
    ----------
    matched : MatchedCohort

    Returns
    -------
    Document
        It holds counts, means and differences; no identifier and no row of a patient.
    """
    cohort, plan = matched.cohort, matched.plan
    return Document(
        title=f"{fmt.plain(cohort.name)}: matched by propensity",
        subtitle=f"Treated: {fmt.plain(plan.treated_label)}",
        banner=BANNER,
        sections=(_summary(matched), _balance(matched), _overlap(matched), _method(matched)),
        meta=(
            ("Cohort", f"{fmt.plain(cohort.name)} ({'synthetic' if cohort.kind == 'synthetic' else 'real patients'})"),
            ("Patients", fmt.integer(len(cohort))),
            ("Treatment", fmt.plain(plan.treated_label)),
            ("Controls a treated patient", f"{'' if plan.ratio == 1 else 'up to '}{plan.ratio}"),
            ("Caliper", f"{plan.caliper:g} standard deviations"),
            ("spinecast", __version__),
        ),
        mark=SYNTHETIC_MARK if cohort.kind == "synthetic" else None,
    )


def _summary(matched: MatchedCohort) -> Section:
    treated, controls = int(matched.treated.sum()), int((~matched.treated).sum())
    weights = matched.control_weights
    before, after = (_largest(matched, which) for which in ("before", "after"))
    tiles = KeyFigures(
        (
            KeyFigure(
                "Treated patients matched",
                fmt.integer(matched.matched_treated),
                f"of {fmt.integer(treated)}",
                f"{fmt.integer(matched.dropped_treated) if matched.dropped_treated else 'None'} left out for want of a "
                "control.",
            ),
            KeyFigure(
                "Controls used",
                fmt.integer(len(weights)),
                f"of {fmt.integer(controls)}",
                f"They tell as much as {fmt.number(effective_size(weights), 1)} controls of equal weight.",
            ),
            KeyFigure(
                "Largest difference after",
                after[0],
                after[1],
                f"Absolute standardised difference of a covariate; before matching {before[0]} ({before[1]}).",
            ),
        )
    )
    said = matched.warnings()
    blocks: list[Block] = [tiles]
    blocks += [Callout("warning", "Before using the matched patients", text) for text in said]
    if not said:
        text = f"Every treated patient is matched, and no covariate differs by more than {NOTICEABLE}."
        blocks.append(Callout("good", "Balance reached", text))
    sizes = tuple(Row((fmt.plural(size, "control"), fmt.integer(count))) for size, count in matched.set_sizes.items())
    flow = (
        ("Patients whose treatment is known", len(matched.treated)),
        ("Treated", treated),
        ("Treated and matched", matched.matched_treated),
        ("Treated without a control", matched.dropped_treated),
        ("Controls", controls),
        ("Controls used", len(weights)),
    )
    rows = tuple(Row((name, fmt.integer(count))) for name, count in flow)
    blocks.append(Table("Who was matched", ("Patients", "Number"), rows, numeric=(1,)))
    blocks.append(Table("Matched sets by size", ("Set of one treated patient and", "Sets"), sizes, numeric=(1,)))
    return Section("summary", "Summary", tuple(blocks))


def _largest(matched: MatchedCohort, which: str) -> tuple[str, str]:
    """Return the largest difference of a covariate and its name."""
    found = [(getattr(row, which), row.label) for row in matched.balance if row.kind != "propensity"]
    if any(value is None for value, _ in found):
        return "not estimable", next(fmt.plain(label) for value, label in found if value is None)
    value, label = max(found, key=lambda pair: abs(pair[0]))
    return fmt.number(abs(value)), fmt.plain(label)


def _balance(matched: MatchedCohort) -> Section:
    rows = sorted(matched.balance, key=lambda row: -abs(row.before or 0.0))
    large = [
        sum(_exceeds(value) for value in values) for values in zip(*((r.before, r.after) for r in rows), strict=True)
    ]
    limit = fmt.number(NOTICEABLE, 1)
    figure = Figure(
        key="balance",
        title="Differences between treated and controls before and after matching",
        svg=difference_plot(
            [DifferenceRow(row.label, (_absolute(row.before), _absolute(row.after))) for row in rows],
            ("Before matching", "After matching"),
            "balance",
            noticeable=NOTICEABLE,
        ),
        caption=(
            "Both by the spread before matching, so that only the means can bring a dot to the left (Stuart 2010, Stat "
            f"Sci 25:1). Differences beyond {limit} are usually called noticeable (Austin 2009, Stat Med 28:3083)."
        ),
        alternative=(
            f"Dot plot of {len(rows)} covariates: {large[0]} differ by more than {limit} before matching, "
            f"{large[1]} after."
        ),
        table=_difference_table(rows),
    )
    said = Paragraph(
        f"{fmt.plural(large[0], 'covariate')} of {len(rows)} differed by more than {limit} before matching, and "
        f"{large[1]} {'does' if large[1] == 1 else 'do'} after."
    )
    return Section("balance", "Balance", (said, figure, _means_table(matched.balance)))


def _exceeds(value: float | None) -> bool:
    return value is None or abs(value) > NOTICEABLE


def _absolute(value: float | None) -> float | None:
    return None if value is None else abs(value)


def _difference_table(rows: Sequence[BalanceRow]) -> Table:
    return Table(
        "Standardised differences, largest before matching first",
        ("Covariate", "Before", "After"),
        tuple(Row((fmt.plain(row.label), _signed(row.before), _signed(row.after))) for row in rows),
        notes=("Treated less controls; without a sign for three or more levels.",),
        numeric=(1, 2),
    )


def _signed(value: float | None) -> str:
    return "not estimable" if value is None else fmt.number(value)


def _means_table(balance: Sequence[BalanceRow]) -> Table:
    rows: list[Row] = []
    for row in balance:
        name = fmt.named(row.label, row.unit)
        if not row.means:
            rows.append(Row((name, *["not shown"] * 4)))
        elif len(row.means) == 1:
            level = row.means[0].level
            rows.append(
                Row((f"{name}: {fmt.plain(level)}" if _tells(row, level) else name, *_cells(row, row.means[0])))
            )
        else:
            rows.append(Row((name, "", "", "", "")))
            rows += [Row((fmt.plain(means.level), *_cells(row, means)), level=1) for means in row.means]
    return Table(
        "Means and shares on both sides",
        ("Covariate", "Treated, before", "Controls, before", "Treated, after", "Controls, after"),
        tuple(rows),
        notes=(
            "Mean of a number, share of a level, among known values; after matching, controls with their weights.",
            *(("Not shown: levels that few patients have.",) if any(not row.means for row in balance) else ()),
        ),
        numeric=(1, 2, 3, 4),
    )


def _tells(row: BalanceRow, level: str) -> bool:
    return row.kind == "levels" and level != "Yes"


def _cells(row: BalanceRow, means: Means) -> tuple[str, ...]:
    values = (means.treated_before, means.controls_before, means.treated_after, means.controls_after)
    if row.kind in ("number", "propensity"):
        return tuple("none known" if value is None else fmt.number(value, row.decimals) for value in values)
    return tuple("none known" if value is None else fmt.percentage(value) for value in values)


def _overlap(matched: MatchedCohort) -> Section:
    probability = matched.propensity.probability
    members = matched.members
    low, high = float(np.floor(probability.min() * 20) / 20), float(np.ceil(probability.max() * 20) / 20)
    edges = np.linspace(low, high, _BINS + 1)
    panels = (
        Overlap(
            "Before matching",
            _shares(probability[matched.treated], edges),
            _shares(probability[~matched.treated], edges),
        ),
        Overlap(
            "After matching",
            _shares(probability[members.rows[members.treated]], edges),
            _shares(probability[members.rows[~members.treated]], edges, members.weights[~members.treated]),
        ),
    )
    rows = tuple(
        Row((f"{fmt.percentage(edges[place])} to {fmt.percentage(edges[place + 1])}", *_bin(panels, place)))
        for place in range(_BINS)
    )
    header = ("Propensity", "Treated, before", "Controls, before", "Treated, after", "Controls, after")
    figure = Figure(
        key="overlap",
        title="Propensity of treated and controls",
        svg=overlap_plot(edges.tolist(), panels, "overlap"),
        caption=(
            "Shares of each side. Where one side stands alone before matching nothing can be compared; those patients "
            "are left out after it. Controls after matching count with their weights."
        ),
        alternative="Mirrored histograms of the propensity of treated and controls, before and after matching.",
        table=Table("Shares of each side by propensity", header, rows, numeric=(1, 2, 3, 4)),
    )
    return Section("overlap", "Overlap", (figure,))


def _shares(
    values: NDArray[np.float64], edges: NDArray[np.float64], weights: NDArray[np.float64] | None = None
) -> tuple[float, ...]:
    counts, _ = np.histogram(values, edges, weights=weights)
    return tuple(float(count) for count in counts / counts.sum())


def _bin(panels: Sequence[Overlap], place: int) -> Iterator[str]:
    for panel in panels:
        yield fmt.percentage(panel.treated[place])
        yield fmt.percentage(panel.controls[place])


def _method(matched: MatchedCohort) -> Section:
    plan, propensity = matched.plan, matched.propensity
    indicated = [variable(name).label for name in propensity.indicated]
    said = fmt.joined([fmt.plain(label) for label in indicated]) or "none: no covariate lacks enough values"
    exact = fmt.joined([fmt.plain(variable(name).label) for name in plan.exact]) or "nothing"
    reuse = (
        "may serve several treated patients, and then stands in as many rows of the table"
        if plan.replace
        else "serves one treated patient at most"
    )
    order = "in the order of the table" if plan.seed is None else f"in a random order (seed {plan.seed})"
    facts = Facts(
        (
            (
                "Propensity",
                "logistic regression of the treatment on the covariates (Rosenbaum and Rubin 1983, Biometrika 70:41)",
            ),
            ("Covariates", fmt.joined([fmt.plain(variable(name).label) for name in plan.covariates])),
            ("Missing values", "median or commonest level in their place"),
            ("Missing is a covariate of its own in", said),
            ("Matched on", "the log-odds of the propensity"),
            (
                "Caliper",
                f"{plan.caliper:g} pooled standard deviations of it (one is {fmt.significant(matched.deviation)}): "
                f"{fmt.significant(matched.width)} (Austin 2011, Pharm Stat 10:150)",
            ),
            ("Must agree in", exact),
            ("A control", reuse),
            (
                "Order",
                "nearest control first, the treated with the highest propensity choosing first, every one a first "
                f"control before any a second; equals {order}",
            ),
            ("Weights", "1 for a treated patient, 1 / controls of the set for each control"),
        )
    )
    reading = Bullets(
        (
            "The matched patients answer what the treatment did in treated patients like those who were matched.",
            "Analyse them with the weights and with the sets as clusters; with one control each the weights are all 1.",
            "Matching does not make up for what was not measured, nor for covariates measured after the treatment.",
        )
    )
    notes = Bullets(tuple(fmt.ended(fmt.sentence(note)) for note in matched.cohort.provenance.notes))
    source = (cohort_facts(matched.cohort), *((notes,) if notes.items else ()), attrition_table(matched.cohort))
    return Section("method", "How it was done", (facts, reading, Heading("Where the patients come from"), *source))
