"""Scanners behind a model's image features, by name: which it knows, and how it comes to know another one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.features import batch_code, batch_name, features_together, is_batch
from spinecast.models.prognosis_model import PrognosisModel

if TYPE_CHECKING:
    import pandas

__all__ = ["ScannerGap", "scanner_gaps", "scanners_named", "with_scanners_of"]

FloatArray = NDArray[np.float64]

ScannerGap = tuple[Mapping[str, Any], str | None]
"""A block of image features as the model describes it, and the scanner it does not know; None where none is given."""


def scanners_named(patients: pandas.DataFrame) -> dict[float, str]:
    """Name the scanners of a canonical table by the codes that its matrix holds."""
    names = [str(name) for name in patients if is_batch(str(name))]
    return {batch_code(str(text)): str(text) for name in names for text in patients[name].cat.categories}


def scanner_gaps(
    about: Mapping[str, Any], predictors: tuple[str, ...], matrix: FloatArray, names: Mapping[float, str]
) -> list[ScannerGap]:
    """List the scanners that a model does not know, of patients who have features.

    Parameters
    ----------
    about : mapping
        What the model says about itself.
    predictors : tuple of str
        Of the model.
    matrix : ndarray, shape (n, predictors)
        As the patients were recorded.
    names : mapping of code to str
        What each scanner is called.
    """
    return list(_gaps(about, predictors, matrix, names))


def _gaps(
    about: Mapping[str, Any], predictors: tuple[str, ...], matrix: FloatArray, names: Mapping[float, str]
) -> Iterator[ScannerGap]:
    for block in about.get("features") or ():
        batch = batch_name(block["name"])
        if batch not in predictors:
            continue
        own = [predictors.index(name) for name in features_together(predictors)[block["name"]]]
        codes = matrix[np.isfinite(matrix[:, own]).any(axis=1), predictors.index(batch)]
        if np.isnan(codes).any():
            yield block, None
        known = [batch_code(text) for text in block["scanners"]]
        strange = np.unique(codes[~np.isnan(codes) & ~np.isin(codes, known)])
        yield from ((block, text) for text in sorted(names[float(code)] for code in strange))


def with_scanners_of(model: PrognosisModel, patients: pandas.DataFrame) -> tuple[PrognosisModel, list[str]]:
    """Let a model learn the scanners of a cohort that it does not know and of which enough patients are at hand.

    Only their features teach; no outcome has a part in it, and nothing it knew before changes.

    Parameters
    ----------
    model : PrognosisModel
    patients : DataFrame
        Canonical columns, of a whole cohort.

    Returns
    -------
    model : PrognosisModel
        The same one where there was nothing to learn.
    said : list of str
        One sentence for each scanner that was not known before.
    """
    from spinecast.cohorts.cohort import frame_matrix

    matrix = frame_matrix(patients, model.predictors)
    found = scanner_gaps(model.about, model.predictors, matrix, scanners_named(patients))
    gaps = [(block["name"], text) for block, text in found if text is not None]
    if not gaps:
        return model, []
    learned = model.knowing(matrix)
    blocks = {block["name"]: dict(block) for block in model.about["features"]}
    said = []
    for name, text in gaps:
        place = model.predictors.index(batch_name(name))
        harmoniser = next(one for one in learned.harmonisers if one.batch == place)
        count = int((matrix[:, place] == batch_code(text)).sum())
        if batch_code(text) in harmoniser.combat.batches:
            blocks[name]["scanners"] = sorted([*blocks[name]["scanners"], text])
            said.append(f"Scanner {text} of {name} was learned from the features of its {count:,} patients.")
        else:
            said.append(f"Scanner {text} of {name} is not known, and its patients are too few to learn it.")
    return replace(learned, about={**model.about, "features": list(blocks.values())}), said
