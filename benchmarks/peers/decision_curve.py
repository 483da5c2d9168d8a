"""decision_curve.py DATA THRESHOLDS: dcurves' net benefit at 0.01, 0.02 ...; a worker as worker.R is one."""

from __future__ import annotations

import sys
from importlib.metadata import version

import numpy as np
import pandas
from dcurves import dca

values = np.fromfile(sys.argv[1]).reshape(2, -1)
frame = pandas.DataFrame({"outcome": values[0], "risk": values[1]})
thresholds = np.arange(1, int(sys.argv[2]) + 1) / 100
print("ready", *(f"{name}={version(name)}" for name in ("dcurves", "pandas", "numpy")), flush=True)
for _ in sys.stdin:
    found = dca(data=frame, outcome="outcome", modelnames=["risk"], thresholds=thresholds)
    print(*(repr(float(one)) for one in found.loc[found["model"] == "risk", "net_benefit"]), flush=True)
