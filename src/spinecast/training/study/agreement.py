"""The rules of a study file that need nothing else: its parts agree with each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from spinecast.documents import KeyPath, Problem, did_you_mean, dotted
from spinecast.training.published import find_published, known_published
from spinecast.training.study.candidates import LearnerCandidate
from spinecast.training.study.features import feature_problems
from spinecast.training.study.kinds import BINARY_KINDS, ORDINAL_KINDS, QUANTITY_KINDS, TIMED_KINDS
from spinecast.training.study.missing import MultipleImputation, PatternSubmodels
from spinecast.training.study.ordinal import OrdinalOutcome
from spinecast.training.study.quantity import QuantityOutcome

if TYPE_CHECKING:
    from spinecast.training.study.model import Study

__all__ = ["agreement_problems", "outcome_levels"]


def agreement_problems(study: Study) -> Iterator[Problem]:
    """Find what contradicts itself within the study file."""
    return chain(
        _repeated(study),
        _outcome_problems(study),
        _kind_problems(study),
        _timed_problems(study),
        _quantity_problems(study),
        _comparator_problems(study),
        _published_problems(study),
        _final_problems(study),
        _range_problems(study),
        _internal_validation_problems(study),
        _decline_problems(study),
        _handling_problems(study),
        _draw_problems(study),
        _venn_abers_problems(study),
        _borrow_problems(study),
        feature_problems(study),
    )


def _repeated(study: Study) -> Iterator[Problem]:
    """Find what is listed twice where once is meant."""
    curve = study.internal_validation.learning_curve
    lists: dict[KeyPath, Sequence[object]] = {
        ("predictors",): study.predictors,
        ("evaluation", "thresholds"): study.evaluation.thresholds,
        ("internal_validation", "learning_curve", "shares"): curve.shares if curve else (),
        ("missing", "decline", "without"): study.missing.decline.without,
        ("cohort", "borrow", "weights"): study.cohort.borrow.weights if study.cohort.borrow else (),
        ("published",): study.published,
        ("horizon_studies",): study.horizon_studies,
        ("final", "of"): study.final.of if study.final.kind == "ensemble" else (),
        **outcome_levels(study),
    }
    for position, candidate in enumerate(study.candidates):
        lists["candidates", position, "predictors"] = candidate.predictors or ()
        for name, choices in (candidate.search or {}).items():
            lists["candidates", position, "search", name] = choices if len(choices) > 2 else ()
    for key, values in lists.items():
        for i, value in enumerate(values):
            if value in values[:i]:
                yield Problem((*key, i), f"{dotted(key)}: {value} is listed twice", remedy="keep one of them")
    for block, named in (("candidates", study.candidates), ("comparators", study.comparators)):
        names = [entry.name for entry in named]
        for i, name in enumerate(names):
            if name in names[:i]:
                what = f"{block}: two of them are named {name}"
                yield Problem(
                    (block, i, "name"), what, "a name of its own for each", "add a `name:` to tell them apart"
                )


def outcome_levels(study: Study) -> dict[KeyPath, tuple[str, ...]]:
    """Return the lists of levels the outcome names, by their key."""
    names = ("event_levels", "competing_levels", "excluded_levels", "causes")
    combined = study.outcome.combined_levels if isinstance(study.outcome, OrdinalOutcome) else ()
    listed: dict[KeyPath, tuple[str, ...]] = {("outcome", name): getattr(study.outcome, name, ()) for name in names}
    return listed | {("outcome", "combined_levels", i): group for i, group in enumerate(combined)}


def _outcome_problems(study: Study) -> Iterator[Problem]:
    outcome = study.outcome
    if outcome.kind in ("horizon", "landmark", "time_to_event") and outcome.time == outcome.event:
        yield Problem(("outcome", "event"), f"outcome: {outcome.event} cannot be both the time and the event")
    listed = outcome_levels(study)
    for role, words in (("excluded_levels", "excluded"), ("competing_levels", "what competes with it")):
        for i, level in enumerate(listed["outcome", role]):
            if level in listed["outcome", "event_levels"]:
                yield Problem(("outcome", role, i), f"outcome: level {level} cannot be both the event and {words}")


def _kind_problems(study: Study) -> Iterator[Problem]:
    """Find candidates that cannot learn the study's kind of outcome."""
    learned = {
        TIMED_KINDS: "a time",
        QUANTITY_KINDS: "a measured quantity",
        ORDINAL_KINDS: "ordered levels",
        BINARY_KINDS: "an event that is had or not",
    }
    kinds = BINARY_KINDS
    if study.timed_outcome is not None:
        kinds = TIMED_KINDS
    elif isinstance(study.outcome, QuantityOutcome):
        kinds = QUANTITY_KINDS
    elif isinstance(study.outcome, OrdinalOutcome):
        kinds = ORDINAL_KINDS
    for position, candidate in enumerate(study.candidates):
        if isinstance(candidate, LearnerCandidate) and not candidate.takes_missing:
            at: KeyPath = ("candidates", position, "imputation")
            yield Problem(at, f"{dotted(at)}: {candidate.learner} takes no missing values", "median or forest")
        if candidate.kind not in kinds:
            key: KeyPath = ("candidates", position, "kind")
            other = next(words for names, words in learned.items() if candidate.kind in names)
            what = (
                f"{dotted(key)}: {candidate.kind} learns {other}, and the outcome is of the kind {study.outcome.kind}"
            )
            yield Problem(key, what, f"one of {', '.join(kinds)}")


