"""What scanners do to image features, before and after harmonisation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from spinecast.reporting.figures.style import (
    EVENT,
    MODEL,
    MUTED,
    house_style,
    new_figure,
    percent_axis,
    row_labels,
    to_svg,
)

__all__ = ["scanner_share_plot"]


def scanner_share_plot(rows: Sequence[Mapping[str, Any]], key: str) -> str:
    """Draw the share of each feature's variance that lies between scanners, before and after harmonisation.

    Parameters
    ----------
    rows : sequence of mapping
        Each with feature, before and after; after is None in a study that does not harmonise.
    key : str
        Prefix of the ids.

    Returns
    -------
    str
        SVG element.
    """
    with house_style():
        figure = new_figure(7.2, 1.15 + 0.265 * len(rows))
        axes = figure.add_subplot()
        for place, row in enumerate(rows):
            if row["after"] is not None:
                axes.plot([row["after"], row["before"]], [place, place], color=MUTED, lw=1.2, zorder=1)
        before = axes.scatter(
            [row["before"] for row in rows], range(len(rows)), s=34, color=EVENT, zorder=2, label="As measured"
        )
        handles = [before]
        after = [(row["after"], place) for place, row in enumerate(rows) if row["after"] is not None]
        if after:
            values, places = zip(*after, strict=True)
            # Another shape and not only another colour.
            handles.append(axes.scatter(values, places, s=34, marker="D", color=MODEL, zorder=3, label="Harmonised"))
        row_labels(axes, range(len(rows)), [row["feature"] for row in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_xlim(-0.02, 1.02)
        percent_axis(axes, "x")
        axes.set_xlabel("Share of the variance that lies between scanners")
        axes.grid(visible=True, axis="x")
        figure.legend(handles=handles, loc="outside upper left", ncols=2, handlelength=1.2)
        return to_svg(figure, key)
