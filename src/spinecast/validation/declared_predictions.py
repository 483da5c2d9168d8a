"""What whoever made predictions elsewhere declares of them: a small YAML file beside the table."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from spinecast.clinical.declared import DevelopmentDeclared
from spinecast.documents import DocumentKind, read_document
from spinecast.errors import DocumentError

__all__ = ["DECLARED", "NOTHING_DECLARED", "PredictionsDeclared", "read_declared"]

DECLARED = DocumentKind("declaration of predictions", DocumentError)


class PredictionsDeclared(DevelopmentDeclared):
    """How predictions and their model were made; what is left out is not stated."""

    basis: Literal["apparent", "out-of-fold", "out-of-bag", "external"] | None = Field(
        default=None,
        description="Whether the model had seen the patients (apparent) and, if not, why not: held out by a fold, left "
        "out of a resample, or other patients.",
    )


NOTHING_DECLARED = PredictionsDeclared()


def read_declared(path: Path) -> PredictionsDeclared:
    """Read a declaration.

    Parameters
    ----------
    path : pathlib.Path

    Raises
    ------
    DocumentError
        If the file cannot be read, or says what a declaration cannot.
    """
    declared, _ = read_document(path, PredictionsDeclared, DECLARED)
    return declared
