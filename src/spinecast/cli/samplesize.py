"""``spinecast samplesize``: how many patients it takes to develop or to validate a prediction model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from spinecast.errors import SpinecastError, nearest
from spinecast.notices import RESEARCH_USE, SYNTHETIC

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from spinecast.statistics import LinearPredictor, SampleSize

__all__ = ["app"]

T = TypeVar("T")

app = typer.Typer(
    help="Smallest number of patients for developing or validating a prediction model.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)

_OUTCOMES = ("binary", "survival", "continuous")
_EVERYWHERE = ("outcome", "patients", "json_")
_R2 = ("r2_cox_snell", "r2_nagelkerke", "c_statistic")

# Which options belong to which outcome: needed ones, then those with a default in the criteria. Of the three in _R2 a
# development needs one, and a C statistic only tells of a binary outcome.
_DEVELOP: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "binary": (
        ("parameters", "proportion"),
        (*_R2, "shrinkage", "r2_margin", "risk_margin", "mean_error"),
    ),
    "survival": (
        ("parameters", "rate", "mean_follow_up", "horizon"),
        (*_R2[:2], "shrinkage", "r2_margin", "risk_margin"),
    ),
    "continuous": (
        ("parameters", "r2", "mean", "standard_deviation"),
        ("shrinkage", "r2_margin", "error_ratio"),
    ),
}
_VALIDATE: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "binary": (
        ("proportion", "c_statistic"),
        (
            "linear_predictor",
            "observed_expected",
            "observed_expected_width",
            "slope_width",
            "c_width",
            "threshold",
            "sensitivity",
            "specificity",
            "net_benefit_width",
        ),
    ),
    "survival": (("risk",), ("censored", "observed_expected", "observed_expected_width")),
    "continuous": (
        ("r2", "standard_deviation", "mean_width"),
        ("slope", "r2_width", "slope_width", "error_ratio"),
    ),
}

Number = float | None
OutcomeOption = Annotated[str, typer.Option("--outcome", metavar="KIND", help="binary, survival or continuous.")]
PatientsOption = Annotated[
    int | None, typer.Option("--patients", min=1, metavar="N", help="Patients at hand: say whether they suffice.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]


def _number(name: str, help_: str) -> Any:
    return typer.Option(f"--{name}", metavar="X", help=help_)


@app.command("develop")
def develop(
    outcome: OutcomeOption,
    parameters: Annotated[
        int | None, typer.Option("--parameters", metavar="N", help="Candidate predictor parameters, all counted.")
    ] = None,
    proportion: Annotated[Number, _number("proportion", "Binary: expected proportion with the outcome.")] = None,
    r2_cox_snell: Annotated[Number, _number("r2-cox-snell", "Anticipated Cox-Snell R2, adjusted.")] = None,
    r2_nagelkerke: Annotated[Number, _number("r2-nagelkerke", "Anticipated Nagelkerke R2 instead.")] = None,
    c_statistic: Annotated[Number, _number("c-statistic", "Binary: anticipated C statistic (AUC) instead.")] = None,
    rate: Annotated[Number, _number("rate", "Survival: events per unit of time.")] = None,
    mean_follow_up: Annotated[Number, _number("mean-follow-up", "Survival: expected, in the same unit.")] = None,
    horizon: Annotated[Number, _number("horizon", "Survival: when risks matter, in the same unit.")] = None,
    r2: Annotated[Number, _number("r2", "Continuous: anticipated adjusted R2.")] = None,
    mean: Annotated[Number, _number("mean", "Continuous: expected mean of the outcome.")] = None,
    standard_deviation: Annotated[Number, _number("standard-deviation", "Continuous: of the outcome.")] = None,
    shrinkage: Annotated[Number, _number("shrinkage", "Aim: expected shrinkage of at least this (0.9).")] = None,
    r2_margin: Annotated[Number, _number("r2-margin", "Aim: apparent and adjusted R2 this near (0.05).")] = None,
    risk_margin: Annotated[Number, _number("risk-margin", "Aim: overall risk known this well (0.05).")] = None,
    mean_error: Annotated[Number, _number("mean-error", "Binary, aim: mean absolute error of risks (0.05).")] = None,
    error_ratio: Annotated[Number, _number("error-ratio", "Continuous, aim: factor of error (1.1).")] = None,
    patients: PatientsOption = None,
    json_: JsonOption = False,
) -> None:
    """Patients for developing a model: every criterion of Riley et al. with its number, and the one that binds.

    Research use only.
    """
    given = dict(locals())  # every option, by its name
    chosen = _chosen("develop", _DEVELOP, given)
    size = _computed("develop", lambda: _development(outcome, chosen))
    _say(size, patients, json_=json_, synthetic=False)


@app.command("validate")
def validate(
    outcome: OutcomeOption,
    proportion: Annotated[Number, _number("proportion", "Binary: expected proportion with the outcome.")] = None,
    c_statistic: Annotated[Number, _number("c-statistic", "Binary: anticipated C statistic (AUC).")] = None,
    linear_predictor: Annotated[
        str | None,
        typer.Option(
            "--linear-predictor",
            metavar="FORM",
            help="Binary: normal:MEAN,SD of the log-odds, beta:A,B of the risks, file:TABLE:COLUMN of predicted risks, "
            "or c-statistic (by default): what C and proportion imply.",
        ),
    ] = None,
    observed_expected: Annotated[Number, _number("observed-expected", "Anticipated O/E (1).")] = None,
    observed_expected_width: Annotated[
        Number, _number("observed-expected-width", "Aim: width of the 95 % interval of O/E (0.2).")
    ] = None,
    slope_width: Annotated[Number, _number("slope-width", "Aim: width for the calibration slope (0.2).")] = None,
    c_width: Annotated[Number, _number("c-width", "Binary, aim: width for the C statistic (0.1).")] = None,
    threshold: Annotated[Number, _number("threshold", "Binary: risk of treatment, for net benefit.")] = None,
    sensitivity: Annotated[Number, _number("sensitivity", "Binary: at the threshold.")] = None,
    specificity: Annotated[Number, _number("specificity", "Binary: at the threshold.")] = None,
    net_benefit_width: Annotated[
        Number, _number("net-benefit-width", "Binary, aim: width for the standardised net benefit (0.2).")
    ] = None,
    risk: Annotated[Number, _number("risk", "Survival: expected risk by the horizon.")] = None,
    censored: Annotated[Number, _number("censored", "Survival: share censored before the horizon (0).")] = None,
    r2: Annotated[Number, _number("r2", "Continuous: anticipated R2.")] = None,
    standard_deviation: Annotated[Number, _number("standard-deviation", "Continuous: of the outcome.")] = None,
    mean_width: Annotated[Number, _number("mean-width", "Continuous, aim: for calibration-in-the-large.")] = None,
    slope: Annotated[Number, _number("slope", "Continuous: anticipated calibration slope (1).")] = None,
    r2_width: Annotated[Number, _number("r2-width", "Continuous, aim: width for R2 (0.1).")] = None,
    error_ratio: Annotated[Number, _number("error-ratio", "Continuous, aim: factor of error (1.1).")] = None,
    patients: PatientsOption = None,
    json_: JsonOption = False,
) -> None:
    """Patients for validating a model: how many make each measure as precise as asked for, and the one that binds.

    Research use only.
    """
    given = dict(locals())  # every option, by its name
    chosen = _chosen("validate", _VALIDATE, given)
    synthetic = False
    if outcome == "binary":
        form = chosen.pop("linear_predictor", "c-statistic")
        chosen["linear_predictor"], synthetic = _computed("validate", lambda: _linear_predictor(str(form), chosen))
    size = _computed("validate", lambda: _validation(outcome, chosen))
    _say(size, patients, json_=json_, synthetic=synthetic)


def _chosen(
    command: str, belonging: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]], given: dict[str, Any]
) -> dict[str, Any]:
    """Return the options that say what to compute; refuse what is missing or belongs to another outcome."""
    outcome = given["outcome"]
    if outcome not in _OUTCOMES:
        close = nearest(outcome, _OUTCOMES)
        raise SpinecastError(
            f"there is no outcome {outcome!r}",
            where="--outcome",
            expected=", ".join(_OUTCOMES),
            remedy=f"did you mean {close}?" if close else None,
        )
    where = f"samplesize {command} --outcome {outcome}"
    needed, possible = belonging[outcome]
    given = {name: value for name, value in given.items() if name not in _EVERYWHERE and value is not None}
    stray = [name for name in given if name not in (*needed, *possible)]
    if stray:
        raise SpinecastError(
            f"{_options(stray)} {'does' if len(stray) == 1 else 'do'} not belong to this outcome",
            where=where,
            expected=f"{_options(needed)}; and if wanted {_options(possible)}",
        )
    missing = [name for name in needed if name not in given]
    if missing:
        raise SpinecastError(f"{_options(missing)} must be given", where=where, expected=_options(needed))
    sources = [name for name in _R2 if name in possible]
    if command == "develop" and sources and sum(name in given for name in sources) != 1:
        raise SpinecastError(
            "the anticipated performance must be given, in one way", where=where, expected=f"one of {_options(sources)}"
        )
    return given


def _options(names: Iterable[str]) -> str:
    return ", ".join(f"--{name.replace('_', '-')}" for name in names)


def _computed(command: str, compute: Callable[[], T]) -> T:
    """Run a computation; a number out of range is the user's."""
    try:
        return compute()
    except ValueError as error:
        raise SpinecastError(str(error), where=f"samplesize {command}") from None
    except ArithmeticError:
        raise SpinecastError(
            "these numbers ask for more patients than can be counted", where=f"samplesize {command}"
        ) from None


