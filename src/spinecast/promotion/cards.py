"""The card of a registered version: drawn from all that the registry holds of it, with the authors' words kept.

The words given for a version stand beside its card in the registry. A version without words of its own has those of the
newest version before it, so that nobody writes them again for an update; what has become untrue is theirs to change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from spinecast.files import canonical_json, readable_json, sha256_bytes
from spinecast.notices import RESEARCH_USE, SYNTHETIC
from spinecast.promotion.evidence import Evidence, gather
from spinecast.reporting import formatting as fmt
from spinecast.reporting.html import render_html
from spinecast.reporting.records.card_parts import UPDATES, CardEntry
from spinecast.reporting.records.model_card import ModelCard, make_model_card, owed
from spinecast.reporting.records.pages import card_document
from spinecast.tracking.aliases import tag_version
from spinecast.tracking.cards import CARD_JSON, WORDS_FILE, write_card
from spinecast.tracking.store import Store

__all__ = ["CARD_COMPLETE", "CARD_HASH", "PublishedCard", "card_files", "card_of", "publish_card"]

CARD_HASH, CARD_COMPLETE = "spinecast.card_sha256", "spinecast.card_complete"
"""Tags of a version whose card was published."""
CARD_HTML = "model_card.html"


@dataclass(frozen=True)
class PublishedCard:
    """A card that stands in the registry.

    Parameters
    ----------
    files : mapping of str to str
        The card as JSON and as a page, by their names.
    lacking : tuple of str
        What is still to be written; nothing where it is complete.
    """

    files: Mapping[str, str]
    lacking: tuple[str, ...]


def card_of(evidence: Evidence) -> ModelCard:
    """Make the card of a version from what the registry holds: the gate that asks whether it is complete reads this."""
    card = make_model_card(evidence.recorded, tuple(_history(evidence)))
    numbered = f"{evidence.version.name}/{evidence.version.version}"
    # Made-up patients anywhere on the way to it make it synthetic, whatever its own record is of.
    notices = (RESEARCH_USE, *((SYNTHETIC,) if evidence.synthetic else ()))
    return replace(card, model=f"{numbered}, identity {evidence.version.identity[:12]}", notices=notices)


def card_files(card: ModelCard, evidence: Evidence) -> dict[str, str]:
    """Return the card as JSON and as a page, each by its file's name."""
    document = card_document(card, synthetic=evidence.synthetic)
    return {CARD_JSON: readable_json(card.to_dict()), CARD_HTML: render_html(document)}


def publish_card(store: Store, name: str, version: str, words: Mapping[str, str] | None = None) -> PublishedCard:
    """Write a version's card into the registry, where the server finds it.

    Parameters
    ----------
    store : Store
    name, version : str
    words : mapping of str to str, optional
        The authors' words, put over those it has; they are kept for the versions after it.

    Raises
    ------
    TrackingError, ArtifactError
        If there is no such version, or the registry cannot be read or written.
    """
    with store.writing():
        evidence = gather(store, name, version)
        evidence = replace(evidence, words={**evidence.words, **(words or {})})
        card = card_of(evidence)
        files = {**card_files(card, evidence), WORDS_FILE: canonical_json(dict(evidence.words))}
        write_card(store, evidence.version.run_id, files)
        tags = {
            CARD_HASH: sha256_bytes(files[CARD_JSON].encode()),
            CARD_COMPLETE: "no" if owed(card) else "yes",
        }
        tag_version(store, name, version, tags)
    return PublishedCard({file: files[file] for file in (CARD_JSON, CARD_HTML)}, owed(card))


def _history(evidence: Evidence) -> Iterator[CardEntry]:
    """Say of every version up to this one when it was made and from what, the newest first."""
    for one in evidence.earlier:
        when = datetime.fromtimestamp(one.created / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
        how = f"updated from {one.parent}" if one.parent else "trained"
        made_up = "" if one.cohort_kind == "real" else " on SYNTHETIC patients"
        text = f"{when}, {how}{made_up}; identity {one.identity[:12]}, run {one.run_id}."
        if one.version == evidence.version.version and (update := evidence.own.get("about.json", "update")):
            cohort = update.get("cohort") or {}
            size = f", {fmt.plural(cohort['n'], 'patient')}" if cohort.get("n") else ""
            text += f" Changed by {fmt.plain(update.get('method'))} on {fmt.plain(cohort.get('name'))}{size}."
        yield CardEntry(UPDATES, f"Version {one.version}", text, "record")
