"""What ``spinecast validate`` is given by name: models, scores and published formulas."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spinecast.clinical.published_model import PublishedModel
    from spinecast.clinical.scores import Score
    from spinecast.cohorts.cohort import Cohort
    from spinecast.models.loading import AnyModel
    from spinecast.validation.risk_sources import AskedOutcome, RiskSource

__all__ = ["Reference", "default_comparators", "find_reference", "folder_name", "plain_source", "safe_name"]

SCORE, PUBLISHED = "score:", "published:"


@dataclass(frozen=True, eq=False)
class Reference:
    """What a name on the command line stands for: one of the three.

    Parameters
    ----------
    text : str
        As given.
    model : AnyModel, optional
    identity : str
        Of the model.
    record : pathlib.Path, optional
        Folder of the record of its training run.
    score : Score, optional
    published : PublishedModel, optional
    """

    text: str
    model: AnyModel | None = None
    identity: str = ""
    record: Path | None = None
    score: Score | None = None
    published: PublishedModel | None = None

    @property
    def inputs(self) -> tuple[str, ...]:
        """Dictionary variables it cannot do without."""
        for thing, names in ((self.model, "predictors"), (self.score, "inputs"), (self.published, "inputs")):
            if thing is not None:
                return tuple(getattr(thing, names))
        raise ValueError("a reference stands for something")

    @property
    def alternatives(self) -> tuple[str, ...]:
        """Further variables it reads where they are."""
        return self.score.alternatives if self.score is not None else ()

    @property
    def label(self) -> str:
        """What a model is called beside others."""
        if self.model is None:
            raise ValueError("a score or a formula has a label of its own")
        return f"{self.model.name}: {self.model.about.get('title') or 'a model'}"

    def knowing_scanners_of(self, cohort: Cohort) -> tuple[Reference, list[str]]:
        """Let a model of an event learn the scanners of a cohort behind its image features; say which those are."""
        from spinecast.models.prognosis_model import PrognosisModel
        from spinecast.models.scanners import with_scanners_of

        if not isinstance(self.model, PrognosisModel):
            return self, []
        model, said = with_scanners_of(self.model, cohort.frame)
        return replace(self, model=model), said

    def source(self, asked: AskedOutcome, *, named: bool = False) -> RiskSource:
        """Return the risks it gives of an outcome; ``named`` puts a model's name before its title, beside others.

        Raises
        ------
        ContractError
            If it is a model of a quantity or of ordered levels, which gives no risk of an event.
        """
        from spinecast.errors import ContractError
        from spinecast.models.ordinal.model import OrdinalModel
        from spinecast.models.prognosis_model import PrognosisModel
        from spinecast.models.quantiles.model import QuantityModel
        from spinecast.validation.model_risks import model_source, timed_source
        from spinecast.validation.published_risks import published_source, score_source

        if isinstance(self.model, PrognosisModel):
            return model_source(self.model, self.identity, asked, label=self.label if named else "")
        if isinstance(self.model, QuantityModel | OrdinalModel):
            kind = "a quantity" if isinstance(self.model, QuantityModel) else "ordered levels"
            raise ContractError(
                f"{self.text} predicts {kind} and no {asked.words}",
                expected="a model, score or formula of an event",
            )
        if self.model is not None:
            return timed_source(self.model, self.identity, asked, label=self.label if named else "")
        if self.score is not None:
            return score_source(self.score, asked)
        if self.published is not None:
            return published_source(self.published, asked)
        raise ValueError("a reference stands for something")


def find_reference(text: str) -> Reference:
    """Find what a name stands for.

    Parameters
    ----------
    text : str
        ``score:NAME``, ``published:NAME`` or ``published:FILE.yaml``; else a model's folder, run id, registered name,
        ``name@alias`` or ``name/version``.

    Raises
    ------
    SpinecastError
        If there is nothing of that name; names the nearest.
    """
    if text.startswith(SCORE):
        from spinecast.clinical.scores import score

        return Reference(text, score=score(text.removeprefix(SCORE)))
    if text.startswith(PUBLISHED):
        return Reference(text, published=_published(text.removeprefix(PUBLISHED)))
    from spinecast.tracking.models import find_any_model, is_model_folder
    from spinecast.tracking.store import open_store

    in_folder = is_model_folder(text)
    store = None if in_folder else open_store(create=False)
    model, identity = find_any_model(store, text)
    trained = _first_identity(model, identity)
    record = _record_beside(Path(text)) if store is None else _record_in_store(store, trained)
    return Reference(text, model=model, identity=identity, record=record)


def _published(name: str) -> PublishedModel:
    from spinecast.clinical.published_model import published_models, read_published_model
    from spinecast.errors import ContractError, nearest

    known = published_models()
    if name in known:
        return read_published_model(known[name])
    if name.casefold().endswith((".yaml", ".yml")) or Path(name).is_file():
        return read_published_model(Path(name))
    close = nearest(name, known)
    raise ContractError(
        f"there is no published model {name!r}",
        expected=f"one of {', '.join(known)}, or a YAML file",
        remedy=f"did you mean {close}?" if close else None,
    )


def plain_source(model: AnyModel, identity: str) -> RiskSource:
    """Return a model as one risk, that of its first day or threshold where it has several: for what reads no risk."""
    from spinecast.models.ordinal.model import OrdinalModel
    from spinecast.models.prognosis_model import PrognosisModel
    from spinecast.models.quantiles.model import QuantityModel
    from spinecast.validation.model_risks import level_source, model_source, threshold_source, timed_source
    from spinecast.validation.recorded_outcome import outcome_from_record
    from spinecast.validation.risk_sources import AskedOutcome, asked_outcome

    recorded = asked_outcome(outcome_from_record(model.about.get("outcome")))
    if isinstance(model, PrognosisModel):
        return model_source(model, identity, recorded)
    if isinstance(model, QuantityModel):
        return threshold_source(model, identity, recorded.event, model.thresholds[0])
    if isinstance(model, OrdinalModel):
        return level_source(model, identity, recorded.event, model.explained_threshold)
    return timed_source(model, identity, AskedOutcome(recorded.event, model.horizons_days[0]))


def _first_identity(model: AnyModel, identity: str) -> str:
    """Return the identity of the model that was trained: its own, or that of the first it was updated from."""
    updates = model.about.get("updates") or ()
    return str(updates[0]["parent"]["identity"]) if updates else identity


def _record_beside(folder: Path) -> Path | None:
    """Return the record that training left beside a model: ``output/STUDY/record``."""
    places = (folder / "record", folder.resolve().parent / "record")
    return next((place for place in places if (place / "run.json").is_file()), None)


def _record_in_store(store: Any, identity: str) -> Path | None:
    from spinecast.errors import TrackingError
    from spinecast.tracking.models import fetch_record, registered_versions

    run = next((version.run_id for version in registered_versions(store) if version.identity == identity), None)
    if run is None:
        return None
    try:
        return fetch_record(store, run)
    except TrackingError:
        return None  # what is not at hand is said to be absent where it would have been used


def folder_name(source: RiskSource, cohort: str) -> str:
    """Name the folder of a validation: what was judged, on whom, in letters that any file system takes."""
    what = source.name if source.kind == "model" else f"{source.kind}_{source.name}"
    return safe_name(f"{what}_on_{cohort}")


def safe_name(text: str) -> str:
    """Write text in letters that any file system takes."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", text).strip("._")


def default_comparators(asked: AskedOutcome) -> Iterator[Reference]:
    """Yield the published scores and models of the outcome that is asked for.

    Scores are those published with a survival, and only where the outcome is death; published models those that name
    the variable of the outcome.
    """
    from spinecast.clinical.published_model import published_models, read_published_model
    from spinecast.clinical.scores import scores
    from spinecast.validation.published_risks import DEATH

    if asked.event == DEATH:
        for name, entry in scores().items():
            if entry.survival_source:
                yield Reference(f"{SCORE}{name}", score=entry)
    for name, path in published_models().items():
        model = read_published_model(path)
        if asked.event in model.outcome.variables:
            yield Reference(f"{PUBLISHED}{name}", published=model)
