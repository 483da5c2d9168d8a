"""How far the cancer has spread."""

from __future__ import annotations

from spinecast.clinical.dictionary.entries import binary, grades
from spinecast.clinical.dictionary.literature import KATAGIRI_2014, TOKUHASHI_2005
from spinecast.clinical.variable import Code, Condition, Variable

__all__ = ["VARIABLES"]

VARIABLES = (
    Variable(
        name="spine_metastases",
        label="Vertebrae with metastases",
        help="How many vertebrae hold metastases on imaging of the whole spine.",
        kind="ordinal",
        domain="spread",
        levels=grades(("one", "One"), ("two", "Two"), ("three_or_more", "Three or more")),
        source=TOKUHASHI_2005,
    ),
    binary(
        "three_or_more_spine_metastases",
        "Three or more vertebrae with metastases",
        "Whether at least three vertebrae hold metastases.",
        "spread",
        derived_from=("spine_metastases",),
    ),
    Variable(
        name="extraspinal_bone_metastases",
        label="Bone metastases outside the spine",
        help="How many bone metastases there are outside the spine, on bone scan or other imaging.",
        kind="ordinal",
        domain="spread",
        levels=grades(("none", "None"), ("one_or_two", "One or two"), ("three_or_more", "Three or more")),
        source=TOKUHASHI_2005,
    ),
    binary(
        "multiple_skeletal_metastases",
        "More than one bone metastasis",
        "Whether there is more than one bone metastasis anywhere, in the spine or outside it.",
        "spread",
        derived_from=("spine_metastases", "extraspinal_bone_metastases"),
    ),
    binary(
        "visceral_metastases",
        "Visceral metastases",
        "Metastases in lung, liver or another internal organ. The brain is asked for separately.",
        "spread",
    ),
    binary(
        "visceral_metastases_removable",
        "Visceral metastases removable",
        "Whether the visceral metastases could be removed completely. Asked only when there are any.",
        "spread",
        asked_if=Condition("visceral_metastases", ("present",)),
        source=TOKUHASHI_2005,
    ),
    binary(
        "disseminated_metastases",
        "Disseminated metastases",
        "Spread over the pleura, the peritoneum or the leptomeninges.",
        "spread",
        source=KATAGIRI_2014,
    ),
    binary(
        "brain_metastases",
        "Brain metastases",
        "Metastases in the brain.",
        "spread",
        codes=(Code("SNOMED CT", "94225005", "Secondary malignant neoplasm of brain"),),
    ),
    binary(
        "lymph_node_metastases",
        "Lymph node metastases",
        "Metastases in lymph nodes, near or distant.",
        "spread",
        codes=(Code("SNOMED CT", "94392001", "Secondary malignant neoplasm of lymph node"),),
    ),
)
