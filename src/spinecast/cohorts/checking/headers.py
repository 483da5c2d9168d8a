"""Which variable a header means, and in which unit: exactly, or in another spelling. Nothing is read on that ground."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Literal

from spinecast.clinical.dictionary import variable, variables
from spinecast.clinical.units import normalise_unit
from spinecast.clinical.variable import Variable

__all__ = ["HeaderMatch", "match_header", "nearest_variables", "normalise_header"]

How = Literal["its name", "its name in another spelling", "its label", "its code", "its usual abbreviation"]

# British and American spellings, and the plural that a label may have: both sides are brought to one form.
_SPELLINGS = (("haem", "hem"), ("oedem", "edem"), ("oesoph", "esoph"), ("anaem", "anem"), ("tumor", "tumour"))
# What laboratories and clinics write in short. They are proposed, like every other spelling, and never read.
_ABBREVIATIONS = {
    "alb": "albumin",
    "alp": "alkaline_phosphatase",
    "alkphos": "alkaline_phosphatase",
    "anc": "neutrophil_count",
    "asia": "asia_impairment_scale",
    "bili": "bilirubin",
    "bilsky": "bilsky_grade",
    "bmi": "body_mass_index",
    "bun": "blood_urea_nitrogen",
    "ca": "calcium",
    "crea": "creatinine",
    "creat": "creatinine",
    "crp": "c_reactive_protein",
    "ecog": "ecog_performance_status",
    "frankel": "frankel_grade",
    "hb": "hemoglobin",
    "hgb": "hemoglobin",
    "hct": "hematocrit",
    "inr": "international_normalised_ratio",
    "k": "potassium",
    "kps": "karnofsky_performance_status",
    "ldh": "lactate_dehydrogenase",
    "na": "sodium",
    "nlr": "neutrophil_lymphocyte_ratio",
    "plr": "platelet_lymphocyte_ratio",
    "plt": "platelet_count",
    "pni": "prognostic_nutritional_index",
    "sins": "sins_total",
    "wbc": "white_blood_cell_count",
}
_BRACKETS = re.compile(r"[(\[{]([^)\]}]*)[)\]}]\s*$")


@dataclass(frozen=True)
class HeaderMatch:
    """What a header seems to mean.

    Parameters
    ----------
    variable : str
    how : str
        By what it was recognised.
    unit : str, optional
        Symbol of the unit the header names, if the variable accepts it.
    unknown_unit : str, optional
        What stands in the place of a unit and is none that the variable accepts.
    """

    variable: str
    how: How
    unit: str | None = None
    unknown_unit: str | None = None


def normalise_header(text: str) -> str:
    """Reduce a header to the form in which its usual spellings agree: no case, spaces, underscores or marks.

    Examples
    --------
    >>> normalise_header("White Blood-Cell Count"), normalise_header("Haemoglobin")
    ('whitebloodcellcount', 'hemoglobin')
    """
    plain = unicodedata.normalize("NFKD", text).casefold()
    plain = "".join(character for character in plain if character.isalnum())
    for one, other in _SPELLINGS:
        plain = plain.replace(one, other)
    return plain


def match_header(header: str) -> HeaderMatch | None:
    """Recognise a header, with or without a unit: ``Albumin (g/L)``, ``albumin_g_l``, ``ALBUMIN [g/L]``.

    Returns
    -------
    HeaderMatch or None
        None when it means no variable of the dictionary, or more than one.
    """
    if header in variables():
        return HeaderMatch(header, "its name")
    return next(_readings(header), None)


def _readings(header: str) -> Iterator[HeaderMatch]:
    # Brackets first: without its signs, "haematocrit (%)" would be a haematocrit of no unit.
    named, inside = _split(header)
    if inside and (found := _named(named)):
        entry = variable(found[0])
        unit = _unit(entry, inside)
        yield HeaderMatch(*found, unit, inside if unit is None and not entry.is_levelled else None)
    if found := _named(header):
        yield HeaderMatch(*found)
    # Without brackets a unit is what is left behind a known name: the longest name first.
    whole = normalise_header(header)
    for end in range(min(len(whole), _longest_name()), 0, -1):
        if (found := _names().get(whole[:end])) and not variable(found[0]).is_levelled:
            unit = _unit(variable(found[0]), whole[end:])
            if unit is not None:
                yield HeaderMatch(*found, unit)


def _split(header: str) -> tuple[str, str]:
    """Part a header from what stands in brackets, or as a per-cent sign, at its end."""
    if brackets := _BRACKETS.search(header):
        return header[: brackets.start()], brackets[1].strip()
    bare = header.rstrip()
    return (bare[:-1], "%") if bare.endswith("%") else (header, "")


def nearest_variables(header: str, limit: int = 3) -> tuple[str, ...]:
    """Return the variables whose names or labels are spelt most like a header; none when nothing is close."""
    names = _names()
    close = get_close_matches(normalise_header(_split(header)[0]), names, n=2 * limit, cutoff=0.75)
    return tuple(dict.fromkeys(names[name][0] for name in close))[:limit]


def _named(text: str) -> tuple[str, How] | None:
    return _names().get(normalise_header(text)) or _codes().get(text.strip())


def _unit(entry: Variable, text: str) -> str | None:
    """Return the symbol of the accepted unit a text means, its signs left out or not; None when none or two do."""
    bare = _bare(text)
    meant = {
        conversion.unit.symbol
        for conversion in entry.conversions()
        if text and (conversion.unit.matches(text) or (bare and bare in map(_bare, conversion.unit.known_as())))
    }
    return meant.pop() if len(meant) == 1 else None


def _bare(text: str) -> str:
    # What is no letter and no number is lost in a header such as albumin_g_dl.
    return "".join(character for character in normalise_unit(text) if character.isalnum())


@cache
def _names() -> dict[str, tuple[str, How]]:
    """Return what normalised names and labels mean; a form that two variables share means neither."""
    found: dict[str, tuple[str, How]] = {}
    taken: set[str] = set()
    for entry in variables().values():
        found[normalise_header(entry.name)] = (entry.name, "its name in another spelling")
    for entry in variables().values():
        form = normalise_header(entry.label)
        if form in found and found[form][0] != entry.name:
            taken |= {form} if found[form][1] == "its label" else set()
        else:
            found.setdefault(form, (entry.name, "its label"))
    usual = {short: name for short, name in _ABBREVIATIONS.items() if short not in found}
    found |= {short: (name, "its usual abbreviation") for short, name in usual.items()}
    return {form: meant for form, meant in found.items() if form not in taken}


@cache
def _longest_name() -> int:
    return max(map(len, _names()))


@cache
def _codes() -> dict[str, tuple[str, How]]:
    codes = [(code.code, entry.name) for entry in variables().values() for code in entry.codes]
    return {code: (name, "its code") for code, name in codes if [c for c, _ in codes].count(code) == 1}
