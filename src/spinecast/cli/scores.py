"""``spinecast scores``: published scores of every patient of a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spinecast.errors import ContractError, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas

    from spinecast.clinical.scores import Score

__all__ = ["scores"]

_IDENTIFIERS = ("patient_id", "id")
_SYNTHETIC = "spinecast_synthetic"
_PARQUET = (".parquet", ".pq")


def scores(
    cohort: Annotated[
        Path | None, typer.Argument(metavar="COHORT", help="Patients, in dictionary names: CSV or Parquet.")
    ] = None,
    wanted: Annotated[str, typer.Option("--scores", metavar="NAMES", help="all, or names joined by commas.")] = "all",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="TABLE", help="Where the scores go: .csv or .parquet.")
    ] = None,
    identifier: Annotated[
        str | None, typer.Option("--id", metavar="COLUMN", help="Column kept to tell patients apart.")
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="List the scores, their ranges and inputs, and stop.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Compute published scores; where inputs are missing, the range of what they can be. Research use only."""
    from spinecast.clinical.scores import score
    from spinecast.clinical.scores import scores as every_score
    from spinecast.files import canonical_json

    names = list(every_score()) if wanted == "all" else [name.strip() for name in wanted.split(",") if name.strip()]
    chosen = [score(name) for name in dict.fromkeys(names)]
    if not chosen:
        raise ContractError("--scores names no score", expected="all, or names joined by commas")
    if list_:
        typer.echo(canonical_json([_about(entry) for entry in chosen]) if json_ else "\n".join(map(_line, chosen)))
        return
    if cohort is None or output is None:
        raise ContractError(
            "scores takes a table of patients and a place for the result",
            expected="spinecast scores COHORT -o TABLE, or spinecast scores --list",
        )
    answer = _score_file(cohort, chosen, output, identifier)
    typer.echo(canonical_json(answer) if json_ else "\n".join(_summary(answer)), err=not json_)


def _score_file(cohort: Path, chosen: Sequence[Score], output: Path, identifier: str | None) -> dict[str, Any]:
    from spinecast.cohorts.sources import read_table
    from spinecast.files import ensure_writable_directory
    from spinecast.notices import RESEARCH_USE, SYNTHETIC

    if output.suffix.casefold() not in (*_PARQUET, ".csv"):
        raise ContractError(f"{output} has no known ending", expected="a name that ends in .csv or .parquet")
    if output.resolve() == cohort.resolve():
        raise ContractError(f"{output} is the table of patients itself", remedy="name another file for the scores")
    ensure_writable_directory(output.parent)
    table = read_table(cohort)
    kept = _kept_columns(table, identifier)
    frame = _checked(table, chosen)
    columns, counts = _scored(frame, chosen)
    synthetic = _is_synthetic(table, kept)
    _write(output, table[kept], columns, synthetic=synthetic)
    present = {str(name) for name in table.columns}
    return {
        "cohort": cohort.name,
        "patients": len(table),
        "output": str(output),
        "synthetic": synthetic,
        "notices": [RESEARCH_USE, *((SYNTHETIC,) if synthetic else ())],
        "scores": [
            {"name": entry.name, "label": entry.label, **counts[entry.name], "absent_inputs": _absent(entry, present)}
            for entry in chosen
        ],
    }


def _kept_columns(table: pandas.DataFrame, identifier: str | None) -> list[str]:
    """Return the columns of the table that go along: the identifier, and the mark of made-up patients."""
    present = [str(name) for name in table.columns]
    if identifier is not None and identifier not in present:
        close = nearest(identifier, present)
        raise ContractError(
            f"the table has no column {identifier!r}",
            expected="a column that tells patients apart",
            remedy=f"did you mean {close!r}?" if close else None,
        )
    found = identifier or next((name for name in _IDENTIFIERS if name in present), None)
    kept = [name for name in (found, _SYNTHETIC) if name is not None and name in present]
    doubled = next((name for name in kept if present.count(name) > 1), None)
    if doubled:
        raise ContractError(f"the table has more than one column {doubled!r}", expected="every column name once")
    return kept


def _checked(table: pandas.DataFrame, chosen: Sequence[Score]) -> pandas.DataFrame:
    """Bring what the scores read to canonical form through the contract; what is not in the table stays unknown."""
    from spinecast.clinical.dictionary import variable
    from spinecast.cohorts.contract import check_predictors

    present = [str(name) for name in table.columns]
    inputs = dict.fromkeys(name for entry in chosen for name in entry.inputs)
    given = dict.fromkeys(name for entry in chosen for name in entry.alternatives if name in present)
    readable = [
        *(name for name in inputs if name in present or any(each in present for each in variable(name).derived_from)),
        *given,
    ]
    doubled = next((name for name in readable if present.count(name) > 1), None)
    if doubled:
        raise ContractError(f"the table has more than one column {doubled!r}", expected="every column name once")
    if not readable:
        close = next((match for name in inputs if (match := nearest(name, present))), None)
        raise ContractError(
            "the table has no column that these scores read",
            expected=f"columns named as in the dictionary, such as {', '.join(list(inputs)[:6])}",
            remedy=f"the nearest column is {close!r}" if close else "see spinecast scores --list",
        )
    return check_predictors(table, list(dict.fromkeys(readable)))


