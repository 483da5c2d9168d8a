"""What a record says of a block of image features: the form that training writes."""

from __future__ import annotations

from typing import Any

BLOCK: dict[str, Any] = {
    "name": "ct",
    "label": "Planning CT",
    "features": 3,
    "acquisition": {"modality": "CT", "slice_thickness_mm": 2.5, "ibsi_compliant": True},
    "harmonisation": {
        "kind": "combat",
        "parametric": True,
        "keep": ["age"],
        "reference": None,
        "fewest_patients": 10,
        "unseen": "missing",
    },
    "kept_effects": ["Age"],
    "reduction": {"correlation": 0.9, "most": 2},
    "scanners": ["a", "b"],
    "imaged": 90,
    "patients": 100,
    "kept": [{"part": "Elastic net", "members": 3, "counts": [1, 2, 2], "always": 1}],
    "by_scanner": [
        {"scanner": "a", "patients": 60, "events": 20},
        {"scanner": "b", "patients": 27, "events": None},
        {"scanner": "c", "patients": None, "events": None},
    ],
    "scanner_share": [
        {"feature": "glcm Contrast", "before": 0.4, "after": 0.01},
        {"feature": "shape Volume", "before": 0.6, "after": 0.02},
        {"feature": "constant", "before": None, "after": None},
    ],
}
