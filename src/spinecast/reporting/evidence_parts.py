"""Parts of the page of a meta-analysis: its studies, what each does, small ones beside large ones, other recipes."""

from __future__ import annotations

from collections.abc import Iterator

from spinecast.evidence.labels import letters, result_labels
from spinecast.evidence.pooling import Pooled
from spinecast.evidence.recipes import variants
from spinecast.evidence.results import Flag, PublishedResult
from spinecast.evidence.text import QUANTITIES
from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Block, Bullets, Callout, Figure, Row, Table
from spinecast.reporting.figures.forest import Axis, ForestRow, forest_plot, leave_one_out_plot
from spinecast.reporting.figures.funnel import FunnelPoint, funnel_plot
from spinecast.statistics import Absent, Influence, MetaAnalysis, Range

__all__ = ["PooledView", "other_recipes", "single_studies", "small_studies", "studies"]


class PooledView:
    """A pooling as the page shows it: studies with names that tell them apart and letters of their flags.

    Parameters
    ----------
    pooled : Pooled
        What was pooled.

    Attributes
    ----------
    name : str
        What is pooled: "AUC" or "O/E".
    subject : str
        The model, or how many.
    labels : list of str
        Names of the studies, with the letter of their flags.
    letters : dict
        Letter by id, for flagged results.
    """

    def __init__(self, pooled: Pooled) -> None:
        self.pooled = pooled
        self.name = QUANTITIES[pooled.recipe.quantity]
        self.axis = Axis(self.name, ratio=pooled.recipe.quantity != "auc")
        models = list(dict.fromkeys(study.result.model for study in pooled.studies if study.result.model))
        self.subject = fmt.plain(models[0]) if len(models) == 1 else f"{len(models)} models" if models else ""
        results = [study.result for study in pooled.studies]
        flagged = [result.id for result in results if result.flags]
        self.letters = {name: letters(position) for position, name in enumerate(flagged)}
        self.labels = [
            fmt.plain(label) + (f" [{self.letters[result.id]}]" if result.flags else "")
            for label, result in zip(result_labels(results), results, strict=True)
        ]

    @property
    def influential(self) -> set[int]:
        """Positions of the influential studies."""
        if isinstance(self.pooled.influence, Absent):
            return set()
        return {place for place, one in enumerate(self.pooled.influence) if one.influential}

    def value(self, estimate: float, lower: float, upper: float) -> str:
        """Write a value with its interval."""
        return f"{fmt.number(estimate)} ({fmt.interval(lower, upper)})"

    def whole(self) -> ForestRow:
        """Return the pooled value as a row of a plot."""
        value = self.pooled.measured()
        return ForestRow("Pooled", value.estimate, value.lower, value.upper)


def studies(view: PooledView) -> Iterator[Block]:
    """Yield the forest plot, what is known of single results, and what was not pooled."""
    pooled = view.pooled
    marked = view.influential
    rows = [
        ForestRow(
            label,
            study.shown.estimate,
            study.shown.lower,
            study.shown.upper,
            study.weight,
            assumed=study.assumed,
            marked=place in marked,
            text=fmt.plain(study.as_printed),
        )
        for place, (label, study) in enumerate(zip(view.labels, pooled.studies, strict=True))
    ]
    prediction = pooled.predicted()
    ends = (prediction.lower, prediction.upper) if isinstance(prediction, Range) else None
    caption = "Squares: each result, its area the weight; lines: 95% intervals. Diamond: pooled value with its interval"
    caption += ". Bar: where a new study is expected." if ends else "."
    caption += " Letters: flagged, see below." if view.letters else ""
    caption += " Orange: influential." if marked else ""
    caption += " Dotted: assumed." if any(row.assumed for row in rows) else ""
    value = pooled.measured()
    yield Figure(
        "forest",
        f"{view.name} by study, and pooled",
        forest_plot(rows, view.whole(), ends, view.axis, "forest"),
        caption,
        f"Forest plot of {len(rows)} results; pooled {view.value(value.estimate, value.lower, value.upper)}.",
        _forest_table(view),
    )
    yield from _flag_table(view)
    if pooled.left_out:
        yield Table(
            "Not pooled",
            ("Result", f"{view.name} printed", "Why not"),
            tuple(
                Row((fmt.plain(left.result.study), fmt.plain(left.result.printed) or "–", fmt.sentence(left.why)))
                for left in pooled.left_out
            ),
            notes=("An alternative is taken with --instead and its id.",)
            if any(left.result.alternative_to for left in pooled.left_out)
            else (),
        )