def _development(outcome: str, chosen: dict[str, Any]) -> SampleSize:
    from spinecast import statistics as st

    if outcome == "continuous":
        return st.development_size_continuous(**chosen)
    c_statistic, nagelkerke = chosen.pop("c_statistic", None), chosen.pop("r2_nagelkerke", None)
    explained = chosen.pop("r2_cox_snell", None)
    if outcome == "binary":
        largest = st.largest_cox_snell_r2(chosen["proportion"])
        if c_statistic is not None:
            explained = st.cox_snell_from_c_statistic(c_statistic, chosen["proportion"])
    else:
        largest = st.largest_cox_snell_r2_survival(chosen["rate"] * chosen["mean_follow_up"])
    if nagelkerke is not None:
        explained = st.cox_snell_from_nagelkerke(nagelkerke, largest)
    develop_ = st.development_size_binary if outcome == "binary" else st.development_size_survival
    return develop_(cox_snell_r2=explained, **chosen)


def _validation(outcome: str, chosen: dict[str, Any]) -> SampleSize:
    from spinecast import statistics as st

    if outcome == "binary":
        return st.validation_size_binary(**chosen)
    return (st.validation_size_survival if outcome == "survival" else st.validation_size_continuous)(**chosen)


def _linear_predictor(form: str, chosen: Mapping[str, Any]) -> tuple[LinearPredictor, bool]:
    """Return the distribution a form names, and whether its patients are made up."""
    from spinecast import statistics as st

    kind, _, rest = form.partition(":")
    if kind == "c-statistic" and not rest:
        return st.binormal_linear_predictor(chosen["c_statistic"], chosen["proportion"]), False
    if kind == "file":
        path, _, column = rest.rpartition(":")
        if path and column:
            return _predicted(Path(path), column)
    if kind in ("normal", "beta"):
        try:
            first, second = (float(part) for part in rest.split(","))
        except ValueError:
            pass
        else:
            made = st.normal_linear_predictor if kind == "normal" else st.beta_linear_predictor
            return made(first, second), False
    raise SpinecastError(
        f"{form!r} names no linear predictor",
        where="--linear-predictor",
        expected="normal:MEAN,SD, beta:A,B, file:TABLE:COLUMN or c-statistic",
    )


