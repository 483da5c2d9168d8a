"""What a score can be where something is not known: exact, inside its scale, and moving in its stated direction."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spinecast.clinical.derivations import derive
from spinecast.clinical.dictionary import variable
from spinecast.clinical.scores import Score, compute_scores, one_patient, score, scores
from spinecast.clinical.scores.points import Item, level, reaches, total
from spinecast.errors import ContractError

NAMES = tuple(scores())
LOSSES = ("gross_blood_loss", "total_blood_loss", "hidden_blood_loss")
POINT_SCORES = tuple(
    name
    for name in NAMES
    if name
    not in (
        *LOSSES,
        "blood_volume",
        "bed_3",
        "bed_10",
        "eqd2_10",
        "prognostic_nutritional_index",
        "nutritional_risk_index",
        "geriatric_nutritional_risk_index",
    )
)
SEEDS = st.integers(0, 2**32 - 1)
MOST_COMPLETIONS = 30_000

# Values of numbers that stand on either side of every threshold of every score, and the possible ends.
NUMBERS = {
    "age": (20, 49, 50, 60, 70, 70.5, 71, 80, 95),
    "karnofsky_performance_status": (10, 40, 50, 70, 80, 100),
    "albumin": (0.5, 2.49, 2.5, 3.0, 3.49, 3.5, 3.69, 3.7, 4.4, 7),
    "platelet_count": (99, 100, 300),
    "calcium": (3, 9, 10.29, 10.3, 12, 30),
    "bilirubin": (0.5, 1.4, 3),
    "c_reactive_protein": (0.39, 0.4, 10),
    "lactate_dehydrogenase": (249, 250, 400),
    "total_cholesterol": (99, 100, 140, 180, 250),
    "lymphocyte_count": (0, 0.79, 0.8, 1.2, 1.6, 500),
    "hematocrit": (0.15, 0.3, 0.4, 0.6),
    "postoperative_hematocrit": (0.15, 0.28, 0.41, 0.6),
    "transfused_volume": (0, 300, 900, 50000),
    "intraoperative_blood_loss": (0, 400, 2500, 50000),
    "drainage_volume": (0, 300, 50000),
}
# Which way each variable goes against the patient: +1 up, -1 down. The primary tumour has no order.
HARM = {
    "karnofsky_performance_status": -1,
    "ecog_performance_status": 1,
    "extraspinal_bone_metastases": 1,
    "spine_metastases": 1,
    "visceral_metastases": 1,
    "visceral_metastases_removable": -1,
    "brain_metastases": 1,
    "disseminated_metastases": 1,
    "frankel_grade": -1,
    "pathological_fracture": 1,
    "ambulatory_status": -1,
    "hormone_dependent_tumour": -1,
    "molecularly_targeted_therapy": -1,
    "previous_chemotherapy": 1,
    "age": 1,
    "albumin": -1,
    "platelet_count": -1,
    "calcium": 1,
    "bilirubin": 1,
    "c_reactive_protein": 1,
    "lactate_dehydrogenase": 1,
    "total_cholesterol": -1,
    "lymphocyte_count": -1,
    "body_weight": -1,
    "usual_body_weight": 1,
    "ideal_body_weight": 1,
    "sins_location": 1,
    "sins_pain": 1,
    "sins_lesion": 1,
    "sins_alignment": 1,
    "sins_collapse": 1,
    "sins_posterolateral": 1,
}


def candidates_of(name: str) -> tuple[float, ...]:
    """Values a variable may take: every level, or numbers on both sides of every threshold."""
    entry = variable(name)
    if entry.possible is None:
        return tuple(float(index) for index in range(len(entry.levels)))
    if name in NUMBERS:
        return NUMBERS[name]
    assert entry.plausible is not None
    middle = (entry.plausible.lower + entry.plausible.upper) / 2
    return (entry.possible.lower, middle, entry.possible.upper)


def random_patient(entry: Score, generator: np.random.Generator) -> dict[str, float]:
    """Everything known; numbers within what is usual, so that formulas hold."""
    patient = {}
    for name in entry.inputs:
        values = candidates_of(name)
        if variable(name).possible is not None and name not in NUMBERS:
            values = values[1:2]
        patient[name] = float(generator.choice(values))
    return patient


def columns_of(patient: dict[str, float]) -> dict[str, np.ndarray]:
    return {name: np.array([value]) for name, value in patient.items()}


@pytest.mark.parametrize("name", NAMES)
def test_someone_of_whom_nothing_is_known_has_the_whole_range(name: str) -> None:
    entry = score(name)
    nothing = {"sex": np.full(3, np.nan)}
    found = entry.compute(nothing)
    assert found.lower.tolist() == [entry.minimum] * 3
    assert found.upper.tolist() == [entry.maximum] * 3
    assert np.isnan(found.value).all()
    if len(entry.strata) > 1:
        assert found.stratum().tolist() == [-1] * 3
    explicit = entry.compute({each: np.full(2, np.nan) for each in entry.read_variables})
    assert (explicit.lower.tolist(), explicit.upper.tolist()) == ([entry.minimum] * 2, [entry.maximum] * 2)


@pytest.mark.parametrize("name", NAMES)
@given(seed=SEEDS)
@settings(max_examples=25)
def test_the_range_is_that_of_every_completion(name: str, seed: int) -> None:
    entry = score(name)
    generator = np.random.default_rng(seed)
    patient = random_patient(entry, generator)
    hidden: list[str] = []
    count = 1
    for each in generator.permutation(entry.inputs):
        if count * len(candidates_of(each)) <= MOST_COMPLETIONS and generator.random() < 0.6:
            hidden.append(str(each))
            count *= len(candidates_of(each))
    known = {each: value for each, value in patient.items() if each not in hidden}
    asked = entry.compute(columns_of({**known, **dict.fromkeys(hidden, np.nan)}))
    grid = np.array(list(product(*(candidates_of(each) for each in hidden)))).T
    completions = {each: np.full(count, value) for each, value in known.items()}
    completions |= {each: grid[position] for position, each in enumerate(hidden)}
    values = entry.compute(completions).value
    values = values[~np.isnan(values)]
    if len(values) == 0:
        return  # no completion tried can be estimated
    lower, upper = float(asked.lower[0]), float(asked.upper[0])
    assert lower <= values.min() + 1e-9
    assert values.max() <= upper + 1e-9
    if name in POINT_SCORES:
        assert (lower, upper) == (values.min(), values.max())


@pytest.mark.parametrize("name", NAMES)
@given(seed=SEEDS)
@settings(max_examples=25)
def test_no_patient_leaves_the_scale(name: str, seed: int) -> None:
    entry = score(name)
    generator = np.random.default_rng(seed)
    found = entry.compute(columns_of(random_patient(entry, generator)))
    values = found.value[~np.isnan(found.lower)]
    assert len(values) == 1 or name in LOSSES
    assert ((values >= entry.minimum) & (values <= entry.maximum)).all()
    if entry.strata and len(values):
        band = entry.strata[int(found.stratum()[0])]
        assert band.lower <= values[0] <= band.upper


@pytest.mark.parametrize("name", [name for name in NAMES if set(scores()[name].inputs) & set(HARM)])
@given(seed=SEEDS)
@settings(max_examples=40)
def test_what_goes_against_the_patient_never_betters_the_score(name: str, seed: int) -> None:
    entry = score(name)
    if entry.direction == "neither" or name in LOSSES:
        return
    generator = np.random.default_rng(seed)
    patient = random_patient(entry, generator)
    before = float(entry.compute(columns_of(patient)).value[0])
    for each in entry.inputs:
        direction = HARM.get(each, 1 if variable(each).domain == "comorbidity" else 0)
        values = candidates_of(each) if each in NUMBERS or variable(each).possible is None else (patient[each] * 1.2,)
        if not direction or (each not in NUMBERS and variable(each).possible is not None and direction < 0):
            continue
        worse = [value for value in values if direction * (value - patient[each]) > 0]
        for value in worse:
            after = float(entry.compute(columns_of({**patient, each: value})).value[0])
            assert (after - before) * (1 if entry.direction == "higher_is_worse" else -1) >= 0, each


@pytest.mark.parametrize(
    ("name", "variable_name", "rises"),
    [
        ("bed_3", "prescribed_dose", True),
        ("bed_10", "prescribed_dose", True),
        ("eqd2_10", "prescribed_dose", True),
        ("bed_3", "fractions", False),
        ("bed_10", "fractions", False),
        ("eqd2_10", "fractions", False),
        ("blood_volume", "body_height", True),
        ("blood_volume", "body_weight", True),
        ("nutritional_risk_index", "body_weight", True),
        ("hidden_blood_loss", "transfused_volume", True),
        ("hidden_blood_loss", "drainage_volume", False),
        ("hidden_blood_loss", "intraoperative_blood_loss", False),
        ("gross_blood_loss", "postoperative_hematocrit", False),
        ("gross_blood_loss", "hematocrit", True),
    ],
)
def test_a_formula_moves_with_its_input(name: str, variable_name: str, rises: bool) -> None:
    patient = {
        "prescribed_dose": 30.0,
        "fractions": 5.0,
        "sex": 1.0,
        "body_height": 175.0,
        "body_weight": 70.0,
        "usual_body_weight": 72.0,
        "albumin": 3.7,
        "hematocrit": 0.42,
        "postoperative_hematocrit": 0.27,
        "transfused_volume": 600.0,
        "intraoperative_blood_loss": 500.0,
        "drainage_volume": 300.0,
    }
    more = {**patient, variable_name: patient[variable_name] * 1.1}
    before, after = (float(score(name).compute(columns_of(each)).value[0]) for each in (patient, more))
    assert (after > before) == rises
    assert after != before


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_that_cannot_be_estimated_is_neither_zero_nor_a_range(name: str) -> None:
    # The haematocrit rose without a transfusion.
    patient = one_patient(
        {
            "sex": "male",
            "body_height": 175,
            "body_weight": 70,
            "hematocrit": 0.30,
            "postoperative_hematocrit": 0.40,
            "transfused_volume": 0,
            "intraoperative_blood_loss": 300,
            "drainage_volume": 0,
        }
    )
    found = score(name).compute(patient)
    assert np.isnan([found.lower[0], found.upper[0], found.value[0]]).all()
    unweighed = score(name).compute({**patient, "body_weight": np.array([np.nan])})
    assert np.isnan([unweighed.lower[0], unweighed.upper[0]]).all()


def test_an_unweighed_patient_whose_haematocrit_rose_lost_least_with_the_largest_body() -> None:
    known = {
        "sex": "male",
        "body_height": 175,
        "hematocrit": 0.30,
        "postoperative_hematocrit": 0.33,
        "transfused_volume": 5000,
    }
    possible = variable("body_weight").possible
    assert possible is not None
    heaviest, lightest = (
        float(score("total_blood_loss").compute(one_patient({**known, "body_weight": weight})).value[0])
        for weight in (possible.upper, possible.lower)
    )
    found = score("total_blood_loss").compute(one_patient(known))
    assert heaviest < lightest
    assert (float(found.lower[0]), float(found.upper[0])) == pytest.approx((heaviest, lightest))


def test_a_derived_variable_that_is_given_stands_for_its_inputs() -> None:
    entry = score("katagiri_2014")
    unknown = entry.compute(one_patient({"age": 60}))
    given_group = entry.compute(one_patient({"tumour_growth_group": "rapid", "ecog_3_or_4": True}))
    assert float(given_group.lower[0]) == float(unknown.lower[0]) + 3 + 1
    assert float(given_group.upper[0]) == float(unknown.upper[0])
    breast = entry.compute(one_patient({"primary_tumour": "breast"}))
    assert float(breast.upper[0]) == 9  # slow or moderate, never rapid


@pytest.mark.parametrize("name", [name for name in NAMES if scores()[name].alternatives])
@given(seed=SEEDS)
@settings(max_examples=20)
def test_giving_what_follows_changes_nothing(name: str, seed: int) -> None:
    entry = score(name)
    patient = columns_of(random_patient(entry, np.random.default_rng(seed)))
    derived = {each: derive(each, patient) for each in entry.alternatives}
    expected, found = entry.compute(patient).value, entry.compute({**patient, **derived}).value
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    "name",
    [
        "prognostic_nutritional_index",
        "controlling_nutritional_status",
        "nutritional_risk_index",
        "geriatric_nutritional_risk_index",
        "charlson_index",
        "bed_3",
        "bed_10",
        "eqd2_10",
    ],
)
@given(seed=SEEDS)
@settings(max_examples=20)
def test_the_derived_variable_of_the_same_name_is_the_score(name: str, seed: int) -> None:
    entry = score(name)
    patient = columns_of(random_patient(entry, np.random.default_rng(seed)))
    np.testing.assert_allclose(derive(name, patient), entry.compute(patient).value, rtol=1e-12)


@given(seed=SEEDS)
@settings(max_examples=20)
def test_the_derived_sum_of_the_sins_components_is_the_score(seed: int) -> None:
    patient = columns_of(random_patient(score("sins"), np.random.default_rng(seed)))
    np.testing.assert_array_equal(derive("sins_total", patient), score("sins").compute(patient).value)


def test_a_score_of_many_is_the_score_of_each() -> None:
    generator = np.random.default_rng(7)
    for entry in scores().values():
        patients = [random_patient(entry, generator) for _ in range(50)]
        for patient in patients:
            if generator.random() < 0.5:
                patient[str(generator.choice(entry.inputs))] = np.nan
        together = entry.compute({name: np.array([each[name] for each in patients]) for name in entry.inputs})
        alone = [entry.compute(columns_of(each)) for each in patients]
        np.testing.assert_array_equal(together.lower, [float(each.lower[0]) for each in alone])
        np.testing.assert_array_equal(together.upper, [float(each.upper[0]) for each in alone])
        np.testing.assert_array_equal(together.stratum(), [int(each.stratum()[0]) for each in alone])


def test_scores_in_blocks_are_the_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spinecast.clinical.scores.batch._PATIENTS_AT_ONCE", 7)
    generator = np.random.default_rng(11)
    entries = [score(name) for name in ("katagiri_2014", "nutritional_risk_index", "hidden_blood_loss")]
    names = dict.fromkeys(name for entry in entries for name in entry.inputs)
    columns = {name: generator.choice(candidates_of(name)[:2], 40).astype(float) for name in names}
    columns["albumin"][::3] = np.nan
    found = compute_scores(entries, columns)
    for entry in entries:
        alone = entry.compute(columns)
        np.testing.assert_array_equal(found[entry.name].lower, alone.lower)
        np.testing.assert_array_equal(found[entry.name].upper, alone.upper)
        np.testing.assert_array_equal(found[entry.name].stratum(), alone.stratum())


def test_an_albumin_in_grams_per_litre_is_refused_with_the_range() -> None:
    with pytest.raises(ContractError, match=r"(?s)albumin.*0.5 to 7 g/dL"):
        score("prognostic_nutritional_index").compute({"albumin": np.array([37.0])})


@pytest.mark.parametrize("code", [-1.0, 3.0, 0.5])
def test_what_is_no_level_is_refused(code: float) -> None:
    with pytest.raises(ContractError, match="spine_metastases"):
        score("tomita").compute({"spine_metastases": np.array([code])})


def test_an_index_that_cannot_be_is_not_estimable() -> None:
    heavy = one_patient({"albumin": 4, "body_weight": 600, "usual_body_weight": 30})
    found = score("nutritional_risk_index").compute(heavy)
    assert np.isnan([found.lower[0], found.upper[0]]).all()
    assert found.stratum().tolist() == [-1]


def test_columns_of_different_lengths_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="one length"):
        score("tomita").compute({"spine_metastases": np.zeros(2), "primary_tumour": np.zeros(3)})
    with pytest.raises(ValueError, match="no column"):
        score("tomita").compute({})


def test_an_item_over_two_findings_knows_what_one_of_them_leaves_open() -> None:
    item = Item.of("both", [level("brain_metastases"), reaches("age", 50)], lambda brain, old: 5 * brain + 2 * old)
    columns = {"brain_metastases": np.array([1.0, np.nan, np.nan]), "age": np.array([np.nan, 60.0, np.nan])}
    fewest, most = item.bounds(columns)
    assert fewest.tolist() == [5, 2, 0]
    assert most.tolist() == [7, 7, 7]
    assert total([item], columns, (), most=6).upper.tolist() == [6, 6, 6]
