"""The hash of a run's record, kept as a tag beside it: what gates and cards are drawn from cannot be changed unseen."""

from __future__ import annotations

from pathlib import Path

from spinecast.files import canonical_json, sha256_bytes, sha256_file

__all__ = ["RECORD_HASH", "record_hash"]

RECORD_HASH = "spinecast.record_sha256"
"""Tag of a run, whose record is an artifact: the two may lie in different places, under different locks."""


def record_hash(folder: Path) -> str:
    """Return the SHA-256 of a record: of the names and contents of its data, not of pages that are drawn from them.

    Parameters
    ----------
    folder : pathlib.Path
    """
    data = sorted(path for path in folder.iterdir() if path.suffix in (".json", ".yaml"))
    return sha256_bytes(canonical_json({path.name: sha256_file(path) for path in data}).encode())
