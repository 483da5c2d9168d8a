"""How fast a primary tumour grows: Katagiri's groups of 2014, by organ and treatability.

The same organ can fall into two groups, because what still works against the tumour decides. This is the one place
that says which; the derived variable ``tumour_growth_group`` and the scores read it from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinecast.clinical.dictionary import variable

__all__ = ["GROUPS", "GROWTH", "Growth", "Treatment", "group_index", "growth_group"]

GROUPS = ("slow", "moderate", "rapid")
Treatment = Literal["hormone_dependent_tumour", "molecularly_targeted_therapy"]


@dataclass(frozen=True)
class Growth:
    """The growth group of one primary tumour.

    Parameters
    ----------
    group : str
        One of `GROUPS`: always, or where the treatment named by `unless` has nothing to hold on to.
    unless : str, optional
        The binary variable that slows it.
    slowed : str, optional
        The group where that variable is present.
    """

    group: str
    unless: Treatment | None = None
    slowed: str | None = None


_HORMONAL = Growth("moderate", unless="hormone_dependent_tumour", slowed="slow")

GROWTH: Mapping[str, Growth] = MappingProxyType(
    {
        "lung": Growth("rapid", unless="molecularly_targeted_therapy", slowed="moderate"),
        "breast": _HORMONAL,
        "prostate": _HORMONAL,
        "kidney": Growth("moderate"),
        "thyroid": Growth("slow"),
        "liver": Growth("rapid"),
        "gallbladder": Growth("rapid"),
        "stomach": Growth("rapid"),
        "colon": Growth("rapid"),
        "rectum": Growth("rapid"),
        "oesophagus": Growth("rapid"),
        "pancreas": Growth("rapid"),
        "bladder": Growth("rapid"),
        "other_urological": Growth("rapid"),
        "uterus": Growth("moderate"),
        "ovary": Growth("moderate"),
        "cervix": Growth("rapid"),
        "head_and_neck": Growth("rapid"),
        "melanoma": Growth("rapid"),
        "sarcoma": Growth("moderate"),
        "osteosarcoma": Growth("moderate"),
        "carcinoid": Growth("moderate"),
        "multiple_myeloma": Growth("slow"),
        "lymphoma": Growth("slow"),
        "unknown_primary": Growth("rapid"),
        "other": Growth("moderate"),
    }
)
"""The group of every level of ``primary_tumour``.

Katagiri H et al. Cancer Med 2014;3:1359-1367, table of primary sites. Bladder counts among the other urological
cancers, uterus (body) and ovary among the other gynaecological ones; carcinoid and what is not named are "others".
"""


def growth_group(primary: ArrayLike, hormone_dependent: ArrayLike, targeted: ArrayLike) -> NDArray[np.float64]:
    """Return Katagiri's growth group of each tumour.

    Parameters
    ----------
    primary : array_like, shape (n,)
        Level index of ``primary_tumour``; NaN where not known.
    hormone_dependent, targeted : array_like, shape (n,)
        ``hormone_dependent_tumour`` and ``molecularly_targeted_therapy``: 1 present, 0 absent, NaN not known. Each is
        read only for the tumours it concerns.

    Returns
    -------
    ndarray of float, shape (n,)
        Level index of ``tumour_growth_group``: 0 slow, 1 moderate, 2 rapid; NaN where it cannot be known.

    Examples
    --------
    Two breast cancers, hormone-dependent and not; two lung cancers, under targeted drugs and not; a kidney cancer:

    >>> growth_group([1, 1, 0, 0, 3], [1, 0, np.nan, np.nan, np.nan], [np.nan, np.nan, 1, 0, np.nan]).tolist()
    [0.0, 1.0, 1.0, 2.0, 1.0]
    """
    codes, hormone, drugs = (np.asarray(values, dtype=np.float64) for values in (primary, hormone_dependent, targeted))
    table = np.array(
        [
            [[_possible(name, hormone, drugs) for drugs in (0, 1, None)] for hormone in (0, 1, None)]
            for name in variable("primary_tumour").level_values
        ]
        + [np.full((3, 3), np.nan).tolist()]
    )
    unknown_primary = len(table) - 1
    found: NDArray[np.float64] = table[_index(codes, unknown_primary), _index(hormone, 2), _index(drugs, 2)]
    return found


def group_index(primary: str, hormone_dependent: bool, targeted: bool) -> int:
    """Return the index in `GROUPS` of one tumour of which everything is known."""
    growth = GROWTH[primary]
    slows = {"hormone_dependent_tumour": hormone_dependent, "molecularly_targeted_therapy": targeted, None: False}
    return GROUPS.index(growth.slowed if growth.slowed and slows[growth.unless] else growth.group)


def _possible(primary: str, hormone_dependent: int | None, targeted: int | None) -> float:
    """Return the group if every completion of what is not known gives the same one, else NaN."""
    found = {
        group_index(primary, bool(hormone), bool(drugs))
        for hormone in ((0, 1) if hormone_dependent is None else (hormone_dependent,))
        for drugs in ((0, 1) if targeted is None else (targeted,))
    }
    return float(found.pop()) if len(found) == 1 else np.nan


def _index(codes: NDArray[np.float64], unknown: int) -> NDArray[np.intp]:
    return np.where(np.isnan(codes), unknown, codes).astype(np.intp)
