"""Where the files lie that spinecast brings along: recipes of cohorts, studies, published models."""

from __future__ import annotations

from pathlib import Path

import spinecast

__all__ = ["delivered", "delivered_folder"]


def delivered_folder(*parts: str) -> Path:
    """Return a folder below ``configs``: the one packaged with an installed spinecast, else the checkout's.

    Parameters
    ----------
    parts : str
        Names below ``configs``, such as ``cohorts``.

    Returns
    -------
    pathlib.Path
        It need not exist.
    """
    package = Path(spinecast.__file__).resolve().parent
    packaged = package / "configs"
    return (packaged if packaged.is_dir() else package.parents[1] / "configs").joinpath(*parts)


def delivered(kind: str) -> dict[str, Path]:
    """Return the YAML files of one kind that come with spinecast, by name without ending, sorted.

    Parameters
    ----------
    kind : str
        Folder below ``configs``, such as ``cohorts``.
    """
    return {path.stem: path for path in sorted(delivered_folder(kind).glob("*.yaml"))}
