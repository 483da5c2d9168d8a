"""What a record says to the items of TRIPOD+AI on analysis, output and open science: 12 to 18."""

from __future__ import annotations

from spinecast.reporting import formatting as fmt
from spinecast.reporting.records.components import (
    algorithms,
    is_quantity,
    recalibration_of,
    scale_of,
    trials_words,
    tuned_by,
)
from spinecast.reporting.records.internal_words import fitted_again, sites
from spinecast.reporting.records.known_measures import known_measures
from spinecast.reporting.records.recorded import Recorded, Said

__all__ = [
    "class_imbalance",
    "clusters",
    "data_terms",
    "development_against_evaluation",
    "fairness",
    "model_building",
    "model_output",
    "performance_measures",
    "predictions_made",
    "predictor_handling",
    "software",
    "updating",
    "use_of_data",
]


def use_of_data(record: Recorded) -> Said | None:
    """Item 12a."""
    resampling = record.study.get("resampling") or {}
    if not resampling.get("outer_folds"):
        return None
    text = (
        f"All patients served development; {resampling['outer_folds']} outer folds, stratified by the outcome, judged "
        f"the whole procedure on patients it had not seen, and {resampling.get('inner_folds')} inner folds inside each "
        "tuned it. The final model is of all patients, by the same procedure."
    )
    return Said(text, ("study.yaml#/resampling",))


def predictor_handling(record: Recorded) -> Said | None:
    """Item 12b."""
    if not record.candidates:
        return None
    text = (
        "Continuous predictors stay continuous; none is cut into groups. Where missing values are filled in, skewed "
        "predictors are taken on the log scale, values beyond the 0.5th and 99.5th centile of training are drawn to "
        "them, and columns are standardised; the elastic net adds restricted cubic splines where tuning chose so. "
        "Trees that take missing values as they are take all values as they are. Nominal categories enter as one "
        "indicator a level, ordered ones as their order. All this is learned inside each split."
    )
    return Said(text, ("study.yaml#/candidates",))


def model_building(record: Recorded) -> Said | None:
    """Item 12c."""
    made = algorithms(record)
    if not made:
        return None
    final = (record.study.get("final") or {}).get("kind")
    rule = {
        "winner": f"The candidate with the lowest inner {tuned_by(record)} is the model.",
        "ensemble": f"The named candidates, averaged on the {scale_of(record)} scale, are the model.",
    }.get(str(final), "")
    parts = fmt.joined([fmt.plain(part.get("label") or part["name"]) for part in record.parts])
    recalibrated = "Quantiles are made to hold what they say" if is_quantity(record) else "Risks are recalibrated"
    text = (
        f"Candidates: {'; '.join(f'{name}, {component.words}' for name, component in made)}. Each was tuned by "
        f"{tuned_by(record)}, with {trials_words(record)}. {rule}"
        f"{f' It is made of: {parts}.' if parts else ''} {recalibrated} by {recalibration_of(record).words}. "
        "Choosing and recalibrating are repeated inside every outer fold."
    )
    evidence = ("study.yaml#/candidates", *(("study.yaml#/final",) if final else ()), "evaluation.json#/basis")
    again = fitted_again(record)
    return Said(f"{text} {again.text}", (*evidence, *again.evidence)) if again else Said(text, evidence)


def clusters(record: Recorded) -> Said | None:
    """Item 12d."""
    if record.design == "evaluation":
        strata = record.listed("findings.json", "strata")
        if strata:
            return Said("Performance was computed in each stratum of the cohort.", ("findings.json#/strata",))
        return Said("Performance was not computed by centre or any other cluster.", ("evaluation.json#/basis",))
    if "resampling" not in record.study:
        return None
    left_out = sites(record)
    if left_out is not None:
        return left_out
    group = (record.study.get("resampling") or {}).get("group")
    text = (
        f"Folds kept patients of one {fmt.plain(group)} together; heterogeneity between them was not quantified."
        if group
        else "No cluster was named: heterogeneity between centres was neither handled nor quantified."
    )
    return Said(text, ("study.yaml#/resampling",))


