"""How the question was answered: the study file, resampling and tuning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from spinecast.reporting import figures
from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Block, Callout, Code, Figure, Heading, Paragraph, Row, Section, Table
from spinecast.reporting.figures.style import numbers
from spinecast.reporting.predictors import named_predictors
from spinecast.reporting.record import RunRecord
from spinecast.reporting.sections.changes import changed_on_command_line, short_search
from spinecast.reporting.sections.common import (
    candidate_labels,
    row,
    run_notes,
    unavailable,
)

__all__ = ["study_section", "tuning_section"]


def study_section(record: RunRecord) -> Section:
    """Show the study exactly as it was resolved."""
    predictors = named_predictors(record.study, record.cohort)
    blocks: list[Block] = [
        Paragraph(
            f"The study as it was run, every default filled in: {fmt.plural(len(predictors), 'predictor')}, "
            f"{fmt.plural(len(fmt.listed(record.study.get('candidates'))), 'candidate')}. "
            "The same file, cohort and seed give the same predictions."
        ),
        *changed_on_command_line(record),
        Code(record.study_yaml, caption="study.yaml, resolved"),
    ]
    return Section("study", "The study", tuple(blocks))


def tuning_section(record: RunRecord) -> Section:
    """Show how candidates were tuned and which were chosen."""
    blocks: list[Block] = [Paragraph(_design(record)), *_notes(record)]
    candidates = record.tuning.get("candidates")
    reason = fmt.absence(candidates)
    if reason is not None or candidates is None:
        reason = fmt.absence(record.tuning) or reason
        blocks.append(unavailable("Tuning history", reason or "not recorded"))
        return Section("tuning", "Resampling and tuning", tuple(blocks))
    blocks += [
        Heading("History"),
        _history(candidates, _loss(record)),
        Heading("Search spaces"),
        _spaces(candidates),
        Heading("What each split chose"),
        _selection(record),
        Heading("Parameters of the final fit"),
        _parameters(candidates),
    ]
    return Section("tuning", "Resampling and tuning", tuple(blocks))


def _design(record: RunRecord) -> str:
    resampling = record.study.get("resampling") or {}
    outer, inner = resampling.get("outer_folds"), resampling.get("inner_folds")
    group = resampling.get("group")
    folds = (
        f"{outer} outer folds, stratified by outcome, judge; {inner} inner folds inside each tune."
        if outer and inner
        else "The folds are " + fmt.absent("not stated in the study") + "."
    )
    together = f" Patients of one {fmt.plain(group)} stay together." if group else ""
    trials = [len(split["trials"]) for each in fmt.listed(record.tuning.get("candidates")) for split in each["splits"]]
    counted = ""
    if trials:
        spread = str(min(trials)) if min(trials) == max(trials) else f"{min(trials)} to {max(trials)}"
        counted = f" Each candidate had {spread} trials in each split, {fmt.integer(sum(trials))} trials in all."
    loss = _loss(record)
    usual = "log cumulative hazard" if "loss" in record.tuning else "log-odds"
    scale = fmt.plain(record.tuning.get("averaged") or usual)
    rule = {
        "winner": f" The final model is the candidate with the lowest inner {loss}; the same rule chooses inside "
        "every outer fold.",
        "ensemble": f" The final model averages the named candidates on the {scale} scale, as it does inside every "
        "outer fold.",
    }.get(str((record.study.get("final") or {}).get("kind")), "")
    return f"{folds}{together} Trials are judged by {loss}.{counted}{rule}"


def _notes(record: RunRecord) -> list[Block]:
    notes = run_notes(record)
    about: list[Block] = [Callout("note", "About this search", " ".join(notes))] if notes else []
    short = short_search(record)
    return [Callout("warning", short.title, short.text), *about] if short else about


def _loss(record: RunRecord) -> str:
    return fmt.plain(record.tuning.get("loss") or "log-loss")


def _history(candidates: Sequence[Mapping[str, Any]], loss: str) -> Figure:
    rows: list[Row] = []
    bests: dict[str, float] = {}
    for candidate in candidates:
        rows.append(Row((fmt.plain(candidate["label"]),), heading=True))
        for split in candidate["splits"]:
            losses = numbers([trial["log_loss"] for trial in split["trials"]])
            known = losses[np.isfinite(losses)]
            best = split.get("best") or {}
            first = fmt.number(float(losses[0]), 4) if losses.size and np.isfinite(losses[0]) else fmt.absent("failed")
            middle = fmt.number(float(np.median(known)), 4) if known.size else fmt.absent("no trial finished")
            seconds = sum(trial.get("fit_seconds") or 0.0 for trial in split["trials"])
            cells = (first, middle, fmt.number(best.get("log_loss"), 4), fmt.count(best.get("number")))
            shown = fmt.plain(split["split"]).capitalize()
            rows.append(row(shown, fmt.integer(losses.size), *cells, fmt.duration(seconds), level=1))
            if split["split"] == figures.ALL_PATIENTS and best.get("log_loss") is not None:
                bests[fmt.plain(candidate["label"])] = best["log_loss"]
    lowest = min(bests, key=bests.__getitem__) if bests else None
    found = f"; over all patients the lowest is {fmt.number(bests[lowest], 3)}, by {lowest}" if lowest else ""
    return Figure(
        key="tuning-history",
        title=f"{fmt.sentence(loss)} of every trial",
        svg=figures.tuning_history_plot(candidates, "tuning-history", loss),
        caption=(
            "Points: trials in all splits. Lines: the best so far, thin for each outer fold, thick for all patients. "
            "Trials too poor for the scale are marked at its upper edge; a candidate that would lie off the common "
            "scale has its own."
        ),
        alternative=f"Tuning history of {fmt.plural(len(candidates), 'candidate')}{found}.",
        table=Table(
            f"Trials by candidate and split, {loss} in the inner folds",
            ("Split", "Trials", "First", "Median", "Best", "Best trial", "Time in fits"),
            tuple(rows),
            numeric=(1, 2, 3, 4, 5, 6),
        ),
    )


def _spaces(candidates: Sequence[Mapping[str, Any]]) -> Table:
    rows: list[Row] = []
    for candidate in candidates:
        rows.append(Row((fmt.plain(candidate["label"]),), heading=True))
        space = candidate.get("search_space") or {}
        rows += [row(name, fmt.setting(allowed), level=1) for name, allowed in space.items()]
        if not space:
            rows.append(row("–", "nothing to tune", level=1))
    return Table("What was searched", ("Parameter", "Allowed"), tuple(rows))


def _selection(record: RunRecord) -> Block:
    selection = record.tuning.get("selection")
    reason = fmt.absence(selection)
    if reason is not None or selection is None:
        return unavailable("Choice by split", reason or "not recorded")
    labels = candidate_labels(record)
    names = list(dict.fromkeys(name for entry in selection for name in (*entry["log_loss"], *entry["chosen"])))
    everywhere = set(selection[-1]["chosen"])
    rows = []
    for name in names:
        cells = []
        for entry in selection:
            text = fmt.number(entry["log_loss"].get(name), 4)
            cells.append(f"{text} *" if name in entry["chosen"] else text)
        rows.append(row(labels.get(name, name), *cells, strong=name in everywhere))
    header = ("Candidate", *(fmt.plain(entry["split"]).capitalize() for entry in selection))
    return Table(
        f"Best inner {_loss(record)} by split; * marks what was chosen in it",
        header,
        tuple(rows),
        notes=("The last column makes the final model; the folds judge the whole procedure, choosing included.",),
        numeric=tuple(range(1, len(header))),
    )


def _parameters(candidates: Sequence[Mapping[str, Any]]) -> Table:
    rows = []
    for candidate in candidates:
        fitted = [split for split in candidate["splits"] if split["split"] == figures.ALL_PATIENTS]
        best = (fitted[0].get("best") or {}).get("parameters") if fitted else None
        if best is None:
            text = fmt.absent("no fit over all patients is recorded")
        else:
            text = "; ".join(f"{name} = {fmt.setting(value)}" for name, value in best.items()) or "nothing to tune"
        rows.append(row(candidate["label"], text))
    return Table("Best parameters over all patients", ("Candidate", "Parameters"), tuple(rows))
