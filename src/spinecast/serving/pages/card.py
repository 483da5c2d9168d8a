"""The card of a served model as a page: the same document as the card that is published, drawn by the same code."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from spinecast.errors import TrackingError
from spinecast.files import canonical_json
from spinecast.notices import SYNTHETIC
from spinecast.reporting.document import Document
from spinecast.serving.served_model import ServedModel

__all__ = ["card_page"]

_KEPT = 32
_DRAWING = threading.Lock()
"""Matplotlib draws by settings of the whole process: two at once would have each other's."""


def card_page(served: ServedModel) -> Document:
    """Return the card of a served model as a document.

    Raises
    ------
    TrackingError
        If its run left no card that can be read here.
    """
    card = served.card()
    try:
        with _DRAWING:
            return _drawn(canonical_json(card), synthetic=served.model.is_synthetic)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise TrackingError(
            f"the model card of {served.numbered} is not as this version of spinecast writes cards",
            remedy=f"spinecast models card {served.name} {served.version.version} publishes one",
        ) from error


@lru_cache(maxsize=_KEPT)
def _drawn(text: str, *, synthetic: bool) -> Document:
    """Draw a card once: who opens it again waits for no drawing."""
    from spinecast.reporting.records.model_card import ModelCard
    from spinecast.reporting.records.pages import card_document  # matplotlib, which no answer needs

    held: Mapping[str, Any] = json.loads(text)
    card = ModelCard.from_dict(held)
    return card_document(card, synthetic=synthetic or SYNTHETIC in card.notices)
