"""The file that declares what each gate asks for, every bound with its source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from spinecast.delivered import delivered_folder
from spinecast.documents import (
    Block,
    DocumentKind,
    Identifier,
    Number,
    Probability,
    Problem,
    Text,
    Whole,
    broken_rules,
    did_you_mean,
    read_document,
)
from spinecast.errors import DocumentError
from spinecast.files import sha256_file
from spinecast.reporting.records.known_measures import words_of
from spinecast.validation.checks import CHECKS, Severity

__all__ = ["DEFAULT_GATES", "Between", "Bound", "Gates", "GroupBound", "PredictedKind", "ReadGates", "read_gates"]

GATES = DocumentKind("gates", DocumentError)
PredictedKind = Literal["event", "time_to_event", "competing_risks", "quantity", "ordinal"]
"""What a model predicts, as studies call it; one event by a day, or at all, is an event."""
NotAssessed = Literal["passes", "fails"]

DEFAULT_GATES = "gates.yaml"
"""The file that comes with spinecast, below its configs."""


def _ordered(limits: tuple[int | float, int | float]) -> tuple[int | float, int | float]:
    if limits[0] >= limits[1]:
        raise ValueError("the first limit is not below the second")
    return limits


Between = Annotated[tuple[Number, Number], AfterValidator(_ordered)]


class Bound(Block):
    """What a measure of the whole cohort must lie between."""

    measure: Identifier = Field(description="Name of the measure in the record of a validation.")
    kinds: tuple[PredictedKind, ...] = Field(min_length=1, description="The kinds of model it is asked of.")
    estimate: Between = Field(description="Limits of the estimate.")
    interval: Between | None = Field(default=None, description="Limits that the whole 95 % interval must lie within.")
    source: Text = Field(description="Where the limits come from; a convention of one's own says so.")


class GroupBound(Block):
    """What a measure must not surely lie outside of in any group of patients."""

    measure: Identifier = Field(description="Name of the measure in the groups of a validation.")
    kinds: tuple[PredictedKind, ...] = Field(min_length=1, description="The kinds of model it is asked of.")
    tolerated: Between = Field(description="A group is harmed where the whole 95 % interval lies outside.")
    source: Text = Field(description="Where the limits come from.")


class ExternalValidationGate(Block):
    """On how many cohorts of other patients a version must be validated."""

    not_assessed: NotAssessed = Field(
        description="What becomes of a version whose development patients nobody could look for among the others."
    )
    fewest: Annotated[Whole, Field(ge=1)] = Field(description="Cohorts of other patients, by `spinecast validate`.")
    source: Text = Field(description="Where it comes from.")
    overlap_source: Text = Field(description="Why people in both cohorts are looked for.")


class MeasuredGate(Block):
    """Measures, each within its bounds."""

    not_assessed: NotAssessed = Field(description="What becomes of a version of which they are not known.")
    bounds: tuple[Bound, ...] = Field(min_length=1, description="The measures.")


class SubgroupGate(Block):
    """What counts as harm to a group of patients."""

    not_assessed: NotAssessed = Field(description="What becomes of a version of which no group was judged.")
    fewest_patients: Annotated[Whole, Field(ge=1)] = Field(description="Fewest patients of a group that is judged.")
    fewest_events: Annotated[Whole, Field(ge=1)] = Field(
        description="A validation must show groups from so many patients with the event, and as many without, on."
    )
    fewest_source: Text = Field(description="Where that comes from.")
    thresholds: tuple[Probability, ...] = Field(
        min_length=1, description="Risks at which a validation must judge the net benefit of groups, and at no others."
    )
    bounds: tuple[GroupBound, ...] = Field(min_length=1, description="The measures.")
    net_benefit_check: Text = Field(description="Code of the check that judges the net benefit of groups.")
    net_benefit_source: Text = Field(description="Where its bounds come from.")


class SampleSizeGate(Block):
    """How many patients there must be."""

    not_assessed: NotAssessed = Field(description="What becomes of a version whose size was not judged.")
    development_share: Annotated[Number, Field(gt=0)] = Field(
        description="Patients of the development over those that its criteria ask for, at least."
    )
    development_source: Text = Field(description="Where it comes from.")
    fewest_events: Annotated[Whole, Field(ge=1)] = Field(description="Fewest events of a validation that decides.")
    fewest_without: Annotated[Whole, Field(ge=1)] = Field(description="Fewest patients in it without the event.")
    validation_source: Text = Field(description="Where these come from.")


class ChecksGate(Block):
    """Which findings of coded checks refuse a version."""

    not_assessed: NotAssessed = Field(description="What becomes of a version whose record holds no checks.")
    refused: tuple[Severity, ...] = Field(min_length=1, description="Severities that refuse.")
    source: Text = Field(description="Where it comes from.")


class SourcedGate(Block):
    """A gate without a number."""

    source: Text = Field(description="Where it comes from.")


class Gates(Block):
    """All gates; one that is left out is an error, not an open door."""

    gates: Identifier = Field(description="Name of these gates: snake_case.")
    title: Text = Field(description="What readers call them.")
    external_validation: ExternalValidationGate
    calibration_slope: MeasuredGate
    calibration_in_the_large: MeasuredGate
    subgroup_harm: SubgroupGate
    sample_size: SampleSizeGate
    checks: ChecksGate
    model_card: SourcedGate
    synthetic_patients: SourcedGate

    @model_validator(mode="after")
    def _known(self) -> Self:
        """Refuse a measure that no model of its kind has, and a check that there is not."""
        problems = []
        asked: dict[str, Sequence[Bound | GroupBound]] = {
            "calibration_slope": self.calibration_slope.bounds,
            "calibration_in_the_large": self.calibration_in_the_large.bounds,
            "subgroup_harm": self.subgroup_harm.bounds,
        }
        for gate, bounds in asked.items():
            for at, bound in enumerate(bounds):
                for kind in bound.kinds:
                    known = words_of(kind)
                    if bound.measure not in known:
                        what = f"a model of the kind {kind} has no measure {bound.measure!r}"
                        remedy = did_you_mean(bound.measure, known)
                        problems.append(Problem((gate, "bounds", at, "measure"), what, remedy=remedy))
        code = self.subgroup_harm.net_benefit_check
        if code not in CHECKS:
            place = ("subgroup_harm", "net_benefit_check")
            problems.append(Problem(place, f"there is no check {code}", expected="a code of spinecast checks list"))
        if problems:
            raise broken_rules("Gates", problems)
        return self


@dataclass(frozen=True)
class ReadGates:
    """Gates as they were read.

    Parameters
    ----------
    content : Gates
    file : str
        As it was named; ``gates.yaml`` of the one that comes with spinecast.
    sha256 : str
        Of the file's bytes.
    delivered : bool
        Whether the file is, byte for byte, the one that comes with spinecast.
    """

    content: Gates
    file: str
    sha256: str
    delivered: bool = True

    def to_dict(self) -> dict[str, Any]:
        """Return which gates they are as JSON values: whatever a file calls itself, its hash tells it."""
        return {"file": self.file, "name": self.content.gates, "sha256": self.sha256, "delivered": self.delivered}


def read_gates(path: Path | None = None) -> ReadGates:
    """Read gates from a file, or those that come with spinecast.

    Parameters
    ----------
    path : pathlib.Path, optional

    Raises
    ------
    DocumentError
        If it cannot be read, or is wrong: every problem with its line.
    """
    shipped = delivered_folder(DEFAULT_GATES)
    place = path or shipped
    content, _ = read_document(place, Gates, GATES)
    digest = sha256_file(place)
    return ReadGates(content, DEFAULT_GATES if path is None else str(path), digest, digest == sha256_file(shipped))
