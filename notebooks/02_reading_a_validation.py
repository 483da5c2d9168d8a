# %% [markdown]
# # Reading a validation
#
# **Research use only. Not for decisions about the care of a person.**
#
# A validation report holds a dozen numbers. This notebook shows what the important ones mean, by breaking a perfect
# model on purpose, one way at a time, and watching which number notices.
#
# Everybody here is **simulated**: we draw each patient's true risk, then draw the outcome from it. So, unlike with real
# patients, we know what the right answer is.

# %%
from __future__ import annotations

import numpy as np
from scipy.special import expit, logit

from spinecast.statistics import (
    Absent,
    Measure,
    auc,
    calibration_errors,
    calibration_in_the_large,
    calibration_slope,
    decision_curve,
    fit_logistic_recalibration,
    net_benefit,
    net_benefit_treat_all,
)

generator = np.random.default_rng(2026)
patients = 4000
true_log_odds = generator.normal(-0.6, 1.2, patients)
true_risk = expit(true_log_odds)
died = (generator.random(patients) < true_risk).astype(float)
print(f"SYNTHETIC: {patients} simulated patients, {died.sum():.0f} deaths ({died.mean():.0%})")

# %% [markdown]
# ## Five models of the same patients
#
# - **perfect** tells the true risk;
# - **too high** adds the same amount to everyone's log-odds, as a model from a sicker hospital would;
# - **too extreme** doubles the log-odds, as an overfitted model does: its high risks are too high, its low ones too low;
# - **too timid** halves them;
# - **everyone the same** knows only the average.

# %%
models = {
    "perfect": true_risk,
    "too high": expit(true_log_odds + 0.8),
    "too extreme": expit(2 * true_log_odds),
    "too timid": expit(0.5 * true_log_odds),
    "everyone the same": np.full(patients, died.mean()),
}


def shown(measure: Measure) -> str:
    """A number with its 95 % interval where it has one, or the reason why there is none."""
    if isinstance(measure, Absent):
        return f"absent: {measure.reason}"
    if measure.lower is None or measure.upper is None:
        return f"{measure.estimate:.3f}"
    return f"{measure.estimate:.3f} ({measure.lower:.3f} to {measure.upper:.3f})"


# %% [markdown]
# ## AUC: are the patients in the right order?
#
# Take one patient who died and one who did not. The AUC is the chance that the model gave the first the higher risk.
# 0.5 is tossing a coin, 1 never fails.
#
# It looks at the **order** and at nothing else. Three of the four spoiled models keep the order, so the AUC cannot tell
# them from the perfect one. A good AUC alone says nothing about whether "30 %" means thirty in a hundred.
#
# Note also that the perfect model is far from 1: knowing the risk is not knowing the outcome.

# %%
for name, risk in models.items():
    print(f"AUC  {name:18} {shown(auc(died, risk))}")

# %% [markdown]
# ## Calibration-in-the-large: is the level right?
#
# How much must be added to everyone's log-odds so that expected and observed deaths agree? **0 is right**. Below 0, the
# risks are too high; above 0, too low. The model that is 0.8 too high is found out at once: about -0.8.
#
# Being right on average is easy, though. "Everyone the same" is, and it is of no use to anybody.

# %%
for name, risk in models.items():
    print(f"calibration-in-the-large  {name:18} {shown(calibration_in_the_large(died, risk))}")

# %% [markdown]
# ## Calibration slope: are the risks spread as they should be?
#
# By what must the log-odds be multiplied? **1 is right**. Below 1, the risks are too extreme (0.5: twice as extreme as
# they should be), the usual sign of overfitting. Above 1, too timid.
#
# Where all risks are equal there is no slope. spinecast then says that it is absent, and why, rather than printing a 0
# that somebody might read as a result.

# %%
for name, risk in models.items():
    print(f"calibration slope  {name:18} {shown(calibration_slope(died, risk))}")

# %% [markdown]
# ## ICI: how far off is a risk, typically?
#
# The two numbers above assume that a straight line repairs the model. The integrated calibration index does not: a
# smooth curve of observed against predicted risk is drawn, and the ICI is the mean distance between curve and
# prediction, in units of risk. An ICI of 0.05 means that a stated risk is off by five percentage points on average.
#
# A mean of distances cannot be below 0, so a perfect model does not reach exactly 0 in a finite number of patients.

# %%
for name, risk in models.items():
    print(f"ICI  {name:18} {shown(calibration_errors(died, risk, bootstrap=50).ici)}")

