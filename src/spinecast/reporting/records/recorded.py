"""One way to read what the record of a training, or of a validation, holds, and to point at where it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from spinecast.reporting import formatting as fmt
from spinecast.reporting.external_record import ExternalRecord
from spinecast.reporting.predictors import named_predictors
from spinecast.reporting.record import RunRecord
from spinecast.reporting.records.form import Design

__all__ = ["CheckStatus", "Recorded", "Said", "resolve"]

CheckStatus = Literal["found", "not found", "not applicable"]
# Candidates that are a logistic regression; every other one needs far more events for each parameter.
REGRESSIONS = ("elastic_net", "baseline")


@dataclass(frozen=True)
class Said:
    """What a record says of one thing.

    Parameters
    ----------
    text : str
        In whole sentences.
    evidence : tuple of str
        Where it stands: ``cohort.json#/attrition``.
    whole : bool
        Whether it is all that is asked for.
    """

    text: str
    evidence: tuple[str, ...]
    whole: bool = True


@dataclass(frozen=True)
class Recorded:
    """The record of a run, whichever it is, and the authors' words.

    Parameters
    ----------
    record : RunRecord or ExternalRecord
    authors : mapping of str to str
        The authors' words by the keys of a study's ``reporting:``; those of the record when left out.
    validations : tuple of Recorded
        The external validations of the same model, where whoever reads the record knows of them.
    ancestor : Recorded or None
        Of an updated model, the training it goes back to.
    """

    record: RunRecord | ExternalRecord
    authors: Mapping[str, str] = field(default_factory=dict)
    validations: tuple[Recorded, ...] = ()
    ancestor: Recorded | None = None

    @classmethod
    def of(cls, record: RunRecord | ExternalRecord, authors: Mapping[str, str | None] | None = None) -> Recorded:
        """Read a record with its own words of the authors, others put over them."""
        held = record.study.get("reporting") if isinstance(record, RunRecord) else record.about.get("reporting")
        words = {**(held or {}), **(authors or {})}
        return cls(record, {key: text for key, text in words.items() if text})

    @property
    def design(self) -> Design:
        """Whether a model was developed or one was evaluated."""
        return "development" if isinstance(self.record, RunRecord) else "evaluation"

    @cached_property
    def files(self) -> Mapping[str, Any]:
        """The content of the record's files, by their names."""
        record = self.record
        if isinstance(record, RunRecord):
            return {
                "study.yaml": record.study,
                "cohort.json": record.cohort,
                "evaluation.json": record.evaluation,
                "tuning.json": record.tuning,
                "explanation.json": record.explanation,
                "run.json": record.run,
                "internal.json": record.internal,
            }
        return {
            "about.json": record.about,
            "evaluation.json": record.evaluation,
            "cohort.json": record.cohort,
            "findings.json": record.findings,
        }

    def get(self, file: str, *keys: str) -> Any:
        """Return a part of a file; None where it is not there or absent for a reason."""
        value = self.files.get(file)
        for key in keys:
            if not isinstance(value, Mapping) or key not in value:
                return None
            value = value[key]
        return None if isinstance(value, Mapping) and "absent" in value else value

    def listed(self, file: str, *keys: str) -> Sequence[Any]:
        """Return a list of a file, empty where there is none."""
        return fmt.listed(self.get(file, *keys))

    @property
    def training(self) -> Recorded | None:
        """The record of the training the model comes from; None where it is not at hand."""
        return self if self.design == "development" else self.ancestor

    @property
    def elsewhere(self) -> tuple[Recorded, ...]:
        """Every record of the model on patients it was not made from: its validations, or itself if it is one."""
        own = (self,) if self.get("about.json", "kind") in ("validation", "evaluation") else ()
        return (*own, *self.validations)

    @property
    def study(self) -> Mapping[str, Any]:
        """The resolved study; empty for a validation."""
        return self.files.get("study.yaml") or {}

    @property
    def cohort_file(self) -> str:
        """The file that names the cohort and counts its patients."""
        return "cohort.json" if self.design == "development" else "about.json"

    @property
    def cohort_name(self) -> str:
        """What the cohort is called."""
        name = self.get("cohort.json", "name") or self.get("about.json", "cohort", "name")
        return fmt.plain(name or fmt.absent("not recorded"))

    @property
    def patients(self) -> int | None:
        """Patients of the cohort."""
        found = self.get("cohort.json", "patients") or self.get("about.json", "cohort", "patients")
        return int(found) if found is not None else None

    @property
    def title(self) -> str:
        """Title of the study or of the validation."""
        study = self.study
        return fmt.plain(study.get("title") or study.get("study") or self.get("about.json", "title") or "A study")

    @property
    def model_name(self) -> str:
        """What the model is called."""
        return fmt.plain(self.study.get("study") or self.get("about.json", "source", "label") or "the predictions")

    @property
    def outcome(self) -> Mapping[str, Any]:
        """The outcome as it was defined; ``kind`` is that of a study, whichever record it is."""
        if self.design == "development":
            return self.study.get("outcome") or {}
        definition = self.get("about.json", "outcome", "definition") or {}
        kind = str(definition.get("kind") or "").removesuffix("Outcome")
        spaced = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in kind).strip("_")
        return {**definition, "kind": spaced}

    @property
    def outcome_at(self) -> str:
        """Where the outcome is defined."""
        return "study.yaml#/outcome" if self.design == "development" else "about.json#/outcome"

    @property
    def is_death(self) -> bool:
        """Whether the outcome is death from any cause by a day."""
        return self.outcome.get("kind") in ("horizon", "landmark") and self.outcome.get("event") == "death"

    @property
    def n(self) -> int:
        """Patients judged."""
        return int(self.files["evaluation.json"]["n"])

    @property
    def events(self) -> int:
        """Events among them."""
        return int(self.files["evaluation.json"]["events"])

    @property
    def basis(self) -> str:
        """How the predictions judged came about."""
        return str(self.files["evaluation.json"]["basis"])

    @property
    def is_nested(self) -> bool:
        """Whether every step of building was inside the folds that judge."""
        return self.basis == "out-of-fold" and bool((self.study.get("resampling") or {}).get("inner_folds"))

    @property
    def predictors(self) -> Sequence[str]:
        """Names of the predictors, or of the inputs of what was judged."""
        own = named_predictors(self.study, self.files.get("cohort.json") or {})
        return own or self.listed("about.json", "source", "inputs")

    @property
    def predictors_at(self) -> str:
        """Where the predictors are named."""
        return "study.yaml#/predictors" if self.design == "development" else "about.json#/source/inputs"

    @property
    def parts(self) -> Sequence[Mapping[str, Any]]:
        """The candidates the final model is made of."""
        return [one for one in self.listed("evaluation.json", "candidates") if one.get("is_final_part")]

    @property
    def is_regression(self) -> bool | None:
        """Whether all parts of the final model are regressions; None where it is not known."""
        kinds = {entry.get("name") or entry.get("kind"): entry.get("kind") for entry in self.candidates}
        found = [kinds.get(part["name"]) for part in self.parts]
        return all(kind in REGRESSIONS for kind in found) if found and all(found) else None

    @property
    def candidates(self) -> Sequence[Mapping[str, Any]]:
        """The candidates the study names."""
        return fmt.listed(self.study.get("candidates"))

    @property
    def parameters(self) -> int | None:
        """Candidate predictor parameters: one a number, levels less one for a list; None where not recorded."""
        rows = {entry["variable"]: entry for entry in self.listed("cohort.json", "table_one")}
        if not self.predictors or any(name not in rows for name in self.predictors):
            return None
        levels = [
            sum(row.get("level") is not None for row in fmt.listed(rows[name].get("rows"))) for name in self.predictors
        ]
        return sum(max(count - 1, 1) for count in levels)

    @property
    def missing(self) -> Sequence[Mapping[str, Any]]:
        """Missing values of the predictors, most first."""
        named = set(self.predictors)
        rows = [row for row in self.listed("cohort.json", "missingness") if row["variable"] in named]
        return sorted(rows, key=lambda row: -row["proportion"])

    @property
    def not_analysed(self) -> int | None:
        """Patients of the cohort who are not among those judged; None where not recorded."""
        return None if self.patients is None else self.patients - self.n

    @property
    def predicts(self) -> str:
        """Kind of what is predicted where it is no single event: ``"quantity"``, ``"time_to_event"``; else empty."""
        return str(self.get("evaluation.json", "kind") or "")

    @property
    def counted(self) -> str:
        """What is counted as an event, in brackets, where the outcome itself is none; else empty."""
        if self.predicts not in ("quantity", "ordinal"):
            return ""
        return f" ({fmt.plain(self.get('evaluation.json', 'outcome', 'positive_label'))})"

    @property
    def checked_threshold(self) -> int | None:
        """Position of the threshold that is read as an event, of a quantity or of ordered levels; else None."""
        checked = self.get("evaluation.json", "checked_threshold")
        if checked is None or self.predicts == "ordinal":
            return None if checked is None else int(checked)
        found = [one["threshold"] for one in self.listed("evaluation.json", "thresholds")]
        return found.index(checked) if checked in found else None

    def place(self, part: str) -> str:
        """Where a part of the evaluation of one event stands, whether or not it is there.

        Parameters
        ----------
        part : str
            ``"measures/auc"``, ``"calibration_curve"``.
        """
        checked = self.checked_threshold
        return f"evaluation.json#/{part}" if checked is None else f"evaluation.json#/thresholds/{checked}/{part}"

    def of_one_event(self, part: str) -> Any:
        """Return a part of the evaluation of one event, None where it is not there or absent for a reason."""
        try:
            value = resolve(self, self.place(part))
        except KeyError:
            return None
        return None if isinstance(value, Mapping) and "absent" in value else value

    def measure(self, name: str) -> Mapping[str, Any] | None:
        """Return a measure of one event, None where it is absent.

        Of times it is the event by the day that checks read, of a quantity or of ordered levels passing a threshold.
        """
        found: Mapping[str, Any] | None = self.of_one_event(f"measures/{name}")
        return found

    def check(self, code: str) -> CheckStatus | None:
        """Say what a check found; None where it is not known whether it was made."""
        run = "run.json" if self.design == "development" else "findings.json"
        for made in self.listed(run, "checks_made"):
            if made.get("code") == code:
                return str(made.get("status"))  # type: ignore[return-value]
        found = any(check.get("code") == code for check in self.listed(run, "checks"))
        return "found" if found else None

    def finding(self, code: str) -> Said | None:
        """Return what a check found, in its own words."""
        file = "run.json" if self.design == "development" else "findings.json"
        for place, check in enumerate(self.listed(file, "checks")):
            if check.get("code") == code:
                text = f"{code} {fmt.plain(check.get('title'))}: {fmt.ended(check.get('finding') or '')}"
                return Said(text, (f"{file}#/checks/{place}",))
        return None


def resolve(recorded: Recorded, pointer: str) -> Any:
    """Return what a piece of evidence points at (RFC 6901 after the name of the file).

    Raises
    ------
    KeyError
        If the record holds nothing there.
    """
    file, _, path = pointer.partition("#")
    value = recorded.files[file]
    for step in path.split("/")[1:]:
        value = value[int(step)] if isinstance(value, list) else value[step.replace("~1", "/").replace("~0", "~")]
    return value
