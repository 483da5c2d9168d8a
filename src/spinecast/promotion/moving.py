"""Moving an alias: gates first, then a record of what is about to be done, then the move, then a record of its outcome.

Registry and log are two systems, and nothing moves both at once. Whatever happens between the two records leaves a move
that says it was begun and not what came of it: the history names it, and the next move settles it as it is found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spinecast.audit.log import AuditLog
from spinecast.audit.reasons import required
from spinecast.audit.records import Draft
from spinecast.errors import PromotionError, SpinecastError, TrackingError
from spinecast.notices import SYNTHETIC
from spinecast.promotion.evidence import gather
from spinecast.promotion.gates import assess
from spinecast.promotion.gates_file import ReadGates
from spinecast.promotion.history import Move, moves_of
from spinecast.promotion.logged import held_against_log
from spinecast.promotion.results import GateResult, refusals
from spinecast.tracking.aliases import aliases_of, registered_version, set_alias, tag_version, untag_version
from spinecast.tracking.runs import CANDIDATE_ALIAS, CHAMPION_ALIAS
from spinecast.tracking.store import Store

__all__ = ["ALLOWED_SYNTHETIC", "TARGETS", "Mover"]

TARGETS = (CHAMPION_ALIAS, CANDIDATE_ALIAS)
"""What a version can be promoted to: what is served. Gates stand before the first only."""
ALLOWED_SYNTHETIC = "spinecast.allowed_synthetic"
"""Tag of a version of made-up patients that was let through; it stays for as long as the version is champion."""
CAME_BY = {CHAMPION_ALIAS: ("promotion",), CANDIDATE_ALIAS: ("promotion", "training", "update")}
"""How a version took an alias when it did so of its own, and not by a rollback."""


@dataclass(frozen=True)
class Mover:
    """Moves the aliases of one registered model on somebody's behalf.

    Parameters
    ----------
    store : Store
    log : AuditLog
    actor : str
        As the log names them.
    name : str
        The model.
    """

    store: Store
    log: AuditLog
    actor: str
    name: str

    def promote(
        self, version: str, alias: str, because: str, gates: ReadGates, *, allow_synthetic: bool = False
    ) -> list[GateResult]:
        """Give a version an alias, if it passes every gate; none stands before ``candidate``.

        Parameters
        ----------
        version, alias, because : str
        gates : ReadGates
        allow_synthetic : bool
            As :func:`spinecast.promotion.gates.assess`.

        Returns
        -------
        list of GateResult

        Raises
        ------
        PromotionError
            If a gate refuses it, with every reason; that is recorded, and nothing is changed. If it is called so
            already. If a validation was altered or is gone, as `spinecast.promotion.logged.held_against_log`.
        TrackingError, AuditError, ArtifactError
            If there is no such version, or registry, record or log cannot be read or written.
        """
        why = required(because)
        if alias not in TARGETS:
            raise PromotionError(f"nothing is served as {alias!r:.60}", expected=" or ".join(TARGETS), where="--to")
        with self.store.writing():
            evidence = gather(self.store, self.name, version)
            before = self._settled(alias)
            if before == version:
                raise PromotionError(
                    f"{self.name}/{version} is {alias} already", remedy=f"see spinecast models history {self.name}"
                )
            results: list[GateResult] = []
            if alias == CHAMPION_ALIAS:
                evidence = held_against_log(evidence, self.log, self.store, moves_of(self.log, self.name))
                results = assess(evidence, gates.content, allow_synthetic=allow_synthetic)
            body = {
                "alias": alias,
                "from": before,
                "to": version,
                "identity": evidence.version.identity,
                "because": why,
                "cohort_kind": evidence.version.cohort_kind,
                "synthetic": evidence.synthetic,
                "allow_synthetic": allow_synthetic,
                "validations": [one.run_id for one in evidence.counted],
                "gates": gates.to_dict() if results else None,
                "results": [one.to_dict() for one in results],
            }
            reasons = refusals(results)
            if reasons:
                self._record("refused_promotion", body, version)
                raise _refused(f"{self.name}/{version}", alias, results, reasons)
            self._carry_out("promotion", body, version, why if results and evidence.synthetic else "")
        return results

    def demote(self, alias: str, because: str) -> str:
        """Take an alias away; where a champion goes, the candidate is served, and says so.

        Returns
        -------
        str
            The version that had it.

        Raises
        ------
        PromotionError
            If no version has it.
        TrackingError, AuditError
            If registry or log cannot be read or written.
        """
        why = required(because)
        with self.store.writing():
            before = self._settled(alias)
            if before is None:
                raise PromotionError(f"no version of {self.name} is {alias}", remedy="see `spinecast models`")
            body = {"alias": alias, "from": before, "to": None, "identity": "", "because": why}
            self._carry_out("demotion", body, before)
        return before

    def roll_back(self, alias: str, because: str) -> str:
        """Give an alias back to the version that had it before, as the log says; no gate is asked again.

        Returns
        -------
        str
            The version that has it now.

        Raises
        ------
        PromotionError
            If there was none that came through gates, or by training where a candidate is rolled back; if it is another
            model now, or log and registry disagree.
        TrackingError, AuditError
            If registry or log cannot be read or written.
        """
        why = required(because)
        with self.store.writing():
            before = self._settled(alias)
            moves = [move for move in moves_of(self.log, self.name) if move.alias == alias and move.outcome == "moved"]
            back, promoted = _before(moves, before, f"{self.name}: {alias}", CAME_BY[alias])
            now = registered_version(self.store, self.name, back)
            if now.identity != promoted.identity:
                raise PromotionError(
                    f"{self.name}/{back} is not the model that was promoted then",
                    expected=f"identity {promoted.identity}",
                    where=f"identity {now.identity}",
                )
            body = {"alias": alias, "from": before, "to": back, "identity": now.identity, "because": why}
            allowed = promoted.because if alias == CHAMPION_ALIAS and promoted.synthetic else ""
            self._carry_out("rollback", body | {"promoted_by": promoted.record}, back, allowed)
        return back

    def _settled(self, alias: str) -> str | None:
        """Return the version that has an alias, after moves that were left open are settled as they are found."""
        now = aliases_of(self.store, self.name)
        for move in moves_of(self.log, self.name):
            if move.outcome == "open":
                outcome = "moved" if now.get(move.alias) == move.after else "failed"
                loser = move.before if outcome == "moved" else move.after
                if loser != now.get(move.alias):
                    self._unmark(move.alias, loser)
                self._conclude(move.record, _body_of(move), outcome, "found so later: nothing had said what came of it")
        return now.get(alias)

    def _carry_out(self, kind: str, body: Mapping[str, Any], version: str, allowed: str = "") -> None:
        """Record, move, record; ``allowed`` is why made-up patients were let through, which marks the version first."""
        alias, before, after = body["alias"], body["from"], body["to"]
        sequence = self._record(kind, body, version)
        try:
            if allowed:
                tag_version(self.store, self.name, version, {ALLOWED_SYNTHETIC: f"{SYNTHETIC} {allowed}"})
            set_alias(self.store, self.name, alias, after)
            self._unmark(alias, before)
        except Exception as error:
            if not self._found_moved(sequence, body, error):
                raise
        else:
            self._conclude(sequence, body, "moved", "")

    def _found_moved(self, sequence: int, body: Mapping[str, Any], error: Exception) -> bool:
        """Conclude a move that broke by what stands: its answer may be lost, and the alias moved all the same.

        Where that cannot be read either, the move stays open, and the next one settles it.
        """
        try:
            now = aliases_of(self.store, self.name)
        except TrackingError:
            return False
        moved = now.get(body["alias"]) == body["to"]
        self._unmark(body["alias"], body["from" if moved else "to"])
        reason = getattr(error, "what", type(error).__name__)
        self._conclude(sequence, body, "moved" if moved else "failed", reason)
        return moved and isinstance(error, TrackingError)

    def _unmark(self, alias: str, version: str | None) -> None:
        """Take the mark off a version that is not, or no longer, champion."""
        if alias == CHAMPION_ALIAS and version is not None:
            untag_version(self.store, self.name, version, ALLOWED_SYNTHETIC)

    def _conclude(self, sequence: int, body: Mapping[str, Any], outcome: str, reason: str) -> None:
        kept = {key: body[key] for key in ("alias", "from", "to")}
        self._record("alias", {"concludes": sequence, **kept, "outcome": outcome, "reason": reason}, body["to"])

    def _record(self, kind: str, body: Mapping[str, Any], version: str | None) -> int:
        numbered = f"{self.name}/{version}" if version else self.name
        return self.log.append([Draft(kind, self.actor, body, numbered)])[0].sequence


def _body_of(move: Move) -> dict[str, Any]:
    return {"alias": move.alias, "from": move.before, "to": move.after}


def _before(moves: Sequence[Move], now: str | None, what: str, came_by: Sequence[str]) -> tuple[str, Move]:
    """Return the version to go back to, and the move by which it took the alias of its own."""
    held: list[str | None] = [moves[0].before] if moves else []
    for move in moves:
        held = held[:-1] if move.action == "rollback" else [*held, move.after]
    if held and held[-1] != now:
        raise PromotionError(
            f"{what} is {f'version {now}' if now else 'nobody'} in the registry, and not what the log says",
            remedy="see spinecast models history; promote a version through the gates",
        )
    back = held[-2] if len(held) > 1 else None
    came = next((one for one in reversed(moves) if one.after == back and one.action in came_by), None)
    if back is None or came is None:
        way = "came through the gates" if came_by == ("promotion",) else "took it by training, update or promotion"
        raise PromotionError(
            f"{what} was no version before that {way}",
            expected=f"an earlier {' or '.join(came_by)} in the audit log",
            remedy="spinecast models demote takes the alias away; spinecast models promote gives it to a version",
        )
    return back, came


def _refused(numbered: str, alias: str, results: Sequence[GateResult], reasons: Sequence[str]) -> SpinecastError:
    refused = [one for one in results if one.refuses]
    lines = "".join(f"\n  - {reason}" for reason in reasons)
    return PromotionError(
        f"{numbered} is not made {alias}: {len(refused)} of {len(results)} gates refuse it{lines}",
        remedy=f"nothing was changed; spinecast models gates {numbered.replace('/', ' ')} shows every gate",
    )
