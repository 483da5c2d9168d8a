"""Recipes: found by name or file, read, checked against the dictionary, hashed, and solved for what they leave open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from spinecast.cohorts.synthetic.calibration import Calibration, CalibrationError, calibrate
from spinecast.cohorts.synthetic.marks import mark_of
from spinecast.cohorts.synthetic.recipe_blocks import Recipe
from spinecast.cohorts.synthetic.recipe_rules import recipe_problems
from spinecast.delivered import delivered
from spinecast.documents import DocumentKind, Origin, did_you_mean, problems_error, read_document
from spinecast.errors import DocumentError
from spinecast.files import canonical_json, sha256_bytes

__all__ = ["RECIPE", "CohortRecipe", "find_recipe", "load_recipe", "recipe_files"]

RECIPE = DocumentKind(noun="cohort recipe", error=DocumentError, override_example="missingness.rates.albumin.rate=0.4")

_CALIBRATIONS: dict[str, Calibration] = {}


@dataclass(frozen=True, eq=False)
class CohortRecipe:
    """A recipe that was checked.

    Parameters
    ----------
    content : Recipe
    origin : Origin
        Where it was read.
    """

    content: Recipe
    origin: Origin

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the recipe with every default written out; two recipes that say the same share it."""
        return sha256_bytes(canonical_json(self.content.model_dump(mode="json")).encode())

    @property
    def mark(self) -> str:
        """What every cell of the marking column says."""
        return mark_of(self.hash)

    def calibrate(self) -> Calibration:
        """Solve for what the recipe leaves open: a second, once a process for recipes that say the same.

        Raises
        ------
        DocumentError
            If what the recipe states cannot be had; names the line.
        """
        if self.hash not in _CALIBRATIONS:
            try:
                _CALIBRATIONS[self.hash] = calibrate(self.content)
            except CalibrationError as error:
                raise problems_error([error.problem], self.origin) from None
        return _CALIBRATIONS[self.hash]


def recipe_files() -> dict[str, Path]:
    """Return the recipes that come with spinecast, by name."""
    return delivered("cohorts")


def find_recipe(name: str, folder: Path | None = None) -> Path:
    """Return the file of a recipe.

    Parameters
    ----------
    name : str
        Name of a recipe that comes with spinecast, or a path ending in ``.yaml`` or ``.yml``.
    folder : Path, optional
        What a relative path starts from; the working folder when None.

    Raises
    ------
    DocumentError
        If there is no recipe of that name; names the nearest.
    """
    if name.endswith((".yaml", ".yml")):
        return (folder or Path()) / name
    known = recipe_files()
    if name in known:
        return known[name]
    raise DocumentError(
        f"there is no cohort recipe {name!r}",
        expected=f"one of {', '.join(known)}, or the path of a recipe ending in .yaml",
        remedy=did_you_mean(name, known),
    )


def load_recipe(path: Path, overrides: Sequence[str] = ()) -> CohortRecipe:
    """Read a recipe and check it against the dictionary.

    Parameters
    ----------
    path : Path
    overrides : sequence of str
        Changes as ``--set`` takes them.

    Raises
    ------
    DocumentError
        If the file cannot be read or the recipe is wrong: every problem with its line and the nearest right word.
    """
    content, origin = read_document(path, Recipe, RECIPE, overrides)
    if problems := recipe_problems(content):
        raise problems_error(problems, origin)
    return CohortRecipe(content, origin)
