"""The events of a follow-up as they came, beside those predicted hazards expect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spinecast.reporting.figures.style import INK, MODEL, house_style, new_figure, numbers, to_svg

__all__ = ["expected_events_plot"]


def expected_events_plot(over_time: Mapping[str, Any], key: str) -> str:
    """Draw the number of events observed by each day and the number expected by it, of everybody still followed.

    Parameters
    ----------
    over_time : mapping
        ``days``, ``observed`` and ``expected``.
    key : str
        Prefix of the ids.

    Returns
    -------
    str
        SVG element.
    """
    with house_style():
        figure = new_figure(7.2, 3.6)
        axes = figure.add_subplot()
        days = numbers(over_time["days"])
        axes.step(days, numbers(over_time["observed"]), where="post", color=INK, lw=1.4, label="Observed")
        axes.plot(days, numbers(over_time["expected"]), color=MODEL, ls=(0, (5.0, 1.6)), lw=2.0, label="Expected")
        axes.set(xlabel="Days", ylabel="Events", xlim=(0, None), ylim=(0, None))
        axes.grid(visible=True)
        axes.legend(loc="upper left")
        return to_svg(figure, key)
