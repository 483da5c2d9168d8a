"""The generator: patients of a recipe, chunk by chunk, with what is observed of them and what is true."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from spinecast.cohorts.synthetic.course import Course
from spinecast.cohorts.synthetic.effects import Predictor
from spinecast.cohorts.synthetic.images import image_columns
from spinecast.cohorts.synthetic.population import YEAR, Columns, Patients, Population
from spinecast.cohorts.synthetic.recipe import CohortRecipe
from spinecast.cohorts.synthetic.recipe_blocks import Recipe, Site, Years
from spinecast.cohorts.synthetic.recipe_rules import LONGEST_YEARS
from spinecast.cohorts.synthetic.streams import CHUNK, Streams
from spinecast.errors import CohortError, nearest

__all__ = ["EARLIEST_YEAR", "LATEST_YEAR", "Chunk", "Generator"]

FloatArray = NDArray[np.float64]

EARLIEST_YEAR, LATEST_YEAR = 1950, 2100
"""Calendar years in which patients may be treated: what the dictionary holds possible of the year."""

# So many of a variable's values may be missing at most, however much commoner a site makes it.
_MOST_MISSING = 0.98


@dataclass(frozen=True, eq=False)
class Chunk:
    """Some consecutive patients of a cohort, n of them.

    Parameters
    ----------
    first : int
        Position of the first in the cohort, from 0.
    index_day : ndarray of int, shape (n,)
        Day of entry, counted from 1970-01-01.
    observed : dict of str to ndarray, shape (n,)
        What a file holds of them: variables and outcomes in the coding of `Cohort.matrix`, NaN where not recorded.
    complete : Columns
        The variables before anything was lost; derived ones can be asked for.
    truth : dict of str to ndarray, shape (n,)
        Linear predictors and true chances.
    images : dict of str to ndarray, shape (n,)
        Image features as numbers and what tells their scanners apart as text, by name.
    """

    first: int
    index_day: NDArray[np.int64]
    observed: dict[str, FloatArray]
    complete: Columns
    truth: dict[str, FloatArray]
    images: dict[str, NDArray[Any]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.index_day)


@dataclass(frozen=True, eq=False)
class Generator:
    """Draws the patients of one cohort.

    Parameters
    ----------
    source : CohortRecipe
    seed : int
        Same recipe, site, years and seed: the same patients.
    site : str, optional
        A site of the recipe; its first when None.
    years : Years, optional
        When patients are treated, in place of the recipe's years.

    Raises
    ------
    CohortError
        If the recipe has no such site, naming the nearest, or the years make follow-up too long.
    """

    source: CohortRecipe
    seed: int = 1
    site: str | None = None
    years: Years | None = None

    def __post_init__(self) -> None:
        sites = self.recipe.sites
        if self.site is not None and self.site not in sites:
            close = nearest(self.site, sites)
            raise CohortError(
                f"the cohort {self.recipe.recipe} has no site {self.site!r}",
                expected=f"one of {', '.join(sites)}",
                remedy=f"did you mean {close}?" if close else None,
            )
        treated, after = self.population.treated, self.recipe.follow_up.years_after_last
        if treated.last - treated.first + after > LONGEST_YEARS:
            raise CohortError(
                f"follow-up from {treated.first} to {treated.last + after} is too long",
                expected=f"at most {LONGEST_YEARS} years from the first patient to the end of follow-up",
                remedy="choose fewer calendar years",
            )

    @property
    def recipe(self) -> Recipe:
        """What the patients are drawn from."""
        return self.source.content

    @property
    def site_name(self) -> str:
        """The site's name."""
        return self.site or next(iter(self.recipe.sites))

    @property
    def site_block(self) -> Site:
        """What differs at the site."""
        return self.recipe.sites[self.site_name]

    @cached_property
    def population(self) -> Population:
        """Whom the patients are drawn from."""
        return Population(self.recipe, self.site_block, self.years)

    def chunks(self, patients: int) -> Iterator[Chunk]:
        """Draw patients, a chunk at a time.

        Patient i is the same however many are asked for.

        Parameters
        ----------
        patients : int

        Raises
        ------
        DocumentError
            If the recipe states what cannot be had.
        """
        calibration = self.source.calibrate()
        course = Course(self.recipe, calibration, self.site_block, self.population.treated)
        cohort = f"{self.recipe.recipe} at {self.site_name}"
        for position, first in enumerate(range(0, patients, CHUNK)):
            streams = Streams(self.seed, cohort, position, min(CHUNK, patients - first))
            drawn = self.population.draw(streams)
            followed = course.follow(drawn, streams)
            observed = self._observed(drawn, streams) | followed.outcomes
            images = image_columns(self.recipe.features, drawn.columns, streams)
            yield Chunk(first, drawn.index_day, observed, drawn.columns, followed.truth, images)

    def _observed(self, patients: Patients, streams: Streams) -> dict[str, FloatArray]:
        """Return the recipe's variables with what is not recorded set to missing."""
        observed = {YEAR: patients.columns[YEAR]}
        rules, intercepts = self.recipe.missingness, self.source.calibrate().missing
        drivers = Predictor.of(rules.drivers).value(patients.columns)
        for name in self.recipe.variables:
            values = patients.columns[name]
            if name in rules.rates:
                chance = special.expit(intercepts[name] + drivers) * self.site_block.missingness
                lost = streams.uniform(f"missing {name}") < np.minimum(chance, _MOST_MISSING)
                values = np.where(lost, np.nan, values)
            observed[name] = values
        return observed
