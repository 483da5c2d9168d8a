"""The delivered tables: complete, as printed, consistent with each other, every flag explained."""

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

from spinecast.delivered import delivered_folder
from spinecast.evidence.reading import delivered_tables, read_results
from spinecast.evidence.results import PublishedResult

FOLDER = delivered_folder("evidence")
PUBLISHED = read_results(FOLDER / "published_auc.csv")
LEDGER = read_results(FOLDER / "external_validation.csv")
COMPARATORS = read_results(FOLDER / "comparators_umc_utrecht.csv")
NUMBER = re.compile(r"(?:0|1)?\.\d+")


def rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / f"{name}.csv").open(encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def named(results: tuple[PublishedResult, ...], name: str) -> PublishedResult:
    return next(result for result in results if result.id == name)


def test_delivered_names() -> None:
    assert list(delivered_tables()) == ["comparators_umc_utrecht", "external_validation", "published_auc"]


def test_every_entry_of_the_three_tables_of_the_review_is_there() -> None:
    # J Clin Med 2025;14:5885: 6 rows of Table 3; 28 rows of Table 4, 12 of them with two values; 30 rows of Table 5.
    assert Counter(result.stage for result in PUBLISHED) == {"training": 6, "internal": 40, "external": 30}
    lines = {row["line"] for row in rows("published_auc") if row["stage"] == "internal"}
    assert len(lines) == 28
    with_interval = Counter(result.stage for result in PUBLISHED if result.lower is not None)
    assert with_interval == {"training": 3, "internal": 19, "external": 30}
    methods = Counter(result.method for result in PUBLISHED if result.stage == "internal")
    assert methods == {"k-fold": 21, "split": 18, "bootstrap": 1}


@pytest.mark.parametrize("table", [PUBLISHED, LEDGER, COMPARATORS])
def test_numbers_are_those_printed(table: tuple[PublishedResult, ...]) -> None:
    for result in table:
        printed = [float(text) for text in NUMBER.findall(result.printed)]
        held = [value for value in (result.auc, result.lower, result.upper) if value is not None]
        assert printed == held, result.id


def test_ten_validations_of_sorg_at_each_horizon_are_those_of_the_reviews_references() -> None:
    for horizon in ("90d", "1y"):
        found = [r for r in PUBLISHED if (r.stage, r.outcome_name) == ("external", f"mortality_{horizon}")]
        assert sorted(int(r.reference) for r in found) == [26, 27, 28, 29, 31, 32, 33, 34, 35, 36]
        assert {r.model for r in found} == {"SORG-MLA"}


def test_the_ledger_repeats_the_review_where_it_names_it() -> None:
    published = {result.id: result for result in PUBLISHED}
    shared = [result for result in LEDGER if result.id in published]
    assert len(shared) == 24
    for result in shared:
        other = published[result.id]
        assert (result.auc, result.lower, result.upper) == (other.auc, other.lower, other.upper)
        assert (result.study, result.horizon, result.reference) == (other.study, other.horizon, other.reference)
    assert {result.id for result in LEDGER} - set(published) == {
        f"{study}_{horizon}{kind}"
        for study, kinds in {"fenn_2024": ("_complete_case",), "bindels_2025": ("", "_complete_case")}.items()
        for horizon in ("90d", "1y")
        for kind in kinds
    } | {"zijlstra_2024_90d", "zijlstra_2024_1y"}


def test_alternatives_stand_for_the_same_patients_at_the_same_horizon() -> None:
    by_id = {result.id: result for result in LEDGER}
    alternatives = [result for result in LEDGER if result.alternative_to]
    assert len(alternatives) == 4
    for result in alternatives:
        other = by_id[result.alternative_to]
        assert (result.study, result.horizon) == (other.study, other.horizon)
        assert result.auc is not None
        assert other.auc is not None
        assert result.auc < other.auc  # complete cases: .76, .78, .57 and .71 for .85, .87, .68 and .76


def test_numbers_of_patients_agree_with_the_printed_shares() -> None:
    for result in (*LEDGER, *COMPARATORS):
        over_fewer = any(flag.code == "events_over_fewer_patients" for flag in result.flags)
        if result.events is not None and result.n is not None and result.event_proportion is not None:
            agrees = abs(result.events / result.n - result.event_proportion) < 0.012
            assert agrees != over_fewer, result.id
    sizes = {result.study: result.n for result in LEDGER if result.n}
    assert sizes["Karhade 2020"] + sizes["Bongers 2020"] + sizes["Shah 2021"] + sizes["Yang 2021"] == 1101


def test_known_errors_stand_beside_the_values() -> None:
    def codes(table: tuple[PublishedResult, ...], name: str) -> set[str]:
        return {flag.code for flag in named(table, name).flags}

    assert codes(PUBLISHED, "fenn_2024_90d") == {"pooled_at_imputed_value"}
    assert codes(PUBLISHED, "huang_2024_90d") == {"same_patients_as_another_row"}
    assert codes(PUBLISHED, "li_2023_180d") == {"points_score_listed_as_machine_learning"}
    assert named(PUBLISHED, "karhade_2022_6w").auc == 0.82  # .81 in the abstract: printed, and not corrected
    assert codes(PUBLISHED, "karhade_2022_6w") == {"differs_from_the_papers_abstract"}
    assert codes(PUBLISHED, "massaad_2021_complications_training") == {"training_below_validation"}
    defective = {r.model for r in COMPARATORS if any(flag.code == "defective_scoring_code" for flag in r.flags)}
    assert defective == {
        "modified Bauer score",
        "NESMS",
        "revised Katagiri score, individual points",
        "revised Katagiri score, grouped",
        "revised Tokuhashi score",
    }
    assert all(any(flag.code == "joint_intercept" for flag in result.flags) for result in COMPARATORS)


def test_comparators_are_thirteen_models_at_three_horizons() -> None:
    counts = Counter(result.model for result in COMPARATORS)
    assert len(counts) == 13
    assert {model for model, times in counts.items() if times != 3} == {"SORG-MLA"}
    # Spine J 2025, abstract: revised Katagiri .79 (.76-.82) to .81 (.79-.84), Bollen .76 (.73-.80) to .77 (.75-.80).
    katagiri = named(COMPARATORS, "katagiri_individual_1y")
    assert (katagiri.auc, katagiri.lower, katagiri.upper) == (0.81, 0.79, 0.84)
    assert named(COMPARATORS, "bollen_90d").printed == ".76 (.73–.80)"
    for result in COMPARATORS:
        ledger = {r.id: r for r in LEDGER}.get(result.id.replace("sorg_mla", "bindels_2025"))
        assert ledger is None or (ledger.auc, ledger.lower) == (result.auc, result.lower)


def test_every_column_and_flag_is_explained() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    for path in sorted(FOLDER.glob("*.csv")):
        table = rows(path.stem)
        for name in table[0]:
            stem = re.sub(r"_(lower|upper)$", "", name)
            assert f"`{name}`" in text or f"`{stem}`" in text or stem in ("prediction", "entries"), (path.name, name)
        for row in table:
            for code in filter(None, row["flag"].split("; ")):
                assert f"`{code}`" in text, code


def test_no_cell_is_a_sentence_of_a_source_and_none_is_ragged() -> None:
    for path in sorted(Path(FOLDER).glob("*.csv")):
        for row in rows(path.stem):
            for cell in row.values():
                assert cell == cell.strip()
                assert len(cell) < 330
                assert not cell.endswith(".") or cell.count(" ") < 3
