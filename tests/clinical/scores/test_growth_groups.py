"""Katagiri's growth groups and the maps of primary tumours of the other scores."""

from __future__ import annotations

import numpy as np
import pytest

from spinecast.clinical.derivations import derive
from spinecast.clinical.dictionary import variable
from spinecast.clinical.scores import bollen, mizumoto, tokuhashi, tomita, van_der_linden
from spinecast.clinical.scores.growth_groups import GROUPS, GROWTH, growth_group

PRIMARIES = variable("primary_tumour").level_values


def group_of(primary: str, hormone: float = np.nan, drugs: float = np.nan) -> str | None:
    found = float(growth_group([PRIMARIES.index(primary)], [hormone], [drugs])[0])
    return None if np.isnan(found) else GROUPS[int(found)]


@pytest.mark.parametrize(
    ("members", "group"),
    [
        # Katagiri 2014, table of primary sites (PMC4302686), as restated in public code that cites it.
        (("thyroid", "multiple_myeloma", "lymphoma"), "slow"),
        (("kidney", "sarcoma", "osteosarcoma", "uterus", "ovary", "other", "carcinoid"), "moderate"),
        (("colon", "rectum", "stomach", "pancreas", "head_and_neck", "oesophagus", "melanoma"), "rapid"),
        (("liver", "gallbladder", "cervix", "unknown_primary", "bladder", "other_urological"), "rapid"),
    ],
)
def test_tumours_whose_group_does_not_turn_on_treatment(members: tuple[str, ...], group: str) -> None:
    for primary in members:
        assert group_of(primary) == group
        assert group_of(primary, 1, 1) == group


@pytest.mark.parametrize("primary", ["breast", "prostate"])
def test_the_same_organ_in_two_groups_by_its_hormones(primary: str) -> None:
    assert group_of(primary, hormone=1) == "slow"
    assert group_of(primary, hormone=0) == "moderate"
    assert group_of(primary, hormone=np.nan, drugs=1) is None


def test_lung_cancer_by_targeted_drugs() -> None:
    assert group_of("lung", drugs=1) == "moderate"
    assert group_of("lung", drugs=0) == "rapid"
    assert group_of("lung", hormone=1) is None


def test_an_unknown_primary_of_the_record_is_not_an_unknown_primary_tumour() -> None:
    assert np.isnan(growth_group([np.nan], [1], [1])[0])


def test_the_derived_variable_is_this_function() -> None:
    codes = np.arange(len(PRIMARIES), dtype=float)
    ones = np.ones(len(PRIMARIES))
    columns = {"primary_tumour": codes, "hormone_dependent_tumour": ones, "molecularly_targeted_therapy": 0 * ones}
    np.testing.assert_array_equal(derive("tumour_growth_group", columns), growth_group(codes, ones, 0 * ones))
    assert variable("tumour_growth_group").level_values == GROUPS


@pytest.mark.parametrize(
    "mapping",
    [
        GROWTH,
        tokuhashi.PRIMARY_POINTS,
        tomita.TOMITA_GROUP,
        bollen.CLINICAL_PROFILE,
        van_der_linden.PRIMARY_POINTS,
    ],
)
def test_every_map_of_primary_tumours_is_total(mapping: dict[str, object]) -> None:
    assert set(mapping) == set(PRIMARIES)


def test_points_of_the_revised_tokuhashi_primaries() -> None:
    # Tokuhashi 2005 as printed in NICE CG75, appendix 3.
    printed = {
        0: {"lung", "osteosarcoma", "stomach", "bladder", "oesophagus", "pancreas"},
        1: {"liver", "gallbladder", "unknown_primary"},
        3: {"kidney", "uterus"},
        4: {"rectum"},
        5: {"thyroid", "breast", "prostate", "carcinoid"},
    }
    printed[2] = set(PRIMARIES) - set.union(*printed.values())
    for points, names in printed.items():
        assert {name for name, value in tokuhashi.PRIMARY_POINTS.items() if value == points} == names


def test_growth_by_tomita_follows_katagiri_where_tomita_names_nothing() -> None:
    named = {
        "slow": {"breast", "prostate", "thyroid"},
        "moderate": {"kidney", "uterus"},
        "rapid": {"lung", "liver", "stomach", "colon", "unknown_primary"},
    }
    for group, names in named.items():
        assert all(tomita.TOMITA_GROUP[name] == group for name in names)
    for name in set(PRIMARIES) - set.union(*named.values()):
        assert tomita.TOMITA_GROUP[name] == GROWTH[name].group


def test_bollen_moves_prostate_cancer_out_of_the_favourable_profile() -> None:
    # Bollen's thesis, page 44: its survival fits Tomita's moderate growth.
    assert bollen.CLINICAL_PROFILE["prostate"] == "moderate"
    assert bollen.CLINICAL_PROFILE["breast"] == "favourable"
    assert bollen.CLINICAL_PROFILE["lung"] == "unfavourable"


def test_mizumoto_favourable_tumours_exist() -> None:
    assert set(mizumoto.FAVOURABLE) < set(PRIMARIES)
