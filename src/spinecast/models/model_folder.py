"""The folder a model of any kind is kept in: data only, under a manifest of hashes, refused when altered.

It holds ``model.json``, one ``.npz`` of plain arrays a member, and ``manifest.json`` with the SHA-256 of each. Nothing
in it executes on load: numpy reads with pickling off and XGBoost reads UBJSON. Equal models give equal bytes, so the
manifest's own hash is the model's identity.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np

from spinecast.errors import ArtifactError
from spinecast.files import readable_json, sha256_bytes, staged_directory, writing
from spinecast.models.development_distribution import DevelopmentDistribution
from spinecast.models.image_gaps import PartOfMembers
from spinecast.models.member_arrays import arrays_from_bytes, arrays_to_bytes
from spinecast.models.missing_loss import MissingLoss

__all__ = [
    "MODEL",
    "described_part",
    "is_artifact",
    "members_contents",
    "part_fields",
    "read_contents",
    "standing_contents",
    "standing_of",
    "stored_format",
    "write_contents",
]

Model = TypeVar("Model")
MemberT = TypeVar("MemberT")

MANIFEST, MODEL = "manifest.json", "model.json"
# Parts that came later: a model without them is read as it was saved.
DEVELOPMENT, MISSING = "development.npz", "missing.npz"


class LabelledPart(PartOfMembers, Protocol):
    """A part of a model with its algorithm and what reports call it."""

    @property
    def family(self) -> str: ...
    @property
    def label(self) -> str: ...


def standing_contents(development: DevelopmentDistribution | None, missing: MissingLoss | None) -> dict[str, bytes]:
    """Files of what a model of any kind knows of its development patients, and of missing inputs."""
    kept = ((DEVELOPMENT, development), (MISSING, missing))
    return {name: arrays_to_bytes(one.to_arrays()) for name, one in kept if one is not None}


def standing_of(contents: Mapping[str, bytes]) -> dict[str, Any]:
    """Rebuild ``development`` and ``missing`` from :func:`standing_contents`; None where an earlier model has none."""
    kinds = (("development", DEVELOPMENT, DevelopmentDistribution), ("missing", MISSING, MissingLoss))
    return {
        name: kind.from_arrays(arrays_from_bytes(contents[file])) if file in contents else None
        for name, file, kind in kinds
    }


def write_contents(folder: Path, contents: Mapping[str, bytes], form: str, version: int) -> str:
    """Write files and their manifest into a folder, whole or not at all, and return the manifest's hash.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    """
    hashes = {name: sha256_bytes(content) for name, content in sorted(contents.items())}
    manifest = readable_json({"format": form, "version": version, "sha256": hashes}).encode()
    with staged_directory(folder) as staging, writing(folder):
        for name, content in contents.items():
            (staging / name).parent.mkdir(parents=True, exist_ok=True)
            (staging / name).write_bytes(content)
        (staging / MANIFEST).write_bytes(manifest)
    return sha256_bytes(manifest)


def read_contents(
    folder: Path, form: str, versions: Sequence[int], rebuild: Callable[[Mapping[str, bytes]], Model]
) -> tuple[Model, str]:
    """Check every byte of a folder against its manifest and rebuild what it holds.

    Parameters
    ----------
    folder : pathlib.Path
    form : str
    versions : sequence of int
        Of the format, that can be rebuilt; the last is the one that is written.
    rebuild : callable

    Raises
    ------
    ArtifactError
        If the folder is not a model, a file is missing, added or altered, or the format is another version's.
    """
    contents, identity = _verified(folder, form, versions)
    try:
        return rebuild(contents), identity
    except (ValueError, KeyError, TypeError, IndexError, EOFError, OSError, zipfile.BadZipFile, zlib.error) as error:
        # The hashes agree, so whoever wrote the files wrote the manifest too: a pickled array ends here.
        raise _altered(folder, f"its content is not a model's: {error}") from error


