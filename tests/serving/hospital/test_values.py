"""Which value of a chart is taken, in whatever unit, and what is not used and why."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from serving.hospital.made_charts import (
    ALBUMIN,
    ECOG,
    HEMOGLOBIN,
    LOINC,
    NOW,
    SCT,
    UCUM,
    bundle,
    call,
    concept,
    condition,
    days_ago,
    observation,
    order,
    patient,
)

from spinecast.clinical.dictionary import variable, variables
from spinecast.clinical.recency import recency
from spinecast.cohorts.patient import patient_row
from spinecast.documents.json_text import MalformedError
from spinecast.serving.hospital.charts import read_hook_request
from spinecast.serving.hospital.prefetch import prefetch_templates, source_of
from spinecast.serving.hospital.values import Read, read_chart

NUMBERS = [one for one in variables().values() if source_of(one) == "Observation" and not one.is_levelled]


def read(*names: str, prefetch: dict[str, Any] | None = None, observations: Any = ()) -> Read:
    """Read some variables from a chart; the observations stand at the key that the variables ask for."""
    keys = tuple(prefetch_templates(names))
    sent: dict[str, Any] = {"patient": patient(), **(prefetch or {})}
    for key in keys:
        if key.startswith("observations"):
            sent[key] = bundle(*observations)
    return read_chart(read_hook_request(call() | {"prefetch": sent}, keys).chart, names, NOW)


def number(found: Read, name: str) -> float:
    return float(patient_row(found.inputs, (name,))[0][0, 0])


@pytest.mark.parametrize(
    ("name", "code", "value", "unit", "canonical"),
    [
        ("albumin", ALBUMIN, 29, "g/L", 2.9),
        ("albumin", ALBUMIN, 2.9, "g/dL", 2.9),
        ("hemoglobin", "59260-0", 6.206, "mmol/L", 10.0),
        ("creatinine", "14682-9", 88.42, "umol/L", 1.0),
        ("calcium", "2000-8", 2.5, "mmol/L", 10.0195),
        ("white_blood_cell_count", "6690-2", 7.4, "10*3/uL", 7.4),
        ("platelet_count", "26515-7", 250000, "/uL", 250.0),
        ("heart_rate", "8867-4", 72, "{beats}/min", 72.0),
        ("international_normalised_ratio", "6301-6", 1.2, "{INR}", 1.2),
        ("body_temperature", "8310-5", 98.6, "[degF]", 37.0),
        ("hematocrit", "4544-3", 38, "%", 0.38),
        ("karnofsky_performance_status", "89243-0", 70, "{score}", 70.0),
        ("body_weight", "29463-7", 154, "[lb_av]", 69.85),
    ],
)
def test_a_value_in_another_unit_is_the_same_value(
    name: str, code: str, value: float, unit: str, canonical: float
) -> None:
    """The right sides are worked by hand from the units' definitions."""
    found = read(name, observations=[observation(code, value, unit, days=1)])
    assert found.not_used == {}
    assert number(found, name) == pytest.approx(canonical, rel=1e-4)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_every_unit_of_every_variable_reads_back(data: st.DataObject) -> None:
    entry = data.draw(st.sampled_from(NUMBERS))
    conversion = data.draw(st.sampled_from(entry.conversions()))
    limits = entry.plausible or entry.possible
    assert limits is not None
    canonical = data.draw(st.floats(limits.lower, limits.upper))
    code = next(code.code for code in entry.codes if code.system == "LOINC")
    value = float(conversion.from_canonical(canonical))
    found = read(entry.name, observations=[observation(code, value, conversion.unit.ucum, days=0)])
    assert found.not_used == {}
    assert number(found, entry.name) == pytest.approx(canonical, rel=1e-9, abs=1e-12)


def test_the_newest_decides_and_its_age_is_kept() -> None:
    found = read(
        "albumin",
        observations=[
            observation(ALBUMIN, 35, "g/L", days=20),
            observation(ALBUMIN, 29, "g/L", days=3),
            observation(ALBUMIN, 33, "g/L", days=9),
        ],
    )
    assert number(found, "albumin") == pytest.approx(2.9)
    source = found.sources["albumin"]
    assert (source.text, source.days, source.measured_on) == ("29 g/L", 3, "2026-11-24")
    assert source.reference is not None
    assert source.reference.startswith("Observation/o-1751-7")


