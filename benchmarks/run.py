"""Time spinecast beside its peers: ``python benchmarks/run.py [--only NAME] [--repeats N]``.

Each row first asserts that both ways agree, then times them alternately, waiting for a quiet machine. A row goes to a
file of its own in ``results/``, beside a table of all of them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any

import joblib
from protocol import LONGEST_WAIT_SECONDS, Benchmark, checked, time_side_by_side

from spinecast.files import atomic_write
from spinecast.training.environment import package_versions

__all__ = ["MODULES", "all_benchmarks", "main", "measure"]

MODULES = (
    "forest_imputation",
    "forest_prediction",
    "contributions",
    "auc_interval",
    "delong",
    "optimism",
    "decision_curve",
    "survival_scores",
    "file_evaluation",
    "external_report",
    "published_scores",
    "one_prediction",
    "served_answers",
    "hospital_card",
    "import_help",
)
CLOCKS = {
    "wall": "wall",
    "process": "processor time",
    "children": "processor time of child processes",
}
RESULTS = Path(__file__).with_name("results")


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmarks that are asked for, write them down and print a table."""
    parser = argparse.ArgumentParser(description="Time spinecast beside its peers.")
    parser.add_argument("--only", metavar="NAME", help=f"one of {', '.join(MODULES)}, or one row of it")
    parser.add_argument("--repeats", type=int, help="alternating runs of each side (default: each row's own)")
    patience = "seconds all runs of a row may wait for a quiet machine (default: %(default)g)"
    parser.add_argument("--patience", type=float, default=LONGEST_WAIT_SECONDS, help=patience)
    given = parser.parse_args(arguments)
    if given.repeats is not None and given.repeats < 1:
        parser.error("--repeats must be at least 1")
    # One thread everywhere, before any library is imported: what is compared is work, not the number of threads.
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    chosen = [row for row in all_benchmarks() if given.only in (None, row.name, module_of(row))]
    if not chosen:
        parser.error(f"no benchmark is called {given.only!r}; there are {', '.join(MODULES)}")
    rows = []
    for benchmark in chosen:
        print(f"{benchmark.name} ...", file=sys.stderr, flush=True)
        reason = benchmark.missing()
        if reason is not None:
            row = absent(benchmark, reason)
        else:
            row = measure(benchmark, repeats=given.repeats or benchmark.repeats, patience=given.patience)
        rows.append(row)
        write(row, RESULTS)
    print(table(rows))
    return 0


def all_benchmarks() -> tuple[Benchmark, ...]:
    """Every row, in the order of MODULES."""
    return tuple(row for module in MODULES for row in import_module(module).BENCHMARKS)


def module_of(benchmark: Benchmark) -> str:
    """Name of the module a row stands in."""
    return next(module for module in MODULES if benchmark in import_module(module).BENCHMARKS)


def measure(benchmark: Benchmark, *, repeats: int, small: bool = False, patience: float = 0.0) -> dict[str, Any]:
    """Check that both ways agree, time them, and return the row as JSON values."""
    with checked(benchmark, small=small) as ready:
        timing = time_side_by_side(benchmark, ready, repeats, patience=patience)
    return {
        "name": benchmark.name,
        "what": benchmark.what,
        "peer": benchmark.peer_name,
        "command": f"python benchmarks/run.py --only {benchmark.name} --repeats {repeats}",
        "clock": CLOCKS[benchmark.clock],
        "repeats": repeats,
        "ours_seconds": median(timing.ours),
        "peer_seconds": median(timing.peer) if timing.peer else None,
        "ratio": timing.ratio,
        "ratio_range": timing.ratio_range,
        "aim": dict(benchmark.aim),
        "facts": dict(ready.facts),
        "busy_before_runs": max(timing.busy, default=None),
        "measured": datetime.now(UTC).date().isoformat(),
        "python": platform.python_version(),
        "cpu": cpu_model(),
        "versions": package_versions(("spinecast", *benchmark.packages)) | dict(ready.peer_versions),
    }


def absent(benchmark: Benchmark, reason: str) -> dict[str, Any]:
    """The row of a benchmark whose peer is not on this machine."""
    return {"name": benchmark.name, "what": benchmark.what, "peer": benchmark.peer_name, "absent": reason}


