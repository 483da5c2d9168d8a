# %% [markdown]
# # External validation, from start to end
#
# **Research use only. Not for decisions about the care of a person.**
#
# A model was made here. Somebody wants to use it there. This notebook goes the whole way between: how many patients
# it takes to find out, their file as it comes, the validation, what its numbers mean together, an update, and what may
# be said in the end.
#
# The people are **real**: seriously ill adults with metastatic cancer, from SUPPORT. SUPPORT names no hospitals, so we
# divide it by disease: the model is made from everybody but those with colon cancer, and these are "there". That is a
# harder journey than to the next hospital, and shows more.
#
# It needs `spinecast[demo]` (`make setup` installs it), less than a minute and no network. Open it as a notebook in an
# editor that knows `# %%` cells, or run `python notebooks/04_external_validation.py`. It says where its files go; to
# choose the folder, set `SPINECAST_NOTEBOOK_FOLDER`.

# %%
from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

folder = Path(os.environ.get("SPINECAST_NOTEBOOK_FOLDER") or tempfile.mkdtemp(prefix="spinecast-external-"))
folder.mkdir(parents=True, exist_ok=True)
# A practice model does not belong among real ones: your own tracking store or server is left alone.
os.environ["SPINECAST_STORE"] = str(folder / "store")
os.environ.pop("SPINECAST_TRACKING_URI", None)
print(f"everything is written to {folder}")

# %% [markdown]
# ## Here and there
#
# What is known on admission, and what happened. The two groups die at different rates: keep that in mind, it comes back.

# %%
from spinecast.cohorts.sources import SupportSource, build_cohort

predictors = [
    "age",
    "sex",
    "days_in_hospital_before_entry",
    "heart_rate",
    "respiratory_rate",
    "albumin",
    "bilirubin",
    "creatinine",
    "sodium",
]
cohort = build_cohort(
    SupportSource(subset="metastatic"),
    [*predictors, "support_diagnosis_group", "follow_up_time", "death"],
    impossible_values="set_missing",
)
table = cohort.frame.assign(patient=cohort.patient_ids.to_numpy())
is_there = table["support_diagnosis_group"] == "colon_cancer"
dead_by_day_90 = (table["follow_up_time"] <= 90) & (table["death"] == "present")
print(f"{len(table):,} {cohort.kind} patients")
for place, rows in (("here", ~is_there), ("there", is_there)):
    print(f"{place:6} {rows.sum():,} patients, {dead_by_day_90[rows].mean():.0%} dead by day 90")

# %% [markdown]
# ## The model
#
# Made from the patients here, with a search so short that it is of use to a tutorial only.

# %%
here = folder / "here.csv"
table.loc[~is_there, ["patient", *predictors, "follow_up_time", "death"]].to_csv(here, index=False)
STUDY = f"""\
study: made_here
title: Death within 90 days, model made here
seed: 20261127
cohort:
  source: {{kind: csv, path: here.csv, id_column: patient}}
outcome: {{kind: horizon, time: follow_up_time, event: death, horizon_days: 90, label: Death within 90 days}}
predictors: [{", ".join(predictors)}]
resampling: {{outer_folds: 2, inner_folds: 2}}
tuning: {{trials: 3, startup_trials: 2}}
candidates: [{{kind: elastic_net}}]
internal_validation: {{bootstrap: null}}
evaluation: {{bootstrap: 50}}
explanation: {{patients: 20}}
"""
(folder / "made_here.yaml").write_text(STUDY, encoding="utf-8")

from spinecast.training.pipeline import train_study
from spinecast.training.study.file import load_study

made = train_study(load_study(folder / "made_here.yaml"), output=folder / "made_here", workers=1)
print(made.summary())

# %% [markdown]
# ## Are there enough patients there?
#
# Asked **before** looking at any result, with what one expects of the other place: the share who die, and how well the
# model ranks. Too few patients, and a validation can neither find a fault nor rule one out.
#
# In a terminal each of these is the same words after `spinecast`.

# %%
from spinecast.cli.app import app


def spinecast(*words: str) -> None:
    """Run a command as a terminal would."""
    print("$ spinecast", *words)
    app(list(words), standalone_mode=False)


spinecast(
    "samplesize", "validate", "--outcome", "binary", "--proportion", "0.4", "--c-statistic", "0.7",
    "--patients", str(is_there.sum()),
)  # fmt: skip

# %% [markdown]
# Too few, then, for the calibration slope above all. That forbids nothing; it says beforehand that its interval will be
# wide, and that "no fault shown" will mean little.
#
# ## Their file, as it comes
#
# Another hospital writes things its own way: other names, other units, other words, a comma before the decimals. (We
# rewrite the table so; the values are the patients' own.)

# %%
theirs = table.loc[is_there]
file = folder / "there.csv"
theirs.assign(
    albumin=10 * theirs["albumin"],
    creatinine=88.42 * theirs["creatinine"],
    sex=theirs["sex"].astype(str).map({"male": "M", "female": "F"}),
    death=theirs["death"].astype(str).map({"present": "dead", "absent": "alive"}),
).rename(
    columns={"albumin": "alb", "creatinine": "crea", "sex": "gender", "death": "status", "follow_up_time": "days"}
).drop(columns="support_diagnosis_group").to_csv(file, index=False, sep=";", decimal=",", float_format="%.5g")
print(*file.read_text(encoding="utf-8").splitlines()[:3], sep="\n")

