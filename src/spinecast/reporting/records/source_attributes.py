"""What records say to the source attributes of HTI-1 that they can know: output, inputs, people, validity, fairness."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from spinecast.clinical.dictionary import variables
from spinecast.reporting import formatting as fmt
from spinecast.reporting.records.components import outcome_words
from spinecast.reporting.records.known_measures import headline_measures, in_words
from spinecast.reporting.records.recorded import Recorded, Said
from spinecast.reporting.records.tripod_patients import eligibility

__all__ = [
    "external_fairness",
    "external_people",
    "external_process",
    "external_sources",
    "external_validity",
    "internal_fairness",
    "internal_validity",
    "known_findings",
    "output_type",
    "output_value",
    "personal_inputs",
    "training_criteria",
    "training_people",
]

# 45 CFR 170.315(b)(11)(iv)(A)(5)-(13), and the variables of the dictionary that are of each; none where there is none.
PERSONAL: dict[str, tuple[str, ...]] = {
    "race": ("race",),
    "ethnicity": ("race",),
    "language": (),
    "sexual orientation": (),
    "gender identity": (),
    "sex": ("sex",),
    "date of birth (as age)": ("age",),
    "social determinants of health": ("education_years", "income_band"),
    "assessments of health status": tuple(name for name, entry in variables().items() if entry.domain == "function"),
}
HARM = "SC013"
NO_TRAINING = "The record of the training is not at hand."
NOT_VALIDATED = "No validation on other patients is recorded."
OUTPUTS = {
    "time_to_event": "a risk by each day asked for, with an interval",
    "competing_risks": "a risk of each cause by each day asked for, with an interval",
    "quantity": "quantiles, and the chance of passing each threshold",
    "ordinal": "the chance of each level and of reaching it, with an interval",
}


def output_value(record: Recorded) -> Said | None:
    """Attribute 1.3."""
    words = outcome_words(record)
    if not words:
        return None
    given = OUTPUTS.get(record.predicts, "a risk between 0 and 1, with an interval")
    return Said(f"{fmt.sentence(given)}. Predicted is: {words}.", (record.outcome_at,))


def output_type(record: Recorded) -> Said | None:
    """Attribute 1.4."""
    text = "A prediction. It assigns no class and recommends nothing."
    return Said(text, (record.outcome_at if record.outcome else "evaluation.json#/label",))


def known_findings(record: Recorded) -> Said | None:
    """Attribute 3.2: what coded checks found, in training and elsewhere."""
    found = []
    for one in _all(record):
        file = "run.json" if one.design == "development" else "findings.json"
        found += [
            f"{_where(one)}: {fmt.plain(check['code'])} {fmt.plain(check['title'])}"
            for check in one.listed(file, "checks")
            if check.get("severity") != "note"
        ]
    text = f"Checks found: {'; '.join(found)}." if found else "No check found an error or gave a warning."
    return Said(text, ("evaluation.json#/basis",), whole=False)


def training_criteria(record: Recorded) -> Said | None:
    """Attribute 4.1."""
    if record.training is None:
        return Said(NO_TRAINING, ("evaluation.json#/basis",))
    said = eligibility(record.training)
    return said and Said(said.text, _evidence(record, record.training, said.evidence))


def personal_inputs(record: Recorded) -> Said | None:
    """Attribute 4.2."""
    inputs = set(record.predictors or (record.training.predictors if record.training else ()))
    if not inputs:
        return None
    said = []
    for characteristic, names in PERSONAL.items():
        used = [variables()[name].label for name in names if name in inputs]
        said.append(f"{characteristic}: {f'yes ({fmt.joined(used)})' if used else 'no'}")
    return Said(f"{fmt.sentence('; '.join(said))}.", (record.predictors_at,))


def training_people(record: Recorded) -> Said | None:
    """Attribute 4.3."""
    if record.training is None:
        return Said(NO_TRAINING, ("evaluation.json#/basis",))
    return Said(_people(record.training), _evidence(record, record.training, (record.training.cohort_file,)))


def external_sources(record: Recorded) -> Said | None:
    """Attribute 6.1."""
    said = []
    for one in record.elsewhere:
        source = one.get("cohort.json", "provenance", "description") or one.get("cohort.json", "provenance", "source")
        made_up = " SYNTHETIC." if one.record.is_synthetic else ""
        size = f"{fmt.plural(one.n, 'patient')}, {fmt.plural(one.events, 'event')}{one.counted}"
        said.append(f"{one.cohort_name}: {size}.{made_up} {fmt.ended(fmt.plain(source or ''))}".strip())
    return _elsewhere(said)


def external_people(record: Recorded) -> Said | None:
    """Attribute 6.3."""
    return _elsewhere([f"{one.cohort_name}: {_people(one)}" for one in record.elsewhere])


def external_process(record: Recorded) -> Said | None:
    """Attribute 6.4."""
    said = []
    for one in record.elsewhere:
        overlap = one.get("findings.json", "overlap") or {}
        looked = _looked_for("the development", overlap) if overlap.get("looked") else ""
        before = [
            _looked_for(f"{fmt.plain(met['name'])} ({met['role']} cohort)", met)
            for met in one.listed("findings.json", "met_before")
        ]
        draws = one.get("about.json", "settings", "bootstrap")
        resampled = f"intervals without a formula from {draws} resamples" if draws else ""
        parts = [part for part in ("the model applied as it was registered", looked, *before, resampled) if part]
        when = fmt.moment(one.get("about.json", "finished")) if one.get("about.json", "finished") else "not dated"
        said.append(f"{one.cohort_name} ({when}): {'; '.join(parts)}.")
    return _elsewhere(said)


def internal_validity(record: Recorded) -> Said | None:
    """Attribute 7.1."""
    if record.training is None:
        return Said(NO_TRAINING, ("evaluation.json#/basis",))
    return Said(fmt.sentence(_validity(record.training)), ("evaluation.json#/basis",))


def internal_fairness(record: Recorded) -> Said | None:
    """Attribute 7.2."""
    if record.training is None:
        return Said(NO_TRAINING, ("evaluation.json#/basis",))
    return Said(_fairness(record.training), ("evaluation.json#/basis",))


def external_validity(record: Recorded) -> Said | None:
    """Attribute 7.3."""
    return _elsewhere([f"{one.cohort_name}: {_validity(one)}" for one in record.elsewhere])


def external_fairness(record: Recorded) -> Said | None:
    """Attribute 7.4."""
    return _elsewhere([f"{one.cohort_name}: {_fairness(one)}" for one in record.elsewhere])


def _looked_for(whom: str, overlap: Mapping[str, Any]) -> str:
    looked = fmt.plain(overlap["looked"])
    return f"people of {whom} {'looked for by' if overlap.get('searched') else 'not looked for:'} {looked}"


def _elsewhere(said: Sequence[str]) -> Said:
    """Say what is known from elsewhere, or that nothing is: that is an answer too."""
    return Said(" ".join(said) or NOT_VALIDATED, ("evaluation.json#/basis",))


def _all(record: Recorded) -> Sequence[Recorded]:
    """Every record at hand: of the training, of the version itself, of its validations."""
    found = [record.training, record, *record.validations]
    return [one for at, one in enumerate(found) if one is not None and all(one is not before for before in found[:at])]


def _where(record: Recorded) -> str:
    return "training" if record.design == "development" else record.cohort_name


def _evidence(record: Recorded, told_by: Recorded, places: tuple[str, ...]) -> tuple[str, ...]:
    """Point into the record itself; what another record tells is only named."""
    return places if told_by is record else ("evaluation.json#/basis",)


def _people(record: Recorded) -> str:
    """Describe the patients by the personal characteristics that their table holds."""
    named = {name for names in PERSONAL.values() for name in names}
    rows = [entry for entry in record.listed("cohort.json", "table_one") if entry["variable"] in named]
    if not rows:
        return "By these characteristics, the patients are not described in the record."
    described = []
    for entry in rows:
        parts = [
            f"{fmt.plain(row['level'])} {fmt.plain(row['overall'])}" if row.get("level") else fmt.plain(row["overall"])
            for row in fmt.listed(entry.get("rows"))
        ]
        described.append(f"{fmt.named(entry['label'], entry.get('unit'))}: {', '.join(parts)}")
    return f"{'; '.join(described)}."


def _validity(record: Recorded) -> str:
    known = headline_measures(record)
    counted = f"{fmt.plural(record.n, 'patient')}, {fmt.plural(record.events, 'event')}{record.counted}"
    return f"{record.basis}, {counted}: {in_words(known) or 'no measure is known'}."


def _fairness(record: Recorded) -> str:
    """Say what check SC013, which looks at every group that is large enough, made of them."""
    finding = record.finding(HARM)
    if finding is not None:
        return finding.text
    file = "run.json" if record.design == "development" else "findings.json"
    made = next((one for one in record.listed(file, "checks_made") if one.get("code") == HARM), None)
    if made is None:
        return "Groups of patients were not judged."
    return (
        f"Groups of patients, by net benefit and level of risk (check {HARM}): {fmt.ended(fmt.plain(made['reason']))}"
    )
