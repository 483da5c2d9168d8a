"""Reading again what training left of each patient: ``out_of_fold.csv``, which stays beside the cohort."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spinecast.errors import ArtifactError
from spinecast.training.output import OUT_OF_FOLD

__all__ = ["OutOfFold", "read_out_of_fold"]

FloatArray = NDArray[np.float64]

_WORDS = ("patient", "cause", "level")


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """A table of out-of-fold predictions, one row a patient.

    Parameters
    ----------
    patients : ndarray of str, shape (n,)
        Identifiers, each once.
    cause : ndarray of str, shape (n,), optional
        What ended the follow-up, empty where nothing did; None in a study without follow-up in its table.
    level : ndarray of str, shape (n,), optional
        Level that was observed; None in a study of no ordered levels.
    numbers : mapping of str to ndarray, shape (n,)
        Every other column by its name; NaN where a cell is empty.
    """

    patients: NDArray[np.object_]
    cause: NDArray[np.object_] | None
    level: NDArray[np.object_] | None
    numbers: Mapping[str, FloatArray]


def read_out_of_fold(folder: Path) -> OutOfFold:
    """Read the table of out-of-fold predictions in a folder of results.

    Raises
    ------
    ArtifactError
        If it is not there, is no such table, names a patient twice or holds a word where a number belongs.
    """
    import pandas

    path = folder / OUT_OF_FOLD
    if not path.is_file():
        raise ArtifactError(
            f"no out-of-fold risks stand in {folder}",
            where=str(path),
            expected="the output folder of `spinecast train`, with the table it left there",
            remedy="the table never leaves the machine it was made on: name the folder there, or train again",
        )
    try:
        # Everything as text first: an identifier may be "007" or "NA".
        read = pandas.read_csv(path, dtype=str, keep_default_na=False)
        numbers = {name: _numbers(read[name]) for name in read.columns if name not in _WORDS}
    except (OSError, ValueError) as error:
        raise _broken(path, f"cannot be read: {error}") from error
    if "patient" not in read or not len(read):
        raise _broken(path, "is not a table of out-of-fold predictions")
    if read["patient"].duplicated().any():
        raise _broken(path, "names a patient twice")
    return OutOfFold(
        patients=read["patient"].to_numpy(dtype=object),
        cause=read["cause"].to_numpy(dtype=object) if "cause" in read else None,
        level=read["level"].to_numpy(dtype=object) if "level" in read else None,
        numbers=numbers,
    )


def _numbers(column: object) -> FloatArray:
    import pandas

    assert isinstance(column, pandas.Series)
    return np.asarray(pandas.to_numeric(column.replace("", np.nan)), dtype=np.float64)


def _broken(path: Path, problem: str) -> ArtifactError:
    return ArtifactError(
        f"{path.name} {problem}",
        where=str(path),
        expected="the table as `spinecast train` wrote it",
        remedy="train the study again, or put the table back as it was",
    )
