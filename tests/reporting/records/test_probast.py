from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import pytest

from spinecast.reporting.external_record import ExternalRecord
from spinecast.reporting.record import RunRecord
from spinecast.reporting.records.answers import Answer, FilledForm, Signal
from spinecast.reporting.records.form import FORMS, form_named
from spinecast.reporting.records.probast import answer_instrument
from spinecast.reporting.records.recorded import Recorded, resolve

from ..test_build import BARE

INSTRUMENTS = FORMS[1:]
Alter = Callable[[str, Any], RunRecord]


def judge(record: RunRecord | ExternalRecord, name: str = "probast_2019") -> FilledForm:
    return answer_instrument(form_named(name), Recorded.of(record))


def answer(filled: FilledForm, number: str) -> Answer:
    return next(one for one in filled.answers if one.number == number)


def made(*codes: str, status: str = "not found") -> list[dict[str, str]]:
    return [{"code": code, "title": code, "status": status, "reason": ""} for code in codes]


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_every_question_is_answered_with_a_reason_and_evidence(name: str, either: RunRecord | ExternalRecord) -> None:
    recorded, filled = Recorded.of(either), judge(either, name)
    assert [one.number for one in filled.answers] == [item.number for item in form_named(name).items]
    for one in filled.answers:
        assert one.status in get_args(Signal)
        assert one.text
        for pointer in one.evidence:
            assert resolve(recorded, pointer) is not None
        # A yes or a no always rests on something.
        assert one.evidence or one.status in ("NI", "NA"), one.number


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_a_bare_record_is_never_answered_yes(name: str) -> None:
    found = {one.number: one.status for one in judge(BARE, name).answers}
    # All that a bare record says: 3 patients, 1 event, out of fold.
    said = {"4.2", "4.1"} if name == "probast_ai_2025_eval" else {"4.7", "4.3"}
    assert {number for number, status in found.items() if status not in ("NI", "NA")} <= said | {"4.7"}
    assert "Y" not in {status for number, status in found.items() if number not in said}


def test_what_needs_a_human_says_so(record: RunRecord) -> None:
    filled = judge(record)
    for number in ("1.1", "1.2", "2.1", "2.2"):
        assert answer(filled, number).status == "NI"
        assert answer(filled, number).text.startswith("To be judged by a reader.")
    assert filled.overall is not None
    assert filled.overall.judgement != "low"


class TestChecks:
    """Answers drawn from the coded checks: found, not found, and not known to have been made."""

    def test_a_check_not_made_gives_no_yes(self, record: RunRecord) -> None:
        assert answer(judge(record), "2.3").status == "NI"
        assert answer(judge(record), "3.6").status == "NI"

    def test_a_check_that_found_nothing_gives_probably_yes(self, altered: Alter) -> None:
        filled = judge(altered("run.checks_made", made("SC001", "SC004", "SC006")))
        assert answer(filled, "2.3").status == "PY"
        assert "SC001" in answer(filled, "2.3").text
        assert answer(filled, "3.6").status == "PY"

    @pytest.mark.parametrize(
        ("code", "number", "status"),
        [
            ("SC001", "2.3", "N"),
            ("SC004", "3.6", "N"),
            ("SC006", "4.4", "PN"),
            ("SC007", "2.3", "PN"),
            ("SC008", "2.3", "N"),
            ("SC009", "4.5", "N"),
            ("SC026", "2.1", "PN"),
        ],
    )
    def test_a_check_that_found_something_gives_no(self, altered: Alter, code: str, number: str, status: str) -> None:
        found = {"code": code, "title": "What it is", "severity": "error", "finding": "seen in 7 of 9", "remedy": ""}
        filled = judge(altered("run.checks", [found]))
        assert answer(filled, number).status == status
        assert "seen in 7 of 9" in answer(filled, number).text
        assert answer(filled, number).evidence == ("run.json#/checks/0",)
        domain = answer(filled, number).section
        assert [one.judgement for one in filled.domains if one.domain == domain] == ["high"]

    @pytest.mark.parametrize(
        ("code", "number", "status"), [("SC010", "4.4", "N"), ("SC011", "4.1", "N"), ("SC025", "4.5", "PN")]
    )
    def test_an_evaluation_answers_from_its_checks(
        self, external: ExternalRecord, code: str, number: str, status: str
    ) -> None:
        external.findings["checks"] = [{"code": code, "title": "What it is", "finding": "as declared"}]
        assert answer(judge(external, "probast_ai_2025_eval"), number).status == status

    def test_how_predictors_were_chosen_is_a_yes_only_when_declared(self, altered: Alter) -> None:
        assert answer(judge(altered("run.checks_made", [])), "4.5").status == "PY"
        assert answer(judge(altered("run.checks_made", made("SC009"))), "4.5").status == "Y"

    def test_people_in_both_cohorts_are_leakage(self, external: ExternalRecord) -> None:
        assert answer(judge(external, "probast_ai_2025_eval"), "4.5").status == "NA"
        external.findings["checks"] = [{"code": "SC021", "title": "People in both cohorts", "finding": "12 of 300"}]
        assert answer(judge(external, "probast_ai_2025_eval"), "4.5").status == "N"

    def test_a_predictor_nobody_has_is_not_there_in_time(self, external: ExternalRecord) -> None:
        external.findings["checks"] = [{"code": "SC022", "title": "Predictors that nobody has", "finding": "albumin"}]
        assert answer(judge(external), "2.3").status == "PN"
        assert answer(judge(external), "4.4").status == "PN"


