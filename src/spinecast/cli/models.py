"""``spinecast models``: what the registry holds, and which version is called what and why."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spinecast.cli.columns import print_columns
from spinecast.cli.log_here import command_line_actor, log_here, log_is_here

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spinecast.promotion.history import History
    from spinecast.promotion.results import GateResult

__all__ = ["app"]

# As of a log that is not whole: neither success nor a mistake of who asks.
NOT_WHOLE = 4

app = typer.Typer(
    help="Registered models: list them, put a version through the gates, promote, demote, roll back, see the history.",
    invoke_without_command=True,
    rich_markup_mode=None,
    add_completion=False,
)
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Registered name.")]
VersionArgument = Annotated[str, typer.Argument(metavar="VERSION", help="Its number.")]
BecauseOption = Annotated[
    str, typer.Option("--because", metavar="TEXT", help="Why, for the log.", callback=lambda text: _reason(text))
]
GatesOption = Annotated[
    Path | None, typer.Option("--gates", metavar="FILE", help="Gates of your own [default: configs/gates.yaml].")
]
SyntheticOption = Annotated[
    bool,
    typer.Option("--allow-synthetic", help="Let a model of made-up patients through; it stays marked as one."),
]
AliasOption = Annotated[str, typer.Option("--alias", metavar="ALIAS", help="champion or candidate.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def _reason(text: str) -> str:
    """Refuse a reason that says nothing before anything is opened: a log begins with what was done, not with less."""
    from spinecast.audit.reasons import required

    return required(text)


@app.callback()
def models(
    context: typer.Context,
    json_: Annotated[bool, typer.Option("--json", help="One JSON line a version.")] = False,
) -> None:
    """Without a command: registered models with versions, aliases, runs and whether their cohort was real."""
    if context.invoked_subcommand is not None:
        return
    from datetime import UTC, datetime

    from spinecast.files import canonical_json
    from spinecast.tracking.models import registered_versions
    from spinecast.tracking.store import open_store

    versions = registered_versions(open_store(create=False))
    if json_:
        for version in versions:
            typer.echo(canonical_json(asdict(version)))
        return
    if not versions:
        typer.echo("no model is registered yet; `spinecast train STUDY.yaml` registers one")
        return
    rows = [("model", "version", "alias", "cohort", "made (UTC)", "run", "updated from")]
    rows += [
        (
            version.name,
            version.version,
            ", ".join(version.aliases),
            version.cohort_kind,
            datetime.fromtimestamp(version.created / 1000, UTC).strftime("%Y-%m-%d %H:%M"),
            version.run_id,
            version.parent,
        )
        for version in versions
    ]
    print_columns(rows)


@app.command("gates")
def gates(
    name: NameArgument,
    version: VersionArgument,
    gates_file: GatesOption = None,
    allow_synthetic: SyntheticOption = False,
    json_: JsonOption = False,
) -> None:
    """Put a version through the gates and change nothing: each number beside its bound. Status 2 if refused."""
    from spinecast.files import canonical_json
    from spinecast.promotion.evidence import gather
    from spinecast.promotion.gates import assess
    from spinecast.promotion.gates_file import read_gates
    from spinecast.promotion.history import moves_of
    from spinecast.promotion.logged import held_against_log
    from spinecast.tracking.store import open_store

    read, store = read_gates(gates_file), open_store(create=False)
    evidence = gather(store, name, version)
    if log_is_here():
        with log_here() as log:
            evidence = held_against_log(evidence, log, store, moves_of(log, name))
    results = assess(evidence, read.content, allow_synthetic=allow_synthetic)
    if json_:
        typer.echo(
            canonical_json(
                {
                    "model": f"{name}/{version}",
                    "gates": {"file": read.file, "sha256": read.sha256},
                    "passes": not any(one.refuses for one in results),
                    "results": [one.to_dict() for one in results],
                }
            )
        )
    else:
        _print_gates(results)
    if any(one.refuses for one in results):
        raise typer.Exit(2)


@app.command("promote")
def promote(
    name: NameArgument,
    version: VersionArgument,
    because: BecauseOption,
    to: Annotated[str, typer.Option("--to", metavar="ALIAS", help="champion, behind the gates, or candidate.")],
    gates_file: GatesOption = None,
    allow_synthetic: SyntheticOption = False,
) -> None:
    """Call a version champion, if it passes every gate. The audit log keeps who, why and the numbers."""
    from spinecast.promotion.gates_file import read_gates
    from spinecast.promotion.moving import Mover
    from spinecast.tracking.store import open_store

    read, store = read_gates(gates_file), open_store(create=False)
    with log_here(create=True) as log:
        mover = Mover(store, log, command_line_actor(), name)
        results = mover.promote(version, to, because, read, allow_synthetic=allow_synthetic)
    _print_gates(results)
    typer.echo(f"{name}/{version} is {to}; a running server takes it up by itself")


@app.command("card")
def card(
    name: NameArgument,
    version: VersionArgument,
    words: Annotated[
        Path | None,
        typer.Option("--words", metavar="FILE.yaml", help="The authors' words: keys of `reporting:` of a study."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="DIR", help="Write the card here too, as page and as JSON.")
    ] = None,
) -> None:
    """Make the model card of a version from its record and its validations, and publish it in the registry.

    Words given once are kept for the versions after it. What is still to be written is listed.
    """
    from spinecast.documents import read_document
    from spinecast.files import atomic_write
    from spinecast.promotion.cards import publish_card
    from spinecast.tracking.store import open_store
    from spinecast.training.study.reporting import AUTHORS, ReportingSpec

    given = None
    if words is not None:
        given = {
            key: text for key, text in read_document(words, ReportingSpec, AUTHORS)[0].model_dump().items() if text
        }
    published = publish_card(open_store(create=False), name, version, given)
    for file, text in published.files.items() if output is not None else ():
        atomic_write(Path(output or ".") / file, text)
        typer.echo(str(Path(output or ".") / file))
    typer.echo(f"{name}/{version}: the card is published")
    for line in published.lacking:
        typer.echo(f"  still to be written: {line}")


@app.command("demote")
def demote(name: NameArgument, because: BecauseOption, alias: AliasOption = "champion") -> None:
    """Take an alias away. Without a champion the candidate is served, and says so."""
    from spinecast.promotion.moving import Mover
    from spinecast.tracking.store import open_store

    store = open_store(create=False)
    with log_here(create=True) as log:
        version = Mover(store, log, command_line_actor(), name).demote(alias, because)
    typer.echo(f"{name}/{version} is {alias} no more")


@app.command("rollback")
def rollback(name: NameArgument, because: BecauseOption, alias: AliasOption = "champion") -> None:
    """Give an alias back to the version that had it before and came through the gates then, as the log says."""
    from spinecast.promotion.moving import Mover
    from spinecast.tracking.store import open_store

    store = open_store(create=False)
    with log_here() as log:
        version = Mover(store, log, command_line_actor(), name).roll_back(alias, because)
    typer.echo(f"{name}/{version} is {alias} again")


@app.command("history")
def history(name: NameArgument, json_: JsonOption = False) -> None:
    """Show every move of a model's aliases from the audit log. Status 4 where the registry says otherwise."""
    from spinecast.files import canonical_json
    from spinecast.promotion.history import history_of
    from spinecast.promotion.logged import gone_validations, logged_validations
    from spinecast.tracking.aliases import aliases_of
    from spinecast.tracking.models import registered_versions
    from spinecast.tracking.store import open_store

    store = open_store(create=False)
    aliases = aliases_of(store, name)
    with log_here() as log:
        found = history_of(log, name, aliases)
        versions = {one.identity for one in registered_versions(store) if one.name == name}
        gone = gone_validations(logged_validations(log, name, versions), store)
    lost = [f"a validation is in the log and no longer in the registry: {one}" for one in gone]
    found = replace(found, disagreements=[*found.disagreements, *lost])
    if json_:
        typer.echo(canonical_json(found.to_dict()))
    else:
        _print_history(found)
    if found.disagreements:
        raise typer.Exit(NOT_WHOLE)


