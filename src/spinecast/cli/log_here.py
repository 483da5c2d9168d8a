"""The audit log that the environment names, and who uses it from the command line."""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from spinecast.audit.log import AuditLog
    from spinecast.reporting.external_record import ExternalRecord

__all__ = [
    "command_line_actor",
    "log_here",
    "log_is_here",
    "open_log_here",
    "record_alias_here",
    "record_validation_here",
]


@contextmanager
def log_here(*, check_head: bool = True, create: bool = False) -> Iterator[AuditLog]:
    """Open the log for the length of a block; as :func:`open_log_here`."""
    log = open_log_here(check_head=check_head, create=create)
    try:
        yield log
    finally:
        log.close()


def open_log_here(*, check_head: bool = True, create: bool = False) -> AuditLog:
    """Open the log; as `spinecast.audit.log.open_log`.

    With `create`, an embedded log that is not there yet is made, as the first start of a server makes it.

    Raises
    ------
    AuditError
        If there is none, or it cannot be opened.
    """
    from spinecast.audit.database import upgrade
    from spinecast.audit.log import open_log
    from spinecast.audit.places import audit_places
    from spinecast.errors import AuditError

    places = audit_places()
    if places.database is not None and not places.database.exists():
        if create:
            upgrade(places)
            return open_log(places, check_head=check_head)
        raise AuditError(
            "nothing has been served here yet: there is no audit log",
            where=places.shown,
            remedy="spinecast serve makes one; SPINECAST_AUDIT or SPINECAST_DATABASE_URL name another",
        )
    return open_log(places, check_head=check_head)


def record_alias_here(numbered: str, identity: str, alias: str, action: str) -> None:
    """Record that a new version took an alias, where there is a log; what was trained stands, whatever the log says.

    Parameters
    ----------
    numbered : str
        ``name/version``.
    identity, alias, action : str
        As `spinecast.promotion.history.record_new_version`.
    """
    from spinecast.promotion.history import record_new_version

    def write(log: AuditLog) -> None:
        record_new_version(log, command_line_actor(), numbered, identity, alias, action)

    _record_here(write, f"{numbered} is {alias} now")


def record_validation_here(numbered: str, run_id: str, record_sha256: str, record: ExternalRecord) -> None:
    """Record a validation where there is a log; what was validated stands, whatever the log says.

    Parameters
    ----------
    numbered, run_id, record_sha256 : str
    record : ExternalRecord
        As `spinecast.promotion.logged.record_validation`.
    """
    from spinecast.promotion.logged import record_validation

    def write(log: AuditLog) -> None:
        record_validation(log, command_line_actor(), numbered, run_id, record_sha256, record)

    _record_here(write, f"{numbered} was validated in run {run_id}")


def log_is_here() -> bool:
    """Say whether there is a log to read or write; whether it answers, opening it will tell."""
    from spinecast.audit.places import audit_places

    places = audit_places()
    return places.database is None or places.database.exists()


def _record_here(write: Callable[[AuditLog], None], what: str) -> None:
    from spinecast.errors import AuditError, OutputError

    if not log_is_here():
        return
    try:
        with log_here() as log:
            write(log)
    except (AuditError, OutputError) as error:
        typer.echo(f"the audit log does not say that {what}: {error.what}", err=True)


def command_line_actor() -> str:
    """Return how the log names whoever runs a command: their name on this machine, which is no account's.

    The machine is asked, and not the environment, in which anybody can write any name. Whom sudo says it acts for
    stands beside it as what it is: an account of many, such as root, names nobody.
    """
    try:
        import pwd
    except ImportError:  # a machine without such a list, such as Windows
        return f"command line: {getpass.getuser()}"
    number = os.getuid()
    try:
        name = pwd.getpwuid(number).pw_name
    except KeyError:  # as in a container whose user has a number alone
        name = f"user {number}"
    behind = "".join(letter for letter in os.environ.get("SUDO_USER", "") if letter.isprintable())[:64]
    return f"command line: {name}{f' (SUDO_USER says {behind})' if behind and behind != name else ''}"