def stored_format(folder: Path) -> str | None:
    """Name the format a folder's manifest states; None where there is no manifest that can be read."""
    try:
        stated = json.loads((folder / MANIFEST).read_bytes()).get("format")
    except (OSError, ValueError, AttributeError):
        return None
    return stated if isinstance(stated, str) else None


def is_artifact(folder: Path) -> bool:
    """Whether a folder looks like a stored model."""
    return (folder / MANIFEST).is_file()


def _verified(folder: Path, form: str, versions: Sequence[int]) -> tuple[dict[str, bytes], str]:
    path = folder / MANIFEST
    if not path.is_file():
        raise ArtifactError(
            f"{folder} is not a spinecast model",
            where=str(folder),
            expected=f"a folder with {MANIFEST}, as `spinecast train` writes it",
            remedy="name a model folder, a run id, or a registered model",
        )
    manifest_bytes = path.read_bytes()
    try:
        manifest = json.loads(manifest_bytes)
        known = manifest["format"] == form and manifest["version"] in versions
        hashes: dict[str, str] = dict(manifest["sha256"])
    except (ValueError, KeyError, TypeError) as error:
        raise _altered(folder, f"{MANIFEST} cannot be read") from error
    if not known:
        raise ArtifactError(
            f"{folder} holds format {manifest['format']!r} version {manifest['version']!r}",
            where=str(path),
            expected=f"{form!r} version {' or '.join(map(str, versions))}",
            remedy="load it with the spinecast version that wrote it"
            if manifest["format"] == form
            else "name a model of that kind",
        )
    present = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()} - {MANIFEST}
    if present != set(hashes):
        odd = ", ".join(sorted(present ^ set(hashes)))
        raise _altered(folder, f"files missing from it or added to it: {odd}")
    contents = {name: (folder / name).read_bytes() for name in hashes}
    changed = sorted(name for name, content in contents.items() if sha256_bytes(content) != hashes[name])
    if changed:
        raise _altered(folder, f"content differs from the manifest: {', '.join(changed)}")
    return contents, sha256_bytes(manifest_bytes)


def _altered(folder: Path, how: str) -> ArtifactError:
    return ArtifactError(
        f"the model in {folder} is not what its manifest says; {how}",
        where=str(folder),
        expected="every file as it was saved",
        remedy="fetch the model again from the registry, or train it again; do not use this copy",
    )


def members_contents(part: str, members: Sequence[MemberT], to_bytes: Callable[[MemberT], bytes]) -> dict[str, bytes]:
    """Return the files of a part's fold fits, by name."""
    return {_member_file(part, position): to_bytes(member) for position, member in enumerate(members)}


def described_part(part: LabelledPart, predictors: Sequence[str], **own: Any) -> dict[str, Any]:
    """What ``model.json`` says of a part, beside the files of its members.

    Parameters
    ----------
    part : LabelledPart
    predictors : sequence of str
        The model's.
    **own
        What parts of its kind have more: JSON values.
    """
    return {
        "name": part.name,
        "family": part.family,
        "label": part.label,
        "predictors": [predictors[position] for position in part.positions],
        **own,
        "members": len(part.members),
    }


def part_fields(
    contents: Mapping[str, bytes],
    described: Mapping[str, Any],
    predictors: Sequence[str],
    from_bytes: Callable[[bytes], Any],
) -> dict[str, Any]:
    """Rebuild what parts of every kind have, by the names of their fields, from :func:`described_part` and the files.

    Parameters
    ----------
    contents : mapping of str to bytes
    described : mapping
    predictors : sequence of str
        The model's.
    from_bytes : callable
        Rebuilds one member.
    """
    name = described["name"]
    return {
        "name": name,
        "family": described["family"],
        "label": described["label"],
        "positions": np.array([predictors.index(one) for one in described["predictors"]], dtype=np.int64),
        "members": tuple(from_bytes(contents[_member_file(name, at)]) for at in range(described["members"])),
    }


def _member_file(part: str, position: int) -> str:
    return f"parts/{part}/member_{position}.npz"
