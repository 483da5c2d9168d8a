"""Answering about nobody: what a first answer compiles and reads is there before the first patient."""

from __future__ import annotations

from typing import Any

from spinecast.clinical.dictionary import variable
from spinecast.cohorts.derived_values import closure
from spinecast.errors import ContractError
from spinecast.models.loading import AnyModel
from spinecast.serving.answers import answer
from spinecast.serving.problems import LOGGER
from spinecast.serving.reading import PatientQuestion
from spinecast.serving.served_model import ServedModel

__all__ = ["rehearse", "typical_patient"]


def typical_patient(model: AnyModel) -> dict[str, Any]:
    """Return the middle of the development patients, each predictor by itself: nobody.

    Texts, such as a scanner's name, have no middle and are left out; so is what follows from what is given.
    """
    middle = model.marginals.shape[1] // 2
    found: dict[str, Any] = {}
    for name, quantiles in zip(model.predictors, model.marginals, strict=True):
        entry = variable(name)
        if entry.is_label or (entry.is_derived and not set(closure(entry.derived_from)).isdisjoint(model.predictors)):
            continue
        value = float(quantiles[middle])
        if entry.is_levelled:
            found[name] = entry.level_values[int(value)]
        elif entry.possible is None or entry.possible.contains(value):
            found[name] = value
    return found


def rehearse(served: ServedModel) -> None:
    """Answer about nobody with everything that an answer can hold, recording nothing.

    One input is left unknown, so that what would narrow the answer is looked for too; where the study gives no risk
    then, all are known.

    Raises
    ------
    ArithmeticError
        If what is explained is not what is served.
    """
    known = typical_patient(served.model)
    never_without = (served.model.about.get("decline") or {}).get("without") or ()
    spare = next((name for name in known if name not in never_without and len(known) > 1), "")
    for given in ({name: value for name, value in known.items() if name != spare}, known):
        try:
            said = answer(served, PatientQuestion(given), explain=True)
        except ContractError as error:  # middles need not go together: no fault of the model's
            LOGGER.warning("%s was not rehearsed: %s", served.numbered, error.what)
            return
        if said["declined"] is None:
            return
