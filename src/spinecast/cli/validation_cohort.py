"""What ``spinecast validate`` and ``spinecast update`` are asked alike: a model, an outcome and the patients."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spinecast.cli.validation_inputs import Reference
    from spinecast.cohorts.outcomes import BinaryRisk
    from spinecast.training.study import Study
    from spinecast.validation.cohort_file import OpenedCohort, Wanted

__all__ = ["Asked", "asked_outcome_of", "open_asked", "wanted_of"]


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

    outcome: BinaryRisk

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
    asked: Asked, time: str | None, event: str | None, horizon: float | None, censored: str | None
) -> BinaryRisk:
    """Return the outcome: that of the options, else of the study, else of the model.

    Raises
    ------
    SpinecastError
        If there is none, the options do not fit together, or a word is not known.
    """
    from spinecast.cohorts.outcomes import HorizonOutcome
    from spinecast.errors import ContractError
    from spinecast.training.plan import outcome_definition
    from spinecast.validation.recorded_outcome import outcome_from_record, with_censoring

    if horizon is not None:
        return with_censoring(
            HorizonOutcome(time or "follow_up_time", event or "death", horizon, censored="ipcw"), censored
        )
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
        impossible_values=_impossible(asked),
    )


def _impossible(asked: Asked) -> Any:
    from typing import get_args

    from spinecast.cohorts.contract import ImpossibleValues
    from spinecast.errors import SpinecastError, nearest

    known = get_args(ImpossibleValues)
    if asked.impossible is None:
        return asked.study.cohort.impossible_values if asked.study else None
    if asked.impossible in known:
        return asked.impossible
    close = nearest(asked.impossible, known)
    raise SpinecastError(
        f"{asked.impossible!r} says nothing of impossible values",
        where="--impossible",
        expected=f"one of {', '.join(known)}",
        remedy=f"did you mean {close}?" if close else None,
    )


def open_asked(asked: Asked, wanted: Wanted) -> OpenedCohort:
    """Open the patients; whoever says that they are made up is believed, and so is a file that says it itself.

    Raises
    ------
    SpinecastError
        If they cannot be opened through the contract.
    """
    from dataclasses import replace

    opened = _opened(asked, wanted)
    return replace(opened, cohort=replace(opened.cohort, kind="synthetic")) if asked.synthetic else opened


def _opened(asked: Asked, wanted: Wanted) -> OpenedCohort:
    from spinecast.training.study.sources import TableSource
    from spinecast.validation.cohort_file import open_cohort, open_like_study

    if asked.study is None or asked.mapping is not None or asked.cohort.startswith("support:"):
        return open_cohort(asked.cohort, asked.mapping, wanted)
    if not isinstance(asked.study.cohort.source, TableSource):
        return open_cohort(asked.cohort, None, wanted)
    return open_like_study(_replaced_source(asked.study, Path(asked.cohort)), wanted)


def _replaced_source(study: Study, path: Path) -> Any:
    """Return the study's source with another file: its mapping, identifier and group column, and its separator."""
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
    }
    if is_parquet(path):
        return ParquetSource(**shared)
    if isinstance(source, CsvBlock):
        return CsvSource(**shared, separator=source.separator, decimal=source.decimal)
    return CsvSource(**shared)
