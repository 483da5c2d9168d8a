"""The study: one YAML file as a frozen model, from the patients to the figures of its report.

Making a :class:`Study` judges what can be judged from the file alone. The variable dictionary and the catalogue of
algorithms have their say in :func:`spinecast.training.study.file.check_study`, when a file is read and before training.
"""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import Any, Self

from pydantic import Field, PrivateAttr, model_validator

from spinecast.clinical.declared import PREDICTOR_CHOICE, PredictorChoice
from spinecast.documents import (
    Block,
    DocumentKind,
    Identifier,
    KeyPath,
    Names,
    Origin,
    Seed,
    Text,
    broken_rules,
    write_yaml,
)
from spinecast.errors import StudyError
from spinecast.files import canonical_json, sha256_bytes
from spinecast.training.published import published_inputs
from spinecast.training.study.agreement import agreement_problems
from spinecast.training.study.candidates import FinalSpec, WinnerFinal
from spinecast.training.study.design import SampleSizeSpec
from spinecast.training.study.features import FeatureBlockSpec
from spinecast.training.study.judging import (
    Comparator,
    EvaluationSpec,
    ExplanationSpec,
    InternalValidationSpec,
    ResamplingSpec,
    TuningSpec,
)
from spinecast.training.study.kinds import NOTHING_FITTED_AGAIN_UNASKED, Candidate, OutcomeSpec
from spinecast.training.study.missing import MissingSpec, with_handling
from spinecast.training.study.reporting import ReportingSpec
from spinecast.training.study.search import search_space
from spinecast.training.study.sources import CohortSpec
from spinecast.training.study.times import TimedOutcomeSpec
from spinecast.training.study.uncertainty import UncertaintySpec

__all__ = [
    "STUDY",
    "Candidate",
    "CohortSpec",
    "Comparator",
    "OutcomeSpec",
    "Study",
    "resolved_yaml",
    "search_space",
    "study_hash",
]

STUDY = DocumentKind(
    "study",
    StudyError,
    override_example="tuning.trials=10",
    kinds_elsewhere={"native": "only xgboost takes missing values as they are; leave imputation out or name another"},
)


class TrackingSpec(Block):
    """Where the run is kept."""

    experiment: Text | None = Field(
        default=None, description="MLflow experiment; the study's identifier when left out."
    )


