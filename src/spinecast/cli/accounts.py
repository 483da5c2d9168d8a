"""``spinecast users`` and ``spinecast keys``: who may use the server. Whoever may read its database may do this."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from spinecast.cli.columns import print_columns
from spinecast.cli.log_here import command_line_actor, open_log_here

if TYPE_CHECKING:
    from spinecast.accounts.people import Account
    from spinecast.accounts.store import AccountStore

__all__ = ["keys", "users"]

users = typer.Typer(
    help="Accounts of those who sign in: clinicians, data scientists, auditors, administrators.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)
keys = typer.Typer(
    help="Keys for programs that ask the server: good for some things only, for some time.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The account's name.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
RoleOption = Annotated[
    list[str],
    typer.Option("--role", metavar="ROLE", help="clinician, data-scientist, auditor or administrator; once for each."),
]

ScopeOption = Annotated[
    list[str],
    typer.Option(
        "--scope",
        metavar="SCOPE",
        help="predict, read-models, read-own, read-log, replay or read-metrics; once for each.",
    ),
]


@users.command("add")
def add(name: NameArgument, role: RoleOption) -> None:
    """Make an account. The password is asked for, or is the first line of standard input."""
    from spinecast.accounts.people import People, read_name
    from spinecast.accounts.roles import read_roles
    from spinecast.errors import AccountError

    roles, name = read_roles(role), read_name(name)
    with _store(create=True) as store:
        people = People(store)
        if people.find(name) is not None:
            raise AccountError(f"there is an account {name} already", remedy="see spinecast users list")
        made = people.add(name, roles, _password(), command_line_actor())
    typer.echo(f"{made.name}: {', '.join(sorted(made.roles))}")


@users.command("list")
def list_(json_: JsonOption = False) -> None:
    """List every account with its roles and who vouches for it."""
    from spinecast.accounts.people import People
    from spinecast.files import canonical_json

    with _store() as store:
        found = People(store).all()
    if json_:
        for one in found:
            typer.echo(canonical_json(one.to_dict()))
        return
    rows = [
        (one.name, ", ".join(sorted(one.roles)), one.issuer or "here", _state(one), one.created_at[:10])
        for one in found
    ]
    print_columns([("account", "roles", "signs in", "state", "made"), *rows])


@users.command("disable")
def disable(name: NameArgument) -> None:
    """Shut somebody out: their sessions end at once, and none of their keys opens."""
    from spinecast.accounts.people import People

    with _store() as store:
        typer.echo(f"{People(store).set_disabled(name, True, command_line_actor()).name}: disabled")


@users.command("enable")
def enable(name: NameArgument) -> None:
    """Let somebody in again who was shut out."""
    from spinecast.accounts.people import People

    with _store() as store:
        typer.echo(f"{People(store).set_disabled(name, False, command_line_actor()).name}: enabled")


@users.command("password")
def password(name: NameArgument) -> None:
    """Give an account another password; its sessions end, and its keys are revoked."""
    from spinecast.accounts.people import People

    with _store() as store:
        people = People(store)
        found = people.get(name)
        people.set_password(found.name, _password(), command_line_actor())
    typer.echo(f"{found.name}: password changed, sessions ended, keys revoked")


@users.command("roles")
def roles(name: NameArgument, role: RoleOption) -> None:
    """Give an account these roles in place of those it has; from its next request on."""
    from spinecast.accounts.people import People
    from spinecast.accounts.roles import read_roles

    with _store() as store:
        found = People(store).set_roles(name, read_roles(role), command_line_actor())
    typer.echo(f"{found.name}: {', '.join(sorted(found.roles))}")


@keys.command("create")
def create(
    account: Annotated[str, typer.Option("--account", metavar="NAME", help="Whose; it may do no more.")],
    scope: ScopeOption,
    days: Annotated[int, typer.Option("--days", metavar="DAYS", help="How long it opens.")] = 90,
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="What it is for.")] = "",
) -> None:
    """Make a key and print it on standard output, this once."""
    from spinecast.accounts.keys import Keys
    from spinecast.accounts.people import People
    from spinecast.accounts.roles import read_scopes

    scopes = read_scopes(scope)
    with _store() as store:
        key = Keys(store).create(People(store).get(account), scopes, days, note, command_line_actor())
    typer.echo("the key, which cannot be shown again:", err=True)
    typer.echo(key)


@keys.command("list")
def list_keys(
    account: Annotated[str | None, typer.Option("--account", metavar="NAME", help="Only this account's.")] = None,
    json_: JsonOption = False,
) -> None:
    """List keys by what may be shown of them."""
    from spinecast.accounts.keys import Keys
    from spinecast.accounts.people import People
    from spinecast.files import canonical_json

    with _store() as store:
        found = Keys(store).all(None if account is None else People(store).get(account).name)
        now = store.now
    if json_:
        for one in found:
            typer.echo(canonical_json(one.to_dict() | {"state": one.state(now)}))
        return
    rows = [
        (one.prefix, one.account, ", ".join(sorted(one.scopes)), one.state(now), one.expires_at[:10], one.note)
        for one in found
    ]
    print_columns([("key", "account", "scopes", "state", "expires", "note"), *rows])


@keys.command("revoke")
def revoke(prefix: Annotated[str, typer.Argument(metavar="KEY", help="The eight characters that lists show.")]) -> None:
    """Make a key good for nothing, at once."""
    from spinecast.accounts.keys import Keys

    with _store() as store:
        Keys(store).revoke(prefix, command_line_actor())
    typer.echo(f"{prefix}: revoked")


@contextmanager
def _store(*, create: bool = False) -> Iterator[AccountStore]:
    """Open the accounts for the length of a block."""
    try:
        from spinecast.accounts.store import AccountStore
        from spinecast.audit.database import upgrade
        from spinecast.audit.log import open_log
        from spinecast.audit.places import audit_places
    except ModuleNotFoundError as error:
        _needs(error)
    if create and (places := audit_places()).database is not None:
        upgrade(places)  # as the server's first start does: the first account may come before it
        log = open_log(places)
    else:
        log = open_log_here()
    try:
        yield AccountStore(log, log.append_with)
    finally:
        log.close()


def _state(account: Account) -> str:
    return "disabled" if account.disabled else ""


def _needs(error: ModuleNotFoundError) -> NoReturn:
    from spinecast.errors import AccountError

    raise AccountError(
        f"accounts need the package {error.name}", remedy="install spinecast with the extra: spinecast[serving]"
    ) from error


def _password() -> str:
    """Ask for a password twice, or read it from a pipe; it is never an argument, which every user of a machine sees."""
    from spinecast.errors import AccountError

    if sys.stdin.isatty():
        asked: str = typer.prompt("Password", hide_input=True, confirmation_prompt="Once more", err=True)
        return asked
    given = sys.stdin.readline().rstrip("\r\n")
    if not given:
        raise AccountError("no password was given", expected="a password as the first line of standard input")
    return given
