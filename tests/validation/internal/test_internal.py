"""Internal validation as arithmetic: optimism, instability, repeats and sites, each worked out apart."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit

from spinecast.statistics import Absent, Estimate, auc, meta_analyse
from spinecast.validation.internal import (
    Drawn,
    InternalValidation,
    SitePredictions,
    instability,
    learning_curve,
    validate_by_bootstrap,
    validate_by_site,
    validate_repeatedly,
)
from spinecast.validation.predictions import Basis, Predictions

N = 300


def simulated(
    seed: int, basis: Basis, n: int = N, shift: float = 0.0, weights: np.ndarray | None = None
) -> Predictions:
    generator = np.random.default_rng(seed)
    odds = generator.normal(-0.4, 1.1, n)
    outcome = (generator.random(n) < expit(odds + shift)).astype(float)
    return Predictions(expit(odds), outcome, weights, None, basis)


def resamples(final: Predictions, count: int, seed: int = 3, noise: float = 0.3) -> list[Drawn]:
    generator = np.random.default_rng(seed)
    size = final.risk.size
    return [
        Drawn(
            generator.integers(0, size, size),
            expit(logit(final.risk) + noise * generator.normal(size=size)),
        )
        for _ in range(count)
    ]


def judged(final: Predictions, drawn: list[Drawn]) -> dict[str, object]:
    return validate_by_bootstrap(final, drawn, tuning="fixed", bootstrap=20, seed=1).measures


def test_optimism_is_the_mean_difference_and_the_interval_holds_its_estimate() -> None:
    from sklearn.metrics import brier_score_loss, roc_auc_score

    final = simulated(1, "apparent")
    drawn = resamples(final, 40)
    found = judged(final, drawn)
    for name, score in (("auc", roc_auc_score), ("brier", brier_score_loss)):
        inside = [score(final.outcome[one.rows], one.risk[one.rows]) for one in drawn]
        whole = [score(final.outcome, one.risk) for one in drawn]
        measure = found[name]
        assert measure.optimism.estimate == pytest.approx(np.mean(np.subtract(inside, whole)), abs=1e-12)
        assert measure.optimism_corrected.estimate == pytest.approx(
            score(final.outcome, final.risk) - measure.optimism.estimate, abs=1e-12
        )
    for name, measure in found.items():
        for form in (measure.apparent, measure.optimism_corrected, measure.out_of_bag, measure.bootstrap_632_plus):
            if isinstance(form, Estimate):
                if form is not measure.apparent and name.startswith("calibration"):
                    # A regression's slope in its own resample is 1 every time: an interval of no width.
                    assert (form.lower, form.upper) == (None, None)
                else:
                    assert form.lower <= form.estimate <= form.upper, name
                assert (form.n, form.events) == (N, final.events)
    assert isinstance(found["calibration_slope"].bootstrap_632_plus, Absent)


def test_a_corrected_auc_is_as_uncertain_as_the_out_of_bag_risks_are() -> None:
    """DeLong's interval of each patient's mean risk by the models that had not seen them, by statistics' own AUC."""
    final = simulated(9, "apparent")
    drawn = resamples(final, 30)
    left_out = np.array([np.bincount(one.rows, minlength=N) == 0 for one in drawn])
    risks = np.where(left_out, [one.risk for one in drawn], np.nan)
    seen = left_out.any(axis=0)
    own = auc(final.outcome[seen], np.nanmean(risks[:, seen], axis=0))
    measure = judged(final, drawn)["auc"]
    for form in (measure.optimism_corrected, measure.out_of_bag, measure.bootstrap_632_plus):
        assert form.upper - form.estimate == pytest.approx(own.upper - own.estimate)
        assert form.estimate - form.lower == pytest.approx(own.estimate - own.lower)


