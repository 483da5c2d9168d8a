"""Outputs of other people's models: compared with ours, never fed to it."""

from __future__ import annotations

from spinecast.clinical.dictionary.quantities import PERCENT, POINTS
from spinecast.clinical.units import Unit, UnitConversion
from spinecast.clinical.variable import Range, Variable

__all__ = ["VARIABLES"]

_KNAUS = "Knaus WA et al. The SUPPORT prognostic model. Ann Intern Med 1995;122:191-203"
_PROBABILITY = Unit("", "1", ("probability", "proportion"))
_PERCENT = UnitConversion(PERCENT, 1, 100, source="definition")

VARIABLES = (
    Variable(
        name="support_survival_2m",
        label="SUPPORT model: two-month survival",
        help="Probability of being alive after two months according to the SUPPORT prognostic model of 1995.",
        kind="continuous",
        domain="comparator",
        role="comparator",
        unit=_PROBABILITY,
        other_units=(_PERCENT,),
        possible=Range(0, 1),
        decimals=2,
        source=_KNAUS,
    ),
    Variable(
        name="support_survival_6m",
        label="SUPPORT model: six-month survival",
        help="Probability of being alive after six months according to the SUPPORT prognostic model of 1995.",
        kind="continuous",
        domain="comparator",
        role="comparator",
        unit=_PROBABILITY,
        other_units=(_PERCENT,),
        possible=Range(0, 1),
        decimals=2,
        source=_KNAUS,
    ),
    Variable(
        name="support_physiology_score",
        label="SUPPORT physiology score",
        help="Severity of physiological derangement on day 3, a component of the SUPPORT model; higher is worse.",
        kind="continuous",
        domain="comparator",
        role="comparator",
        unit=POINTS,
        possible=Range(0, 200),
        plausible=Range(0, 100),
        decimals=0,
        source=_KNAUS,
    ),
)
