"""Sites: what they write is read back as what was drawn, and what differs there is what the recipe says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from made_cohorts import drawn, recipe_named

from spinecast.clinical.dictionary import variable
from spinecast.cohorts.cohort import Cohort
from spinecast.cohorts.contract import RejectedTableError
from spinecast.cohorts.sources import CsvSource, ParquetSource, build_cohort
from spinecast.cohorts.synthetic.generator import Generator
from spinecast.cohorts.synthetic.recipe import recipe_files
from spinecast.cohorts.synthetic.site_rules import written_variables
from spinecast.cohorts.synthetic.writing import write_cohort

PATIENTS = 400
SITES = [(name, site) for name in recipe_files() for site in recipe_named(name).content.sites]


def read_back(path: Path, names: tuple[str, ...], mapping: dict[str, Any]) -> Cohort:
    source = CsvSource if path.suffix == ".csv" else ParquetSource
    return build_cohort(source(path, "patient", mapping, group_column="site"), names)


@pytest.mark.parametrize(("name", "site"), SITES)
def test_what_a_site_writes_is_read_back_through_its_mapping(tmp_path: Path, name: str, site: str) -> None:
    """Bit for bit, through the contract, from CSV and from Parquet."""
    generator = Generator(recipe_named(name), seed=3, site=site)
    names = written_variables(generator.recipe)
    expected = next(generator.chunks(PATIENTS)).observed
    for ending in (".csv", ".parquet"):
        written = write_cohort(generator, PATIENTS, tmp_path / f"{site}{ending}")
        document = yaml.safe_load(written.mapping.read_text(encoding="utf-8")) if written.mapping else {"columns": {}}
        cohort = read_back(written.table, names, document["columns"])
        assert cohort.kind == "synthetic"
        assert cohort.groups is not None
        assert set(cohort.groups) == {site}
        matrix = cohort.matrix(names)
        for position, variable_name in enumerate(names):
            np.testing.assert_array_equal(matrix[:, position], expected[variable_name], err_msg=variable_name)


def test_without_its_mapping_a_site_is_misread_or_refused(tmp_path: Path) -> None:
    """Haemoglobin in mmol/L is impossible for nobody, albumin in g/L for everybody: 1/2 coding is refused."""
    generator = Generator(recipe_named("sorg"), seed=3, site="taiwan")
    written = write_cohort(generator, PATIENTS, tmp_path / "taiwan.csv")
    with pytest.raises(RejectedTableError, match="unknown level"):
        read_back(written.table, ("age", "brain_metastases"), {})


@pytest.mark.parametrize(("site", "dead"), [("taiwan", (0.26, 0.60)), ("netherlands", (0.236, 0.497))])
def test_the_sorg_sites_come_near_the_mortality_they_are_named_after(site: str, dead: tuple[float, float]) -> None:
    """Yang 2021: 26 and 60 % by 90 days and 1 year; UMC Utrecht (Bindels 2025): 23.6 and 49.7 %."""
    truth = drawn("sorg", 20_000, site=site).truth
    for day, share in zip((90, 365), dead, strict=True):
        assert 1 - truth[f"death_survival_{day}d"].mean() == pytest.approx(share, abs=0.035)


def test_a_sites_own_marginals_replace_the_recipes() -> None:
    """Huang 2024, surgical: body mass index 23 (20-25)."""
    values = drawn("sorg", 20_000, site="taiwan").complete["body_mass_index"]
    np.testing.assert_allclose(np.quantile(values, [0.25, 0.5, 0.75]), [20, 23, 25], atol=0.15)


def test_a_shift_moves_normal_scores_and_keeps_order() -> None:
    """ECOG 3 or 4 in 27.4 % becomes P(z > z0 + .2), .2 standard deviations lower."""
    from scipy import special

    there = drawn("sorg", 20_000, site="netherlands").complete["ecog_3_or_4"].mean()
    assert there == pytest.approx(special.ndtr(-special.ndtri(1 - 29 / 106) - 0.2), abs=0.012)


def test_a_sites_missing_values_are_commoner() -> None:
    here = drawn("sorg", 20_000, seed=9)
    there = drawn("sorg", 20_000, seed=9, site="netherlands")
    for name in ("albumin", "creatinine", "asia_impairment_scale"):
        ratio = np.isnan(there.observed[name]).mean() / np.isnan(here.observed[name]).mean()
        assert ratio == pytest.approx(1.4, abs=0.12)


def test_values_are_recorded_in_steps_of_the_sites_unit() -> None:
    """Creatinine in whole µmol/L: 88.42 of them are 1 mg/dL."""
    values = drawn("sorg", 2000, site="netherlands").complete["creatinine"] * 88.42
    np.testing.assert_allclose(values, np.round(values), atol=1e-9)
    assert (drawn("sorg", 2000).complete["creatinine"] * 88.42 % 1 > 1e-3).any()


@pytest.mark.parametrize(("name", "site"), SITES)
def test_no_patient_is_impossible_and_hardly_one_implausible(name: str, site: str) -> None:
    columns = drawn(name, 2000, site=site).observed
    for variable_name, values in columns.items():
        entry = variable(variable_name)
        known = values[~np.isnan(values)]
        if entry.possible is not None:
            assert entry.possible.contains(known).all(), variable_name
        if entry.plausible is not None:
            assert entry.plausible.contains(known).mean() > 0.9, variable_name
        if entry.is_levelled:
            assert np.isin(known, range(len(entry.level_values))).all(), variable_name