@pytest.mark.parametrize("name", [one.name for one in NUMBERS])
def test_what_is_too_old_is_missing(name: str) -> None:
    entry = variable(name)
    limit = recency(entry).days
    code, unit = entry.codes[0].code, entry.conversions()[0].unit.ucum
    limits = entry.plausible or entry.possible
    assert limits is not None
    middle = (limits.lower + limits.upper) / 2
    just = read(name, observations=[observation(code, middle, unit, days=(limit or 9000) + 0.99)])
    assert set(just.inputs) >= {name}
    if limit is not None:
        late = read(name, observations=[observation(code, middle, unit, days=limit + 1)])
        assert name not in late.inputs
        assert f"{limit + 1} days old" in late.not_used[name]


CONFLICT = [observation(ALBUMIN, 29, "g/L", days=3), observation(ALBUMIN, 4.1, "g/dL", days=3)]


def test_two_values_of_the_same_time_are_said_and_neither_is_taken() -> None:
    found = read("albumin", observations=[*CONFLICT, observation(ALBUMIN, 3.3, "g/dL", days=9)])
    assert "albumin" not in found.inputs
    assert found.not_used["albumin"] == "two values of the same time, 29 g/L and 4.1 g/dL (2026-11-24)"


def test_one_value_written_in_two_units_is_no_conflict() -> None:
    found = read(
        "creatinine",
        observations=[observation("2160-0", 1.1, "mg/dL"), observation("14682-9", 97, "umol/L")],
    )
    assert number(found, "creatinine") == pytest.approx(1.1)


def test_a_day_without_an_hour_may_be_the_same_time() -> None:
    found = read(
        "albumin",
        observations=[
            observation(ALBUMIN, 29, "g/L", effectiveDateTime="2026-11-24"),
            observation(ALBUMIN, 41, "g/L", effectiveDateTime="2026-11-24T15:00:00+01:00"),
        ],
    )
    assert "same time" in found.not_used["albumin"]


def quantity(**parts: Any) -> dict[str, Any]:
    return observation(ALBUMIN, None, valueQuantity=parts)


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (observation(ALBUMIN, 29, "mg/mL"), "mg/mL (known are g/dL, g/L)"),
        (quantity(value=29, unit="<b>"), "a unit that is unknown here"),
        (quantity(value=29), "29 without a unit"),
        (quantity(value=2, comparator="<", unit="g/dL"), "a limit (< 2), not a value"),
        (quantity(unit="g/dL"), "no number"),
        (observation(ALBUMIN, None, valueString="low"), "no number"),
        (observation(ALBUMIN, 37, "g/dL"), "37 g/dL is impossible (possible is 0.5 to 7 g/dL)"),
        (observation(ALBUMIN, 29, "g/L", days=-3), "still to come"),
        (observation(ALBUMIN, 29, "g/L", effectiveDateTime=None), "does not say when"),
    ],
)
def test_a_newest_value_that_cannot_be_used_is_missing_and_said(sent: dict[str, Any], why: str) -> None:
    sent = {name: value for name, value in sent.items() if value is not None}
    older = [] if "when" in why else [observation(ALBUMIN, 31, "g/L", days=20)]
    found = read("albumin", "sodium", observations=[sent, *older, observation("2951-2", 134, "mmol/L")])
    assert "albumin" not in found.inputs  # the older value never takes its place
    assert why in found.not_used["albumin"]
    assert number(found, "sodium") == 134  # one value that cannot be used costs no other


@pytest.mark.parametrize(
    ("value", "unit", "urea_nitrogen"), [(10, "mmol/L", 28.0), (60, "mg/dL", None)], ids=["by substance", "by mass"]
)
def test_urea_by_mass_is_no_urea_nitrogen(value: float, unit: str, urea_nitrogen: float | None) -> None:
    found = read("blood_urea_nitrogen", observations=[observation("22664-7", value, unit)])
    if urea_nitrogen is None:
        assert "amount of substance" in found.not_used["blood_urea_nitrogen"]
    else:
        assert number(found, "blood_urea_nitrogen") == pytest.approx(urea_nitrogen)