def _quantity_problems(study: Study) -> Iterator[Problem]:
    """Find levels that are no levels of a distribution, and what nothing of a quantity is set beside."""
    outcome = study.outcome
    if not isinstance(outcome, QuantityOutcome):
        return
    levels = outcome.quantiles
    for i, level in enumerate(levels[1:], start=1):
        if level <= levels[i - 1]:
            yield Problem(
                ("outcome", "quantiles", i),
                f"outcome.quantiles: {level:g} follows {levels[i - 1]:g}",
                "ascending levels",
            )
    if 0.5 not in levels:
        yield Problem(("outcome", "quantiles"), "outcome.quantiles: the median is not among them", "0.5 and others")
    for i, threshold in enumerate(outcome.thresholds):
        if threshold in outcome.thresholds[:i]:
            yield Problem(("outcome", "thresholds", i), f"outcome.thresholds: {threshold:g} is listed twice")


def _comparator_problems(study: Study) -> Iterator[Problem]:
    """Find other models' risks where the study's own answers are none."""
    other = _other_than_an_event(study)
    if study.comparators and other and not study.timed_outcome:
        yield Problem(("comparators",), f"comparators: other models' risks are not set beside {other}", "none")


def _timed_problems(study: Study) -> Iterator[Problem]:
    """Find what a study of times, or another, cannot have, and horizons that are listed twice."""
    timed = study.timed_outcome
    for key_name in () if timed else ("published", "horizon_studies"):
        if getattr(study, key_name):
            yield Problem(
                (key_name,), f"{key_name}: only a model of times is set beside them", "a time_to_event outcome"
            )
    for i, day in enumerate(timed.horizons_days if timed else ()):
        if timed and day in timed.horizons_days[:i]:
            yield Problem(("outcome", "horizons_days", i), f"outcome.horizons_days: {day} is listed twice")


def _published_problems(study: Study) -> Iterator[Problem]:
    for i, name in enumerate(study.published):
        found = find_published(name)
        if found is None:
            known = known_published()
            what = f"published: there is no score and no model {name!r}"
            yield Problem(("published", i), what, f"one of {', '.join(known)}", did_you_mean(name, known))
        elif found.problem:
            yield Problem(("published", i), f"published: {found.problem}", "a prognosis")


def _final_problems(study: Study) -> Iterator[Problem]:
    names = list(dict.fromkeys(candidate.name for candidate in study.candidates))
    for i, name in enumerate(study.final.of if study.final.kind == "ensemble" else ()):
        if name not in names:
            what = f"final.of: there is no candidate named {name!r}"
            yield Problem(("final", "of", i), what, f"one of {', '.join(names)}", did_you_mean(name, names))


def _range_problems(study: Study) -> Iterator[Problem]:
    low, high = study.evaluation.decision_range
    if low >= high:
        key = ("evaluation", "decision_range")
        yield Problem(key, f"{dotted(key)}: it ends before it begins: {low:g} to {high:g}", "[lowest, highest]")


