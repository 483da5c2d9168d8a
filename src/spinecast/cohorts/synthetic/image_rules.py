"""The rules of a recipe's image features: their parts agree with each other and with the dictionary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from spinecast.clinical.features import is_feature_column
from spinecast.cohorts.synthetic.images import ImageFeatures
from spinecast.cohorts.synthetic.variable_blocks import VariableSpec
from spinecast.cohorts.synthetic.variable_rules import effect_problems
from spinecast.documents import KeyPath, Problem, dotted

__all__ = ["image_problems"]


def image_problems(
    images: Mapping[str, ImageFeatures], specs: Mapping[str, VariableSpec], known: Mapping[str, object]
) -> Iterator[Problem]:
    """Find what contradicts itself in a recipe's image features."""
    for name, block in images.items():
        key: KeyPath = ("features", name)
        if name in known:
            yield Problem(key, f"{dotted(key)}: {name} is a variable of the dictionary", "another name")
        total = sum(scanner.share for scanner in block.scanners.values())
        if abs(total - 1) > 1e-9 and len(block.scanners) > 1:
            own: KeyPath = (*key, "scanners")
            yield Problem(own, f"{dotted(own)}: the shares add up to {total:g}", "1")
        for feature, content in block.features.items():
            own = (*key, "features", feature)
            if not is_feature_column(feature):
                yield Problem(own, f"{dotted(own)}: {feature!r} cannot name a feature", "letters, digits, _ and -")
            yield from effect_problems((*own, "effects"), content.effects, specs)
