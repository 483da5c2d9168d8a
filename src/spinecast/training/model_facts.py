"""What models of every kind are told of their training: the predictors they ask for, and where they come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from spinecast.cohorts.cohort import Cohort
from spinecast.notices import RESEARCH_USE
from spinecast.training.environment import package_versions
from spinecast.training.features import described_blocks
from spinecast.training.plan import model_predictors
from spinecast.training.study import Study, study_hash
from spinecast.training.tuning_unit import CandidatePlan

__all__ = ["about_model", "chosen_predictors"]


def chosen_predictors(study: Study, plans: Mapping[str, CandidatePlan], chosen: Iterable[str]) -> tuple[str, ...]:
    """Return the predictors of some candidates, in the order of the study.

    Those of the chosen candidates alone: an input that moves no risk must not be asked for, nor counted as missing.

    Parameters
    ----------
    study : Study
    plans : mapping of str to CandidatePlan
        All candidates, by name.
    chosen : iterable of str
    """
    used = {predictor for name in chosen for predictor in plans[name].predictors}
    return tuple(name for name in model_predictors(study) if name in used)


def about_model(
    study: Study, cohort: Cohort, predictors: Sequence[str], outcome: Mapping[str, Any], counted: Mapping[str, int]
) -> dict[str, Any]:
    """Say where a model comes from and what it is for: JSON values that go with it.

    Parameters
    ----------
    study : Study
    cohort : Cohort
    predictors : sequence of str
        The model's.
    outcome : mapping
        What is said of the outcome beside the study's own block.
    counted : mapping of str to int
        Patients who were analysed, ``n``, and what else is counted of them.
    """
    described = described_blocks(study, cohort, predictors)
    decline = study.missing.decline.model_dump(mode="json", exclude_defaults=True)
    return {
        "title": study.title,
        "use": RESEARCH_USE,
        "outcome": {**study.outcome.model_dump(mode="json"), **outcome},
        "cohort": {"name": cohort.name, "kind": cohort.kind, "fingerprint": cohort.fingerprint, **counted},
        **({"features": described} if described else {}),
        **({"decline": decline} if decline else {}),
        "study_hash": study_hash(study),
        "seed": study.seed,
        "versions": package_versions(),
    }
