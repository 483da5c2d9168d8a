"""What ``spinecast validate`` and ``spinecast update`` are asked alike: a model, an outcome and the patients."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spinecast.cli.validation_inputs import Reference
    from spinecast.cohorts.contract import ImpossibleValues
    from spinecast.cohorts.outcomes import Outcome
    from spinecast.models.loading import AnyModel
    from spinecast.training.study import Study
    from spinecast.validation.cohort_file import OpenedCohort, Wanted

__all__ = ["Asked", "asked_outcome_of", "impossible_values_named", "impossible_values_of", "open_asked", "wanted_of"]


class AskedPatients(Protocol):
    """What a command line says of a cohort's file, whatever is then done with it."""

    @property
    def study(self) -> Study | None: ...

    @property
    def cohort(self) -> str: ...

    @property
    def mapping(self) -> Path | None: ...

    @property
    def impossible(self) -> str | None: ...

    @property
    def synthetic(self) -> bool: ...


class Asked:
    """What was named on the command line, found.

    Parameters
    ----------
    reference : Reference
        What is judged or updated.
    study : Study, optional
        Whose outcome and column mapping are taken.
    cohort : str
        A file, or ``support:SUBSET``.
    mapping : pathlib.Path, optional
    compare : tuple of Reference
        Further models to set beside it.
    allow_missing : bool
        Whether predictors may be lacking.
    impossible : str, optional
        What becomes of impossible values.
    synthetic : bool
        Whether the patients are said not to be real.
    """

    outcome: Outcome
    # Days that were named; of a model of times those its study names are judged where none were.
    horizons: tuple[float, ...] = ()

    def __init__(
        self,
        *,
        reference: Reference,
        study: Study | None,
        cohort: str,
        mapping: Path | None,
        allow_missing: bool,
        impossible: str | None,
        synthetic: bool,
        compare: tuple[Reference, ...] = (),
    ) -> None:
        self.reference, self.study, self.cohort, self.mapping = reference, study, cohort, mapping
        self.compare, self.allow_missing, self.impossible = compare, allow_missing, impossible
        self.synthetic = synthetic


def asked_outcome_of(
    asked: Asked, time: str | None, event: str | None, horizons: tuple[float, ...], censored: str | None
) -> Outcome:
    """Return the outcome: that of the options, else of the study, else of the model.

    Raises
    ------
    SpinecastError
        If there is none, the options do not fit together or the model, or a word is not known.
    """
    from spinecast.models.prognosis_model import PrognosisModel

    model = asked.reference.model
    if model is not None and not isinstance(model, PrognosisModel):
        return _own_outcome(asked, model, time, event, horizons, censored)
    return _event_outcome(asked, time, event, horizons, censored)


def _event_outcome(
    asked: Asked, time: str | None, event: str | None, horizons: tuple[float, ...], censored: str | None
) -> Outcome:
    from spinecast.cohorts.outcomes import HorizonOutcome
    from spinecast.errors import ContractError
    from spinecast.training.plan import outcome_definition
    from spinecast.validation.recorded_outcome import outcome_from_record, with_censoring

    if len(horizons) > 1:
        raise ContractError(
            f"{asked.reference.text} predicts an event by one day",
            where=f"--horizon {' --horizon '.join(f'{day:g}' for day in horizons)}",
            expected="one --horizon; a model of times takes several",
        )
    if horizons:
        outcome = HorizonOutcome(time or "follow_up_time", event or "death", horizons[0], censored="ipcw")
        return with_censoring(outcome, censored)
    if time is not None or event is not None:
        raise ContractError("--outcome-time and --outcome-event need the day", expected="--horizon DAYS beside them")
    if asked.study is not None:
        return with_censoring(outcome_definition(asked.study), censored)
    if asked.reference.model is None:
        raise ContractError(
            f"{asked.reference.text} has no outcome of its own",
            expected="--horizon DAYS (death by that day), or --study STUDY",
        )
    return with_censoring(outcome_from_record(asked.reference.model.about.get("outcome")), censored)


def _own_outcome(
    asked: Asked,
    model: AnyModel,
    time: str | None,
    event: str | None,
    horizons: tuple[float, ...],
    censored: str | None,
) -> Outcome:
    """Return the outcome of a model of times, a quantity or levels: it answers no other, and needs no day to be one."""
    from dataclasses import replace

    from spinecast.cohorts.outcomes import CompetingRisksOutcome, OrdinalOutcome, QuantityOutcome, TimeToEventOutcome
    from spinecast.errors import ContractError
    from spinecast.training.plan import any_definition
    from spinecast.validation.recorded_outcome import outcome_from_record, outcome_variables, with_censoring

    recorded = outcome_from_record(model.about.get("outcome"))
    if time is not None or event is not None:
        raise ContractError(
            f"{asked.reference.text} says itself what it predicts: {', '.join(outcome_variables(recorded))}",
            where="--outcome-time, --outcome-event",
            remedy="map the file's columns to these variables with --mapping",
        )
    if asked.study is not None:
        studied = any_definition(asked.study)
        if outcome_variables(studied) != outcome_variables(recorded) or type(studied) is not type(recorded):
            raise ContractError(
                f"another outcome than the model's: {asked.study.study} has {', '.join(outcome_variables(studied))}, "
                f"the model {', '.join(outcome_variables(recorded))}",
                where="--study",
                expected="a study of the outcome the model was made for",
                remedy="leave --study out",
            )
    recorded = with_censoring(recorded, censored)
    if isinstance(recorded, TimeToEventOutcome | CompetingRisksOutcome):
        asked.horizons = tuple(sorted(set(horizons)))
        return replace(recorded, horizons_days=asked.horizons or tuple(recorded.horizons_days))
    if horizons:
        named = {QuantityOutcome: "a quantity", OrdinalOutcome: "ordered levels"}
        kind = named.get(type(recorded), "an event by one day")
        raise ContractError(f"{asked.reference.text} predicts {kind}: it has no horizon", where="--horizon")
    return recorded


