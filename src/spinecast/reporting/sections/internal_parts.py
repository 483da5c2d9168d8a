"""Parts of internal validation in the report: how risks scatter, one group left out after the other, fewer patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from spinecast.reporting import figures
from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Block, Figure, Heading, Paragraph, Table
from spinecast.reporting.figures.style import numbers
from spinecast.reporting.measure_words import OF_ONE_EVENT, MeasureWords
from spinecast.reporting.measures import MEASURES, measure_text
from spinecast.reporting.sections.common import footnoted, row, sized

__all__ = ["CORRECTED", "instability_blocks", "learning_curve_blocks", "site_blocks"]

CORRECTED = ("auc", "brier", "scaled_brier", "calibration_in_the_large", "calibration_slope")
BY_SITE = ("auc", "calibration_in_the_large", "calibration_slope", "observed_expected_ratio")
LEARNT = ("auc", "scaled_brier")
FEW_SITES = 5


def instability_blocks(part: Mapping[str, Any]) -> list[Block]:
    """Show how far the risk of a patient depends on who happened to be studied."""
    thresholds = part["thresholds"]
    models = fmt.plural(part["models"], "model")
    text = (
        f"{fmt.sentence(models)} of resamples gave risks for the same {fmt.integer(part['n'])} patients. By such a "
        f"model a patient's risk differs from the final model's by {_points(part['mean_absolute_error'])} on average "
        f"(mean absolute prediction error), and by {_points(part['absolute_error_90th'])} or less in nine of ten "
        "patients. Risks that scatter are uncertain for a person even where the average over people is right."
    )
    groups = Table(
        "Groups of patients of like risk",
        (
            "Patients",
            "Mean risk",
            "95% of the models",
            "Half of the models",
            "Mean absolute error",
            *(f"Other side of {fmt.percentage(one['threshold'], 0)}" for one in thresholds),
        ),
        tuple(
            row(
                fmt.integer(group["n"]),
                fmt.percentage(group["risk"]),
                f"{fmt.percentage(group['lower'])} to {fmt.percentage(group['upper'])}",
                f"{fmt.percentage(group['lower_quartile'])} to {fmt.percentage(group['upper_quartile'])}",
                fmt.percentage(group["absolute_error"]),
                *(fmt.percentage(share) for share in group["changed"]),
            )
            for group in part["groups"]
        ),
        notes=("Ranges are means over the patients of a group of each one's range over models.",),
        numeric=tuple(range(5 + len(thresholds))),
    )
    worst = max(thresholds, key=lambda one: float(one["changed"]))
    blocks: list[Block] = [
        Heading("Stability of the predictions"),
        Paragraph(text),
        Figure(
            key="instability",
            title="How risks scatter over models of resamples",
            svg=figures.instability_plot(part, "instability"),
            caption=(
                f"Left: risks of the same patients by {models} of resamples against the final model's risk, in groups "
                "of like risk. Right: share of these models that put a patient on the other side of a threshold than "
                "the final model (Riley and Collins 2023)."
            ),
            alternative=(
                f"Instability plot: mean absolute prediction error {fmt.percentage(part['mean_absolute_error'])}; at "
                f"the threshold of {fmt.percentage(worst['threshold'], 0)} {fmt.percentage(worst['changed'])} of "
                "decisions differ."
            ),
            table=groups,
        ),
    ]
    if fmt.listed(part["calibration"]):
        blocks.append(_calibration_instability(part))
    return blocks


def _calibration_instability(part: Mapping[str, Any]) -> Figure:
    grid = (0.1, 0.3, 0.5, 0.7, 0.9)
    found = {at: _observed_at(part["calibration"], at) for at in grid}
    return Figure(
        key="calibration-instability",
        title="Calibration of the models of resamples",
        svg=figures.calibration_instability_plot(part, "calibration-instability"),
        caption=(
            f"One line for each of {fmt.plural(len(part['calibration']), 'model')}, in the original patients, of whom "
            "each had seen a part: how far the lines lie apart tells something, how near they are to the diagonal less."
        ),
        alternative="Calibration curves of the models of resamples, one over the other.",
        table=Table(
            "Observed proportion by the curves, at five predicted risks",
            ("Predicted risk", "Lowest curve", "Highest curve", "Curves that reach it"),
            tuple(
                row(
                    fmt.percentage(at, 0),
                    fmt.percentage(min(values)) if values else "–",
                    fmt.percentage(max(values)) if values else "–",
                    fmt.integer(len(values)),
                )
                for at, values in found.items()
            ),
            numeric=(0, 1, 2, 3),
        ),
    )


def _observed_at(curves: Sequence[Mapping[str, Any]], at: float) -> list[float]:
    values = []
    for curve in curves:
        predicted = numbers(curve["predicted"])
        if predicted[0] <= at <= predicted[-1]:
            values.append(float(np.interp(at, predicted, numbers(curve["observed"]))))
    return values


def site_blocks(part: Mapping[str, Any]) -> list[Block]:
    """Show each group of patients by the model of the others, and what a further one may show."""
    what = fmt.plain(part["label"])
    sites = part["sites"]
    shown = [site for site in sites if site["n"] is not None]
    rows = [
        row(
            site["label"],
            "–" if site["n"] is None else fmt.integer(site["n"]),
            "–" if site["events"] is None else fmt.integer(site["events"]),
            *(measure_text(site["measures"], name) for name in BY_SITE),
        )
        for site in sites
    ]
    pooled = part["pooled"]
    rows.append(row("Pooled", "", "", *(measure_text(pooled, name) for name in BY_SITE), strong=True))
    rows.append(row("Prediction interval", "", "", *(_prediction(pooled[name], name) for name in BY_SITE)))
    table = footnoted(
        Table(
            f"Each group ({what}) by the model of the others, 95% intervals",
            (what, "n", "Events", *(MEASURES[name].short for name in BY_SITE)),
            tuple(rows),
            notes=(
                "Pooled by random effects (REML, Hartung-Knapp). The prediction interval is where a further group like "
                "these is expected.",
            ),
            numeric=tuple(range(1, 3 + len(BY_SITE))),
        )
    )
    blocks: list[Block] = [
        Heading(f"Internal-external validation: {what}"),
        Paragraph(
            f"{fmt.plural(len(shown), 'group')} of patients, told apart by {what}, were each judged by a model of all "
            "the others. That is nearer to use elsewhere than folds that mix them"
            + (
                f"; with fewer than {FEW_SITES} groups the prediction interval rests on little."
                if len(shown) < FEW_SITES
                else "."
            )
        ),
    ]
    if fmt.absence(pooled["auc"]) is not None:
        return [*blocks, table]
    blocks.append(
        Figure(
            key="sites",
            title=f"AUC in each group: {what}",
            svg=_forest(part, "sites"),
            caption=(
                f"Squares: each group by the model of the others, sized by its weight. Diamond: pooled. Bar: where a "
                f"further group is expected. Internal-external, {sized(pooled['auc']['n'], pooled['auc']['events'])}."
            ),
            alternative=(
                f"Forest plot of {fmt.plural(len(shown), 'group')}: pooled AUC {measure_text(pooled, 'auc')}, "
                f"prediction interval {_prediction(pooled['auc'], 'auc')}."
            ),
            table=table,
        )
    )
    return blocks


def _forest(part: Mapping[str, Any], key: str) -> str:
    pooled = part["pooled"]["auc"]
    weights = dict(zip(pooled["sites"], pooled["weights"], strict=True))
    rows = []
    for site in part["sites"]:
        auc = site["measures"]["auc"]
        if site["label"] in weights:
            rows.append(
                figures.ForestRow(
                    fmt.plain(site["label"]), auc["estimate"], auc["lower"], auc["upper"], weights[site["label"]]
                )
            )
    whole = figures.ForestRow("Pooled", pooled["estimate"], pooled["lower"], pooled["upper"])
    ends = pooled["prediction"]
    interval = None if fmt.absence(ends) is not None else (ends["lower"], ends["upper"])
    return figures.forest_plot(rows, whole, interval, figures.Axis("AUC"), key)


def _prediction(pooled: Mapping[str, Any], name: str) -> str:
    reason = fmt.absence(pooled) or fmt.absence(pooled.get("prediction"))
    if reason is not None:
        return fmt.absent(reason)
    ends = pooled["prediction"]
    return fmt.interval(ends["lower"], ends["upper"], MEASURES[name].decimals)


def learning_curve_blocks(
    part: Mapping[str, Any],
    words: MeasureWords = OF_ONE_EVENT,
    names: Sequence[str] = CORRECTED,
    drawn: Sequence[str] = LEARNT,
) -> list[Block]:
    """Show performance by the number of patients trained on.

    Parameters
    ----------
    part : mapping
        The learning curve of a record.
    words : MeasureWords, optional
    names, drawn : sequence of str, optional
        Measures in the table, and in the figure; the first of these tells the curve in words.
    """
    points = part["points"]
    known = [point for point in points if fmt.absence(point["measures"]) is None]
    rows = tuple(
        row(
            fmt.percentage(point["share"], 0),
            *(fmt.integer(point[one]) if point["n_train"] else "–" for one in ("n_train", "events_train")),
            *(
                words.shown(point["measures"], name)
                if point in known
                else fmt.absent(fmt.absence(point["measures"]) or "")
                for name in names
            ),
        )
        for point in points
    )
    table = footnoted(
        Table(
            "Out-of-fold performance by the number of patients trained on, 95% intervals",
            ("Share", "Patients", "Events", *(words.short(name) for name in names)),
            rows,
            notes=(
                f"{fmt.plural(part['folds'], 'fold')}, {fmt.plural(part['repeats'], 'repeat')}; every share is judged "
                "on all patients.",
            ),
            numeric=tuple(range(3 + len(names))),
        )
    )
    blocks: list[Block] = [Heading("Learning curve")]
    if len(known) < 2:
        return [*blocks, table]
    first, last = (words.shown(known[place]["measures"], drawn[0]) for place in (0, -1))
    blocks.append(
        Figure(
            key="learning-curve",
            title="Performance by the number of patients trained on",
            svg=figures.learning_curve_plot(known, {name: words.label(name) for name in drawn}, "learning-curve"),
            caption=(
                "Out-of-fold, all patients judged at every share. A curve that still gets better at its end says that "
                "more patients would help; one that is flat, that other predictors would."
            ),
            alternative=(
                f"Learning curve: {words.short(drawn[0])} {first} with {fmt.integer(known[0]['n_train'])} patients, "
                f"{last} with {fmt.integer(known[-1]['n_train'])}."
            ),
            table=table,
        )
    )
    return blocks


def _points(share: float) -> str:
    return f"{fmt.number(100 * share, 1)} percentage points"
