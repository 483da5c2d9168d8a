"""Image features of a study: which there are, how they are encoded, and the cohort that holds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from spinecast.clinical.dictionary import variable, variables
from spinecast.clinical.features import batch_code, batch_name, feature_name, features_together, is_feature_column
from spinecast.cohorts.cohort import Cohort
from spinecast.cohorts.feature_table import join_features, require_varying_features
from spinecast.cohorts.rules import canonical_key
from spinecast.cohorts.sources import CsvSource, ParquetSource, Source, build_cohort, read_table
from spinecast.cohorts.synthetic.recipe import find_recipe, load_recipe
from spinecast.errors import CohortError, ContractError
from spinecast.models.feature_blocks import FeatureBlock, Reduction
from spinecast.models.predictor_schema import PredictorSchema
from spinecast.training.study import Study
from spinecast.training.study.features import FeatureBlockSpec
from spinecast.training.study.sources import CsvSource as CsvSpec
from spinecast.training.study.sources import SyntheticSource, TableSource

__all__ = [
    "all_feature_names",
    "cohort_with_features",
    "described_blocks",
    "expanded_predictors",
    "feature_blocks",
    "feature_columns",
    "own_table_columns",
    "predictor_schema",
    "reads_from_source",
]


def expanded_predictors(study: Study, names: Sequence[str]) -> tuple[str, ...]:
    """Predictors with every block's name replaced by its batch, where it is harmonised, and its features."""
    found: dict[str, None] = {}
    for name in names:
        spec = study.feature_blocks.get(name)
        if spec is None:
            found[name] = None
            continue
        batch = (batch_name(name),) if spec.combat is not None else ()
        found |= dict.fromkeys((*batch, *feature_columns(study, spec)))
    return tuple(found)


def predictor_schema(study: Study, predictors: Sequence[str]) -> PredictorSchema:
    """What the encoder must know of some of a study's predictors, its image features among them."""
    return PredictorSchema.from_variables([variable(name) for name in predictors], feature_blocks(study))


def feature_blocks(study: Study) -> tuple[FeatureBlock, ...]:
    """The blocks of image features as the encoding takes them."""
    return tuple(_block(study, spec) for spec in study.features)


def _block(study: Study, spec: FeatureBlockSpec) -> FeatureBlock:
    reduction = Reduction(correlation=float(spec.reduction.correlation), most=spec.reduction.most)
    block = FeatureBlock(name=spec.name, features=tuple(feature_columns(study, spec)), reduction=reduction)
    combat = spec.combat
    if combat is None:
        return block
    return replace(
        block,
        batch=batch_name(spec.name),
        keep=combat.keep,
        parametric=combat.parametric,
        reference=None if combat.reference is None else batch_code(canonical_key(combat.reference)),
        unseen=combat.unseen,
        fewest=combat.fewest_patients,
    )


def described_blocks(study: Study, cohort: Cohort, predictors: Sequence[str]) -> list[dict[str, Any]]:
    """Describe the image features among a model's predictors, as it carries them: JSON values.

    Scanners are those of the cohort of which enough patients are at hand to be harmonised; all, where nothing is.
    """
    described = []
    for spec in study.features:
        own = features_together(predictors).get(spec.name)
        if own is None:
            continue
        scanners: list[str] = []
        if spec.batch is not None:
            counts = cohort.frame.loc[cohort.frame[list(own)].notna().any(axis=1), batch_name(spec.name)].value_counts()
            fewest = 1 if spec.combat is None else spec.combat.fewest_patients
            scanners = sorted(str(text) for text, count in counts.items() if count >= fewest)
        described.append(
            {
                "name": spec.name,
                "label": spec.label or spec.name,
                "features": len(own),
                "acquisition": spec.acquisition.model_dump(mode="json", exclude_none=True),
                "harmonisation": spec.harmonisation.model_dump(mode="json"),
                "kept_effects": [variable(name).label for name in (spec.combat.keep if spec.combat else ())],
                "reduction": spec.reduction.model_dump(mode="json"),
                "scanners": scanners,
            }
        )
    return described


def feature_columns(study: Study, spec: FeatureBlockSpec) -> dict[str, str]:
    """Names of a block's features, in order, and the columns they stand in.

    Raises
    ------
    CohortError
        If the table is not there.
    ContractError
        If a column that begins as the features do cannot name one, or none does; or a recipe has no such features.
    """
    if spec.columns is not None:
        return {feature_name(spec.name, column): column for column in spec.columns}
    place = f"features.{study.features.index(spec)}"
    source = study.cohort.source
    if spec.table is None and isinstance(source, SyntheticSource):
        return _recipe_features(find_recipe(source.recipe, study.origin.folder), spec.name, place)
    assert spec.prefix is not None  # the rules of a study let one of the two pass
    path, separator = _table(study, spec)
    gone = {*spec.leave_out, spec.batch, spec.id_column}
    header = _header(path, separator, *_stamp(path))
    found = [column for column in header if column.startswith(spec.prefix) and column not in gone]
    odd = next((column for column in found if not is_feature_column(column)), None)
    if odd is not None or not found:
        raise ContractError(
            f"the column {odd!r} of {path.name} cannot name a feature"
            if found
            else f"no column of {path.name} begins with {spec.prefix!r}",
            where=f"{place}.prefix",
            expected="columns of letters, digits, _ and -" if found else "the prefix of the features' columns",
            remedy="rename it, or name it under `leave_out`" if found else None,
        )
    return {feature_name(spec.name, column): column for column in found}


