"""Whether other patients, or the model, explain what is found: the two cohorts side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Block, Bullets, Callout, Figure, Heading, Paragraph, Row, Section, Table
from spinecast.reporting.external_record import ExternalRecord
from spinecast.reporting.figures.external import risk_distribution_plot
from spinecast.reporting.measures import MEASURES
from spinecast.reporting.sections.common import SMALLEST_SHOWN, footnoted, row, unavailable

__all__ = ["case_mix_reading", "case_mix_section"]

REWEIGHTED = ("auc", "scaled_brier", "calibration_in_the_large", "calibration_slope", "observed_expected_ratio")
# Groups are called balanced up to a quarter of a standard deviation (Rubin 2001).
WELL_BALANCED = 0.25
IDEAL = {"calibration_in_the_large": 0.0, "calibration_slope": 1.0, "observed_expected_ratio": 1.0}


def case_mix_section(record: ExternalRecord) -> Section:
    """Compare the patients with those of the development and say what follows for the model."""
    title = "Case mix"
    found = record.findings.get("case_mix")
    reason = fmt.absence(found)
    if reason is not None or found is None:
        return Section("case-mix", title, (unavailable("Comparison with the development cohort", reason or ""),))
    blocks: list[Block] = [
        Paragraph(
            "A model can do worse elsewhere because the patients differ (they are harder to tell apart, or iller), or "
            "because it does not hold for them. The first is no fault of the model, and other patients would give "
            "other figures; the second calls for updating it."
        ),
        Callout("note", "What is found", case_mix_reading(found) or "Nothing could be compared."),
        Heading("How alike the cohorts are"),
        _risks(found),
        _alike(found),
        Heading("What the patients allow, and what is found"),
        _ranking(found),
        _reweighted(record, found),
        Heading("Who they are"),
        _characteristics(record, found),
    ]
    if found["set_aside"]:
        blocks.append(Paragraph("Left out of the membership model:"))
        blocks.append(Bullets(tuple(fmt.plain(text) for text in found["set_aside"])))
    return Section("case-mix", title, tuple(blocks))


def case_mix_reading(found: Mapping[str, Any] | None) -> str | None:
    """Say in words what the comparison of the two cohorts means for the model."""
    if found is None or fmt.absence(found) is not None:
        return None
    said = [_ranking_words(found), *_calibration_words(found)]
    return " ".join(text for text in said if text) or None


def _ranking_words(found: Mapping[str, Any]) -> str:
    expected, observed, before = (found[name] for name in ("expected_auc", "observed_auc", "development_auc"))
    if fmt.absence(expected) is not None or fmt.absence(observed) is not None:
        return ""
    allowed, seen = expected["estimate"], observed["estimate"]
    text = f"If its risks were right, the model would rank these patients with an AUC of {fmt.number(allowed)}"
    if fmt.absence(before) is None:
        text += f" ({fmt.number(before['estimate'])} was found out of fold in the development cohort)"
    inside = observed["lower"] is not None and observed["lower"] <= allowed <= observed["upper"]
    if inside:
        return (
            f"{text}; {fmt.number(seen)} is found, which is no less than the patients allow, as far as these can tell."
        )
    verb = "less" if seen < allowed else "more"
    return f"{text}; {fmt.number(seen)} is found, {verb} than the risks themselves promise."


def _calibration_words(found: Mapping[str, Any]) -> list[str]:
    alike, observed = found["reweighted"], found.get("observed") or {}
    said = []
    for name, words in (
        ("calibration_in_the_large", "the level of the risks"),
        ("calibration_slope", "the spread of the risks"),
    ):
        here, there = observed.get(name), alike.get(name)
        if fmt.absence(here) is not None or fmt.absence(there) is not None or here is None or there is None:
            continue
        off, still = _misses(here, IDEAL[name]), _misses(there, IDEAL[name])
        if off is None or still is None:
            continue
        numbers = f"({MEASURES[name].label.lower()} {fmt.number(here['estimate'], 2)}, weighted "
        numbers += f"{fmt.number(there['estimate'], 2)})"
        more = "more " if (found.get("remaining_difference") or 0.0) > WELL_BALANCED else ""
        if off and still:
            said.append(
                f"Made {more}alike by weighting, {words} is off all the same {numbers}: case mix does not explain it."
            )
        elif off:
            said.append(f"Made {more}alike by weighting, {words} is no longer off {numbers}: case mix can explain it.")
        elif still:
            said.append(f"Made {more}alike by weighting, {words} is off {numbers}, which the case mix here hides.")
    return said


def _misses(measure: Mapping[str, Any], ideal: float) -> bool | None:
    if measure.get("lower") is None:
        return None
    return not measure["lower"] <= ideal <= measure["upper"]


def _risks(found: Mapping[str, Any]) -> Block:
    distribution = found["risk_distribution"]
    rows = []
    for which, label in (("development", "Development"), ("validation", "Validation")):
        level = found["linear_predictor"][which]
        reason = fmt.absence(level)
        if reason is not None:
            rows.append(row(label, fmt.absent(reason), "–", "–"))
            continue
        mean, spread = (fmt.number(level[name], 2) for name in ("mean", "standard_deviation"))
        rows.append(row(label, mean, spread, fmt.plain(level["basis"])))
    binned = any(level.get("binned", "mean" in level) for level in found["linear_predictor"].values())
    how = "From risks in 40 bins, the form in which those of the development are kept. " if binned else ""
    table = Table(
        "Predicted log-odds in both cohorts",
        ("Cohort", "Mean", "Standard deviation", "Basis"),
        tuple(rows),
        notes=(f"{how}A smaller standard deviation makes ranking harder.",),
        numeric=(1, 2),
    )
    return Figure(
        key="risk-distribution",
        title="Predicted risks in both cohorts",
        svg=risk_distribution_plot(distribution, "risk-distribution"),
        caption="Shares of each cohort in 40 bins of predicted risk.",
        alternative="Outlines of the distributions of predicted risk in the two cohorts.",
        table=footnoted(table),
    )


def _alike(found: Mapping[str, Any]) -> Table:
    rows = (
        row("From the predictors", fmt.estimate(found["membership_auc"])),
        row("From the predictors and the outcome", fmt.estimate(found["membership_auc_with_outcome"])),
    )
    table = Table(
        "How well it can be told which cohort a patient is of: AUC of the membership model (95% interval)",
        ("Told", "AUC"),
        rows,
        notes=(
            "0.5: nobody could tell the cohorts apart; 1: they have nothing in common (Debray 2015, J Clin Epidemiol "
            "68:279). Each patient is judged by a regression fitted without them.",
        ),
        numeric=(1,),
    )
    return footnoted(table)


def _ranking(found: Mapping[str, Any]) -> Table:
    rows = (
        row("Found in the development cohort, out of fold", fmt.estimate(found["development_auc"])),
        row("To be expected here, were every risk right", fmt.estimate(found["expected_auc"])),
        row("Found here", fmt.estimate(found["observed_auc"]), strong=True),
    )
    table = Table(
        "AUC: what case mix takes, and what the model's own errors take (95% intervals)",
        ("AUC", "Value"),
        rows,
        notes=(
            "The second is computed from the predicted risks alone (model-based concordance, van Klaveren 2016, Stat "
            "Med 35:4136). From the first to the second the patients change; from the second to the third, whether the "
            "risks are right.",
        ),
        numeric=(1,),
    )
    return footnoted(table)


def _reweighted(record: ExternalRecord, found: Mapping[str, Any]) -> Table:
    here, alike = record.evaluation["measures"], found["reweighted"]
    rows = tuple(
        row(
            MEASURES[name].label,
            fmt.estimate(here.get(name), MEASURES[name].decimals),
            fmt.estimate(alike.get(name), MEASURES[name].decimals),
            MEASURES[name].ideal,
        )
        for name in REWEIGHTED
    )
    size = found.get("effective_n")
    left = found.get("remaining_difference")
    effective = (
        f" Weighted, they tell as much as {fmt.integer(size)} patients of equal weight." if size is not None else ""
    )
    effective += (
        f" The largest standardised difference of a predictor that is left: {fmt.number(left, 2)}." if left else ""
    )
    table = Table(
        "Performance in these patients, and in them weighted to the predictors of the development cohort",
        ("Measure", "As they are", "Weighted", "Ideal"),
        rows,
        notes=(
            "Weights: odds of being one of the development cohort by the membership model, the highest hundredth drawn "
            f"to the 99th percentile; 95% intervals hold them fixed.{effective}",
            "What is right only when weighted is a matter of case mix. What stays wrong is one of the model, or of "
            "what was not measured.",
        ),
        numeric=(1, 2),
    )
    return footnoted(table)


def _characteristics(record: ExternalRecord, found: Mapping[str, Any]) -> Table:
    rows: list[Row] = []
    sizes = (record.about["development"].get("n"), record.about["cohort"]["patients"])
    for entry in found["characteristics"]:
        name = fmt.named(entry["label"], entry["unit"])
        shares = (entry["missing_development"], entry["missing_validation"])
        missing = tuple(_share(share, size) for share, size in zip(shares, sizes, strict=True))
        difference = entry["standardised_difference"]
        last = (*missing, fmt.number(difference, 2) if difference is not None else "–")
        first, *rest = entry["rows"]
        if not rest:
            level = "" if first["level"] is None else f": {fmt.plain(first['level'])}"
            rows.append(row(f"{name}{level}", *_sides(first), *last))
            continue
        rows.append(row(name, "", "", *last))
        levels = [one for one in entry["rows"] if any(not _nobody(side) for side in _sides(one))]
        rows += [row(one["level"], *_sides(one), "", "", "", level=1) for one in levels]
    return Table(
        "Predictors in both cohorts",
        ("Variable", "Development", "Validation", "Missing, development", "Missing, validation", "SMD"),
        tuple(rows),
        notes=(
            "Numbers are median with interquartile range, or count (%). Counts below 5 are not shown, so that nobody "
            "can be recognised.",
            "SMD: standardised difference, validation less development; –: not at hand.",
        ),
        numeric=(1, 2, 3, 4, 5),
    )


def _sides(level: Mapping[str, Any]) -> tuple[str, str]:
    there, here = level["development"], level["validation"]
    return (fmt.plain(there) if there is not None else "–", fmt.plain(here) if here is not None else "–")


def _nobody(cell: str) -> bool:
    return cell.startswith("0 (") or cell in ("0", "–")


def _share(proportion: float | None, size: int | None) -> str:
    """Write a share of missing values; one of fewer than five patients is not shown, as in table one."""
    if proportion is None:
        return "–"
    few = size is not None and 0 < round(proportion * size) < SMALLEST_SHOWN
    return f"<{SMALLEST_SHOWN}" if few else fmt.percentage(proportion)
