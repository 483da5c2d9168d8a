"""Answers to signalling questions on the analysis: sample size, missing data, resampling, measures, balancing."""

from __future__ import annotations

from spinecast.reporting import formatting as fmt
from spinecast.reporting.records.components import censoring_words, imputations, riley_words, tuned_by
from spinecast.reporting.records.internal_words import fitted_again
from spinecast.reporting.records.probast_subjects import Judged, to_be_judged
from spinecast.reporting.records.recorded import Recorded

__all__ = [
    "complexities",
    "enough_events",
    "enough_events_to_evaluate",
    "evaluated_unbalanced",
    "every_step_resampled",
    "everybody_analysed",
    "measures",
    "measures_with_benefit",
    "missing_and_censored",
    "missing_data",
    "model_as_reported",
    "no_leakage",
    "no_univariable_selection",
    "not_apparent_alone",
    "optimism",
    "overfitting",
    "predictor_handling",
    "recalibrated_after_balancing",
]

# Events for each candidate predictor parameter: fewer than 10 is a concern, 20 and more mostly none for a regression
# (PROBAST: Moons 2019, Ann Intern Med 170:W1); trees and networks may need 200 and more (van der Ploeg 2014, BMC Med
# Res Methodol 14:137).
FEW_EVENTS, ENOUGH_EVENTS, ENOUGH_FOR_MACHINES = 10, 20, 200
# Patients with the event, and without it, that an evaluation needs (Collins 2016, Stat Med 35:214).
ENOUGH_TO_EVALUATE = 100
# This project's own convention: up to this share of patients, missing or left out, does not move a result much.
LITTLE = 0.05
# Checks of ``spinecast.validation`` by what they look for.
MISSINGNESS, TELLS_ALONE, CHOSEN_BY_P, UNCORRECTED_BALANCE = "SC006", "SC007", "SC009", "SC010"
APPARENT_ALONE, SHARED, LACKING, MADE_FROM = "SC011", "SC021", "SC022", "SC025"
SIZE = ("evaluation.json#/n", "evaluation.json#/events")
NO_BALANCING = "No classes were weighted or resampled: nothing of the kind exists in the pipeline."


def enough_events(record: Recorded) -> Judged:
    """Whether enough patients had the outcome, for what was done."""
    if record.design == "evaluation":
        return enough_events_to_evaluate(record)
    rarer, parameters = min(record.events, record.n - record.events), record.parameters
    if not parameters:
        return to_be_judged("The record does not hold the number of candidate predictor parameters.", *SIZE)
    ratio = rarer / parameters
    text = (
        f"{fmt.number(ratio, 1)} patients of the smaller outcome group for each of {parameters} candidate predictor "
        "parameters, splines not counted."
    )
    evidence = (*SIZE, "cohort.json#/table_one")
    if ratio < FEW_EVENTS:
        return Judged("N", f"{text} Fewer than {FEW_EVENTS} are too few.", evidence)
    required = riley_words(record)
    if required is not None:
        suffices = record.get("run.json", "sample_size", "adequacy", "suffices")
        return Judged("PY" if suffices else "PN", f"{text} {required.text}", (*evidence, *required.evidence))
    if ratio < ENOUGH_EVENTS:
        return Judged("PN", f"{text} Fewer than {ENOUGH_EVENTS} may be too few.", evidence)
    if ratio >= ENOUGH_FOR_MACHINES or record.is_regression:
        return Judged("PY", text, evidence)
    return to_be_judged(f"{text} Enough for a regression; trees and networks may need ten times as many.", *evidence)


def enough_events_to_evaluate(record: Recorded) -> Judged:
    """Whether the evaluation was large enough."""
    fewer = min(record.events, record.n - record.events)
    text = (
        f"{fmt.plural(record.events, 'patient')} with the event{record.counted} and "
        f"{fmt.integer(record.n - record.events)} without; at least {ENOUGH_TO_EVALUATE} of each are wanted "
        "(Collins 2016)."
    )
    return Judged("PY" if fewer >= ENOUGH_TO_EVALUATE else "PN", text, SIZE)


def predictor_handling(record: Recorded) -> Judged:
    """Whether continuous and categorical predictors were handled well."""
    if record.design == "development" and record.candidates:
        text = "Continuous predictors stay continuous; splines or trees take up what is not straight."
        return Judged("PY", text, ("study.yaml#/candidates",))
    kind = record.get("about.json", "source", "kind")
    if kind == "model":
        return Judged("PY", "Handled by the stored model, as in its development.", ("about.json#/source",))
    if kind:
        return to_be_judged("Handled as published.", "about.json#/source")
    return to_be_judged("The record does not say how predictors were handled.")


