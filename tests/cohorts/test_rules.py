"""Mapping columns to variables: wrong words are met with the nearest right one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from spinecast.clinical.dictionary import variable
from spinecast.cohorts.rules import ColumnRule, canonical_key, column_rules, level_lookup
from spinecast.errors import ContractError


def test_without_a_mapping_a_column_bears_the_variables_name() -> None:
    assert column_rules(["age", "sex", "age"]) == (ColumnRule("age", "age"), ColumnRule("sex", "sex"))


def test_a_mapping_is_followed_and_may_say_part_of_it() -> None:
    mapping: dict[str, dict[str, Any]] = {
        "albumin": {"column": "alb", "unit": "g/L", "levels": None, "missing_codes": (-999,)},
        "sex": {"levels": {"M": "male"}},
    }
    albumin, sex = column_rules(["albumin", "sex"], mapping)
    assert albumin == ColumnRule("albumin", "alb", "g/L", missing_codes=(-999,))
    assert sex == ColumnRule("sex", "sex", levels={"M": "male"})


@pytest.mark.parametrize(
    ("name", "mapping", "message"),
    [
        ("albumine", {"column": "alb"}, "did you mean albumin"),
        ("albumin", {"colum": "alb"}, "did you mean column"),
        ("albumin", {"unit": "g/ml"}, "g/dL, g/L"),
        ("albumin", {"levels": {"1": "low"}}, "no levels to map"),
        ("sex", {"unit": "g/L"}, "takes no unit"),
        ("sex", {"levels": {"M": "man"}}, "female, male"),
    ],
)
def test_a_wrong_mapping_is_refused(name: str, mapping: dict[str, Any], message: str) -> None:
    with pytest.raises(ContractError, match=message):
        column_rules(["age"], {name: mapping})


@pytest.mark.parametrize(
    ("value", "key"),
    [(1, "1"), (1.0, "1"), ("1", "1"), (" 1.0 ", "1"), (np.int8(1), "1"), (True, "true"), (np.bool_(False), "false")],
)
def test_one_value_has_one_key(value: object, key: str) -> None:
    assert canonical_key(value) == key


def test_numbers_that_differ_keep_different_keys() -> None:
    assert canonical_key(1.5) == canonical_key("1.50") != canonical_key(1)


def test_yes_read_as_a_boolean_by_yaml_still_means_the_word() -> None:
    lookup = level_lookup(variable("diabetes"), {True: "present", False: "absent"})
    assert (lookup["yes"], lookup["No"], lookup["true"]) == (1, 0, 1)


def test_a_mapping_is_all_that_is_accepted() -> None:
    assert level_lookup(variable("sex"), {"M": "male", "F": "female"}) == {"M": 1, "F": 0}
