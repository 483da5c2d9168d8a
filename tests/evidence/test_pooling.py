"""What pools of the delivered tables give: the values the review prints, and what must be known about them."""

from pathlib import Path
from typing import Any

import pytest

from spinecast.errors import SpinecastError
from spinecast.evidence.cautions import cautions
from spinecast.evidence.labels import letters, result_labels
from spinecast.evidence.pooling import Pooled, Recipe, pool
from spinecast.evidence.printed import check_summaries, read_summaries
from spinecast.evidence.ratios import Ratio, ratio_of
from spinecast.evidence.reading import find_table, read_results
from spinecast.evidence.recipes import variants
from spinecast.evidence.results import PublishedResult, outcome_label
from spinecast.evidence.selection import Selection, select
from spinecast.statistics import Absent, Range

PUBLISHED = read_results(find_table("published_auc"))
LEDGER = read_results(find_table("external_validation"))
MEANS = Recipe(scale="raw", method="fixed", interval="wald", missing_standard_error="mean")


def pooled(
    selection: Selection, recipe: Recipe | None = None, table: tuple[PublishedResult, ...] = PUBLISHED
) -> Pooled:
    return pool(select(table, selection), recipe or Recipe())


def numbers(found: Pooled, decimals: int) -> list[float]:
    value, prediction = found.measured(), found.predicted()
    ends = [prediction.lower, prediction.upper] if isinstance(prediction, Range) else []
    return [round(number, decimals) for number in (value.estimate, value.lower, value.upper, *ends)]


def own(study: str, auc: float, lower: float | None = None, upper: float | None = None, **more: Any) -> PublishedResult:
    return PublishedResult(more.pop("id", study), study, f"mine.csv:{study}", auc=auc, lower=lower, upper=upper, **more)


# J Clin Med 2025;14:5885, Results: 90 days .79 (.75-.82), .65-.88; 1 year .80 (.75-.85), .62-.91.


def test_pooled_values_of_the_review() -> None:
    at_90d = pooled(Selection("90d"))
    assert numbers(at_90d, 3) == [0.789, 0.749, 0.825, 0.656, 0.880]
    assert numbers(pooled(Selection("1y")), 2) == [0.80, 0.75, 0.85, 0.62, 0.91]
    assert [study.result.reference for study in at_90d.studies] == [
        "26", "27", "28", "29", "31", "32", "33", "34", "35", "36",
    ]  # fmt: skip
    printed_in_full = at_90d.again(method="dl")
    assert numbers(printed_in_full, 2) == [0.79, 0.75, 0.82, 0.65, 0.88]


@pytest.mark.parametrize(
    ("stage", "entries", "expected"),
    [
        ("internal", 40, [0.876, 0.871, 0.881]),
        ("external", 30, [0.810, 0.803, 0.816]),
        ("training", 6, [0.768, 0.745, 0.790]),  # printed: .762 (.704-.717)
    ],
)
def test_weighted_means_of_the_review(stage: str, entries: int, expected: list[float]) -> None:
    found = pooled(Selection("all", stage), MEANS)
    assert len(found.studies) == entries
    assert numbers(found, 3) == expected
    assert isinstance(found.predicted(), Absent)


def test_printed_values_are_judged_and_not_changed() -> None:
    checks = {check.summary.id: check for check in check_summaries()}
    verdicts = {name: check.verdict for name, check in checks.items() if check.results}
    assert verdicts == {
        "sorg_pooled_90d": "last_digit",
        "sorg_pooled_1y": "follows",
        "weighted_mean_training": "does_not_follow",
        "weighted_mean_internal": "follows",
        "weighted_mean_external": "follows",
        "studies_with_interval_training": "does_not_follow",
        "studies_with_interval_internal": "does_not_follow",
        "studies_with_interval_external": "does_not_follow",
        "sorg_above_84_90d": "does_not_follow",
        "sorg_above_84_1y": "does_not_follow",
    }
    training = checks["weighted_mean_training"]
    assert training.contradicts_itself
    for part in (".762 (.704–.717)", "does not hold its own estimate", "0.768 (0.745 to 0.790)", "does not follow"):
        assert part in training.statement
    assert checks["sorg_pooled_90d"].recipes[0].startswith("DerSimonian-Laird, Hartung-Knapp")
    assert [one.off for one in checks["sorg_pooled_90d"].comparisons] == [0, 0, 0, 1, 0]
    assert "3 studies" in checks["studies_with_interval_training"].statement
    assert "1 of 10 results above .84" in checks["sorg_above_84_90d"].statement
    assert {name for name, check in checks.items() if check.contradicts_itself} == {
        "weighted_mean_training",
        "imaging_zhang_2023",
    }


