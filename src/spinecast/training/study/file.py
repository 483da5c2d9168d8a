"""Study files: read, checked against the dictionary and the algorithms, described for a person and for an editor."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from spinecast.documents import did_you_mean, problems_error, read_document
from spinecast.notices import RESEARCH_USE, SYNTHETIC
from spinecast.training.study import STUDY, Study, resolved_yaml, study_hash
from spinecast.training.study.dictionary_rules import dictionary_problems
from spinecast.training.study.ordinal import OrdinalOutcome
from spinecast.training.study.quantity import QuantityOutcome
from spinecast.training.study.search import catalogue_problems
from spinecast.training.study.sources import SyntheticSource, TableSource
from spinecast.training.study.times import TimedOutcomeSpec

__all__ = ["check_study", "load_study", "missing_table", "resolved_yaml", "study_schema", "summary"]


def load_study(path: Path | str, overrides: Sequence[str] = ()) -> Study:
    """Read a study file, apply overrides, and check it against the dictionary and the catalogue of algorithms.

    Parameters
    ----------
    path : pathlib.Path or str
        The YAML file. Paths to tables inside it are relative to its folder.
    overrides : sequence of str
        Changes as ``--set`` takes them: ``tuning.trials=3``, ``candidates.0.name=first``; values are YAML.

    Raises
    ------
    StudyError
        If the file cannot be read or is not YAML, or the study is wrong: one error that lists every problem with its
        file and line (or its ``--set``), the dotted key, what was expected and the nearest right word.
    """
    content, origin = read_document(path, Study, STUDY, overrides)
    study = content.with_origin(origin)
    check_study(study)
    return study


def check_study(study: Study) -> None:
    """Check a study against the dictionary and the catalogue of algorithms, wherever it was made.

    Raises
    ------
    StudyError
        One error that lists every problem: what the dictionary does not have or does not allow in that place (what is
        known only after the prediction is never a predictor), and what an algorithm cannot take.
    """
    if problems := [*dictionary_problems(study), *catalogue_problems(study)]:
        raise problems_error(problems, study.origin)


def study_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of study files, with a description of every key."""
    schema = Study.model_json_schema()
    for block in schema["$defs"].values():
        if kind := block.get("properties", {}).get("kind"):
            kind["description"] = block["description"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:spinecast:study",
        **schema,
        "title": "spinecast study",
    }


def missing_table(study: Study) -> str | None:
    """Say that the table of a study is not where the study says, or return None where it is or none is needed."""
    source = study.cohort.source
    if not isinstance(source, TableSource) or (path := study.resolve_path(source.path)).is_file():
        return None
    beside = (other.name for other in path.parent.glob("*")) if path.parent.is_dir() else ()
    hint = did_you_mean(path.name, beside)
    what = "is no file" if path.exists() else "is not there"
    return f"the table {path} {what}: the study cannot run without it" + (f"; {hint}" if hint else "")


def summary(study: Study) -> str:
    """Describe a study in a few lines for a person who checks it."""
    trials = [candidate.trials or study.tuning.trials for candidate in study.candidates]
    folds = study.resampling
    candidates = [
        f"{candidate.name} ({count} trials, missing values: {candidate.imputation.kind})"
        for candidate, count in zip(study.candidates, trials, strict=True)
    ]
    final = "the winner" if study.final.kind == "winner" else f"mean {_averaged(study)} of {', '.join(study.final.of)}"
    lines = [
        ("study", f"{study.study}: {study.title}"),
        ("patients", _patients(study)),
        ("outcome", _outcome(study)),
        ("predictors", f"{len(study.predictors)}: {', '.join(study.predictors)}"),
        ("candidates", "\n".join(candidates)),
        ("final", final),
        ("comparators", ", ".join(entry.name for entry in study.comparators) or "none"),
        (
            "resampling",
            f"{folds.outer_folds} outer x {folds.inner_folds} inner folds"
            f"{f', {folds.group} kept together' if folds.group else ''}; seed {study.seed}",
        ),
        ("validation", _internal_validation(study)),
        ("work", f"{_fits(study, trials):,} fits"),
        ("hash", study_hash(study)),
    ]
    text = "\n".join(f"{name + ':':<13}{value.replace(chr(10), chr(10) + ' ' * 13)}" for name, value in lines)
    return f"{text}\n{RESEARCH_USE}"


def _averaged(study: Study) -> str:
    """Say what an ensemble is the mean of."""
    if isinstance(study.outcome, QuantityOutcome):
        return f"quantiles ({study.outcome.scale.replace('_', ' ')})"
    if isinstance(study.outcome, OrdinalOutcome):
        return "cumulative log-odds"
    return "log-odds" if study.timed_outcome is None else "log cumulative hazard"


