"""Empty audit logs for tests, in each kind of database: migrated once, then copied."""

from __future__ import annotations

import shutil
from pathlib import Path

import made_databases
import pytest

from spinecast.audit.database import upgrade
from spinecast.audit.keys import read_or_make_key
from spinecast.audit.places import Places, audit_places
from spinecast.audit.seal import begin_seal

KINDS = ("sqlite", "postgresql")
_TEMPLATE = "spinecast_empty_log"


def new_places(request: pytest.FixtureRequest, folder: Path) -> Places:
    """A new log of the kind that the fixture which asks is parametrised with."""
    if request.param != "postgresql":
        return sqlite_places(request, folder)
    environment = {"SPINECAST_AUDIT": str(folder / "audit"), "SPINECAST_DATABASE_URL": _postgresql(request)}
    return _begun(audit_places(environment))


def sqlite_places(request: pytest.FixtureRequest, folder: Path) -> Places:
    """A new log in a file."""
    found = _begun(audit_places({"SPINECAST_AUDIT": str(folder / "audit")}))
    assert found.database is not None
    shutil.copy(_sqlite(request), found.database)
    found.database.chmod(0o600)
    return found


def _begun(places: Places) -> Places:
    begin_seal(places.seal, read_or_make_key(places.key))
    return places


def _sqlite(request: pytest.FixtureRequest) -> Path:
    factory: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
    folder = factory.getbasetemp() / _TEMPLATE
    template = audit_places({"SPINECAST_AUDIT": str(folder)})
    assert template.database is not None
    if not template.database.exists():
        upgrade(template)
    return template.database


def _postgresql(request: pytest.FixtureRequest) -> str:
    server: made_databases.Server = request.getfixturevalue("postgresql")
    if _TEMPLATE not in server.made:
        address = server.new_database(_TEMPLATE)
        factory: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
        folder = str(factory.getbasetemp() / _TEMPLATE)
        upgrade(audit_places({"SPINECAST_DATABASE_URL": address, "SPINECAST_AUDIT": folder}))
    return server.new_database(f"log_{len(server.made)}", template=_TEMPLATE)
