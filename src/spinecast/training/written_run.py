"""A run whose results stand in a folder and may be tracked: one form, whatever was trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from spinecast.files import atomic_write, writing
from spinecast.models.loading import AnyModel
from spinecast.reporting import RunRecord, build_report, render_html
from spinecast.reporting.document import Figure
from spinecast.reporting.records import RECORDS, write_records
from spinecast.training.output import OUT_OF_FOLD, RECORD, REJECTIONS, REPORT
from spinecast.training.progress import say
from spinecast.training.run_facts import Finished
from spinecast.training.tracked_run import track_run

if TYPE_CHECKING:
    import pandas

    from spinecast.tracking.runs import TrackedRun
    from spinecast.tracking.store import Store

__all__ = ["Candidates", "WrittenRun", "write_results"]

ModelT = TypeVar("ModelT", bound=AnyModel)
Candidates = Mapping[str, tuple[Mapping[str, Any], Mapping[str, float]]]
"""Parameters and metrics of each candidate, by its name."""


@dataclass(frozen=True)
class WrittenRun(Generic[ModelT]):
    """A run whose results stand in a folder and may be tracked.

    Parameters
    ----------
    trained : Finished
    model : AnyModel
    identity : str
    record : RunRecord
    metrics : mapping of str to float
        What the store keeps of the evaluation.
    candidates : Candidates
        A child run each.
    """

    trained: Finished
    model: ModelT
    identity: str
    record: RunRecord
    metrics: Mapping[str, float]
    candidates: Candidates

    @property
    def evaluation(self) -> Mapping[str, Any]:
        """The out-of-fold evaluation."""
        return self.record.evaluation

    def track(self, store: Store, output: Path) -> TrackedRun:
        """Write the run to the tracking store."""
        return track_run(
            store,
            output,
            self.trained,
            self.record,
            self.model,
            self.identity,
            metrics=self.metrics,
            candidates=self.candidates,
        )


def write_results(trained: Finished, record: RunRecord, out_of_fold: pandas.DataFrame, staging: Path) -> None:
    """Write what a run leaves beside its model: record, report with its figures, out-of-fold table, rejections.

    Parameters
    ----------
    trained : Finished
    record : RunRecord
    out_of_fold : pandas.DataFrame
        One row a patient: it stays beside the cohort and never enters the store.
    staging : pathlib.Path

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    say("writing the report")
    record.save(staging / RECORD)
    write_records(record, staging / RECORD / RECORDS)
    document = build_report(record)
    report = render_html(document)
    with writing(staging):
        (staging / REPORT).write_text(report, encoding="utf-8")
        (staging / RECORD / REPORT).write_text(report, encoding="utf-8")
        figures = staging / RECORD / "figures"
        figures.mkdir()
        for block in (block for section in document.sections for block in section.blocks):
            if isinstance(block, Figure):
                (figures / f"{block.key}.svg").write_text(block.svg, encoding="utf-8")
    atomic_write(staging / OUT_OF_FOLD, out_of_fold.to_csv(index=False))
    rejections = trained.cohort.rejections
    if len(rejections):
        rejections.write(staging / REJECTIONS)
