"""Net benefit by dcurves of the predictions in golden_s2/val.csv; run from its own folder, with what it needs apart.

    python -m venv /tmp/dcurves && /tmp/dcurves/bin/pip install dcurves==1.1.7 && /tmp/dcurves/bin/python make.py

dcurves (Apache-2.0) needs lifelines, and lifelines 0.30 needs pandas below 3: it cannot be installed beside spinecast's
newest pandas, so its numbers are kept here.
"""

import json
from importlib.metadata import version
from pathlib import Path

import pandas
from dcurves import dca

THRESHOLDS = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.9]

data = pandas.read_csv("../golden_s2/val.csv")
found = dca(data=data, outcome="y5", modelnames=["pA", "pB"], thresholds=[0, *THRESHOLDS], nper=100)
expected = {"source": f"dcurves {version('dcurves')}, pandas {version('pandas')}", "thresholds": THRESHOLDS}
for model in ("pA", "pB", "all"):
    rows = found[(found["model"] == model) & (found["threshold"] > 0)].sort_values("threshold")
    assert rows["threshold"].round(12).tolist() == THRESHOLDS
    expected[model] = {
        "net_benefit": rows["net_benefit"].tolist(),
        "interventions_avoided_per_100": rows["net_intervention_avoided"].tolist(),
    }
Path("expected.json").write_text(json.dumps(expected, indent=1) + "\n")
