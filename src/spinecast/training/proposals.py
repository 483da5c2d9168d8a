"""What is tried next: Optuna's proposals for one unit, the same whether it was interrupted or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spinecast.models.catalogue import Choice, Dimension
from spinecast.models.survival.catalogue import any_family
from spinecast.training.checkpoint import FinishedTrial
from spinecast.training.seeds import derive_seed
from spinecast.training.tuning_unit import BORROWED_WEIGHT, CandidatePlan, TuningUnit

if TYPE_CHECKING:
    import optuna

__all__ = ["Proposals"]


class Proposals:
    """Optuna's tree-structured Parzen estimator over the finished trials of one unit.

    A new sampler with its own seed is set before each proposal, so that a resumed unit proposes what the
    uninterrupted one would have proposed.
    """

    def __init__(self, unit: TuningUnit, finished: list[FinishedTrial]) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.unit = unit
        self.searched = {
            name: _distribution(dimension)
            for name, dimension in unit.candidate.search_space.items()
            if _open(dimension)
        }
        self.fixed: dict[str, float | int] = {
            name: _only_value(dimension)
            for name, dimension in unit.candidate.search_space.items()
            if not _open(dimension)
        }
        self.study = optuna.create_study(direction="minimize")
        for trial in finished:
            self.tell(trial)

    def ask(self, number: int) -> dict[str, float | int]:
        """Propose the parameters of the trial with a number."""
        import optuna

        unit = self.unit
        lent = unit.candidate.search_space.get(BORROWED_WEIGHT)
        if isinstance(lent, Choice) and number < len(lent.options):
            # Each weight once with all else alike, before the sampler changes everything at a time.
            return _defaults_within(unit.candidate) | {BORROWED_WEIGHT: lent.options[number]}
        if number == 0:
            return _defaults_within(unit.candidate)
        if not self.searched:
            return dict(self.fixed)
        self.study.sampler = optuna.samplers.TPESampler(
            seed=derive_seed(unit.seed, "proposal", unit.split.name, unit.candidate.name, number),
            n_startup_trials=unit.candidate.startup_trials,
        )
        proposed = self.study.ask(fixed_distributions=self.searched)
        parameters = dict(proposed.params)
        self.study.tell(proposed, state=optuna.trial.TrialState.FAIL)  # the journal tells it again when it is finished
        return self.fixed | parameters

    def tell(self, trial: FinishedTrial) -> None:
        """Let the sampler know how a trial went."""
        import optuna

        self.study.add_trial(
            optuna.trial.create_trial(
                params={name: trial.parameters[name] for name in self.searched},
                distributions=self.searched,
                value=trial.loss,
            )
        )


def _open(dimension: Dimension) -> bool:
    if isinstance(dimension, Choice):
        return len(dimension.options) > 1
    return dimension.low < dimension.high


def _only_value(dimension: Dimension) -> float | int:
    return dimension.options[0] if isinstance(dimension, Choice) else dimension.low


def _distribution(dimension: Dimension) -> optuna.distributions.BaseDistribution:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(dimension, Choice):
        return CategoricalDistribution(dimension.options)
    if dimension.whole:
        return IntDistribution(int(dimension.low), int(dimension.high), log=dimension.log)
    return FloatDistribution(dimension.low, dimension.high, log=dimension.log)


def _defaults_within(candidate: CandidatePlan) -> dict[str, float | int]:
    """The family's defaults, drawn into a search space the study has narrowed."""
    defaults = any_family(candidate.family).defaults
    inside: dict[str, float | int] = {}
    for name, dimension in candidate.search_space.items():
        if isinstance(dimension, Choice):
            # What no algorithm has a default for, the weight of borrowed patients, begins with the least.
            inside[name] = defaults[name] if defaults.get(name) in dimension.options else dimension.options[0]
        else:
            drawn = min(max(defaults[name], dimension.low), dimension.high)
            inside[name] = int(drawn) if dimension.whole else drawn
    return inside
