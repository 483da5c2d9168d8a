"""What the run did otherwise than its study file says, above all a search that was cut short."""

from __future__ import annotations

from dataclasses import dataclass

from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Block, Table
from spinecast.reporting.record import RunRecord
from spinecast.reporting.sections.common import candidate_labels, row

__all__ = ["ShortSearch", "changed_on_command_line", "short_search"]


@dataclass(frozen=True)
class ShortSearch:
    """A search smaller than the study file asks for: in a few words, as a title, and with its numbers."""

    brief: str
    title: str
    text: str


def short_search(record: RunRecord) -> ShortSearch | None:
    """Compare the trials each candidate had with those the study file asks for; None unless one had fewer.

    Both are counts of the record. A candidate's count is that of the split in which it had the fewest.
    """
    asked = record.run.get("study_file_trials")
    if asked is None or fmt.absence(asked) is not None:
        return None
    labels = candidate_labels(record)
    short: dict[tuple[int, int], list[str]] = {}
    candidates = fmt.listed(record.tuning.get("candidates"))
    for candidate in candidates:
        name = candidate["name"]
        had = min((len(split["trials"]) for split in candidate["splits"]), default=0)
        if had < asked.get(name, 0):
            short.setdefault((had, asked[name]), []).append(labels[name])
    if not short:
        return None
    counts = sorted({had for had, _ in short})
    spread = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    trials = f"{spread} {'trial' if counts[-1] == 1 else 'trials'} a candidate"
    everyone = sum(map(len, short.values())) == len(candidates)
    parts = [
        f"{'every candidate' if everyone and len(short) == 1 else fmt.joined(names)} had "
        f"{fmt.plural(had, 'trial')} in each split where the study file asks for {asked_for}"
        for (had, asked_for), names in short.items()
    ]
    return ShortSearch(
        brief=f"short: {trials}",
        title=f"Short search ({trials})",
        text=f"{fmt.sentence('; '.join(parts))}. Better settings may have been missed: these are the figures of a "
        "short search, not what the study reaches as it is written.",
    )


def changed_on_command_line(record: RunRecord) -> list[Block]:
    """List every key that was set on the command line, with what the study file says; nothing if there was none."""
    changes = fmt.listed(record.run.get("overrides"))
    if not changes:
        return []
    rows = tuple(row(one["key"], fmt.setting(one["study_file"]), fmt.setting(one["run"])) for one in changes)
    return [Table("Changed on the command line", ("Key", "Study file", "This run"), rows)]
