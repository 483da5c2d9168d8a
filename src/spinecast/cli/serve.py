"""``spinecast serve``: registered models over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["serve"]

PORT = 8710


def serve(
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port; 0 takes a free one.")] = PORT,
    host: Annotated[
        str | None, typer.Option("--host", metavar="ADDRESS", help="Address to listen on; needs sign-in and https.")
    ] = None,
    sign_in: Annotated[
        bool, typer.Option("--sign-in", help="Let nobody ask who has not signed in (spinecast users).")
    ] = False,
    settings: Annotated[
        Path | None, typer.Option("--settings", metavar="FILE", help="YAML: public_url, sign_in, behind_proxy, tls, …")
    ] = None,
) -> None:
    """Serve each model's champion, or its candidate. Research use only.

    Nothing is answered that is not recorded first (spinecast audit). Without --sign-in no account is needed, and the
    server listens to this machine alone; with SPINECAST_DATABASE_URL sign-in is always required.
    """
    from spinecast.audit.places import audit_places
    from spinecast.errors import ServingError

    try:
        from spinecast.serving.access.settings import settings_for
        from spinecast.serving.server import serve as serve_models
    except ModuleNotFoundError as error:
        raise ServingError(
            f"serving needs the package {error.name}", remedy="install spinecast with the extra: spinecast[serving]"
        ) from error
    from spinecast.tracking.store import open_store

    places = audit_places()
    found = settings_for(settings, host, sign_in=sign_in or places.database is None)
    serve_models(open_store(create=False), places, found, port, lambda line: typer.echo(line, err=True))
