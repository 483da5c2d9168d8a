"""Whether models of resamples give the same reasons as the final one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from spinecast.explanation.depth.stability import HARDLY, LEAST_AGREEMENT
from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Block, Figure, Table
from spinecast.reporting.figures.depth import DotSeries, dots_plot
from spinecast.reporting.sections.common import row, unavailable

__all__ = ["stability_blocks"]

IN_FIGURE = 20


def stability_blocks(stability: Mapping[str, Any] | None, scale: str) -> tuple[Block, ...]:
    """Show the drivers with their limits over models of resamples; nothing of a record that does not speak of it.

    Parameters
    ----------
    stability : mapping or None
        As :func:`spinecast.training.explanation_stability.explanation_stability` returns it.
    scale : str
        What contributions add up to.
    """
    if stability is None:
        return ()
    reason = fmt.absence(stability)
    if reason is not None:
        return (unavailable("Reasons over models of resamples", reason),)
    drivers = stability["drivers"]
    shown = drivers[:IN_FIGURE]
    unstable = [place for place, one in enumerate(shown) if not one["stable"]]
    reasons = dict.fromkeys(why for one in drivers for why in one["reasons"])
    rows = tuple(
        row(
            str(one["rank"]),
            one["label"],
            f"{fmt.number(one['importance'], 4)} ({fmt.interval(one['lower'], one['upper'], 4)})",
            "{:.0f} to {:.0f}".format(*np.quantile(one["ranks"], (0.025, 0.975), method="nearest")),
            fmt.percentage(one["sign_agreement"], 0),
            "firm" if one["stable"] else "not firm",
            strong=not one["stable"],
        )
        for one in drivers
    )
    table = Table(
        f"Mean absolute contribution over {fmt.plural(stability['refits'], 'model')} of resamples",
        ("Rank", "Variable", f"{fmt.sentence(scale)} (95% of the models)", "Ranks", "Same direction", "Verdict"),
        rows,
        notes=(
            f"The same {fmt.plural(stability['patients'], 'patient')}, explained by the final model and by each model "
            f"of a resample (tuning {fmt.plain(stability['tuning'])}). Same direction: share of the contributions, by "
            "their size, whose sign the other models give too. The final model's value may lie beside its limits: "
            "resamples repeat patients, and make more of faint inputs.",
            f"Firm: a lower limit of more than {HARDLY:.0%} of the final model's value, and the same direction in "
            f"{LEAST_AGREEMENT:.0%} or more.",
            *(f"Not firm: {fmt.ended(why)}" for why in reasons),
        ),
        numeric=(0, 2, 3, 4),
    )
    figure = Figure(
        key="reasons-stability",
        title="Whether models of resamples give the same reasons",
        svg=dots_plot(
            [fmt.plain(one["label"]) for one in shown],
            [DotSeries("", [(one["importance"], one["lower"], one["upper"]) for one in shown])],
            f"Mean absolute contribution to the {scale}",
            "reasons-stability",
            marked=unstable,
        ),
        caption=(
            "Point: the final model; line: 95% of the models fitted again to resamples of the patients. Open: not "
            "firm, models of other patients of the same kind may say otherwise."
        ),
        alternative=(
            f"Dot plot of {fmt.plural(len(shown), 'variable')}, {fmt.plural(len(unstable), 'of them', 'of them')} not "
            f"firm; the largest is {fmt.plain(shown[0]['label'])}."
            if shown
            else "No variable moves the risk."
        ),
        table=table,
    )
    return (figure,)
