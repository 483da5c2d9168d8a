"""Asking a registry through MLflow: whatever it or the way to it does is one error, without addresses or passwords."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from spinecast.errors import TrackingError
from spinecast.tracking.store import Store

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = ["RegistryError", "asking", "cause_of"]


class RegistryError(TrackingError):
    """A registry that cannot be read now, whatever it holds."""


@contextmanager
def asking(store: Store) -> Iterator[MlflowClient]:
    """Ask a registry.

    Raises
    ------
    RegistryError
        If it does not answer.
    """
    # Whoever serves asks again in a while; MLflow would try one question for minutes.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
    client = store.client()
    from mlflow.exceptions import MlflowException

    try:
        yield client
    except (MlflowException, OSError) as error:  # requests' errors are OSErrors
        raise RegistryError(
            f"the model registry does not answer: {cause_of(error)}",
            where=store.shown,
            expected="an MLflow server that answers and holds what it names, or a store that can be read",
        ) from error


def cause_of(error: BaseException) -> str:
    """Name what began it; addresses and their passwords, which MLflow's own messages repeat, are left out."""
    while (below := error.__cause__ or error.__context__) is not None:
        error = below
    said = error.strerror if isinstance(error, OSError) else getattr(error, "error_code", None)
    return f"{type(error).__name__}{f' ({said})' if said else ''}"
