"""What stands at the end: checks, reproducibility and the glossary."""

from __future__ import annotations

from typing import Any

from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Block, Callout, CalloutKind, Facts, Heading, Paragraph, Section, Table
from spinecast.reporting.measures import FOR_COMPARISON, MEASURES
from spinecast.reporting.record import RunRecord
from spinecast.reporting.sections.common import in_words, is_external, row, unavailable

__all__ = ["checks_section", "glossary_section", "reproducibility_section"]

TONES: dict[str, CalloutKind] = {
    "error": "serious",
    "issue": "serious",
    "serious": "serious",
    "warning": "warning",
    "tip": "note",
    "info": "note",
    "note": "note",
    "passed": "good",
}
TERMS = (
    ("Apparent performance", "Performance on the patients the model was made from; too good by construction."),
    (
        "Basis",
        "How the predictions that are judged came about: apparent, out-of-fold, or on other patients (external).",
    ),
    ("Candidate", "One kind of model the study tried, tuned like the others."),
    ("Comparator", "A model that already exists, judged on the same patients; never a predictor."),
    ("Composite patient", "Typical values put together to show how a risk adds up; not a person."),
    ("Fingerprint", "A hash of the cohort's content: two cohorts share it only if every value is the same."),
    (
        "Internal-external validation",
        "Each group of patients, such as a hospital, judged by a model of the others (Steyerberg and Harrell 2016).",
    ),
    ("Log-odds", "Logarithm of risk / (1 − risk): the scale on which contributions add up; 0 is a risk of 50%."),
    (
        "Nested resampling",
        "Folds within folds: the inner ones tune, the outer ones judge, so that no patient helps to choose the model "
        "that predicts for them.",
    ),
    (
        "Net benefit",
        "Events found less false alarms, weighted by how bad a false alarm is at the threshold (Vickers 2006).",
    ),
    (
        "Optimism",
        "How much better a model looks in the patients it was made from than in others like them, found by making it "
        "again from resamples (Harrell 1996); corrected performance is the apparent one less the optimism.",
    ),
    ("Out-of-fold", "Predicted by a model that did not see the patient in training."),
    (
        "95% interval",
        "From the data studied here; it does not cover patients of another hospital or another time.",
    ),
    ("SHAP value", "A variable's contribution to one patient's log-odds, against the average patient (Lundberg 2017)."),
    ("SMD", "Standardised mean difference: difference between groups in units of the pooled standard deviation."),
)


def checks_section(record: RunRecord) -> Section:
    """List what the checks found and what to do about it."""
    checks = record.run.get("checks")
    reason = fmt.absence(checks, empty=False)
    if checks is None or reason is not None:
        return Section("checks", "Checks", (unavailable("Checks", reason or ""),))
    considered = _considered(record)
    if not checks:
        text = "No check of the data, the design or the results found anything to report."
        return Section("checks", "Checks", (Callout("good", "Nothing found", text), *considered))
    order = {"serious": 0, "warning": 1, "note": 2, "good": 3}
    shown = sorted(checks, key=lambda check: (order[_tone(check)], str(check["code"])))
    blocks: list[Block] = [
        Callout(
            _tone(check),
            f"{fmt.plain(check['code'])} {fmt.plain(check['title'])} "
            f"({fmt.plain(check.get('severity') or 'severity not stated')})",
            _check_text(record, check),
        )
        for check in shown
    ]
    return Section("checks", "Checks", (*blocks, *considered))


def _considered(record: RunRecord) -> tuple[Block, ...]:
    """List every check with what became of it: one that could not be made is not one that found nothing."""
    made = fmt.listed(record.run.get("checks_made"))
    if not made:
        return ()
    rows = tuple(
        row(
            fmt.plain(one["code"]),
            fmt.plain(one["title"]),
            fmt.plain(one["status"]),
            "see above" if one["status"] == "found" else fmt.sentence(in_words(record, one["reason"], ())),
        )
        for one in made
    )
    note = "“Not applicable” is no reassurance: what it looks for may be there. spinecast checks show CODE explains."
    return (
        Heading("Every check that was considered"),
        Table("What became of each check", ("Code", "Looks for", "Outcome", "Why"), rows, notes=(note,)),
    )


def _check_text(record: RunRecord, check: dict[str, Any]) -> str:
    finding = check.get("finding") or fmt.absent("no finding recorded")
    remedy = check.get("remedy") or fmt.absent("no remedy recorded")
    variables = fmt.listed(check.get("variables"))
    parts = (finding, f"To do: {remedy}")
    said = [fmt.ended(fmt.sentence(in_words(record, part, variables))) for part in parts]
    meaning = check.get("meaning")
    if not meaning:
        return " ".join(said)
    # The report of a training gathers what it means for a reader in a section of its own.
    said.append(fmt.ended(fmt.plain(meaning)) if is_external(record) else "What it means is said under Limitations.")
    return " ".join(said)


def _tone(check: dict[str, Any]) -> CalloutKind:
    # A severity this report does not know is shown as a warning: better too loud than lost.
    return TONES.get(str(check.get("severity")), "warning")