# %% [markdown]
# A **mapping** says what each column is. Nothing is guessed: an albumin without its unit would be refused.

# %%
MAPPING = """\
id_column: patient
separator: ";"
decimal: ","
columns:
  albumin: {column: alb, unit: g/L}
  creatinine: {column: crea, unit: umol/L}
  sex: {column: gender, levels: {M: male, F: female}}
  death: {column: status, levels: {dead: present, alive: absent}}
  follow_up_time: {column: days}
"""
mapping = folder / "there.yaml"
mapping.write_text(MAPPING, encoding="utf-8")
spinecast("cohort", "check", str(file), "--mapping", str(mapping))

# %% [markdown]
# ## The validation
#
# The model is applied as it is. Nothing is fitted to the patients there.

# %%
result = folder / "validation"
spinecast(
    "validate", str(folder / "made_here"), "--cohort", str(file), "--mapping", str(mapping),
    "--output", str(result), "--bootstrap", "50", "--missing-draws", "1",
)  # fmt: skip
evaluation = json.loads((result / "record" / "evaluation.json").read_text(encoding="utf-8"))
findings = json.loads((result / "record" / "findings.json").read_text(encoding="utf-8"))

# %% [markdown]
# ## Reading it: three questions, in this order
#
# **Are the risks too high or too low on average?** Calibration-in-the-large: below 0 the model predicts too many
# deaths, above 0 too few. **Are they too far apart or too close together?** The calibration slope: below 1 high risks
# are too high and low ones too low. **Are the patients in the right order?** The AUC.

# %%
from spinecast.reporting.measures import MEASURES, measure_text

at_home = made.evaluation["measures"]
print(f"{'':26} {'here, out of fold':28} there")
for name in ("calibration_in_the_large", "calibration_slope", "auc", "scaled_brier"):
    print(f"{MEASURES[name].label:26} {measure_text(at_home, name):28} {measure_text(evaluation['measures'], name)}")
large, slope = (evaluation["measures"][name] for name in ("calibration_in_the_large", "calibration_slope"))
level = "too high" if large["upper"] < 0 else "too low" if large["lower"] > 0 else "no fault shown"
spread = "too extreme" if slope["upper"] < 1 else "too moderate" if slope["lower"] > 1 else "no fault shown"
print(f"risks there, on average: {level}; their spread: {spread}")

# %% [markdown]
# ## The patients or the model?
#
# An AUC can fall though the model is as right as ever: if all patients there are alike, nobody can put them in order.
# So the report computes what AUC these patients would allow **if every risk were right**. A fall down to that is the
# **case mix**; a fall below it, beyond chance, is the model.

# %%
from spinecast.reporting.formatting import estimate

for title, name in (
    ("AUC here", "development_auc"),
    ("AUC these patients allow", "expected_auc"),
    ("AUC there", "observed_auc"),
    ("telling the groups apart", "membership_auc"),
):
    print(f"{title:26} {estimate(findings['case_mix'][name])}")

# %% [markdown]
# The last line is how well the predictors alone tell in which of the two groups a patient is: 0.5 is not at all.
#
# A wrong average with a right order is the mildest fault: something that the model does not know (here the disease)
# makes everybody's risk lower. Shifting all risks mends it, and says nothing new about any single patient.
#
# ## An update, judged on patients it has not seen
#
# Half of the patients there are set apart. On the others a closed test chooses the smallest change that they do not
# speak against: none, a new intercept, a new slope too, or all anew.

# %%
updated = folder / "updated"
spinecast(
    "update", str(folder / "made_here"), "--cohort", str(file), "--mapping", str(mapping),
    "--output", str(updated), "--bootstrap", "50",
)  # fmt: skip
before = json.loads((updated / "record" / "findings.json").read_text(encoding="utf-8"))["before"]["measures"]
after = json.loads((updated / "record" / "evaluation.json").read_text(encoding="utf-8"))["measures"]
print(f"\nin the patients set apart  {'before':28} after")
for name in ("calibration_in_the_large", "calibration_slope", "auc"):
    print(f"{MEASURES[name].label:26} {measure_text(before, name):28} {measure_text(after, name)}")

# %% [markdown]
# The order hardly moves: an intercept and a slope cannot change who ranks above whom. What an update cannot give is
# knowledge that the model never had.
#
# ## What may be said
#
# - **Of the model as it was**: how it did there, with intervals, all three answers and not the best of them. "It was
#   externally validated" says nothing; *how it did* does.
# - **Of the updated model**: how it did in the half set apart. It has been validated nowhere else, and is a new version
#   that names its parent.
# - **Not** that it will do so in a third place: that place has a case mix of its own. Validate again there, before use
#   and while it is used.
# - **Not** that using it helps anyone: that is another study.
#
# And of this notebook: disease stood in for a place, the search was a few trials, and SUPPORT's people were ill decades
# ago without spinal surgery. It shows the way, not a result.
#
# **Research use only. Not for decisions about the care of a person.**