def everybody_analysed(record: Recorded) -> Judged:
    """Whether all enrolled patients were analysed."""
    left_out = record.not_analysed
    if left_out is None:
        return to_be_judged("The record does not count the patients enrolled.", *SIZE)
    where = (f"{record.cohort_file}#/{'patients' if record.design == 'development' else 'cohort/patients'}", SIZE[0])
    if record.outcome.get("censored") == "ipcw":
        return Judged("PY", "Patients without a known outcome are represented by weights.", where)
    text = f"{fmt.n_of_n(left_out, record.patients)} of the cohort are not in the analysis."
    if left_out <= 0:
        return Judged("Y", "Every patient of the cohort is in the analysis.", where)
    few = left_out / (record.patients or 1) <= LITTLE
    return Judged("PY" if few else "PN", text, where)


def missing_data(record: Recorded) -> Judged:
    """Whether missing data were handled well."""
    told = record.finding(MISSINGNESS)
    if told is not None:
        return Judged("PN", told.text, told.evidence)
    lacking = record.finding(LACKING)
    if lacking is not None:
        return Judged("PN", lacking.text, lacking.evidence)
    if not record.missing:
        return to_be_judged("The record does not count missing values.")
    where = ("cohort.json#/missingness",)
    worst = record.missing[0]
    if not worst["missing"]:
        return Judged("Y", "No value of a predictor is missing.", where)
    text = f"Most is missing of {fmt.plain(worst['label'])}: {fmt.percentage(worst['proportion'])} of patients."
    if worst["proportion"] <= LITTLE:
        return Judged("PY", text, where)
    ways = fmt.joined(sorted(imputations(record)))
    several = "multiple_imputation" in imputations(record)
    drawn = "each draw has a fit of its own" if several else "multiple imputation was not used"
    how = (
        f" Kinds of imputation: {ways}, learned inside each split; {drawn}."
        if ways
        else " Nothing was filled in from these patients."
    )
    return to_be_judged(f"{text}{how}", *where)


def missing_and_censored(record: Recorded) -> Judged:
    """Whether missing and censored data were handled well: the worse of the two answers."""
    order = ("N", "PN", "NI", "PY", "Y", "NA")
    return min((missing_data(record), complexities(record)), key=lambda judged: order.index(judged.answer))


def no_univariable_selection(record: Recorded) -> Judged:
    """Whether univariable selection was avoided."""
    chosen = record.finding(CHOSEN_BY_P)
    if chosen is not None:
        return Judged("N", chosen.text, chosen.evidence)
    if not record.predictors:
        return to_be_judged("The record does not name the predictors.")
    text = "The predictors stand in the study file; nothing here selects them by their association with the outcome."
    if record.check(CHOSEN_BY_P) == "not found":
        return Judged("Y", f"{text} How they were chosen before is declared.", (record.predictors_at,))
    return Judged("PY", f"{text} How they were chosen before is not declared.", (record.predictors_at,))


def complexities(record: Recorded) -> Judged:
    """Whether censoring, competing events and sampling were accounted for."""
    outcome, words, left_out = record.outcome, censoring_words(record), record.not_analysed
    where = (record.outcome_at,) if outcome.get("kind") else ()
    if outcome.get("kind") == "competing_horizon" and outcome.get("handling") == "exclude":
        return Judged("N", "Patients whose competing event came first were left out.", where)
    if outcome.get("kind") in ("time_to_event", "competing_risks"):
        return Judged("PY", f"{words}.", where)
    if words is None or left_out is None:
        return to_be_judged("The outcome has no follow-up in the record.", *where)
    if outcome.get("censored") == "ipcw":
        return Judged("PY", f"{words} (Graf 1999).", where)
    if left_out <= 0:
        return Judged("Y", "Nobody's follow-up ended before the horizon without the event.", (*where, SIZE[0]))
    few = left_out / (record.patients or 1) <= LITTLE
    return Judged("PY" if few else "PN", f"{words}.", (*where, SIZE[0]))


def measures(record: Recorded) -> Judged:
    """Whether discrimination and calibration were both evaluated."""
    named = {"discrimination (AUC)": "auc", "calibration (slope)": "calibration_slope"}
    lacking = [label for label, name in named.items() if record.measure(name) is None]
    where = tuple(record.place(f"measures/{name}") for name in named.values() if record.measure(name) is not None)
    if lacking:
        return Judged("N", f"Not evaluated: {fmt.joined(lacking)}.", where)
    if record.of_one_event("calibration_curve"):
        where = (*where, record.place("calibration_curve"))
    return Judged("Y", "Discrimination and calibration were evaluated, with intervals.", where)


