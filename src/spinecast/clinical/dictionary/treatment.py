"""What has been done against the cancer, and what is planned."""

from __future__ import annotations

from spinecast.clinical.dictionary.entries import binary, grades
from spinecast.clinical.variable import Code, Variable

__all__ = ["VARIABLES"]

_LATER = "It follows the prediction, so it is never a predictor: who gets it had to live long enough."

VARIABLES = (
    binary(
        "previous_systemic_therapy",
        "Previous systemic therapy",
        "Any systemic treatment of the cancer before the prediction: chemotherapy, hormone, targeted or immune "
        "therapy.",
        "treatment",
    ),
    binary(
        "previous_chemotherapy",
        "Previous chemotherapy",
        "Cytotoxic chemotherapy before the prediction. It is part of, and not the same as, previous systemic therapy.",
        "treatment",
    ),
    binary(
        "previous_radiotherapy",
        "Previous radiotherapy of the level",
        "Radiotherapy of the level to be treated, before the prediction.",
        "treatment",
    ),
    binary(
        "corticosteroid_use",
        "Corticosteroids",
        "Corticosteroids given at the time of the prediction, for compression or any other reason.",
        "treatment",
        codes=(Code("ATC", "H02", "Corticosteroids for systemic use"),),
    ),
    binary(
        "opioid_use",
        "Opioids",
        "Opioids taken regularly at the time of the prediction.",
        "treatment",
        codes=(Code("ATC", "N02A", "Opioids"),),
    ),
    binary(
        "bone_modifying_agent_use",
        "Bone-modifying agent",
        "A bisphosphonate or denosumab given at the time of the prediction.",
        "treatment",
        codes=(
            Code("ATC", "M05BA", "Bisphosphonates"),
            Code("ATC", "M05BB", "Bisphosphonates, combinations"),
            Code("ATC", "M05BX04", "Denosumab"),
        ),
    ),
    Variable(
        name="treatment_group",
        label="Local treatment",
        help="The local treatment of the spinal metastasis that is planned when the prediction is made.",
        kind="nominal",
        domain="treatment",
        levels=grades(
            ("none", "None"),
            ("radiotherapy", "Radiotherapy"),
            ("surgery", "Surgery"),
            ("surgery_and_radiotherapy", "Surgery and radiotherapy"),
        ),
    ),
    binary(
        "postoperative_systemic_therapy",
        "Systemic therapy after surgery",
        f"Systemic treatment of the cancer after surgery. {_LATER}",
        "treatment",
        role="after_prediction",
    ),
    binary(
        "postoperative_radiotherapy",
        "Radiotherapy after surgery",
        f"Radiotherapy of the level after surgery. {_LATER}",
        "treatment",
        role="after_prediction",
    ),
)
