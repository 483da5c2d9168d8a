"""Published scores of a whole cohort: table look-ups beside one plain function call a patient."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from protocol import Benchmark

from spinecast.clinical.dictionary import variable
from spinecast.clinical.scores import compute_scores, scores

__all__ = ["BENCHMARKS"]

FloatArray = NDArray[np.float64]
Patient = dict[str, Any]

PATIENTS = 20_000
MILLION = 1_000_000


def random_columns(count: int, seed: int) -> dict[str, FloatArray]:
    """Every input of every score at random over its levels or its usual range, one value in twenty missing."""
    generator = np.random.default_rng(seed)
    columns = {}
    for name in sorted({name for entry in scores().values() for name in entry.inputs}):
        entry = variable(name)
        if entry.plausible is None:
            values = generator.integers(0, len(entry.levels), count).astype(np.float64)
        else:
            values = np.round(generator.uniform(entry.plausible.lower, entry.plausible.upper, count), entry.decimals)
        columns[name] = np.where(generator.random(count) < 0.05, np.nan, values)
    return columns


def setup(small: bool) -> tuple[dict[str, FloatArray], list[Patient], bool]:
    columns = random_columns(500 if small else PATIENTS, seed=31)
    words = {name: in_words(name, values) for name, values in columns.items()}
    patients = [dict(zip(words, row, strict=True)) for row in zip(*words.values(), strict=True)]
    return columns, patients, small


def in_words(name: str, values: FloatArray) -> list[Any]:
    """What a table holds: level names, True and False, numbers, None."""
    entry = variable(name)
    if entry.kind == "continuous":
        return [None if math.isnan(value) else value for value in values.tolist()]
    levels: list[Any] = [False, True] if entry.kind == "binary" else list(entry.level_values)
    return [None if math.isnan(value) else levels[int(value)] for value in values.tolist()]


def ours(data: tuple[dict[str, FloatArray], list[Patient], bool]) -> dict[str, FloatArray]:
    return {name: scores()[name].compute(data[0]).value for name in PLAIN}


def peer(data: tuple[dict[str, FloatArray], list[Patient], bool]) -> dict[str, FloatArray]:
    return {
        name: np.array([rule(patient) if complete(name, patient) else np.nan for patient in data[1]])
        for name, rule in PLAIN.items()
    }


def complete(name: str, patient: Patient) -> bool:
    """Published code gives up on a patient of whom any input is missing."""
    return all(
        patient[each] is not None
        for each in scores()[name].inputs
        if not (each == "visceral_metastases_removable" and patient["visceral_metastases"] is False)
    )


def agree(_: object, ours: dict[str, FloatArray], peer: dict[str, FloatArray]) -> None:
    for name, expected in peer.items():
        known = ~np.isnan(expected)
        assert known.any(), name
        # Where an input is missing that cannot matter, we know the score and plain code does not.
        np.testing.assert_array_equal(ours[name][known], expected[known], err_msg=name)


def facts(
    data: tuple[dict[str, FloatArray], list[Patient], bool], ours: dict[str, FloatArray], peer: dict[str, FloatArray]
) -> dict[str, float]:
    found = {
        "share_known_ours": float(np.mean([~np.isnan(values) for values in ours.values()])),
        "share_known_peer": float(np.mean([~np.isnan(values) for values in peer.values()])),
    }
    if not data[2]:
        columns = random_columns(MILLION, seed=32)
        began = time.perf_counter()
        for result in compute_scores(list(scores().values()), columns).values():
            result.stratum()
        found["scores"] = len(scores())
        found["seconds_for_a_million_patients_through_every_score"] = time.perf_counter() - began
    return found


def several(patient: Patient) -> bool:
    return patient["spine_metastases"] != "one" or patient["extraspinal_bone_metastases"] != "none"


def karnofsky(patient: Patient) -> int:
    status = patient["karnofsky_performance_status"]
    return 2 if status >= 80 else 1 if status >= 50 else 0


def tokuhashi(patient: Patient) -> int:
    points = karnofsky(patient)
    points += {"none": 2, "one_or_two": 1, "three_or_more": 0}[patient["extraspinal_bone_metastases"]]
    points += {"one": 2, "two": 1, "three_or_more": 0}[patient["spine_metastases"]]
    if not patient["visceral_metastases"]:
        points += 2
    elif patient["visceral_metastases_removable"]:
        points += 1
    primary = patient["primary_tumour"]
    if primary in ("lung", "osteosarcoma", "stomach", "bladder", "oesophagus", "pancreas"):
        points += 0
    elif primary in ("liver", "gallbladder", "unknown_primary"):
        points += 1
    elif primary in ("kidney", "uterus"):
        points += 3
    elif primary == "rectum":
        points += 4
    elif primary in ("thyroid", "breast", "prostate", "carcinoid"):
        points += 5
    else:
        points += 2
    return points + {"a": 0, "b": 0, "c": 1, "d": 1, "e": 2}[patient["frankel_grade"]]


def modified_bauer(patient: Patient) -> int:
    points = 0
    if not patient["visceral_metastases"] and not patient["brain_metastases"]:
        points += 1
    if not several(patient):
        points += 1
    if patient["primary_tumour"] != "lung":
        points += 1
    if patient["primary_tumour"] in ("breast", "kidney", "lymphoma", "multiple_myeloma"):
        points += 1
    return points


def bauer(patient: Patient) -> int:
    return modified_bauer(patient) + (0 if patient["pathological_fracture"] else 1)


def nesms(patient: Patient) -> int:
    points = 2 if modified_bauer(patient) >= 3 else 0
    points += patient["ambulatory_status"] == "independent"
    points += patient["albumin"] >= 3.5
    return min(points, 3)


def katagiri_2014(patient: Patient) -> int:
    primary = patient["primary_tumour"]
    if primary in ("thyroid", "multiple_myeloma", "lymphoma"):
        points = 0
    elif primary in ("breast", "prostate"):
        points = 0 if patient["hormone_dependent_tumour"] else 2
    elif primary == "lung":
        points = 2 if patient["molecularly_targeted_therapy"] else 3
    elif primary in ("kidney", "uterus", "ovary", "sarcoma", "osteosarcoma", "carcinoid", "other"):
        points = 2
    else:
        points = 3
    if patient["disseminated_metastases"]:
        points += 2
    elif patient["visceral_metastases"] or patient["brain_metastases"]:
        points += 1
    if patient["platelet_count"] < 100 or patient["calcium"] >= 10.3 or patient["bilirubin"] >= 1.4:
        points += 2
    elif patient["c_reactive_protein"] >= 0.4 or patient["lactate_dehydrogenase"] >= 250 or patient["albumin"] < 3.7:
        points += 1
    points += patient["ecog_performance_status"] in ("3", "4")
    points += patient["previous_chemotherapy"]
    return points + several(patient)


def van_der_linden(patient: Patient) -> int:
    points = karnofsky(patient) + {"breast": 3, "prostate": 2, "lung": 1}.get(patient["primary_tumour"], 0)
    return points + (not patient["visceral_metastases"] and not patient["brain_metastases"])


def mizumoto(patient: Patient) -> int:
    points = 0 if patient["primary_tumour"] in ("breast", "prostate", "lymphoma", "thyroid") else 3
    points += 3 * (patient["ecog_performance_status"] in ("3", "4"))
    points += 2 * (patient["visceral_metastases"] or patient["brain_metastases"])
    points += 2 * patient["previous_chemotherapy"]
    points += 2 * (round(patient["calcium"] + 0.8 * (4 - patient["albumin"]), 6) > 10)
    return points + several(patient) + (patient["age"] >= 71)


def sins(patient: Patient) -> int:
    return (
        {"rigid": 0, "semirigid": 1, "mobile": 2, "junctional": 3}[patient["sins_location"]]
        + {"none": 0, "occasional": 1, "mechanical": 3}[patient["sins_pain"]]
        + {"blastic": 0, "mixed": 1, "lytic": 2}[patient["sins_lesion"]]
        + {"normal": 0, "deformity": 2, "subluxation": 4}[patient["sins_alignment"]]
        + {"none": 0, "body_involved_over_half": 1, "collapse_under_half": 2, "collapse_over_half": 3}[
            patient["sins_collapse"]
        ]
        + {"none": 0, "unilateral": 1, "bilateral": 3}[patient["sins_posterolateral"]]
    )


PLAIN: dict[str, Callable[[Patient], float]] = {
    "revised_tokuhashi": tokuhashi,
    "bauer": bauer,
    "modified_bauer": modified_bauer,
    "nesms": nesms,
    "katagiri_2014": katagiri_2014,
    "van_der_linden": van_der_linden,
    "mizumoto": mizumoto,
    "sins": sins,
}

BENCHMARKS = (
    Benchmark(
        name="published_scores",
        peer_name="plain Python, one call a patient, as published scoring notebooks do it",
        what=(
            f"eight scores of {PATIENTS:,} patients with one value in twenty missing; ours also gives the range of "
            "what is not known, the peer gives up"
        ),
        setup=setup,
        ours=ours,
        peer=peer,
        agree=agree,
        facts=facts,
        repeats=5,
    ),
)
