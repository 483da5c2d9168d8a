import numpy as np
import pytest
from statsmodels.nonparametric.smoothers_lowess import lowess as theirs

from spinecast import statistics as st


@pytest.mark.parametrize("n", [12, 90, 700])
@pytest.mark.parametrize("digits", [1, 2, 8])
def test_lowess_agrees_with_statsmodels(n: int, digits: int) -> None:
    generator = np.random.default_rng(n + digits)
    x = np.sort(generator.random(n).round(digits))
    y = (generator.random(n) < x).astype(float)
    want = theirs(y, x, frac=2 / 3, it=0, delta=0.01 * np.ptp(x), return_sorted=False)
    known = np.isfinite(want)  # statsmodels gives up where a whole neighbourhood is tied
    assert known.any()
    # R 4.2.2 gives the values of ours to 1e-14; statsmodels differs from it by up to 4e-7 at the right end.
    assert st.lowess(x, y)[known] == pytest.approx(want[known], abs=1e-6)


def test_expected_calibration_error_by_hand() -> None:
    y, p = [0, 1, 1, 1], [0.1, 0.3, 0.6, 0.8]
    # Halves: |1 - 0.4| and |2 - 1.4| over four patients.
    assert st.expected_calibration_error(y, p, groups=2) == pytest.approx((0.6 + 0.6) / 4)
    # Width 0.25: one patient each in (0, 0.25], (0.25, 0.5], (0.5, 0.75] and (0.75, 1].
    assert st.expected_calibration_error(y, p, groups=4, by="width") == pytest.approx((0.1 + 0.7 + 0.4 + 0.2) / 4)


def test_refusals() -> None:
    assert isinstance(st.lowess_calibration_errors([0, 1, 1], [0.2, 0.2, 0.4]), st.Absent)
    with pytest.raises(ValueError, match="groups"):
        st.expected_calibration_error([0, 1], [0.2, 0.3], groups=0)
    with pytest.raises(ValueError, match="ascending"):
        st.lowess([2, 1], [0, 1])
    with pytest.raises(ValueError, match="span"):
        st.lowess([1, 2], [0, 1], span=0)
