"""The predictors of a study by name, those of its blocks of image features one by one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spinecast.reporting import formatting as fmt

__all__ = ["named_predictors"]


def named_predictors(study: Mapping[str, Any], cohort: Mapping[str, Any]) -> list[str]:
    """Names of the predictors a study lists; of a block of image features, those the cohort describes.

    Parameters
    ----------
    study, cohort : mapping
        As a record holds them.
    """
    blocks = {block["name"] for block in fmt.listed(study.get("features"))}
    described = [entry["variable"] for entry in fmt.listed(cohort.get("table_one"))]
    found: list[str] = []
    for name in fmt.listed(study.get("predictors")):
        found += [one for one in described if one.startswith(f"{name}.")] if name in blocks else [name]
    return found
