"""Time spinecast beside its peers: ``python benchmarks/run.py [--only NAME] [--repeats N]``.

Each row first asserts that both ways agree, then times them alternately. Rows go to ``results.json`` beside this
file; a row run alone replaces itself there and leaves the others as they were.
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
from protocol import Benchmark, checked, time_side_by_side

from spinecast.files import atomic_write
from spinecast.training.environment import package_versions

__all__ = ["MODULES", "all_benchmarks", "main", "measure"]

MODULES = (
    "forest_imputation",
    "forest_prediction",
    "contributions",
    "auc_interval",
    "decision_curve",
    "published_scores",
    "one_prediction",
    "import_help",
)
RESULTS = Path(__file__).with_name("results.json")


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmarks that are asked for, write them down and print a table."""
    parser = argparse.ArgumentParser(description="Time spinecast beside its peers.")
    parser.add_argument("--only", metavar="NAME", help=f"one of {', '.join(MODULES)}, or one row of it")
    parser.add_argument("--repeats", type=int, help="alternating runs of each side (default: each row's own)")
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
        rows.append(measure(benchmark, repeats=given.repeats or benchmark.repeats))
    write(rows, RESULTS)
    print(table(rows))
    return 0


def all_benchmarks() -> tuple[Benchmark, ...]:
    """Every row, in the order of MODULES."""
    return tuple(row for module in MODULES for row in import_module(module).BENCHMARKS)


def module_of(benchmark: Benchmark) -> str:
    """Name of the module a row stands in."""
    return next(module for module in MODULES if benchmark in import_module(module).BENCHMARKS)


def measure(benchmark: Benchmark, *, repeats: int, small: bool = False) -> dict[str, Any]:
    """Check that both ways agree, time them, and return the row as JSON values."""
    with checked(benchmark, small=small) as ready:
        timing = time_side_by_side(benchmark, ready, repeats)
    return {
        "name": benchmark.name,
        "what": benchmark.what,
        "peer": benchmark.peer_name,
        "command": f"python benchmarks/run.py --only {benchmark.name} --repeats {repeats}",
        "clock": "wall" if benchmark.clock == "wall" else "processor time of child processes",
        "repeats": repeats,
        "ours_seconds": median(timing.ours),
        "peer_seconds": median(timing.peer),
        "ratio": timing.ratio,
        "ratio_range": list(timing.ratio_range),
        "facts": dict(ready.facts),
        "measured": datetime.now(UTC).date().isoformat(),
        "python": platform.python_version(),
        "cpu": cpu_model(),
        "versions": package_versions(("spinecast", *benchmark.packages)),
    }


def cpu_model() -> str:
    """The processor's name, as Linux tells it; elsewhere its architecture."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text().splitlines() if told.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0]}, {joblib.cpu_count()} cores" if names else platform.machine()


def write(rows: Iterable[Mapping[str, Any]], path: Path) -> None:
    """Replace the rows that were run; keep the others, in the order of the benchmarks."""
    kept = {row["name"]: row for row in json.loads(path.read_text())["rows"]} if path.exists() else {}
    kept |= {row["name"]: row for row in rows}
    order = [row.name for row in all_benchmarks()]
    content = {
        "ratio": "peer seconds / our seconds, medians over alternating runs; above 1, spinecast is faster",
        "ratio_range": "smallest and largest ratio of two neighbouring runs",
        "rows": [kept[name] for name in order if name in kept],
    }
    atomic_write(path, (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode())


def table(rows: Iterable[Mapping[str, Any]]) -> str:
    """The rows for a person to read."""
    lines = [f"{'benchmark':30} {'ours':>10} {'peer':>10} {'peer/ours':>10}  range"]
    for row in rows:
        low, high = row["ratio_range"]
        lines.append(
            f"{row['name']:30} {seconds(row['ours_seconds']):>10} {seconds(row['peer_seconds']):>10} "
            f"{row['ratio']:>10.2f}  {low:.2f} to {high:.2f}"
        )
        lines += [f"{'':30}   {name.replace('_', ' ')}: {number(value)}" for name, value in row["facts"].items()]
    return "\n".join(lines)


def seconds(value: float) -> str:
    """A duration with three digits and a fitting unit."""
    for unit, scale in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        if value * scale >= 1:
            return f"{value * scale:.3g} {unit}"
    return f"{value * 1e9:.3g} ns"


def number(value: float) -> str:
    """A count in full, anything else with three digits."""
    return f"{value:,}" if isinstance(value, int) else f"{value:.3g}"


if __name__ == "__main__":
    sys.exit(main())
