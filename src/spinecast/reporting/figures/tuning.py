"""The figure of the search for hyperparameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from spinecast.reporting.figures.style import (
    EVENT,
    MISSING,
    MODEL,
    MUTED,
    Style,
    house_style,
    new_figure,
    number_axis,
    numbers,
    panel_title,
    to_svg,
)
from spinecast.reporting.formatting import sentence, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["ALL_PATIENTS", "tuning_history_plot"]

ALL_PATIENTS = "all patients"


def tuning_history_plot(candidates: Sequence[Mapping[str, Any]], key: str, loss: str = "log-loss") -> str:
    """Draw the loss of every trial and the best so far in each split, one panel a candidate, on one scale.

    Parameters
    ----------
    candidates : sequence of mapping
        Each with label and splits, a split with its trials.
    key : str
        Prefix of the ids.
    loss : str
        What trials are judged by.

    Returns
    -------
    str
        SVG element.
    """
    columns = min(2, len(candidates))
    lines = ceil(len(candidates) / columns)
    scales = _scales(candidates)
    with house_style():
        figure = new_figure(7.4, 0.85 + 1.75 * lines)
        panels = figure.subplots(lines, columns, sharex=True, squeeze=False)
        for position, (axes, candidate) in enumerate(zip(panels.flat, candidates, strict=False)):
            scale = scales[position]
            own = scale != scales[-1]
            _history_panel(axes, candidate["splits"], scale[1])
            panel_title(axes, f"{shortened(candidate['label'], 48)}{', own scale' if own else ''}", width=34)
            axes.set_ylim(scale)
            axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
            axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
            number_axis(axes, "y", decimals=3)
            axes.tick_params(labelleft=own or position % columns == 0)
        for axes in panels.flat[len(candidates) :]:
            axes.set_visible(False)
        figure.supxlabel("Trial", fontsize=9.5)
        figure.supylabel(f"{sentence(loss)}, inner folds", fontsize=9.5)
        handles = [
            Line2D([], [], color=MODEL, lw=2.2, label="Best so far, all patients"),
            Line2D([], [], color=MODEL, lw=0.9, alpha=0.5, label="Best so far, each outer fold"),
            Line2D([], [], color=MISSING, marker="o", ls="none", ms=3.2, label="Trial"),
            Line2D([], [], color=EVENT, marker="^", ls="none", ms=4.5, label="Trial above the scale"),
        ]
        figure.legend(handles=handles, loc="outside upper center", ncols=4, columnspacing=1.4, handlelength=1.8)
        return to_svg(figure, key)


def _scales(candidates: Sequence[Mapping[str, Any]]) -> list[tuple[float, float]]:
    """Choose one scale that shows the good trials of most candidates, and give its own to one that would fall off it.

    Returns one scale a candidate and, last, the common one. Poor trials are marked at the upper edge.
    """
    every = [
        [numbers([trial["log_loss"] for trial in split["trials"]]) for split in one["splits"]] for one in candidates
    ]
    known = [[losses[np.isfinite(losses)] for losses in splits] for splits in every]
    ranges: list[tuple[float, float, float] | None] = []
    for splits in known:
        filled = [losses for losses in splits if losses.size]
        if not filled:
            ranges.append(None)
            continue
        usual = float(np.quantile(np.concatenate(filled), 0.9))
        worst_best = max(float(losses.min()) for losses in filled)
        ranges.append((min(float(losses.min()) for losses in filled), worst_best, max(usual, worst_best)))
    found = [one for one in ranges if one is not None]
    if not found:
        return [(0.0, 1.0)] * (len(candidates) + 1)
    middle = float(np.median([usual for _, _, usual in found]))
    sharing = [one for one in found if one[1] <= middle] or found
    common = _with_margin(min(one[0] for one in sharing), middle)
    own = [common if one is None or one in sharing else _with_margin(one[0], one[2]) for one in ranges]
    return [*own, common]


def _with_margin(low: float, high: float) -> tuple[float, float]:
    margin = 0.08 * (high - low) or 0.01
    return low - margin, high + margin


def _history_panel(axes: Axes, splits: Sequence[Mapping[str, Any]], highest: float) -> None:
    axes.grid(visible=True)
    for split in splits:
        losses = numbers([trial["log_loss"] for trial in split["trials"]])
        trials = np.arange(1, losses.size + 1)
        if not np.isfinite(losses).any():
            continue
        whole = split["split"] == ALL_PATIENTS
        shown = losses <= highest
        axes.plot(trials[shown], losses[shown], ls="none", marker="o", ms=2.6, mew=0, color=MISSING, zorder=2)
        above = trials[losses > highest]
        if above.size:  # an unclipped line without points has no extent and breaks the layout
            marks: Style = {"ls": "none", "marker": "^", "ms": 4.2, "mew": 0, "color": EVENT, "clip_on": False}
            axes.plot(above, np.full(above.size, highest), zorder=5, **marks)
        best = np.fmin.accumulate(losses)
        style: Style = {"color": MODEL, "lw": 2.2, "zorder": 4} if whole else {"color": MODEL, "lw": 0.9, "alpha": 0.5}
        axes.plot(trials, best, drawstyle="steps-post", **style)
    axes.tick_params(color=MUTED)
