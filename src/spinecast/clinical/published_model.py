"""Published models: regression formulas of other people, read from a file and computed as they were published.

A file holds the terms with their coefficients, odds ratios or hazard ratios as printed, the unit in which the
publication states each variable, and what brings the linear predictor to a risk: an intercept, or baseline survival.
Where the publication gives neither, the model ranks patients and says why it gives no risk. Every file brings worked
patients; one whose formula does not reproduce them is refused.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator
from scipy.special import expit

from spinecast.clinical.declared import DevelopmentDeclared
from spinecast.clinical.dictionary import variable
from spinecast.clinical.published_blocks import (
    CoxLink,
    LeftOut,
    LinearLink,
    Link,
    LogisticLink,
    OutcomeNamed,
    Population,
    PublishedSource,
    Term,
    Worked,
)
from spinecast.clinical.published_rules import agreement_problems, dictionary_problems
from spinecast.clinical.published_terms import sum_of_terms, unknown_factors
from spinecast.delivered import delivered
from spinecast.documents import (
    Block,
    DocumentKind,
    Identifier,
    KeyPath,
    Problem,
    Text,
    Whole,
    broken_rules,
    did_you_mean,
    dotted,
    problems_error,
    read_document,
)
from spinecast.errors import ContractError, DocumentError

__all__ = ["PUBLISHED_MODEL", "PublishedModel", "published_models", "read_published_model", "worked_problems"]

FloatArray = NDArray[np.float64]

PUBLISHED_MODEL = DocumentKind("published model", DocumentError)


class PublishedModel(Block):
    """A regression formula with its source, as a file gives it."""

    published_model: Identifier = Field(description="Name of the model: snake_case, and the name of its file.")
    label: Text = Field(description="One line for people.")
    source: PublishedSource = Field(description="Where it is published.")
    population: Population = Field(description="Whom it was fitted on.")
    development: DevelopmentDeclared = Field(
        default=DevelopmentDeclared(), description="How it was made, as far as the publication states it."
    )
    outcome: OutcomeNamed = Field(description="What it predicts.")
    horizon_days: Whole | None = Field(
        default=None, gt=0, description="Day by which a logistic model's outcome counts; null where none is stated."
    )
    link: Link = Field(description="What brings the linear predictor to a risk or an amount.")
    terms: tuple[Term, ...] = Field(min_length=1, description="The terms of the linear predictor.")
    left_out: tuple[LeftOut, ...] = Field(default=(), description="What the published model has and this file has not.")
    notes: tuple[Text, ...] = Field(default=(), description="What a reader must know before using it.")
    worked: tuple[Worked, ...] = Field(min_length=1, description="Worked patients that the formula must reproduce.")

    @model_validator(mode="after")
    def _agree(self) -> Self:
        problems = list(agreement_problems(self))
        if problems:
            raise broken_rules("PublishedModel", problems)
        return self

    @property
    def inputs(self) -> tuple[str, ...]:
        """The dictionary variables it takes, in the order of its terms, each once."""
        return tuple(dict.fromkeys(factor.variable for term in self.terms for factor in (term, *term.times)))

    @property
    def is_partial(self) -> bool:
        """Whether the published model has parts that the file has not."""
        return bool(self.left_out)

    @property
    def gives_level(self) -> bool:
        """Whether it gives a risk or an amount, and not ranks only."""
        return self.link.ranks_only is None

    @property
    def horizons_days(self) -> tuple[int, ...]:
        """The days it predicts for; empty where the publication names none or the model gives ranks only."""
        if isinstance(self.link, CoxLink):
            return tuple(point.days for point in self.link.baseline)
        return (self.horizon_days,) if self.horizon_days is not None and self.gives_level else ()

    def linear_predictor(self, columns: Mapping[str, FloatArray]) -> FloatArray:
        """Sum the terms, without intercept and without the mean.

        Parameters
        ----------
        columns : mapping of variable to ndarray of float, shape (n,)
            Matrix columns: continuous in the canonical unit, levels by index from 0, NaN missing. An absent variable
            is missing for everyone; one that follows from others is derived from them where it is missing.

        Returns
        -------
        ndarray of float, shape (n,)
            NaN where an input is missing or has a value the model says nothing about; `unknown_inputs` names it.

        Raises
        ------
        ContractError
            If a value cannot be: outside the possible range, or no index of a level.
        ValueError
            If there is no column, or they differ in length.
        """
        return sum_of_terms(self.terms, columns)

    def unknown_inputs(self, columns: Mapping[str, FloatArray]) -> dict[str, NDArray[np.bool_]]:
        """Return, by input, for whom it is missing or beyond the model, shape (n,); inputs known for all are left out.

        Parameters and errors are those of `linear_predictor`.
        """
        return unknown_factors(self.terms, columns)

    def risk(self, columns: Mapping[str, FloatArray], horizon_days: int | None = None) -> FloatArray:
        """Return the risk of the outcome, shape (n,); NaN where the linear predictor is.

        Parameters
        ----------
        columns : mapping of variable to ndarray of float, shape (n,)
            As in `linear_predictor`.
        horizon_days : int, optional
            The day; needed where the model has several.

        Raises
        ------
        ContractError
            If the model gives no risk, says why; if it has none for that day, names those it has.
        """
        predictor = self.linear_predictor(columns)
        link = self.link
        if isinstance(link, LinearLink) or not self.gives_level:
            raise self._no_level("risk")
        day = self._day(horizon_days)
        if isinstance(link, LogisticLink):
            return np.asarray(expit(_intercept(link) + predictor), dtype=np.float64)
        survival = next(point.survival for point in link.baseline if point.days == day)
        mean = link.mean_linear_predictor.value if link.mean_linear_predictor else 0.0
        return np.asarray(1 - survival ** np.exp(predictor - mean), dtype=np.float64)

    def amount(self, columns: Mapping[str, FloatArray]) -> FloatArray:
        """Return the amount a linear model predicts, in `link.unit`, shape (n,); NaN where the linear predictor is.

        Raises
        ------
        ContractError
            If the model gives no amount.
        """
        if not isinstance(self.link, LinearLink) or self.link.intercept is None:
            raise self._no_level("amount")
        return self.link.intercept.value + self.linear_predictor(columns)

    def _no_level(self, what: str) -> ContractError:
        why = self.link.ranks_only or f"its link is {self.link.kind}"
        return ContractError(
            f"{self.published_model} gives no {what}: {why}", remedy="use its linear predictor, which ranks patients"
        )

    def _day(self, asked: int | None) -> int | None:
        """Return the day a risk is for, refusing one the publication says nothing about."""
        days = self.horizons_days
        if asked is None and len(days) <= 1:
            return days[0] if days else None
        if asked not in days:
            known = f"day {' or '.join(map(str, days))}" if days else "no day, because the publication states none"
            what = "no day is named" if asked is None else f"it has none for day {asked}"
            raise ContractError(f"the risk of {self.published_model}: {what}", expected=known)
        return asked


def read_published_model(path: Path | str) -> PublishedModel:
    """Read a published model and check it: against the dictionary, and by its own worked patients.

    Parameters
    ----------
    path : pathlib.Path or str
        The YAML file.

    Raises
    ------
    DocumentError
        If the file is wrong, names what the dictionary does not have, or does not reproduce its worked patients; one
        error that lists every problem with its line.
    """
    model, origin = read_document(path, PublishedModel, PUBLISHED_MODEL)
    problems = list(dictionary_problems(model)) or list(worked_problems(model))
    if problems:
        raise problems_error(problems, origin)
    return model


def published_models() -> dict[str, Path]:
    """Return the files of the published models that come with spinecast, by name."""
    return delivered("published")


def worked_problems(model: PublishedModel) -> list[Problem]:
    """List the worked patients whose stated results the formula does not give.

    Raises
    ------
    ContractError
        If a term names what the dictionary does not have; `read_published_model` has then refused the file.
    """
    return [
        problem for i, worked in enumerate(model.worked) for problem in _worked_problems(("worked", i), worked, model)
    ]


def _worked_problems(key: KeyPath, worked: Worked, model: PublishedModel) -> Iterator[Problem]:
    place = dotted(key)
    used = {*model.inputs, *(name for each in model.inputs for name in variable(each).derived_from)}
    for name in (*worked.inputs, *worked.units):
        if name not in used:
            remedy = did_you_mean(name, used)
            yield Problem((*key, "inputs", name), f"{place}.inputs: no term of the model uses {name}", remedy=remedy)
            return
    try:
        columns = _worked_columns(worked)
        unknown = model.unknown_inputs(columns)
        found = _worked_results(model, worked, columns)
    except ContractError as error:
        yield Problem(key, f"{place}: {error.what}", error.expected, error.remedy)
        return
    if unknown:
        yield Problem(key, f"{place}: without {', '.join(unknown)} there is no result", "a value the model takes")
        return
    for name, (stated, computed) in found.items():
        if not math.isclose(stated, computed, rel_tol=0, abs_tol=worked.within):
            what = f"{place}.{name}: the file says {stated:g}, the formula gives {computed:.6g}"
            expected = f"numbers that agree within {worked.within:g}"
            yield Problem((*key, name), what, expected, "compare the file with the publication")


def _worked_columns(worked: Worked) -> dict[str, FloatArray]:
    """Write a worked patient as matrix columns."""
    columns: dict[str, FloatArray] = {}
    for name, given in worked.inputs.items():
        entry = variable(name)
        if entry.is_levelled:
            if given not in entry.level_values:
                raise entry.unknown_level(given)
            columns[name] = np.array([float(entry.level_values.index(str(given)))])
        elif isinstance(given, str):
            raise ContractError(f"{name} is {given!r}", expected="a number")
        else:
            columns[name] = entry.conversion(worked.units.get(name)).to_canonical([given])
    return columns


def _worked_results(
    model: PublishedModel, worked: Worked, columns: Mapping[str, FloatArray]
) -> dict[str, tuple[float, float]]:
    """Return stated and computed, by result."""
    found: dict[str, tuple[float, float]] = {}
    if worked.linear_predictor is not None:
        found["linear_predictor"] = worked.linear_predictor, float(model.linear_predictor(columns)[0])
    if worked.risk is not None:
        found["risk"] = worked.risk, float(model.risk(columns, worked.horizon_days)[0])
    if worked.amount is not None:
        found["amount"] = worked.amount, float(model.amount(columns)[0])
    return found


def _intercept(link: LogisticLink) -> float:
    """Return the intercept, brought from a sample drawn by its outcome to the population (see `CaseControl`)."""
    intercept = link.intercept.value if link.intercept else math.nan
    if link.case_control is None:
        return intercept
    sample, population = link.case_control.sample, link.case_control.population
    return intercept - math.log(sample / (1 - sample)) + math.log(population / (1 - population))