@pytest.mark.parametrize("status", ["entered-in-error", "cancelled", "preliminary", "registered"])
def test_what_nobody_stands_for_is_as_if_it_were_not_there(status: str) -> None:
    wrong = observation(ALBUMIN, 50, "g/L", days=1, status=status)
    found = read("albumin", observations=[wrong, observation(ALBUMIN, 29, "g/L")])
    assert number(found, "albumin") == pytest.approx(2.9)
    assert bool(found.remarks) == (status in ("preliminary", "registered"))
    assert read("albumin", observations=[wrong]).inputs == {}


MARKED = [{"url": "http://example.org/not-so", "valueBoolean": True}]
ABSENT = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/data-absent-reason", "code": "error"}]}


@pytest.mark.parametrize(
    ("newest", "why"),
    [
        ({"valueRange": {"low": {"value": 1.0}, "high": {"value": 2.0}}}, "no number"),
        ({"valueRatio": {}}, "no number"),
        ({"valueSampledData": {}}, "no number"),
        ({"valueDateTime": "2026-11-26"}, "no number"),
        ({"valueString": "low"}, "no number"),
        ({"dataAbsentReason": ABSENT}, "says that there is no value"),
        ({"valueQuantity": {"value": 2.0, "unit": "g/dL"}, "modifierExtension": MARKED}, "modifierExtension"),
        ({"valueQuantity": {"value": 2.0, "unit": "g/dL"}, "implicitRules": "http://example.org"}, "implicitRules"),
        (
            {"valueQuantity": {"value": 2.0, "unit": "g/dL"}, "effectiveDateTime": None, "effectiveTiming": {}},
            "when one",
        ),
        ({"valueQuantity": {"value": 37, "unit": "g/L", "system": UCUM, "code": "g/dL"}}, "g/L by its words"),
    ],
)
def test_an_older_value_never_takes_the_place_of_a_newest_that_cannot_be_read(newest: dict[str, Any], why: str) -> None:
    sent = {name: value for name, value in observation(ALBUMIN, None, days=1, **newest).items() if value is not None}
    found = read("albumin", observations=[sent, observation(ALBUMIN, 3.7, "g/dL", days=10)])
    assert found.inputs == {}
    assert why in found.not_used["albumin"]


def test_words_that_are_another_spelling_of_the_code_are_no_contradiction() -> None:
    sent = observation(
        ALBUMIN, None, valueQuantity={"value": 29, "unit": "grams per liter", "system": UCUM, "code": "g/L"}
    )
    assert number(read("albumin", observations=[sent]), "albumin") == pytest.approx(2.9)


def test_what_is_of_a_child_or_a_donor_is_passed_over_and_said() -> None:
    other = observation(ALBUMIN, 2.0, "g/dL", days=1, focus=[{"reference": "Patient/baby"}])
    found = read("albumin", observations=[other, observation(ALBUMIN, 3.7, "g/dL", days=10)])
    assert number(found, "albumin") == pytest.approx(3.7)
    assert "passed over: 1 observation of somebody or something else (focus)" in found.remarks
    own = observation(ALBUMIN, 3.1, "g/dL", days=1, focus=[{"reference": "Patient/p4711"}])
    assert number(read("albumin", observations=[own]), "albumin") == pytest.approx(3.1)


@pytest.mark.parametrize(
    ("times", "said"),
    [
        (("2026-11-22T07:00:00+09:00", "2026-11-22"), "two values of the same time"),
        (("2026-11-22T20:30:00-05:00", "2026-11-22"), "two values of the same time"),
        (("2026-11-22T20:30:00-05:00", "2026-11"), "two values of the same time"),
        (("2026-11-21T22:00:00-05:00", "2026-11-22"), "3.7 g/dL"),  # the later day as it is written
        (("2026-11-22T20:30:00-05:00", "2026-11-21"), "2 g/dL"),
        (("2026-11-22T20:30:00-05:00", "2026-11-23T01:00:00Z"), "2 g/dL"),  # the later by half an hour
    ],
)
def test_days_are_those_that_stand_in_the_record(times: tuple[str, str], said: str) -> None:
    sent = [
        observation(ALBUMIN, value, "g/dL", effectiveDateTime=time)
        for value, time in zip((2.0, 3.7), times, strict=True)
    ]
    for order_of in (sent, sent[::-1]):
        found = read("albumin", observations=order_of)
        shown = found.sources["albumin"].text if "albumin" in found.sources else found.not_used["albumin"]
        assert said in shown