def test_a_printed_value_is_judged_by_the_table_it_is_given() -> None:
    (summary,) = (one for one in read_summaries() if one.id == "weighted_mean_internal")
    without = [result for result in PUBLISHED if not result.id.startswith("hallinan")]
    (check,) = check_summaries(without, [summary])
    assert check.verdict == "does_not_follow"


def test_selection_by_outcome_model_and_exclusion() -> None:
    assert len(pooled(Selection("mortality_90d")).studies) == 10
    without = pooled(Selection("90d", exclude=("fenn 2024", "yang_2021_90d")))
    assert len(without.studies) == 8
    assert [(left.result.id, left.why) for left in without.left_out] == [
        ("fenn_2024_90d", "excluded on request"),
        ("yang_2021_90d", "excluded on request"),
    ]
    assert numbers(without, 6)[0] == 0.784535  # metafor 3.8.1
    sorg = select(PUBLISHED, Selection("90d", "internal", "sorg-mla"))
    assert [result.id for result in sorg.results] == ["karhade_2019_90d_k_fold", "karhade_2019_90d_split"]
    assert sorg.model == "SORG-MLA"


def test_alternatives_are_pooled_only_on_request() -> None:
    plain = pooled(Selection("90d"), table=LEDGER)
    assert len(plain.studies) == 12
    complete = pooled(Selection("90d", instead=("fenn_2024_90d_complete_case",)), table=LEDGER)
    assert len(complete.studies) == 12
    assert {left.result.id: left.why for left in complete.left_out} == {
        "fenn_2024_90d": "replaced by fenn_2024_90d_complete_case",
        "bindels_2025_90d_complete_case": "an alternative to bindels_2025_90d",
    }
    assert complete.measured().estimate < plain.measured().estimate


@pytest.mark.parametrize(
    ("selection", "parts"),
    [
        (Selection("90days"), ["nothing of outcome '90days'", "mortality_90d"]),
        (Selection("mortalty_90d"), ["did you mean 'mortality_90d'?"]),
        (Selection("30d"), ["nothing of outcome '30d'"]),
        (Selection(), ["several outcomes", "--outcome"]),
        (Selection("90d", "outside"), ["nothing of stage 'outside'", "external"]),
        (Selection("90d", model="SORG"), ["nothing of model 'SORG'", "did you mean 'SORG-MLA'?"]),
        (Selection("90d", exclude=("fen_2024_90d",)), ["no result 'fen_2024_90d'", "did you mean 'fenn_2024_90d'?"]),
        (Selection("90d", instead=("fenn_2024_90d",)), ["no alternative to a result"]),
    ],
)
def test_what_is_not_there_is_named(selection: Selection, parts: list[str]) -> None:
    with pytest.raises(SpinecastError) as caught:
        select(PUBLISHED, selection)
    for part in parts:
        assert part in str(caught.value)


def test_too_few_results_and_limits_without_log_odds_are_refused() -> None:
    with pytest.raises(SpinecastError, match="only 'a' gives an AUC"):
        pool(select([own("a", 0.8, 0.7, 0.9), own("b", 0.7)], Selection()), Recipe())
    with pytest.raises(SpinecastError, match="no result of this selection"):
        pool(select([own("a", 0.8), own("b", 0.7)], Selection()), Recipe(missing_standard_error="mean"))
    at_one = [own("a", 0.9, 0.8, 1.0), own("b", 0.7, 0.6, 0.8)]
    with pytest.raises(SpinecastError, match="which has no log-odds"):
        pool(select(at_one, Selection()), Recipe())
    assert len(pool(select(at_one, Selection()), Recipe(standard_error="width")).studies) == 2
    assert len(pool(select(at_one, Selection()), Recipe(scale="raw")).studies) == 2
    assert "by limits" not in {
        variant.parts[2] for variant in variants(pool(select(at_one, Selection()), Recipe(scale="raw")))
    }
    one = pool(select([own("a", 0.8, 0.7, 0.9)], Selection()), Recipe(method="fixed", interval="wald"))
    assert one.measured().estimate == pytest.approx(0.8)


def test_what_is_left_out_says_why() -> None:
    table = [own("a", 0.8, 0.7, 0.9), own("b", 0.7, 0.6, 0.8), own("c", 0.75), own("d", 0.762, 0.704, 0.717)]
    found = pool(select(table, Selection()), Recipe())
    assert {left.result.id: left.why for left in found.left_out} == {
        "c": "no interval is printed",
        "d": "the printed interval does not hold its own estimate",
    }
    filled = pool(select(table, Selection()), Recipe(missing_standard_error="mean"))
    assert [study.assumed for study in filled.studies] == [False, False, True]
    assert filled.studies[2].standard_error == pytest.approx(sum(s.standard_error for s in filled.studies[:2]) / 2)