def performance_measures(record: Recorded) -> Said | None:
    """Item 12e."""
    known = known_measures(record)
    if not known:
        return None
    measures = dict.fromkeys(one.measure.label for one in known)
    apart = list(dict.fromkeys(one.of for one in known if one.of))
    plots = {
        "roc": "ROC curve",
        "calibration_curve": "calibration curve",
        "decision_curve": "decision curve (net benefit)",
    }
    drawn = [label for name, label in plots.items() if record.of_one_event(name)]
    text = f"Measures: {', '.join(measures)}, with 95% intervals."
    if apart:
        text += f" Those of one event are of: {fmt.joined(apart)}."
    evidence = ["evaluation.json#/measures"]
    if drawn:
        text += f" Plots: {fmt.joined(drawn)}."
        evidence += [record.place(name) for name, label in plots.items() if label in drawn]
    if record.listed("evaluation.json", "comparators"):
        text += " Other models are compared by paired differences."
        evidence.append("evaluation.json#/comparators")
    return Said(text, tuple(evidence))


def updating(record: Recorded) -> Said | None:
    """Items 12f and 24."""
    if record.basis != "external":
        return None
    return Said("The model was judged as it is: nothing was updated.", ("evaluation.json#/basis",))


def predictions_made(record: Recorded) -> Said | None:
    """Item 12g."""
    source = record.get("about.json", "source")
    if not source:
        return None
    how = {
        "model": "by the stored model of identity",
        "score": "from the score as published:",
        "published": "from the regression formula as published:",
    }
    text = f"Predictions were computed {how.get(source.get('kind'), 'by')} {fmt.ended(source.get('identity'))}"
    note = f" {fmt.ended(source['note'])}" if source.get("note") and source.get("kind") != "model" else ""
    return Said(f"{text}{note}", ("about.json#/source",))


def class_imbalance(record: Recorded) -> Said | None:
    """Item 13."""
    if record.design == "development" and record.candidates:
        text = "None was used: no candidate weights or resamples the classes of the outcome."
        return Said(text, ("study.yaml#/candidates",))
    if record.get("about.json", "source", "kind") == "model":
        text = "None was used: patients are judged as they are, and no model of spinecast weights or resamples classes."
        return Said(text, ("about.json#/source/kind",))
    return None


def fairness(record: Recorded) -> Said | None:
    """Item 14: the groups performance was computed in."""
    groups = record.listed("findings.json", "subgroups")
    if not groups:
        return None
    named = fmt.joined([fmt.plain(entry["label"]) for entry in groups])
    return Said(f"Performance was computed in groups of: {named}.", ("findings.json#/subgroups",), whole=False)


def model_output(record: Recorded) -> Said | None:
    """Item 15."""
    thresholds = fmt.listed((record.study.get("evaluation") or {}).get("thresholds"))
    if not thresholds:
        return None
    shown = fmt.joined([fmt.percentage(threshold, 0) for threshold in thresholds])
    text = (
        "A risk between 0 and 1, with an interval; no class is assigned. Classification is shown at risks of "
        f"{shown} as examples."
    )
    return Said(text, ("study.yaml#/evaluation/thresholds",))


def development_against_evaluation(record: Recorded) -> Said | None:
    """Item 16."""
    if record.design == "development":
        text = (
            "None by design: evaluation is on the same patients, each predicted by models that had not seen them."
            if record.basis == "out-of-fold"
            else "None: the model was judged on the patients it was made from."
        )
        return Said(text, ("evaluation.json#/basis",))
    development = record.get("about.json", "development")
    if not development or not record.get("findings.json", "case_mix"):
        return None
    text = (
        f"Developed on {fmt.plain(development.get('name'))}, evaluated on {record.cohort_name}; predictors and risks "
        "of the two are set side by side under case mix."
    )
    return Said(text, ("about.json#/development", "findings.json#/case_mix"))


def data_terms(record: Recorded) -> Said | None:
    """Item 18e: the terms the source states."""
    licence = record.get("cohort.json", "provenance", "licence")
    if not licence:
        return None
    return Said(f"Terms of the source: {fmt.ended(licence)}", ("cohort.json#/provenance/licence",), whole=False)


def software(record: Recorded) -> Said | None:
    """Item 18f: what it was computed with."""
    file = "run.json" if record.design == "development" else "about.json"
    environment = record.get(file, "environment")
    if not environment:
        return None
    packages = environment.get("packages") or {}
    named = ", ".join(f"{name} {version}" for name, version in packages.items())
    commit = environment.get("git_commit")
    text = f"Computed with Python {environment.get('python')}: {named}." + (f" Commit {commit}." if commit else "")
    return Said(text, (f"{file}#/environment",), whole=False)
