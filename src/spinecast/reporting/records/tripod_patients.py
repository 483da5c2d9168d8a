"""What a record says to the items of TRIPOD+AI on title, introduction, patients, outcome and predictors: 1 to 11."""

from __future__ import annotations

from spinecast.reporting import formatting as fmt
from spinecast.reporting.record import RunRecord
from spinecast.reporting.records.components import (
    IMPUTATIONS,
    censoring_words,
    imputations,
    outcome_words,
    riley_words,
)
from spinecast.reporting.records.recorded import Recorded, Said
from spinecast.reporting.sections.common import comparators

__all__ = [
    "data_preparation",
    "data_source",
    "eligibility",
    "existing_models",
    "missing_data",
    "objectives",
    "outcome",
    "predictor_choice",
    "predictors",
    "sample_size",
    "title",
]

MOST_NAMED = 5


def title(record: Recorded) -> Said | None:
    """Item 1."""
    if record.design == "development":
        text = f"“{record.title}”: development and internal validation of a prediction model."
        return Said(text, ("study.yaml",))
    return Said(f"“{record.title}”: external validation of a prediction model.", ("about.json#/title",))


def existing_models(record: Recorded) -> Said | None:
    """Item 3a: the models it was compared with."""
    run = record.record
    compared = comparators(run if isinstance(run, RunRecord) else run.as_run_record())
    if not compared:
        return None
    named = fmt.joined([one["label"] for one in compared])
    return Said(f"Existing models judged beside it: {named}.", ("evaluation.json#/comparators",), whole=False)


def objectives(record: Recorded) -> Said | None:
    """Item 4."""
    if record.design == "development":
        text = (
            "To develop a prediction model and to validate it internally, on patients of the same data; no external "
            "validation is part of this record."
        )
        return Said(text, ("evaluation.json#/basis",))
    if record.basis != "external":
        return None
    text = f"To evaluate “{record.model_name}” on patients it was not made from, without changing it."
    return Said(text, ("evaluation.json#/basis", "about.json#/title"))


def data_source(record: Recorded) -> Said | None:
    """Item 5a: where the patients come from."""
    provenance = record.get("cohort.json", "provenance")
    if not provenance:
        return None
    parts = [f"Source: {fmt.ended(provenance.get('source') or fmt.absent('not recorded'))}"]
    parts += [fmt.ended(fmt.sentence(provenance["description"]))] if provenance.get("description") else []
    parts += ["The patients are synthetic: nobody in them exists."] if record.record.is_synthetic else []
    if record.design == "development":
        parts.append("Development and evaluation used the same source.")
    return Said(" ".join(parts), ("cohort.json#/provenance",))


def eligibility(record: Recorded) -> Said | None:
    """Item 6b: what the record's steps of exclusion say."""
    steps = record.listed("cohort.json", "attrition")
    if not steps:
        return None
    whole, *others = steps
    source = record.cohort_name if whole["step"] == "source" else fmt.sentence(whole["step"])
    said = [f"{source}: {fmt.plural(whole['remaining'], 'patient')}"]
    said += [
        f"{fmt.sentence(step['step'])}: {fmt.integer(step['excluded'])} left out ({fmt.plain(step['reason'])}), "
        f"{fmt.integer(step['remaining'])} remain"
        for step in others
        if step["excluded"]
    ]
    left = "" if len(said) > 1 else ", none left out"
    return Said(f"{'; '.join(said)}{left}.", ("cohort.json#/attrition",), whole=False)


def data_preparation(record: Recorded) -> Said | None:
    """Item 7: the contract every value passed, and what it refused."""
    if record.get("cohort.json") is None:
        return None
    rejected = record.listed("cohort.json", "rejections")
    refused = sum(entry["count"] for entry in rejected)
    text = (
        "Every value was converted to one unit and coding by the dictionary of variables and checked against its "
        f"possible range; {fmt.plural(refused, 'value')} broke a rule."
    )
    rule = (record.study.get("cohort") or {}).get("impossible_values")
    handled = {
        "set_missing": "treated as missing",
        "exclude_patient": "excluded with their patient",
        "refuse": "refused with the table",
    }
    if refused and rule in handled:
        text += f" Such values were {handled[str(rule)]}."
    notes = fmt.listed(record.get("cohort.json", "provenance", "notes"))
    evidence = ["cohort.json#/rejections"] if "rejections" in record.files["cohort.json"] else []
    if notes:
        text += f" {' '.join(fmt.ended(fmt.plain(note)) for note in notes)}"
        evidence.append("cohort.json#/provenance/notes")
    return Said(text, tuple(evidence)) if evidence else None


