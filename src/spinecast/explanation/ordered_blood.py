"""Blood to cross-match by a model of intraoperative blood loss, at the losses it says a patient may have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from spinecast.clinical.blood_order import (
    LEAST_HEMOGLOBIN,
    ORDER_INPUTS,
    ORDER_RULE,
    ORDERED_LOSS,
    units_to_cross_match,
)
from spinecast.clinical.dictionary import variable
from spinecast.models.quantiles.model import QuantityModel
from spinecast.models.quantiles.quantile_function import QuantileFunction

__all__ = ["ORDER_LEVELS", "blood_order", "orders_blood"]

# Blood is ordered for the loss half of such patients stay below, and for the one nine in ten do.
ORDER_LEVELS = (0.5, 0.9)


def orders_blood(model: QuantityModel) -> bool:
    """Whether the quantity is a loss that blood is ordered for."""
    return str(model.about["outcome"].get("variable")) == ORDERED_LOSS


def blood_order(
    found: QuantileFunction, inputs: Mapping[str, float], least_hemoglobin: float = LEAST_HEMOGLOBIN
) -> dict[str, Any]:
    """Units to cross-match for one patient, at the losses of `ORDER_LEVELS`: JSON values.

    Parameters
    ----------
    found : QuantileFunction
        Of one patient.
    inputs : mapping of str to float
        `ORDER_INPUTS` in canonical units, NaN where not known.
    least_hemoglobin : float
        Lowest haemoglobin accepted, g/dL.
    """
    lacking = [variable(name).label.lower() for name in ORDER_INPUTS if np.isnan(inputs[name])]
    if lacking:
        return {"absent": f"{', '.join(lacking)} not known", "rule": ORDER_RULE}
    orders: list[dict[str, Any]] = []
    for level, loss in zip(ORDER_LEVELS, found.quantiles(ORDER_LEVELS)[0].tolist(), strict=True):
        body = {name: inputs[name] for name in ("body_height", "body_weight", "hemoglobin")}
        units = float(units_to_cross_match(male=inputs["sex"], **body, loss=loss, least_hemoglobin=least_hemoglobin))
        beyond = {"absent": "not estimable: more than the patient's whole blood volume"}
        orders.append({"level": level, "loss": loss, **(beyond if np.isnan(units) else {"units": units})})
    return {"rule": ORDER_RULE, "least_hemoglobin": least_hemoglobin, "orders": orders}