def _print_gates(results: Sequence[GateResult]) -> None:
    for result in results:
        lets = " (lets it pass)" if result.status == "not assessed" and not result.refuses else ""
        typer.echo(f"{result.status + lets:14} {result.label}")
        for one in result.findings:
            typer.echo(f"{'':15}{one.what}: {one.found}")
        for bound in dict.fromkeys((one.bound, one.source) for one in result.findings):
            typer.echo(f"{'':15}must be {bound[0]} ({bound[1]})")


def _print_history(found: History) -> None:
    if found.moves:
        rows = [("record", "time (UTC)", "what", "alias", "from", "to", "outcome", "gates", "who", "why")]
        rows += [
            (
                str(move.record),
                move.recorded_at[:19],
                move.action.replace("_", " "),
                move.alias,
                move.before or "-",
                move.after or "-",
                move.outcome,
                move.gates or "-",
                move.actor,
                move.because,
            )
            for move in found.moves
        ]
        print_columns(rows)
    typer.echo(
        f"now: {', '.join(f'{alias} {version}' for alias, version in sorted(found.aliases.items())) or 'no alias'}"
    )
    for line in found.disagreements:
        typer.echo(f"DISAGREES: {line}")
    for line in found.notes:
        typer.echo(f"note: {line} (trained where there was no log, or moved by other means)")
