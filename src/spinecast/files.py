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
from typing import Any, BinaryIO

from spinecast.errors import OutputError

__all__ = [
    "atomic_write",
    "canonical_json",
    "ensure_replaceable_directory",
    "ensure_writable_directory",
    "make_secret_file",
    "readable_json",
    "restore_directory",
    "sha256_bytes",
    "sha256_file",
    "staged_directory",
    "staged_file",
    "writing",
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
    with staged_file(path) as stream, writing(path):
        stream.write(content.encode("utf-8") if isinstance(content, str) else content)


def make_secret_file(path: Path, content: bytes) -> bool:
    """Make a file that only its owner can read, whole, unless it is there already; return whether it was made.

    It is written aside and linked into place: of two processes that start at once, both end with the file of one.

    Raises
    ------
    OutputError
        If the folder cannot be made or written.
    """
    ensure_writable_directory(path.parent)
    with writing(path):
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
                _to_disk(stream)
            os.link(name, path)
        except FileExistsError:
            return False
        finally:
            Path(name).unlink(missing_ok=True)
    return True


@contextmanager
def staged_file(path: Path) -> Iterator[BinaryIO]:
    """Write a file piece by piece, whole or not at all; as :func:`atomic_write`, for what is too large to hold.

    Yields
    ------
    BinaryIO
        What is written to it is the file when the block ends without an error.

    Raises
    ------
    OutputError
        If the folder cannot be made or written.
    """
    ensure_writable_directory(path.parent)
    with writing(path):
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
            with writing(path):
                _to_disk(stream)
        with writing(path):
            temporary.chmod(0o666 & ~_umask())
            temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def writing(place: Path) -> Iterator[None]:
    """Turn what the operating system refuses inside the block (a full disk, a lost permission) into one clear error.

    For blocks that only write: an error of reading would be called one of writing.

    Parameters
    ----------
    place : pathlib.Path
        The file or folder that is written.

    Raises
    ------
    OutputError
        If the operating system refuses.
    """
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"{place} cannot be written: {error.strerror or error}",
            where=str(place),
            remedy="make room or change its permissions, then run the same command again",
        ) from error


@contextmanager
def staged_directory(target: Path) -> Iterator[Path]:
    """Fill a folder out of sight and put it in place at once when the block ends without an error.

    The target is replaced if it exists. A process killed inside the block leaves only a dot-folder beside the
    target, which the next call for the same target clears away. An error, also that of putting the folder in place,
    leaves the target as it was and nothing beside it.

    Yields
    ------
    pathlib.Path
        The empty folder to fill.

    Raises
    ------
    OutputError
        If the folder cannot be made or put in place.
    """
    target = target.resolve()
    staging, retired = _neighbours(target)
    ensure_writable_directory(target.parent)
    restore_directory(target)
    _clear(staging, retired)
    with writing(target):
        staging.mkdir()
    try:
        yield staging
        with writing(target):
            if target.exists():
                target.replace(retired)
            staging.replace(target)
    except BaseException:
        if retired.exists() and not target.exists():
            retired.replace(target)
        _clear(staging)
        raise
    _clear(retired)


def restore_directory(target: Path) -> None:
    """Put back the old content of a folder whose replacement was killed between its two renames.

    Raises
    ------
    OutputError
        If it cannot be put back.
    """
    target = target.resolve()
    _, retired = _neighbours(target)
    if retired.exists() and not target.exists():
        with writing(target):
            retired.replace(target)


def ensure_replaceable_directory(target: Path) -> None:
    """Prove that :func:`staged_directory` will be able to put a folder in place, before any work is done for it.

    An existing folder is moved aside and back: nothing else tells, for a mount point can be written and not be moved.

    Raises
    ------
    OutputError
        If the folder around it cannot be written, or it is a file or cannot be moved.
    """
    target = target.resolve()
    ensure_writable_directory(target.parent)
    restore_directory(target)
    if not target.exists():
        return
    ensure_writable_directory(target)
    staging, retired = _neighbours(target)
    try:
        _clear(staging, retired)
        target.replace(retired)
        retired.replace(target)
    except OSError as error:
        raise OutputError(
            f"the output folder {target} cannot be replaced: {error.strerror or error}",
            where=str(target),
            expected="a folder that may be moved, so not a disk or a folder mounted into a container",
            remedy="name a folder inside it with --output",
        ) from error


def _neighbours(target: Path) -> tuple[Path, Path]:
    """Where the new content of a folder is made, and where the old one waits for the moment between two renames."""
    return target.parent / f".{target.name}.staging", target.parent / f".{target.name}.retired"


def _clear(*leftovers: Path) -> None:
    for leftover in leftovers:
        shutil.rmtree(leftover, ignore_errors=True)


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


def _to_disk(stream: BinaryIO) -> None:
    stream.flush()
    os.fsync(stream.fileno())


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