def test_patients_of_weight_zero_count_nowhere() -> None:
    """Weights of one and zero are the same as leaving patients out, and a weight of two is a patient twice."""
    whole = simulated(2, "apparent")
    kept = np.arange(N) < 200
    weighted = Predictions(whole.risk, whole.outcome, kept.astype(float), None, "apparent")
    few = whole.subset(kept)
    rows = [np.random.default_rng(k).integers(0, 200, 200) for k in range(20)]
    risks = [one.risk for one in resamples(whole, 20)]
    by_weight = judged(weighted, [Drawn(r, p) for r, p in zip(rows, risks, strict=True)])
    by_leaving_out = judged(few, [Drawn(r, p[:200]) for r, p in zip(rows, risks, strict=True)])
    for name, measure in by_leaving_out.items():
        for form in ("optimism", "optimism_corrected", "out_of_bag", "bootstrap_632_plus"):
            one, other = getattr(measure, form), getattr(by_weight[name], form)
            if isinstance(one, Estimate):
                assert other.estimate == pytest.approx(one.estimate, abs=1e-6), (name, form)
                assert (other.n, other.events) == (one.n, one.events)


def test_unusable_resamples_are_counted_and_too_many_of_them_leave_nothing() -> None:
    final = simulated(3, "apparent")
    drawn = resamples(final, 39)
    nothing = Drawn(np.empty(0, dtype=np.int64), None)
    found = validate_by_bootstrap(final, [*drawn, nothing], tuning="fixed", notes=("why",), bootstrap=20, seed=1)
    assert (found.resamples, found.usable, found.notes) == (40, 39, ("why",))
    assert isinstance(found.measures["auc"].optimism_corrected, Estimate)
    found = validate_by_bootstrap(final, [*drawn[:30], *[nothing] * 10], tuning="fixed", bootstrap=20, seed=1)
    assert "only 30 of 40" in found.measures["auc"].optimism_corrected.reason


def test_optimism_is_taken_off_apparent_predictions_only() -> None:
    drawn = resamples(simulated(1, "apparent"), 2)
    with pytest.raises(ValueError, match="apparent performance"):
        validate_by_bootstrap(simulated(1, "out-of-fold"), drawn, tuning="fixed", bootstrap=20, seed=1)
    with pytest.raises(ValueError, match="no resample"):
        validate_by_bootstrap(simulated(1, "apparent"), [], tuning="fixed", bootstrap=20, seed=1)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), models=st.integers(2, 12))
def test_instability_is_what_its_definitions_say(seed: int, models: int) -> None:
    final = simulated(seed, "apparent", n=95)
    risks = [one.risk for one in resamples(final, models, seed)]
    found = instability(final, risks, (0.2, 0.5), tuning="fixed")
    # Riley & Collins 2023, sections 3.2 and 3.4, patient by patient.
    errors = [np.mean([abs(p[i] - final.risk[i]) for p in risks]) for i in range(95)]
    assert found.mean_absolute_error == pytest.approx(np.mean(errors))
    for threshold, one in zip((0.2, 0.5), found.thresholds, strict=True):
        index = [np.mean([(p[i] >= threshold) != (final.risk[i] >= threshold) for p in risks]) for i in range(95)]
        assert one.changed == pytest.approx(np.mean(index))
        assert one.often_changed == pytest.approx(np.mean(np.array(index) > 0.1))
    assert sum(group.n for group in found.groups) == 95
    assert min(group.n for group in found.groups) >= 10
    assert sum(group.n * group.absolute_error for group in found.groups) / 95 == pytest.approx(np.mean(errors))
    assert [group.risk for group in found.groups] == sorted(group.risk for group in found.groups)
    for group in found.groups:
        assert group.lower <= group.lower_quartile <= group.median <= group.upper_quartile <= group.upper


def test_models_that_agree_with_the_final_one_are_stable() -> None:
    final = simulated(4, "apparent")
    found = instability(final, [final.risk, final.risk, final.risk], (0.3,), tuning="repeated")
    assert found.mean_absolute_error == 0
    assert found.thresholds[0].changed == 0
    assert all(group.lower == group.upper for group in found.groups)
    assert len({curve.observed for curve in found.calibration}) == 1
    assert isinstance(instability(final, [final.risk], (0.3,), tuning="fixed"), Absent)