def wanted_of(
    asked: Asked,
    compared: Sequence[Reference],
    development: Sequence[str],
    subgroups: Sequence[str],
    trained: Study | None,
) -> Wanted:
    """Return what is read of the cohort: what the model and the outcome need, and what else is of use."""
    from spinecast.validation.cohort_file import Wanted
    from spinecast.validation.recorded_outcome import outcome_variables

    outcome = outcome_variables(asked.outcome)
    useful = [name for reference in compared for name in (*reference.inputs, *reference.alternatives)]
    study = asked.study or trained
    useful += [*asked.reference.alternatives, *development, *subgroups]
    useful += [entry.variable for entry in study.comparators] if study else []
    return Wanted(
        predictors=asked.reference.inputs,
        outcome=outcome,
        useful=tuple(name for name in dict.fromkeys(useful) if name not in (*asked.reference.inputs, *outcome)),
        allow_lacking=asked.allow_missing,
        impossible_values=impossible_values_of(asked),
    )


def impossible_values_of(asked: AskedPatients) -> ImpossibleValues | None:
    """Return what becomes of impossible values: what the option says, else the study; None where neither does.

    Raises
    ------
    SpinecastError
        If the option's word is not known.
    """
    if asked.impossible is None:
        return asked.study.cohort.impossible_values if asked.study else None
    return impossible_values_named(asked.impossible)


def impossible_values_named(given: str | None) -> ImpossibleValues | None:
    """Return what --impossible says.

    Raises
    ------
    SpinecastError
        If the word is not known.
    """
    from typing import get_args

    from spinecast.cohorts.contract import ImpossibleValues
    from spinecast.errors import SpinecastError, nearest

    known = {str(word): word for word in get_args(ImpossibleValues)}
    if given is None or given in known:
        return None if given is None else known[given]
    close = nearest(given, known)
    raise SpinecastError(
        f"{given!r} says nothing of impossible values",
        where="--impossible",
        expected=f"one of {', '.join(known)}",
        remedy=f"did you mean {close}?" if close else None,
    )


def open_asked(asked: AskedPatients, wanted: Wanted) -> OpenedCohort:
    """Open the patients; whoever says that they are made up is believed, and so is a file that says it itself.

    Raises
    ------
    SpinecastError
        If they cannot be opened through the contract.
    """
    from dataclasses import replace

    opened = _opened(asked, wanted)
    return replace(opened, cohort=replace(opened.cohort, kind="synthetic")) if asked.synthetic else opened


def _opened(asked: AskedPatients, wanted: Wanted) -> OpenedCohort:
    from spinecast.training.study.sources import TableSource
    from spinecast.validation.cohort_file import open_cohort, open_like_study

    if asked.study is None or asked.mapping is not None or asked.cohort.startswith("support:"):
        return open_cohort(asked.cohort, asked.mapping, wanted)
    if not isinstance(asked.study.cohort.source, TableSource):
        return open_cohort(asked.cohort, None, wanted)
    return open_like_study(_replaced_source(asked.study, Path(asked.cohort)), wanted)


def _replaced_source(study: Study, path: Path) -> Any:
    """Return the study's source with another file: its columns, identifiers, and whether its patients are real."""
    from spinecast.cohorts.sources import CsvSource, ParquetSource
    from spinecast.training.study.sources import CsvSource as CsvBlock
    from spinecast.training.study.sources import TableSource
    from spinecast.validation.cohort_file import is_parquet

    source = study.cohort.source
    if not isinstance(source, TableSource):
        raise TypeError("the study reads no table")
    shared: dict[str, Any] = {
        "path": path,
        "id_column": source.id_column,
        "columns": {name: column.model_dump() for name, column in source.columns.items()},
        "group_column": source.group_column,
        "synthetic": source.synthetic,  # a study of made-up patients speaks for the file that takes its place
    }
    if is_parquet(path):
        return ParquetSource(**shared)
    if isinstance(source, CsvBlock):
        return CsvSource(**shared, separator=source.separator, decimal=source.decimal)
    return CsvSource(**shared)