def _internal_validation(study: Study) -> str:
    asked = study.internal_validation
    said = []
    if asked.bootstrap is not None:
        said.append(f"{asked.bootstrap.resamples} bootstrap resamples (tuning {asked.bootstrap.tuning})")
    if (repeated := asked.repeated_cross_validation) is not None:
        said.append(f"{repeated.repeats} repeats of the outer folds (tuning {repeated.tuning})")
    if (sites := asked.internal_external) is not None:
        said.append(f"one {sites.by} left out after the other (tuning {sites.tuning})")
    if (curve := asked.learning_curve) is not None:
        shares = ", ".join(f"{share:g}" for share in curve.shares)
        said.append(f"learning curve at {shares} of the patients, {curve.repeats} x (tuning {curve.tuning})")
    return "outer folds" + "".join(f"\n{one}" for one in said)


def _fits(study: Study, trials: Sequence[int]) -> int:
    """Count the fits that are known beforehand: how many sites there are is not."""
    asked, folds = study.internal_validation, study.resampling
    used = [
        count
        for candidate, count in zip(study.candidates, trials, strict=True)
        if study.final.kind == "winner" or candidate.name in study.final.of
    ]
    further = [
        (asked.bootstrap, asked.bootstrap.resamples if asked.bootstrap else 0),
        (asked.repeated_cross_validation, folds.outer_folds * getattr(asked.repeated_cross_validation, "repeats", 0)),
        (
            asked.learning_curve,
            folds.outer_folds * asked.learning_curve.repeats * len(asked.learning_curve.shares)
            if asked.learning_curve
            else 0,
        ),
    ]
    units = (folds.outer_folds + 1) * sum(trials)
    for part, splits in further:
        if part is not None:
            units += splits * (sum(used) if part.tuning == "repeated" else len(used))
    return units * folds.inner_folds


def _patients(study: Study) -> str:
    source = study.cohort.source
    values = f"; impossible values: {study.cohort.impossible_values.replace('_', ' ')}"
    if isinstance(source, TableSource):
        return f"{study.resolve_path(source.path)} ({source.kind}){values}" + (
            f"\n{SYNTHETIC}" if source.synthetic else ""
        )
    if isinstance(source, SyntheticSource):
        site = f", site {source.site}" if source.site else ""
        return f"{source.patients} of the recipe {source.recipe}{site}, seed {source.seed}{values}\n{SYNTHETIC}"
    return f"SUPPORT, {source.subset}{values}"


def _outcome(study: Study) -> str:
    outcome = study.outcome
    label = f"{outcome.label}: " if outcome.label else ""
    if outcome.kind == "horizon":
        return f"{label}{outcome.event} by day {outcome.horizon_days} of {outcome.time}; censored: {outcome.censored}"
    if outcome.kind == "landmark":
        return (
            f"{label}{outcome.event} within {outcome.horizon_days} days after day {outcome.landmark_days} of "
            f"{outcome.time}; censored: {outcome.censored}"
        )
    if outcome.kind == "competing_horizon":
        return (
            f"{label}{outcome.status} is {' or '.join(outcome.event_levels)} by day {outcome.horizon_days} of "
            f"{outcome.time}; {' or '.join(outcome.competing_levels)} before it: {outcome.handling}; "
            f"censored: {outcome.censored}"
        )
    if isinstance(outcome, TimedOutcomeSpec):
        what = outcome.event if outcome.kind == "time_to_event" else " or ".join(outcome.causes)
        days = ", ".join(str(day) for day in outcome.horizons_days)
        return f"{label}time to {what} in {outcome.time}; read at day {days}"
    if isinstance(outcome, QuantityOutcome):
        levels, passed = (", ".join(f"{one:g}" for one in ones) for ones in (outcome.quantiles, outcome.thresholds))
        unit = f" {outcome.unit}" if outcome.unit else ""
        return f"{label}{outcome.variable}, quantiles {levels}; chance of {passed}{unit}; scale: {outcome.scale}"
    if isinstance(outcome, OrdinalOutcome):
        death = f"; death before the assessment: {outcome.death.replace('_', ' ')}" if outcome.death else ""
        left_out = f"; left out: {', '.join(outcome.excluded_levels)}" if outcome.excluded_levels else ""
        together = "".join(f"; as one: {', '.join(group)}" for group in outcome.combined_levels)
        return f"{label}the level of {outcome.variable}{death}{left_out}{together}"
    if outcome.kind == "threshold":
        side = f"{outcome.comparison.replace('_', ' ')} {outcome.threshold:g} {outcome.unit or ''}".rstrip()
        return f"{label}{outcome.variable} is {side}"
    excluded = f"; left out: {', '.join(outcome.excluded_levels)}" if outcome.excluded_levels else ""
    return f"{label}{outcome.variable} is {' or '.join(outcome.event_levels)}{excluded}"
