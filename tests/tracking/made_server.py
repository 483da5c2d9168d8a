"""MLflow's own server, from a thread of this process, with artifacts behind it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from werkzeug.serving import WSGIRequestHandler, make_server


class Quiet(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        return


class MlflowServer:
    """Stopped, its port refuses; started again, it has what it had.

    Parameters
    ----------
    database : pathlib.Path
        Of a store that MLflow made.
    """

    def __init__(self, database: Path) -> None:
        settings = {
            "_MLFLOW_SERVER_FILE_STORE": f"sqlite:///{database}",
            "_MLFLOW_SERVER_ARTIFACT_ROOT": "mlflow-artifacts:/",
            "_MLFLOW_SERVER_ARTIFACT_DESTINATION": str(database.with_name("artifacts")),
            "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
        }
        self.environment = patch.dict(os.environ, settings)
        self.asked: list[str] = []
        self.port = 0
        self.environment.start()
        from mlflow.server import app

        def counted(environ: dict[str, str], start: object) -> object:
            self.asked.append(environ["PATH_INFO"])
            return app(environ, start)

        self._app = counted
        self.start()

    @property
    def uri(self) -> str:
        return f"http://somebody:secret@127.0.0.1:{self.port}"

    def start(self) -> None:
        self._server = make_server("127.0.0.1", self.port, self._app, threaded=True, request_handler=Quiet)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@contextmanager
def mlflow_server(database: Path) -> Iterator[MlflowServer]:
    server = MlflowServer(database)
    try:
        yield server
    finally:
        server.stop()
        server.environment.stop()
