"""``spinecast serve``: registered models over HTTP, on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["serve"]

PORT = 8710


def serve(
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port; 0 takes a free one.")] = PORT,
) -> None:
    """Serve each model's champion, or its candidate, to this machine alone. Research use only.

    Nothing is answered that is not recorded first (spinecast audit). No account is needed: sign-in is not built yet.
    """
    from spinecast.audit.places import audit_places
    from spinecast.errors import ServingError

    try:
        from spinecast.serving.server import serve as serve_models
    except ModuleNotFoundError as error:
        raise ServingError(
            f"serving needs the package {error.name}", remedy="install spinecast with the extra: spinecast[serving]"
        ) from error
    from spinecast.tracking.store import open_store

    serve_models(open_store(create=False), audit_places(), port, lambda line: typer.echo(line, err=True))