class TestSize:
    @pytest.mark.parametrize(
        ("events", "final", "status"),
        [
            (200, "elastic_net", "N"),  # below 10 a parameter
            (500, "elastic_net", "PN"),  # 10 to 20
            (800, "elastic_net", "PY"),
            (800, "xgboost", "NI"),  # trees may need ten times as many
        ],
    )
    def test_events_for_each_parameter(self, record: RunRecord, events: int, final: str, status: str) -> None:
        record.evaluation["events"] = events
        for candidate in record.evaluation["candidates"]:
            candidate["is_final_part"] = candidate["name"] == final
        # 20 numbers and binaries, one of 5 levels: see VARIABLES of the fixture.
        assert Recorded.of(record).parameters == 28
        assert answer(judge(record), "4.1").status == status

    @pytest.mark.parametrize(("suffices", "status"), [(True, "PY"), (False, "PN")])
    def test_the_criteria_of_riley_decide_where_they_were_computed(
        self, record: RunRecord, suffices: bool, status: str
    ) -> None:
        record.evaluation["events"] = 800
        adequacy = {"n": 1858, "required": 1200, "suffices": suffices}
        record.run["sample_size"] = {"assumed": "Nagelkerke R² 0.15", "adequacy": adequacy}
        one = answer(judge(record), "4.1")
        assert one.status == status
        assert "1,200 patients" in one.text
        assert "Nagelkerke R² 0.15" in one.text

    @pytest.mark.parametrize(("events", "status"), [(99, "PN"), (100, "PY")])
    def test_events_of_an_evaluation(self, external: ExternalRecord, events: int, status: str) -> None:
        external.evaluation["events"] = events
        assert answer(judge(external), "4.1").status == status
        assert answer(judge(external, "probast_ai_2025_eval"), "4.2").status == status


class TestPeopleAndFollowUp:
    @pytest.mark.parametrize(("patients", "status"), [(1858, "Y"), (1900, "PY"), (2500, "PN")])
    def test_patients_left_out(self, altered: Alter, patients: int, status: str) -> None:
        filled = judge(altered("cohort.patients", patients))
        assert answer(filled, "4.3").status == status
        assert answer(filled, "4.6").status == status

    def test_weighting_accounts_for_censoring(self, record: RunRecord) -> None:
        record.study["outcome"]["censored"] = "ipcw"
        record.cohort["patients"] = 2500
        assert answer(judge(record), "4.6").status == "PY"

    def test_leaving_out_competing_events_does_not(self, record: RunRecord) -> None:
        record.study["outcome"] |= {"kind": "competing_horizon", "handling": "exclude"}
        assert answer(judge(record), "4.6").status == "N"

    def test_an_outcome_that_is_judged_is_left_to_a_reader(self, record: RunRecord) -> None:
        record.study["outcome"] = {"kind": "binary", "variable": "function_2m", "event_levels": ["good"]}
        filled = judge(record)
        assert {answer(filled, number).status for number in ("3.1", "3.2", "3.4", "3.5", "3.6", "4.6")} == {"NI"}
        assert answer(filled, "3.3").status == "Y"

    def test_a_predictor_in_the_outcome_is_found(self, record: RunRecord) -> None:
        record.study["predictors"].append("follow_up_time")
        assert answer(judge(record), "3.3").status == "N"


class TestAnalysis:
    @pytest.mark.parametrize(("basis", "status"), [("out-of-fold", "Y"), ("apparent", "N"), ("out-of-bag", "NI")])
    def test_optimism(self, altered: Alter, basis: str, status: str) -> None:
        assert answer(judge(altered("evaluation.basis", basis)), "4.8").status == status

    def test_apparent_performance_alone_is_a_no(self, altered: Alter) -> None:
        assert answer(judge(altered("evaluation.basis", "apparent"), "probast_ai_2025_eval"), "4.1").status == "N"

    def test_calibration_that_was_not_evaluated_is_a_no(self, altered: Alter) -> None:
        record = altered("evaluation.measures.calibration_slope", {"absent": "one outcome class only"})
        assert answer(judge(record), "4.7").status == "N"

    def test_net_benefit_is_asked_for_by_the_later_tool(self, altered: Alter) -> None:
        record = altered("evaluation.decision_curve", {"absent": "ranks only"})
        assert answer(judge(record), "4.7").status == "Y"
        assert answer(judge(record, "probast_ai_2025_eval"), "4.7").status == "PN"

    def test_balancing_that_nobody_did_is_not_applicable(self, record: RunRecord, external: ExternalRecord) -> None:
        assert answer(judge(record, "probast_ai_2025_dev"), "4.4").status == "NA"
        external.about["source"]["kind"] = "published"
        assert answer(judge(external, "probast_ai_2025_eval"), "4.4").status == "NI"

    def test_missing_data(self, record: RunRecord) -> None:
        assert answer(judge(record), "4.4").status == "NI"
        for row in record.cohort["missingness"]:
            row |= {"missing": 3, "proportion": 3 / 1858}
        assert answer(judge(record), "4.4").status == "PY"
        for row in record.cohort["missingness"]:
            row |= {"missing": 0, "proportion": 0.0}
        assert answer(judge(record), "4.4").status == "Y"


def test_a_validation_is_not_asked_how_the_model_was_made(external: ExternalRecord) -> None:
    filled = judge(external)
    assert [one.number for one in filled.answers if one.status == "NA"] == ["4.5", "4.8", "4.9"]
    assert filled.overall is not None
    assert "other patients" not in filled.overall.reason


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_a_filled_instrument_goes_to_json_and_back(name: str, record: RunRecord) -> None:
    filled = judge(record, name)
    assert FilledForm.from_dict(filled.to_dict()) == filled
