"""A local fit by lime and interactions by pyartemis; run from its own folder, with what they need apart.

    python -m venv /tmp/explaining && /tmp/explaining/bin/pip install lime==0.2.0.1 pyartemis==0.1.5
    /tmp/explaining/bin/python make.py

lime (BSD-2-Clause) needs scikit-image and was last released in 2020, pyartemis (MIT) needs pandas below 2: neither can
be installed beside spinecast's dependencies, or is worth it, so their numbers are kept here.
"""

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from artemis.interactions_methods.model_agnostic import FriedmanHStatisticMethod
from lime.lime_tabular import LimeTabularExplainer

INPUTS, NEIGHBOURS, PATIENTS = 6, 60, 25


def local_fit() -> dict:
    """Fit lime's line to a given perturbed sample: its kernel, distances, ridge regression and score are its own."""
    kept = np.random.default_rng(20160813).random((NEIGHBOURS, INPUTS)) < 0.5
    kept[0] = True  # the package's first row is the patient
    alone = kept @ np.array([0.8, -0.5, 0.3, 0.0, -0.2, 0.1]) - 1.2
    served = np.round(alone + 0.6 * kept[:, 0] * kept[:, 1] - 0.4 * kept[:, 2] * kept[:, 4], 6)
    explainer = LimeTabularExplainer(
        np.array([[0] * INPUTS, [1] * INPUTS]),
        mode="regression",
        categorical_features=list(range(INPUTS)),
        random_state=0,
    )
    explainer._LimeTabularExplainer__data_inverse = lambda *_, **__: (kept.astype(float), kept.astype(float))
    found = explainer.explain_instance(
        np.ones(INPUTS, dtype=int), lambda _: served, num_features=INPUTS, num_samples=NEIGHBOURS
    )
    effects = dict(found.as_map()[1])
    return {
        "kept": ["".join(str(int(one)) for one in row) for row in kept],
        "served": served.tolist(),
        "effects": [effects[place] for place in range(INPUTS)],
        "intercept": float(found.intercept[1]),
        "r_squared": float(found.score),
    }


def tangled(values: np.ndarray) -> np.ndarray:
    """A model whose inputs act together in several ways: tests/explanation/depth/test_cohort_parts.py has it too."""
    a, b, c, d = values.T
    return a + 2 * b * c + np.sin(a * b) + 0.5 * np.abs(c - d) + d**2 / 4


def interactions() -> dict:
    """Friedman's H of every two inputs and of each with all others."""
    rows = np.round(np.random.default_rng(8).normal(size=(PATIENTS, 4)), 3)
    table = pd.DataFrame(rows, columns=list("abcd"))
    found = {}
    for key, normalized in (("squared", True), ("size", False)):
        method = FriedmanHStatisticMethod(random_state=1, normalized=normalized)
        method.fit(None, table, predict_function=lambda _, asked: tangled(asked.to_numpy()))
        pairs = {"".join(sorted(row[:2])): row[2] for row in method.ovo.to_numpy().tolist()}
        found[key] = pairs | dict(method.ova.to_numpy().tolist())
    return {"rows": rows.tolist(), **found}


versions = {name: version(name) for name in ("lime", "pyartemis", "scikit-learn", "numpy")}
expected = {"source": versions, "local_fit": local_fit(), "interactions": interactions()}
parts = ",\n".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in expected.items())
Path("expected.json").write_text("{" + parts + "}\n")
