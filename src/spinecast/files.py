"""Writing files so that nothing half-written stays, and hashing what was written."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from spinecast.errors import OutputError

__all__ = [
    "atomic_write",
    "canonical_json",
    "ensure_writable_directory",
    "readable_json",
    "sha256_bytes",
    "sha256_file",
    "staged_directory",
]


def canonical_json(value: Any) -> str:
    """Serialise to the one JSON text that equal values share: sorted keys, no spaces, shortest exact floats.

    Raises
    ------
    ValueError
        If the value holds a NaN or an infinity: JSON has neither, and an absent number carries its reason instead.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def readable_json(value: Any) -> str:
    """Serialise for a person to read, in the order the value was built, ending in a newline."""
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def sha256_bytes(content: bytes) -> str:
    """Return the hexadecimal SHA-256 of some bytes."""
    return hashlib.sha256(content).hexdigest()


def sha256_file(path: Path) -> str:
    """Return the hexadecimal SHA-256 of a file's content."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def atomic_write(path: Path, content: str | bytes) -> None:
    """Write a file whole or not at all: a temporary neighbour, flushed to disk, then renamed over the target.

    Raises
    ------
    OutputError
        If the folder cannot be made or written.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    ensure_writable_directory(path.parent)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise OutputError(f"{path} cannot be written: {error.strerror}", where=str(path)) from error
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def staged_directory(target: Path) -> Iterator[Path]:
    """Fill a folder out of sight and put it in place at once when the block ends without an error.

    The target is replaced if it exists. A process killed inside the block leaves only a dot-folder beside the
    target, which the next call for the same target clears away.

    Yields
    ------
    pathlib.Path
        The empty folder to fill.
    """
    ensure_writable_directory(target.parent)
    staging = target.parent / f".{target.name}.staging"
    retired = target.parent / f".{target.name}.retired"
    if retired.exists() and not target.exists():
        retired.replace(target)  # killed between the two renames below: the old content is still the whole content
    for leftover in (staging, retired):
        shutil.rmtree(leftover, ignore_errors=True)
    staging.mkdir()
    try:
        yield staging
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    if target.exists():
        target.replace(retired)
    staging.replace(target)
    shutil.rmtree(retired, ignore_errors=True)


def ensure_writable_directory(folder: Path) -> None:
    """Make a folder if need be and prove that it can be written, before any work is done for it.

    Raises
    ------
    OutputError
        If it cannot be made, is a file, or cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return
    except OSError as error:
        raise OutputError(
            f"the output folder {folder} cannot be written: {error.strerror or error}",
            where=str(folder),
            expected="a folder this user may create and write",
            remedy="name another with --output, or change its permissions",
        ) from error


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
