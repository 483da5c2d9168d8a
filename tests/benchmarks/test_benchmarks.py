"""Every benchmark compares two ways that agree; how fast they are is not a test."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"
sys.path.append(str(FOLDER))  # benchmarks are scripts, run from their own folder

import idle  # noqa: E402
import peer_process  # noqa: E402
import protocol  # noqa: E402
import run  # noqa: E402
import studies  # noqa: E402

pytestmark = pytest.mark.slow

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
    reason = ROWS[name].missing()
    if reason is not None:
        pytest.skip(reason)
    with protocol.checked(ROWS[name], small=True):
        pass  # entering raises unless they agree


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning", "ignore::DeprecationWarning:shap")
def test_the_peer_that_explains_by_shap_explains_the_model_that_is_served(tmp_path: Path) -> None:
    """The same numbers for regressions and trees, and for walks a sum that misses only what was left to chance."""
    import shap_explaining_model
    from made_models import model_of, patients

    from spinecast.explanation.contributions import explain
    from spinecast.models.artifact import save_model

    matrix, _ = patients(count=3, seed=2)
    for families in (("elastic_net", "xgboost", "random_forest"), ("support_vector_machine", "neural_network")):
        model = model_of(*families)
        save_model(model, tmp_path / families[0])
        found = shap_explaining_model._load_pyfunc(str(tmp_path / families[0])).contributions(matrix)
        ours = explain(model, matrix)
        if "xgboost" in families:
            assert found == pytest.approx(ours.values, abs=1e-5)
        assert found.sum(axis=1) == pytest.approx(ours.values.sum(axis=1), abs=1e-5)


def test_every_module_is_run() -> None:
    helpers = {"idle", "peer_process", "protocol", "run", "synthetic", "studies", "drift"}  # the last two time nothing
    assert {path.stem for path in FOLDER.glob("*.py")} - helpers == set(run.MODULES)
    assert len(ROWS) == len(run.all_benchmarks())


def test_studies_stand_in_one_table_with_what_is_made_up_marked() -> None:
    assert set(studies.study_files()) == {path.stem for path in FOLDER.parent.glob("configs/*/*.yaml")} - {
        path.stem for folder in studies.NO_STUDIES for path in FOLDER.parent.glob(f"configs/{folder}/*.yaml")
    }
    measure = {"estimate": 0.5974, "lower": 0.5636, "upper": 0.6312}
    absent = {"absent": "too few"}
    entry = {"study": "walking", "patients": 1200, "events": 404, "measures": {"auc": measure}, "synthetic": True}
    timed = {**entry, "study": "times", "measures": {"harrell_c": measure, "calibration_slope": absent}}
    rows = studies.table([entry, {**timed, "synthetic": False}]).splitlines()[-2:]
    assert rows == [
        "| walking (SYNTHETIC) | 1200 | 404 | 0.597 (0.564 to 0.631) | - |",
        "| times | 1200 | 404 | 0.597 (0.564 to 0.631) | - |",
    ]


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


def test_without_a_peer_ours_is_timed_alone() -> None:
    alone = replace(an_instant_benchmark("one"), peer=None, agree=lambda *_: None, aim={"seconds_at_most": 5})
    row = run.measure(alone, repeats=2)
    assert row["ratio"] is None
    assert row["peer_seconds"] is None
    assert "alone" in run.table([row])
    assert "reached" in run.page([row])


def test_each_aim_is_held_against_what_was_measured() -> None:
    row = {"ratio": 4.0, "ours_seconds": 2.0, "facts": {"ours_peak_bytes": 5e9}}
    for aim, reached in (
        ({"ratio_at_least": 4}, True),
        ({"ratio_at_least": 5}, False),
        ({"seconds_at_most": 2}, True),
        ({"seconds_at_most": 1}, False),
        ({"peak_bytes_at_most": 4e9}, False),
        ({"peak_bytes_at_most": 6e9}, True),
    ):
        assert ("NOT" not in run.aimed({**row, "aim": aim})) == reached


def test_a_row_run_alone_leaves_the_others(tmp_path: Path) -> None:
    first, second = (run.measure(an_instant_benchmark(name), repeats=1) for name in list(ROWS)[:2])
    run.write(second, tmp_path)
    run.write(first, tmp_path)
    run.write({**second, "ratio": 77.0}, tmp_path)
    assert [row["name"] for row in run.written(tmp_path)] == list(ROWS)[:2]
    assert "77" in (tmp_path / "README.md").read_text()


def test_a_peer_that_is_not_here_leaves_a_measurement_standing(tmp_path: Path) -> None:
    benchmark = an_instant_benchmark(next(iter(ROWS)))
    gone = run.absent(benchmark, "R is not installed: apt-get install r-base-core")
    run.write(gone, tmp_path)
    assert "apt-get install" in (tmp_path / "README.md").read_text()
    assert "apt-get install" in run.table([gone])
    run.write(run.measure(benchmark, repeats=1), tmp_path)
    run.write(gone, tmp_path)
    assert "ratio" in run.written(tmp_path)[0]


def test_the_page_of_results_is_that_of_its_files() -> None:
    assert (run.RESULTS / "README.md").read_text() == run.page(run.written(run.RESULTS))
    assert {path.stem for path in run.RESULTS.glob("*.json")} == set(ROWS)


def test_r_that_is_not_there_names_the_packages_that_bring_it(monkeypatch: pytest.MonkeyPatch) -> None:
    peer_process.missing_r.cache_clear()
    monkeypatch.setenv("PATH", "")
    assert peer_process.missing_r("pROC", "rms") == (
        "R is not installed: apt-get install r-base-core r-cran-proc r-cran-rms"
    )
    peer_process.missing_r.cache_clear()


def test_waiting_ends_when_the_machine_is_quiet_or_patience_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    shares = iter([0.9, 0.5, 0.05])
    monkeypatch.setattr(idle, "busy_share", lambda: next(shares))
    assert idle.wait_until_idle(60) == 0.05
    monkeypatch.setattr(idle, "busy_share", lambda: 0.9)
    assert idle.wait_until_idle(0) == 0.9


def test_the_busy_share_is_that_of_the_counters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idle, "STAT", tmp_path / "stat")
    assert idle.busy_share() is None
    (tmp_path / "stat").write_text("cpu 100 0 50 800 50 0 0 0 7 7\n")
    later = "cpu 130 0 60 850 60 0 0 0 9 9\n"  # 40 ticks of work, 60 of idleness
    monkeypatch.setattr(idle.time, "sleep", lambda _: (tmp_path / "stat").write_text(later))
    assert idle.busy_share() == pytest.approx(0.4)


def test_a_peer_process_answers_until_it_is_closed(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    script = "import sys\nprint('ready', 'one=1.0', flush=True)\nfor _ in sys.stdin: print(0.5, 2, flush=True)"
    peer = peer_process.PeerProcess([sys.executable, "-c", script], folder)
    assert peer.versions == {"one": "1.0"}
    assert peer().tolist() == peer().tolist() == [0.5, 2.0]
    peer.close()
    assert not folder.exists()
    with pytest.raises(RuntimeError, match="ended"):
        peer_process.PeerProcess([sys.executable, "-c", "pass"])


def test_a_measured_command_tells_its_memory_and_its_failure() -> None:
    held = bytearray(11 * 10**8)  # of whoever starts it, and none of the command's
    held[::4096] = b"x" * len(range(0, len(held), 4096))
    used = peer_process.run_measured([sys.executable, "-c", "x = bytearray(10**8); print('done')"])
    del held
    assert used.printed.strip() == "done"
    assert 1e8 < used.peak_bytes < 1e9
    assert used.seconds > 0
    with pytest.raises(RuntimeError, match="no such thing"):
        peer_process.run_measured([sys.executable, "-c", "raise SystemExit('no such thing')"])


def test_an_unknown_name_is_refused_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        run.main(["--only", "decision_tree"])
    assert stopped.value.code == 2
    assert "decision_curve" in capsys.readouterr().err
