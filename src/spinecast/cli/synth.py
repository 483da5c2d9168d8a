"""``spinecast synth``: made-up patients from a recipe of published numbers, with their true risks beside."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spinecast.cli.columns import print_columns

if TYPE_CHECKING:
    from spinecast.cohorts.synthetic.recipe_blocks import Years

__all__ = ["synth"]

MOST_PATIENTS = 100_000_000


def synth(
    cohort: Annotated[
        str | None,
        typer.Option(
            "--cohort", metavar="NAME|RECIPE.yaml", help="A recipe that comes with spinecast, or a file; `list` lists."
        ),
    ] = None,
    patients: Annotated[int, typer.Option("--patients", min=1, max=MOST_PATIENTS, help="How many patients.")] = 1000,
    site: Annotated[str | None, typer.Option("--site", help="A site of the recipe [default: its first].")] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, max=2**32 - 1, help="Start of every random draw.")] = 1,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Where the patients go: .csv or .parquet.")
    ] = None,
    years: Annotated[
        str | None, typer.Option("--years", metavar="A-B", help="Calendar years of treatment [default: the recipe's].")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Change one key of the recipe, e.g. missingness.rates.albumin.rate=0.4."
        ),
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="List the recipes that come with spinecast, and stop.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")] = False,
) -> None:
    """Write a SYNTHETIC cohort: patients who do not exist, their true risks, and how their columns are read.

    FILE.truth.parquet goes beside the table, FILE.mapping.yaml where the site writes otherwise than the dictionary.
    Research use only.
    """
    from spinecast.errors import SpinecastError

    if list_ or cohort == "list":
        _list(json_)
        return
    if cohort is None or output is None:
        raise SpinecastError(
            f"synth needs {'a recipe' if cohort is None else 'a file to write to'}",
            expected="--cohort NAME --patients N -o FILE.parquet",
            remedy="spinecast synth --list names the recipes" if cohort is None else None,
        )
    from spinecast.cohorts.synthetic.generator import Generator
    from spinecast.cohorts.synthetic.recipe import find_recipe, load_recipe
    from spinecast.cohorts.synthetic.writing import write_cohort
    from spinecast.files import readable_json
    from spinecast.notices import SYNTHETIC
    from spinecast.training.progress import watched

    recipe = load_recipe(find_recipe(cohort), tuple(set_ or ()))
    generator = Generator(recipe, seed, site, _years(years))
    recipe.calibrate()  # what cannot be had is said before anything is made for it
    done = 0

    def progress(now: int) -> None:
        nonlocal done
        done = now

    with watched("patients", patients, lambda: done):
        written = write_cohort(generator, patients, output, progress)
    if json_:
        typer.echo(readable_json(written.to_dict()), nl=False)
        return
    typer.echo(f"{patients} patients of {recipe.content.recipe} ({generator.site_name}), {recipe.mark}")
    typer.echo(f"table:   {written.table}\ntruth:   {written.truth}")
    if written.mapping is not None:
        typer.echo(f"mapping: {written.mapping}")
    typer.echo(SYNTHETIC)


def _years(text: str | None) -> Years | None:
    """Read calendar years such as 2010-2015."""
    from spinecast.cohorts.synthetic.generator import EARLIEST_YEAR, LATEST_YEAR
    from spinecast.cohorts.synthetic.recipe_blocks import Years
    from spinecast.errors import SpinecastError

    if text is None:
        return None
    found = re.fullmatch(r"([0-9]{4})(?:-([0-9]{4}))?", text.strip())
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
    if not EARLIEST_YEAR <= first <= last <= LATEST_YEAR:
        raise SpinecastError(
            f"{text!r} are no calendar years",
            where="--years",
            expected=f"a year or two, earlier first, {EARLIEST_YEAR} to {LATEST_YEAR}, such as 2010-2015",
        )
    return Years(first=first, last=last)


def _list(json_: bool) -> None:
    """Print the recipes that come with spinecast: name, family, sites, title."""
    from spinecast.cohorts.synthetic.recipe import load_recipe, recipe_files
    from spinecast.files import readable_json

    recipes = [load_recipe(path).content for path in recipe_files().values()]
    if json_:
        entries = [
            {"recipe": each.recipe, "family": each.family, "title": each.title, "sites": list(each.sites)}
            for each in recipes
        ]
        typer.echo(readable_json(entries), nl=False)
        return
    rows = [("recipe", "family", "sites", "title")]
    rows += [(each.recipe, each.family, ", ".join(each.sites), each.title) for each in recipes]
    print_columns(rows)
