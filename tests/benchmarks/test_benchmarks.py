"""Every benchmark compares two ways that agree; how fast they are is not a test."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"
sys.path.append(str(FOLDER))  # benchmarks are scripts, run from their own folder

import protocol  # noqa: E402
import run  # noqa: E402

ROWS = {row.name: row for row in run.all_benchmarks()}


def an_instant_benchmark(name: str, peer_answer: int = 1) -> protocol.Benchmark:
    def agree(_: object, ours: int, peer: int) -> None:
        assert ours == peer

    return protocol.Benchmark(
        name=name,
        peer_name="another one",
        what="count to one",
        setup=lambda _: None,
        ours=lambda _: 1,
        peer=lambda _: peer_answer,
        agree=agree,
    )


@pytest.mark.parametrize("name", list(ROWS))
def test_both_ways_agree(name: str) -> None:
    with protocol.checked(ROWS[name], small=True):
        pass  # entering raises unless they agree


def test_every_module_is_run() -> None:
    helpers = {"protocol", "run", "synthetic"}
    assert {path.stem for path in FOLDER.glob("*.py")} - helpers == set(run.MODULES)
    assert len(ROWS) == len(run.all_benchmarks())


def test_answers_that_differ_are_never_timed() -> None:
    with pytest.raises(AssertionError):
        run.measure(an_instant_benchmark("one", peer_answer=2), repeats=1)


def test_a_row_says_how_it_came_about() -> None:
    row = run.measure(an_instant_benchmark("one"), repeats=3)
    assert row["command"] == "python benchmarks/run.py --only one --repeats 3"
    assert row["ratio"] == pytest.approx(row["peer_seconds"] / row["ours_seconds"])
    low, high = row["ratio_range"]
    assert 0 < low <= high
    assert {"spinecast", "numpy"} == set(row["versions"])
    assert "/" not in row["cpu"]
    assert "one" in run.table([row])


def test_the_ratio_is_of_medians_and_its_range_of_neighbours() -> None:
    timing = protocol.Timing(ours=(1.0, 2.0, 9.0), peer=(4.0, 6.0, 18.0))
    assert timing.ratio == 3.0
    assert timing.ratio_range == (2.0, 4.0)


def test_a_row_run_alone_leaves_the_others(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    first, second = list(ROWS)[:2]
    run.write([{"name": second, "ratio": 1}, {"name": first, "ratio": 1}], path)
    run.write([{"name": second, "ratio": 2}], path)
    assert json.loads(path.read_text())["rows"] == [{"name": first, "ratio": 1}, {"name": second, "ratio": 2}]


def test_an_unknown_name_is_refused_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        run.main(["--only", "decision_tree"])
    assert stopped.value.code == 2
    assert "decision_curve" in capsys.readouterr().err
