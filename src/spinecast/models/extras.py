"""Libraries that stand in extras: asked for by name, refused with the one command that installs them."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

from spinecast.errors import StudyError

__all__ = ["EXTRA_OF", "is_installed", "require_extra"]

# Family: the module it is fitted by, the library's name, and the extra that brings it.
EXTRA_OF: Mapping[str, tuple[str, str, str]] = {
    "lightgbm": ("lightgbm", "LightGBM", "boosters"),
    "catboost": ("catboost", "CatBoost", "boosters"),
    # GPL-3.0-or-later, so it may stand in an extra only (docs/decisions/0002).
    "random_survival_forest": ("sksurv", "scikit-survival", "survival"),
}


def is_installed(family: str) -> bool:
    """Whether a family can be fitted here: most need nothing that may be absent."""
    return family not in EXTRA_OF or find_spec(EXTRA_OF[family][0]) is not None


def require_extra(family: str) -> None:
    """Refuse to fit a family whose library is not installed. Prediction and explanation need none.

    Raises
    ------
    StudyError
        With the one command that installs it.
    """
    if is_installed(family):
        return
    _, library, extra = EXTRA_OF[family]
    raise StudyError(
        f"candidates of the kind {family} are fitted by {library}, which is not installed",
        expected=f"the extra `{extra}`, or other candidates",
        remedy=f"pip install 'spinecast[{extra}]'",
    )
