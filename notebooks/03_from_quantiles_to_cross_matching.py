# %% [markdown]
# # From quantiles to cross-matching
#
# **Research use only. Not for decisions about the care of a person.**
#
# How much blood will an operation cost, and how much should be ready? One number is not enough: blood is ordered for
# the loss that might happen, not for the one in the middle. This notebook trains quantiles of the blood loss, asks
# whether they hold what they say, and turns them into units by a published rule.
#
# Everybody here is **made up**: the recipe draws patients from published numbers. Open it as a notebook in an editor
# that knows `# %%` cells, or run `python notebooks/03_from_quantiles_to_cross_matching.py`. It leaves no file behind.

# %%
from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from spinecast.clinical.blood_order import ORDER_RULE
from spinecast.clinical.formulas import gross_blood_loss, nadler_blood_volume
from spinecast.explanation.quantity_prediction import predict_quantity
from spinecast.notices import SYNTHETIC
from spinecast.training.quantity.final_model import quantity_model
from spinecast.training.quantity.fitting import fit_quantity_study
from spinecast.training.quantity.judging import judge_quantity
from spinecast.training.study.file import load_study

STUDY = """\
study: blood_loss_notebook
title: Blood loss in made-up patients
seed: 5
cohort:
  source: {kind: synthetic, recipe: blood_loss, patients: 500, seed: 5}
outcome:
  kind: quantity
  variable: intraoperative_blood_loss
  thresholds: [500, 1000, 2500]
  quantiles: [0.1, 0.25, 0.5, 0.75, 0.9]
predictors: [sex, body_height, body_weight, hemoglobin, tumour_vascularity, preoperative_embolisation,
  surgical_procedure, spinal_region, instrumented_levels]
resampling: {outer_folds: 3, inner_folds: 3}
tuning: {trials: 1, startup_trials: 1}
candidates:
  - {kind: linear_quantile}
"""

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "blood_loss_notebook.yaml"
    path.write_text(STUDY, encoding="utf-8")
    study = load_study(path)
    trained = fit_quantity_study(study, checkpoints=Path(folder), workers=1, started=datetime.now(UTC))
    model = quantity_model(trained)
print(SYNTHETIC)

# %% [markdown]
# ## Do the quantiles hold what they say?
#
# In each outer fold, quantiles were learned on the other patients, and each level was shifted on held-out patients until
# as many lay below it as it says. The patients judged here took no part in either. Of a calibrated interval, the share
# of patients inside is the share that is stated; the width says how much that promise is worth.

# %%
evaluation, _ = judge_quantity(trained)
print(f"{'stated':>8} {'inside':>8} {'95 % interval':>16} {'width, mL':>10}")
for one in evaluation["intervals"]:
    inside, width = one["coverage"], one["width"]
    limits = f"{inside['lower']:.2f} to {inside['upper']:.2f}"
    print(f"{one['stated']:8.0%} {inside['estimate']:8.1%} {limits:>16} {width['estimate']:10,.0f}")
for one in evaluation["thresholds"]:
    auc = one["measures"]["auc"]
    print(f"{one['threshold']:,.0f} mL and more: {one['events']} patients, AUC {auc['estimate']:.2f}")

# %% [markdown]
# ## One patient, several losses
#
# A man with a vascular tumour is to have a corpectomy. The probability of passing a threshold and the quantiles come
# from one distribution, so they cannot contradict each other.

# %%
patient = {
    "sex": "male",
    "body_height": 172,
    "body_weight": 66,
    "hemoglobin": 9.4,
    "tumour_vascularity": "hypervascular",
    "surgical_procedure": "corpectomy",
    "instrumented_levels": 5,
}
answer = predict_quantity(model, "not saved", patient)
print(answer.to_text())

# %% [markdown]
# ## From millilitres to units
#
# The surgical blood order equation takes the haemoglobin that will be lost, less what the patient can spare before the
# lowest value that is accepted. A loss of blood becomes a loss of haemoglobin by Gross's formula, with Nadler's volume.
# Turning the formula round gives back the loss: the two agree.
#
# For the loss in the middle few units are asked for, or none. For the loss that nine in ten stay below it is another
# order. Which of them to follow is a decision about people and blood banks, and no model makes it.

# %%
print(ORDER_RULE)
volume = float(nadler_blood_volume(1, patient["body_height"], patient["body_weight"]))
for loss in np.array([one["value"] for one in answer.quantiles]):
    share = (2 * volume - loss) / (2 * volume + loss)
    again = float(gross_blood_loss(volume, 0.30, 0.30 * share))
    back = "not estimable: haematocrit too low for the formula" if np.isnan(again) else f"{again:,.0f} mL"
    print(f"{loss:6,.0f} mL of {volume:,.0f} mL: haemoglobin {patient['hemoglobin'] * share:.1f} g/dL; back: {back}")

# %% [markdown]
# ## When there is no answer
#
# Without height, weight and haemoglobin there is no volume and nothing to spare. "Not estimable" is then the answer. The
# distribution is still there. On the logarithm its width is the ratio of its ends: what is not known may go either way.

# %%
known = {"surgical_procedure": "corpectomy", "tumour_vascularity": "hypervascular"}
less = predict_quantity(model, "not saved", known)
print(less.blood_order)
for words, found in (("all known", answer), ("little known", less)):
    ends = next(one for one in found.intervals if one["stated"] == 0.8)
    ratio = ends["upper"] / ends["lower"]
    print(f"{words}: 80 % lie between {ends['lower']:,.0f} and {ends['upper']:,.0f} mL, a ratio of {ratio:.1f}")

# %% [markdown]
# What was lost is known only afterwards, and what was seen is not all of it: `spinecast scores` holds the hidden blood
# loss, which needs a haematocrit from after the operation.
#
# **Research use only. Not for decisions about the care of a person.**