def test_repeats_are_averaged_and_do_not_make_the_interval_narrower() -> None:
    one, two = simulated(5, "out-of-fold"), simulated(6, "out-of-fold")
    single = validate_repeatedly([one], folds=5, tuning="fixed", bootstrap=20, seed=1)
    both = validate_repeatedly([one, two], folds=5, tuning="fixed", bootstrap=20, seed=1)
    other = validate_repeatedly([two], folds=5, tuning="fixed", bootstrap=20, seed=1)
    for name in ("auc", "calibration_slope"):
        parts = [found.measures[name].mean for found in (single, other)]
        mean = both.measures[name].mean
        assert mean.estimate == pytest.approx(np.mean([part.estimate for part in parts]))
        assert mean.upper - mean.lower == pytest.approx(np.mean([part.upper - part.lower for part in parts]))
        assert mean.n == N
        spread = both.measures[name].spread
        assert (spread.lowest, spread.highest) == tuple(sorted(part.estimate for part in parts))
        assert spread.standard_deviation == pytest.approx((spread.highest - spread.lowest) / np.sqrt(2))
    assert isinstance(validate_repeatedly([], folds=5, tuning="fixed", notes=("so",), bootstrap=20, seed=1), Absent)


def test_sites_are_pooled_on_the_scale_that_fits_and_the_prediction_interval_is_wider() -> None:
    """Five sites, one of which is too small; slopes pooled apart by `meta_analyse`, itself held against metafor."""
    sites = [
        SitePredictions(f"site {k}", simulated(20 + k, "internal-external", shift=0.5 * k - 0.75)) for k in range(4)
    ]
    sites.append(SitePredictions("site 4", Absent("fewer than 10 events")))
    found = validate_by_site(sites, by="site", label="Site", tuning="fixed", bootstrap=20, seed=1)
    assert [site.n for site in found.sites] == [N, N, N, N, None]
    slope = found.pooled["calibration_slope"]
    values = [site.measures["calibration_slope"] for site in found.sites[:4]]
    direct = meta_analyse([v.estimate for v in values], [(v.upper - v.lower) / 3.919927969080108 for v in values])
    assert slope.pooled.estimate == pytest.approx(direct.estimate)
    assert (slope.pooled.lower, slope.pooled.upper) == pytest.approx((direct.lower, direct.upper))
    large = found.pooled["calibration_in_the_large"]
    assert large.sites == ("site 0", "site 1", "site 2", "site 3")
    assert large.tau2 > 0.1  # the sites were made to differ by half a log-odds each
    assert large.prediction.lower < large.pooled.lower < large.pooled.upper < large.prediction.upper
    assert large.pooled.estimate == pytest.approx(0, abs=0.3)
    auc, ratio = found.pooled["auc"], found.pooled["observed_expected_ratio"]
    assert (auc.scale, ratio.scale) == ("log-odds", "logarithm")
    assert 0.5 < auc.pooled.lower < auc.pooled.upper < 1
    assert min(v.measures["auc"].estimate for v in found.sites[:4]) < auc.pooled.estimate
    assert auc.pooled.n == 4 * N
    one = validate_by_site(sites[3:], by="site", label="Site", tuning="fixed", bootstrap=20, seed=1)
    assert isinstance(one.pooled["auc"], Absent)


def test_everything_comes_back_from_json() -> None:
    final = simulated(7, "apparent")
    drawn = resamples(final, 10)
    made = simulated(8, "out-of-fold")
    sites = [SitePredictions(f"site {k}", simulated(30 + k, "internal-external")) for k in range(3)]
    whole = InternalValidation(
        bootstrap=validate_by_bootstrap(final, drawn, tuning="fixed", bootstrap=20, seed=1),
        repeated_cross_validation=validate_repeatedly([made], folds=5, tuning="repeated", bootstrap=20, seed=1),
        internal_external=validate_by_site(sites, by="site", label="Site", tuning="fixed", bootstrap=20, seed=1),
        learning_curve=learning_curve(
            {1.0: (240.0, 100.0, [made, made]), 0.25: (60.0, 25.0, Absent("too few"))},
            repeats=2, folds=5, tuning="fixed", bootstrap=20, seed=1,
        ),
        instability=instability(final, [one.risk for one in drawn], (0.2,), tuning="fixed"),
    )  # fmt: skip
    text = json.dumps(whole.to_dict(), allow_nan=False)
    assert InternalValidation.from_dict(json.loads(text)) == whole
    assert [point.share for point in whole.learning_curve.points] == [0.25, 1.0]
    nothing = InternalValidation(*[Absent("not asked for")] * 5)
    assert InternalValidation.from_dict(json.loads(json.dumps(nothing.to_dict()))) == nothing
