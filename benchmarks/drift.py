"""How often and how soon the monitor raises; nothing is timed.

``python benchmarks/drift.py [--unchanged N] [--changed N]``

Patients of the synthetic SORG recipe come to a hospital over ten years. A model made of others of them is asked about
each. In some cohorts nothing changes, so that whatever is raised is a false alarm; in others mortality, or how much of
it the inputs tell, changes from the fifth year on, and the laboratory's albumin from the seventh.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit
from synthetic import fitted_part, prognosis_model

from spinecast.clinical.dictionary import variable
from spinecast.cohorts.synthetic.generator import Generator
from spinecast.cohorts.synthetic.recipe import find_recipe, load_recipe
from spinecast.files import atomic_write, readable_json
from spinecast.models.development_distribution import learn_development_distribution
from spinecast.models.predictor_schema import PredictorSchema
from spinecast.models.prognosis_model import PrognosisModel
from spinecast.notices import SYNTHETIC
from spinecast.statistics import wilson_interval
from spinecast.statistics.monitoring.cumulative_sum import changes_for
from spinecast.training.environment import package_versions
from spinecast.validation.monitoring.alarms import AlarmRule
from spinecast.validation.monitoring.monitor import Monitoring, monitor
from spinecast.validation.monitoring.one_risk import one_risk
from spinecast.validation.monitoring.reference import reference_of_model
from spinecast.validation.monitoring.watched import Watched

FloatArray = NDArray[np.float64]

PREDICTORS = (
    "age", "sex", "ecog_performance_status", "asia_impairment_scale", "spine_metastases", "visceral_metastases",
    "brain_metastases", "previous_systemic_therapy", "body_mass_index", "albumin", "hemoglobin", "platelet_count",
    "lymphocyte_count", "neutrophil_count", "creatinine", "alkaline_phosphatase",
)  # fmt: skip
HORIZON = 90
FIRST = np.datetime64("2014-01-01", "D")
YEARS, A_QUARTER = 10, 200
MORTALITY_FROM, ASSAY_FROM = np.datetime64("2018-01-01", "D"), np.datetime64("2020-01-01", "D")
MORTALITY_ODDS_RATIO = 3.0
# Bromcresol green reads 5.5 g/L above bromcresol purple (Clase et al. 2001, Nephrol Dial Transplant 16:1925).
ASSAY_SHIFT = 0.55
DEVELOPMENT = 2000
LOST_A_DAY = 0.001  # one in eleven is lost before day 90
WITHIN = np.timedelta64(182, "D")  # two quarters
RESULTS = Path(__file__).with_name("results") / "monitoring"


@dataclass(frozen=True, eq=False)
class People:
    """Patients of the recipe: inputs, shape (n, predictors), and the true risk of death by day 90."""

    inputs: FloatArray
    risk: FloatArray

    def some(self, rows: NDArray[np.intp]) -> People:
        return People(self.inputs[rows], self.risk[rows])


@dataclass(frozen=True)
class Planted:
    """What changes: odds of death and their slope from `MORTALITY_FROM`, albumin as measured from `ASSAY_FROM` on."""

    odds_ratio: float = 1.0
    assay: float = 0.0
    slope: float = 1.0


def population(patients: int, seed: int) -> People:
    """Draw patients of the SORG recipe."""
    chunks = list(Generator(load_recipe(find_recipe("sorg")), seed).chunks(patients))
    inputs = [np.column_stack([chunk.observed[name] for name in PREDICTORS]) for chunk in chunks]
    return People(
        np.concatenate(inputs), np.concatenate([1 - chunk.truth[f"death_survival_{HORIZON}d"] for chunk in chunks])
    )


def developed(people: People, seed: int) -> PrognosisModel:
    """Make a model of some patients, with what it keeps of them: a penalised regression, tuned by nobody."""
    outcome = (np.random.default_rng(seed).random(people.risk.size) < people.risk).astype(np.float64)
    part = fitted_part("elastic_net", people.inputs, outcome, PREDICTORS, members=5)
    model = prognosis_model((part,), people.inputs, PREDICTORS)
    schema = PredictorSchema.from_variables([variable(name) for name in PREDICTORS])
    fold = np.arange(people.risk.size) % 5
    about = {
        "outcome": {
            "kind": "horizon", "time": "follow_up_time", "event": "death", "horizon_days": HORIZON,
            "label": "Death within 90 days",
        },
        "cohort": {"kind": "synthetic", "name": "sorg", "n": people.risk.size},
    }  # fmt: skip
    return replace(model, about=about, development=learn_development_distribution(people.inputs, schema, fold))


def description(people: People) -> dict[str, Any]:
    """What a training records of how often each input was missing."""
    missing = np.isnan(people.inputs).sum(axis=0)
    return {
        "patients": people.risk.size,
        "missingness": [
            {"variable": name, "missing": int(count)} for name, count in zip(PREDICTORS, missing, strict=True)
        ],
    }


def asked(people: People, model: PrognosisModel, planted: Planted, seed: int) -> Watched:
    """Let patients come over the years, change what is planted, and follow them."""
    draw = np.random.default_rng(seed)
    count = people.risk.size
    days = FIRST + np.sort(draw.integers(0, round(YEARS * 365.25), count)).astype("timedelta64[D]")
    odds = logit(people.risk.clip(1e-6, 1 - 1e-6))
    centre = changes_for(people.risk, slope=planted.slope).centre if planted.slope < 1 else 0.0
    changed = np.log(planted.odds_ratio) + centre + planted.slope * (odds - centre)
    dies = draw.random(count) < expit(np.where(days >= MORTALITY_FROM, changed, odds))
    death = np.where(dies, draw.integers(1, HORIZON + 1, count), np.inf)
    lost = np.ceil(draw.exponential(1 / LOST_A_DAY, count))
    inputs = people.inputs.copy()
    inputs[:, PREDICTORS.index("albumin")] += planted.assay * (days >= ASSAY_FROM)
    return Watched(
        predicted_on=days,
        risk=model.predict(inputs),
        inputs=inputs,
        predictors=PREDICTORS,
        time=np.minimum(np.minimum(death, lost), 2 * HORIZON),
        state=(death <= lost).astype(np.float64),
        subjects=tuple(map(str, range(count))),
        source="synthetic",
        synthetic=True,
    )


def watch(
    everyone: People, planted: Planted, seed: int, *, quarter: int = A_QUARTER, simulations: int = 2000
) -> Monitoring:
    """Make a model of some patients, let others come, and watch."""
    needed = DEVELOPMENT + quarter * 4 * YEARS
    people = everyone.some(np.random.default_rng(seed).permutation(everyone.risk.size)[:needed])
    first, others = people.some(np.arange(DEVELOPMENT)), people.some(np.arange(DEVELOPMENT, needed))
    model = developed(first, seed)
    watched = asked(others, model, planted, seed)
    reference = reference_of_model(model, description(first))
    until = FIRST + np.timedelta64(round(YEARS * 365.25) + HORIZON, "D")
    rule = AlarmRule(simulations=simulations, seed=seed)
    return monitor(
        watched,
        one_risk(model),
        reference,
        watched.inputs,
        until=until,
        rule=rule,
        development=DEVELOPMENT,
        measure=False,
    )


def delays(found: Monitoring, planted: Planted) -> dict[str, Any]:
    """Say, of what is planted, after how many days it could be known, and whether anything was raised before it."""
    awaited = "flatter" if planted.slope < 1 else "more"
    known: dict[str, list[np.datetime64]] = {"mortality": [], "assay": []}
    false = beside = 0
    for alarm in found.alarms:
        day = np.datetime64(alarm.known_on, "D")
        if alarm.kind == "calibration" and day > MORTALITY_FROM:
            if day > ASSAY_FROM:
                continue  # risks are wrong by the assay too: it may be that which was raised
            if alarm.direction == awaited:
                known["mortality"].append(day)
            else:
                beside += 1  # risks are wrong: it is not false, and not what was planted
        elif alarm.kind == "input" and alarm.variable == "albumin" and day > ASSAY_FROM:
            known["assay"].append(day)
        else:
            false += 1
    starts = {"mortality": MORTALITY_FROM, "assay": ASSAY_FROM}
    return {
        **{name: int((min(days) - starts[name]).astype(int)) if days else None for name, days in known.items()},
        "false": false,
        "beside": beside,
    }


def main(arguments: list[str] | None = None) -> int:
    """Measure, print and write down, one part or both; the other stays as it was."""
    parser = argparse.ArgumentParser(description="False alarms and delays of the monitor.")
    parser.add_argument("--unchanged", type=int, default=200, help="cohorts without any change (0: not measured)")
    parser.add_argument("--changed", type=int, default=50, help="cohorts of each planted change (0: not measured)")
    given = parser.parse_args(arguments)
    everyone = population(150_000, seed=1)
    if given.unchanged:
        write("unchanged", f"--unchanged {given.unchanged} --changed 0", unchanged(everyone, given.unchanged))
    if given.changed:
        write("changed", f"--unchanged 0 --changed {given.changed}", changed(everyone, given.changed))
    return 0


def unchanged(everyone: People, cohorts: int) -> dict[str, Any]:
    """Count cohorts in which something is raised though nothing changes."""
    raised = [watch(everyone, Planted(), seed).alarms for seed in range(cohorts)]
    alarmed = sum(bool(one) for one in raised)
    return {
        "cohorts": cohorts,
        "with_an_alarm": alarmed,
        "share": alarmed / cohorts,
        "interval": list(wilson_interval(alarmed, cohorts)),
    }


def changed(everyone: People, cohorts: int) -> dict[str, Any]:
    """Say, of changes of several sizes, how soon they are raised."""
    changes = {f"odds times {ratio:g}": Planted(ratio, ASSAY_SHIFT) for ratio in (1.5, 2.0, MORTALITY_ODDS_RATIO)}
    changes |= {
        "slope halved": Planted(slope=0.5, assay=ASSAY_SHIFT),
        "risks that tell nothing": Planted(slope=0.0, assay=ASSAY_SHIFT),
    }
    found = {
        name: _summary([delays(watch(everyone, planted, 10_000 + seed), planted) for seed in range(cohorts)])
        for name, planted in changes.items()
    }
    return {"mortality_from": str(MORTALITY_FROM), "assay_from": str(ASSAY_FROM), "albumin_g_dl": ASSAY_SHIFT, **found}


def write(part: str, options: str, found: dict[str, Any]) -> None:
    """Print one part and put it into the file beside the other."""
    place = RESULTS / "drift.json"
    known = json.loads(place.read_text(encoding="utf-8")) if place.is_file() else {}
    known |= {
        "what": f"alarms over {YEARS} years, {A_QUARTER} patients a quarter, {len(PREDICTORS)} inputs, {DEVELOPMENT} "
        "patients in the development; new patients and a new model in each cohort",
        "notice": SYNTHETIC,
        part: {"command": f"python benchmarks/drift.py {options}", **found, "versions": package_versions()},
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    atomic_write(place, readable_json(known))
    print(readable_json({part: found}), flush=True)


def _summary(found: list[dict[str, Any]]) -> dict[str, Any]:
    said: dict[str, Any] = {
        "cohorts": len(found),
        "with_a_false_alarm": sum(bool(one["false"]) for one in found),
        "with_another_direction_too": sum(bool(one["beside"]) for one in found),
    }
    for name in ("mortality", "assay"):
        days = [one[name] for one in found if one[name] is not None]
        # What was not raised would have been later than all that was.
        median = float(np.median(days + [np.inf] * (len(found) - len(days))))
        said[name] = {
            "raised_within_two_quarters": sum(bool(day <= WITHIN.astype(int)) for day in days),
            "raised": len(days),
            "days_median": median if np.isfinite(median) else None,
            "days_longest": max(days, default=None),
        }
    return said


if __name__ == "__main__":
    sys.exit(main())
