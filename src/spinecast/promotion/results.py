"""What became of each gate: passed, failed or not assessed, every number beside its bound and the bound's source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Finding", "GateResult", "Status", "refusals"]

Status = Literal["passed", "failed", "not assessed"]


@dataclass(frozen=True)
class Finding:
    """One thing a gate looked at.

    Parameters
    ----------
    what : str
        ``Calibration slope, day 90, in hospital_b``.
    found : str
        The number with its interval, or why there is none.
    bound : str
        What it must be.
    source : str
        Where the bound comes from.
    status : {"passed", "failed", "not assessed"}
    counts : bool
        Whether it decides; what does not is shown.
    """

    what: str
    found: str
    bound: str
    source: str
    status: Status
    counts: bool = True

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "what": self.what,
            "found": self.found,
            "bound": self.bound,
            "source": self.source,
            "status": self.status,
            "counts": self.counts,
        }


@dataclass(frozen=True)
class GateResult:
    """What became of one gate.

    Parameters
    ----------
    gate : str
        Its key in the file of gates.
    findings : sequence of Finding
        At least one.
    not_assessed_fails : bool
        Whether a version of which nothing is known here is refused.
    """

    gate: str
    findings: Sequence[Finding]
    not_assessed_fails: bool = True

    @property
    def label(self) -> str:
        """What it is called in text."""
        return self.gate.replace("_", " ")

    @property
    def status(self) -> Status:
        """Failed where anything that counts failed; passed where all of it is known and within its bounds."""
        found = {one.status for one in self.findings if one.counts}
        if "failed" in found:
            return "failed"
        return "passed" if found == {"passed"} else "not assessed"

    @property
    def refuses(self) -> bool:
        """Whether the version must not pass."""
        return self.status == "failed" or (self.status == "not assessed" and self.not_assessed_fails)

    @property
    def reasons(self) -> Iterator[Finding]:
        """What made it anything but passed."""
        return (one for one in self.findings if one.counts and one.status == self.status)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "gate": self.gate,
            "status": self.status,
            "refuses": self.refuses,
            "findings": [one.to_dict() for one in self.findings],
        }


def refusals(results: Sequence[GateResult]) -> list[str]:
    """Return every reason why a version is refused, a line each; none where it passes."""
    return [
        f"{result.label}: {result.status}: {one.what}: {one.found}; must be {one.bound} ({one.source})"
        for result in results
        if result.refuses
        for one in result.reasons
    ]
