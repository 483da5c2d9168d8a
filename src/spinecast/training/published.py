"""Published scores and regression models that a study sets beside its model, by the names it gives them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spinecast.clinical.published_model import PublishedModel
    from spinecast.clinical.scores import Score
    from spinecast.validation.risk_sources import AskedOutcome, RiskSource

__all__ = ["PublishedPrognosis", "find_published", "known_published", "published_inputs"]


@dataclass(frozen=True, eq=False)
class PublishedPrognosis:
    """A published score or regression model.

    Parameters
    ----------
    name : str
    score : Score, optional
    model : PublishedModel, optional
        One of the two.
    """

    name: str
    score: Score | None = None
    model: PublishedModel | None = None

    @property
    def inputs(self) -> tuple[str, ...]:
        """Dictionary variables it reads."""
        return self.score.inputs if self.score else self.model.inputs if self.model else ()

    @property
    def problem(self) -> str:
        """Why it cannot be compared; empty where it can."""
        neither = self.score is not None and self.score.direction == "neither"
        return f"{self.name} is a quantity and no prognosis" if neither else ""

    def source(self, asked: AskedOutcome) -> RiskSource:
        """Take risks, or ranks, of an outcome from it."""
        from spinecast.validation.published_risks import published_source, score_source

        if self.score is not None:
            return score_source(self.score, asked)
        assert self.model is not None  # it is one of the two
        return published_source(self.model, asked)


def known_published() -> tuple[str, ...]:
    """Return every name."""
    from spinecast.clinical.published_model import published_models
    from spinecast.clinical.scores import scores

    return (*scores(), *published_models())


def find_published(name: str) -> PublishedPrognosis | None:
    """Return what a name stands for; None where it stands for nothing."""
    from spinecast.clinical.published_model import published_models, read_published_model
    from spinecast.clinical.scores import scores

    if name in scores():
        return PublishedPrognosis(name, score=scores()[name])
    if name in published_models():
        return PublishedPrognosis(name, model=read_published_model(published_models()[name]))
    return None


def published_inputs(name: str) -> tuple[str, ...]:
    """Return the variables a name reads; none where it stands for nothing."""
    found = find_published(name)
    return () if found is None else found.inputs
