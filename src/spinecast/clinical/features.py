"""Features computed from an image: variables that no dictionary could list, described by their name alone.

A study's `features` block names a table of them and how they were acquired. A feature is called ``block.feature``
(``ct.original_firstorder_Mean``), and what tells scanners apart ``block.batch``. Everything a reader of the dictionary
asks of a variable follows from that name, so that a model, a report or a worker process needs no list of them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from functools import lru_cache

from spinecast.clinical.units import Unit
from spinecast.clinical.variable import FEATURE_NAME, Range, Variable

__all__ = [
    "ARBITRARY",
    "BATCH",
    "batch_code",
    "batch_name",
    "block_of",
    "feature_name",
    "feature_text",
    "feature_variable",
    "features_together",
    "is_batch",
    "is_feature_column",
]

BATCH = "batch"
"""What follows the block's name in the name of its batch; no feature may be called so."""

ARBITRARY = Unit("a.u.", "[arb'U]", ("arbitrary unit", "arbitrary units"))
"""Most features have no unit (IBSI, Zwanenburg 2020, doi:10.1148/radiol.2020191145), and those that have one are not
converted: the software's own unit is theirs."""

# Sums of squared grey values over a vertebra reach 1e13 and more; nothing a program writes in earnest passes this.
_POSSIBLE = Range(-1e30, 1e30)
_COLUMN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


def is_feature_column(text: str) -> bool:
    """Say whether a column of a table can name a feature: letters, digits, ``_`` and ``-``, and not `BATCH`.

    A column that is named as the feature is, ``ct.original_firstorder_Mean``, can too.
    """
    own = text.split(".", 1)[1] if FEATURE_NAME.fullmatch(text) else text
    return bool(_COLUMN.fullmatch(own)) and own != BATCH


def feature_name(block: str, column: str) -> str:
    """Name of a feature: the block's name and the column's, which may begin with it already."""
    return column if column.startswith(f"{block}.") else f"{block}.{column}"


def batch_name(block: str) -> str:
    """Name of what tells the scanners of a block apart."""
    return f"{block}.{BATCH}"


def block_of(name: str) -> str | None:
    """The block that a feature or a batch belongs to; None for a variable of the dictionary."""
    return name.split(".", 1)[0] if FEATURE_NAME.fullmatch(name) else None


def is_batch(name: str) -> bool:
    """Whether a name is that of a block's batch."""
    return block_of(name) is not None and name.endswith(f".{BATCH}")


def feature_text(name: str) -> str:
    """The feature's own name within its block, as a reader sees it."""
    return name.split(".", 1)[1].replace("_", " ")


@lru_cache(maxsize=4096)
def feature_variable(name: str) -> Variable | None:
    """Describe a feature or a batch by its name; None for any other name."""
    block = block_of(name)
    if block is None:
        return None
    if is_batch(name):
        return Variable(
            name=name,
            label=f"Scanner or protocol of {block}",
            help=f"What tells the scanners or protocols apart with which the images behind the features {block} were "
            "made. Features are harmonised by it; it predicts nothing itself.",
            kind="label",
            domain="imaging",
            source="features block of the study",
        )
    return Variable(
        name=name,
        label=f"{feature_text(name)} ({block})",
        help=f"A feature computed from an image, named as its software names it; acquisition and software stand with "
        f"the features block {block}.",
        kind="continuous",
        domain="imaging",
        unit=ARBITRARY,
        possible=_POSSIBLE,
        decimals=3,
        source="features block of the study",
    )


def batch_code(text: str) -> float:
    """Write the text of a batch as a number: 52 bits of its SHA-256, exact in a double and never 0.

    A batch met for the first time years after training then has a number of its own, and none must be kept.
    """
    return float(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 12 or 1)


def features_together(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Gather the features among some names by their block, batches left out."""
    found: dict[str, list[str]] = {}
    for name in names:
        block = block_of(name)
        if block is not None and not is_batch(name):
            found.setdefault(block, []).append(name)
    return {block: tuple(own) for block, own in found.items()}