def test_cautions_are_found_in_the_numbers() -> None:
    def titles(found: Pooled) -> list[str]:
        return [one.title for one in cautions(found)]

    assert titles(pooled(Selection("90d"))) == ["One hospital more than once", "2 of 10 results are flagged"]
    all_internal = titles(pooled(Selection("all", "internal"), MEANS))
    for title in (
        "22 outcomes in one average",
        "The same patients more than once",
        "21 of 40 standard errors are invented",
    ):
        assert title in all_internal
    assert "One true value is assumed, and the studies differ" in all_internal
    six_weeks = cautions(pooled(Selection("6w"), table=LEDGER))
    assert six_weeks[0].serious
    assert "Huang 2024 and Su 2023" in six_weeks[0].text
    agreeing = [own(name, 0.8, 0.7, 0.87, model="m") for name in "abcdef"]
    assert titles(pool(select(agreeing, Selection()), Recipe()))[:1] == [
        "Hartung and Knapp's interval is shorter than Wald's"
    ]
    assert not any("shorter" in title for title in titles(pool(select(agreeing, Selection()), Recipe(interval="wald"))))


# Observed to expected ratios.


def test_ratios_come_from_what_is_printed() -> None:
    def ratio(**known: Any) -> Ratio:
        found = ratio_of(PublishedResult("a", "a", "mine.csv:2", **known))
        assert isinstance(found, Ratio)
        return found

    printed = ratio(ratio=0.73, ratio_lower=0.55, ratio_upper=0.98, n=100, events=10, expected=9.0)
    assert (printed.value, printed.basis) == (0.73, "printed")
    counted = ratio(n=200, events=55, expected=61.2)
    assert counted.value == pytest.approx(55 / 61.2)
    assert counted.standard_error == pytest.approx((1 / 55 - 1 / 200) ** 0.5)
    assert counted.upper / counted.value == pytest.approx(counted.value / counted.lower)
    # Bongers 2020: 27.6 % dead, intercept -.07 (-.50 to .35); by hand .276 / expit(-.9644 + .07) = .276 / .2902.
    bongers = next(result for result in LEDGER if result.id == "bongers_2020_90d")
    found = ratio_of(bongers)
    assert isinstance(found, Ratio)
    assert found.value == pytest.approx(0.9511, abs=2e-4)
    assert found.lower < 1 < found.upper
    for known, reason in (
        ({"intercept": 0.1}, "no proportion"),
        ({"intercept": 0.1, "event_proportion": 0.3}, "has no interval"),
        ({"ratio": 1.2}, "without an interval"),
        ({"expected": 20.0}, "without observed events"),
        ({"n": 20, "events": 5}, "neither a ratio"),
        ({}, "nothing to compute one from"),
    ):
        assert reason in str(ratio_of(PublishedResult("a", "a", "mine.csv:2", **known)))


def test_pooled_ratios_agree_with_metafor(tmp_path: Path) -> None:
    # tests/reference/metafor_meta_analysis/make.R: exp of rma(log(O/E), sqrt(1/O - 1/n), REML, knha)
    reference = Path(__file__).parents[1] / "reference" / "metafor_meta_analysis" / "ratios.csv"
    (tmp_path / "ratios.csv").write_text(reference.read_text().replace("observed,expected", "events,expected"))
    table = read_results(tmp_path / "ratios.csv", ratio=True)
    found = pool(select(table, Selection()), Recipe(quantity="observed_expected_ratio", scale="log"))
    assert numbers(found, 6) == [1.018215, 0.822230, 1.260914, 0.600205, 1.727347]


def test_the_delivered_ratios_are_too_few_and_it_says_so() -> None:
    with pytest.raises(SpinecastError, match="only 'bongers_2020_90d' gives an observed to expected ratio"):
        pooled(Selection("90d"), Recipe(quantity="observed_expected_ratio", scale="log"), LEDGER)


# Names.


def test_labels_tell_results_apart() -> None:
    for table, selection in ((PUBLISHED, Selection("all", "internal")), (LEDGER, Selection("6w"))):
        results = select(table, selection).results
        labels = result_labels(results)
        assert len(set(labels)) == len(results)
    assert "Karhade 2019, 90-day mortality, split" in result_labels(
        select(PUBLISHED, Selection("all", "internal")).results
    )
    same = [own("A 2020", 0.8, id="x"), own("A 2020", 0.7, id="y")]
    assert result_labels(same) == ["x", "y"]
    assert [letters(place) for place in (0, 25, 26, 51, 52, 701, 702)] == ["a", "z", "aa", "az", "ba", "zz", "aaa"]
    assert outcome_label("90d") == "90-day mortality"
