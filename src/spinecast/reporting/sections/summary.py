"""The first page: what was predicted, for whom, and how good it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Block, Bullets, Callout, KeyFigure, KeyFigures, Paragraph, Section
from spinecast.reporting.measures import MEASURES, value_of
from spinecast.reporting.record import RunRecord
from spinecast.reporting.sections.changes import short_search
from spinecast.reporting.sections.common import (
    basis,
    candidate_labels,
    chosen_for_all_patients,
    comparators,
    outcome_label,
    positive_label,
    run_notes,
    sized,
)
from spinecast.reporting.sections.usefulness import useful_range

__all__ = ["calibration_words", "checks_callout", "headline_tiles", "own_best", "readings", "summary_section"]

HEADLINE = ("auc", "calibration_slope", "calibration_in_the_large", "scaled_brier", "ici", "observed_expected_ratio")


def summary_section(record: RunRecord) -> Section:
    """Open the report with the question, the people, the headline numbers and what they mean."""
    blocks: list[Block] = [Paragraph(_lead(record), lead=True)]
    short = short_search(record)
    if short:
        blocks.append(Callout("warning", short.title, short.text))
    blocks += [headline_tiles(record), Paragraph(_basis_text(record))]
    blocks.append(Bullets((*readings(record), *(text for text in (own_best(record), _rivals(record)) if text))))
    notes = run_notes(record)
    if notes:
        blocks.append(Callout("note", "About this run", " ".join(notes)))
    blocks.append(checks_callout(record))
    return Section("summary", "Summary", tuple(blocks))


def _lead(record: RunRecord) -> str:
    evaluation = record.evaluation
    n, events = evaluation["n"], evaluation["events"]
    made_of = fmt.joined(chosen_for_all_patients(record))
    what = f"The final model ({made_of})" if made_of else "The final model"
    people = "synthetic patients" if record.is_synthetic else "patients"
    share = f", {fmt.percentage(events / n)}" if n else ""
    return (
        f"{what} predicts: {outcome_label(record)}. It was developed and internally validated on {fmt.integer(n)} "
        f"{people}, "
        f"of whom {fmt.integer(events)} had the event ({positive_label(record)}{share})."
    )


def headline_tiles(record: RunRecord) -> KeyFigures:
    """Show the headline numbers with their intervals and what they rest on."""
    tiles = []
    for name in HEADLINE:
        measure, found = MEASURES[name], record.evaluation["measures"].get(name)
        value = value_of(record.evaluation["measures"], name)
        if value is None or found is None:
            reason = fmt.absence(found) or "not recorded"
            tiles.append(KeyFigure(measure.label, fmt.ABSENT, fmt.plain(reason), basis(record)))
            continue
        estimate, lower, upper = value
        note = f"{sized(found.get('n'), found.get('events'))}. {basis(record).capitalize()}. Ideal: {measure.ideal}."
        shown = fmt.number(estimate, measure.decimals)
        limits = fmt.interval(lower, upper, measure.decimals)
        tiles.append(KeyFigure(measure.label, shown, f"95% interval {limits}" if lower is not None else limits, note))
    return KeyFigures(tuple(tiles))


def _basis_text(record: RunRecord) -> str:
    stated = record.evaluation["basis"]
    resampling = record.study.get("resampling") or {}
    if stated != "out-of-fold" or not resampling.get("inner_folds"):
        return f"Basis of every figure: {fmt.plain(stated)}."
    folds = resampling.get("outer_folds")
    where = f"each of {folds} outer folds" if folds else "each outer fold"
    return (
        "Every figure in this report is out-of-fold, from nested resampling, unless it says otherwise: a patient's "
        "risk was "
        "computed by models that had not seen that patient, and imputation, tuning, the choice of candidate and "
        f"recalibration were all learned again inside {where}."
    )


def readings(record: RunRecord) -> tuple[str, ...]:
    """Say in words how the model ranks, whether its risks can be taken at face value and where acting on it pays."""
    return tuple(text for text in (_ranking(record), _calibration(record), _usefulness(record)) if text)


def _ranking(record: RunRecord) -> str | None:
    value = value_of(record.evaluation["measures"], "auc")
    if value is None:
        return None
    return (
        "Ranking: of one patient with the event and one without, the model gives the higher risk to the one with the "
        "event "
        f"{fmt.percentage(value[0], 0)} of the time."
    )


def _calibration(record: RunRecord) -> str | None:
    said = calibration_words(record.evaluation["measures"])
    return f"Calibration: {said}." if said else None


def calibration_words(measures: Mapping[str, Any]) -> str | None:
    """Say whether the risks are too low or high on average, and too extreme or moderate; None without intervals."""
    slope = value_of(measures, "calibration_slope")
    large = value_of(measures, "calibration_in_the_large")
    if slope is None or large is None or None in slope or None in large:
        return None
    level = _against(large, 0.0, "lower than what happened", "higher than what happened", flip=True)
    level = level or "neither too low nor too high as far as these data can tell"
    spread = _against(slope, 1.0, "too extreme", "too moderate", flip=False)
    spread = spread or "neither too extreme nor too moderate as far as these data can tell"
    return f"on average the predicted risks are {level}; their spread is {spread}"


def _against(
    value: tuple[float, float | None, float | None], target: float, below: str, above: str, *, flip: bool
) -> str | None:
    """Word an interval that leaves out its target; ``flip`` where a high estimate means predictions too low."""
    _, lower, upper = value
    if lower is not None and lower > target:
        return below if flip else above
    if upper is not None and upper < target:
        return above if flip else below
    return None


def _usefulness(record: RunRecord) -> str | None:
    found = useful_range(record.evaluation.get("decision_curve"))
    if found is None:
        return None
    return f"Decisions: {found}"


def own_best(record: RunRecord) -> str | None:
    """Set the final model beside the candidate that did best alone: what averaging or choosing gained, or did not.

    The best is the one with the lowest log-loss on the same patients, which favours it a little: it is known only
    afterwards.
    """
    candidates = [
        one
        for one in fmt.listed(record.evaluation.get("candidates"))
        if value_of(one["measures"], "log_loss") is not None
        and value_of(one.get("final_less_candidate") or {}, "log_loss") is not None
    ]
    if len(candidates) < 2:
        return None
    best = min(candidates, key=lambda one: float(one["measures"]["log_loss"]["estimate"]))
    loss, auc = best["final_less_candidate"]["log_loss"], best["final_less_candidate"].get("auc")
    ensemble = (record.study.get("final") or {}).get("kind") == "ensemble"
    what = "the ensemble" if ensemble else "the procedure, which chooses a candidate in each split,"
    label = candidate_labels(record).get(best["name"]) or fmt.plain(best["label"])
    if loss["estimate"] == 0 and loss.get("upper") == 0:
        return f"Candidates: {what} is {label} in every fold; no candidate did better alone."
    # Below 0 the final model fits better.
    upper, lower = loss.get("upper"), loss.get("lower")
    if upper is not None and upper < 0:
        said = f"{what} fits better than the best single candidate, {label}"
    elif lower is not None and lower > 0:
        said = f"{what} does not beat the best single candidate: {label} alone fits better"
    else:
        said = f"{what} is not shown to beat the best single candidate, {label}"
    shown = [f"log-loss {fmt.estimate(loss, 4)}"]
    if auc is not None and fmt.absence(auc) is None:
        shown.append(f"AUC {fmt.estimate(auc)}")
    inner = "; ".join(shown).replace(" (", ", ").replace(")", "")
    return f"Candidates: {said} (paired differences, final less candidate: {inner})."


def _rivals(record: RunRecord) -> str | None:
    """Word each paired difference in AUC by its interval: a model that loses to what exists must say so here."""
    found = []
    for one in comparators(record):
        difference, label = one.get("auc_difference"), fmt.plain(one["label"])
        if difference is None or fmt.absence(difference) is not None or difference.get("lower") is None:
            continue
        shown = f"(AUC difference {fmt.estimate(difference).replace(' (', ', ').rstrip(')')})"
        if difference["lower"] > 0:
            found.append(f"the model ranks better than {label} {shown}")
        elif difference["upper"] < 0:
            found.append(f"{label} ranks better than the model {shown}")
        else:
            found.append(f"the data do not tell the model and {label} apart {shown}")
    return f"Comparators: {'; '.join(found)}." if found else None


def checks_callout(record: RunRecord) -> Callout:
    """Say on the first page how many checks found something, and what."""
    checks = record.run.get("checks")
    reason = fmt.absence(checks, empty=False)
    if checks is None or reason is not None:
        return Callout("note", "Checks", fmt.absent(fmt.plain(reason)))
    if not checks:
        return Callout("good", "Checks", "No check of the data, the design or the results found anything to report.")
    names = [f"{fmt.plain(check['code'])} {fmt.plain(check['title'])}" for check in checks]
    verb = "needs" if len(checks) == 1 else "need"
    return Callout(
        "warning", "Checks", f"{fmt.plural(len(checks), 'finding')} {verb} your judgement: {'; '.join(names)}."
    )
