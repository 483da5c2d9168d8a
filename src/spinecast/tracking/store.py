"""Where runs and models are kept, opened without a word to the outside.

The embedded default is SQLite beside an artifact folder, both under ``mlruns/``. One address in the environment
variable ``SPINECAST_TRACKING_URI`` replaces it by an MLflow server.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from spinecast.errors import TrackingError
from spinecast.files import ensure_writable_directory
from spinecast.tracking import switch_telemetry_off
from spinecast.tracking.new_database import make_database

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = ["TRACKING_VARIABLE", "Store", "open_store"]

TRACKING_VARIABLE = "SPINECAST_TRACKING_URI"
STORE_VARIABLE = "SPINECAST_STORE"
DEFAULT_FOLDER = "mlruns"


@dataclass(frozen=True)
class Store:
    """An open tracking store.

    Parameters
    ----------
    uri : str
        Tracking and registry address.
    artifacts : str or None
        Root of new experiments' artifacts; None leaves it to the server.
    """

    uri: str
    artifacts: str | None

    @property
    def embedded(self) -> bool:
        """Whether the store is files on this machine that no server stands before."""
        return self.uri.startswith("sqlite:")

    @property
    def shown(self) -> str:
        """The address without the name and the password that it may hold."""
        address = urlsplit(self.uri)
        return address._replace(netloc=address.netloc.rpartition("@")[2]).geturl() if address.netloc else self.uri

    @property
    def _database(self) -> Path:
        return Path(self.uri.removeprefix("sqlite:///"))

    def client(self) -> MlflowClient:
        """Return a client bound to this store."""
        mlflow = quiet_mlflow()
        client: MlflowClient = mlflow.MlflowClient(tracking_uri=self.uri, registry_uri=self.uri)
        return client

    @contextmanager
    def active(self) -> Iterator[Any]:
        """Point MLflow's global functions at this store for the length of a block."""
        mlflow = quiet_mlflow()
        # Left as it was found, unset where it was unset: MLflow also writes both into the environment.
        tracking = mlflow.get_tracking_uri() if mlflow.is_tracking_uri_set() else None
        mlflow.set_tracking_uri(self.uri)
        registry = mlflow.get_registry_uri()
        if registry != self.uri:
            mlflow.set_registry_uri(self.uri)
        try:
            yield mlflow
        finally:
            if registry != self.uri:
                mlflow.set_registry_uri(registry)
            mlflow.set_tracking_uri(tracking)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Let one process at a time write a run into an embedded store; a server has its own order.

        A store that is not there yet is made. Under this lock nobody else is writing, so a run that still says so was
        left by a process that died.
        """
        if not self.embedded:
            yield
            return
        with self._database.with_name(".writing.lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)  # given up by the system when the process ends, however it ends
            quiet_mlflow()
            make_database(self._database, self.artifacts or "")
            yield

    def prove(self, experiment: str) -> None:
        """Ask the store for an experiment, so that a store that does not answer is known before hours of work.

        Nothing is written, and an embedded store that is not there yet is not made.

        Raises
        ------
        TrackingError
            If it does not answer, or the experiment was deleted in it.
        """
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import SQLAlchemyError

        if self.embedded and not self._database.exists():
            return
        try:
            self._require_alive(self.client().get_experiment_by_name(experiment))
        except (MlflowException, SQLAlchemyError, OSError) as error:
            reason = " ".join(str(error).split())[:300]
            raise TrackingError(
                "the tracking store does not answer",
                where=self.uri,
                expected=f"an MLflow server, or a store that spinecast made ({reason})",
                remedy=f"check {TRACKING_VARIABLE} or {STORE_VARIABLE}, or move a broken mlflow.db away",
            ) from error

    def experiment_id(self, name: str) -> str:
        """Return the experiment's id, making the experiment if need be."""
        client = self.client()
        known = client.get_experiment_by_name(name)
        self._require_alive(known)
        if known is not None:
            return str(known.experiment_id)
        # A folder name that no experiment name can lead out of the store or past what a URI takes.
        folder = re.sub(r"[^A-Za-z0-9_-]+", "_", name)
        location = f"{self.artifacts}/{folder}" if self.artifacts else None
        return str(client.create_experiment(name, artifact_location=location))

    def _require_alive(self, experiment: Any) -> None:
        if experiment is not None and experiment.lifecycle_stage == "deleted":
            raise TrackingError(
                f"the experiment {experiment.name!r} was deleted in the store",
                where=self.uri,
                remedy="restore it in MLflow, or give tracking.experiment another name",
            )


def open_store(folder: Path | None = None, *, create: bool = True) -> Store:
    """Open the store the environment names, or the embedded one.

    Parameters
    ----------
    folder : pathlib.Path, optional
        Folder of the embedded store; ``mlruns`` below the working directory (or the folder that the environment
        variable ``SPINECAST_STORE`` names) if not given.
    create : bool
        False for commands that only read: looking leaves no empty store behind.

    Raises
    ------
    TrackingError
        If there is no store to read.
    OutputError
        If the embedded store's folder cannot be written.
    """
    address = os.environ.get(TRACKING_VARIABLE)
    if address and folder is None:
        return Store(uri=address, artifacts=None)
    root = (folder or Path(os.environ.get(STORE_VARIABLE, DEFAULT_FOLDER))).resolve()
    if create:
        ensure_writable_directory(root / "artifacts")
    elif not (root / "mlflow.db").is_file():
        raise TrackingError(
            "nothing has been trained here yet",
            where=str(root),
            expected=f"a tracking store: {root / 'mlflow.db'}",
            remedy=f"train a study, or name the store's folder in {STORE_VARIABLE}",
        )
    return Store(uri=f"sqlite:///{root / 'mlflow.db'}", artifacts=(root / "artifacts").as_uri())


def quiet_mlflow() -> Any:
    """Import MLflow with its telemetry off and its progress messages silent."""
    switch_telemetry_off()
    os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    import logging

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    import mlflow

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    return mlflow
