"""What imaging of the spine shows."""

from __future__ import annotations

from spinecast.clinical.dictionary.entries import binary, grades
from spinecast.clinical.dictionary.literature import BILSKY_2010, FISHER_2010
from spinecast.clinical.dictionary.quantities import PERCENT, POINTS
from spinecast.clinical.units import Unit, UnitConversion
from spinecast.clinical.variable import Code, Level, Range, Variable

__all__ = ["VARIABLES", "VERTEBRAE"]

_HOUNSFIELD_UNIT = Unit("HU", "[hnsf'U]", ("hounsfield", "hounsfield units"))
_TRABECULAR = "CT attenuation of trabecular bone, averaged over axial slices of the vertebral body away from its cortex"

VERTEBRAE = tuple(
    Level(f"{letter}{number}", f"{letter.upper()}{number}")
    for letter, count in (("c", 7), ("t", 12), ("l", 5), ("s", 5))
    for number in range(1, count + 1)
)


def _attenuation(name: str, label: str, place: str) -> Variable:
    return Variable(
        name=name,
        label=label,
        help=f"{_TRABECULAR}, {place}. Low values go with weak bone.",
        kind="continuous",
        domain="imaging",
        unit=_HOUNSFIELD_UNIT,
        possible=Range(-1000, 3071),
        plausible=Range(-20, 600),
        decimals=0,
    )


