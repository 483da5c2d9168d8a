"""What ``spinecast compare`` leaves: a record, a page, and lines for a terminal."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from spinecast.cli.compare_inputs import ComparedModel, FoundRun
    from spinecast.reporting.comparison_record import ComparisonRecord
    from spinecast.reporting.record import RunRecord
    from spinecast.training.run_results import RunResults
    from spinecast.validation.comparison.compared_runs import Comparison
    from spinecast.validation.comparison.comparing_levels import LevelsComparison
    from spinecast.validation.comparison.comparing_runs import ComparisonSettings

__all__ = ["make_record", "page_of", "settings_of", "summary_text"]

COMPARISONS = Path("output") / "comparisons"
SHOWN = ("auc", "log_loss", "calibration_slope")
SHOWN_LEVELS = ("ordinal_concordance", "ranked_probability_score")


def page_of(found: Sequence[FoundRun]) -> Path:
    """Return where the page goes when nobody says: named after what is compared."""
    from spinecast.cli.validation_inputs import safe_name

    names = "_and_".join(one.name for one in found) if len(found) > 1 else f"{found[0].name}_candidates"
    return COMPARISONS / f"{safe_name(names)[:150]}.html"


def settings_of(first: RunResults, thresholds: str | None, bootstrap: int, seed: int) -> ComparisonSettings:
    """Take thresholds and range of decisions from the first run's study, unless they are given."""
    from spinecast.cli.evaluate import read_thresholds
    from spinecast.validation.comparison.comparing_runs import ComparisonSettings

    evaluation = first.record.study["evaluation"]
    low, high = evaluation["decision_range"]
    return ComparisonSettings(
        thresholds=read_thresholds(thresholds) if thresholds else tuple(evaluation["thresholds"]),
        decision_range=(low, high),
        bootstrap=bootstrap,
        seed=seed,
    )


def make_record(
    models: Sequence[ComparedModel], settings: ComparisonSettings, comparison: Comparison | LevelsComparison
) -> ComparisonRecord:
    """Put a finished comparison into a record: what it was, every number, and no patient."""
    from spinecast.notices import RESEARCH_USE, SYNTHETIC
    from spinecast.reporting.comparison_record import ComparisonRecord
    from spinecast.training.environment import describe_environment

    whole = [one for one in models if one.candidate is None]
    first = models[0].risks
    names = [one.run.name for one in whole]
    about = {
        "title": " and ".join(names) if len(names) > 1 else f"{names[0]} and its candidates",
        "notices": [RESEARCH_USE, *([SYNTHETIC] if first.cohort.kind != "real" else [])],
        "outcome": _outcome(whole),
        "cohort": asdict(first.cohort),
        "runs": [_described(one) for one in whole],
        "notes": list(_notes(models, comparison)),
        "settings": asdict(settings),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "environment": describe_environment(Path.cwd()),
    }
    # What a record adds, its models of resamples and its comparators, is of one event; of levels it stands in reports.
    recorded = [] if whole[0].levels is not None else [_recorded(one) for one in whole]
    return ComparisonRecord(about, comparison.to_dict(), recorded)


def _outcome(whole: Sequence[ComparedModel]) -> str:
    """Name the outcome as a study of one day does, else with the day it is read at."""
    one = next((each for each in whole if not each.run.results.is_timed), whole[0])
    label = str(one.run.results.record.evaluation["outcome"]["label"])
    return f"{label} by day {one.risks.day:g}" if one.run.results.is_timed else label


def _described(one: ComparedModel) -> dict[str, Any]:
    from spinecast.reporting.sections.changes import short_search

    results = one.run.results
    record = results.record
    short = short_search(record)
    return {
        "name": one.risks.name,
        "label": one.risks.label,
        "study": str(record.study["study"]),
        "made_of": str(record.evaluation["label"]),
        "cohort": one.risks.cohort.name,
        "kind": one.risks.cohort.kind,
        "fingerprint": one.risks.cohort.fingerprint,
        "folds": len(set(one.risks.fold.tolist())),
        "finished": record.run.get("finished"),
        "identity": results.identity,
        "run_key": str(record.run["run_key"]),
        "search": [short.title, short.text] if short else None,
    }