# %% [markdown]
# ## Net benefit: would deciding by it do more good than harm?
#
# Suppose that something is offered to people whose risk is at least 30 %. Choosing 30 % as the threshold is a statement
# of values: missing one death weighs as much as 0.7 / 0.3, about 2.3, needless interventions. Net benefit counts in that
# currency:
#
# net benefit = true positives per patient - false positives per patient x 0.3 / 0.7
#
# Its rivals are not other models but the two things that need no model: treat nobody (net benefit 0), and treat everybody.
# A model below either of them does harm at that threshold.

# %%
for threshold in (0.15, 0.3, 0.5):
    everybody = net_benefit_treat_all(died.mean(), [threshold])[0]
    print(f"net benefit at {threshold:.2f}  {'treat nobody':18} {0:+.3f}")
    print(f"net benefit at {threshold:.2f}  {'treat everybody':18} {everybody:+.3f}")
    for name, risk in models.items():
        print(f"net benefit at {threshold:.2f}  {name:18} {net_benefit(died, risk, [threshold])[0]:+.3f}")

# %% [markdown]
# The models that keep the order but not the level lose net benefit, because people land on the wrong side of the
# threshold: **bad calibration costs, even with a good AUC**. "Everyone the same" is never better than the better of
# treating everybody and treating nobody.
#
# One threshold is one set of values. A decision curve shows all of them; look at the range that somebody would use.

# %%
thresholds = np.arange(1, 100) / 100
perfect, too_high = (decision_curve(died, models[name], thresholds) for name in ("perfect", "too high"))
lost = np.array(perfect.net_benefit) - np.array(too_high.net_benefit)
worst = int(lost.argmax())
print(
    f"risks that are too high cost most at threshold {thresholds[worst]:.2f}: "
    f"{1000 * lost[worst]:.0f} true positives per 1,000 patients"
)
harmful = thresholds[np.array(too_high.net_benefit) < 0]
print(f"too high: deciding by it is worse than treating nobody from threshold {harmful.min():.2f} on")

# %% [markdown]
# ## What can be repaired, and what cannot
#
# Level and spread are a straight line on the log-odds scale, so a straight line repairs them: *recalibration*. It must be
# learnt from other patients than those who judge it, so we learn on one half and look at the other.
#
# The order stays as it was, and so does the AUC. If patients are ranked badly, recalibrating does not help.

# %%
learn, judge = np.arange(patients) < patients // 2, np.arange(patients) >= patients // 2
for name in ("too high", "too extreme", "too timid"):
    line = fit_logistic_recalibration(died[learn], logit(models[name][learn]))
    repaired = expit(line.apply(logit(models[name][judge])))
    before, after = (calibration_errors(died[judge], risk, bootstrap=20) for risk in (models[name][judge], repaired))
    assert not isinstance(before.ici, Absent)
    assert not isinstance(after.ici, Absent)
    same_order = np.array_equal(np.argsort(repaired), np.argsort(models[name][judge]))
    print(
        f"recalibrated  {name:12} ICI {before.ici.estimate:.3f} before, {after.ici.estimate:.3f} after; "
        f"same order: {same_order}"
    )

# %% [markdown]
# ## How sure can one be?
#
# Every number of a report carries its 95 % interval, its patients and its events. With few events the interval is wide,
# and a slope of 0.9 cannot be told from one of 1.3. Intervals describe the play of chance among patients like these.
# They do not say that the model works in another hospital, in another year, or for people who were not in the study.

# %%
for count in (100, 400, patients):
    measured = calibration_slope(died[:count], true_risk[:count])
    print(f"slope of the perfect model in {count:5} patients, {died[:count].sum():4.0f} deaths: {shown(measured)}")

# %% [markdown]
# ## In short
#
# | question | number | right | beware |
# | --- | --- | --- | --- |
# | In the right order? | AUC | high | blind to the level |
# | Right on average? | calibration-in-the-large | 0 | an average can hide anything |
# | Spread as they should be? | calibration slope | 1 | below 1: overfitted |
# | How far off, typically? | ICI | near 0 | never exactly 0 |
# | More good than harm? | net benefit | above both rivals | at thresholds somebody would use |
#
# And above all: **judged on whom?** The numbers in a spinecast report are out-of-fold: each patient was judged by a model
# that never saw them, tuning and choosing included. Still, only other hospitals can tell whether a model travels.
#
# **Research use only. Not for decisions about the care of a person.**