class Study(Block):
    """One study: patients, outcome, predictors, candidates, and how they are tuned, judged and explained."""

    study: Identifier = Field(description="Identifier of the study and name of its model: snake_case.")
    title: Text = Field(description="One line for people, shown on every report and page.")
    description: str | None = Field(default=None, description="What the study is for, in a few sentences.")
    seed: Seed = Field(default=1, description="Start of every random draw: same study, cohort and seed, same numbers.")
    cohort: CohortSpec = Field(description="The patients.")
    outcome: OutcomeSpec = Field(description="What is predicted.")
    predictors: Names = Field(
        min_length=1,
        description="Dictionary variables known when the prediction is made, and names of `features` blocks.",
    )
    features: tuple[FeatureBlockSpec, ...] = Field(
        default=(), description="Features computed from images, from a table of their own or the cohort's."
    )
    predictor_choice: PredictorChoice | None = Field(default=None, description=PREDICTOR_CHOICE)
    published: Names = Field(
        default=(),
        description="Published scores and models, of those `spinecast scores --list` names, computed from the cohort's "
        "own variables and judged beside the model of times at every horizon. Never a predictor.",
    )
    horizon_studies: Names = Field(
        default=(),
        description="Studies of one day whose results stand in the folder around this study's own: their out-of-fold "
        "risks are judged beside the model of times at their day, in the same patients.",
    )
    missing: MissingSpec = Field(default=MissingSpec(), description="How missing inputs are met.")
    comparators: tuple[Comparator, ...] = Field(default=(), description="Other models' risks to compare with.")
    resampling: ResamplingSpec = Field(default=ResamplingSpec(), description="Folds that judge and folds that tune.")
    tuning: TuningSpec = Field(default=TuningSpec(), description="Search over each candidate's parameters.")
    candidates: tuple[Candidate, ...] = Field(min_length=1, description="The algorithms that are compared.")
    final: FinalSpec = Field(default=WinnerFinal(kind="winner"), description="Which candidates make the final model.")
    internal_validation: InternalValidationSpec = Field(
        default=InternalValidationSpec(), description="What is fitted again to judge the model beside the outer folds."
    )
    evaluation: EvaluationSpec = Field(default=EvaluationSpec(), description="What the validation shows.")
    sample_size: SampleSizeSpec = Field(
        default=SampleSizeSpec(), description="What is anticipated, to say whether the patients suffice."
    )
    uncertainty: UncertaintySpec = Field(
        default=UncertaintySpec(), description="What stands beside the interval of every risk."
    )
    explanation: ExplanationSpec = Field(default=ExplanationSpec(), description="How the model is explained.")
    tracking: TrackingSpec = Field(default=TrackingSpec(), description="Where the run and its model are kept.")
    reporting: ReportingSpec = Field(
        default=ReportingSpec(), description="The authors' words for the reporting forms; no number depends on them."
    )

    _origin: Origin = PrivateAttr(default=Origin(STUDY))

    @property
    def origin(self) -> Origin:
        """Where the study was read."""
        return self._origin

    @property
    def timed_outcome(self) -> TimedOutcomeSpec | None:
        """The outcome where it is a time, with or without competing causes; None where it is had or not."""
        return self.outcome if isinstance(self.outcome, TimedOutcomeSpec) else None

    def with_origin(self, origin: Origin) -> Self:
        """Return the same study, read elsewhere."""
        copy = self.model_copy()
        copy._origin = origin
        return copy

    def resolve_path(self, path: str) -> Path:
        """Return a path of the study file as seen from its folder."""
        return self._origin.folder / path

    @property
    def feature_blocks(self) -> dict[str, FeatureBlockSpec]:
        """The blocks of image features, by name."""
        return {block.name: block for block in self.features}

    def groupings(self) -> dict[KeyPath, str]:
        """Name what tells groups of patients apart, by the key that asks for it: a variable or the table's column."""
        sites = self.internal_validation.internal_external
        named: dict[KeyPath, str | None] = {("resampling", "group"): self.resampling.group}
        named["internal_validation", "internal_external", "by"] = sites.by if sites else None
        return {key: name for key, name in named.items() if name is not None}

    def variables_read(self) -> dict[KeyPath, str]:
        """Name every dictionary variable the study reads, by the key that asks for it."""
        blocks = self.feature_blocks
        named: dict[KeyPath, str] = {
            ("predictors", i): name for i, name in enumerate(self.predictors) if name not in blocks
        }
        for position, candidate in enumerate(self.candidates):
            for i, name in enumerate(candidate.predictors or ()):
                if name not in blocks:
                    named["candidates", position, "predictors", i] = name
        for position, name in enumerate(self.published):
            for input_name in published_inputs(name):
                named["published", position, input_name] = input_name
        for key in ("time", "event", "status", "variable"):
            if key in type(self.outcome).model_fields:
                named["outcome", key] = getattr(self.outcome, key)
        return named | {("comparators", i, "variable"): entry.variable for i, entry in enumerate(self.comparators)}

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, given: Any) -> Any:
        """Keep the run under the study's own name, and the table's groups together, unless the study says otherwise."""
        if not isinstance(given, dict):
            return given
        cohort = given.get("cohort")
        source = cohort.get("source") if isinstance(cohort, dict) else None
        column = source.get("group_column") if isinstance(source, dict) else None
        filled = dict(given)
        for block, key, value in (("tracking", "experiment", given.get("study")), ("resampling", "group", column)):
            own = given.get(block, {})
            if isinstance(value, str) and value and isinstance(own, dict):
                filled[block] = {key: value} | own
        if "candidates" in given:
            filled["candidates"] = with_handling(given["candidates"], given.get("missing"))
        judged = given.get("internal_validation")
        sites = judged.get("internal_external") if isinstance(judged, dict) else None
        if isinstance(judged, dict) and isinstance(sites, dict) and isinstance(column, str):
            filled["internal_validation"] = judged | {"internal_external": {"by": column} | sites}
        outcome = given.get("outcome")
        if isinstance(outcome, dict) and outcome.get("kind") in NOTHING_FITTED_AGAIN_UNASKED:
            # They have several searches' or levels' worth of fits already: nothing is fitted again unless asked for.
            filled.setdefault("internal_validation", {"bootstrap": None})
        return filled

    @model_validator(mode="after")
    def _agree(self) -> Self:
        problems = list(agreement_problems(self))
        if problems:
            raise broken_rules("Study", problems)
        return self


def resolved_yaml(study: Study) -> str:
    """Return the whole study as canonical YAML, every default written out. Reading it gives the same study."""
    return write_yaml(study.model_dump(mode="json"))


def study_hash(study: Study) -> str:
    """Return the SHA-256 of the resolved study.

    It is the same wherever the study file lies: of an absolute path to a table only the file name counts (the
    table's content has its own fingerprint, the cohort's). The authors' words have no part in it: no number depends on
    them.
    """
    content = study.model_dump(mode="json", exclude={"reporting"})
    sources = [content["cohort"]["source"], (content["cohort"]["borrow"] or {}).get("source", {})]
    for key, place in (*(("path", source) for source in sources), *(("table", one) for one in content["features"])):
        if place.get(key) and PurePath(place[key]).is_absolute():
            place[key] = PurePath(place[key]).name
    return sha256_bytes(canonical_json(content).encode("utf-8"))
