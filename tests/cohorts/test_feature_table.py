"""Image features joined to a cohort: who has them, and one clear error for every table that will not do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from spinecast.clinical.dictionary import variable, variables
from spinecast.clinical.features import batch_code, feature_name, is_feature_column
from spinecast.cohorts.cohort import Cohort
from spinecast.cohorts.contract import check_patient, check_predictors
from spinecast.cohorts.feature_table import join_features, require_varying_features
from spinecast.cohorts.rejections import RejectedTableError
from spinecast.cohorts.sources import CsvSource, build_cohort
from spinecast.errors import CohortError, ContractError

COLUMNS = {"ct.batch": "scanner", "ct.f1": "f1", "ct.f2": "f2"}


@pytest.fixture
def cohort(tmp_path: Path) -> Cohort:
    table = pd.DataFrame({"patient": ["p1", "p2", "p3", "p4"], "age": [60, 70, 50, 40]})
    table.to_csv(tmp_path / "patients.csv", index=False)
    return build_cohort(CsvSource(tmp_path / "patients.csv", "patient"), ["age"])


def features(tmp_path: Path, **columns: list[object]) -> Path:
    table = {
        "who": ["p3", "p1", "p9", "p2"],
        "scanner": ["GE 1", "2", "2", "2.0"],
        "f1": [1, 2, 3, 4],
        "f2": [5, "", 7, 8],
    }
    pd.DataFrame(table | columns).to_csv(tmp_path / "features.csv", index=False)
    return tmp_path / "features.csv"


def joined(cohort: Cohort, path: Path) -> Cohort:
    return join_features(cohort, path, COLUMNS, id_column="who", said_in="features.0")


def test_features_go_to_their_patients_and_the_others_have_none(cohort: Cohort, tmp_path: Path) -> None:
    found = joined(cohort, features(tmp_path))
    matrix = found.matrix(["ct.batch", "ct.f1", "ct.f2"])
    # 2 and 2.0 are one scanner; nobody made an image of p4.
    np.testing.assert_array_equal(matrix[:, 0], [batch_code("2"), batch_code("2"), batch_code("GE 1"), np.nan])
    np.testing.assert_array_equal(matrix[:, 1:], [[2, np.nan], [4, 8], [1, 5], [np.nan, np.nan]])
    note = found.provenance.notes[-1]
    assert "features ct of features.csv for 3 of 4 patients; 1 rows of it belong to nobody in the cohort" in note
    assert "SHA-256 of the file" in note


def test_the_fingerprint_covers_features_and_scanners(cohort: Cohort, tmp_path: Path) -> None:
    first = joined(cohort, features(tmp_path)).fingerprint
    assert first == joined(cohort, features(tmp_path)).fingerprint != cohort.fingerprint
    assert first != joined(cohort, features(tmp_path, f1=[1, 2, 3, 4.5])).fingerprint
    assert first != joined(cohort, features(tmp_path, scanner=["GE 1", "2", "2", "GE 1"])).fingerprint


def test_every_wrong_cell_is_named_with_its_table(cohort: Cohort, tmp_path: Path) -> None:
    path = features(tmp_path, f1=[1, "big", 3, "inf"], who=["p3", "p1", "p3", "p2"])
    with pytest.raises(RejectedTableError, match=r"in features\.csv break the cohort contract") as raised:
        joined(cohort, path)
    rules = raised.value.rejections.table[["row", "column", "rule"]].astype(str).to_numpy().tolist()
    assert ["2", "f1", "text in a number"] in rules
    assert ["4", "f1", "not a finite number"] in rules
    assert [row for row, column, _ in rules if column == "who"] == ["3"]  # the patient stands in row 1 already


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"id_column": "wo"}, "has no column 'wo'.*did you mean 'who'"),
        ({"columns": {"ct.f3": "f3"}}, "has no column 'f3'.*did you mean 'f[12]'"),
        ({"id_column": "f1"}, "holds none of the 4 patients"),
        ({"path": Path("nowhere.csv")}, "nowhere.csv does not exist"),
    ],
)
def test_a_table_that_will_not_do_is_one_clear_error(
    cohort: Cohort, tmp_path: Path, change: dict[str, object], words: str
) -> None:
    asked = {"path": features(tmp_path), "columns": {"ct.f2": "f2"}, "id_column": "who"} | change
    path, columns = asked.pop("path"), asked.pop("columns")
    with pytest.raises((CohortError, ContractError), match=f"(?s){words}"):
        join_features(cohort, path, columns, **asked, said_in="features.0")  # type: ignore[arg-type]


def test_features_that_do_not_vary_are_refused(cohort: Cohort, tmp_path: Path) -> None:
    found = joined(cohort, features(tmp_path, f1=[3, 3, 9, 3]))  # only somebody else's differs
    with pytest.raises(ContractError, match="1 feature of ct does not vary: f1"):
        require_varying_features(found, ["ct.f1", "ct.f2"], "features.0")
    require_varying_features(found, ["ct.f2"], "features.0")


def test_a_feature_is_described_by_its_name_and_no_dictionary_lists_it() -> None:
    entry = variable("ct.original_glcm_Contrast")
    assert (entry.label, entry.unit_symbol, entry.domain) == ("original glcm Contrast (ct)", "a.u.", "imaging")
    assert variable("ct.batch").is_label
    assert "ct.original_glcm_Contrast" not in variables()
    assert feature_name("ct", "f1") == feature_name("ct", "ct.f1") == "ct.f1"
    assert is_feature_column("wavelet-HHL_firstorder_90Percentile")
    assert not any(map(is_feature_column, ("batch", "ct.batch", "a b", "", "mean (HU)")))
    with pytest.raises(ContractError, match="no variable"):
        variable("ct.")


def test_codes_of_scanners_are_exact_and_never_the_common_scale() -> None:
    codes = {batch_code(str(number)) for number in range(2000)}
    assert len(codes) == 2000
    assert all(0 < code < 2**52 and code == int(code) for code in codes)


def test_one_patient_and_a_table_are_read_alike() -> None:
    names = ["age", "ct.batch", "ct.f1", "ct.f2"]
    one, said = check_patient({"ct.batch": 2.0, "ct.f1": 3}, names)
    many = check_predictors(pd.DataFrame({"ct.batch": ["2", None], "ct.f1": ["3", "4"]}), names)
    assert one["ct.batch"].iloc[0] == many["ct.batch"].iloc[0] == "2"
    assert many["ct.batch"].isna().tolist() == [False, True]
    assert "f2 (ct)" in " ".join(said)
    _, nothing = check_patient({"age": 50}, names)
    assert "all 2 features of ct" in " ".join(nothing)
    with pytest.raises(ContractError, match="is no text"):
        check_patient({"ct.batch": {"value": 2}}, names)