def _notes(models: Sequence[ComparedModel], comparison: Comparison | LevelsComparison) -> Iterator[str]:
    if not comparison.paired:
        return
    for one, left_out in zip(models, comparison.left_out, strict=True):
        if left_out and one.candidate is None:
            yield (
                f"{left_out:,} patients of {one.risks.label} are left out: another run does not hold them. It "
                "learned from them all the same, and its figures are not those of its own report"
            )
    if not comparison.same_cohort:
        cohorts = "; ".join(
            f"{one.risks.label}: {one.risks.cohort.name}, fingerprint {one.risks.cohort.fingerprint[:12]}"
            for one in models
            if one.candidate is None
        )
        yield f"the cohorts are not the same to the last value ({cohorts}): patients were paired by identifier"


def _recorded(one: ComparedModel) -> dict[str, Any]:
    """Return what the record of a run adds: its models of resamples, its best candidate, published comparators."""
    from spinecast.reporting.sections.summary import own_best

    record = one.run.results.record
    return {
        "name": one.risks.name,
        "label": one.risks.label,
        "instability": _instability(record),
        "own_best": None if one.run.results.is_timed else own_best(record),
        "comparators": list(_timed_comparators(one) if one.run.results.is_timed else _comparators(record)),
    }


def _instability(record: RunRecord) -> dict[str, Any]:
    found = record.internal.get("instability") or record.internal
    if "absent" in found:
        return dict(found)
    return {name: found[name] for name in ("n", "models", "tuning", "mean_absolute_error", "thresholds")}


def _comparators(record: RunRecord) -> Iterator[dict[str, Any]]:
    from spinecast.reporting.sections.common import comparators

    for one in comparators(record):
        yield {name: one[name] for name in ("name", "label", "measures")} | {
            "note": one.get("note") or "",
            "difference": one["auc_difference"],
        }


def _timed_comparators(model: ComparedModel) -> Iterator[dict[str, Any]]:
    """Yield the published comparators of a run of times, at the day it is compared at."""
    for one in model.run.results.record.evaluation.get("comparators") or ():
        for at in one["horizons"]:
            if float(at["day"]) == model.risks.day and at["n"]:
                measures = {"auc": at["measures"]["horizon_auc"], "scaled_brier": at["measures"]["ipa"]}
                yield {
                    "name": one["name"],
                    "label": one["label"],
                    "measures": measures,
                    "note": one.get("note") or "",
                    "difference": at["difference"],
                }


def summary_text(record: ComparisonRecord, page: Path) -> str:
    """Say the result in a few lines."""
    from spinecast.reporting import formatting as fmt
    from spinecast.reporting.ordinal_measures import ORDINAL_MEASURES
    from spinecast.reporting.sections.comparison_levels import levels_verdicts
    from spinecast.reporting.sections.comparison_summary import calibration_verdicts, verdicts

    runs = record.found["runs"]
    width = max(len(one["label"]) for one in runs)
    whose = "the same patients" if record.found["paired"] else "each in patients of its own"
    lines = [f"{record.about['outcome']}: {len(runs)} models out of fold, {whose}"]
    for one in runs:
        shown = ", ".join(
            f"{ORDINAL_MEASURES[name].short} {fmt.estimate(one['measures'].get(name), ORDINAL_MEASURES[name].decimals)}"
            for name in (SHOWN_LEVELS if record.of_levels else SHOWN)
        )
        events = "" if one["events"] is None else f", {one['events']:,} events"
        lines.append(f"  {one['label']:{width}}  {one['n']:,} patients{events}: {shown}")
    lines += [f"  note: {fmt.ended(note)}" for note in record.about["notes"]]
    said = levels_verdicts(record) if record.of_levels else (*verdicts(record), *calibration_verdicts(record))
    lines += [f"  {text}" for text in said]
    return "\n".join([*lines, f"  page: {page}", *record.about["notices"]])
