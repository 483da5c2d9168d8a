"""The study file: its blocks, what they must agree on, and how it is read.

The published JSON Schema and the messages of a refused study are drawn from the blocks. One that comes in several
kinds is a union told apart by its ``kind``; a new kind is one class and one entry in its union.
"""

from spinecast.training.study.model import (
    STUDY,
    Candidate,
    CohortSpec,
    Comparator,
    OutcomeSpec,
    Study,
    resolved_yaml,
    search_space,
    study_hash,
)

__all__ = [
    "STUDY",
    "Candidate",
    "CohortSpec",
    "Comparator",
    "OutcomeSpec",
    "Study",
    "resolved_yaml",
    "search_space",
    "study_hash",
]