def _forest_table(view: PooledView) -> Table:
    pooled, shown = view.pooled, view.pooled.measured()
    rows = [
        Row(
            (
                label,
                fmt.plain(study.result.id),
                fmt.plain(study.result.printed) or "–",
                view.value(study.shown.estimate, study.shown.lower, study.shown.upper),
                fmt.percentage(study.weight),
                fmt.number(study.effect),
                fmt.number(study.standard_error),
                fmt.integer(study.result.n) if study.result.n else "–",
                fmt.sentence(study.basis) or "Printed interval",
            )
        )
        for label, study in zip(view.labels, pooled.studies, strict=True)
    ]
    prediction = pooled.predicted()
    last = f"prediction {fmt.interval(prediction.lower, prediction.upper)}" if isinstance(prediction, Range) else "–"
    whole = ("Pooled", "–", "–", view.value(shown.estimate, shown.lower, shown.upper), "100.0%")
    rows.append(
        Row((*whole, fmt.number(pooled.fit.estimate), fmt.number(pooled.fit.standard_error), "–", last), strong=True)
    )
    scale = {"logit": "log-odds", "log": "logarithm", "raw": "raw"}[pooled.recipe.scale]
    return Table(
        "Results with their weights",
        (
            "Study",
            "Id",
            "Printed",
            f"{view.name} (95% interval)",
            "Weight",
            f"Effect ({scale})",
            "Standard error",
            "n",
            "Basis",
        ),
        tuple(rows),
        numeric=(3, 4, 5, 6, 7),
    )


def _flag_table(view: PooledView) -> Iterator[Block]:
    """Say what is known of single results: what is known of several stands once."""
    concerned: dict[Flag, list[PublishedResult]] = {}
    for study in view.pooled.studies:
        for flag in study.result.flags:
            concerned.setdefault(flag, []).append(study.result)
    rows = [
        Row((_flagged(view, results), fmt.plain(flag.code).replace("_", " "), fmt.sentence(flag.why)))
        for flag, results in concerned.items()
    ]
    if rows:
        notes = ("The values are pooled as printed.",)
        yield Table("What is known of single results", ("Results", "Flag", "Why"), tuple(rows), notes=notes)


def _flagged(view: PooledView, results: list[PublishedResult]) -> str:
    if len(results) == len(view.pooled.studies) > 1:
        return "all"
    marks = ", ".join(view.letters[result.id] for result in results)
    studies = list(dict.fromkeys(result.study for result in results))
    return f"{marks}: {fmt.plain(', '.join(studies))}" if len(studies) < 3 else marks


def single_studies(view: PooledView) -> Iterator[Block]:
    """Yield the pool without each study, and the influence of each."""
    pooled = view.pooled
    if isinstance(pooled.without, Absent):
        yield Callout("note", "Leaving each study out", fmt.absent(pooled.without.reason))
    else:
        marked = view.influential
        values = [pooled.measured(fit) for fit in pooled.without]
        rows = [
            ForestRow(label, value.estimate, value.lower, value.upper, marked=place in marked)
            for place, (label, value) in enumerate(zip(view.labels, values, strict=True))
        ]
        lowest, highest = min(value.estimate for value in values), max(value.estimate for value in values)
        yield Figure(
            "leave-one-out",
            f"Pooled {view.name} without each study",
            leave_one_out_plot(rows, view.whole(), view.axis, "leave-one-out"),
            f"Each row leaves the named study out; band: interval of the whole pool. The pooled value stays between "
            f"{fmt.number(lowest)} and {fmt.number(highest)}.{' Orange: influential.' if marked else ''}",
            f"Pooled {view.name} without each of {len(rows)} results, from {fmt.number(lowest)} to "
            f"{fmt.number(highest)}.",
            _without_table(view, pooled.without),
        )
    if isinstance(pooled.influence, Absent):
        yield Callout("note", "Influence of each study", fmt.absent(pooled.influence.reason))
    else:
        yield _influence_table(view, pooled.influence)


def _without_table(view: PooledView, without: tuple[MetaAnalysis, ...]) -> Table:
    pooled, rows = view.pooled, []
    for label, fit in zip(view.labels, without, strict=True):
        value, prediction = pooled.measured(fit), pooled.predicted(fit)
        expected = fmt.interval(prediction.lower, prediction.upper) if isinstance(prediction, Range) else "–"
        shown = view.value(value.estimate, value.lower, value.upper)
        rows.append(Row((label, shown, expected, fmt.number(fit.tau2, 4), fmt.percentage(fit.i2))))
    header = ("Left out", f"Pooled {view.name} (95% interval)", "Prediction interval", "τ²", "I²")
    return Table("Pool without each study", header, tuple(rows), numeric=(1, 2, 3, 4))


