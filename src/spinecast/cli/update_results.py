"""What ``spinecast update`` leaves: a model, a record, a report, a version in the registry, lines for a terminal."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spinecast.cli.update_record import Finished
    from spinecast.models.loading import AnyModel
    from spinecast.reporting.external_record import ExternalRecord
    from spinecast.tracking.runs import TrackedRun
    from spinecast.tracking.store import Store

__all__ = ["Answer", "finish", "folder_of", "registered_version", "require_alias"]

MODEL = "model"
UPDATES = "spinecast_updates"
NOT_REGISTERED = "not registered here"
# What MLflow takes: no number of a version, and not the word it keeps for the newest.
_ALIAS = re.compile(r"(?!v?\d+$)(?!latest$)[A-Za-z0-9_-]{1,200}")


@dataclass(frozen=True)
class Answer:
    """What the command says at its end."""

    record: ExternalRecord
    folder: Path
    run_id: str | None

    def json(self) -> str:
        """Return one JSON document."""
        from spinecast.files import canonical_json

        return canonical_json({**self.record.to_dict(), "folder": str(self.folder), "run_id": self.run_id})

    def text(self) -> str:
        """Say the result in a few lines."""
        from spinecast.cli.measure_lines import measure_lines
        from spinecast.cli.validation_results import REPORT, people_text

        record, update = self.record, self.record.about["update"]
        cohort, before = update["cohort"], record.findings["before"]
        counted = people_text({**cohort, "kind": record.evaluation.get("kind")})
        lines = [
            record.about["title"],
            f"updated on {counted}: {update['method']}",
            f"judged on {people_text(record.evaluation).replace(' patients', ' others', 1)}",
            *(f"  {name:28} {found['estimate']:.3f}" for name, found in _before(before) if "estimate" in found),
            *measure_lines(record),
            *(f"  {check['code']} {check['title']}: {check['finding']}" for check in record.findings["checks"]),
            f"  {'report':28} {self.folder / REPORT}",
            *([f"  {'model':28} {self.folder / MODEL}"] if update["identity"] else []),
            f"  {'registered':28} {update['version'] or _why_not(update)}",
            *record.about["notices"],
        ]
        return "\n".join(lines)


def _before(evaluation: dict[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Return what most tells a model's fit before the update: of each day, interval or level, or of the one risk."""
    from spinecast.cli.measure_lines import thresholds_of

    if "horizons" in evaluation:
        of_days = ("horizon_observed_expected_ratio", "calibration_slope")
        return [
            (f"{name.removeprefix('horizon_').replace('_', ' ')} before, day {one['day']:g}", one["measures"][name])
            for one in evaluation["horizons"]
            for name in of_days
        ]
    if evaluation.get("kind") == "ordinal":
        whole = [("ranked probability score before", evaluation["measures"]["ranked_probability_score"])]
        return whole + [
            (f"{name.replace('_', ' ')} at {at} before", one["measures"][name])
            for at, one in thresholds_of(evaluation)
            for name in ("observed_expected_ratio", "calibration_slope")
        ]
    kept = ("pinball_skill", "coverage_50", "coverage_80", "coverage_90")
    names = (
        kept if evaluation.get("kind") == "quantity" else ("calibration_in_the_large", "calibration_slope", "log_loss")
    )
    return [(f"{name} before".replace("_", " "), evaluation["measures"][name]) for name in names]


def _why_not(update: Mapping[str, Any]) -> str:
    return "no: there is no store here" if update["identity"] else "no: the model is kept as it is"


def require_alias(alias: str) -> None:
    """Refuse an alias that the registry would not take, or that gates stand before, before any work is done.

    Raises
    ------
    SpinecastError
        If it would not.
    """
    from spinecast.errors import SpinecastError
    from spinecast.tracking.runs import CHAMPION_ALIAS

    if not _ALIAS.fullmatch(alias):
        raise SpinecastError(
            f"{alias!r} is no alias",
            where="--alias",
            expected="letters, digits, - and _, neither a version number nor `latest`",
        )
    if alias == CHAMPION_ALIAS:
        raise SpinecastError(
            f"no update calls its own version {CHAMPION_ALIAS}",
            where="--alias",
            expected="candidate, or a name of your own",
            remedy=f"validate the new version, then spinecast models promote NAME VERSION --to {CHAMPION_ALIAS}",
        )


def folder_of(model: AnyModel, cohort: str) -> Path:
    """Name the folder of an update: which model, on whom."""
    from spinecast.cli.validation_inputs import safe_name

    return Path("output") / "updates" / safe_name(f"{model.name}_on_{cohort}")


