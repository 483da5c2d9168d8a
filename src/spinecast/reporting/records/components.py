"""What a study is made of, in words and with its publications: said once, for checklist, methods and card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spinecast.reporting import formatting as fmt
from spinecast.reporting.records.recorded import Recorded, Said

__all__ = [
    "ALGORITHMS",
    "IMPUTATIONS",
    "MEASURE_SOURCES",
    "PACKAGES",
    "Component",
    "algorithms",
    "censoring_words",
    "imputations",
    "is_ordinal",
    "is_quantity",
    "outcome_words",
    "recalibration_of",
    "riley_words",
    "scale_of",
    "trials_words",
    "tuned_by",
]


@dataclass(frozen=True)
class Component:
    """A part of a study: what it is, and the keys of its publications."""

    words: str
    references: tuple[str, ...] = ()


ALGORITHMS: Mapping[str, Component] = {
    "elastic_net": Component(
        "logistic regression with an elastic-net penalty, with restricted cubic splines where tuning chose them",
        ("zou2005", "pedregosa2011"),
    ),
    "random_forest": Component("a random forest", ("breiman2001", "pedregosa2011")),
    "xgboost": Component("gradient-boosted trees (XGBoost)", ("chen2016",)),
    "support_vector_machine": Component(
        "a support vector machine whose radial kernel is a sum of random waves",
        ("cortes1995", "rahimi2007", "pedregosa2011"),
    ),
    "neural_network": Component("a neural network with one hidden layer", ("pedregosa2011",)),
    "decision_tree": Component("a pruned decision tree", ("breiman1984", "pedregosa2011")),
    "gradient_boosting": Component("gradient-boosted trees (scikit-learn)", ("friedman2002", "pedregosa2011")),
    "gaussian_process": Component(
        "a Gaussian process whose radial kernel is a sum of random waves, by Laplace's approximation",
        ("rasmussen2006", "rahimi2007", "pedregosa2011"),
    ),
    "lightgbm": Component("gradient-boosted trees (LightGBM)", ("ke2017",)),
    "catboost": Component("gradient-boosted trees that ask one question a level (CatBoost)", ("prokhorenkova2018",)),
    "cox": Component("Cox regression with an elastic-net penalty", ("cox1972", "simon2011")),
    "boosted_cox": Component("trees boosted on the partial likelihood (XGBoost)", ("cox1972", "chen2016")),
    "boosted_aft": Component(
        "trees boosted on the likelihood of accelerated failure times (XGBoost)", ("barnwal2022", "chen2016")
    ),
    "random_survival_forest": Component("a random survival forest (scikit-survival)", ("ishwaran2008",)),
    "discrete_time": Component("discrete-time hazards by a binary algorithm", ("singer1993",)),
    "linear_quantile": Component("linear quantile regression with an L1 penalty", ("koenker1978", "pedregosa2011")),
    "boosted_quantile": Component("trees boosted on the pinball loss (scikit-learn)", ("koenker1978", "pedregosa2011")),
    "xgboost_quantile": Component("trees boosted on the pinball loss (XGBoost)", ("koenker1978", "chen2016")),
    "proportional_odds": Component("proportional-odds regression with a ridge penalty", ("mccullagh1980",)),
    "cumulative": Component(
        "a binary algorithm fitted at each threshold, the thresholds then put in order",
        ("frank2001", "chernozhukov2010"),
    ),
    "baseline": Component("a logistic regression on a few predictors, as a baseline", ("pedregosa2011",)),
}
IMPUTATIONS: Mapping[str, Component] = {
    "median": Component("by the median or the commonest level, with an indicator that the value was missing"),
    "native": Component("by leaving them missing: each split of a tree learns which way they go", ("chen2016",)),
    "forest": Component(
        "by a forest that predicts each variable from the others, with an indicator that the value was missing",
        ("stekhoven2012",),
    ),
    "multiple_imputation": Component(
        "by multiple imputation with chained equations, a fit for each draw and what they answer averaged, with an "
        "indicator that the value was missing; the outcome had no part in it, as nobody knows it when the model is "
        "used",
        ("vanbuuren2011", "rubin1987", "sisk2023"),
    ),
    "pattern_submodels": Component(
        "by pattern submodels, one for each of the commonest patterns of missing predictors, and a fit to everybody "
        "for all other patterns",
        ("mercaldo2020",),
    ),
}
MEASURE_SOURCES: Mapping[str, tuple[str, ...]] = {
    "auc": ("delong1988", "sun2014"),
    "brier": ("steyerberg2010",),
    "scaled_brier": ("steyerberg2010",),
    "calibration_in_the_large": ("cox1958", "vancalster2019"),
    "calibration_slope": ("cox1958", "vancalster2019"),
    "ici": ("austin2019",),
    "e50": ("austin2019",),
    "e90": ("austin2019",),
    "uno_c": ("uno2011",),
    "horizon_brier": ("graf1999",),
    "ipa": ("graf1999",),
}
# Packages a reader would want the version of, and where they are published.
PACKAGES: Mapping[str, tuple[str, ...]] = {
    "spinecast": (),
    "scikit-learn": ("pedregosa2011",),
    "xgboost": ("chen2016",),
    "xgboost-cpu": ("chen2016",),
    "lightgbm": ("ke2017",),
    "catboost": ("prokhorenkova2018",),
    "optuna": ("akiba2019",),
    "numba": (),
    "numpy": (),
    "scipy": (),
}


def tuned_by(recorded: Recorded) -> str:
    """What trials were judged by."""
    return fmt.plain(recorded.get("tuning.json", "loss") or "log-loss")


def scale_of(recorded: Recorded) -> str:
    """The scale on which candidates are averaged and contributions add up."""
    usual = "log cumulative hazard" if recorded.get("tuning.json", "loss") else "log-odds"
    return fmt.plain(recorded.get("tuning.json", "averaged") or usual)


def is_quantity(recorded: Recorded) -> bool:
    """Whether quantiles of a measured quantity are predicted, and no risk."""
    return bool(recorded.get("evaluation.json", "kind") == "quantity")


def is_ordinal(recorded: Recorded) -> bool:
    """Whether the levels of an ordered outcome are predicted, and no one risk."""
    return bool(recorded.get("evaluation.json", "kind") == "ordinal")


def recalibration_of(recorded: Recorded) -> Component:
    """How scores become risks, or quantiles hold what they say."""
    if is_quantity(recorded):
        return Component("a shift of every quantile by its held-out residuals (conformal)", ("romano2019",))
    if is_ordinal(recorded):
        return Component(
            "a line for each threshold (one slope for all where one score serves all) on held-out scores",
            ("mccullagh1980", "cox1958"),
        )
    if recorded.get("tuning.json", "loss"):
        return Component(
            "a level and a slope of the log cumulative hazard at each of a few days, by who of the held-out patients "
            "had the event by the day, weighted for censoring, drawn towards one line for all days by the likelihood "
            "of their times",
            ("crowson2016", "graf1999"),
        )
    return Component("logistic recalibration on held-out scores", ("platt1999", "cox1958"))


def algorithms(recorded: Recorded) -> list[tuple[str, Component]]:
    """Return the study's candidates, each label with what it is."""
    found = []
    for entry in recorded.candidates:
        kind, name = str(entry.get("kind")), _name(entry)
        found.append((name, ALGORITHMS.get(kind) or Component(f"{name} (kind {kind})")))
    return found


