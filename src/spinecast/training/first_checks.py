"""Checks that can be made before anything is fitted: their errors stop a run while it has cost nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spinecast.clinical.dictionary import variable
from spinecast.clinical.features import batch_name, features_together, is_batch
from spinecast.cohorts.checking.date_checks import measured_results
from spinecast.cohorts.checking.date_reading import read_dates
from spinecast.cohorts.checking.findings import FileFinding
from spinecast.cohorts.checking.findings import NotApplicable as FileNotApplicable
from spinecast.cohorts.checking.mapping import ColumnMapping, DateColumns, FileMapping
from spinecast.cohorts.checking.reading import map_table
from spinecast.cohorts.cohort import Cohort
from spinecast.cohorts.outcomes import LabelledOutcome
from spinecast.cohorts.sources import CsvSource, ParquetSource, read_csv, read_parquet
from spinecast.errors import ContractError
from spinecast.training.plan import candidate_parameters, cohort_source, model_predictors
from spinecast.training.resampling import ALL_PATIENTS, Split
from spinecast.training.study import Study
from spinecast.training.study.sources import TableSource
from spinecast.validation.checks import (
    Result,
    check_classes,
    check_dates,
    check_events,
    check_horizon,
    check_missingness,
    check_predictor_choice,
    check_predictor_roles,
    check_scanner_outcomes,
    check_scanner_patients,
    check_single_predictors,
    check_synthetic_cohort,
)

__all__ = ["first_checks"]

NEVER_WEIGHTED = "no algorithm of the catalogue weighs or resamples classes, and every score is recalibrated"


def first_checks(
    study: Study, cohort: Cohort, labelled: LabelledOutcome, splits: Sequence[Split]
) -> tuple[Result, ...]:
    """Make every check that needs no fit.

    Parameters
    ----------
    study : Study
    cohort : Cohort
    labelled : LabelledOutcome
        The patients who are analysed.
    splits : sequence of Split
        Their outer folds, and the split of all patients.

    Raises
    ------
    CohortError, ContractError
        If the table with the days on which variables were measured cannot be read again.
    """
    names = [name for name in model_predictors(study) if not is_batch(name)]
    predictors = [variable(name) for name in names]
    happened, did_not = labelled.known & (labelled.values == 1), labelled.known & (labelled.values == 0)
    rarer = happened if happened.sum() <= did_not.sum() else did_not
    by_fold = [int(rarer[split.test].sum()) for split in splits if split.name != ALL_PATIENTS]
    matrix = cohort.matrix(names)[labelled.rows]
    missing = np.isnan(matrix)
    shares = zip(missing[happened].mean(axis=0).tolist(), missing[did_not].mean(axis=0).tolist(), strict=True)
    known = labelled.known
    return (
        check_predictor_roles(predictors),
        check_events(int(rarer.sum()), candidate_parameters(study), by_fold),
        check_horizon(labelled.horizon_days, None if labelled.time is None else float(labelled.time.max())),
        check_synthetic_cohort(cohort.kind),
        check_missingness(dict(zip(names, shares, strict=True))),
        check_single_predictors(
            {name: matrix[known, place] for place, name in enumerate(names)},
            {entry.name: len(entry.levels) for entry in predictors if entry.kind == "nominal"},
            labelled.values[known],
            None if labelled.time is None else labelled.time[known],
        ),
        check_dates(
            predictors,
            _dated(study),
            undated="the study names no days: cohort.source.date_columns.index and measured_on",
        ),
        check_predictor_choice(study.predictor_choice, undeclared="the study has no predictor_choice"),
        check_classes(None, undeclared=NEVER_WEIGHTED),
        *_scanner_checks(study, cohort, labelled),
    )


def _scanner_checks(study: Study, cohort: Cohort, labelled: LabelledOutcome) -> tuple[Result, Result]:
    """Make the checks of the scanners behind image features."""
    none = "the study has no image features" if not study.features else "the features' scanners are not named"
    patients, outcomes = {}, {}
    for block in study.features:
        if block.batch is None:
            continue
        own = features_together(model_predictors(study))[block.name]
        imaged = cohort.frame[list(own)].notna().any(axis=1).to_numpy()[labelled.rows]
        texts = cohort.frame[batch_name(block.name)].iloc[labelled.rows].astype(object)
        of_scanner = {str(text): imaged & (texts == text).to_numpy() for text in texts[imaged].dropna().unique()}
        patients[block.name] = {name: int(rows.sum()) for name, rows in sorted(of_scanner.items())}
        outcomes[block.name] = {
            name: (int((rows & labelled.known).sum()), int(labelled.values[rows & labelled.known].sum()))
            for name, rows in sorted(of_scanner.items())
        }
    return check_scanner_patients(patients, none=none), check_scanner_outcomes(outcomes, none=none)


def _dated(study: Study) -> tuple[FileFinding | FileNotApplicable, ...] | None:
    """Return what the dates of a table say of its predictors; None where the study names none."""
    block = study.cohort.source
    if not isinstance(block, TableSource) or not block.measured_on or "index" not in block.date_columns:
        return None
    source = cohort_source(study)
    if isinstance(source, CsvSource):
        raw = read_csv(source, ()).table
    elif isinstance(source, ParquetSource):
        raw = read_parquet(source, ()).table
    else:
        return None
    lacking = [name for name in (block.date_columns["index"], *block.measured_on.values()) if name not in raw.columns]
    if lacking:
        raise ContractError(
            f"{source.path.name} has no column {lacking[0]!r} with days",
            where="cohort.source.date_columns and measured_on",
            expected=f"columns of the table for {', '.join(lacking)}",
        )
    mapping = ColumnMapping(date_columns=DateColumns(**block.date_columns), measured_on=block.measured_on)
    return measured_results(*read_dates(map_table(raw, FileMapping(mapping, given=True), name=source.path.name)))
