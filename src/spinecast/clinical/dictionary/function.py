"""What the patient can do: daily living and consciousness."""

from __future__ import annotations

from spinecast.clinical.units import Unit
from spinecast.clinical.variable import Range, Variable

__all__ = ["VARIABLES"]

_ACTIVITIES = Unit("activities", "{activities}", ("points", "score"))
_TIMING = (
    "The interview took place in the first days after study entry, so it is missing for nearly everyone who died or "
    "was too ill to talk by then: that it is missing says something in itself."
)

VARIABLES = (
    Variable(
        name="activities_of_daily_living_patient",
        label="Daily activities needing help (told by the patient)",
        help=(
            "How many of seven everyday activities (bathing, dressing, eating, transferring and the like) the patient "
            f"says they need help with: 0 is independent, 7 is fully dependent. {_TIMING}"
        ),
        kind="continuous",
        domain="function",
        unit=_ACTIVITIES,
        possible=Range(0, 7),
        plausible=Range(0, 7),
        decimals=0,
        source="SUPPORT data set, column adlp",
    ),
    Variable(
        name="activities_of_daily_living_surrogate",
        label="Daily activities needing help (told by a relative)",
        help=(
            "The same count of seven everyday activities, told by a relative or carer who knows the patient: 0 is "
            f"independent, 7 is fully dependent. {_TIMING}"
        ),
        kind="continuous",
        domain="function",
        unit=_ACTIVITIES,
        possible=Range(0, 7),
        plausible=Range(0, 7),
        decimals=0,
        source="SUPPORT data set, column adls",
    ),
    Variable(
        name="coma_score",
        label="SUPPORT coma score",
        help="Depth of coma from the Glasgow Coma Scale, rescaled: 0 is fully awake, 100 is the deepest coma.",
        kind="continuous",
        domain="function",
        unit=Unit("points", "{score}", ("score",)),
        possible=Range(0, 100),
        plausible=Range(0, 100),
        skewed=True,
        decimals=0,
        source="SUPPORT data set, column scoma",
    ),
)
