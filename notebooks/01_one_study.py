# %% [markdown]
# # One study, from patients to a prediction
#
# **Research use only. Not for decisions about the care of a person.**
#
# This is the first thing to read if you are new to spinecast. It follows one small study all the way: look at real
# patients, write the study down, train it, judge it, and ask it about one person.
#
# It needs `spinecast[demo]` (`make setup` installs it), less than a minute and no network. Open it as a notebook in
# an editor that knows `# %%` cells, or run `python notebooks/01_one_study.py`. It says where its files go; to choose
# the folder, set `SPINECAST_NOTEBOOK_FOLDER`.

# %%
from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pandas as pd
from scipy.special import expit, logit

folder = Path(os.environ.get("SPINECAST_NOTEBOOK_FOLDER") or tempfile.mkdtemp(prefix="spinecast-one-study-"))
folder.mkdir(parents=True, exist_ok=True)
# A practice model does not belong among real ones: your own tracking store or server is left alone.
os.environ["SPINECAST_STORE"] = str(folder / "store")
os.environ.pop("SPINECAST_TRACKING_URI", None)
print(f"everything is written to {folder}")

# %% [markdown]
# ## Who are the patients?
#
# Patient-level data on spinal metastases is not public. What comes with the package SurvSet is SUPPORT: seriously ill
# people in hospital, many of them with metastatic cancer. They are real.
#
# We name the variables we might use. Each is an entry of the dictionary, which knows its label, its unit and what is
# possible.

# %%
from spinecast.clinical.dictionary import variable
from spinecast.cohorts.sources import SupportSource, build_cohort

considered = [
    "age",
    "sex",
    "support_diagnosis_group",
    "comorbidity_count",
    "days_in_hospital_before_entry",
    "coma_score",
    "mean_arterial_pressure",
    "heart_rate",
    "respiratory_rate",
    "white_blood_cell_count",
    "albumin",
    "bilirubin",
    "creatinine",
    "sodium",
    "pao2_fio2_ratio",
    "activities_of_daily_living_patient",
]
for name in ("albumin", "coma_score", "support_diagnosis_group"):
    entry = variable(name)
    allowed = entry.range_text(entry.possible) if entry.possible else ", ".join(entry.level_values)
    print(f"{entry.name}: {entry.label}. {entry.help} Allowed: {allowed}")

cohort = build_cohort(
    SupportSource(subset="metastatic"),
    [*considered, "follow_up_time", "death"],
    impossible_values="set_missing",
)
print(f"\n{cohort.name}: {len(cohort)} {cohort.kind} patients")
print(cohort.provenance.description)

# %% [markdown]
# Every cohort passes the **contract**: a value that cannot exist in a living person is refused. SUPPORT holds a few
# slips of recording, so we asked for them to be treated as missing. They are counted, and so are zeros that stand for
# "not measured".

# %%
for rejected in cohort.rejections.summary():
    print(f"set to missing in {rejected['count']}: {rejected['column']}, {rejected['rule']}")
for note in cohort.provenance.notes:
    print(f"- {note}")

# %% [markdown]
# ## Who was left out, and what happened to the others?
#
# The outcome is a definition, too: dead by day 90 after study entry. Somebody last seen alive before that day has no
# known outcome and is left out, with a line of their own below. If there is no such line, there was nobody.

# %%
from spinecast.cohorts.outcomes import HorizonOutcome, label_outcome

dead_by_day_90 = HorizonOutcome(
    time="follow_up_time", event="death", horizon_days=90, censored="exclude", label="Death within 90 days"
)
labelled = label_outcome(cohort, dead_by_day_90)
for step in labelled.attrition:
    print(f"{step.step}: {step.excluded:,} left out ({step.reason}), {step.remaining:,} remain")
print(f"{labelled.positive_label}: {labelled.events} of {len(labelled)} ({labelled.events / len(labelled):.0%})")

# %% [markdown]
# ## Table 1
#
# Median and quartiles, or count and percentage, by outcome. The last column is the **standardised difference**: how
# far apart the two groups are, in standard deviations. Cells of very few patients are not shown.