def imputations(recorded: Recorded) -> dict[str, list[str]]:
    """Return the kinds of imputation a study used, each with the labels of its candidates."""
    found: dict[str, list[str]] = {}
    labels = {one["name"]: fmt.plain(one["label"]) for one in recorded.listed("evaluation.json", "candidates")}
    for entry in recorded.candidates:
        kind = entry.get("imputation")
        kind = kind.get("kind") if isinstance(kind, Mapping) else kind
        if kind:
            name = _name(entry)
            found.setdefault(str(kind), []).append(labels.get(name, name))
    return found


def _name(entry: Mapping[str, Any]) -> str:
    return fmt.plain(entry.get("name") or entry.get("kind"))


def outcome_words(recorded: Recorded) -> str | None:
    """Say what counts as the outcome; None where the record does not define it."""
    outcome = recorded.outcome
    kind, days = outcome.get("kind"), outcome.get("horizon_days")
    label = fmt.plain(
        recorded.get("evaluation.json", "outcome", "label") or outcome.get("label") or fmt.absent("not named")
    )
    if kind == "horizon":
        text = f"{fmt.plain(outcome.get('event'))} by day {fmt.setting(days)} after entry"
    elif kind == "landmark":
        text = (
            f"{fmt.plain(outcome.get('event'))} within {fmt.setting(days)} days after day "
            f"{fmt.setting(outcome.get('landmark_days'))}, among patients under observation then"
        )
    elif kind == "competing_horizon":
        text = (
            f"{fmt.setting(outcome.get('event_levels'))} of {fmt.plain(outcome.get('status'))} by day "
            f"{fmt.setting(days)}; {fmt.setting(outcome.get('competing_levels'))} competes with it"
        )
    elif kind == "binary":
        text = f"{fmt.plain(outcome.get('variable'))} being {fmt.setting(outcome.get('event_levels'))}"
    elif kind == "ordinal":
        death = {
            "worst_level": ", death before the assessment as its worst level",
            "excluded": ", among people who did not die before the assessment",
        }.get(str(outcome.get("death")), "")
        text = f"the level of {fmt.plain(outcome.get('variable'))}{death}"
    elif kind == "time_to_event":
        text = f"the time to {fmt.plain(outcome.get('event'))}, read by day {fmt.setting(outcome.get('horizons_days'))}"
    elif kind == "competing_risks":
        text = (
            f"the time to the first of {fmt.setting(outcome.get('causes'))} of {fmt.plain(outcome.get('status'))}, the "
            f"first of them of interest, read by day {fmt.setting(outcome.get('horizons_days'))}"
        )
    elif kind == "quantity":
        text = f"the value of {fmt.plain(outcome.get('variable'))}"
    elif kind == "threshold":
        side = str(outcome.get("comparison")).replace("_", " ")
        unit = f" {fmt.plain(outcome['unit'])}" if outcome.get("unit") else ""
        text = f"{fmt.plain(outcome.get('variable'))} {side} {fmt.setting(outcome.get('threshold'))}{unit}"
    else:
        return None
    return f"{label}, defined as {text}"


