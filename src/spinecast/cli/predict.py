"""``spinecast predict``: the risk of one patient, or of a table of them."""

from __future__ import annotations

import sys
import time
from codecs import BOM_UTF8
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from spinecast.cli.table_output import table_writer
from spinecast.errors import ContractError, DeclinedError, SpinecastError

if TYPE_CHECKING:
    import pandas

    from spinecast.explanation.answering import Question
    from spinecast.explanation.table_stretches import TableNotes
    from spinecast.models.loading import AnyModel

__all__ = ["load_asked", "predict", "read_patient", "say_declined"]

# No risk is given, on purpose: neither success nor a mistake of the user's.
DECLINED = 3

SECONDS_BETWEEN_WORDS = 5.0


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
    contributions: Annotated[
        bool, typer.Option("--contributions", help="Add what each predictor of the table's patients contributes.")
    ] = False,
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
    A table may have any number of rows: it is checked whole, then predicted some thousands of rows at a time.
    """
    from spinecast.explanation.answering import Question

    question = Question(tuple(day or ()), minimum_hemoglobin, level)
    if (patient is None) == (input_ is None) or (input_ is None) != (output is None):
        raise SpinecastError(
            "predict takes either one patient or a table",
            expected="--patient FILE.json, or --input TABLE with --output TABLE",
        )
    if patient is not None:
        if contributions:
            raise SpinecastError("--contributions adds columns to a table; of one patient they are always told")
        _predict_patient(model, patient, question, json_=json_)
    elif input_ is not None and output is not None:
        if json_:
            raise SpinecastError("--json prints one patient; the risks of a table go to --output")
        if minimum_hemoglobin is not None:
            raise SpinecastError("--minimum-hemoglobin is for one patient: no blood is ordered for a table")
        if level is not None and not contributions:
            raise SpinecastError("--level says what is explained", remedy="ask for --contributions, or leave it out")
        _predict_table(model, input_, output, question, allow_similar=allow_similar, contributions=contributions)


def _predict_patient(model: str, patient: Path, question: Question, *, json_: bool) -> None:
    from spinecast.explanation.answering import predict_any
    from spinecast.files import canonical_json

    given = read_patient(patient)
    found, identity = load_asked(model)
    try:
        answer = predict_any(found, identity, given, question)
    except DeclinedError as error:
        say_declined(found, identity, error, json_=json_)
    typer.echo(canonical_json(answer.to_dict()) if json_ else answer.to_text())


def say_declined(model: AnyModel, identity: str, error: DeclinedError, *, json_: bool) -> NoReturn:
    """Say that no answer is given of a patient, and why, and end with the status of that."""
    from spinecast.explanation.prediction import notices
    from spinecast.files import canonical_json

    said = {"declined": error.what, "model": model.name, "identity": identity, "notices": list(notices(model))}
    lines = (f"declined: {error.what}", f"model {model.name} ({identity[:12]})", "", *notices(model))
    typer.echo(canonical_json(said) if json_ else "\n".join(lines))
    raise typer.Exit(DECLINED) from None


def _predict_table(
    model: str, source: Path, target: Path, question: Question, *, allow_similar: bool, contributions: bool
) -> None:
    from spinecast.cohorts.table_files import read_stretches
    from spinecast.explanation.answering import require_fits
    from spinecast.explanation.table_prediction import ROWS_AT_ONCE
    from spinecast.explanation.table_stretches import TableNotes, check_stretches, predict_stretches
    from spinecast.files import ensure_writable_directory, staged_file

    _require_table_name(target)
    if source.exists() and target.exists() and target.samefile(source):
        raise SpinecastError(
            "the risks would replace the table of patients", where=str(target), remedy="name another --output"
        )
    ensure_writable_directory(target.parent)
    found, identity = load_asked(model)
    require_fits(found, question)

    def stretches() -> Iterator[pandas.DataFrame]:
        return (stretch.frame() for stretch in read_stretches(source, ROWS_AT_ONCE))

    rows = check_stretches(found, stretches(), allow_similar=allow_similar)
    notes, words = TableNotes(), _Words(rows)
    with staged_file(target) as stream, table_writer(stream, target) as write:
        for table, notes in predict_stretches(found, identity, stretches(), question, contributions=contributions):
            write(table)
            words.tell(notes.rows)
        if notes.rows != rows:
            raise ContractError(f"{source} was changed while it was read", where=f"{rows} rows, then {notes.rows}")
    typer.echo(f"{rows} patients predicted by {found.name} ({identity[:12]}): {target}", err=True)
    _say_notes(notes)


class _Words:
    """Says every few seconds, to a person who watches, how far a table has come."""

    def __init__(self, rows: int) -> None:
        self._rows, self._began, self._said = rows, time.monotonic(), time.monotonic()

    def tell(self, done: int) -> None:
        now = time.monotonic()
        if done < self._rows and now - self._said >= SECONDS_BETWEEN_WORDS and sys.stderr.isatty():
            left = (now - self._began) / done * (self._rows - done)
            typer.echo(f"  {done:,} of {self._rows:,} patients, about {left:,.0f} s left", err=True)
            self._said = now


def _say_notes(notes: TableNotes) -> None:
    said = []
    if notes.absent:
        said.append(f"no column for {', '.join(notes.absent)}: not known for anyone")
    if notes.nothing_known:
        said.append(f"{notes.nothing_known} rows hold none of the model's inputs: they have no risk")
    said.extend(notes.scanners)
    if notes.outside:
        said.append(f"{notes.outside} rows are outside the development range (column outside_development)")
    if notes.declined:
        said.append(f"of {notes.declined} rows no risk is given (column declined says why)")
    for name, count in notes.unusual.items():
        said.append(f"{name} is unusual in {count} rows (column unusual_inputs); check its unit")
    for one in said:
        typer.echo(f"note: {one}", err=True)


def load_asked(model: str) -> tuple[AnyModel, str]:
    """Load a model of any kind by folder or by a name of the store."""
    from spinecast.tracking.models import find_any_model, is_model_folder
    from spinecast.tracking.store import open_store

    return find_any_model(None if is_model_folder(model) else open_store(create=False), model)


def read_patient(path: Path) -> dict[str, Any]:
    """Read one patient's JSON object, as strictly as a request is read."""
    from spinecast.documents.json_text import MalformedError, read_json

    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise ContractError(f"there is no file {path}", where=str(path), remedy="check the path") from error
    except OSError as error:
        raise ContractError(f"{path} cannot be read: {error}", where=str(path)) from error
    try:
        given = read_json(content.removeprefix(BOM_UTF8), str(path))  # some editors of Windows begin a file with it
    except MalformedError as error:
        raise ContractError(error.what, where=f"{path} {error.pointer}".rstrip(), expected=error.expected) from error
    if not isinstance(given, dict):
        raise ContractError(
            f"{path} does not hold one patient",
            where=str(path),
            expected='an object such as {"age": 63, "sex": "female"}',
        )
    return given


def _require_table_name(path: Path) -> None:
    if path.suffix.casefold() not in (".parquet", ".pq", ".csv"):
        raise SpinecastError(f"{path} is neither CSV nor Parquet", expected="a name ending in .csv or .parquet")