def reproducibility_section(record: RunRecord) -> Section:
    """Record what is needed to run the study again and get the same numbers."""
    run = record.run
    environment, model, timings = run.get("environment") or {}, run.get("model") or {}, run.get("timings") or {}
    blocks: list[Block] = [
        Paragraph(
            "The same study file, cohort, seed and package versions give the same predictions, on one worker or many."
        ),
        Facts(
            (
                ("Run key", fmt.plain(run["run_key"])),
                ("Started", fmt.moment(run.get("started"))),
                ("Finished", fmt.moment(run.get("finished"))),
                ("Git commit", _commit(environment)),
                ("Cohort fingerprint", fmt.plain(record.cohort.get("fingerprint") or fmt.absent("not recorded"))),
                ("Study hash", fmt.plain(run.get("study_hash") or fmt.absent("not recorded"))),
                ("Model identity", fmt.plain(model.get("identity") or fmt.absent("not recorded"))),
                ("Platform", fmt.plain(environment.get("platform") or fmt.absent("not recorded"))),
                ("Workers", fmt.count(run["workers"]) if "workers" in run else fmt.absent("not recorded")),
                *_timings(timings),
            )
        ),
        Heading("Versions and seeds"),
        _pairs(
            "Versions",
            ("Package", "Version"),
            {"python": environment.get("python"), **(environment.get("packages") or {})},
        ),
        _pairs("Seeds", ("Seed", "Value"), run.get("seeds") or {}),
        Heading("Splits"),
        _splits(record),
    ]
    return Section("reproducibility", "Reproducibility", tuple(blocks))


def _commit(environment: dict[str, Any]) -> str:
    missing = "not run from a git repository" if "git_commit" in environment else "not recorded"
    return fmt.plain(environment.get("git_commit") or fmt.absent(missing))


TIMINGS = {
    "fit_seconds": "Time inside fits, all workers",
    "training_wall_seconds": "Training, by the clock",
    "fit_share_of_training_wall": "Fits at a time, on average",
    "fit_share_of_worker_time": "Share of the workers' time in fits",
    "missing_inputs_seconds": "Measuring missing inputs",
    "evaluation_seconds": "Evaluation",
    "internal_validation_seconds": "Judging what was fitted again",
    "explanation_seconds": "Explanation",
    "stability_seconds": "Explanation by models of resamples",
    "total_wall_seconds": "Whole run, by the clock",
    "peak_memory_mb": "Peak memory",
}


def _timings(timings: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    needed = (
        "fit_seconds",
        "training_wall_seconds",
        "fit_share_of_worker_time",
        "total_wall_seconds",
        "peak_memory_mb",
    )
    shown = [name for name in TIMINGS if name in timings or name in needed]
    shown += [name for name in timings if name not in TIMINGS]
    return tuple((TIMINGS.get(name, name), _timing(name, timings.get(name))) for name in shown)


def _timing(name: str, value: float | None) -> str:
    if value is None:
        return fmt.absent("not recorded")
    if name.endswith("_seconds"):
        return fmt.duration(value)
    if name.endswith("_mb"):
        return fmt.with_unit(fmt.integer(value), "MB")
    if name == "fit_share_of_training_wall":  # time inside fits over time by the clock
        return fmt.number(value, 2)
    return fmt.percentage(value)


def _pairs(caption: str, header: tuple[str, str], values: dict[str, Any]) -> Block:
    if not any(value is not None for value in values.values()):
        return unavailable(caption, "not recorded in this run")
    rows = tuple(
        row(name, value if value is not None else fmt.absent("not recorded")) for name, value in values.items()
    )
    return Table(caption, header, rows)


def _splits(record: RunRecord) -> Block:
    splits = record.run.get("splits")
    reason = fmt.absence(splits)
    if reason is not None or splits is None:
        return unavailable("Splits", reason or "not recorded")
    rows = tuple(
        row(
            fmt.plain(split["split"]).capitalize(),
            fmt.integer(split["n_train"]),
            fmt.integer(split["n_test"]),
            str(split.get("train_hash") or "–")[:16],
            str(split.get("test_hash") or "–")[:16] if split["n_test"] else "–",
        )
        for split in splits
    )
    return Table(
        "Patients of each split, as hashes of their row identifiers (first 16 characters)",
        ("Split", "Training", "Test", "Training hash", "Test hash"),
        rows,
        numeric=(1, 2),
    )


def glossary_section() -> Section:
    """Explain every word and measure the report uses."""
    measures = [
        (measure.label, f"{measure.meaning}{_ideal(measure.ideal)} {measure.source}.") for measure in MEASURES.values()
    ]
    entries = sorted([*TERMS, *measures], key=lambda entry: entry[0].lower())
    return Section("glossary", "Glossary", (Facts(tuple(entries)),))


def _ideal(ideal: str) -> str:
    return "" if ideal == FOR_COMPARISON else f" Ideal: {ideal}."
