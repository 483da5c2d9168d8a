"""Which models are asked together: those that answer the same patients, because they were made from the same ones."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from spinecast.errors import TrackingError, nearest
from spinecast.explanation.answering import Kind
from spinecast.serving.pages.validity import validity_of
from spinecast.serving.served_model import ServedModel

__all__ = ["Family", "families", "family"]

_ORDER: Mapping[Kind, int] = {"event": 0, "times": 1, "levels": 2, "quantity": 3}


@dataclass(frozen=True)
class Family:
    """Models made from one cohort.

    Parameters
    ----------
    key : str
        Its part of an address.
    title : str
        The cohort's name.
    synthetic : bool
        Whether nobody in that cohort exists. Real and synthetic cohorts are never one family, whatever they are called.
    models : tuple of ServedModel
        Single days first, the nearest before; then curves, levels and quantities.
    """

    key: str
    title: str
    synthetic: bool
    models: tuple[ServedModel, ...]

    @property
    def heading(self) -> str:
        """The cohort's name as a heading; of made-up patients what their recipe calls them, else what is predicted.

        A recipe's name alone, such as "sorg (development)", would say to nobody what is made up; the mark beside the
        heading says that it is.
        """
        plain = self.title.replace("_", " ")
        if self.synthetic:
            told = next(filter(None, (validity_of(one).source for one in self.models)), "")
            outcome = str(self.models[0].model.about["outcome"]["label"])
            plain = told.removesuffix(" (SYNTHETIC)") if told else f"{outcome}: {plain}"
        return plain[:1].upper() + plain[1:]


def families(served: Mapping[str, ServedModel]) -> dict[str, Family]:
    """Gather served models by the cohort they were made from, real ones first.

    Parameters
    ----------
    served : mapping of str to ServedModel

    Returns
    -------
    dict of str to Family
        By key.
    """
    gathered: dict[tuple[bool, str], list[ServedModel]] = {}
    for one in served.values():
        cohort = str((one.model.about.get("cohort") or {}).get("name") or "unnamed cohort")
        gathered.setdefault((one.model.is_synthetic, cohort), []).append(one)
    found: dict[str, Family] = {}
    for (synthetic, cohort), models in sorted(gathered.items()):
        key = _unused(_slug(cohort, synthetic=synthetic), found)
        found[key] = Family(key, cohort, synthetic, tuple(sorted(models, key=_place)))
    return found


def family(served: Mapping[str, ServedModel], key: str) -> Family:
    """Return one family.

    Raises
    ------
    TrackingError
        If there is none under this key; names the nearest.
    """
    known = families(served)
    if key in known:
        return known[key]
    close = nearest(key, known)
    raise TrackingError(
        f"no models are served under {key[:100]!r}",
        expected=f"one of {', '.join(known)}",
        remedy=f"did you mean {close}?" if close else None,
    )


def _slug(cohort: str, *, synthetic: bool) -> str:
    plain = re.sub(r"[^a-z0-9]+", "-", cohort.casefold()).strip("-") or "cohort"
    return f"synthetic-{plain}" if synthetic else plain


def _unused(slug: str, taken: Mapping[str, Family]) -> str:
    number, key = 2, slug
    while key in taken:
        key, number = f"{slug}-{number}", number + 1
    return key


def _place(served: ServedModel) -> tuple[int, float, str]:
    day = served.model.about["outcome"].get("horizon_days")
    return _ORDER[served.kind], math.inf if day is None else float(day), served.name
