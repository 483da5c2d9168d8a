# %% [markdown]
# # Reading a validation
#
# **Research use only. Not for decisions about the care of a person.**
#
# A validation report holds many numbers. This notebook shows what the important ones mean, by spoiling a perfect
# model on purpose, one way at a time, and watching which number notices.
#
# Everybody here is **simulated**: we draw each patient's true risk, then draw the outcome from it. So, unlike with
# real patients, we know the right answer.
#
# Open it as a notebook in an editor that knows `# %%` cells, or run `python notebooks/02_reading_a_validation.py`. It
# writes no file.

# %%
from __future__ import annotations

import numpy as np
from scipy.special import expit, logit

from spinecast.notices import SYNTHETIC
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
print(f"{SYNTHETIC} {patients} simulated, of whom {died.sum():.0f} die ({died.mean():.0%})")

# %% [markdown]
# ## Five models of the same patients
#
# - **perfect** tells the true risk;
# - **too high** adds the same amount to everyone's log-odds, as a model from a sicker hospital would;
# - **too extreme** doubles the log-odds, as an overfitted model does: high risks become too high, low ones too low;
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
    """Write a number with its 95 % interval, or say why there is none."""
    if isinstance(measure, Absent):
        return f"absent: {measure.reason}"
    if measure.lower is None or measure.upper is None:
        return f"{measure.estimate:z.3f} ({measure.method})"
    return f"{measure.estimate:z.3f} ({measure.lower:z.3f} to {measure.upper:z.3f})"


# %% [markdown]
# ## AUC: are the patients in the right order?
#
# Take one patient who died and one who did not. The AUC is the chance that the model gave the first the higher risk,
# a tie counting half. 0.5 is tossing a coin, 1 never fails.
#
# It looks at the **order** and at nothing else. Too high, too extreme and too timid keep the order, so the AUC cannot
# tell them from perfect. It says nothing about whether "30 %" means thirty in a hundred.
#
# And perfect is far from 1: knowing the risk is not knowing the outcome.

# %%
for name, risk in models.items():
    print(f"AUC  {name:18} {shown(auc(died, risk))}")

# %% [markdown]
# ## Calibration-in-the-large: is the level right?
#
# How much must be added to everyone's log-odds so that as many die as expected? **0 is right**. Below 0, the risks
# are too high; above 0, too low. Too high is found out at once: what was added to it has to be taken off.
#
# Too extreme and too timid miss 0 as well. Most risks here lie below a half; doubling the log-odds pushes those
# further down, halving lifts them.
#
# Being right on average is easy, though. Everyone the same is, and tells nobody apart.

# %%
for name, risk in models.items():
    print(f"calibration-in-the-large  {name:18} {shown(calibration_in_the_large(died, risk))}")

# %% [markdown]
# ## Calibration slope: are the risks spread as they should be?
#
# By what must the log-odds be multiplied? **1 is right**. Below 1, the risks are too extreme, the usual sign of
# overfitting. Above 1, they are too timid. The level does not matter to it: too high comes out like perfect.
#
# Where all risks are equal there is no slope. spinecast then says that it is absent, and why, rather than printing a
# 0 that somebody might read as a result.

# %%
for name, risk in models.items():
    print(f"calibration slope  {name:18} {shown(calibration_slope(died, risk))}")

# %% [markdown]
# ## ICI: how far off is a risk, typically?
#
# The two numbers above see a shift and a stretch. The integrated calibration index sees a bend as well: a smooth
# curve of observed against predicted risk is drawn, and the ICI is the mean distance between curve and prediction, in
# units of risk. Times 100, it is in percentage points.
#
# A distance is never below 0, so chance only adds to it: perfect does not reach 0. For the same reason the interval,
# made from resampled patients, leans upwards and may even lie above the estimate when that is close to 0.

# %%
for name, risk in models.items():
    errors = calibration_errors(died, risk, bootstrap=50)
    print(f"ICI  {name:18} {shown(errors if isinstance(errors, Absent) else errors.ici)}")

# %% [markdown]
# ## Net benefit: would deciding by it do more good than harm?
#
# Suppose that something is offered to people whose risk reaches a threshold. Choosing the threshold is a statement of
# values: at 30 %, say, how many needless offers is one missed death worth? The odds say it. Net benefit counts in
# that currency:
#
# net benefit = true positives per patient - false positives per patient x threshold / (1 - threshold)
#
# Its first rivals are not other models but what needs no model: treat nobody (net benefit 0), or treat everybody. At
# a threshold where a model is below either of them, it is worse than no model.

# %%
thresholds = np.array([0.15, 0.3, 0.5])
for threshold in thresholds:
    print(f"at {threshold:.0%}, one missed death is worth {(1 - threshold) / threshold:.1f} needless offers")
