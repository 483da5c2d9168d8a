"""What one clinical variable is: its meaning, unit, ranges, levels and codes, stated once for every reader."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinecast.clinical.units import Unit, UnitConversion
from spinecast.errors import ContractError, nearest

__all__ = [
    "BINARY_LEVELS",
    "FEATURE_NAME",
    "Code",
    "Condition",
    "Domain",
    "Kind",
    "Level",
    "Range",
    "Role",
    "Variable",
    "format_number",
]

Kind = Literal["continuous", "ordinal", "nominal", "binary", "label"]
Role = Literal["predictor", "outcome", "comparator", "subgroup", "after_prediction"]
Domain = Literal[
    "demography",
    "tumour",
    "function",
    "spread",
    "imaging",
    "laboratory",
    "vital_sign",
    "comorbidity",
    "nutrition",
    "treatment",
    "surgery",
    "radiotherapy",
    "course",
    "outcome",
    "comparator",
]
CodeSystem = Literal["LOINC", "SNOMED CT", "ATC"]

_CODE_SYSTEM_URI = {
    "LOINC": "http://loinc.org",
    "SNOMED CT": "http://snomed.info/sct",
    "ATC": "http://www.whocc.no/atc",
}
_NAME = re.compile(r"[a-z][a-z0-9_]*")
FEATURE_NAME = re.compile(r"[a-z][a-z0-9_]*\.[A-Za-z0-9][A-Za-z0-9_-]*")
"""A feature computed from an image (:mod:`spinecast.clinical.features`): its block and its own name."""
# A name, or a grade such as 2 or 1a. YAML 1.1 reads 010 and 1_2 as other numbers, so neither can be a level.
_LEVEL = re.compile(r"[a-z][a-z0-9_]*|(0|[1-9][0-9]*)[a-z]?")
# YAML 1.1 reads these as booleans or as nothing, so a level of that name could not be written in a study.
_YAML_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


def format_number(value: float) -> str:
    """Write a number as a person would: up to six significant digits and no trailing zeros."""
    return f"{value:.6g}"


@dataclass(frozen=True)
class Range:
    """A closed interval in the canonical unit."""

    lower: float
    upper: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.lower) and math.isfinite(self.upper) and self.lower < self.upper):
            raise ValueError(f"a range needs finite lower < upper, not {self.lower} and {self.upper}")

    def contains(self, values: ArrayLike) -> NDArray[np.bool_]:
        """Say of each value whether it lies inside; a missing value does not."""
        array = np.asarray(values, dtype=np.float64)
        return (array >= self.lower) & (array <= self.upper)

    def encloses(self, other: Range) -> bool:
        """Say whether another range lies inside this one."""
        return self.lower <= other.lower and other.upper <= self.upper


@dataclass(frozen=True)
class Code:
    """A code for a variable, or for one of its levels, in a terminology that records exchange."""

    system: CodeSystem
    code: str
    display: str

    @property
    def uri(self) -> str:
        """The system's identifier in FHIR."""
        return _CODE_SYSTEM_URI[self.system]


@dataclass(frozen=True)
class Level:
    """One level of a levelled variable.

    Parameters
    ----------
    value, label : str
        What is stored, and the words shown.
    died_before : bool
        Whether it stands for people who did not live to be assessed.
    codes : tuple of Code
        Answers by which records say it.
    """

    value: str
    label: str
    died_before: bool = False
    codes: tuple[Code, ...] = ()

    def __post_init__(self) -> None:
        if not _LEVEL.fullmatch(self.value) or self.value in _YAML_WORDS:
            raise ValueError(f"level {self.value!r} must be snake_case or a grade such as 1a, and no YAML boolean")

    @property
    def short(self) -> str:
        """The label up to its colon: the grade without what it means."""
        return self.label.partition(":")[0]


BINARY_LEVELS = (Level("absent", "No"), Level("present", "Yes"))