def outcome(record: Recorded) -> Said | None:
    """Item 8a: the definition."""
    words = outcome_words(record)
    if words is None:
        return None
    censored = censoring_words(record)
    return Said(f"{words}.{f' {censored}.' if censored else ''}", (record.outcome_at,))


def predictor_choice(record: Recorded) -> Said | None:
    """Item 9a."""
    if not record.predictors:
        return None
    text = (
        f"{fmt.plural(len(record.predictors), 'predictor')} were named in the study file before anything was fitted. "
        "None is dropped for its association with the outcome before the resampling; what a penalty or a tree leaves "
        "out, it leaves out inside."
    )
    declared = record.study.get("predictor_choice")
    if declared:
        return Said(
            f"{text} Declared: {fmt.plain(declared).replace('_', ' ')}.",
            ("study.yaml#/predictors", "study.yaml#/predictor_choice"),
        )
    return Said(text, ("study.yaml#/predictors",))


def predictors(record: Recorded) -> Said | None:
    """Item 9b: the predictors with their units."""
    named = {row["variable"]: row for row in record.listed("cohort.json", "table_one")}
    if not record.predictors:
        return None
    shown = [
        fmt.named(named[name]["label"], named[name].get("unit")) if name in named else fmt.plain(name)
        for name in record.predictors
    ]
    text = f"{'; '.join(shown)}. Each is defined, with unit, range and codes, in the dictionary of variables"
    if record.listed("cohort.json", "features"):
        where = (record.predictors_at, "cohort.json#/features")
        return Said(f"{text}; image features by their software, with their acquisition in the record.", where)
    return Said(f"{text}.", (record.predictors_at,))


def sample_size(record: Recorded) -> Said | None:
    """Item 10: the size, and the events for each parameter."""
    rarer = min(record.events, record.n - record.events)
    text = (
        f"{fmt.plural(record.n, 'patient')}, {fmt.plural(record.events, 'event')}{record.counted}; the size was given "
        "by the data."
    )
    evidence = ["evaluation.json#/n", "evaluation.json#/events"]
    if record.design == "development" and record.parameters:
        ratio = fmt.number(rarer / record.parameters, 1)
        text += (
            f" That is {ratio} patients of the smaller outcome group for each of {record.parameters} candidate "
            "predictor parameters."
        )
        evidence.append("cohort.json#/table_one")
    required = riley_words(record)
    if required is not None:
        text += f" {required.text}"
        evidence += required.evidence
    return Said(text, tuple(evidence))


def missing_data(record: Recorded) -> Said | None:
    """Item 11."""
    rows, ways = record.missing, imputations(record)
    if not rows and not ways:
        return None
    evidence, parts = [], []
    if rows:
        evidence.append("cohort.json#/missingness")
        absent = [row for row in rows if row["missing"]]
        most = [f"{fmt.plain(row['label'])} {fmt.percentage(row['proportion'], 0)}" for row in absent[:MOST_NAMED]]
        parts.append(
            f"{len(absent)} of {len(rows)} predictors have missing values"
            + (f", most of all {fmt.joined(most)}." if most else ".")
        )
    if ways:
        evidence.append("study.yaml#/candidates")
        parts += [
            f"{fmt.joined(names)}: met {IMPUTATIONS[kind].words if kind in IMPUTATIONS else f'as {kind}'}."
            for kind, names in ways.items()
        ]
        parts.append("What fills in was learned inside each split. No patient was left out for a missing predictor.")
    elif record.design == "evaluation" and record.get("about.json", "source"):
        evidence.append("about.json#/source")
        parts.append("What was judged met missing inputs as in use; nothing was filled in from these patients.")
    return Said(" ".join(parts), tuple(evidence), whole=bool(rows))
