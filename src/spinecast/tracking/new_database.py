"""Making the database of an embedded store whole or not at all.

MLflow makes its tables in dozens of migrations that take seconds; killed in between, they leave a database that MLflow
can neither read nor finish. So they are made aside, and the finished database is renamed to its place.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

__all__ = ["make_database"]

ASIDE = ".making-"


def make_database(path: Path, artifacts: str) -> None:
    """Make an empty MLflow database, unless there is one.

    Parameters
    ----------
    path : pathlib.Path
        Where it is to be. The caller holds the lock of its folder.
    artifacts : str
        Address of the folder below which MLflow's default experiment keeps its artifacts.
    """
    for left in path.parent.glob(f"{ASIDE}*"):  # by a killed process
        shutil.rmtree(left, ignore_errors=True)
    if path.exists():
        return
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    make: Any = SqlAlchemyStore  # MLflow does not type it
    # A name never used before: MLflow keeps a process's connections by their address.
    aside = Path(tempfile.mkdtemp(prefix=ASIDE, dir=path.parent))
    try:
        make(f"sqlite:///{aside / 'tables.db'}", artifacts).engine.dispose()
        # A copy by SQLite holds what may still lie in a journal beside the original.
        whole = aside / "whole.db"
        with closing(sqlite3.connect(aside / "tables.db")) as tables, closing(sqlite3.connect(whole)) as copy:
            tables.backup(copy)
        with whole.open("rb") as written:
            os.fsync(written.fileno())
        whole.replace(path)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
