"""``spinecast predict``: the risk of one patient, or of a table of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spinecast.errors import ContractError

if TYPE_CHECKING:
    import pandas

    from spinecast.models.prognosis_model import PrognosisModel

__all__ = ["predict"]


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
    json_: Annotated[bool, typer.Option("--json", help="Print the patient's prediction as JSON.")] = False,
) -> None:
    """Predict with a saved model. Research use only: never for the care of a person."""
    from spinecast.cohorts.sources import read_table
    from spinecast.errors import SpinecastError
    from spinecast.files import canonical_json, ensure_writable_directory

    if (patient is None) == (input_ is None) or (input_ is None) != (output is None):
        raise SpinecastError(
            "predict takes either one patient or a table",
            expected="--patient FILE.json, or --input TABLE with --output TABLE",
        )
    from spinecast.explanation.prediction import predict_patient, predict_table
    from spinecast.tracking.models import find_model
    from spinecast.tracking.store import open_store

    def load() -> tuple[PrognosisModel, str]:
        return find_model(None if Path(model).is_dir() else open_store(create=False), model)

    if patient is not None:
        given = _read_patient(patient)
        found, identity = load()
        prediction = predict_patient(found, identity, given)
        typer.echo(canonical_json(prediction.to_dict()) if json_ else prediction.to_text())
    elif input_ is not None and output is not None:
        ensure_writable_directory(output.parent)
        table = read_table(input_)
        found, identity = load()
        _write_table(output, predict_table(found, identity, table))
        typer.echo(f"{len(table)} patients predicted by {found.name} ({identity[:12]}): {output}", err=True)


def _read_patient(path: Path) -> dict[str, Any]:
    """Read one patient's JSON object; a key given twice is refused, because one of the two would be lost."""

    def no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        repeated = {name for name, _ in pairs if [other for other, _ in pairs].count(name) > 1}
        if repeated:
            raise ContractError(f"{path} gives {', '.join(sorted(repeated))} more than once", where=str(path))
        return dict(pairs)

    try:
        given = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=no_repeats)
    except FileNotFoundError as error:
        raise ContractError(f"there is no file {path}", where=str(path), remedy="check the path") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ContractError(f"{path} cannot be read: {error}", where=str(path)) from error
    except ValueError as error:
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


def _write_table(path: Path, table: pandas.DataFrame) -> None:
    from spinecast.files import atomic_write

    if path.suffix.casefold() in (".parquet", ".pq"):
        atomic_write(path, table.to_parquet(index=False))
    else:
        atomic_write(path, table.to_csv(index=False))