def censoring_words(recorded: Recorded) -> str | None:
    """Say what became of patients whose follow-up ended early; None where the outcome has no follow-up."""
    if recorded.outcome.get("kind") == "time_to_event":
        return "Follow-up that ended without the event was censored, in the fits and in every measure"
    if recorded.outcome.get("kind") == "competing_risks":
        return (
            "Follow-up that ended without an event was censored, in the fits and in every measure; what competes is an "
            "event of its own"
        )
    rule = recorded.outcome.get("censored")
    if rule == "exclude":
        left_out = recorded.not_analysed
        if left_out == 0:
            return "No patient's follow-up ended before the horizon without the event"
        counted = "" if left_out is None else f" ({fmt.plural(left_out, 'patient')})"
        return f"Patients whose follow-up ended before the horizon without the event were left out{counted}"
    if rule == "ipcw":
        return (
            "Patients whose follow-up ended before the horizon without the event were not counted, and the others "
            "weighted by the inverse of their probability of not being censored"
        )
    return None


def riley_words(recorded: Recorded) -> Said | None:
    """Say whether the patients suffice by the criteria of Riley 2020, BMJ 368:m441; None where it was not computed."""
    found = recorded.get("run.json", "sample_size", "adequacy")
    if not found:
        return None
    met = "suffice" if found["suffices"] else "do not suffice"
    text = (
        f"By the criteria of Riley 2020 {fmt.plural(found['required'], 'patient')} are asked for: these {met}. "
        f"Assumed: {fmt.ended(fmt.plain(recorded.get('run.json', 'sample_size', 'assumed')))}"
    )
    return Said(text, ("run.json#/sample_size",))


def trials_words(recorded: Recorded) -> str:
    """Say how many trials the search had."""
    counts = [
        len(split["trials"])
        for candidate in recorded.listed("tuning.json", "candidates")
        for split in candidate["splits"]
    ]
    if not counts:
        return "an unrecorded number of trials"
    spread = str(min(counts)) if min(counts) == max(counts) else f"{min(counts)} to {max(counts)}"
    return f"{spread} trials for each candidate in each split"
