"""Blood volume, and the blood that was lost though nobody saw it.

Where an input is missing it takes either end of its possible range in the dictionary, a missing haematocrit either end
of the range in which a loss can be estimated, a missing sex both formulas. What cannot be estimated for any of these is
NaN at both ends of the range, and a lower end that no estimable patient reaches is 0.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from spinecast.clinical import formulas
from spinecast.clinical.scores.columns import column, either_end
from spinecast.clinical.scores.score import Columns, FloatArray, Score, ScoreResult

__all__ = ["SCORES", "blood_volume", "gross_blood_loss", "hidden_blood_loss", "total_blood_loss"]

_BODY = ("sex", "body_height", "body_weight")
_HAEMATOCRITS = ("hematocrit", "postoperative_hematocrit")
_TRANSFUSED = "transfused_volume"
_SEEN = ("intraoperative_blood_loss", "drainage_volume")


class _Ends(NamedTuple):
    low: FloatArray
    high: FloatArray


def _volume(columns: Columns) -> _Ends:
    sex = column(columns, "sex")
    heights, weights = (either_end(columns, name) for name in ("body_height", "body_weight"))
    unknown = np.isnan(sex)
    extremes = []
    for height, weight, extreme in zip(heights, weights, (np.minimum, np.maximum), strict=True):
        women, men = (formulas.nadler_blood_volume(male, height, weight) for male in (0.0, 1.0))
        extremes.append(np.where(unknown, extreme(women, men), np.where(sex == 1, men, women)))
    return _Ends(*extremes)


def _haematocrit(columns: Columns, name: str) -> _Ends:
    values = column(columns, name)
    low, high = formulas.ESTIMABLE_HAEMATOCRIT
    missing = np.isnan(values)
    return _Ends(np.where(missing, low, values), np.where(missing, high, values))


def _estimable(low: FloatArray, high: FloatArray) -> ScoreResult:
    """Join the ends of a loss; an end of NaN is a negative balance or a haematocrit outside its range."""
    impossible = np.isnan(high)
    return ScoreResult(np.where(impossible, np.nan, np.where(np.isnan(low), 0.0, low)), high)


def _total(columns: Columns) -> _Ends:
    volume, transfused = _volume(columns), _Ends(*either_end(columns, _TRANSFUSED))
    before, after = (_haematocrit(columns, name) for name in _HAEMATOCRITS)
    # Where the haematocrit rose, more blood in the body makes the balance smaller and not larger.
    least = np.where(before.low < after.high, volume.high, volume.low)
    greatest = np.where(before.high < after.low, volume.low, volume.high)
    return _Ends(
        formulas.total_blood_loss(least, before.low, after.high, transfused.low),
        formulas.total_blood_loss(greatest, before.high, after.low, transfused.high),
    )


def blood_volume(columns: Columns) -> ScoreResult:
    """Nadler's estimate of the circulating blood volume, mL.

    Source: Nadler SB, Hidalgo JU, Bloch T. Surgery 1962;51:224-232.

    Examples
    --------
    A man of 1.75 m and 70 kg:

    >>> from spinecast.clinical.scores.columns import one_patient
    >>> patient = one_patient({"sex": "male", "body_height": 175, "body_weight": 70})
    >>> round(float(blood_volume(patient).value[0]))
    4824
    """
    return ScoreResult(*_volume(columns))


def gross_blood_loss(columns: Columns) -> ScoreResult:
    """Gross's estimate of the blood lost around an operation, mL, transfusion not counted; higher is worse.

    Blood volume (Nadler) x fall of the haematocrit / mean haematocrit. Not estimable where the haematocrit rose or lies
    outside 0.15 to 0.60.

    Source: Gross JB. Anesthesiology 1983;58:277-280.

    Examples
    --------
    A man of 1.75 m and 70 kg, haematocrit from 0.40 to 0.30:

    >>> from spinecast.clinical.scores.columns import one_patient
    >>> body = {"sex": "male", "body_height": 175, "body_weight": 70}
    >>> patient = one_patient({**body, "hematocrit": 0.40, "postoperative_hematocrit": 0.30})
    >>> round(float(gross_blood_loss(patient).value[0]))
    1378
    """
    volume = _volume(columns)
    before, after = (_haematocrit(columns, name) for name in _HAEMATOCRITS)
    return _estimable(
        formulas.gross_blood_loss(volume.low, before.low, after.high),
        formulas.gross_blood_loss(volume.high, before.high, after.low),
    )


def total_blood_loss(columns: Columns) -> ScoreResult:
    """Gross's loss plus the volume transfused, mL; higher is worse.

    Source: Sehat KR, Evans RL, Newman JH. J Bone Joint Surg Br 2004;86:561-565.

    Examples
    --------
    The man of `gross_blood_loss` with 400 mL of red cells:

    >>> from spinecast.clinical.scores.columns import one_patient
    >>> body = {"sex": "male", "body_height": 175, "body_weight": 70, "transfused_volume": 400}
    >>> patient = one_patient({**body, "hematocrit": 0.40, "postoperative_hematocrit": 0.30})
    >>> round(float(total_blood_loss(patient).value[0]))
    1778
    """
    return _estimable(*_total(columns))


def hidden_blood_loss(columns: Columns) -> ScoreResult:
    """Total loss less what was seen during the operation and in the drains, mL; higher is worse.

    Source: Sehat KR, Evans RL, Newman JH. J Bone Joint Surg Br 2004;86:561-565.

    Examples
    --------
    The man of `total_blood_loss` with 900 mL lost during the operation and 300 mL in the drains:

    >>> from spinecast.clinical.scores.columns import one_patient
    >>> body = {"sex": "male", "body_height": 175, "body_weight": 70, "transfused_volume": 400}
    >>> seen = {"intraoperative_blood_loss": 900, "drainage_volume": 300}
    >>> patient = one_patient({**body, **seen, "hematocrit": 0.40, "postoperative_hematocrit": 0.30})
    >>> round(float(hidden_blood_loss(patient).value[0]))
    578
    """
    whole = _total(columns)
    operation, drains = (_Ends(*either_end(columns, name)) for name in _SEEN)
    return _estimable(
        formulas.hidden_blood_loss(whole.low, operation.high, drains.high),
        formulas.hidden_blood_loss(whole.high, operation.low, drains.low),
    )


_NOTHING = {"body_height": np.array([np.nan])}
_NOT_ESTIMABLE = (
    "Not estimable, and then without a value, where a haematocrit lies outside 0.15 to 0.60 or the balance is "
    "negative. The later haematocrit is that of day 2 or 3."
)
_SEHAT = (
    "Sehat KR, Evans RL, Newman JH. Hidden blood loss following hip and knee arthroplasty. J Bone Joint Surg Br "
    "2004;86:561-565"
)

SCORES = (
    Score(
        name="blood_volume",
        label="Blood volume (Nadler, mL)",
        inputs=_BODY,
        direction="neither",
        minimum=float(blood_volume(_NOTHING).lower[0]),
        maximum=float(blood_volume(_NOTHING).upper[0]),
        strata=(),
        source="Nadler SB, Hidalgo JU, Bloch T. Prediction of blood volume in normal human adults. Surgery "
        "1962;51:224-232",
        compute=blood_volume,
    ),
    Score(
        name="gross_blood_loss",
        label="Blood loss by the fall of the haematocrit (Gross, mL)",
        inputs=(*_BODY, *_HAEMATOCRITS),
        direction="higher_is_worse",
        minimum=0,
        maximum=float(gross_blood_loss(_NOTHING).upper[0]),
        strata=(),
        source="Gross JB. Estimating allowable blood loss: corrected for dilution. Anesthesiology 1983;58:277-280",
        compute=gross_blood_loss,
        notes=_NOT_ESTIMABLE,
    ),
    Score(
        name="total_blood_loss",
        label="Blood loss with transfusion (Gross, mL)",
        inputs=(*_BODY, *_HAEMATOCRITS, _TRANSFUSED),
        direction="higher_is_worse",
        minimum=0,
        maximum=float(total_blood_loss(_NOTHING).upper[0]),
        strata=(),
        source=_SEHAT,
        compute=total_blood_loss,
        notes=_NOT_ESTIMABLE,
    ),
    Score(
        name="hidden_blood_loss",
        label="Hidden blood loss (mL)",
        inputs=(*_BODY, *_HAEMATOCRITS, _TRANSFUSED, *_SEEN),
        direction="higher_is_worse",
        minimum=0,
        maximum=float(hidden_blood_loss(_NOTHING).upper[0]),
        strata=(),
        source=_SEHAT,
        compute=hidden_blood_loss,
        notes=_NOT_ESTIMABLE,
    ),
)
