"""Checks that set a validation cohort beside the development cohort: one made from the other, codings that differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from spinecast.clinical.dictionary import variable
from spinecast.clinical.features import is_batch
from spinecast.cohorts.checking.comparison import comparison_results
from spinecast.cohorts.checking.counted import Counted
from spinecast.cohorts.checking.fill_ins import decimals_written
from spinecast.cohorts.checking.findings import FileFinding
from spinecast.cohorts.checking.linkage import Evidence, evidence_of, find_links
from spinecast.cohorts.checking.mapping import FileMapping
from spinecast.cohorts.checking.reading import MappedTable, map_table
from spinecast.cohorts.cohort import Cohort
from spinecast.validation.checks.results import Check, NotApplicable, NotFound, Result
from spinecast.validation.development import Development

__all__ = ["check_coding", "check_made_from"]

FloatArray = NDArray[np.float64]

# Two ranks of one person differ by what noise or a subset of the people moves them: this project's own convention.
RANK_TOLERANCE = 0.03
# Of the smaller cohort so many must be found again, and so many times more than pairs of different people of the
# development cohort are taken for one: this project's own conventions.
LEAST_SHARE = 0.05
BEYOND_CHANCE = 3
# It is not asked who is whom: were the columns independent, so many of the patients could be linked by chance.
CHANCE_SHARE = 0.01


@dataclass(frozen=True)
class _Found:
    """People found again by one way of comparing; `shared` is None where it cannot tell people apart."""

    shared: int | None
    agreeing: int = 0


def check_made_from(development: Development, cohort: Cohort) -> Result:
    """SC025: a validation cohort made from the development cohort, whatever was done to its numbers.

    People are linked by their values, which finds a subset of rows or columns, rounding and some changed cells; and by
    the ranks of their values within each cohort, which no change of unit, rescaling or other increasing function of a
    column alters, and noise only a little.

    Parameters
    ----------
    development : Development
    cohort : Cohort
    """
    if development.cohort is None:
        return NotApplicable("SC025", development.unreadable)
    theirs = development.cohort
    names = [name for name in cohort.variables if name in theirs.variables]
    names = [name for name in names if not set(variable(name).derived_from) & set(names)]
    told = []
    for words, ranked in (("values", False), ("ranks of the values", True)):
        found = _found_again(cohort, theirs, names, ranked=ranked)
        if found.shared is None:
            continue
        if found.shared:
            return Check(
                "SC025",
                "error",
                f"{found.shared:,} of {len(cohort):,} patients are found again among the {len(theirs):,} of the "
                f"development, by the {words} of {len(names)} variables ({found.agreeing} agree, median)",
                "validate on patients who were never part of the development, in whatever form",
                "These are the people the model was made from, their numbers changed. It looks better here than it is "
                "in people it has not seen.",
            )
        told.append(words)
    if not told:
        return NotApplicable("SC025", f"the {len(names)} variables that both cohorts hold cannot tell two people apart")
    blind = "" if len(told) == 2 else "; the ranks of the values cannot tell people apart here"
    return NotFound("SC025", f"none of {len(cohort):,} patients, by the {' and the '.join(told)}{blind}")


def _found_again(cohort: Cohort, theirs: Cohort, names: Sequence[str], *, ranked: bool) -> _Found:
    make = _ranked if ranked else _valued
    margin = -float(np.log2(CHANCE_SHARE * min(len(cohort), len(theirs))))
    links = find_links([make(name, cohort, theirs) for name in names], margin=margin)
    chance = find_links([make(name, theirs, theirs) for name in names], within=True, margin=margin)
    if links is None or chance is None:
        return _Found(None)
    shared = len(links)
    # A pair of different people that counts as one makes two of them; as often may one of each cohort.
    by_chance = 2 * len(chance) / len(theirs) * len(cohort)
    if shared < LEAST_SHARE * min(len(cohort), len(theirs)) or shared <= BEYOND_CHANCE * (by_chance + 1):
        return _Found(0)
    return _Found(shared, int(np.median(links.agreeing)))


def _valued(name: str, one: Cohort, other: Cohort) -> Evidence:
    left, right = (cohort.matrix([name])[:, 0] for cohort in (one, other))
    entry = variable(name)
    if entry.is_levelled:
        return evidence_of(name, left, right, None)
    steps = [_step(column) for column in (left, right)]
    return evidence_of(name, left, right, (steps[0], steps[1]) if max(steps) else (10.0**-entry.decimals, 0.0))


def _step(column: FloatArray) -> float:
    decimals = decimals_written(Counted.of(column))
    return 0.0 if decimals is None else float(10.0**-decimals)


def _ranked(name: str, one: Cohort, other: Cohort) -> Evidence:
    left, right = (cohort.matrix([name])[:, 0] for cohort in (one, other))
    if variable(name).is_levelled:
        return evidence_of(name, left, right, None)
    return Evidence(name, _ranks(left), _ranks(right), 2 * RANK_TOLERANCE, RANK_TOLERANCE)


def _ranks(column: FloatArray) -> FloatArray:
    """Return ranks as shares of the known values, ties at their middle, NaN where missing."""
    ranks = np.full(len(column), np.nan)
    known = ~np.isnan(column)
    ranks[known] = (rankdata(column[known]) - 0.5) / max(1, int(known.sum()))
    return ranks


def check_coding(development: Development, cohort: Cohort, inputs: Sequence[str]) -> Result:
    """SC026: a variable that seems to be coded or measured otherwise than in the development cohort.

    Units are judged by the quartiles (an error: they agree once an exact factor is taken out), codings by the shares of
    the levels (a warning: they agree once turned), as `spinecast cohort check --against` does.

    Parameters
    ----------
    development : Development
    cohort : Cohort
    inputs : sequence of str
        What the model reads.
    """
    if development.cohort is None:
        return NotApplicable("SC026", development.unreadable)
    # What tells scanners apart differs from cohort to cohort by its nature.
    compared = [name for name in inputs if not is_batch(name)]
    common = [name for name in compared if name in cohort.variables and name in development.cohort.variables]
    if not common:
        return NotApplicable("SC026", "the cohorts share no input of the model")
    mine, theirs = _table(cohort, common), _table(development.cohort, common)
    found = [
        one
        for one in comparison_results(mine, theirs)
        if isinstance(one, FileFinding) and one.code in ("CC084", "CC085")
    ]
    if not found:
        return NotFound("SC026", f"{len(common)} inputs have units and levels that fit those of the development")
    shown = "; ".join(dict.fromkeys(one.finding for one in found))
    names = tuple(dict.fromkeys(str(one.variable) for one in found))
    return Check(
        "SC026",
        "error" if any(one.code == "CC085" for one in found) else "warning",
        f"{shown} (here: this cohort)",
        "ask those who made both files in which unit and with which codes they recorded it; write it in the mapping",
        "What the model takes for one thing may be another here: a risk computed from it is wrong, however good the "
        "model.",
        names,
    )


def _table(cohort: Cohort, names: Sequence[str]) -> MappedTable:
    """Return a cohort in the form in which files are compared: its canonical values, read by their own names."""
    return map_table(cohort.frame[list(names)].reset_index(drop=True), FileMapping(), name=cohort.name)