def _internal_validation_problems(study: Study) -> Iterator[Problem]:
    sites = study.internal_validation.internal_external
    if sites is not None and sites.by is None:
        key = ("internal_validation", "internal_external", "by")
        what = f"{dotted(key)}: it does not say what the sites are, and the table names no group_column"
        yield Problem(key, what, "a variable whose values are the sites", "name one, or leave internal_external out")


def _decline_problems(study: Study) -> Iterator[Problem]:
    """Find limits that no model of the study could keep."""
    asked = study.missing.decline
    place: KeyPath = ("missing", "decline")
    own = dict.fromkeys((*study.predictors, *(name for one in study.candidates for name in one.predictors or ())))
    for i, name in enumerate(asked.without):
        if name not in own:
            what = f"missing.decline.without: {name} is none of the predictors"
            yield Problem((*place, "without", i), what, f"one of {', '.join(own)}", did_you_mean(name, own))


def _handling_problems(study: Study) -> Iterator[Problem]:
    """Find ways to meet missing inputs that do not go with whom the study borrows."""
    said: set[KeyPath] = set()
    for position, candidate in enumerate(study.candidates):
        asked = candidate.imputation
        if not isinstance(asked, MultipleImputation | PatternSubmodels):
            continue
        by_study = study.missing.handling == asked
        key: KeyPath = ("missing", "handling") if by_study else ("candidates", position, "imputation")
        if key in said:
            continue
        said.add(key)
        if study.cohort.borrow is not None and isinstance(asked, PatternSubmodels):
            what = f"{dotted(key)}: a submodel of one pattern of inputs borrows nobody"
            yield Problem(key, what, "another way, or no cohort.borrow beside it")


def _draw_problems(study: Study) -> Iterator[Problem]:
    """Find candidates of times that draw missing inputs another number of times than the first that draws."""
    drawn = [
        (position, one.imputation.draws)
        for position, one in enumerate(study.candidates)
        if isinstance(one.imputation, MultipleImputation)
    ]
    for position, draws in drawn if study.timed_outcome else ():
        if draws != drawn[0][1]:
            key: KeyPath = ("candidates", position, "imputation", "draws")
            # The curves of one draw are put together, of all parts and causes, before draws are set beside each other.
            what = f"{dotted(key)}: {draws} draws, and {drawn[0][1]} in candidate {drawn[0][0] + 1} of a study of times"
            yield Problem(key, what, "as many draws in every candidate that draws")


def _venn_abers_problems(study: Study) -> Iterator[Problem]:
    """Find outcomes of which Venn-Abers knows no probability."""
    if not study.uncertainty.venn_abers:
        return
    key: KeyPath = ("uncertainty", "venn_abers")
    if other := _other_than_an_event(study):
        what = f"uncertainty.venn_abers: it gives probabilities of one event, and this study predicts {other}"
        yield Problem(key, what, "false, or a study of one event")
    elif getattr(study.outcome, "censored", None) == "ipcw":
        what = "uncertainty.venn_abers: it needs everybody's outcome, and the censored are weighted for here"
        yield Problem(key, what, "false, or outcome.censored: exclude")


def _other_than_an_event(study: Study) -> str:
    """Say what a study predicts where it is not one event; empty where it is."""
    if isinstance(study.outcome, QuantityOutcome):
        return "a quantity"
    if isinstance(study.outcome, OrdinalOutcome):
        return "ordered levels"
    return "times" if study.timed_outcome else ""


def _borrow_problems(study: Study) -> Iterator[Problem]:
    """Find what keeps a study from borrowing."""
    key: KeyPath = ("cohort", "borrow")
    if study.cohort.borrow is None:
        return
    if other := _other_than_an_event(study):
        yield Problem(key, f"cohort.borrow: a model of {other} borrows nobody", "a study of one event")
    if study.resampling.group is not None:
        what = "cohort.borrow: nobody can tell whether a borrowed patient belongs to a group that is judged"
        yield Problem(key, what, "no resampling.group beside it", "leave one of them out (resampling.group: null)")
