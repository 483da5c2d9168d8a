"""Documents: YAML files as frozen models, and refusals that name the line, what was expected and the nearest word.

A document is a :class:`Block` of blocks and strict scalars. :func:`read_document` reads one from a file; rules its
types cannot say are raised as :func:`broken_rules` inside a validator, or as :func:`problems_error` after reading.
Knows nothing of patients, models or studies: what a document is called stands in its :class:`DocumentKind`.
"""

from __future__ import annotations

from spinecast.documents.blocks import (
    Block,
    Cell,
    Flag,
    Identifier,
    Names,
    Number,
    Probability,
    Real,
    Seed,
    Text,
    Whole,
    named_kind,
)
from spinecast.documents.problems import (
    DocumentKind,
    KeyPath,
    Origin,
    Place,
    Problem,
    did_you_mean,
    dotted,
    problems_error,
)
from spinecast.documents.reading import read_document
from spinecast.documents.translation import broken_rules, translate_validation_error
from spinecast.documents.yaml_text import read_yaml, write_yaml

__all__ = [
    "Block",
    "Cell",
    "DocumentKind",
    "Flag",
    "Identifier",
    "KeyPath",
    "Names",
    "Number",
    "Origin",
    "Place",
    "Probability",
    "Problem",
    "Real",
    "Seed",
    "Text",
    "Whole",
    "broken_rules",
    "did_you_mean",
    "dotted",
    "named_kind",
    "problems_error",
    "read_document",
    "read_yaml",
    "translate_validation_error",
    "write_yaml",
]