def test_a_date_is_shown_as_it_was_written() -> None:
    sent = observation(ALBUMIN, 2.0, "g/dL", effectiveDateTime="2026-11-22T20:30:00-05:00")
    assert read("albumin", observations=[sent]).sources["albumin"].measured_on == "2026-11-22"


@pytest.mark.parametrize("status", ["final", "amended", "corrected"])
def test_what_somebody_stands_for_counts(status: str) -> None:
    assert "albumin" in read("albumin", observations=[observation(ALBUMIN, 29, "g/L", status=status)]).inputs


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "2026-11-24T08:00:00", "0000-01-01"])
def test_a_time_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(MalformedError) as caught:
        read("albumin", observations=[observation(ALBUMIN, 29, "g/L", effectiveDateTime=text)])
    assert caught.value.pointer.startswith("/prefetch/observations_30_days/entry/0/resource")


def test_a_component_is_read_like_an_observation() -> None:
    component = {"code": concept("8478-0"), "valueQuantity": {"value": 91, "code": "mm[Hg]", "system": UCUM}}
    panel = observation("85354-9", None, days=1, component=[component])
    found = read("mean_arterial_pressure", observations=[panel])
    assert number(found, "mean_arterial_pressure") == 91


@pytest.mark.parametrize(
    ("answer", "level"),
    [
        ({"valueInteger": 3}, "3"),
        ({"valueCodeableConcept": concept("LA9625-0")}, "3"),
        ({"valueQuantity": {"value": 3.0, "code": "{score}", "system": UCUM}}, "3"),
        ({"valueInteger": 5}, None),
        ({"valueCodeableConcept": concept("LA9627-6")}, None),  # dead
        ({"valueQuantity": {"value": 2.5}}, None),
    ],
)
def test_levels_are_read_by_number_or_by_answer(answer: dict[str, Any], level: str | None) -> None:
    found = read("ecog_performance_status", observations=[observation(ECOG, None, **answer)])
    assert found.inputs.get("ecog_performance_status") == level
    assert ("ecog_performance_status" in found.not_used) == (level is None)


def test_smoking_is_read_by_its_answers() -> None:
    for code, level in (("266919005", "never"), ("8517006", "former"), ("449868002", "current")):
        sent = observation("72166-2", None, days=100, valueCodeableConcept=concept(code, SCT))
        assert read("smoking_status", observations=[sent]).inputs == {"smoking_status": level}


@pytest.mark.parametrize(
    ("sent", "level", "why"),
    [
        ([condition("73211009")], "present", None),
        ([condition("73211009", "recurrence")], "present", None),
        ([condition("73211009", None, "refuted", recordedDate=days_ago(300))], "absent", None),
        ([], None, None),  # not listed is not absent
        ([condition("73211009", verified="entered-in-error")], None, None),
        ([condition("44054006")], None, None),  # a narrower code: there is no terminology server to ask
        ([condition("73211009", "resolved")], None, "past only"),
        ([condition("73211009", verified="provisional")], None, "unconfirmed"),
        ([condition("73211009", None)], None, "whether it is active"),
        ([condition("73211009"), condition("73211009", None, "refuted")], None, "present and as refuted"),
        ([condition("73211009", None, "refuted", recordedDate="2009-03-01")], None, "too old"),
        ([condition("73211009", recordedDate="2030-01-01")], None, "still to come"),
        ([condition("73211009", modifierExtension=MARKED)], None, "modifierExtension"),
        ([condition("73211009"), condition("73211009", "resolved", recordedDate="2026-03-01")], None, "past later"),
        ([condition("73211009"), condition("73211009", "resolved", recordedDate="2009-03-01")], "present", None),
    ],
)
def test_illnesses_are_read_from_the_problem_list(sent: list[Any], level: str | None, why: str | None) -> None:
    found = read("diabetes", prefetch={"conditions": bundle(*sent)})
    assert found.inputs.get("diabetes") == level
    assert (why or "") in found.not_used.get("diabetes", "" if why is None else "nothing was said")


def until(day: str) -> dict[str, Any]:
    return {"timing": {"repeat": {"boundsPeriod": {"start": "2026-11-17", "end": day}}}}


CONTAINED = {
    "medicationCodeableConcept": None,
    "medicationReference": {"reference": "#m"},
    "contained": [{"resourceType": "Medication", "id": "m", "code": concept("H02AB02", "http://www.whocc.no/atc")}],
}