VARIABLES = (
    Variable(
        name="spinal_level",
        label="Index level",
        help="The vertebra that is treated; of several, the one that leads (worst compression or instability).",
        kind="nominal",
        domain="imaging",
        levels=VERTEBRAE,
    ),
    Variable(
        name="spinal_region",
        label="Region of the spine",
        help="The region in which the index level lies.",
        kind="nominal",
        domain="imaging",
        levels=grades(("cervical", "Cervical"), ("thoracic", "Thoracic"), ("lumbar", "Lumbar"), ("sacral", "Sacral")),
        derived_from=("spinal_level",),
    ),
    binary(
        "multi_segment_lesion",
        "Lesion over several segments",
        "Whether the lesion that is treated spans more than one vertebra.",
        "imaging",
    ),
    Variable(
        name="bilsky_grade",
        label="Epidural cord compression (Bilsky)",
        help="Epidural spinal cord compression scale, on axial T2-weighted MRI at the worst level.",
        kind="ordinal",
        domain="imaging",
        levels=grades(
            ("0", "0: bone only"),
            ("1a", "1a: epidural, thecal sac not deformed"),
            ("1b", "1b: thecal sac deformed, cord not touched"),
            ("1c", "1c: abuts the cord without compressing it"),
            ("2", "2: cord compressed, cerebrospinal fluid visible"),
            ("3", "3: cord compressed, no cerebrospinal fluid visible"),
        ),
        source=BILSKY_2010,
    ),
    binary(
        "high_grade_compression",
        "High-grade cord compression (Bilsky 2 or 3)",
        "Whether the cord is compressed: Bilsky grade 2 or 3.",
        "imaging",
        derived_from=("bilsky_grade",),
        source=BILSKY_2010,
    ),
    Variable(
        name="compression_direction",
        label="Direction of the compression",
        help="From which side the tumour compresses the cord.",
        kind="nominal",
        domain="imaging",
        levels=grades(("anterior", "Anterior"), ("posterior", "Posterior"), ("circumferential", "Circumferential")),
    ),
    Variable(
        name="sins_location",
        label="SINS: location",
        help=(
            "Junctional: occiput to C2, C7 to T2, T11 to L1, L5 to S1. Mobile: C3 to C6, L2 to L4. Semirigid: T3 to "
            "T10. Rigid: S2 to S5."
        ),
        kind="ordinal",
        domain="imaging",
        levels=grades(
            ("rigid", "Rigid (0)"),
            ("semirigid", "Semirigid (1)"),
            ("mobile", "Mobile (2)"),
            ("junctional", "Junctional (3)"),
        ),
        derived_from=("spinal_level",),
        source=FISHER_2010,
    ),
    Variable(
        name="sins_pain",
        label="SINS: pain",
        help="Mechanical pain eases on lying down or comes with movement or loading of the spine.",
        kind="ordinal",
        domain="imaging",
        levels=grades(
            ("none", "Pain-free lesion (0)"),
            ("occasional", "Occasional pain, not mechanical (1)"),
            ("mechanical", "Mechanical pain (3)"),
        ),
        source=FISHER_2010,
    ),
    Variable(
        name="sins_lesion",
        label="SINS: bone lesion",
        help="Bone quality of the lesion on CT.",
        kind="ordinal",
        domain="imaging",
        levels=grades(("blastic", "Blastic (0)"), ("mixed", "Mixed (1)"), ("lytic", "Lytic (2)")),
        source=FISHER_2010,
    ),
    Variable(
        name="sins_alignment",
        label="SINS: alignment",
        help="Alignment of the spine on imaging.",
        kind="ordinal",
        domain="imaging",
        levels=grades(
            ("normal", "Normal (0)"),
            ("deformity", "De novo deformity: kyphosis or scoliosis (2)"),
            ("subluxation", "Subluxation or translation (4)"),
        ),
        source=FISHER_2010,
    ),
    Variable(
        name="sins_collapse",
        label="SINS: collapse of the vertebral body",
        help="Collapse of the vertebral body. The source leaves a collapse of exactly half open: the reader decides.",
        kind="ordinal",
        domain="imaging",
        levels=grades(
            ("none", "None (0)"),
            ("body_involved_over_half", "No collapse, more than half of the body involved (1)"),
            ("collapse_under_half", "Collapse of less than half (2)"),
            ("collapse_over_half", "Collapse of more than half (3)"),
        ),
        source=FISHER_2010,
    ),
    Variable(
        name="sins_posterolateral",
        label="SINS: posterolateral elements",
        help="Involvement of facet, pedicle or costovertebral joint by fracture or tumour.",
        kind="ordinal",
        domain="imaging",
        levels=grades(("none", "None (0)"), ("unilateral", "Unilateral (1)"), ("bilateral", "Bilateral (3)")),
        source=FISHER_2010,
    ),
    Variable(
        name="sins_total",
        label="Spinal Instability Neoplastic Score",
        help="Sum of the six components: 0 to 6 stable, 7 to 12 potentially unstable, 13 to 18 unstable.",
        kind="continuous",
        domain="imaging",
        unit=POINTS,
        possible=Range(0, 18),
        plausible=Range(0, 18),
        decimals=0,
        derived_from=(
            "sins_location",
            "sins_pain",
            "sins_lesion",
            "sins_alignment",
            "sins_collapse",
            "sins_posterolateral",
        ),
        source=FISHER_2010,
    ),
    Variable(
        name="vertebral_collapse_percent",
        label="Loss of vertebral height",
        help="Loss of height of the index vertebral body against its neighbours: 0 is none, 100 complete.",
        kind="continuous",
        domain="imaging",
        unit=PERCENT,
        other_units=(UnitConversion(Unit("fraction", "1", ("proportion",)), 100, source="definition"),),
        possible=Range(0, 100),
        plausible=Range(0, 90),
        decimals=0,
    ),
    binary(
        "pathological_fracture",
        "Pathological fracture",
        "Fracture of the vertebra that the tumour weakened, before treatment.",
        "imaging",
        codes=(Code("SNOMED CT", "268029009", "Pathological fracture"),),
    ),
    binary(
        "paraspinal_extension",
        "Paraspinal extension",
        "Growth of the tumour out of the bone into the soft tissue beside the spine.",
        "imaging",
    ),
    _attenuation(
        "hounsfield_units_upper_instrumented_vertebra",
        "Hounsfield units of the upper instrumented vertebra",
        "at the uppermost vertebra that is instrumented",
    ),
    _attenuation(
        "hounsfield_units_lowest_instrumented_vertebra",
        "Hounsfield units of the lowest instrumented vertebra",
        "at the lowest vertebra that is instrumented",
    ),
    _attenuation("hounsfield_units_l1", "Hounsfield units of L1", "at L1"),
    Variable(
        name="bone_density_t_score",
        label="Bone mineral density (T-score)",
        help="Standard deviations from the mean of young adults, by dual-energy X-ray absorptiometry.",
        kind="continuous",
        domain="imaging",
        unit=Unit("SD", "{T-score}", ("T-score", "standard deviations")),
        possible=Range(-10, 10),
        plausible=Range(-5, 4),
        decimals=1,
    ),
)
