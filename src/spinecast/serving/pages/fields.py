"""The form: what is asked about a patient, in the order in which a clinician thinks, written from the dictionary."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from spinecast.clinical.dictionary import variable, variables
from spinecast.clinical.features import block_of
from spinecast.clinical.units import UnitConversion
from spinecast.clinical.variable import Domain, Variable
from spinecast.cohorts.derived_values import closure
from spinecast.serving.scores_beside import score_inputs
from spinecast.serving.served_model import ServedModel

__all__ = ["Field", "Form", "Group", "Nest", "UnitChoice", "form_of", "walk"]

# Who, what grows, where it grows, what still works, how the patient is, what the laboratory says, what is to be done.
GROUPS: Mapping[str, tuple[Domain, ...]] = {
    "The patient": ("demography",),
    "Tumour and its spread": ("tumour", "spread"),
    "Spine": ("imaging",),
    "Function and neurology": ("function",),
    "General state": ("comorbidity", "nutrition", "vital_sign", "course"),
    "Laboratory": ("laboratory",),
    "Treatment": ("treatment", "surgery", "radiotherapy"),
    "Others": ("outcome", "comparator"),
}
IMAGE_FEATURES = "Features computed from images"

# A derived variable that follows from so few others is had by asking for these; from more, itself is asked for first.
_FEW = 3


@dataclass(frozen=True)
class UnitChoice:
    """A unit in which a value may be given.

    Parameters
    ----------
    symbol : str
    conversion : UnitConversion
    possible : str
        What can be, such as ``0.5 to 7``.
    usual : str
        What is usual; empty where that is not known.
    """

    symbol: str
    conversion: UnitConversion
    possible: str
    usual: str


@dataclass(frozen=True)
class Field:
    """One input.

    Parameters
    ----------
    variable : Variable
    units : tuple of UnitChoice
        Of a number, the canonical one first.
    follows_from : tuple of str
        Labels of what it is computed from where it is not given.
    """

    variable: Variable
    units: tuple[UnitChoice, ...]
    follows_from: tuple[str, ...]

    @property
    def name(self) -> str:
        """Its name in the dictionary, and in the form."""
        return self.variable.name

    @property
    def control(self) -> str:
        """How it is entered: ``number``, ``yes_no``, ``choice`` or ``text``."""
        if self.variable.is_label:
            return "text"
        if not self.variable.is_levelled:
            return "number"
        return "yes_no" if self.variable.kind == "binary" else "choice"


@dataclass(frozen=True)
class Nest:
    """Fields of which one seldom has need, folded away.

    Parameters
    ----------
    summary : str
    fields : tuple of Field
    """

    summary: str
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Group:
    """Fields under one heading.

    Parameters
    ----------
    title : str
    items : tuple of Field or Nest
    """

    title: str
    items: tuple[Field | Nest, ...]


@dataclass(frozen=True)
class Form:
    """All inputs of some models, each once.

    Parameters
    ----------
    groups : tuple of Group
        What the models read.
    for_scores : tuple of Group
        What published scores read beside that.
    """

    groups: tuple[Group, ...]
    for_scores: tuple[Group, ...]

    @property
    def fields(self) -> dict[str, Field]:
        """Every field by name."""
        return {one.name: one for one in walk((*self.groups, *self.for_scores))}


def form_of(models: Sequence[ServedModel]) -> Form:
    """Return the form of some models: the union of their inputs, and what published scores read beside them.

    Parameters
    ----------
    models : sequence of ServedModel
    """
    own = closure(tuple(dict.fromkeys(name for served in models for name in served.inputs)))
    others = tuple(name for name in variables() if name in score_inputs() and name not in own)
    return Form(_groups(own), _groups(others))


def walk(groups: Iterable[Group]) -> Iterable[Field]:
    """Go through every field of some groups."""
    for group in groups:
        for item in group.items:
            if isinstance(item, Nest):
                yield from item.fields
            else:
                yield item


def _groups(names: Sequence[str]) -> tuple[Group, ...]:
    order = {name: place for place, name in enumerate(variables())}
    named = sorted(names, key=lambda name: (order.get(name, len(order)), name))
    nests = _nests(named)
    nested = {part for parts in nests.values() for part in parts}
    held: dict[str, list[Field | Nest]] = {title: [] for title in (*GROUPS, IMAGE_FEATURES)}
    for name in named:
        if name not in nested:
            below = nests.get(name)
            held[_title(name)] += [
                _field(name),
                *([Nest(_summary(name, below), tuple(map(_field, below)))] if below else []),
            ]
    return tuple(Group(title, tuple(items)) for title, items in held.items() if items)


def _nests(named: Sequence[str]) -> dict[str, list[str]]:
    """Say what is folded away below which field.

    Below a derived variable all that it follows from, if that is much; otherwise the derived variable itself, below the
    last of its sources.
    """
    nests: dict[str, list[str]] = {}
    placed: set[str] = set()
    derived = {name: [one for one in variable(name).derived_from if one in named] for name in named}
    for name, sources in derived.items():
        if len(variable(name).derived_from) > _FEW:
            nests[name] = [one for one in sources if one not in placed]
            placed.update(sources)
    for name, sources in derived.items():
        if sources and name not in placed and name not in nests and sources[-1] not in placed:
            nests.setdefault(sources[-1], []).append(name)
            placed.add(name)
    return {name: below for name, below in nests.items() if below}


def _summary(name: str, below: Sequence[str]) -> str:
    if variable(name).is_derived:
        return f"Work it out from {len(below)} findings"
    return f"Or give {variable(below[0]).label}" if len(below) == 1 else f"Or give one of {len(below)} others"


def _title(name: str) -> str:
    if block_of(name) is not None:
        return IMAGE_FEATURES
    domain = variable(name).domain
    return next(title for title, domains in GROUPS.items() if domain in domains)


@cache
def _field(name: str) -> Field:
    entry = variable(name)
    units = () if entry.is_levelled else tuple(_unit(entry, conversion) for conversion in entry.conversions())
    return Field(entry, units, tuple(variable(source).label for source in entry.derived_from))


def _unit(entry: Variable, conversion: UnitConversion) -> UnitChoice:
    symbol = conversion.unit.symbol
    assert entry.possible is not None

    def bare(text: str) -> str:
        return text.removesuffix(symbol).rstrip() if symbol else text

    usual = "" if entry.plausible is None else bare(entry.range_text(entry.plausible, symbol or None))
    return UnitChoice(symbol, conversion, bare(entry.range_text(entry.possible, symbol or None)), usual)