table = {"treat nobody": np.zeros(len(thresholds)), "treat everybody": net_benefit_treat_all(died.mean(), thresholds)}
table |= {name: net_benefit(died, risk, thresholds) for name, risk in models.items()}
print(f"\n{'net benefit at':18}", *(f"{threshold:>7.0%}" for threshold in thresholds))
for name, benefit in table.items():
    print(f"{name:18}", *(f"{one:+7.3f}" for one in benefit))

# %% [markdown]
# A spoiled model loses net benefit where its error moves people across the threshold: **bad calibration costs, even
# with a perfect order**. How much depends on the threshold. At 50 %, too extreme and too timid lose nothing:
# stretching the log-odds about 0 moves nobody across a risk of a half. Everyone the same always equals the better of
# the two rivals, because it treats everybody or nobody.
#
# One threshold is one set of values. A decision curve shows all of them, with intervals; look at the range that
# somebody would use.

# %%
every_percent = np.arange(1, 100) / 100
perfect, too_high = (decision_curve(died, models[name], every_percent) for name in ("perfect", "too high"))
lost = np.array(perfect.net_benefit) - np.array(too_high.net_benefit)
print(
    f"too high loses most at a threshold of {every_percent[lost.argmax()]:.0%}: "
    f"{1000 * lost.max():.0f} true positives per 1,000 patients, net"
)
assert too_high.upper is not None
harmful = every_percent[np.array(too_high.upper) < 0]
print(
    f"too high is clearly worse than treating nobody (its whole interval below 0) at {len(harmful)} thresholds "
    f"between {harmful.min():.0%} and {harmful.max():.0%}"
)

# %% [markdown]
# ## What can be repaired, and what cannot
#
# A wrong level and a wrong spread are a straight line on the log-odds scale, so a straight line repairs them:
# *recalibration*. It must be learnt from other patients than those who judge it. We learn from every other patient
# and look at the rest.
#
# However the model was spoiled, the same model comes out: the line undoes shift and stretch alike. It is close to
# perfect and not equal to it, because a line learnt from so many patients carries their chance with it.
#
# The order stays as it was, and so does the AUC. If patients are ranked badly, recalibration does not help.

# %%
learn, judge = slice(0, None, 2), slice(1, None, 2)


def in_the_judging_half(name: str, risk: np.ndarray) -> None:
    """Print order, spread and distance of some risks of the judging half."""
    errors = calibration_errors(died[judge], risk, bootstrap=50)
    assert not isinstance(errors, Absent)
    order, spread = auc(died[judge], risk), calibration_slope(died[judge], risk)
    print(f"{name:26} AUC {shown(order)}   slope {shown(spread)}   ICI {shown(errors.ici)}")


in_the_judging_half("perfect", true_risk[judge])
for name in ("too high", "too extreme", "too timid"):
    line = fit_logistic_recalibration(died[learn], logit(models[name][learn]))
    in_the_judging_half(name, models[name][judge])
    in_the_judging_half(f"{name}, recalibrated", expit(line.apply(logit(models[name][judge]))))

# %% [markdown]
# ## How sure can one be?
#
# In a report every number carries its 95 % interval and says how many patients and events are behind it. With few
# events the interval is wide, even for the perfect model:

# %%
for count in (100, 400, patients):
    measured = calibration_slope(died[:count], true_risk[:count])
    print(f"slope of the perfect model in {count:5} patients, {died[:count].sum():4.0f} deaths: {shown(measured)}")

# %% [markdown]
# Intervals describe the play of chance among patients like these. They do not say that the model works in another
# hospital, in another year, or for people who were not in the study.
#
# ## In short
#
# | question | number | right | beware |
# | --- | --- | --- | --- |
# | In the right order? | AUC | high | blind to level and spread |
# | Right on average? | calibration-in-the-large | 0 | an average can hide anything |
# | Spread as they should be? | calibration slope | 1 | below 1: overfitted; blind to the level |
# | How far off, typically? | ICI | near 0 | never exactly 0 |
# | More good than harm? | net benefit | above both rivals | at thresholds somebody would use |
#
# The report also says how much a model flatters itself. *Apparent* performance is that in the patients it was made
# from; *optimism* is how much better models of resamples look in their resample than in everybody; *optimism-corrected*
# is the first less the second. Where models of resamples give one patient very different risks, the risk of that
# patient is uncertain whatever the averages say.
#
# And above all: **judged on whom?** The numbers of `spinecast train` are out-of-fold: each patient was judged by a
# model that never saw them, tuning and choosing included. Still, only other hospitals can tell whether a model
# travels.
#
# **Research use only. Not for decisions about the care of a person.**
