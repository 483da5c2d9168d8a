"""A small made-up cohort for tests. Nobody in it exists; every study made from it says synthetic."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

STUDY = """\
study: simulated_mortality
title: Death within 90 days in a simulated cohort
seed: 11
cohort:
  source:
    kind: csv
    path: patients.csv
    id_column: patient
    synthetic: true
    columns:
      age: {column: age}
      sex: {column: sex}
      tumour_group: {column: tumour_group}
      albumin: {column: albumin, unit: g/dL}
      creatinine: {column: creatinine, unit: mg/dL}
      sodium: {column: sodium}
      follow_up_time: {column: days}
      death: {column: died}
outcome: {kind: horizon, time: follow_up_time, event: death, horizon_days: 90}
predictors: [age, sex, tumour_group, albumin, creatinine, sodium]
resampling: {outer_folds: 3, inner_folds: 3}
tuning: {trials: 3, startup_trials: 2}
candidates:
  - {kind: elastic_net}
  - {kind: xgboost, search: {rounds: [20, 40]}}
  - {kind: baseline, predictors: [age, tumour_group]}
final: {kind: ensemble, of: [elastic_net, xgboost]}
internal_validation:
  bootstrap: {resamples: 10}
  internal_external: {by: tumour_group}
  learning_curve: {shares: [0.5]}
evaluation: {bootstrap: 20}
explanation: {patients: 20}
"""

_COHORT = STUDY[STUDY.index("cohort:") : STUDY.index("outcome:")]

TIMED_STUDY = f"""\
study: simulated_survival
title: Survival in a simulated cohort
seed: 11
{_COHORT}outcome: {{kind: time_to_event, time: follow_up_time, event: death, horizons_days: [30, 90, 180]}}
predictors: [age, sex, tumour_group, albumin, creatinine, sodium]
horizon_studies: [simulated_mortality, another_study]
resampling: {{outer_folds: 3, inner_folds: 3}}
tuning: {{trials: 3, startup_trials: 2}}
candidates:
  - {{kind: cox}}
  - {{kind: boosted_aft, search: {{rounds: [20, 40]}}}}
  - {{kind: cox, name: baseline, predictors: [age, tumour_group]}}
final: {{kind: ensemble, of: [cox, boosted_aft]}}
evaluation: {{bootstrap: 20}}
explanation: {{patients: 20}}
"""


QUANTITY_STUDY = """\
study: simulated_blood_loss
title: Blood loss in a simulated cohort
seed: 11
cohort:
  source: {kind: synthetic, recipe: blood_loss, patients: 300, seed: 4}
outcome:
  kind: quantity
  variable: intraoperative_blood_loss
  thresholds: [0.5, 1, 2.5]
  unit: L
  quantiles: [0.1, 0.5, 0.9]
predictors: [sex, body_height, body_weight, hemoglobin, tumour_vascularity, surgical_procedure, instrumented_levels]
resampling: {outer_folds: 2, inner_folds: 2}
tuning: {trials: 2, startup_trials: 2}
candidates:
  - {kind: linear_quantile, search: {knots: [0]}}
  - {kind: xgboost_quantile, search: {rounds: [15, 20]}}
  - {kind: boosted_quantile, trials: 1, predictors: [surgical_procedure], search: {rounds: [5]}}
final: {kind: ensemble, of: [linear_quantile, xgboost_quantile]}
internal_validation: {bootstrap: {resamples: 10}}
evaluation: {bootstrap: 20}
explanation: {patients: 20}
"""


ORDINAL_STUDY = """\
study: simulated_frankel_grade
title: Frankel grade in a simulated cohort
seed: 11
cohort:
  source: {kind: synthetic, recipe: surgical_course, patients: 300, seed: 4}
outcome:
  kind: ordinal
  variable: frankel_grade_30d
  death: worst_level
  combined_levels: [[a, b]]
predictors: [age, frankel_grade, ecog_performance_status, albumin, hemoglobin, pathological_fracture]
resampling: {outer_folds: 2, inner_folds: 2}
tuning: {trials: 2, startup_trials: 2}
candidates:
  - {kind: proportional_odds, search: {knots: [0]}}
  - {kind: cumulative, learner: xgboost, imputation: native, search: {rounds: [15, 20]}}
  - {kind: cumulative, name: tree, learner: decision_tree, trials: 1, predictors: [frankel_grade, albumin]}
final: {kind: ensemble, of: [proportional_odds, cumulative]}
internal_validation: {bootstrap: {resamples: 10}}
evaluation: {bootstrap: 20}
explanation: {patients: 20}
"""


def patients(count: int = 300, seed: int = 5) -> pd.DataFrame:
    """Simulate patients whose 90-day risk depends on age, albumin and tumour group; follow-up ends by day 400."""
    generator = np.random.default_rng(seed)
    age = generator.normal(63, 11, count).clip(20, 95).round(1)
    albumin = generator.normal(3.3, 0.7, count).clip(1.2, 5.2).round(1)
    tumour = generator.choice(["lung", "colon", "other_or_unrecorded"], count)
    lean = 0.04 * (age - 63) - 0.9 * (albumin - 3.3) + 0.6 * (tumour == "lung")
    survival = generator.exponential(220 * np.exp(-lean))
    follow_up = generator.uniform(100, 400, count)
    table = pd.DataFrame(
        {
            "patient": [f"P{number:05d}" for number in range(count)],
            "age": age,
            "sex": generator.choice(["male", "female"], count),
            "tumour_group": tumour,
            "albumin": albumin,
            "creatinine": generator.lognormal(0.1, 0.4, count).round(2),
            "sodium": generator.normal(137, 4, count).round(0),
            "days": np.minimum(survival, follow_up).round(0) + 1,
            "died": np.where(survival <= follow_up, "present", "absent"),
        }
    )
    for column in ("albumin", "sodium"):
        table.loc[generator.random(count) < 0.15, column] = np.nan
    return table


def write_study(folder: Path, table: pd.DataFrame | None = None, text: str = STUDY) -> Path:
    """Write a study file and its table; return the study's path."""
    folder.mkdir(parents=True, exist_ok=True)
    (patients() if table is None else table).to_csv(folder / "patients.csv", index=False)
    path = folder / "study.yaml"
    path.write_text(text, encoding="utf-8")
    return path
