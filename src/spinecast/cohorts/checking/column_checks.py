"""CC001 to CC006: which columns are read as which variables, and which are not."""

from __future__ import annotations

from collections.abc import Iterator

from spinecast.cohorts.checking.findings import LISTED, SHOWN, FileFinding, NotApplicable, Result
from spinecast.cohorts.checking.headers import nearest_variables
from spinecast.cohorts.checking.proposals import Proposal, proposed_roles, unread_columns
from spinecast.cohorts.checking.reading import MappedTable
from spinecast.errors import nearest

__all__ = ["column_results"]


def column_results(
    table: MappedTable, proposals: tuple[Proposal, ...], other: MappedTable | None = None
) -> Iterator[Result]:
    """Check how the columns of a file map to the dictionary.

    Parameters
    ----------
    table : MappedTable
    proposals : tuple of Proposal
        For columns that are not read.
    other : MappedTable, optional
        Another file, of which only the columns that its mapping names and it lacks are looked for.
    """
    yield from _proposed(table, proposals)
    yield from _unmatched(table, proposals)
    yield from _taken_twice(table, proposals)
    yield from _lacking(table)
    if other is not None and other.mapping.given:
        yield from _lacking(other)
    yield from _repeating(table)
    if not table.columns:
        yield FileFinding(
            "CC006",
            "error",
            f"none of the {len(table.headers)} columns is read as a variable, so nothing below could be checked",
            "save the proposed mapping, complete it and name it with --mapping"
            if proposals
            else "write a mapping {columns: {variable: {column: ...}}} and name it with --mapping",
            count=len(table.headers),
            of=len(table.headers),
        )


def _proposed(table: MappedTable, proposals: tuple[Proposal, ...]) -> Iterator[Result]:
    if not proposals:
        return
    named = tuple(f"{proposal.column} → {proposal.match.variable}" for proposal in proposals)
    yield FileFinding(
        "CC001",
        # Whoever wrote a mapping may have left a column out on purpose.
        "note" if table.mapping.given else "warning",
        f"{_columns(len(named))} like variables of the dictionary and {'is' if len(named) == 1 else 'are'} not read",
        "look through the proposed mapping, complete it and name it with --mapping",
        count=len(named),
        of=len(table.headers),
        examples=named,
    )


def _columns(count: int) -> str:
    return "1 column looks" if count == 1 else f"{count} columns look"


def _unmatched(table: MappedTable, proposals: tuple[Proposal, ...]) -> Iterator[Result]:
    proposed = {proposal.column for proposal in proposals} | set(proposed_roles(table).values())
    unmatched = [header for header in unread_columns(table) if header not in proposed]
    if not unmatched:
        return
    # Likeness is dear, and a table may have a hundred thousand columns: it is sought for those that are written out.
    shown = [*(f"{header}{_near(header)}" for header in unmatched[:LISTED]), *unmatched[LISTED:]]
    yield FileFinding(
        "CC002",
        "note",
        f"{len(unmatched)} column{'s match' if len(unmatched) > 1 else ' matches'} no variable and "
        f"{'are' if len(unmatched) > 1 else 'is'} not read",
        "leave them out, or map those that a study needs to their variables",
        count=len(unmatched),
        of=len(table.headers),
        examples=tuple(shown),
    )


def _near(header: str) -> str:
    close = nearest_variables(header)
    return f" (nearest: {', '.join(close)})" if close else ""


def _taken_twice(table: MappedTable, proposals: tuple[Proposal, ...]) -> Iterator[Result]:
    doubled = sorted(set(table.headers) - table.once)
    for header in doubled:
        yield FileFinding(
            "CC003",
            "error",
            f"the file has {table.headers.count(header)} columns named {header!r}; none of them is read",
            "give every column a name of its own",
            column=header,
            count=table.headers.count(header),
        )
    uses: dict[str, list[str]] = {}
    for rule in table.mapping.rules(table.headers):
        uses.setdefault(rule.column, []).append(rule.variable)
    for column, purpose in table.mapping.named_columns().items():
        if column in uses:
            uses[column].append(purpose)
    for column, names in uses.items():
        if len(names) > 1:
            yield FileFinding(
                "CC003",
                "error",
                f"the column {column!r} is read as {' and as '.join(names)}",
                "map each column once",
                column=column,
                count=len(names),
            )
    yield from _variable_twice(table, proposals)


def _variable_twice(table: MappedTable, proposals: tuple[Proposal, ...]) -> Iterator[Result]:
    """Find variables that several columns seem to hold: a repeated measurement, another unit, another day."""
    held: dict[str, list[str]] = {name: [column.rule.column] for name, column in table.columns.items()}
    for proposal in proposals:
        held.setdefault(proposal.match.variable, []).append(proposal.column)
    for name, columns in held.items():
        if len(columns) > 1:
            yield FileFinding(
                "CC003",
                "warning",
                f"{len(columns)} columns look like {name}: {', '.join(columns)}",
                f"decide which of them {name} is and map that one",
                variable=name,
                count=len(columns),
            )


def _lacking(table: MappedTable) -> Iterator[Result]:
    if not table.mapping.given:
        yield NotApplicable("CC004", "no mapping is given")
        return
    needed = {rule.column: rule.variable for rule in table.mapping.rules(table.headers)} | table.mapping.named_columns()
    for column, purpose in needed.items():
        if column in table.headers:
            continue
        close = nearest(column, table.headers)
        yield FileFinding(
            "CC004",
            "error",
            f"the mapping reads {purpose} from {column!r}, which {table.name} does not have",
            f"did you mean {close!r}?" if close else f"its columns are {', '.join(table.headers[: 4 * SHOWN])}",
            column=column,
        )


def _repeating(table: MappedTable) -> Iterator[Result]:
    if table.identifiers is None:
        yield NotApplicable("CC005", "no id_column is read")
        return
    for rule in table.repeating:
        yield FileFinding(
            "CC005",
            "error",
            f"half or more of the cells of {rule.column!r} are the patient identifier of their row; it is not read",
            f"map {rule.variable} to another column",
            column=rule.column,
            variable=rule.variable,
        )
