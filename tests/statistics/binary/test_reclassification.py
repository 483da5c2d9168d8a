import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from hypothesis.extra import numpy as arrays

from spinecast import statistics as st

risks = arrays.arrays(np.float64, 40, elements=some.integers(1, 19).map(lambda value: value / 20))
outcomes = arrays.arrays(np.float64, 40, elements=some.sampled_from([0.0, 1.0])).filter(lambda y: 2 <= y.sum() <= 38)


def framingham() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pencina et al. 2008, Stat Med 27:157: HDL added to a model of coronary heart disease.

    Of 183 with the event 29 moved up and 7 down, of 3081 without it 173 up and 174 down.
    """
    moves = [(1, 29, 1), (1, 7, -1), (1, 183 - 36, 0), (0, 173, 1), (0, 174, -1), (0, 3081 - 347, 0)]
    outcome = np.concatenate([np.full(count, y) for y, count, _ in moves])
    moved = np.concatenate([np.full(count, change) for _, count, change in moves])
    return outcome, 0.1 + 0.05 * moved, np.full(outcome.size, 0.1)


@pytest.mark.parametrize("thresholds", [None, [0.08, 0.12]])
def test_published_reclassification(thresholds: list[float] | None) -> None:
    outcome, new, old = framingham()
    found = st.reclassification(outcome, new, old, thresholds)
    assert found.net_reclassification.estimate == pytest.approx(0.121, abs=0.0006)
    assert found.events.estimate == pytest.approx(22 / 183)
    assert found.non_events.estimate == pytest.approx(1 / 3081)
    # The paper's z of 3.616 takes the variance (u + d)/n under no difference; here (u - d)^2/n is taken off it.
    null = 36 / 183**2 + 347 / 3081**2
    assert found.net_reclassification.estimate / null**0.5 == pytest.approx(3.616, abs=0.002)
    variance = null - (22 / 183) ** 2 / 183 - (1 / 3081) ** 2 / 3081
    assert found.net_reclassification_z == pytest.approx(found.net_reclassification.estimate / variance**0.5)
    assert found.net_reclassification_p < 0.001


def test_the_caveat_cannot_be_left_out() -> None:
    found = st.reclassification(*framingham())
    assert found.to_dict()["caveat"] == st.RECLASSIFICATION_CAVEAT
    with pytest.raises(ValueError, match="caveat"):
        st.Reclassification(found.events, found.events, found.events, found.events, 0.0, 0.0, None, caveat="")


@given(outcomes, risks, risks)
def test_swapping_the_models_turns_the_sign(y: np.ndarray, new: np.ndarray, old: np.ndarray) -> None:
    one, two = st.reclassification(y, new, old), st.reclassification(y, old, new)
    assert one.net_reclassification.estimate == pytest.approx(-two.net_reclassification.estimate)
    assert one.integrated_discrimination.estimate == pytest.approx(-two.integrated_discrimination.estimate)
    gain = st.discrimination_slope(y, new).estimate - st.discrimination_slope(y, old).estimate
    assert one.integrated_discrimination.estimate == pytest.approx(gain)


def test_one_patient_and_no_change() -> None:
    assert isinstance(st.reclassification([0, 0, 1], [0.1, 0.2, 0.3], [0.1, 0.2, 0.4]), st.Absent)
    assert isinstance(st.reclassification([0, 0], [0.1, 0.2], [0.1, 0.2]), st.Absent)
    same = st.reclassification([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4], [0.1, 0.2, 0.3, 0.4])
    assert same.net_reclassification.estimate == 0
    assert (same.net_reclassification_z, same.integrated_discrimination_p) == (None, None)