def registered_version(identity: str) -> str:
    """Return ``name/number`` of a model in the registry, or say that it is not there."""
    from spinecast.tracking.models import registered_versions

    store = _store()
    if store is None:
        return NOT_REGISTERED
    found = (f"{one.name}/{one.version}" for one in registered_versions(store) if one.identity == identity)
    return next(found, NOT_REGISTERED)


def _store() -> Store | None:
    from spinecast.errors import TrackingError
    from spinecast.tracking.store import open_store

    try:
        return open_store(create=False)
    except TrackingError:
        return None


def finish(done: Finished, target: Path, *, alias: str | None, pdf: bool) -> Answer:
    """Judge the update, write its folder whole or not at all, and register the new version.

    Parameters
    ----------
    done : Finished
    target : pathlib.Path
        Folder of the results.
    alias : str, optional
        Of the new version.
    pdf : bool
        Whether the report is written as PDF too.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    from dataclasses import replace

    from spinecast.cli.evaluate import write_page
    from spinecast.cli.log_here import record_alias_here
    from spinecast.cli.update_record import judge, update_record
    from spinecast.cli.validation_results import RECORD, REPORT
    from spinecast.files import staged_directory
    from spinecast.models.loading import save_any_model
    from spinecast.training.progress import say

    say("judging the model before and after")
    judged = judge(done)
    store = _store()
    changed = done.update.method != "original"
    with staged_directory(target) as staging:
        identity = save_any_model(done.update.model, staging / MODEL) if changed else None
        record = update_record(done, judged, identity)
        record.save(staging / RECORD)
        write_page(record, staging / REPORT, pdf=pdf)
    if store is None or identity is None:
        return Answer(record, target, None)
    say("writing to the tracking store")
    tracked = _register(store, done, record, target, identity, alias)
    version = f"{tracked.model_name}/{tracked.version}"
    if alias is not None:
        record_alias_here(version, identity, alias, "update")
    about = {**record.about, "update": {**record.about["update"], "version": version}}
    return Answer(replace(record, about=about), target, tracked.run_id)


def _register(
    store: Store, done: Finished, record: ExternalRecord, target: Path, identity: str, alias: str | None
) -> TrackedRun:
    from spinecast.cli.validation_results import RECORD, numbers
    from spinecast.files import canonical_json, sha256_bytes
    from spinecast.tracking.runs import PARENT_VERSION, RunContent, write_run

    plan, update = done.plan, done.update
    changes = {name: str(value) for name, value in update.numbers().items()}
    tags = {
        PARENT_VERSION: plan.version,
        "spinecast.parent_identity": plan.identity,
        "spinecast.update_method": update.method,
        "spinecast.updating_cohort": plan.cohort.name,
        "spinecast.updating_cohort_fingerprint": plan.cohort.fingerprint,
        **{f"spinecast.update_{name}": value for name, value in changes.items()},
    }
    key = {"identity": identity, "judged": record.about["cohort"]["fingerprint"], "settings": done.settings.to_dict()}
    return write_run(
        store,
        RunContent(
            name=plan.model.name,
            experiment=UPDATES,
            run_key=sha256_bytes(canonical_json(key).encode()),
            title=record.about["title"],
            cohort_name=plan.cohort.name,
            cohort_kind="synthetic" if update.model.is_synthetic else plan.cohort.kind,
            fingerprint=plan.cohort.fingerprint,
            source=plan.cohort.provenance.source,
            parameters={"method": update.method, "asked": plan.method, "seed": plan.seed},
            metrics={
                **numbers(record.evaluation),
                **_differences(record.findings["differences"]),
            },
            tags={**tags, "spinecast.kind": "update", "spinecast.model_identity": identity},
            candidates={},
            record=target / RECORD,
            model=target / MODEL,
            identity=identity,
            predictors=plan.model.predictors,
            alias=alias,
            version_tags=tags,
            context="updating",
        ),
    )


def _differences(found: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Flatten paired differences: of a model of several days or levels, each with its own."""
    flat: dict[str, float] = {}
    for one in [found] if isinstance(found, Mapping) else found:
        at = next((f"_{one[key]:g}" for key in ("day", "level") if key in one), "")
        at = f"_{one['reached']}" if "reached" in one else at
        measures = {name: measure for name, measure in one.items() if isinstance(measure, Mapping)}
        flat |= {f"{name}_difference{at}": each["estimate"] for name, each in measures.items() if "estimate" in each}
    return flat