@pytest.mark.parametrize(
    ("sent", "given", "why"),
    [
        (order("H02AB02"), True, None),
        (order("x") | CONTAINED, True, None),
        (order("D07AC01"), False, None),  # on the skin
        (order("H02AB02", status="completed"), False, None),
        (order("H02AB02", status="entered-in-error"), False, None),
        (order("H02AB02", intent="proposal"), False, None),
        (order("H02AB02", doNotPerform=True), False, None),
        (order("H02AB02", dosageInstruction=[{"asNeededBoolean": True}]), False, "when it is needed"),
        (order("H02AB02", authoredOn=days_ago(181)), False, "181 days old"),
        (order("H02AB02", authoredOn=None), False, "since when"),
        (order("H02AB02", modifierExtension=MARKED), False, "modifierExtension"),
        (order("H02AB02", dispenseRequest={"validityPeriod": {"end": "2026-11-26"}}), False, "has ended"),
        (order("H02AB02", dispenseRequest={"validityPeriod": {"end": "2026-11-27"}}), True, None),
        (order("H02AB02", dosageInstruction=[until("2026-11-20"), until("2026-11-21")]), False, "has ended"),
        (order("H02AB02", dosageInstruction=[until("2026-11-20"), {}]), True, None),
        (order("H02AB02", dosageInstruction=[{"modifierExtension": MARKED}]), False, "modifierExtension"),
    ],
)
def test_medicines_are_read_from_orders_that_run(sent: dict[str, Any], given: bool, why: str | None) -> None:
    sent = {name: value for name, value in sent.items() if value is not None}
    found = read("corticosteroid_use", prefetch={"medications": bundle(sent)})
    assert found.inputs == ({"corticosteroid_use": "present"} if given else {})
    assert (why or "") in found.not_used.get("corticosteroid_use", "" if why is None else "nothing was said")


def test_a_medicine_may_stand_in_a_resource_of_its_own() -> None:
    pill = {"resourceType": "Medication", "id": "m1", "code": concept("N02AA01", "http://www.whocc.no/atc")}
    sent = order("x") | {"medicationReference": {"reference": "Medication/m1"}}
    del sent["medicationCodeableConcept"]
    assert read("opioid_use", prefetch={"medications": bundle(sent, pill)}).inputs == {"opioid_use": "present"}


@pytest.mark.parametrize(
    ("born", "age", "remarks"),
    [("1963-05-17", 63.5, 0), ("1963-05", 63.5, 1), ("1963", 63.4, 1), (None, None, 0)],
)
def test_age_follows_from_the_date_of_birth(born: str | None, age: float | None, remarks: int) -> None:
    someone = patient(birthDate=born) if born else {k: v for k, v in patient().items() if k != "birthDate"}
    found = read("age", "sex", prefetch={"patient": someone})
    assert found.inputs.get("age") == age
    assert len(found.remarks) == remarks


@pytest.mark.parametrize("born", ["1963-02-30", "2027-01-01"])
def test_a_date_of_birth_that_cannot_be_is_refused(born: str) -> None:
    with pytest.raises(MalformedError, match="date"):
        read("age", prefetch={"patient": patient(birthDate=born)})


def test_a_sex_that_models_do_not_know_is_missing() -> None:
    found = read("age", "sex", prefetch={"patient": patient(gender="other")})
    assert found.not_used == {"sex": "the record says other"}


def test_a_derived_value_that_contradicts_its_inputs_is_not_used() -> None:
    found = read(
        "body_mass_index",
        observations=[
            observation("39156-5", 40, "kg/m2"),
            observation("8302-2", 170, "cm"),
            observation("29463-7", 65, "kg"),
        ],
    )
    assert "contradicts" in found.not_used["body_mass_index"]
    assert number(found, "body_mass_index") == pytest.approx(65 / 1.7**2)


def test_inputs_of_which_an_impossible_value_follows_are_not_used() -> None:
    found = read("body_mass_index", observations=[observation("8302-2", 80, "cm"), observation("29463-7", 400, "kg")])
    assert found.inputs == {}
    assert set(found.not_used) == {"body_height", "body_weight"}


def test_a_code_of_another_terminology_is_another_code() -> None:
    sent = observation(HEMOGLOBIN, 12, "g/dL") | {"code": concept(HEMOGLOBIN, SCT)}
    assert read("hemoglobin", observations=[sent]).inputs == {}
    assert variable("hemoglobin").codes[0].uri == LOINC
