"""The overlap of treated and controls in their propensity, before and after matching."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator

from spinecast.reporting.figures.style import (
    EVENT,
    MUTED,
    NO_EVENT,
    house_style,
    new_figure,
    panel_title,
    percent_axis,
    to_svg,
)
from spinecast.reporting.formatting import percentage

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Overlap", "overlap_plot"]


@dataclass(frozen=True)
class Overlap:
    """Shares of both sides in bins of the propensity; the shares of a side add up to one."""

    title: str
    treated: tuple[float, ...]
    controls: tuple[float, ...]


def overlap_plot(edges: Sequence[float], panels: Sequence[Overlap], key: str) -> str:
    """Draw mirrored histograms: the treated upwards, the controls downwards.

    Parameters
    ----------
    edges : sequence of float
        Edges of the bins.
    panels : sequence of Overlap
        From top to bottom.
    key : str
        Prefix of the ids.

    Returns
    -------
    str
        SVG element.
    """
    highest = max(value for panel in panels for value in (*panel.treated, *panel.controls))
    with house_style():
        figure = new_figure(7.2, 0.7 + 1.95 * len(panels))
        every = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
        for axes, panel in zip(every, panels, strict=True):
            _panel(axes, np.array(edges), panel, 1.1 * highest)
        every[-1].set_xlabel("Propensity: probability of treatment")
        # Steps that are whole percents, as the labels are.
        every[-1].xaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
        percent_axis(every[-1], "x")
        handles, labels = every[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper left", ncols=2, handlelength=1.2)
        return to_svg(figure, key)


def _panel(axes: Axes, edges: np.ndarray, panel: Overlap, top: float) -> None:
    axes.stairs(panel.treated, edges, fill=True, color=EVENT, alpha=0.85, label="Treated (upwards)")
    axes.stairs([-value for value in panel.controls], edges, fill=True, color=NO_EVENT, label="Controls (downwards)")
    axes.axhline(0, color=MUTED, lw=0.8)
    axes.set_ylim(-top, top)
    axes.set_xlim(edges[0], edges[-1])
    axes.yaxis.set_major_formatter(lambda value, _: percentage(abs(value), 0))
    axes.set_ylabel("Share of the side")
    axes.grid(visible=True, axis="y")
    panel_title(axes, panel.title)