def _scored(
    frame: pandas.DataFrame, chosen: Sequence[Score]
) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, int]]]:
    """Compute every score; return its columns (value, lower, upper, stratum) and how many patients it is known of."""
    import numpy as np

    from spinecast.clinical.scores import compute_scores
    from spinecast.cohorts.cohort import frame_matrix

    found = compute_scores(chosen, {str(name): frame_matrix(frame, [str(name)])[:, 0] for name in frame})
    results: dict[str, dict[str, Any]] = {}
    counts: dict[str, dict[str, int]] = {}
    for entry in chosen:
        result = found.pop(entry.name)
        value = result.value
        results[entry.name] = {"": value, "_lower": result.lower, "_upper": result.upper}
        if entry.strata:
            results[entry.name]["_stratum"] = _labels(result.stratum(), entry)
        known, impossible = int(np.isfinite(value).sum()), int(np.isnan(result.upper).sum())
        counts[entry.name] = {
            "known": known,
            "range": len(value) - known - impossible,
            "not_estimable": impossible,
        }
    return results, counts


def _labels(stratum: Any, entry: Score) -> Any:
    import pandas as pd

    return pd.Categorical.from_codes(stratum, categories=pd.Index([band.label for band in entry.strata]), ordered=True)


def _write(output: Path, kept: pandas.DataFrame, columns: dict[str, dict[str, Any]], *, synthetic: bool) -> None:
    import pandas as pd

    from spinecast.files import atomic_write

    flat = {f"{name}{part}": values for name, parts in columns.items() for part, values in parts.items()}
    result = pd.concat([kept.reset_index(drop=True), pd.DataFrame(flat)], axis=1)
    if output.suffix.casefold() not in _PARQUET:
        atomic_write(output, result.to_csv(index=False))
        return
    import pyarrow
    from pyarrow import parquet

    table = pyarrow.Table.from_pandas(result, preserve_index=False)
    if synthetic:
        mark = str(result[_SYNTHETIC].iloc[0]) if _SYNTHETIC in result else "SYNTHETIC"
        table = table.replace_schema_metadata({**(table.schema.metadata or {}), b"spinecast.synthetic": mark.encode()})
    buffer = pyarrow.BufferOutputStream()
    parquet.write_table(table, buffer)
    atomic_write(output, buffer.getvalue().to_pybytes())


def _is_synthetic(table: pandas.DataFrame, kept: Sequence[str]) -> bool:
    if _SYNTHETIC in kept:
        return True
    return any(table[name].astype(str).str.startswith("SYNTHETIC").any() for name in kept)


def _absent(entry: Score, present: set[str]) -> list[str]:
    return [name for name in entry.inputs if name not in present]


def _about(entry: Score) -> dict[str, Any]:
    return {
        "name": entry.name,
        "label": entry.label,
        "direction": entry.direction,
        "minimum": entry.minimum,
        "maximum": entry.maximum,
        "inputs": list(entry.inputs),
        "alternatives": list(entry.alternatives),
        "strata": [
            {
                "label": band.label,
                "lower": band.lower,
                "upper": band.upper,
                "expected_survival": {str(days): proportion for days, proportion in band.expected_survival.items()},
                "deterministic_days": list(band.deterministic_days),
            }
            for band in entry.strata
        ],
        "source": entry.source,
        "survival_source": entry.survival_source,
        "notes": entry.notes,
    }


def _line(entry: Score) -> str:
    from spinecast.clinical.variable import format_number

    limits = f"{format_number(entry.minimum)} to {format_number(entry.maximum)}"
    lines = [
        f"{entry.name}: {entry.label}",
        f"    {limits}, {entry.direction.replace('_', ' ')}",
        f"    inputs: {', '.join(entry.inputs)}",
        f"    source: {entry.source}",
    ]
    return "\n".join([*lines, *([f"    note: {entry.notes}"] if entry.notes else [])])


def _summary(answer: dict[str, Any]) -> list[str]:
    lines = [f"{answer['patients']:,} patients of {answer['cohort']}: {answer['output']}"]
    for row in answer["scores"]:
        said = [f"{row['known']:,} known", f"{row['range']:,} as a range"]
        said += [f"{row['not_estimable']:,} not estimable"] if row["not_estimable"] else []
        said += [f"not in the table: {_few(row['absent_inputs'])}"] if row["absent_inputs"] else []
        lines.append(f"  {row['name']}: {'; '.join(said)}")
    return [*lines, *answer["notices"]]


def _few(names: list[str]) -> str:
    shown, more = names[:5], len(names) - 5
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")
