"""What a record says to the items of TRIPOD+AI on abstract, results and discussion."""

from __future__ import annotations

from spinecast.reporting import formatting as fmt
from spinecast.reporting.record import RunRecord
from spinecast.reporting.records.internal_words import sites
from spinecast.reporting.records.known_measures import headline_measures, in_words, known_measures
from spinecast.reporting.records.recorded import Recorded, Said
from spinecast.reporting.sections.limitations import NOT_VALIDATED_YET, limitations_section

__all__ = [
    "abstract",
    "case_mix",
    "characteristics",
    "cluster_performance",
    "flow",
    "input_policy",
    "limitations",
    "model_specification",
    "numbers_analysed",
    "performance",
]


def abstract(record: Recorded) -> Said | None:
    """Item 2: the numbers an abstract needs."""
    did = "developed and internally validated" if record.design == "development" else "externally validated"
    results = in_words(headline_measures(record))
    text = (
        f"Objective: {record.title}. Patients: {fmt.integer(record.n)} of {record.cohort_name}, "
        f"{fmt.plural(record.events, 'event')}{record.counted}. Predictors: "
        f"{fmt.integer(len(record.predictors))}. The model was {did}; predictions judged are "
        f"{record.basis}. Results: {results or fmt.absent('no measure is known')}."
    )
    return Said(text, ("evaluation.json#/n", "evaluation.json#/events", "evaluation.json#/measures"))


def flow(record: Recorded) -> Said | None:
    """Item 20a."""
    steps = record.listed("cohort.json", "attrition")
    text = (
        f"{fmt.integer(record.n)} patients analysed: {fmt.integer(record.events)} with the outcome{record.counted} and "
        f"{fmt.integer(record.n - record.events)} without."
    )
    evidence = ["evaluation.json#/n", "evaluation.json#/events"]
    if steps:
        first, last = steps[0], steps[-1]
        text = (
            f"Of {fmt.integer(first['remaining'])} in the source, {fmt.integer(last['remaining'])} entered. {text} "
            "A diagram of the flow is in the report."
        )
        evidence.append("cohort.json#/attrition")
    timed = "horizon_days" in record.outcome or "horizons_days" in record.outcome
    if timed:
        text += " A summary of the follow-up is not in the record."
    return Said(text, tuple(evidence), whole=bool(steps) and not timed)


def characteristics(record: Recorded) -> Said | None:
    """Item 20b."""
    rows = record.listed("cohort.json", "table_one")
    if not rows:
        return None
    text = (
        f"A table of {fmt.plural(len(rows), 'characteristic')}, overall and by the outcome, with missing values and "
        "standardised differences, is in the report."
    )
    return Said(text, ("cohort.json#/table_one",))


def case_mix(record: Recorded) -> Said | None:
    """Item 20c."""
    if not record.get("findings.json", "case_mix"):
        return None
    return Said(
        "Predictors and predicted risks are compared with those of the development cohort.",
        ("findings.json#/case_mix",),
    )


def numbers_analysed(record: Recorded) -> Said | None:
    """Item 21."""
    parts = [f"Evaluation: {fmt.plural(record.n, 'patient')}, {fmt.plural(record.events, 'event')}{record.counted}."]
    evidence = ["evaluation.json#/n", "evaluation.json#/events"]
    splits = record.listed("run.json", "splits")
    if splits:
        shown = [
            f"{fmt.plain(split['split'])} {fmt.integer(split['n_train'])}"
            + (f" and {fmt.integer(split['n_test'])} held out" if split["n_test"] else "")
            for split in splits
        ]
        parts.append(f"Development and tuning, patients by split: {'; '.join(shown)}.")
        evidence.append("run.json#/splits")
    folds = record.listed("evaluation.json", "by_fold")
    if folds:
        shown = [f"fold {fold['fold']} {fold['n']} ({fold['events']} events)" for fold in folds]
        parts.append(f"Held out: {'; '.join(shown)}.")
        evidence.append("evaluation.json#/by_fold")
    return Said(" ".join(parts), tuple(evidence), whole=record.design == "evaluation" or bool(splits))


def model_specification(record: Recorded) -> Said | None:
    """Item 22."""
    model = record.get("run.json", "model")
    if not model:
        return None
    text = (
        "The whole model is stored as data (arrays, JSON and UBJSON) under a manifest of SHA-256 hashes, in the folder "
        f"“{fmt.plain(model.get('folder'))}” beside this record; identity {fmt.plain(model.get('identity'))}. "
        "The command spinecast predict computes a risk with it."
    )
    return Said(text, ("run.json#/model",))


def performance(record: Recorded) -> Said | None:
    """Item 23a."""
    known = known_measures(record)
    if not known:
        return None
    text, evidence = in_words(known), [one.place for one in known]
    groups = record.listed("findings.json", "subgroups")
    said = f"{fmt.sentence(record.basis)}: {text}."
    if groups:
        evidence.append("findings.json#/subgroups")
        return Said(f"{said} Performance in subgroups is in the report.", tuple(evidence))
    return Said(f"{said} Performance in subgroups was not computed in this run.", tuple(evidence), whole=False)


def cluster_performance(record: Recorded) -> Said | None:
    """Item 23b."""
    strata = record.listed("findings.json", "strata")
    if strata:
        return Said("Performance by stratum is in the report.", ("findings.json#/strata",))
    left_out = sites(record)
    if left_out is not None:
        return left_out
    return Said("Differences in performance between clusters were not examined.", ("evaluation.json#/basis",))


def limitations(record: Recorded) -> Said | None:
    """Item 26: what follows from the record."""
    if isinstance(record.record, RunRecord):
        facts = limitations_section(record.record).blocks[1]
        titles = [term for term, _ in getattr(facts, "items", ())]
        if record.validations:  # the record was made before them
            titles = [term for term in titles if term != NOT_VALIDATED_YET]
        text = f"Worked out from the record, each with its numbers in the report: {'; '.join(titles)}."
        return Said(text, ("evaluation.json#/basis", "cohort.json"), whole=False)
    found = [
        fmt.ended(fmt.plain(check["meaning"]))
        for check in record.listed("findings.json", "checks")
        if check.get("meaning")
    ]
    return Said(" ".join(found), ("findings.json#/checks",), whole=False) if found else None


def input_policy(record: Recorded) -> Said | None:
    """Item 27a."""
    if not record.get("run.json", "model"):
        return None
    text = (
        "A missing input is allowed, named with the answer, and widens the interval; an impossible value is refused "
        "with its field, unit and possible range; a value outside the usual range is named."
    )
    return Said(text, ("run.json#/model",))
