"""``spinecast predict``: the risk of one patient, or of a table of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spinecast.errors import ContractError, DeclinedError, SpinecastError

if TYPE_CHECKING:
    import pandas

    from spinecast.models.loading import AnyModel

__all__ = ["predict"]

# No risk is given, on purpose: neither success nor a mistake of the user's.
DECLINED = 3


_PARQUET = (".parquet", ".pq")


def predict(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Registered name, name@alias, run id or folder.")],
    patient: Annotated[
        Path | None, typer.Option("--patient", metavar="FILE", help="One patient as JSON: {variable: value}.")
    ] = None,
    input_: Annotated[
        Path | None, typer.Option("--input", metavar="TABLE", help="Many patients: CSV or Parquet.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="TABLE", help="Where the table's risks go: CSV or Parquet.")
    ] = None,
    allow_similar: Annotated[
        bool,
        typer.Option("--allow-similar-columns", help="Take columns named almost like a predictor for something else."),
    ] = False,
    day: Annotated[
        list[float] | None,
        typer.Option("--day", metavar="DAY", help="Of a model of times: day to answer, again for more [its study's]."),
    ] = None,
    minimum_hemoglobin: Annotated[
        float | None,
        typer.Option(
            "--minimum-hemoglobin",
            metavar="G_PER_DL",
            help="Of a model of blood loss: lowest haemoglobin accepted when blood is ordered [7 g/dL].",
        ),
    ] = None,
    level: Annotated[
        str | None,
        typer.Option("--level", metavar="LEVEL", help="Of a model of ordered levels: whose reaching is explained."),
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print the patient's prediction as JSON.")] = False,
) -> None:
    """Predict with a saved model. Research use only: never for the care of a person.

    Where the study wants no risk given of a patient, the answer is "declined" with the reason and the exit status 3.
    """
    days = tuple(day or ())
    if (patient is None) == (input_ is None) or (input_ is None) != (output is None):
        raise SpinecastError(
            "predict takes either one patient or a table",
            expected="--patient FILE.json, or --input TABLE with --output TABLE",
        )
    if patient is not None:
        _predict_patient(model, patient, days, minimum_hemoglobin, level, json_=json_)
    elif input_ is not None and output is not None:
        if json_:
            raise SpinecastError("--json prints one patient; the risks of a table go to --output")
        if minimum_hemoglobin is not None:
            raise SpinecastError("--minimum-hemoglobin is for one patient: no blood is ordered for a table")
        if level is not None:
            raise SpinecastError("--level is for one patient: nothing is explained for a table")
        _predict_table(model, input_, output, days, allow_similar=allow_similar)


def _predict_patient(
    model: str,
    patient: Path,
    days: tuple[float, ...],
    minimum_hemoglobin: float | None,
    level: str | None,
    *,
    json_: bool,
) -> None:
    from spinecast.explanation.answering import Question, predict_any
    from spinecast.explanation.prediction import notices
    from spinecast.files import canonical_json

    given = _read_patient(patient)
    found, identity = _load(model)
    question = Question(days, minimum_hemoglobin, level)
    try:
        answer = predict_any(found, identity, given, question)
    except DeclinedError as error:
        said = {"declined": error.what, "model": found.name, "identity": identity, "notices": list(notices(found))}
        lines = (f"declined: {error.what}", f"model {found.name} ({identity[:12]})", "", *notices(found))
        typer.echo(canonical_json(said) if json_ else "\n".join(lines))
        raise typer.Exit(DECLINED) from None
    typer.echo(canonical_json(answer.to_dict()) if json_ else answer.to_text())


def _predict_table(model: str, source: Path, target: Path, days: tuple[float, ...], *, allow_similar: bool) -> None:
    from spinecast.cohorts.sources import read_table
    from spinecast.explanation.answering import predict_any_table
    from spinecast.files import ensure_writable_directory

    _require_table_name(target)
    if source.exists() and target.exists() and target.samefile(source):
        raise SpinecastError(
            "the risks would replace the table of patients", where=str(target), remedy="name another --output"
        )
    ensure_writable_directory(target.parent)
    table = read_table(source)
    found, identity = _load(model)
    predicted = predict_any_table(found, identity, table, days, allow_similar=allow_similar)
    _write_table(target, predicted.table)
    typer.echo(f"{len(table)} patients predicted by {found.name} ({identity[:12]}): {target}", err=True)
    if predicted.absent:
        typer.echo(f"note: no column for {', '.join(predicted.absent)}: not known for anyone", err=True)
    if predicted.nothing_known:
        typer.echo(f"note: {predicted.nothing_known} rows hold none of the model's inputs: they have no risk", err=True)
    for sentence in predicted.scanners:
        typer.echo(f"note: {sentence}", err=True)
    if predicted.outside:
        typer.echo(
            f"note: {predicted.outside} rows are outside the development range (column outside_development)", err=True
        )
    if predicted.declined:
        typer.echo(f"note: of {predicted.declined} rows no risk is given (column declined says why)", err=True)
    for name, count in predicted.unusual.items():
        typer.echo(f"note: {name} is unusual in {count} rows (column unusual_inputs); check its unit", err=True)


def _load(model: str) -> tuple[AnyModel, str]:
    from spinecast.tracking.models import find_any_model, is_model_folder
    from spinecast.tracking.store import open_store

    return find_any_model(None if is_model_folder(model) else open_store(create=False), model)


def _read_patient(path: Path) -> dict[str, Any]:
    """Read one patient's JSON object; a key given twice is refused, because one of the two would be lost."""

    def no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        repeated = {name for name, _ in pairs if [other for other, _ in pairs].count(name) > 1}
        if repeated:
            raise ContractError(f"{path} gives {', '.join(sorted(repeated))} more than once", where=str(path))
        return dict(pairs)

    try:
        given = json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=no_repeats)
    except FileNotFoundError as error:
        raise ContractError(f"there is no file {path}", where=str(path), remedy="check the path") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ContractError(f"{path} cannot be read: {error}", where=str(path)) from error
    except (ValueError, RecursionError) as error:
        raise ContractError(
            f"{path} is not JSON: {error}", where=str(path), expected='an object such as {"age": 63, "sex": "female"}'
        ) from error
    if not isinstance(given, dict):
        raise ContractError(
            f"{path} does not hold one patient",
            where=str(path),
            expected='an object such as {"age": 63, "sex": "female"}',
        )
    return given


def _require_table_name(path: Path) -> None:
    if path.suffix.casefold() not in (*_PARQUET, ".csv"):
        raise SpinecastError(f"{path} is neither CSV nor Parquet", expected="a name ending in .csv or .parquet")


def _write_table(path: Path, table: pandas.DataFrame) -> None:
    from spinecast.files import atomic_write

    if path.suffix.casefold() in _PARQUET:
        atomic_write(path, table.to_parquet(index=False))
    else:
        atomic_write(path, table.to_csv(index=False))