def cpu_model() -> str:
    """The processor's name, as Linux tells it; elsewhere its architecture."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text().splitlines() if told.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0]}, {joblib.cpu_count()} cores" if names else platform.machine()


def write(row: Mapping[str, Any], folder: Path) -> None:
    """Write a row into its file and the table of all rows again; what is absent here leaves a measurement standing."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{row['name']}.json"
    if "absent" not in row or not path.exists():
        atomic_write(path, (json.dumps(row, indent=2, ensure_ascii=False) + "\n").encode())
    atomic_write(folder / "README.md", page(written(folder)).encode())


def written(folder: Path) -> list[dict[str, Any]]:
    """The rows that were written, in the order of the benchmarks."""
    paths = [folder / f"{row.name}.json" for row in all_benchmarks()]
    return [json.loads(path.read_text()) for path in paths if path.exists()]


def page(rows: Iterable[Mapping[str, Any]]) -> str:
    """The rows as a page: ratios first, seconds beside them."""
    lines = [
        "# Measured",
        "",
        "Written by `python benchmarks/run.py` from the files beside it. Ratio: peer over ours, medians of alternating",
        "runs (smallest to largest of two neighbouring runs); above 1, spinecast is faster. Seconds are those of one",
        "machine, of wall or processor time: each file says which, and names machine and versions. Others used:",
        "the largest share of the processors in use before a pair of runs; where it is large, believe the ratio alone.",
        "",
        "| what | beside | ratio | ours | peer | aim | others used |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        if "absent" in row:
            lines.append(f"| {row['what']} | {row['peer']} | absent: {row['absent']} | | | | |")
            continue
        share = row.get("busy_before_runs")
        busy = "" if share is None else f"{share:.0%}"
        lines.append(
            f"| {row['what']} | {row['peer']} | {compared(row)} | {seconds(row['ours_seconds'])} "
            f"| {seconds(row['peer_seconds'])} | {aimed(row)} | {busy} |"
        )
    return "\n".join(lines) + "\n"


def compared(row: Mapping[str, Any]) -> str:
    """The ratio with its range."""
    if row["ratio"] is None:
        return "alone"
    low, high = row["ratio_range"]
    return f"{row['ratio']:.3g} ({low:.3g} to {high:.3g})"


def aimed(row: Mapping[str, Any]) -> str:
    """What was aimed at, and whether it was reached."""
    reached = {
        "ratio_at_least": ("ratio of {:g} or more", lambda aim: row["ratio"] >= aim),
        "seconds_at_most": ("{:g} s or less", lambda aim: row["ours_seconds"] <= aim),
        "peak_bytes_at_most": ("{:.2g} bytes or fewer", lambda aim: row["facts"]["ours_peak_bytes"] <= aim),
    }
    parts = []
    for name, aim in row.get("aim", {}).items():
        words, met = reached[name]
        parts.append(f"{words.format(aim)}: {'reached' if met(aim) else 'NOT reached'}")
    return "; ".join(parts)


def table(rows: Iterable[Mapping[str, Any]]) -> str:
    """The rows for a person to read."""
    lines = [f"{'benchmark':30} {'ours':>10} {'peer':>10}   peer/ours (range)"]
    for row in rows:
        if "absent" in row:
            lines.append(f"{row['name']:30} absent: {row['absent']}")
            continue
        lines.append(
            f"{row['name']:30} {seconds(row['ours_seconds']):>10} {seconds(row['peer_seconds']):>10} "
            f" {compared(row):24} {aimed(row)}".rstrip()
        )
        lines += [f"{'':30}   {name.replace('_', ' ')}: {number(value)}" for name, value in row["facts"].items()]
    return "\n".join(lines)


def seconds(value: float | None) -> str:
    """A duration with three digits and a fitting unit; nothing for None."""
    if value is None:
        return ""
    for unit, scale in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        if value * scale >= 1:
            return f"{value * scale:.3g} {unit}"
    return f"{value * 1e9:.3g} ns"


def number(value: float) -> str:
    """A count in full, anything else with three digits."""
    return f"{value:,}" if isinstance(value, int) else f"{value:.3g}"


if __name__ == "__main__":
    sys.exit(main())