def _influence_table(view: PooledView, influence: tuple[Influence, ...]) -> Table:
    rows = [
        Row(
            (
                label,
                fmt.number(one.residual, 2, signed=True),
                fmt.number(one.dffits, 2, signed=True),
                fmt.number(one.cook, 2),
                fmt.number(one.covariance_ratio, 2),
                fmt.percentage(one.hat),
                fmt.number(one.dfbetas, 2, signed=True),
                fmt.number(one.tau2, 4),
                fmt.number(one.q, 1),
                "yes" if one.influential else "no",
            ),
            strong=one.influential,
        )
        for label, one in zip(view.labels, influence, strict=True)
    ]
    header = (
        "Study", "Residual", "DFFITS", "Cook", "Covariance ratio", "Hat", "DFBETAS", "τ² without", "Q without",
        "Influential",
    )  # fmt: skip
    return Table(
        "Influence of each study",
        header,
        tuple(rows),
        notes=(
            "Residual: distance from the pool of the others, in standard errors. Covariance ratio below one: without "
            "the study the pooled value is more certain.",
            "Influential: |DFFITS| > 3√(1/(k − 1)), Cook's distance > 0.455, hat > 3/k, or |DFBETAS| > 1 (Viechtbauer "
            "and Cheung 2010, Res Synth Methods 1:112).",
        ),
        numeric=tuple(range(1, 9)),
    )


def small_studies(view: PooledView) -> Iterator[Block]:
    """Yield the plot of effects against standard errors, and what it cannot say."""
    pooled, test = view.pooled, view.pooled.small_studies
    points = [
        FunnelPoint(label, study.effect, study.standard_error)
        for label, study in zip(view.labels, pooled.studies, strict=True)
    ]
    if isinstance(test, Absent):
        line, said = None, f"Regression on the standard error: {fmt.absent(test.reason)}."
    else:
        line = (test.limit, test.slope)
        said = (
            f"Regression on the standard error (dashed orange): z {fmt.number(test.statistic, 2, signed=True)}, "
            f"p {fmt.p_value(test.p)}."
        )
    caption = (
        "Precise studies at the top. Grey: where 95% of studies would lie around the pooled value by chance alone; "
        f"dashed: with the variance between studies added. Numbers as in the table. {said}"
    )
    table = Table(
        "Effects and standard errors",
        ("Number", "Study", f"Effect ({pooled.recipe.scale})", "Standard error", view.name),
        tuple(
            Row(
                (
                    fmt.integer(position),
                    point.name,
                    fmt.number(point.effect),
                    fmt.number(point.standard_error),
                    fmt.number(pooled.shown(point.effect)[0]),
                )
            )
            for position, point in enumerate(points, start=1)
        ),
        numeric=(2, 3, 4),
    )
    yield Figure(
        "small-studies-plot",
        f"{view.name} against its standard error",
        funnel_plot(
            points,
            pooled.fit.estimate,
            pooled.fit.tau2,
            line,
            view.axis,
            "small-studies-plot",
            scale=pooled.recipe.scale,
        ),
        caption,
        f"Funnel plot of {len(points)} results. {said}",
        table,
    )
    remarks = [
        "A lopsided funnel has many causes: results left unpublished, other patients in small centres, or chance.",
    ]
    if view.name == "AUC":
        remarks.append(
            "The standard error of an AUC depends on the AUC itself and on the share of events, so that a funnel can "
            "be lopsided without any selection."
        )
    yield Bullets(tuple(remarks))


def other_recipes(view: PooledView) -> Table:
    """Return the pooled value by every recipe that applies."""
    rows = []
    for variant in variants(view.pooled):
        value, prediction = variant.pooled, variant.prediction
        cells = (
            *map(fmt.sentence, variant.parts),
            view.value(value.estimate, value.lower, value.upper),
            fmt.interval(prediction.lower, prediction.upper) if isinstance(prediction, Range) else "–",
            "–" if variant.tau2 is None else fmt.number(variant.tau2, 4),
        )
        rows.append(Row(cells, strong=variant.own))
    return Table(
        "Pooled value by recipe",
        ("Between studies", "Interval", "Scale", f"{view.name} (95% interval)", "Prediction interval", "τ²"),
        tuple(rows),
        notes=(
            "Bold: this page. τ² stands on the scale of its recipe."
            + (" By limits, by width: of the printed interval, for the standard errors." if view.name == "AUC" else ""),
        ),
        numeric=(3, 4, 5),
    )
