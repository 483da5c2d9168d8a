"""The report of an external validation, and the whole command that makes it: nobody beside, timed alone."""

from __future__ import annotations

import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from peer_process import run_measured
from protocol import Benchmark

from spinecast.reporting import render_html
from spinecast.reporting.external import build_external_report
from spinecast.reporting.external_record import ExternalRecord

__all__ = ["BENCHMARKS"]

PATIENTS = 1_858


@dataclass(frozen=True)
class Validated:
    """What a validation left behind, and how long it took with everything."""

    folder: Path
    record: ExternalRecord
    seconds: float


def setup(small: bool) -> Validated:
    folder = Path(tempfile.mkdtemp(prefix="spinecast-benchmark-"))
    cohort, output = folder / "cohort.parquet", folder / "validation"
    spinecast = [sys.executable, "-m", "spinecast"]
    drawn = ["--cohort", "sorg", "--patients", str(400 if small else PATIENTS), "--seed", "1"]
    run_measured([*spinecast, "synth", *drawn, "-o", str(cohort)])
    judged = ["published:sorg_survival_2016", "--cohort", str(cohort), "--horizon", "365"]
    used = run_measured([*spinecast, "validate", *judged, "--output", str(output)])
    return Validated(folder, ExternalRecord.load(output / "record"), used.seconds)


def ours(validated: Validated) -> str:
    return render_html(build_external_report(validated.record))


def agree(_: Validated, page: str, __: None) -> None:
    assert page.count("<svg") >= 4
    assert "SYNTHETIC COHORT" in page


def facts(validated: Validated, page: str, _: None) -> dict[str, float]:
    return {"processor_seconds_of_spinecast_validate": validated.seconds, "page_bytes": len(page.encode())}


BENCHMARKS = (
    Benchmark(
        name="external_report",
        peer_name="nobody",
        what=f"page of an external validation of a published model, n = {PATIENTS:,}, with nine comparators",
        setup=setup,
        ours=ours,
        peer=None,
        agree=agree,
        facts=facts,
        clock="process",
        packages=("numpy", "matplotlib", "jinja2"),
        cleanup=lambda validated: shutil.rmtree(validated.folder),
        aim={"seconds_at_most": 3},
        repeats=3,
    ),
)
