"""What a model does when its inputs are not there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Block, Figure, Heading, Paragraph, Section, Table
from spinecast.reporting.figures.external import input_cost_plot, several_missing_plot
from spinecast.reporting.measures import MEASURES, measure_text
from spinecast.reporting.sections.common import footnoted, row, sized, unavailable

__all__ = ["missing_inputs_section"]

TITLE = "Missing inputs"
MISSING_COLUMNS = ("auc", "scaled_brier", "calibration_in_the_large", "calibration_slope")
HANDLING_WORDS = {
    "median": "by the median or commonest level, with an indicator that the value was missing",
    "native": "left missing; each split of a tree has learned which way they go",
    "forest": "by forests that predict each input from the others, with an indicator that the value was missing",
    "multiple_imputation": "by several draws from regressions of each input on the others, with an indicator that the "
    "value was missing; a fit for each draw, what they answer averaged, and their disagreement in the limits",
    "pattern_submodels": "by a fit of their own for the commonest patterns of what is there, and by one of everybody "
    "for all others",
}
HELD_OUT = (
    "Every patient was asked of the members of the final model that had not seen them. These members were tuned on the "
    "same patients, so the performance with all inputs is a little better than the out-of-fold one above; what counts "
    "here is what changes. The model carries the change of the {scale} and widens its limits by it when an input is "
    "missing{except_for}."
)


def missing_inputs_section(
    found: Mapping[str, Any] | None, *, held_out: bool = False, quantiles: bool = False
) -> Section:
    """Show what the model does when inputs are not there.

    Parameters
    ----------
    found : mapping or None
        As ``spinecast.validation.missing_inputs`` records it.
    held_out : bool
        Whether the patients are the development patients, each asked of the members that did not see them.
    quantiles : bool
        Whether the model is one of a quantity.
    """
    reason = fmt.absence(found)
    if reason is not None or found is None:
        return Section("missing-inputs", TITLE, (unavailable(TITLE, reason or "not recorded"),))
    judged = found.get("judged")
    except_for = ", where the learners have not learned what its absence does to the spread" if quantiles else ""
    whole = found["of"] == found["n"]
    people = sized(found["n"], found["events"]) + ("" if whole else f", drawn from {fmt.integer(found['of'])}")
    blocks: list[Block] = [
        *_handling(found.get("handling"), quantiles=quantiles),
        Paragraph(
            "Each input was taken away from every patient, and the model asked again: it meets the gap as it was built "
            "to. What was missing anyway stayed missing. An input that costs little when it is missing may still say "
            "much: others can stand in for it."
        ),
        *([Paragraph(f"Performance is that of the {fmt.plain(judged)}.")] if judged else []),
        *([Paragraph(HELD_OUT.format(scale=_scale(found), except_for=except_for))] if held_out else []),
        Heading("One input missing"),
        Figure(
            key="input-cost",
            title="What each input costs when it is missing",
            svg=input_cost_plot(found["each"], "input-cost"),
            caption=f"Change of the AUC, paired, with 95% intervals; {people}.",
            alternative="Dot plot of the change in AUC without each input.",
            table=_each_table(found),
        ),
    ]
    if found["several"]:
        draws = found["several"][0]["draws"]
        blocks += [
            Heading("Several inputs missing"),
            Figure(
                key="several-missing",
                title="Ranking as inputs go missing",
                svg=several_missing_plot(found, "several-missing"),
                caption=f"For each number of missing inputs {fmt.plural(draws, 'random choice')} of which; {people}.",
                alternative="AUC against the number of missing inputs.",
                table=_several_table(found["several"], "The model without several inputs"),
            ),
        ]
    if fmt.listed(found.get("sorg")):
        names = fmt.joined([fmt.plain(label) for label in found["sorg_inputs"]])
        blocks += [
            Heading("Inputs of the SORG model missing"),
            Paragraph(
                "These inputs of the model are asked for, like this or less finely, by the SORG model of 90-day and "
                f"one-year mortality: {names}. Here some of them are missing and all others known."
            ),
            _several_table(found["sorg"], "The model without inputs of the SORG model"),
        ]
    return Section("missing-inputs", TITLE, tuple(blocks))


def _handling(parts: Sequence[Mapping[str, Any]] | None, *, quantiles: bool) -> list[Block]:
    """Say how each part of the model meets what is missing, and of submodels whom each is of."""
    if not parts:
        return []
    rows = [row(part["label"], _way(part, quantiles=quantiles)) for part in parts]
    header = ("Part of the model", "Missing inputs are met")
    blocks: list[Block] = [
        Table("How each part of the model meets missing inputs", header, tuple(rows)),
    ]
    return [*blocks, *(_submodels(part) for part in parts if "submodels" in part)]


def _way(part: Mapping[str, Any], *, quantiles: bool) -> str:
    words = HANDLING_WORDS.get(part["kind"], fmt.plain(part["kind"]))
    if "draws" not in part:
        return words
    # Levels that were fitted to draws lie as far apart as what was drawn makes them.
    only = ", as far as it is about inputs that hardly any development patient lacked" if quantiles else ""
    return f"{words}{only} ({fmt.plural(part['draws'], 'draw')})"


def _submodels(part: Mapping[str, Any]) -> Table:
    rows = [
        row(
            f"Without {fmt.joined([fmt.plain(name) for name in one['lacks']])}" if one["lacks"] else "With every input",
            fmt.integer(one["fitted_to"]),
            fmt.integer(one["answers"]),
        )
        for one in part["submodels"]
    ]
    everybody = part["otherwise"]
    rows.append(
        row("Everybody, for all other patterns", fmt.integer(everybody["fitted_to"]), fmt.integer(everybody["answers"]))
    )
    note = "Inputs that hardly any development patient lacked do not tell patterns apart."
    return Table(
        f"Submodels of {fmt.plain(part['label'])}",
        ("Pattern of inputs", "Patients fitted to", "Development patients it answers"),
        tuple(rows),
        notes=(note,),
        numeric=(1, 2),
    )


def _each_table(found: Mapping[str, Any]) -> Table:
    rows = [
        row("None", "–", "–", "–", *(measure_text(found["with_all"], name) for name in MISSING_COLUMNS), strong=True)
    ]
    rows += [
        row(
            _with_following(one),
            fmt.percentage(one["already_missing"]),
            fmt.estimate(one["auc_difference"]),
            _spread(one),
            *(measure_text(one["measures"], name) for name in MISSING_COLUMNS),
        )
        for one in found["each"]
    ]
    header = (
        "Missing input",
        "Missing anyway",
        "Change of the AUC",
        f"{_scale(found).capitalize()} moves by" if _scale(found) != "log-odds" else "Log-odds move by",
        *(MEASURES[name].short for name in MISSING_COLUMNS),
    )
    numeric = tuple(range(1, len(header)))
    note = f"Change of the {_scale(found)}: root mean squared, in the patients who had the input."
    table = Table("The model without each input (95% intervals)", header, tuple(rows), notes=(note,), numeric=numeric)
    return footnoted(table)


def _scale(found: Mapping[str, Any]) -> str:
    return fmt.plain(found.get("scale") or "log-odds")


def _spread(one: Mapping[str, Any]) -> str:
    change = one.get("change", one.get("log_odds_change"))  # earlier records have the second
    return fmt.absent("nobody had it, or not recorded") if change is None else fmt.number(change**0.5, 2)


def _with_following(one: Mapping[str, Any]) -> str:
    also = [fmt.plain(label) for label in fmt.listed(one.get("also"))]
    return f"{fmt.plain(one['label'])} (and with it {fmt.joined(also)})" if also else one["label"]


def _several_table(steps: Sequence[Mapping[str, Any]], what: str) -> Table:
    def cell(measure: Mapping[str, Any], decimals: int) -> str:
        reason = fmt.absence(measure)
        if reason is not None:
            return fmt.absent(reason)
        mean = fmt.number(measure["mean"], decimals)
        if measure["standard_deviation"] is None:  # all of them can be missing in one way only
            return mean
        spread = fmt.number(measure["standard_deviation"], decimals)
        low, high = (fmt.number(measure[name], decimals) for name in ("lowest", "highest"))
        return f"{mean} ± {spread} [{low} to {high}]"

    rows = tuple(
        row(
            fmt.count(one["missing"]),
            *(cell(one["measures"][name], MEASURES[name].decimals) for name in MISSING_COLUMNS),
        )
        for one in steps
    )
    header = ("Inputs missing", *(MEASURES[name].short for name in MISSING_COLUMNS))
    table = Table(
        f"{what}: mean ± standard deviation [range] over random choices",
        header,
        rows,
        notes=("The spread is over which inputs are missing; the sampling of patients comes on top of it.",),
        numeric=tuple(range(len(header))),
    )
    return footnoted(table)
