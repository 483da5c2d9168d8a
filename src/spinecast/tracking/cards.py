"""The published card of a version: artifacts of the run it came from, beside its record and never in it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path

from spinecast.errors import TrackingError
from spinecast.tracking.fetching import folder_for_fetched
from spinecast.tracking.store import Store

__all__ = ["CARD_FOLDER", "CARD_JSON", "WORDS_FILE", "read_words", "write_card"]

CARD_FOLDER, CARD_JSON, WORDS_FILE = "card", "model_card.json", "words.json"


def write_card(store: Store, run_id: str, files: Mapping[str, str]) -> None:
    """Write the files of a card, in place of those of an earlier one.

    Parameters
    ----------
    store : Store
    run_id : str
    files : mapping of str to str
        Text by the file's name.

    Raises
    ------
    TrackingError
        If the store does not take them.
    """
    from mlflow.exceptions import MlflowException

    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            (Path(folder) / name).write_text(text, encoding="utf-8")
        try:
            store.client().log_artifacts(run_id, folder, CARD_FOLDER)
        except (MlflowException, OSError) as error:
            raise TrackingError(f"the store did not take the card of run {run_id}", where=store.shown) from error


def read_words(store: Store, run_id: str) -> dict[str, str]:
    """Return the authors' words that were published with a run's card; empty where none were.

    Raises
    ------
    TrackingError
        If they are there and cannot be read.
    """
    from mlflow.exceptions import MlflowException

    client = store.client()
    try:
        known = {Path(one.path).name for one in client.list_artifacts(run_id, CARD_FOLDER)}
        if WORDS_FILE not in known:
            return {}
        place = client.download_artifacts(run_id, f"{CARD_FOLDER}/{WORDS_FILE}", str(folder_for_fetched()))
        text = Path(place).read_text(encoding="utf-8")
        found: dict[str, str] = json.loads(text)
    except (MlflowException, OSError, ValueError) as error:
        raise TrackingError(
            f"the words of the card of run {run_id} cannot be read",
            where=store.shown,
            remedy="publish them again: spinecast models card NAME VERSION --words FILE",
        ) from error
    return found
