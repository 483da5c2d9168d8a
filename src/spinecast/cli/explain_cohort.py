"""``spinecast explain --cohort``: a model explained on patients its user has, as a report and as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from spinecast.cohorts.cohort import Cohort
    from spinecast.explanation.answering import Question
    from spinecast.explanation.depth.cohort import ExplainingSettings, NamedGroups
    from spinecast.explanation.depth.stored import StoredExplanation
    from spinecast.explanation.depth.views import View
    from spinecast.models.loading import AnyModel
    from spinecast.training.study import Study
    from spinecast.validation.cohort_file import OpenedCohort

__all__ = ["CohortAsked", "explain_on_cohort"]

REPORT, PDF = "report.html", "report.pdf"


@dataclass(frozen=True)
class CohortAsked:
    """What was asked on the command line.

    Parameters
    ----------
    model : str
    cohort : str
    mapping : pathlib.Path, optional
    study : Study, optional
        Whose column mapping is taken.
    impossible : str, optional
        What becomes of impossible values.
    against : str, optional
        Another model whose reasons are compared.
    output : pathlib.Path
    question : Question
    settings : ExplainingSettings
    subgroups : tuple of str
        Further variables to form groups by.
    synthetic, allow_missing, pdf : bool
    """

    model: str
    cohort: str
    mapping: Path | None
    study: Study | None
    impossible: str | None
    against: str | None
    output: Path
    question: Question
    settings: ExplainingSettings
    subgroups: tuple[str, ...]
    synthetic: bool
    allow_missing: bool
    pdf: bool


def explain_on_cohort(asked: CohortAsked, *, json_: bool) -> None:
    """Explain, write the folder and say what was found.

    Raises
    ------
    SpinecastError
        If a model, the cohort or the folder is not to be had, or the question is not one for the model.
    """
    from spinecast.cli.predict import load_asked
    from spinecast.explanation.depth.cohort import compare_versions, explain_cohort
    from spinecast.explanation.depth.versions import comparable_view
    from spinecast.explanation.depth.views import view_of
    from spinecast.files import canonical_json
    from spinecast.training.progress import say

    _require_own_folder(asked.output)
    model, identity = load_asked(asked.model)
    view = view_of(model, asked.question)
    other = None if asked.against is None else load_asked(asked.against)
    before = None if other is None else comparable_view(view, other[0], asked.question)
    opened = _open(asked, view, before)
    rows, left_out = _answered(opened.cohort, view, before)
    matrix = model.matrix(opened.cohort.frame)[rows]
    found = explain_cohort(view, matrix, _groupings(asked, opened.cohort, rows), asked.settings, say)
    about = _about(asked, view, identity, opened, len(rows), left_out)
    if before is not None and other is not None:
        theirs = before.model.matrix(opened.cohort.frame)[rows]
        versions = compare_versions(found, before, theirs, asked.settings)
        found.found["versions"] = {"against": f"{asked.against} ({other[1][:12]})", "identity": other[1], **versions}
        about["labels"] |= _labels(before.model)
        about["synthetic"] = about["synthetic"] or before.model.is_synthetic
    stored = found.stored(about)
    _write(stored, asked.output, pdf=asked.pdf)
    typer.echo(canonical_json(dict(stored.record)) if json_ else _summary(stored, asked.output))


def _open(asked: CohortAsked, view: View, before: View | None) -> OpenedCohort:
    from spinecast.cli.validation_cohort import impossible_values_of, open_asked
    from spinecast.clinical.dictionary import variable
    from spinecast.validation.cohort_file import Wanted
    from spinecast.validation.subgroups import default_subgroup_variables

    predictors = dict.fromkeys((*view.model.predictors, *(before.model.predictors if before else ())))
    groups = (*default_subgroup_variables(), *(variable(name).name for name in asked.subgroups))
    wanted = Wanted(
        predictors=tuple(predictors),
        outcome=(),
        useful=tuple(name for name in dict.fromkeys(groups) if name not in predictors),
        allow_lacking=asked.allow_missing,
        impossible_values=impossible_values_of(asked),
    )
    return open_asked(asked, wanted)


def _answered(cohort: Cohort, view: View, before: View | None) -> tuple[NDArray[np.intp], int]:
    """Return the rows of patients of whom every model gives an answer, and the number of the others.

    Raises
    ------
    CohortError
        If there are too few of them.
    """
    import numpy as np

    from spinecast.errors import CohortError
    from spinecast.explanation.depth.importance import FEWEST
    from spinecast.explanation.standing import decline_reasons

    answered = np.ones(len(cohort.frame), dtype=bool)
    for one in (view, before):
        if one is not None:
            matrix = one.model.matrix(cohort.frame)
            answered &= ~np.isnan(matrix).all(axis=1)
            answered &= np.array([not reason for reason in decline_reasons(one.model, matrix)], dtype=bool)
    rows = np.flatnonzero(answered)
    if len(rows) < FEWEST:
        raise CohortError(
            f"{view.model.name} gives an answer of {len(rows)} of {len(answered)} patients of {cohort.name}",
            expected=f"{FEWEST} patients or more to explain a model on",
        )
    return rows, int((~answered).sum())


def _groupings(asked: CohortAsked, cohort: Cohort, rows: NDArray[np.intp]) -> list[NamedGroups]:
    from spinecast.explanation.depth.cohort import NamedGroups
    from spinecast.validation.subgroups import default_subgroup_variables, group_patients

    names = tuple(dict.fromkeys((*default_subgroup_variables(), *asked.subgroups)))
    return [NamedGroups(one.variable, one.label, one.groups) for one in group_patients(cohort, rows, names)]


def _labels(model: AnyModel) -> dict[str, str]:
    from spinecast.clinical.dictionary import variable

    return {name: variable(name).label for name in model.predictors}


def _about(
    asked: CohortAsked, view: View, identity: str, opened: OpenedCohort, patients: int, left_out: int
) -> dict[str, Any]:
    from dataclasses import asdict
    from datetime import UTC, datetime

    from spinecast.clinical.dictionary import variable
    from spinecast.notices import RESEARCH_USE, SYNTHETIC
    from spinecast.training.environment import describe_environment

    cohort = opened.cohort
    synthetic = view.model.is_synthetic or cohort.kind == "synthetic"
    return {
        "title": f"{view.model.about.get('title') or view.model.name}: explained on {cohort.name}",
        "notices": [RESEARCH_USE, *([SYNTHETIC] if synthetic else [])],
        "model": view.model.name,
        "identity": identity,
        "answered": view.answered,
        "unit": view.unit,
        "scale": view.scale,
        "synthetic": synthetic,
        "labels": _labels(view.model),
        "cohort": {
            "name": cohort.name,
            "kind": cohort.kind,
            "fingerprint": cohort.fingerprint,
            "patients": patients,
        },
        "left_out": left_out,
        "lacking": [variable(name).label for name in opened.lacking],
        "notes": list(opened.notes),
        "settings": asdict(asked.settings),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "environment": describe_environment(Path.cwd()),
    }


def _require_own_folder(target: Path) -> None:
    """Refuse to replace a folder that no explanation stands in.

    Raises
    ------
    OutputError
        If it holds anything else, is the folder the command runs in, or cannot be replaced.
    """
    from spinecast.errors import OutputError
    from spinecast.explanation.depth.stored import ARRAYS, RECORD
    from spinecast.files import ensure_replaceable_directory

    if Path.cwd().is_relative_to(target.resolve()):
        raise OutputError(f"the results would replace {target}, the folder this command runs in", where=str(target))
    if target.is_dir():
        found = {entry.name for entry in target.iterdir()} - {".DS_Store"}
        if found and (found - {RECORD, ARRAYS, REPORT, PDF} or not {RECORD, ARRAYS} <= found):
            raise OutputError(
                f"{target} holds what no explanation wrote: {', '.join(sorted(found)[:5])}",
                where=str(target),
                expected="a new or empty folder, or an earlier explanation",
                remedy="name another folder with --output",
            )
    ensure_replaceable_directory(target)


def _write(stored: StoredExplanation, target: Path, *, pdf: bool) -> None:
    from spinecast.explanation.depth.stored import save_explanation
    from spinecast.files import atomic_write, staged_directory
    from spinecast.reporting import render_html, render_pdf
    from spinecast.reporting.explained import build_explanation

    document = build_explanation(stored)
    with staged_directory(target) as staging:
        save_explanation(stored, staging)
        atomic_write(staging / REPORT, render_html(document))
        if pdf:
            atomic_write(staging / PDF, render_pdf(document))


def _summary(stored: StoredExplanation, target: Path) -> str:
    """Say the findings in a few lines."""
    from spinecast.reporting.sections.explained_summary import findings, unstable_leading

    about = stored.record["about"]
    lines = [
        about["title"],
        f"model {about['model']} ({about['identity'][:12]}), {about['answered']}",
        *(f"  {text}" for text in findings(stored.record)),
        *(f"  not firm, the model's fits disagree about it: {label}" for label in unstable_leading(stored.record)),
        f"  {'report':28} {target / REPORT}",
        *about["notices"],
    ]
    return "\n".join(lines)
