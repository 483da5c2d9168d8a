"""One member of a model of any kind as named arrays, and arrays as bytes: what a stored model is made of.

Equal arrays give equal bytes, and nothing is executed when they are read: numpy reads with pickling off.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from spinecast.errors import ArtifactError
from spinecast.models.encoding import Encoder
from spinecast.models.members import AnyMember, DrawnMember, Fit, Member, PatternMember, Patterns
from spinecast.models.scorers import SCORERS, Scorer

__all__ = [
    "arrays_from_bytes",
    "arrays_to_bytes",
    "fits_from_bytes",
    "fits_to_bytes",
    "member_from_bytes",
    "member_to_bytes",
    "scorer_from_arrays",
    "with_prefix",
]

Arrays: TypeAlias = dict[str, NDArray[Any]]
FitT = TypeVar("FitT", bound=Fit)

_DRAWN, _BY_PATTERN = "multiple_imputation", "pattern_submodels"
_PATTERN_ARRAYS = ("compared", "missing", "patients")


def member_to_bytes(member: AnyMember) -> bytes:
    """One member as the bytes of an ``.npz``; equal members give equal bytes."""
    return fits_to_bytes(member, _member_arrays)


def member_from_bytes(content: bytes) -> AnyMember:
    """Rebuild a member from :func:`member_to_bytes`.

    Raises
    ------
    ArtifactError
        If the scorer is of a kind this version does not know.
    """
    return fits_from_bytes(content, _member_from_arrays)


def _member_arrays(member: Member) -> Arrays:
    arrays = {f"encoder.{name}": array for name, array in member.encoder.to_arrays().items()}
    arrays |= {f"scorer.{name}": array for name, array in member.scorer.to_arrays().items()}
    return arrays | {"kind": np.array(member.scorer.kind)}


def _member_from_arrays(arrays: Mapping[str, NDArray[Any]]) -> Member:
    return Member(encoder=Encoder.from_arrays(with_prefix(arrays, "encoder.")), scorer=scorer_from_arrays(arrays))


def fits_to_bytes(member: FitT | DrawnMember[FitT] | PatternMember[FitT], to_arrays: Callable[[FitT], Arrays]) -> bytes:
    """One fit, or several each under its own prefix beside how they are combined, as the bytes of an ``.npz``.

    Parameters
    ----------
    member : fit, DrawnMember or PatternMember
    to_arrays : callable
        Maps one fit to its named arrays.
    """
    if isinstance(member, DrawnMember):
        return arrays_to_bytes({"kind": np.array(_DRAWN)} | _numbered("draw", member.draws, to_arrays))
    if isinstance(member, PatternMember):
        arrays: Arrays = {f"patterns.{name}": getattr(member.patterns, name) for name in _PATTERN_ARRAYS}
        arrays |= {"kind": np.array(_BY_PATTERN)} | _numbered("submodel", member.submodels, to_arrays)
        otherwise = to_arrays(member.otherwise)
        return arrays_to_bytes(arrays | {f"otherwise.{name}": array for name, array in otherwise.items()})
    return arrays_to_bytes(to_arrays(member))


def fits_from_bytes(
    content: bytes, from_arrays: Callable[[Mapping[str, NDArray[Any]]], FitT]
) -> FitT | DrawnMember[FitT] | PatternMember[FitT]:
    """Rebuild what :func:`fits_to_bytes` wrote."""
    arrays = arrays_from_bytes(content)
    kind = str(arrays.get("kind", ""))
    if kind == _DRAWN:
        return DrawnMember(_from_numbered("draw", arrays, from_arrays))
    if kind == _BY_PATTERN:
        own = with_prefix(arrays, "patterns.")
        return PatternMember(
            patterns=Patterns(**{name: own[name] for name in _PATTERN_ARRAYS}),
            submodels=_from_numbered("submodel", arrays, from_arrays),
            otherwise=from_arrays(with_prefix(arrays, "otherwise.")),
        )
    return from_arrays(arrays)


def _numbered(what: str, fits: Sequence[FitT], to_arrays: Callable[[FitT], Arrays]) -> Arrays:
    return {
        f"{what}{number}.{name}": array for number, fit in enumerate(fits) for name, array in to_arrays(fit).items()
    }


def _from_numbered(
    what: str, arrays: Mapping[str, NDArray[Any]], from_arrays: Callable[[Mapping[str, NDArray[Any]]], FitT]
) -> tuple[FitT, ...]:
    count = len({name.split(".")[0] for name in arrays if name.startswith(what)})
    return tuple(from_arrays(with_prefix(arrays, f"{what}{number}.")) for number in range(count))


def scorer_from_arrays(arrays: Mapping[str, NDArray[Any]]) -> Scorer:
    """Rebuild the scorer whose arrays stand under ``scorer.`` and whose kind under ``kind``.

    Raises
    ------
    ArtifactError
        If it is of a kind this version does not know.
    """
    kind = str(arrays["kind"])
    if kind not in SCORERS:
        raise ArtifactError(f"the stored scorer is of an unknown kind: {kind}", expected=", ".join(sorted(SCORERS)))
    scorer: Scorer = SCORERS[kind].from_arrays(with_prefix(arrays, "scorer."))
    return scorer


def arrays_to_bytes(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Named arrays as compressed npz bytes."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **dict(arrays))
    return buffer.getvalue()


def arrays_from_bytes(content: bytes) -> dict[str, NDArray[Any]]:
    """Named arrays back from npz bytes; object arrays are refused."""
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def with_prefix(arrays: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    """The arrays whose names begin with a prefix, without it."""
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
