"""Made-up image features: what the recipe says of them comes out, for each patient and from each scanner."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from made_cohorts import recipe_named

from spinecast.cohorts.sources import SyntheticSource, build_cohort
from spinecast.cohorts.synthetic.generator import Generator
from spinecast.cohorts.synthetic.recipe import find_recipe
from spinecast.cohorts.synthetic.writing import write_cohort
from spinecast.errors import ContractError, DocumentError

RECIPE = "sbrt_radiomics"
PATIENTS = 8_000
SHOWN = "ct.original_firstorder_Mean"


@pytest.fixture(scope="module")
def drawn() -> pd.DataFrame:
    chunk = next(Generator(recipe_named(RECIPE), 4).chunks(PATIENTS))
    known = {"density": chunk.complete["hounsfield_units_l1"]}
    return pd.DataFrame(chunk.images | known)


def test_shares_of_scanners_and_of_patients_without_an_image(drawn: pd.DataFrame) -> None:
    shares = drawn["ct.batch"].value_counts(normalize=True)
    assert shares.to_dict() == pytest.approx({"scanner_a": 0.5, "scanner_b": 0.3, "scanner_c": 0.2}, abs=0.02)
    lost = drawn["ct.batch"].isna()
    assert lost.mean() == pytest.approx(0.04, abs=0.01)
    assert (drawn.filter(like="original").isna().all(axis=1) == lost).all()


def test_a_feature_shows_the_bone_as_much_as_the_recipe_says(drawn: pd.DataFrame) -> None:
    """On the scanner that changes nothing: 1.2 deviations of 32 for every 45 units, by statsmodels."""
    own = drawn[drawn["ct.batch"] == "scanner_a"]
    fit = sm.OLS(own[SHOWN], sm.add_constant(own["density"])).fit()
    assert fit.params["density"] * 45 / 32 == pytest.approx(1.2, abs=4 * fit.bse["density"] * 45 / 32)
    assert np.sqrt(fit.mse_resid) == pytest.approx(32, rel=0.03)


def test_scanners_shift_and_stretch(drawn: pd.DataFrame) -> None:
    spread = drawn.groupby("ct.batch")["ct.original_shape_Sphericity"].std() / 0.06
    assert spread.to_dict() == pytest.approx({"scanner_a": 1.0, "scanner_b": 1.5, "scanner_c": 0.7}, rel=0.05)
    by_scanner = drawn.groupby("ct.batch")[[name for name in drawn if "original" in name]].mean()
    assert (np.abs(by_scanner.loc["scanner_b"] - by_scanner.loc["scanner_a"]) > 0).all()


def test_a_scanner_is_the_same_in_every_cohort_and_a_patient_among_any_number() -> None:
    few, other = (next(Generator(recipe_named(RECIPE), seed).chunks(50)) for seed in (4, 5))
    many = next(Generator(recipe_named(RECIPE), 4).chunks(120))
    assert np.array_equal(few.images[SHOWN], many.images[SHOWN][:50], equal_nan=True)
    assert not np.array_equal(few.images[SHOWN], other.images[SHOWN], equal_nan=True)


def test_a_study_and_a_file_hold_the_same_features(tmp_path: Path) -> None:
    made = build_cohort(SyntheticSource(find_recipe(RECIPE), 60, 4), ["age", "ct.batch", SHOWN])
    write_cohort(Generator(recipe_named(RECIPE), 4), 60, tmp_path / "c.parquet")
    written = pd.read_parquet(tmp_path / "c.parquet")
    assert "SYNTHETIC" in written["spinecast_synthetic"].iloc[0]
    assert written["ct.batch"].fillna("none").tolist() == made.frame["ct.batch"].astype(object).fillna("none").tolist()
    np.testing.assert_allclose(written[SHOWN], made.frame[SHOWN], rtol=1e-6)


def test_a_recipe_that_contradicts_itself_is_one_clear_error() -> None:
    with pytest.raises(DocumentError, match=r"features\.ct\.scanners: the shares add up to 1\.1"):
        recipe_named(RECIPE, "features.ct.scanners.scanner_a.share=0.6")
    effect = "{variable: hounsfield_units_l2, per: 1, shift: 1, source: design}"
    with pytest.raises(DocumentError, match="hounsfield_units_l2"):
        recipe_named(RECIPE, f"features.ct.features.original_glcm_Idmn.effects=[{effect}]")
    with pytest.raises(ContractError, match=r"has no variable 'ct\.nothing'"):
        build_cohort(SyntheticSource(find_recipe(RECIPE), 10), ["ct.nothing"])
