"""Train the delivered studies in full: ``python benchmarks/studies.py [--only NAME ...]``.

Each study's figures go to a file of its own in ``results/studies/``, beside the command that made them, and all of them
to a table. What a study leaves (model, record, report) goes to ``output/``.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from spinecast.files import atomic_write
from spinecast.training.environment import package_versions
from spinecast.training.pipeline import train_study
from spinecast.training.study.file import load_study

__all__ = ["main", "study_files", "table"]

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).with_name("results") / "studies"
NO_STUDIES = {"cohorts", "forms", "published", "evidence"}
RANKING = ("auc", "harrell_c", "ordinal_concordance")
SHOWN = (
    *RANKING,
    "calibration_slope",
    "calibration_in_the_large",
    "scaled_brier",
    "integrated_brier",
    "ranked_probability_score",
    "ranked_probability_skill",
)


def study_files() -> dict[str, Path]:
    """Every delivered study by its name."""
    paths = sorted((ROOT / "configs").glob("*/*.yaml"))
    return {path.stem: path for path in paths if path.parent.name not in NO_STUDIES}


def main(arguments: list[str] | None = None) -> int:
    """Train the studies that are asked for and write their figures down."""
    known = study_files()
    parser = argparse.ArgumentParser(description="Train the delivered studies in full.")
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=known, default=list(known), help="study names")
    parser.add_argument("--output", type=Path, default=Path("output"), help="folder of the results")
    parser.add_argument("--workers", type=int, help="processes that fit side by side")
    given = parser.parse_args(arguments)
    for name in given.only:
        began = time.perf_counter()
        result = train_study(load_study(known[name]), output=given.output / name, workers=given.workers)
        entry = figures(name, known[name], result.evaluation, time.perf_counter() - began)
        RESULTS.mkdir(parents=True, exist_ok=True)
        atomic_write(RESULTS / f"{name}.json", json.dumps(entry, indent=2, ensure_ascii=False) + "\n")
    stored = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(RESULTS.glob("*.json"))]
    atomic_write(RESULTS / "README.md", table(stored))
    return 0


def figures(name: str, path: Path, evaluation: Any, seconds: float) -> dict[str, Any]:
    """What is kept of a study's out-of-fold evaluation."""
    study = load_study(path)
    return {
        "study": name,
        "title": study.title,
        "command": f"python benchmarks/studies.py --only {name}",
        "synthetic": study.cohort.source.kind == "synthetic",
        "basis": evaluation["basis"],
        "patients": evaluation["n"],
        "events": evaluation["events"],
        "measures": {
            measure: evaluation["measures"][measure] for measure in SHOWN if measure in evaluation["measures"]
        },
        "candidates": {
            one["name"]: one["measures"].get("auc") for one in evaluation.get("candidates", ()) if "measures" in one
        },
        "seconds": round(seconds, 1),
        "when": datetime.now(UTC).date().isoformat(),
        "versions": package_versions(),
    }


def table(entries: list[dict[str, Any]]) -> str:
    """All studies in one table."""
    lines = [
        "# The delivered studies, trained in full",
        "",
        "Out of fold: each patient's risk comes from models that had not seen them. Made by",
        "`python benchmarks/studies.py`; each row's file names the command that makes it again. Studies of synthetic",
        "patients show that the method finds what was put in, and nothing about anybody.",
        "",
        "| study | patients | events | AUC or C (95 % interval) | calibration slope |",
        "| --- | --- | --- | --- | --- |",
    ]
    for entry in entries:
        measures = entry["measures"]
        ranking = shown(next((measures[name] for name in RANKING if name in measures), None))
        slope = shown(measures.get("calibration_slope"), 2)
        mark = " (SYNTHETIC)" if entry["synthetic"] else ""
        lines.append(f"| {entry['study']}{mark} | {entry['patients']} | {entry['events']} | {ranking} | {slope} |")
    return "\n".join(lines) + "\n"


def shown(measure: Any, decimals: int = 3) -> str:
    """A measure with its interval, or a dash."""
    if not measure or "absent" in measure:
        return "-"
    text = f"{measure['estimate']:.{decimals}f}"
    if measure.get("lower") is None:
        return text
    return f"{text} ({measure['lower']:.{decimals}f} to {measure['upper']:.{decimals}f})"


if __name__ == "__main__":
    sys.exit(main())
