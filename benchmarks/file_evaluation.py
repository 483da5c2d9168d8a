"""A file of a million predictions: our whole evaluation with its page beside what R users run on such a file."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas
from numpy.typing import NDArray
from peer_process import PEERS, Ran, missing_r, run_measured
from protocol import Benchmark
from synthetic import outcome_and_risk

__all__ = ["BENCHMARKS"]

FloatArray = NDArray[np.float64]
MILLION = 1_000_000


@dataclass(frozen=True)
class Answer:
    """AUC with its limits, Brier score, calibration slope; what the process used."""

    numbers: FloatArray
    used: Ran
    versions: dict[str, str]


def setup(small: bool) -> Path:
    outcome, risk = outcome_and_risk(2_000 if small else MILLION, seed=17)
    path = Path(tempfile.mkdtemp(prefix="spinecast-benchmark-")) / "predictions.csv"
    pandas.DataFrame({"p": risk, "y": outcome.astype(int)}).to_csv(path, index=False)
    return path


def ours(path: Path) -> Answer:
    given = ["evaluate", str(path), "--risk", "p", "--outcome", "y", "--synthetic"]
    page = path.with_name("page.html")
    used = run_measured([sys.executable, "-m", "spinecast", *given, "--report", str(page), "--json"])
    found = json.loads(used.printed)["measures"]
    assert page.stat().st_size > 10_000
    auc = found["auc"]
    numbers = [*(auc[each] for each in ("estimate", "lower", "upper")), found["brier"]["estimate"]]
    return Answer(np.array([*numbers, found["calibration_slope"]["estimate"]]), used, {})


def peer(path: Path) -> Answer:
    used = run_measured(["Rscript", str(PEERS / "file_evaluation.R"), str(path)])
    told, numbers = used.printed.splitlines()[-2:]
    versions = dict(entry.split("=") for entry in told.split())
    return Answer(np.array([float(value) for value in numbers.split()]), used, versions)


def agree(_: Path, ours: Answer, peer: Answer) -> None:
    np.testing.assert_allclose(ours.numbers, peer.numbers, rtol=0, atol=1e-6)


def facts(_: Path, ours: Answer, peer: Answer) -> dict[str, float]:
    return {
        "ours_peak_bytes": ours.used.peak_bytes,
        "peer_peak_bytes": peer.used.peak_bytes,
    }


BENCHMARKS = (
    Benchmark(
        name="file_evaluation",
        peer_name="R data.table::fread, rms::val.prob and pROC::ci.auc in one script",
        what=(
            f"evaluate a file of {MILLION:,} predictions from the shell; ours with decision curve, smooth calibration "
            "and its errors, groups, thresholds and the page; both judge AUC, Brier score and calibration slope"
        ),
        setup=setup,
        ours=ours,
        peer=peer,
        agree=agree,
        facts=facts,
        clock="children",
        packages=("numpy", "pandas", "scipy"),
        missing=lambda: missing_r("rms", "pROC", "data.table"),
        peer_versions=lambda _, peer: peer.versions,
        cleanup=lambda path: shutil.rmtree(path.parent),
        aim={"seconds_at_most": 30, "peak_bytes_at_most": 4e9},
        repeats=3,
    ),
)