# %%
from spinecast.cohorts.describing.by_outcome import describe

described = describe(cohort, labelled, considered)
rows = [
    {
        "": ", ".join(filter(None, (entry["label"], entry["unit"], row["level"]))),
        labelled.negative_label: row["without_event"],
        labelled.positive_label: row["with_event"],
        "difference": "" if row["standardised_difference"] is None else f"{row['standardised_difference']:+.2f}",
    }
    for entry in described["table_one"]
    for row in entry["rows"]
]
print(pd.DataFrame(rows).to_string(index=False))

# %% [markdown]
# ## What is missing, and does its absence talk?
#
# A value that is missing more often in those who died, or less often, tells of the outcome whatever it would have
# been. Here are the variables whose absence differs most, and the **check** that spinecast runs on them.

# %%
from spinecast.validation import check_missingness

missing = pd.DataFrame(described["missingness"]).set_index("label")
missing["gap"] = missing["proportion_with_event"] - missing["proportion_without_event"]
missing = missing.sort_values("gap", key=abs, ascending=False)
columns = {"proportion": "all", "proportion_with_event": "died", "proportion_without_event": "alive", "gap": "gap"}
print(missing[list(columns)].rename(columns=columns).head(6).map("{:.0%}".format).to_string())

shares = {
    row["variable"]: (row["proportion_with_event"], row["proportion_without_event"]) for row in described["missingness"]
}
found = check_missingness(shares)
print(f"\n{found.code} {found.title}: {found.finding}\nwhat to do: {found.remedy}" if found else "\nnothing found")

# %% [markdown]
# Nobody can ask a patient who is too ill to answer or has died, so the interview about daily activities is missing in
# them (the notes above say so). The oxygen ratio needs a blood gas, which is taken for a reason. A model could learn
# the silence instead of the patient: both stay out of this study. The studies in `configs/` keep them, and their
# reports say where the check finds something.
#
# ## The study
#
# A study is **one YAML file**: patients, outcome, predictors, candidates, and how they are tuned and judged. This one
# is made to be quick. The studies in `configs/` try more candidates, more settings and more folds.

# %%
STUDY = """\
study: one_study
title: Death within 90 days in people with metastatic cancer (a practice study)
seed: 7

cohort:
  source: {kind: support, subset: metastatic}
  impossible_values: set_missing

outcome:
  kind: horizon
  time: follow_up_time
  event: death
  horizon_days: 90
  label: Death within 90 days

predictors:
  - age
  - sex
  - support_diagnosis_group
  - comorbidity_count
  - days_in_hospital_before_entry
  - coma_score
  - mean_arterial_pressure
  - heart_rate
  - respiratory_rate
  - white_blood_cell_count
  - albumin
  - bilirubin
  - creatinine
  - sodium

resampling: {outer_folds: 3, inner_folds: 3}
tuning: {trials: 2, startup_trials: 1}      # far too few for a result; enough to see how it works

candidates:
  - kind: elastic_net                       # a regression; missing values: median, and a mark that it was missing
  - kind: xgboost                           # trees; missing values: each split learns where they go
    search: {rounds: [50, 150]}
final: {kind: ensemble, of: [elastic_net, xgboost]}

internal_validation: {bootstrap: {resamples: 10}}     # far too few again: 50 and more are of use

evaluation: {bootstrap: 50}
explanation: {patients: 50}
"""
study_file = folder / "one_study.yaml"
study_file.write_text(STUDY, encoding="utf-8")

# %% [markdown]
# A mistake in the file is named with its line and the nearest right word. Here is one, made on purpose:

# %%
from spinecast.errors import ContractError, StudyError
from spinecast.training.study.file import load_study, summary

misprint = folder / "misprint.yaml"
misprint.write_text(STUDY.replace("trials: 2", "trails: 2"), encoding="utf-8")
try:
    load_study(misprint)
except StudyError as error:
    print(error)

