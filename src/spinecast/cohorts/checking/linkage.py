"""Rows that are the same person, found without identifiers: agreement on many variables, weighed by how rare it is.

After Fellegi and Sunter (1969, J Am Stat Assoc 64:1183). Two rows that agree on a value held by a share u of all give
log2(m / u) bits of evidence that they are one person, m being the chance that one person's values agree; two that
differ give log2((1 - m) / (1 - u)), which is negative. If columns were independent, the chance that two different
people reach W bits is at most 2^-W (Markov's inequality for the likelihood ratio), so among P pairs at most P 2^-W are
expected to reach them by chance. Columns are not independent; a margin of ten bits, a factor of a thousand, stands
against that.

Candidates are found by joining on several small sets of columns, never by comparing all pairs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

__all__ = ["AGREEMENT", "MARGIN_BITS", "Evidence", "Links", "evidence_of", "find_links", "needed_bits"]

# Conventions of this project: values of one person agree nineteen times in twenty; a thousandfold margin; at least so
# many columns agree, and at most a quarter of those known in both rows differ.
AGREEMENT = 0.95
MARGIN_BITS = 10.0
LEAST_AGREEING = 5
MOST_DIFFERING = 0.25

_CELLS = 32  # of a measured variable in a join: few enough that a rounded value stays in its cell
_MOST_BLOCKS = 6
_LARGEST_BUCKET = 10_000  # pairs of one joint value; commoner ones tell nobody apart
_AT_ONCE = 1_000_000
_ENOUGH = 20_000

FloatArray = NDArray[np.float64]
Positions = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Evidence:
    """One column of two tables, brought to the same scale.

    Parameters
    ----------
    name : str
    left, right : ndarray, shapes (a,) and (b,)
        Values in the coding of `Cohort.matrix`, NaN where missing.
    step : float
        The coarser of the steps in which the two tables write; 0 for levels.
    tolerance : float
        Values no farther apart agree.
    """

    name: str
    left: FloatArray
    right: FloatArray
    step: float = 0.0
    tolerance: float = 0.0

    @cached_property
    def _sorted(self) -> FloatArray:
        return np.sort(self.left[~np.isnan(self.left)])

    def chance(self, values: FloatArray) -> FloatArray:
        """Return the share of the left table's values that agree with each of some values; 1 where one is missing."""
        first = np.searchsorted(self._sorted, values - self.tolerance, side="left")
        last = np.searchsorted(self._sorted, values + self.tolerance, side="right")
        shares = np.maximum(last - first, 1) / max(1, len(self._sorted))
        return np.where(np.isnan(values), 1.0, shares)

    def bits(self) -> float:
        """Return how much the column tells of an average pair: log2(1 / chance of agreement) times the shares known."""
        known = self.right[~np.isnan(self.right)]
        if not len(known) or not len(self._sorted):
            return 0.0
        filled = (len(known) / len(self.right)) * (len(self._sorted) / len(self.left))
        few = known[:: max(1, len(known) // _ENOUGH)]  # to rank columns by
        return float(-np.log2(self.chance(few).mean())) * filled

    def rounded(self, values: FloatArray) -> FloatArray:
        """Return values in whole steps."""
        return np.round(values / self.step) if self.step else values


@dataclass(frozen=True, eq=False)
class Links:
    """Pairs of rows that are the same person.

    Parameters
    ----------
    left, right : ndarray of int, shape (p,)
        Row positions; each row of the left table at most once, with its best partner.
    agreeing, differing : ndarray of int, shape (p,)
        Columns known in both rows that agree and that do not.
    by_chance : float
        How many pairs of different people are expected at most, if columns were independent.
    """

    left: Positions
    right: Positions
    agreeing: Positions
    differing: Positions
    by_chance: float

    def __len__(self) -> int:
        return len(self.left)


def evidence_of(name: str, left: FloatArray, right: FloatArray, steps: tuple[float, float] | None) -> Evidence:
    """Make the evidence of a variable.

    Parameters
    ----------
    name : str
    left, right : ndarray, shapes (a,) and (b,)
    steps : (float, float), optional
        The steps in which the tables write it, 0 for one too fine to tell; None for levels. Values written in equal
        steps agree when they are equal; in others, when one may have been rounded from the other.
    """
    if steps is None:
        return Evidence(name, left, right)
    coarser = max(steps)
    alike = min(steps) > 0.99 * coarser
    return Evidence(name, left, right, coarser, (0.01 if alike else 0.5001) * coarser)


def needed_bits(pairs: float, margin: float = MARGIN_BITS) -> float:
    """Return the evidence that two rows of so many pairs must give, in bits."""
    return float(np.log2(max(pairs, 2.0))) + margin


def find_links(
    columns: Sequence[Evidence],
    *,
    within: bool = False,
    most_differing: float = MOST_DIFFERING,
    margin: float = MARGIN_BITS,
) -> Links | None:
    """Find the rows of the left table that are people of the right one.

    Parameters
    ----------
    columns : sequence of Evidence
    within : bool
        Whether both are one table: a row is then compared with later rows only.
    most_differing : float
        Largest share of the columns known in both rows that may differ.
    margin : float
        Bits of evidence beyond those at which one pair is expected by chance; fewer where it is not asked who is whom
        but only how many are found again.

    Returns
    -------
    Links or None
        None when all columns together cannot tell people apart: too few, too coarse, too empty.
    """
    told = sorted(((column.bits(), column) for column in columns), key=lambda item: -item[0])
    told = [(bits, column) for bits, column in told if bits > 0.05]
    if len(told) < LEAST_AGREEING:
        return None
    used = [column for _, column in told]
    a, b = len(used[0].left), len(used[0].right)
    pairs = a * (a - 1) / 2 if within else float(a) * b
    needed = needed_bits(pairs, margin)
    if sum(bits for bits, _ in told) < needed:
        return None
    candidates = _candidates(used, within)
    return _judged(used, candidates, needed, pairs, most_differing)


def _candidates(columns: Sequence[Evidence], within: bool) -> Positions:
    """Return pairs, shape (c, 2), that agree on all columns of at least one block."""
    found = [np.empty((0, 2), dtype=np.int64)]
    for block in _blocks(columns):
        found.append(_joined(*_keys(block), within=within))
        if len(found) > 1:
            found = [np.unique(np.concatenate(found), axis=0)]
    return found[0]


def _blocks(columns: Sequence[Evidence]) -> Iterator[list[tuple[NDArray[np.int64], NDArray[np.int64]]]]:
    """Deal columns, the most telling first, into sets that each leave about one chance partner a row."""
    coded = (_coded(column) for column in columns)
    wanted = float(np.log2(max(len(columns[0].left), len(columns[0].right), 2)))
    block: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
    held, made = 0.0, 0
    for left, right, bits in coded:
        block.append((left, right))
        held += bits
        if held >= wanted:
            yield block
            block, held, made = [], 0.0, made + 1
            if made == _MOST_BLOCKS:
                return
    if not made and block:
        yield block


def _coded(column: Evidence) -> tuple[NDArray[np.int64], NDArray[np.int64], float]:
    """Return a column as joint codes of both tables, -1 for missing, with the bits that are left."""
    left, right = column.rounded(column.left), column.rounded(column.right)
    both = np.concatenate([left, right])
    known = both[~np.isnan(both)]
    if column.step and len(np.unique(known)) > _CELLS:
        edges = np.unique(np.quantile(known, np.arange(1, _CELLS) / _CELLS))
        codes = np.searchsorted(edges, both, side="right")
    else:
        codes = np.searchsorted(np.unique(known), both)
    codes = np.where(np.isnan(both), -1, codes).astype(np.int64)
    mine, theirs = codes[: len(left)], codes[len(left) :]
    present = theirs[theirs >= 0]
    shares = np.bincount(present) / max(1, len(present))
    return mine, theirs, float(-np.log2(max(np.sum(shares**2), 1e-12)))


def _keys(block: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]]) -> tuple[NDArray[np.uint64], ...]:
    """Mix the codes of a block into one key a row, 0 where one of them is missing; equal codes give equal keys."""
    keys = []
    for side in range(2):
        columns = [pair[side] for pair in block]
        key = np.full(len(columns[0]), 0x9E3779B97F4A7C15, dtype=np.uint64)
        missing = np.zeros(len(key), dtype=bool)
        for codes in columns:
            # The mixing step of splitmix64 (Steele, Lea and Flood 2014); a collision costs a comparison, no more.
            key ^= (codes + 1).astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15) + (key << np.uint64(6))
            key = (key ^ (key >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            key ^= key >> np.uint64(27)
            missing |= codes < 0
        keys.append(np.where(missing, np.uint64(0), key))
    return tuple(keys)


def _joined(left: NDArray[np.uint64], right: NDArray[np.uint64], *, within: bool) -> Positions:
    """Return the pairs, shape (c, 2), of rows with equal keys."""
    order = np.argsort(right, kind="stable")
    ordered = right[order]
    starts = np.searchsorted(ordered, left, side="left")
    sizes = np.searchsorted(ordered, left, side="right") - starts
    sizes[(left == 0) | (sizes * _bucket(left) > _LARGEST_BUCKET)] = 0
    mine = np.repeat(np.arange(len(left)), sizes)
    offsets = np.arange(len(mine)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    theirs = order[np.repeat(starts, sizes) + offsets]
    kept = mine < theirs if within else np.ones(len(mine), dtype=bool)
    return np.column_stack([mine[kept], theirs[kept]]).astype(np.int64)


def _bucket(keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    _, place, counts = np.unique(keys, return_inverse=True, return_counts=True)
    return counts[place].astype(np.int64)


def _judged(
    columns: Sequence[Evidence], candidates: Positions, needed: float, pairs: float, most_differing: float
) -> Links:
    """Keep the candidates with enough evidence: of each left row the best."""
    parts = []
    for start in range(0, len(candidates), _AT_ONCE):
        few = candidates[start : start + _AT_ONCE]
        agreeing, differing = _compared(columns, few)
        # Most candidates agree on their block by chance and on nothing else: they go before anything is weighed.
        kept = (agreeing >= LEAST_AGREEING) & (differing <= most_differing * (agreeing + differing))
        few, agreeing, differing = few[kept], agreeing[kept], differing[kept]
        weight = _weighed(columns, few)
        kept = weight >= needed
        parts.append(np.column_stack([few[kept], agreeing[kept], differing[kept], weight[kept]]))
    found = np.concatenate(parts) if parts else np.empty((0, 5))
    found = found[np.lexsort((found[:, 1], -found[:, 4], found[:, 0]))]
    first = np.ones(len(found), dtype=bool)
    first[1:] = found[1:, 0] != found[:-1, 0]
    best = found[first].astype(np.int64)
    return Links(best[:, 0], best[:, 1], best[:, 2], best[:, 3], pairs * 2.0**-needed)


def _compared(columns: Sequence[Evidence], few: Positions) -> tuple[Positions, Positions]:
    """Return in how many columns known of both rows pairs, shape (c, 2), agree and differ."""
    agreeing, differing = np.zeros(len(few), dtype=np.int64), np.zeros(len(few), dtype=np.int64)
    for column in columns:
        mine, theirs = column.left[few[:, 0]], column.right[few[:, 1]]
        same = np.abs(mine - theirs) <= column.tolerance  # a comparison with a missing value is false
        agreeing += same
        differing += ~same & ~np.isnan(mine) & ~np.isnan(theirs)
    return agreeing, differing


def _weighed(columns: Sequence[Evidence], few: Positions) -> FloatArray:
    """Return the bits of evidence of pairs, shape (c, 2), that they are one person."""
    weight = np.zeros(len(few))
    for column in columns:
        mine, theirs = column.left[few[:, 0]], column.right[few[:, 1]]
        known = ~np.isnan(mine) & ~np.isnan(theirs)
        same = np.abs(mine - theirs) <= column.tolerance
        chance = column.chance(theirs)
        weight += np.where(known & same, np.log2(AGREEMENT / chance), 0.0)
        weight += np.where(known & ~same, np.log2((1 - AGREEMENT) / (1 - np.minimum(chance, 0.99))), 0.0)
    return weight
