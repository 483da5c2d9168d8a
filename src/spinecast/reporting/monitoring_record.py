"""A model in use as data: which, by whom it was asked, every number by quarter, what was raised. No patient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["MonitoringRecord"]


@dataclass(frozen=True)
class MonitoringRecord:
    """A finished look at a model in use.

    Parameters
    ----------
    about : dict
        Title, notices, model, kind of the patients, source of the predictions, notes, commands of an update, settings,
        times, versions.
    found : dict
        Every number; see :meth:`spinecast.validation.monitoring.monitor.Monitoring.to_dict`.
    """

    about: dict[str, Any]
    found: dict[str, Any]

    @property
    def is_synthetic(self) -> bool:
        """Whether patients, of the model or watched, are anything but real."""
        return bool(self.about["cohort_kind"] != "real")

    @property
    def raised(self) -> list[dict[str, Any]]:
        """What was raised, each input and each direction once: its first alarm, and how many followed."""
        found: dict[tuple[str, str, str], dict[str, Any]] = {}
        for alarm in self.found["alarms"]:
            which = (alarm["kind"], alarm["variable"], alarm["direction"])
            found.setdefault(which, {**alarm, "times": 0})["times"] += 1
        return list(found.values())

    @property
    def labels(self) -> dict[str, str]:
        """Label of each input by its name."""
        return {one["variable"]: one["label"] for one in self.found["inputs"]}

    def to_dict(self) -> dict[str, Any]:
        """Return the whole as one JSON object."""
        return {"kind": "monitoring", "about": self.about, **self.found}
