import numpy as np
import pytest

from spinecast.validation import Predictions


def make(**changes: object) -> Predictions:
    given = {"risk": [0.2, 0.7, 0.4], "outcome": [0, 1, 0], "weights": None, "fold": None, "basis": "external"}
    return Predictions(**(given | changes))  # type: ignore[arg-type]


def test_arrays_are_copied_and_read_only() -> None:
    risk = np.array([0.2, 0.7, 0.4])
    made = make(risk=risk)
    risk[0] = 0.9
    assert made.risk[0] == 0.2
    with pytest.raises(ValueError, match="read-only"):
        made.risk[0] = 0.5


def test_events_are_counted_among_known_outcomes() -> None:
    assert make(outcome=[1, 1, 0]).events == 2
    assert make(outcome=[1, 1, 0], weights=[0, 1, 1]).events == 1


def test_patients_are_counted_among_known_outcomes() -> None:
    assert make().n == 3
    weighted = make(outcome=[1, 1, 0], weights=[0, 1.5, 1])
    assert weighted.n == 2
    assert weighted.subset([0, 1]).n == 1
    assert weighted.risk.size == 3


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"basis": "training"}, "basis must be one of"),
        ({"risk": [0.2, 0.7]}, "risk has 2 values"),
        ({"risk": [0.2, 0.7, 1.4]}, r"risk must lie in \[0, 1\]"),
        ({"outcome": [0, 1, 3]}, "outcome must be 0 or 1"),
        ({"fold": [0, 1]}, "fold has shape"),
        ({"fold": [0.5, 1, 2]}, "whole numbers"),
    ],
)
def test_says_what_is_wrong(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make(**changes)


@pytest.mark.parametrize("basis", ["out-of-fold", "out-of-bag", "external"])
def test_out_of_sample_predictions_pass(basis: str) -> None:
    make(basis=basis).require_out_of_sample("calibration")


def test_apparent_predictions_are_refused_by_name() -> None:
    with pytest.raises(
        ValueError, match="calibration needs out-of-sample predictions; the basis of these is 'apparent'"
    ):
        make(basis="apparent").require_out_of_sample("calibration")


def test_subset_keeps_rows_together() -> None:
    whole = make(weights=[1, 2, 3], fold=[0, 1, 0])
    part = whole.subset(np.array([True, False, True]))
    assert part.risk.tolist() == [0.2, 0.4]
    assert part.weights is not None
    assert part.weights.tolist() == [1, 3]
    assert part.fold is not None
    assert part.fold.tolist() == [0, 0]
    assert part.basis == "external"