@dataclass(frozen=True)
class Condition:
    """When a variable is asked for at all: another one has one of some levels."""

    variable: str
    levels: tuple[str, ...]


@dataclass(frozen=True)
class Variable:
    """One entry of the dictionary.

    Parameters
    ----------
    name : str
        The snake_case name used in studies, tables and requests.
    label : str
        What a reader sees.
    help : str
        What it means and how it is recorded, in a clinician's words.
    kind : {"continuous", "ordinal", "nominal", "binary", "label"}
        Continuous variables have a unit; the others have levels. Binary levels are ``absent`` and ``present``. A label
        is any text that tells groups of patients apart, such as the scanner: it has no levels of its own.
    domain : str
        The part of the record it belongs to.
    role : {"predictor", "outcome", "comparator", "subgroup", "after_prediction"}
        What it may be used for. ``comparator`` is another model's output, ``subgroup`` serves fairness tables only, and
        ``after_prediction`` is a fact that is not known when the prediction is made.
    unit : Unit, optional
        The canonical unit of a continuous variable.
    other_units : tuple of UnitConversion
        Further units accepted, each with its exact conversion.
    possible : Range, optional
        What can exist in a living patient; a value outside is refused. Required of a continuous variable.
    plausible : Range, optional
        What is usual; a value outside is noted.
    levels : tuple of Level
        In order, lowest first, where the variable is ordinal.
    codes : tuple of Code
        LOINC and SNOMED CT codes; of a medicine the groups of the Anatomical Therapeutic Chemical classification (ATC)
        that it may be of.
    skewed : bool
        Whether linear models see its logarithm.
    decimals : int
        Digits after the decimal point that a person would write.
    source : str
        Where the definition comes from.
    derived_from : tuple of str
        Names of the variables it follows from, in the order its derivation takes them. Such a variable may be given
        itself; otherwise it is computed (`spinecast.clinical.derivations`) and never asked for twice.
    asked_if : Condition, optional
        When the variable has a meaning; forms show it only then.

    Raises
    ------
    ValueError
        If the entry contradicts itself. This is a mistake in the dictionary, not in a user's data.
    """

    name: str
    label: str
    help: str
    kind: Kind
    domain: Domain
    role: Role = "predictor"
    unit: Unit | None = None
    other_units: tuple[UnitConversion, ...] = ()
    possible: Range | None = None
    plausible: Range | None = None
    levels: tuple[Level, ...] = ()
    codes: tuple[Code, ...] = ()
    skewed: bool = False
    decimals: int = 0
    source: str = ""
    derived_from: tuple[str, ...] = ()
    asked_if: Condition | None = None

    def __post_init__(self) -> None:
        if not (_NAME.fullmatch(self.name) or FEATURE_NAME.fullmatch(self.name)) or self.name in _YAML_WORDS:
            raise ValueError(f"variable name {self.name!r} must be snake_case and no YAML boolean")
        if not self.label or not self.help:
            raise ValueError(f"{self.name} needs a label and a help text")
        for value, allowed in ((self.kind, Kind), (self.domain, Domain), (self.role, Role)):
            if value not in get_args(allowed):
                raise ValueError(f"{self.name}: {value!r} is none of {', '.join(get_args(allowed))}")
        if self.name in self.derived_from or len(set(self.derived_from)) != len(self.derived_from):
            raise ValueError(f"{self.name} cannot be derived from itself or from one variable twice")
        if self.kind == "continuous":
            self._check_continuous()
        else:
            self._check_levelled()

    def _check_continuous(self) -> None:
        if self.unit is None or self.possible is None or self.levels:
            raise ValueError(f"{self.name} is continuous: it needs a unit and a possible range, and has no levels")
        if self.plausible is not None and not self.possible.encloses(self.plausible):
            raise ValueError(f"{self.name}: the plausible range leaves the possible one")
        if self.skewed and self.possible.lower < 0:
            raise ValueError(f"{self.name} can be negative, so it cannot be read on a logarithmic scale")
        spellings = [text for conversion in self.conversions() for text in conversion.unit.known_as()]
        if len(spellings) != len(set(spellings)):
            raise ValueError(f"{self.name}: two of its units share a spelling")

    def _check_levelled(self) -> None:
        if self.unit or self.other_units or self.possible or self.plausible or self.skewed:
            raise ValueError(f"{self.name} has levels: it takes no unit, range or logarithm")
        if self.kind == "label":
            if self.levels:
                raise ValueError(f"{self.name} is a label: it has no levels of its own")
            return
        values = [level.value for level in self.levels]
        if len(values) < 2 or len(values) != len(set(values)):
            raise ValueError(f"{self.name} needs two or more different levels")
        if (self.kind == "binary") != (values == ["absent", "present"]):
            raise ValueError(f"{self.name}: binary variables, and only they, have the levels absent and present")

    @property
    def is_derived(self) -> bool:
        """Whether it follows from other variables."""
        return bool(self.derived_from)

    @property
    def is_levelled(self) -> bool:
        """Whether the variable has levels rather than a unit."""
        return self.kind != "continuous"

    @property
    def is_label(self) -> bool:
        """Whether the variable is a text without levels of its own."""
        return self.kind == "label"

    @property
    def died_before_levels(self) -> tuple[str, ...]:
        """The values of levels for people who did not live to be assessed."""
        return tuple(level.value for level in self.levels if level.died_before)

    @property
    def level_values(self) -> tuple[str, ...]:
        """The stored values of its levels, in order; empty for a continuous variable."""
        return tuple(level.value for level in self.levels)

    @property
    def unit_symbol(self) -> str:
        """The canonical unit as shown; empty for a pure number and for a levelled variable."""
        return self.unit.symbol if self.unit else ""

    def level_label(self, value: str) -> str:
        """Return the words shown for a level.

        Raises
        ------
        ContractError
            If the variable has no such level; names the nearest.
        """
        for level in self.levels:
            if level.value == value:
                return level.label
        raise self.unknown_level(value)

    def unknown_level(self, value: object) -> ContractError:
        """Build the error for a level the variable does not have."""
        close = nearest(str(value), self.level_values)
        return ContractError(
            f"{self.name} has no level {str(value)!r}",
            expected=f"one of {', '.join(self.level_values)}",
            remedy=f"did you mean {close}?" if close else None,
        )

    def conversions(self) -> tuple[UnitConversion, ...]:
        """Return every accepted unit with its conversion, the canonical one first."""
        return (UnitConversion(self.unit), *self.other_units) if self.unit else ()

    def conversion(self, unit: str | None) -> UnitConversion:
        """Return the conversion from a named unit; None means the canonical unit.

        Raises
        ------
        ContractError
            If the variable takes no unit or not this one; lists what it accepts and names the nearest.
        """
        accepted = self.conversions()
        if not accepted:
            raise ContractError(
                f"{self.name} has levels and takes no unit, but {unit!r} was given"
                if unit
                else f"{self.name} has no unit",
                expected=f"one of its levels: {', '.join(self.level_values)}",
            )
        if unit is None:
            return accepted[0]
        for conversion in accepted:
            if conversion.unit.matches(unit):
                return conversion
        symbols = [conversion.unit.symbol for conversion in accepted if conversion.unit.symbol]
        close = nearest(unit, symbols)
        raise ContractError(
            f"{self.name} is not measured in {unit!r}",
            expected=f"one of {', '.join(symbols)}" if symbols else "a number without a unit",
            remedy=f"did you mean {close}?" if close else None,
        )

    def range_text(self, limits: Range, unit: str | None = None) -> str:
        """Write a range in one of the accepted units, such as ``0.5 to 7 g/dL``."""
        conversion = self.conversion(unit)
        lower, upper = (format_number(float(conversion.from_canonical(end))) for end in (limits.lower, limits.upper))
        return f"{lower} to {upper} {conversion.unit.symbol}".rstrip()