def _predicted(path: Path, column: str) -> tuple[LinearPredictor, bool]:
    import pandas as pd

    from spinecast import statistics as st
    from spinecast.cohorts.sources import read_table
    from spinecast.cohorts.synthetic.marks import is_marked

    table = read_table(path)
    present = [str(name) for name in table.columns]
    if present.count(column) != 1:
        close = nearest(column, present)
        raise SpinecastError(
            f"{path} has {'no' if column not in present else 'more than one'} column {column!r}",
            expected="one column of predicted risks",
            remedy=f"did you mean {close!r}?" if close and close != column else None,
        )
    risks = pd.to_numeric(table[column], errors="coerce").dropna().to_numpy(dtype=float)
    if risks.size == 0:
        raise SpinecastError(f"the column {column!r} of {path} holds no number", expected="predicted risks")
    return st.empirical_linear_predictor(risks), is_marked(table.columns, ())


def _say(size: SampleSize, patients: int | None, *, json_: bool, synthetic: bool) -> None:
    from spinecast.files import canonical_json
    from spinecast.statistics import expected_of_development

    adequacy = None if patients is None else size.judge(patients)
    expected = {} if patients is None else expected_of_development(size, patients)
    notices = [RESEARCH_USE, *([SYNTHETIC] if synthetic else [])]
    if json_:
        judged = None if adequacy is None else {**adequacy.to_dict(), "expected": expected}
        typer.echo(canonical_json({**size.to_dict(), "adequacy": judged, "notices": notices}))
        return
    width = max(len(criterion.label) for criterion in size.criteria)
    lines = [_headline(size), ""]
    for criterion in size.criteria:
        n = "none" if criterion.n is None else f"{criterion.n:,}"
        binds = "  binds" if criterion is size.binding else ""
        lines.append(f"  {criterion.label.ljust(width)}  {n:>10}{binds}")
        lines += [f"    {criterion.reason}"] if criterion.reason else []
    lines += ["", "assumed", *(f"  {name.replace('_', ' ')}: {_shown(v)}" for name, v in size.assumptions.items())]
    lines += ["sources", *(f"  {source}" for source in dict.fromkeys(one.source for one in size.criteria))]
    lines += ["notes", *(f"  {note}" for note in size.notes)]
    if adequacy is not None:
        lines += ["", adequacy.statement]
        lines += [f"  expected {name.replace('_', ' ')}: {value:.3f}" for name, value in expected.items()]
    typer.echo("\n".join([*lines, "", *notices]))


def _headline(size: SampleSize) -> str:
    verb = "developing" if size.purpose == "development" else "validating"
    line = f"{verb.capitalize()} a model of a {size.outcome} outcome: at least {size.n:,} patients"
    if size.events is not None:
        line += f", {size.events:,} events expected"
    if size.events_per_parameter is not None:
        line += f" ({size.events_per_parameter:.1f} a parameter)"
    return line


def _shown(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.4g}"
