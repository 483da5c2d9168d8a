"""How much blood to cross-match for a predicted loss: the surgical blood order equation, and when it cannot be solved.

Units are the haemoglobin that is expected to be lost, less what the patient can spare (Nuttall GA et al. Spine
2000;25:602-605, developed in spinal instrumentation and fusion; Transfusion 1998;38:828-833 tried it in a randomised
trial of hip replacement). One unit of red cells is taken to raise haemoglobin by 1 g/dL. Below half a unit, blood group
and antibody screen are enough.

There the expected loss of haemoglobin is a procedure's mean. Here it follows from the patient's predicted loss by
Gross's formula (Anesthesiology 1983;58:277-280), which relates a loss, the blood volume (Nadler's, Surgery
1962;51:224-232) and the fall of the concentration: it holds for losses that fluids replace, up to one blood volume.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinecast.clinical import formulas

__all__ = [
    "LEAST_HEMOGLOBIN",
    "ORDERED_LOSS",
    "ORDER_INPUTS",
    "ORDER_RULE",
    "hemoglobin_after_loss",
    "order_text",
    "units_to_cross_match",
]

FloatArray = NDArray[np.float64]

ORDER_INPUTS = ("sex", "body_height", "body_weight", "hemoglobin")
ORDERED_LOSS = "intraoperative_blood_loss"
# Lowest haemoglobin accepted, g/dL, in adults in hospital who are stable: Carson JL et al. JAMA 2023;330:1892-1902.
LEAST_HEMOGLOBIN = 7.0
ORDER_RULE = (
    "Surgical blood order equation (Nuttall et al. 2000, Spine 25:602): haemoglobin lost less haemoglobin to spare, "
    "1 g/dL a unit, with the loss of haemoglobin by Gross's formula and Nadler's blood volume"
)


def hemoglobin_after_loss(hemoglobin: ArrayLike, blood_volume: ArrayLike, loss: ArrayLike) -> FloatArray:
    """Haemoglobin after a loss that fluids have replaced, g/dL; NaN where the loss passes one blood volume.

    Gross's ``loss = volume x (before - after) / mean of both`` solved for ``after``: ``before x (2 volume - loss) / (2
    volume + loss)``.

    Parameters
    ----------
    hemoglobin : array_like
        Before, g/dL.
    blood_volume, loss : array_like
        mL.

    Examples
    --------
    The example of `formulas.gross_blood_loss` backwards, 1378 mL of 4824 mL:

    >>> round(float(hemoglobin_after_loss(13.2, 4824, 1378)) / 13.2, 2)
    0.75
    """
    before, volume, lost = (np.asarray(one, dtype=np.float64) for one in (hemoglobin, blood_volume, loss))
    after = before * (2 * volume - lost) / (2 * volume + lost)
    return np.asarray(np.where((lost >= 0) & (lost <= volume), after, np.nan), dtype=np.float64)


def units_to_cross_match(
    male: ArrayLike,
    body_height: ArrayLike,
    body_weight: ArrayLike,
    hemoglobin: ArrayLike,
    loss: ArrayLike,
    least_hemoglobin: float = LEAST_HEMOGLOBIN,
) -> FloatArray:
    """Whole units of red cells to cross-match for a loss; 0 means group and screen, NaN not estimable.

    Parameters
    ----------
    male : array_like
        1 for a man, 0 for a woman.
    body_height, body_weight, hemoglobin : array_like
        In cm, kg and g/dL.
    loss : array_like
        mL.
    least_hemoglobin : float
        Lowest haemoglobin accepted, g/dL.
    """
    volume = formulas.nadler_blood_volume(male, body_height, body_weight)
    units = least_hemoglobin - hemoglobin_after_loss(hemoglobin, volume, loss)
    return np.asarray(np.where(np.isnan(units), np.nan, np.floor(np.maximum(units, 0.0) + 0.5)), dtype=np.float64)


def order_text(units: float) -> str:
    """Say a number of units in words."""
    if units == 0:
        return "group and screen, no unit cross-matched"
    return f"{units:.0f} unit{'s' if units != 1 else ''} cross-matched"