# %% [markdown]
# Without the mistake:

# %%
study = load_study(study_file)
print(summary(study))

# %% [markdown]
# ## Train
#
# In a terminal this is `spinecast train one_study.yaml`. Outer folds judge patients the models have not seen; inner
# folds tune inside each of them; the final model learns from everybody. Interrupt it, and the same call goes on from
# there.

# %%
from spinecast.training.pipeline import train_study

result = train_study(study, output=folder / "one_study", workers=1)
print(result.summary())

# %% [markdown]
# Most of what follows is in `report.html` as well: one file, no scripts, opens anywhere.
#
# ## How good is it?
#
# Each patient was judged by models that never saw them, tuning included: **out-of-fold**. Each number has its
# interval; "ideal" is what a perfect model would have. `02_reading_a_validation.py` explains what the numbers mean.

# %%
from spinecast.reporting.measures import MEASURES, measure_text

evaluation = result.evaluation
print(f"{evaluation['n']} patients, {evaluation['events']} events, {evaluation['basis']}")
for name in ("auc", "calibration_in_the_large", "calibration_slope", "scaled_brier"):
    print(f"{MEASURES[name].label:26} {measure_text(evaluation['measures'], name):26} ideal: {MEASURES[name].ideal}")

print("\nthe final model and its candidates:")
for judged in (evaluation, *evaluation["candidates"]):
    print(f"{judged['label']:32} AUC {measure_text(judged['measures'], 'auc')}")

# %% [markdown]
# Is one candidate better than the other? The same patients judge both, so the two intervals do not answer that; the
# difference has an interval of its own. The out-of-fold risks are in `out_of_fold.csv`, one row a patient. The file
# stays with you: no patient row goes into the report or the tracking store.

# %%
from spinecast.statistics import Absent, compare_auc

out_of_fold = pd.read_csv(result.folder / "out_of_fold.csv")
compared = compare_auc(out_of_fold["outcome"], out_of_fold["risk_xgboost"], out_of_fold["risk_elastic_net"])
assert not isinstance(compared, Absent)
gain = compared.difference
print(f"AUC of trees minus AUC of regression: {gain.estimate:+.3f} ({gain.lower:+.3f} to {gain.upper:+.3f})")

# %% [markdown]
# Last, the study's own checks: too few events, predictors that leak, absence that talks, and more.

# %%
from spinecast.reporting import RunRecord

record = RunRecord.load(result.folder / "record")
for check in record.run["checks"]:
    print(f"{check['code']} {check['severity']}: {check['title']}. {check['finding']}. What to do: {check['remedy']}")
print(f"{len(record.run['checks'])} checks found something")

# %% [markdown]
# ## Calibration: does a risk mean what it says?
#
# Patients in ten groups by predicted risk. The observed share should lie near the predicted one; the interval says
# how near one can tell with that many patients.


# %%
def show(figure: Path) -> None:
    """Show a figure in a notebook; elsewhere say where it lies."""
    if "get_ipython" in globals():
        from IPython.display import SVG, display

        display(SVG(filename=str(figure)))
    else:
        print(f"figure: {figure}")


show(result.folder / "record" / "figures" / "calibration.svg")
for group in evaluation["calibration_groups"]:
    print(
        f"predicted {group['predicted']:4.0%}   observed {group['observed']:4.0%} "
        f"({group['lower']:.0%} to {group['upper']:.0%}), {group['n']} patients"
    )

# %% [markdown]
# ## Decision curve: would deciding by it do more good than harm?
#
# Suppose that a plan changes when the risk reaches a threshold. **Net benefit** counts the people rightly picked out,
# less those wrongly picked out, weighed by what the threshold says a wrong one costs. The rivals need no model:
# change the plan for everybody, or for nobody (net benefit 0). Where the model is not above both, it adds nothing.