def _recipe_features(path: Path, block: str, place: str) -> dict[str, str]:
    images = load_recipe(path).content.features
    if block not in images:
        raise ContractError(
            f"the recipe {path.stem} has no image features {block!r}",
            where=f"{place}.name",
            expected=f"one of {', '.join(images)}" if images else "a recipe with features",
        )
    return {feature_name(block, feature): feature_name(block, feature) for feature in images[block].features}


def _table(study: Study, spec: FeatureBlockSpec) -> tuple[Path, str]:
    """The file that holds a block's features, and what separates its cells."""
    if spec.table is not None:
        return study.resolve_path(spec.table), spec.separator
    source = study.cohort.source
    assert isinstance(source, TableSource)
    return study.resolve_path(source.path), source.separator if isinstance(source, CsvSpec) else ","


def _stamp(path: Path) -> tuple[float, int]:
    """What changes when a file does."""
    return (found.st_mtime, found.st_size) if path.is_file() and (found := path.stat()) else (0.0, 0)


@lru_cache(maxsize=16)
def _header(path: Path, separator: str, _modified: float, _size: int) -> tuple[str, ...]:
    return tuple(str(column) for column in read_table(path, separator).columns)


def reads_from_source(study: Study, spec: FeatureBlockSpec) -> dict[str, str]:
    """Names of what the cohort's own source holds of a block, and their columns; empty where it has a table."""
    if spec.table is not None:
        return {}
    if isinstance(study.cohort.source, SyntheticSource):
        batch = {batch_name(spec.name): batch_name(spec.name)} if spec.batch is not None else {}
    else:
        batch = {batch_name(spec.name): spec.batch} if spec.batch is not None else {}
    return batch | feature_columns(study, spec)


def all_feature_names(study: Study) -> tuple[str, ...]:
    """Names of all features and batches that a study reads, each block's batch first."""
    return tuple(
        name
        for spec in study.features
        for name in (*((batch_name(spec.name),) if spec.batch is not None else ()), *feature_columns(study, spec))
    )


def own_table_columns(study: Study) -> dict[str, str]:
    """All that the cohort's own source holds of image features."""
    return {name: column for spec in study.features for name, column in reads_from_source(study, spec).items()}


def cohort_with_features(study: Study, source: Source, names: Sequence[str]) -> Cohort:
    """Read a study's patients through the contract, with their image features.

    Parameters
    ----------
    study : Study
    source : Source
        Where the patients come from.
    names : sequence of str
        Variables that are read.

    Raises
    ------
    CohortError, ContractError, RejectedTableError
        If a table cannot be read, breaks the contract, or a feature does not vary.
    """
    own = own_table_columns(study)
    if own and isinstance(source, CsvSource | ParquetSource):
        mapped: Mapping[str, Mapping[str, object]] = {name: {"column": column} for name, column in own.items()}
        source = replace(source, columns={**source.columns, **mapped})
    clinical = [name for name in names if name in variables()]
    cohort = build_cohort(source, (*clinical, *own), study.cohort.impossible_values)
    for position, spec in enumerate(study.features):
        place = f"features.{position}"
        features = feature_columns(study, spec)
        if spec.table is not None:
            batch = {} if spec.batch is None else {batch_name(spec.name): spec.batch}
            cohort = join_features(
                cohort,
                study.resolve_path(spec.table),
                batch | features,
                id_column=str(spec.id_column),
                separator=spec.separator,
                said_in=place,
            )
        require_varying_features(cohort, tuple(features), place)
        _require_reference(cohort, spec, place)
        _require_separable(study, cohort, spec, place)
    return cohort


def _require_reference(cohort: Cohort, spec: FeatureBlockSpec, place: str) -> None:
    combat = spec.combat
    if combat is None or combat.reference is None:
        return
    texts = cohort.frame[batch_name(spec.name)]
    held = int((texts == canonical_key(combat.reference)).sum())
    if held < combat.fewest_patients:
        raise CohortError(
            f"{held} patients were imaged with {combat.reference}, to which the other scanners are to be brought",
            where=f"{place}.harmonisation.reference",
            expected=f"at least {combat.fewest_patients}",
            remedy=f"name one of {', '.join(str(text) for text in texts.cat.categories)}",
        )


def _require_separable(study: Study, cohort: Cohort, spec: FeatureBlockSpec, place: str) -> None:
    """Refuse kept predictors whose effect cannot be told from that of the scanner."""
    combat = spec.combat
    if combat is None or not combat.keep:
        return
    names = (*combat.keep, *expanded_predictors(study, [spec.name]))
    matrix = cohort.matrix(names)
    (harmoniser,) = predictor_schema(study, names).fit_harmonisers(matrix)
    known = np.isin(matrix[:, harmoniser.batch], harmoniser.combat.batches)
    scanners = matrix[known, harmoniser.batch, None] == harmoniser.combat.batches
    design = np.column_stack([scanners.astype(np.float64), harmoniser.covariates(matrix[known])])
    if known.any() and np.linalg.matrix_rank(design) < design.shape[1]:
        kept = ", ".join(combat.keep)
        raise CohortError(
            f"what {kept} does to the features {spec.name} cannot be told from what the scanners do",
            where=f"{place}.harmonisation.keep",
            expected="kept predictors that vary among the patients of a scanner",
            remedy="leave out of keep what is one and the same thing as the scanner",
        )
