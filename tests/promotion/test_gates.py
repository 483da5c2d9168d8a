"""Each gate, on evidence made by hand: what passes, what is refused, and with which number, bound and source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from promotion import made_versions as made

from spinecast.promotion.evidence import Evidence, Validated
from spinecast.promotion.gates import assess
from spinecast.promotion.gates_file import Gates, read_gates
from spinecast.promotion.results import GateResult, refusals
from spinecast.reporting.external_record import ExternalRecord
from spinecast.reporting.record import RunRecord
from spinecast.reporting.records.recorded import Recorded
from spinecast.statistics import Absent
from spinecast.tracking.models import RegisteredVersion
from spinecast.validation.adequacy import Anticipated, judge_development
from spinecast.validation.subgroups import default_subgroup_variables

IDENTITY = "a1b2" * 16
GATES = read_gates().content


def evidence(
    *validations: ExternalRecord, record: RunRecord | None = None, kind: str = "real", refused: str = ""
) -> Evidence:
    version = RegisteredVersion(made.NAME, "1", ("candidate",), "run", kind, IDENTITY, 0)
    own = Recorded.of(record or made.development())
    return Evidence(
        version,
        own,
        own,
        tuple(Validated(f"run_{at}", Recorded.of(one), refused) for at, one in enumerate(validations)),
    )


def validated() -> ExternalRecord:
    return made.validation(IDENTITY)


def put(found: Evidence, gates: Gates = GATES, *, allow_synthetic: bool = False) -> dict[str, GateResult]:
    return {one.gate: one for one in assess(found, gates, allow_synthetic=allow_synthetic)}


def refused(results: dict[str, GateResult]) -> set[str]:
    return {name for name, one in results.items() if one.refuses}


def said(result: GateResult) -> str:
    return " | ".join(refusals([result]))


def lenient(gate: str) -> Gates:
    return GATES.model_copy(update={gate: getattr(GATES, gate).model_copy(update={"not_assessed": "passes"})})


def test_a_good_version_passes_every_gate_and_shows_every_number() -> None:
    results = put(evidence(validated()))
    assert {one.status for one in results.values()} == {"passed"}
    (slope,) = results["calibration_slope"].findings
    assert slope.what == "Calibration slope in hospital_b"
    assert slope.found == "0.97 (0.85 to 1.09)"
    assert slope.bound.startswith("0.8 to 1.2")
    assert "Riley" in slope.source
    assert list(results) == [name for name in Gates.model_fields if name not in ("gates", "title")]


def test_a_slope_of_six_tenths_is_refused_with_number_bound_and_source() -> None:
    record = validated()
    record.evaluation["measures"]["calibration_slope"] = made.estimate(0.6, 0.1)
    results = put(evidence(record))
    assert refused(results) == {"calibration_slope"}
    text = said(results["calibration_slope"])
    assert "0.60 (0.50 to 0.70); must be 0.8 to 1.2" in text
    assert "SC003" in text


def test_a_slope_that_is_good_by_luck_is_refused_for_its_interval() -> None:
    record = validated()
    record.evaluation["measures"]["calibration_slope"] = made.estimate(1.0, 0.6)
    assert refused(put(evidence(record))) == {"calibration_slope"}


def test_without_external_validation_nothing_is_taken_for_granted() -> None:
    results = put(evidence())
    assert refused(results) == {
        "external_validation",
        "calibration_slope",
        "calibration_in_the_large",
        "subgroup_harm",
        "sample_size",
    }
    assert results["external_validation"].status == "failed"
    assert results["calibration_slope"].status == "not assessed"
    assert "no validation on other patients" in said(results["subgroup_harm"])
    # What the file of gates lets pass stays shown as what it is.
    loose = put(evidence(), lenient("calibration_slope"))["calibration_slope"]
    assert (loose.status, loose.refuses) == ("not assessed", False)


def test_a_validation_on_the_development_patients_is_shown_and_does_not_count() -> None:
    results = put(evidence(validated(), refused="its patients are those of the development"))
    assert "external_validation" in refused(results)
    shown = results["external_validation"].findings[1]
    assert "does not count: its patients are those of the development" in shown.found


def test_an_overlap_that_nobody_could_look_for_is_not_none() -> None:
    record = validated()
    looked = "the development patients cannot be read again"
    record.findings["overlap"] = {"shared": 0, "of": 1200, "looked": looked, "searched": False, "how": None}
    result = put(evidence(record))["external_validation"]
    assert (result.status, result.refuses) == ("not assessed", True)
    assert f"People in hospital_b who stand in the development cohort too: not looked for: {looked}" in said(result)
    assert not refused(put(evidence(record), lenient("external_validation")))


def test_people_looked_for_once_need_not_be_looked_for_wherever_the_same_patients_are_judged() -> None:
    elsewhere = validated()
    elsewhere.findings["overlap"] |= {"looked": "the table is not here", "searched": False}
    assert "external_validation" not in refused(put(evidence(validated(), elsewhere)))
    others = made.validation(IDENTITY, fingerprint="cd" * 32, name="hospital_c")
    result = put(evidence(others, elsewhere))["external_validation"]
    assert "People in hospital_b who stand in the development cohort too: not looked for" in said(result)


def test_every_cohort_a_model_was_made_from_must_have_been_looked_for() -> None:
    """Development, each update and borrowed patients: what the record does not say was not looked at."""
    trained = made.development()
    trained.study["cohort"] = {"borrow": {"source": {"kind": "csv"}}}
    updated = made.validation("b" * 64)
    updated.about["update"] = {"parent": {"identity": "c" * 64}, "cohort": {"name": "hospital_d", "n": 400}}
    record = validated()
    found = replace(
        evidence(record), own=Recorded.of(updated), development=Recorded.of(trained), updates=(Recorded.of(updated),)
    )
    lacking = put(found)["external_validation"]
    assert (lacking.status, lacking.refuses) == ("not assessed", True)
    assert "too, on which the model was updated: not looked for: not recorded" in said(lacking)
    assert "the cohort that the model borrowed patients from too: not looked for: not recorded" in said(lacking)
    looked = {"shared": 0, "of": 1200, "looked": "rows that agree", "searched": True, "how": None}
    record.findings["met_before"] = [
        {"role": "updating", "name": "hospital_d", "parent": "c" * 64, **looked},
        {"role": "borrowed", "name": "elsewhere", **looked, "searched": False, "looked": "they have changed since"},
    ]
    half = put(found)["external_validation"]
    assert half.refuses
    assert "hospital_d" not in said(half)
    assert "not looked for: they have changed since" in said(half)
    record.findings["met_before"][1]["searched"] = True
    assert put(found)["external_validation"].status == "passed"
    record.findings["met_before"][0]["parent"] = "d" * 64  # of another update
    assert put(found)["external_validation"].refuses


@pytest.mark.parametrize(
    ("declared", "n", "seen", "status"),
    [
        (0.9, 1000, (0.76, 0.03), "failed"),  # 0.79 at the most: the size is asked for at 0.76
        (0.9, 2000, (0.76, 0.03), "passed"),
        (0.78, 1700, (0.76, 0.03), "passed"),  # within what was seen: held to what was declared
        (0.9, 1000, (0.89, 0.03), "passed"),
        (None, 3200, (0.6, 0.03), "passed"),  # the customary anticipation is nobody's choice
        (0.9, 9000, (0.48, 0.01), "failed"),
    ],
)
def test_a_size_rests_on_no_performance_that_validations_leave_no_room_for(
    declared: float | None, n: int, seen: tuple[float, float], status: str
) -> None:
    trained, record = made.development(), validated()
    sized = judge_development(n, 300, 0.3, 40, Anticipated(declared), Absent("not needed"))
    trained.run["sample_size"] = sized
    trained.study["sample_size"] = {"c_statistic": declared, "r2_nagelkerke": None}
    record.evaluation["measures"]["auc"] = made.estimate(*seen)
    found = put(evidence(record, record=trained))["sample_size"].findings[0]
    asked = sized["adequacy"]["required"]
    assert found.status == status
    if seen[0] < 0.5:
        assert "no number would be enough" in found.found
    elif declared != 0.9 or seen[0] > 0.8:
        assert f"{n:,} of {asked:,} asked for" in found.found
    else:
        again = judge_development(n, 300, 0.3, 40, Anticipated(0.76), Absent("not needed"))["adequacy"]["required"]
        assert again > 1000 > asked
        assert f"{n:,} of {again:,} asked for" in found.found
        assert f"computed again at the AUC of 0.76 (0.73 to 0.79) in hospital_b; at what was declared, {asked:,}" in (
            found.found
        )


def test_validations_are_counted_by_their_patients() -> None:
    other = made.validation(IDENTITY, fingerprint="cd" * 32)
    asked = GATES.external_validation.model_copy(update={"fewest": 2})
    gates = GATES.model_copy(update={"external_validation": asked})
    assert refused(put(evidence(validated(), validated()), gates)) == {"external_validation"}
    assert not refused(put(evidence(validated(), other), gates))


def test_the_level_of_the_risks_is_judged_on_both_scales() -> None:
    record = validated()
    record.evaluation["measures"]["observed_expected_ratio"] = made.estimate(1.4, 0.05)
    record.evaluation["measures"]["calibration_in_the_large"] = made.estimate(0.6, 0.1)
    assert "1.40" in said(put(evidence(record))["calibration_in_the_large"])
    assert "0.600" in said(put(evidence(record))["calibration_in_the_large"])


class TestSubgroups:
    def test_a_group_whose_risks_are_surely_off_is_named(self) -> None:
        record = validated()
        record.findings["subgroups"][0]["groups"].append(made.group("Not recorded", ratio=1.6))
        results = put(evidence(record))
        assert refused(results) == {"subgroup_harm"}
        assert "Sex: Not recorded, in hospital_b: 1.60 (1.50 to 1.70) in 600 patients" in said(results["subgroup_harm"])

    def test_a_group_that_may_be_within_the_bounds_is_not_called_harmed(self) -> None:
        record = validated()
        record.findings["subgroups"][0]["groups"].append(made.group("Not recorded", ratio=1.33))  # from 1.23
        assert not refused(put(evidence(record)))

    def test_a_net_benefit_below_none_is_harm(self) -> None:
        record = validated()
        record.findings["checks_made"][-1]["status"] = "found"
        finding = "Sex: Female, acting at a risk of 0.3: net benefit -0.050"
        harm = {"code": "SC013", "title": "A subgroup in which the model does harm", "severity": "warning"}
        record.findings["checks"].append(harm | {"finding": finding, "remedy": ""})
        results = put(evidence(record))
        assert refused(results) == {"subgroup_harm"}
        assert finding in said(results["subgroup_harm"])

    def test_a_small_group_is_counted_and_not_judged(self) -> None:
        record = validated()
        record.findings["subgroups"][0]["groups"].append(made.group("Not recorded", ratio=1.6, n=49))
        results = put(evidence(record))
        assert not refused(results)
        assert "0 of 2 groups outside, 1 not assessed" in results["subgroup_harm"].findings[0].found

    @pytest.mark.parametrize(
        ("settings", "words"),
        [
            ({"fewest": 100}, "only from 100 with the event"),
            ({"fewest": None}, "not in its record"),
            ({"subgroups": ["sex"]}, "not by age"),
            ({"subgroups": [*default_subgroup_variables(), "smoking"]}, "also by smoking"),
            ({"thresholds": [0.01]}, "at risks of 1%"),
            ({"thresholds": [0.1, 0.2, 0.3, 0.5, 0.6]}, "at risks of 10%, 20%, 30%, 50% and 60%"),
        ],
    )
    def test_groups_that_whoever_validated_chose_are_not_all_there_are(
        self, settings: dict[str, Any], words: str
    ) -> None:
        record = validated()
        record.about["settings"] |= settings
        result = put(evidence(record))["subgroup_harm"]
        assert (result.status, result.refuses) == ("not assessed", True)
        assert words in said(result)
        # With the usual groups beside it, both are judged.
        assert not refused(put(evidence(validated(), record)))
        record.findings["subgroups"][0]["groups"].append(made.group("Not recorded", ratio=1.6))
        assert refused(put(evidence(validated(), record))) == {"subgroup_harm"}

    def test_no_group_at_all_is_not_assessed_and_refused_unless_the_file_says_otherwise(self) -> None:
        record = validated()
        record.findings["subgroups"] = []
        assert put(evidence(record))["subgroup_harm"].status == "not assessed"
        assert refused(put(evidence(record))) == {"subgroup_harm"}
        assert not refused(put(evidence(record), lenient("subgroup_harm")))


def test_a_model_of_made_up_patients_needs_the_flag_and_stays_marked() -> None:
    found = evidence(validated(), kind="synthetic")
    assert refused(put(found)) == {"synthetic_patients"}
    allowed = put(found, allow_synthetic=True)["synthetic_patients"]
    assert allowed.status == "passed"
    assert "SYNTHETIC" in allowed.findings[0].found
    # An unknown kind is not taken for real.
    assert refused(put(evidence(validated(), kind=""))) == {"synthetic_patients"}


def test_a_small_validation_decides_only_where_there_is_no_larger_one() -> None:
    small, large = validated(), validated()
    small.evaluation.update(n=60, events=20)
    small.evaluation["measures"]["calibration_slope"] = made.estimate(0.4, 0.5)
    results = put(evidence(small, large))
    assert not refused(results)
    assert "too few patients to decide" in results["external_validation"].findings[1].found
    assert refused(put(evidence(small))) == {"calibration_slope", "sample_size"}


def test_every_large_validation_must_hold_whatever_the_others_say() -> None:
    bad = validated()
    bad.evaluation["measures"]["calibration_slope"] = made.estimate(0.6, 0.1)
    assert refused(put(evidence(validated(), bad, validated()))) == {"calibration_slope"}


def test_a_development_of_too_few_patients_and_one_that_was_not_judged() -> None:
    record = made.development()
    record.run["sample_size"]["adequacy"] |= {"n": 400}
    results = put(evidence(validated(), record=record))
    assert refused(results) == {"sample_size"}
    assert "400 of 1,400 asked for (29%)" in said(results["sample_size"])
    del record.run["sample_size"]
    assert put(evidence(validated(), record=record))["sample_size"].status == "not assessed"
    lost = replace(evidence(validated()), development=None)
    assert "does not hold the training" in said(put(lost)["sample_size"])


def test_an_error_among_the_checks_of_a_validation_refuses() -> None:
    record = validated()
    error = {"code": "SC021", "title": "People in both cohorts", "severity": "error", "finding": "12 people"}
    record.findings["checks"].append(error)
    results = put(evidence(record))
    assert refused(results) == {"checks"}
    assert "SC021 People in both cohorts (error): 12 people" in said(results["checks"])
    record.findings["checks"][0]["severity"] = "warning"
    assert not refused(put(evidence(record)))


def test_a_card_with_words_still_to_be_written_names_them() -> None:
    record = made.development()
    del record.study["reporting"]["intended_use"]
    results = put(evidence(validated(), record=record))
    assert refused(results) == {"model_card"}
    assert "Intended use" in said(results["model_card"])


def of_kind(kind: str, parts: Sequence[dict[str, Any]], **measures: Any) -> Evidence:
    """Evidence of a model of another kind: the record in the form that its validation has."""
    record, own = validated(), made.development()
    own.evaluation["kind"] = kind
    timed = kind in ("time_to_event", "competing_risks")
    record.evaluation.update({"kind": kind, "horizons" if timed else "thresholds": list(parts)})
    if timed:
        own.study["outcome"] = {"kind": kind, "horizons_days": [90, 365]}
        for part in parts:
            part.setdefault("events", 300)
        days = [part["day"] for part in parts]
        record.evaluation["observed"] = {"days": [0.0, *days], "at_risk": [1200, *(600 - int(day / 2) for day in days)]}
    record.evaluation.update(one_day=90.0, checked_threshold=500.0 if kind == "quantity" else 0)
    record.evaluation["measures"].update(measures)
    for group in record.findings["subgroups"][0]["groups"]:
        group["measures"]["coverage_80"] = made.estimate(0.8, 0.03)
    return evidence(record, record=own)


def calibrated(slope: float = 1.0, **more: Any) -> dict[str, Any]:
    return {
        "calibration_slope": made.estimate(slope, 0.1),
        "calibration_in_the_large": made.estimate(0.0, 0.1),
        "observed_expected_ratio": made.estimate(1.0, 0.05),
        "horizon_observed_expected_ratio": made.estimate(1.0, 0.05),
        **more,
    }


class TestOtherKinds:
    @pytest.mark.parametrize("kind", ["time_to_event", "competing_risks"])
    def test_a_model_of_times_must_hold_on_every_day(self, kind: str) -> None:
        good = [{"day": 90.0, "measures": calibrated()}, {"day": 365.0, "measures": calibrated()}]
        assert not refused(put(of_kind(kind, good)))
        late = [good[0], {"day": 365.0, "measures": calibrated(0.6)}]
        results = put(of_kind(kind, late))
        assert refused(results) == {"calibration_slope"}
        assert "Calibration slope, day 365 in hospital_b: 0.60" in said(results["calibration_slope"])

    def test_a_day_that_the_model_predicts_and_nobody_judged_is_not_assessed(self) -> None:
        results = put(of_kind("time_to_event", [{"day": 90.0, "measures": calibrated()}]))
        assert refused(results) == {"calibration_slope", "calibration_in_the_large"}
        assert results["calibration_slope"].status == "not assessed"
        assert "Calibration slope, day 365 in hospital_b: the model predicts this day, and nobody" in said(
            results["calibration_slope"]
        )
        # Unknown on a day of its own is unknown, whether or not checks read that day.
        unknown = calibrated(calibration_slope={"absent": "too few events"})
        parts = [{"day": 90.0, "measures": calibrated()}, {"day": 365.0, "measures": unknown}]
        assert refused(put(of_kind("time_to_event", parts))) == {"calibration_slope"}
        # Two validations of the same patients may share the days.
        both = [of_kind("time_to_event", [{"day": day, "measures": calibrated()}]) for day in (90.0, 365.0)]
        together = replace(both[0], validations=both[0].validations + both[1].validations)
        assert not refused(put(together))

    def test_the_patients_of_a_model_of_times_are_counted_by_the_day(self) -> None:
        parts = [{"day": 90.0, "events": 81, "measures": calibrated()}, {"day": 365.0, "measures": calibrated()}]
        results = put(of_kind("time_to_event", parts))
        assert refused(results) == {"sample_size"}
        assert "81 events and 555 followed without one by day 90 in hospital_b" in said(results["sample_size"])
        # Who was lost before the day is nobody without the event.
        lost = of_kind("time_to_event", [{"day": day, "measures": calibrated()} for day in (90.0, 365.0)])
        lost.validations[0].recorded.files["evaluation.json"]["observed"]["at_risk"][-1] = 99
        assert "300 events and 99 followed without one by day 365" in said(put(lost)["sample_size"])

    def test_a_validation_is_left_aside_only_on_the_days_on_which_it_is_small(self) -> None:
        good = [{"day": day, "measures": calibrated()} for day in (90.0, 365.0)]
        mixed = [{"day": 90.0, "events": 20, "measures": calibrated(0.5)}, {"day": 365.0, "measures": calibrated()}]
        whole, other = of_kind("time_to_event", good), of_kind("time_to_event", mixed)
        assert not refused(put(replace(whole, validations=whole.validations + other.validations)))
        mixed[1]["measures"] = calibrated(0.5)
        worse = of_kind("time_to_event", mixed)
        results = put(replace(whole, validations=whole.validations + worse.validations))
        assert "day 365 in hospital_b: 0.50" in said(results["calibration_slope"])

    def test_a_model_of_a_quantity_is_held_to_its_coverage(self) -> None:
        parts = [{"threshold": 500.0, "measures": calibrated()}]
        assert not refused(put(of_kind("quantity", parts, coverage_80=made.estimate(0.81, 0.02))))
        results = put(of_kind("quantity", parts, coverage_80=made.estimate(0.6, 0.02)))
        assert refused(results) == {"calibration_in_the_large"}
        assert "Coverage of 80% intervals in hospital_b: 0.600" in said(results["calibration_in_the_large"])

    def test_a_level_that_nobody_reached_is_shown_and_decides_nothing(self) -> None:
        unreached = {name: {"absent": "nobody reached it"} for name in calibrated()}
        parts = [{"label": "B or worse", "measures": calibrated()}, {"label": "A", "measures": unreached}]
        results = put(of_kind("ordinal", parts))
        assert not refused(results)
        assert any("nobody reached it" in one.found for one in results["calibration_slope"].findings)
        # That which checks read must be known.
        assert "calibration_slope" in refused(put(of_kind("ordinal", parts[::-1])))

    def test_a_kind_without_a_measure_of_a_gate_is_not_assessed(self) -> None:
        only_events = [one.model_copy(update={"kinds": ("event",)}) for one in GATES.calibration_slope.bounds]
        gates = GATES.model_copy(
            update={"calibration_slope": GATES.calibration_slope.model_copy(update={"bounds": tuple(only_events)})}
        )
        parts = [{"label": "B or worse", "measures": calibrated()}]
        result = put(of_kind("ordinal", parts), gates)["calibration_slope"]
        assert result.status == "not assessed"
        assert "no measure of it for a model of the kind ordinal" in said(result)