# %%
show(result.folder / "record" / "figures" / "decision-curve.svg")
curve = evaluation["decision_curve"]
for wanted in (0.1, 0.3, 0.5, 0.7):
    at = min(range(len(curve["thresholds"])), key=lambda i: abs(curve["thresholds"][i] - wanted))
    print(
        f"threshold {curve['thresholds'][at]:.0%}: model {curve['net_benefit'][at]:+.3f} "
        f"({curve['lower'][at]:+.3f} to {curve['upper'][at]:+.3f}), everybody {curve['treat_all'][at]:+.3f}, nobody 0"
    )

# %% [markdown]
# ## One patient, explained exactly
#
# The person below is **made up**. Values are in the dictionary's units unless they say otherwise.

# %%
from spinecast.explanation.contributions import RESIDUAL_TOLERANCE
from spinecast.explanation.prediction import predict_patient
from spinecast.models.artifact import load_model

model, identity = load_model(result.folder / "model")
patient = {
    "age": 63,
    "sex": "female",
    "support_diagnosis_group": "lung_cancer",
    "comorbidity_count": 2,
    "days_in_hospital_before_entry": 4,
    "coma_score": 0,
    "mean_arterial_pressure": 74,
    "heart_rate": 108,
    "respiratory_rate": 26,
    "white_blood_cell_count": 12,
    "albumin": {"value": 26, "unit": "g/L"},
    "bilirubin": 0.8,
    "creatinine": 1.1,
    "sodium": 133,
}
prediction = predict_patient(model, identity, patient)
print(prediction.to_text())

# %% [markdown]
# Each contribution is in log-odds, and for a regression and for trees it is exact. With the base value they **add up
# to the log-odds that is served**, and the risk is nothing but that number on another scale. What is left over is
# rounding; were it more than the tolerance, spinecast would refuse to explain.

# %%
total = prediction.base_value + sum(row["contribution"] for row in prediction.contributions)
print(f"base value            {prediction.base_value:+.6f}")
print(f"sum of contributions  {total - prediction.base_value:+.6f}")
print(f"together              {total:+.6f}")
print(f"served log-odds       {prediction.log_odds:+.6f}")
print(f"left over             {prediction.log_odds - total:.0e} (tolerance {RESIDUAL_TOLERANCE:.0e})")
print(f"risk from the sum     {expit(total):.4%}, served {prediction.risk:.4%}")
assert abs(prediction.log_odds - total) <= RESIDUAL_TOLERANCE

# %% [markdown]
# A contribution says what the **model** makes of a value. It does not say that the value causes the outcome, or that
# changing it would help.
#
# ## When something is not known
#
# Leave it out. The model predicts all the same, says what it did not know, and the interval takes in what the missing
# value might have been. The interval tells how firm the estimate is, not how this person will fare.

# %%
unknown = predict_patient(model, identity, {name: value for name, value in patient.items() if name != "albumin"})
for title, found in (("all known", prediction), ("albumin missing", unknown)):
    width = logit(found.upper) - logit(found.lower)
    print(f"{title:16} {found.risk:.1%} ({found.lower:.1%} to {found.upper:.1%}), {width:.2f} wide in log-odds")
print(*(f"note: {warning}" for warning in unknown.warnings), sep="\n")

# %% [markdown]
# What is **impossible** is another matter. Albumin in g/L, given without its unit, is refused rather than guessed:

# %%
try:
    predict_patient(model, identity, patient | {"albumin": 26})
except ContractError as error:
    print(error)

# %% [markdown]
# ## What this does not show
#
# - **Not these patients.** SUPPORT holds no spinal surgery, and its people were ill decades ago, in one country.
#   Nothing here says how a risk would fare among people with spinal metastases today.
# - **Not another hospital.** Out-of-fold is honest about overfitting, not about other places and times. That needs
#   patients from elsewhere.
# - **Not this search.** Few trials and few folds make a tutorial, not a model. Start from `configs/` for a study.
# - **Not a benefit.** No figure here shows that using the risk helps anyone.
#
# Next: `02_reading_a_validation.py` for the numbers, `README.md` for a table of your own.
#
# **Research use only. Not for decisions about the care of a person.**
