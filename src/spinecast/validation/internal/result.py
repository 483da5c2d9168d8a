"""All of an internal validation, immutable, JSON in and out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spinecast.statistics import Absent
from spinecast.validation.internal.instability import Instability
from spinecast.validation.internal.optimism import BootstrapValidation
from spinecast.validation.internal.repeated import LearningCurve, RepeatedValidation
from spinecast.validation.internal.sites import InternalExternal

__all__ = ["InternalValidation"]


@dataclass(frozen=True)
class InternalValidation:
    """What was fitted again to judge a model, beside the outer folds; each part may be absent with its reason."""

    bootstrap: BootstrapValidation | Absent
    repeated_cross_validation: RepeatedValidation | Absent
    internal_external: InternalExternal | Absent
    learning_curve: LearningCurve | Absent
    instability: Instability | Absent

    def to_dict(self) -> dict[str, Any]:
        """Return the validation as JSON-ready values: no patient rows."""
        return {name: getattr(self, name).to_dict() for name in self.__dataclass_fields__}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> InternalValidation:
        """Rebuild a validation from :meth:`to_dict`; the two are equal."""

        def part(name: str, kind: Any) -> Any:
            found = value[name]
            return Absent.from_dict(found) if "absent" in found else kind.from_dict(found)

        return cls(
            bootstrap=part("bootstrap", BootstrapValidation),
            repeated_cross_validation=part("repeated_cross_validation", RepeatedValidation),
            internal_external=part("internal_external", InternalExternal),
            learning_curve=part("learning_curve", LearningCurve),
            instability=part("instability", Instability),
        )
