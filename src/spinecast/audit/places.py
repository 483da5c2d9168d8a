"""Where the log, its key and its seal are kept."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["DATABASE_VARIABLE", "FOLDER_VARIABLE", "KEY_VARIABLE", "Places", "audit_places"]

DATABASE_VARIABLE = "SPINECAST_DATABASE_URL"
FOLDER_VARIABLE = "SPINECAST_AUDIT"
KEY_VARIABLE = "SPINECAST_AUDIT_KEY"


@dataclass(frozen=True)
class Places:
    """Addresses of one audit log.

    Parameters
    ----------
    url : str
        SQLAlchemy address of the database.
    database : pathlib.Path or None
        The file of an embedded SQLite database; None for a server.
    key : pathlib.Path
        File with the secret key.
    seal : pathlib.Path
        File with the sealed head.
    """

    url: str
    database: Path | None
    key: Path
    seal: Path

    @property
    def shown(self) -> str:
        """The database without its password."""
        if self.database is not None:
            return str(self.database)
        from sqlalchemy import make_url

        return make_url(self.url).render_as_string(hide_password=True)


def audit_places(environment: Mapping[str, str] | None = None) -> Places:
    """Return the places the environment names, or the embedded ones below the tracking store's folder.

    Parameters
    ----------
    environment : mapping, optional
        ``os.environ`` if not given. ``SPINECAST_DATABASE_URL`` names a PostgreSQL database, ``SPINECAST_AUDIT`` the
        folder of the embedded database and of the seal, ``SPINECAST_AUDIT_KEY`` the file with the key.
    """
    given = os.environ if environment is None else environment
    store = Path(given.get("SPINECAST_STORE", "mlruns"))
    folder = Path(given.get(FOLDER_VARIABLE) or store / "audit").resolve()
    url = given.get(DATABASE_VARIABLE, "")
    # What hosts hand out: the driver is ours to choose.
    for scheme in ("postgres://", "postgresql://"):
        if url.startswith(scheme):
            url = f"postgresql+psycopg://{url.removeprefix(scheme)}"
    database = None if url else folder / "audit.db"
    key = Path(given.get(KEY_VARIABLE) or folder / "audit.key").resolve()
    return Places(url=url or f"sqlite:///{database}", database=database, key=key, seal=folder / "audit.seal")