def measures_with_benefit(record: Recorded) -> Judged:
    """Whether net benefit was evaluated too."""
    found = measures(record)
    if found.answer != "Y":
        return found
    if not record.of_one_event("decision_curve"):
        return Judged("PN", f"{found.reason} Net benefit was not.", found.evidence)
    text = "Discrimination, calibration and net benefit were evaluated, with intervals."
    return Judged("Y", text, (*found.evidence, record.place("decision_curve")))


def optimism(record: Recorded) -> Judged:
    """Whether overfitting and optimism were accounted for."""
    where = ("evaluation.json#/basis", *(("study.yaml#/resampling",) if "resampling" in record.study else ()))
    if record.is_nested:
        text = (
            "Performance is of patients the models had not seen: tuning, choosing and recalibrating are repeated in "
            "every outer fold."
        )
        again = fitted_again(record)
        return Judged("Y", f"{text} {again.text}", (*where, *again.evidence)) if again else Judged("Y", text, where)
    if record.basis == "apparent":
        return Judged("N", "Performance is apparent: of the patients the model was made from.", where)
    return to_be_judged(f"The predictions judged are {record.basis}.", "evaluation.json#/basis")


def overfitting(record: Recorded) -> Judged:
    """Whether methods against overfitting were used."""
    trials = record.listed("tuning.json", "candidates")
    if not trials:
        return to_be_judged("The record holds no tuning.")
    text = (
        f"Penalties, depths and sizes were tuned by {tuned_by(record)} on held-out patients; risks are recalibrated on "
        "them."
    )
    return Judged("PY", text, ("tuning.json#/candidates",))


def model_as_reported(record: Recorded) -> Judged:
    """Whether the final model is the one that is reported."""
    identity = record.get("run.json", "model", "identity")
    if not identity:
        return to_be_judged("The record does not identify the model.")
    text = (
        "The model was stored by the run that made this record, under the hash of its whole content; its weights are "
        "not copied by hand."
    )
    return Judged("Y", text, ("run.json#/model/identity",))


def not_apparent_alone(record: Recorded) -> Judged:
    """Whether more than apparent performance was evaluated."""
    where = ("evaluation.json#/basis",)
    alone = record.finding(APPARENT_ALONE)
    if alone is not None:
        return Judged("N", alone.text, alone.evidence)
    if record.basis == "apparent":
        return Judged("N", "Performance is apparent alone.", where)
    if record.basis in ("out-of-fold", "external"):
        return Judged("Y", f"The predictions judged are {record.basis}.", where)
    return to_be_judged(f"The predictions judged are {record.basis}.", *where)


def recalibrated_after_balancing(record: Recorded) -> Judged:
    """Whether the model was recalibrated after balancing."""
    return _unbalanced(record)


def evaluated_unbalanced(record: Recorded) -> Judged:
    """Whether it was evaluated on data that were not balanced."""
    return _unbalanced(record)


def _unbalanced(record: Recorded) -> Judged:
    uncorrected = record.finding(UNCORRECTED_BALANCE)
    if uncorrected is not None:
        return Judged("N", uncorrected.text, uncorrected.evidence)
    if record.design == "development" and record.candidates:
        return Judged("NA", NO_BALANCING, ("study.yaml#/candidates",))
    if record.get("about.json", "source", "kind") == "model":
        return Judged("NA", NO_BALANCING, ("about.json#/source/kind",))
    return to_be_judged("How the predictions were made is not in the record.")


def no_leakage(record: Recorded) -> Judged:
    """Whether nothing leaked from test to training."""
    for code in (TELLS_ALONE, MADE_FROM):
        found = record.finding(code)
        if found is not None:
            return Judged("PN", found.text, found.evidence)
    if record.design == "evaluation":
        shared = record.finding(SHARED)
        if shared is not None:
            return Judged("N", shared.text, shared.evidence)
        return Judged("NA", "The data were not split: all of them are other patients.", ("evaluation.json#/basis",))
    splits = record.listed("run.json", "splits")
    if not record.is_nested or not splits:
        return to_be_judged("The record does not hold the splits.")
    text = (
        "Each patient is in one test fold; imputation, coding, tuning, choosing and recalibration are learned on the "
        "training side, whose patients are on record as hashes."
    )
    return Judged("PY", text, ("run.json#/splits", "evaluation.json#/basis"))


def every_step_resampled(record: Recorded) -> Judged:
    """Whether every step was repeated in the resampling."""
    if record.design == "evaluation":
        return Judged("NA", "Nothing was resampled: the model was made before.", ("evaluation.json#/basis",))
    return optimism(record)
