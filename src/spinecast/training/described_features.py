"""What a run's record says of its image features: how they were made, and what scanners do to them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.features import batch_name, feature_text, features_together
from spinecast.cohorts.cohort import Cohort
from spinecast.cohorts.describing.by_outcome import SMALLEST_SHOWN
from spinecast.cohorts.outcomes import LabelledOutcome
from spinecast.models.loading import AnyModel, named_parts
from spinecast.training.features import described_blocks, predictor_schema
from spinecast.training.plan import model_predictors
from spinecast.training.study import Study

__all__ = ["described_features"]

FloatArray = NDArray[np.float64]


def described_features(study: Study, cohort: Cohort, labelled: LabelledOutcome, model: AnyModel) -> dict[str, Any]:
    """Describe the image features of a study: ``{"features": [...]}`` of JSON values, or nothing without any.

    What scanners explain of each feature's variance is given before harmonisation and after one that was learned from
    the very patients it is shown in: it describes what harmonisation does and is no measure of the model.

    Parameters
    ----------
    study : Study
    cohort : Cohort
    labelled : LabelledOutcome
        The patients analysed.
    model : AnyModel
        Whose members say which features were kept.
    """
    predictors = model_predictors(study)
    blocks = described_blocks(study, cohort, predictors)
    if not blocks:
        return {}
    matrix = cohort.matrix(predictors)[labelled.rows]
    after = predictor_schema(study, predictors).on_common_scale(matrix)
    for block in blocks:
        own = features_together(predictors)[block["name"]]
        places = [predictors.index(name) for name in own]
        imaged = np.asarray(np.isfinite(matrix[:, places]).any(axis=1), dtype=bool)
        block |= {"imaged": int(imaged.sum()), "patients": len(labelled), "kept": _kept(model, own)}
        batch = batch_name(block["name"])
        if batch not in cohort.frame:
            continue
        texts = cohort.frame[batch].iloc[labelled.rows].astype(object).to_numpy()
        block["by_scanner"] = _by_scanner(texts, imaged, labelled)
        harmonised = block["harmonisation"]["kind"] != "none"
        block["scanner_share"] = [
            {
                "feature": feature_text(name),
                "before": _explained(matrix[:, place], texts, block["scanners"]),
                "after": _explained(after[:, place], texts, block["scanners"]) if harmonised else None,
            }
            for name, place in zip(own, places, strict=True)
        ]
    return {"features": blocks}


def _by_scanner(texts: NDArray[Any], imaged: NDArray[np.bool_], labelled: LabelledOutcome) -> list[dict[str, Any]]:
    """Patients and events of each scanner, None where they are so few that a person could be told by them."""
    rows = []
    for text in sorted({str(text) for text in texts[imaged] if isinstance(text, str)}):
        own = imaged & (texts == text)
        known = own & labelled.known
        patients, events = int(own.sum()), int(labelled.values[known].sum())
        few = patients < SMALLEST_SHOWN
        hidden = few or events < SMALLEST_SHOWN or int(known.sum()) - events < SMALLEST_SHOWN
        rows.append({"scanner": text, "patients": None if few else patients, "events": None if hidden else events})
    return rows


def _explained(values: FloatArray, texts: NDArray[Any], scanners: list[str]) -> float | None:
    """Share of a feature's variance that lies between scanners (eta squared), or None where it does not vary."""
    known = np.isfinite(values) & np.isin(texts.astype(str), scanners)
    if known.sum() < 2 or np.ptp(values[known]) == 0:
        return None
    own, of = values[known], texts[known].astype(str)
    between = sum(((of == text).sum() * (own[of == text].mean() - own.mean()) ** 2) for text in set(of.tolist()))
    return float(between / ((own - own.mean()) ** 2).sum())


def _kept(model: AnyModel, own: tuple[str, ...]) -> list[dict[str, Any]]:
    """How many of the final model's members keep each feature, by part."""
    parts = []
    for label, part in named_parts(model):
        names = [model.predictors[position] for position in part.positions]
        if not set(own) & set(names):
            continue
        # Whatever its missing values are met by, a part with image features is made of plain fits.
        encoders = [member.encoder for member in part.members if hasattr(member, "encoder")]
        kept = [{names[variable] for variable in encoder.owner} & set(own) for encoder in encoders]
        parts.append(
            {
                "part": label,
                "members": len(kept),
                "counts": [len(one) for one in kept],
                "always": sum(all(name in one for one in kept) for name in own),
            }
        )
    return parts
