"""A synthetic cohort made in place, for a study that names a recipe instead of a file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from spinecast.clinical.dictionary import variable
from spinecast.cohorts.columns import label_series, level_series
from spinecast.cohorts.synthetic.coding import ID_COLUMN
from spinecast.cohorts.synthetic.generator import Generator
from spinecast.cohorts.synthetic.images import image_names
from spinecast.cohorts.synthetic.marks import patient_prefix
from spinecast.cohorts.synthetic.recipe_blocks import Recipe
from spinecast.cohorts.synthetic.site_rules import written_variables
from spinecast.errors import ContractError, nearest

__all__ = ["canonical_table", "require_variables"]


def require_variables(recipe: Recipe, names: Iterable[str]) -> None:
    """Check that a recipe has variables.

    Raises
    ------
    ContractError
        If it lacks one; names the nearest it has.
    """
    known = (*written_variables(recipe), *image_names(recipe.features))
    for name in names:
        if name not in known:
            close = nearest(name, known)
            inputs = variable(name).derived_from
            raise ContractError(
                f"the recipe {recipe.recipe} has no variable {name!r}",
                where=f"cohort recipe {recipe.recipe}",
                expected=f"one of {', '.join(known)}"
                + (f"; it also follows from {', '.join(inputs)}" if inputs else ""),
                remedy=f"did you mean {close}?" if close else None,
            )


def canonical_table(generator: Generator, patients: int, names: Sequence[str]) -> pd.DataFrame:
    """Draw patients as a table in the dictionary's own names, units and levels, whatever the site's habits.

    Parameters
    ----------
    generator : Generator
    patients : int
    names : sequence of str
        Variables the recipe has, image features among them.

    Returns
    -------
    DataFrame, `patients` rows
        The patient identifier, then one column a variable.

    Raises
    ------
    DocumentError
        If the recipe states what cannot be had.
    """
    chunks = [
        {name: chunk.images[name] if name in chunk.images else chunk.observed[name] for name in names}
        for chunk in generator.chunks(patients)
    ]
    prefix = patient_prefix(generator.recipe.recipe, generator.site_name, generator.seed)
    columns: dict[str, object] = {ID_COLUMN: [f"{prefix}{number:07d}" for number in range(1, patients + 1)]}
    for name in names:
        values = np.concatenate([chunk[name] for chunk in chunks])
        entry = variable(name)
        if entry.is_label:
            columns[name] = label_series(values.tolist())
        elif entry.is_levelled:
            columns[name] = level_series(entry, np.where(np.isnan(values), -1, values).astype(np.int64))
        else:
            columns[name] = values
    return pd.DataFrame(columns)
