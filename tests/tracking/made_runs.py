"""Finished training runs to be written into a store, and ways to look at all that a store holds."""

from __future__ import annotations

import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import made_models
import pytest

from spinecast.models.artifact import save_model
from spinecast.tracking.runs import RunContent
from spinecast.tracking.store import Store, quiet_mlflow

NAME = "simulated_mortality"
FINGERPRINT = "5eed" * 16
MODEL = made_models.model_of("baseline", "elastic_net")


def allow_sqlalchemys_deprecations(items: list[pytest.Item], folder: Path) -> None:
    """Let tests of a folder pass over what SQLAlchemy says of MLflow's own use of it; Python shows it to no user."""
    for item in items:
        if item.path.parent == folder:
            item.add_marker(pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning"))


def import_mlflow() -> None:
    """Import all of MLflow that a store needs, which warns as it does."""
    with warnings.catch_warnings():
        # MLflow keeps the warnings of its own import from being shown, which does not keep them from being errors.
        warnings.simplefilter("ignore")
        quiet_mlflow().pyfunc.load_model  # noqa: B018 - imported on first use


def write_output(folder: Path) -> Path:
    """A folder as training leaves it: model, record, and the out-of-fold risks that must stay out of the store."""
    save_model(MODEL, folder / "model")
    (folder / "record" / "figures").mkdir(parents=True)
    (folder / "record" / "run.json").write_text('{"study": "simulated_mortality"}')
    (folder / "record" / "figures" / "roc.svg").write_text("<svg/>")
    (folder / "out_of_fold.csv").write_text("patient,outcome,risk\nP00001,1,0.5\n")
    return folder


def content_of(output: Path, **changes: Any) -> RunContent:
    given: dict[str, Any] = {
        "name": NAME,
        "experiment": "simulated cohort",
        "run_key": "a" * 64,
        "title": "Death within 90 days in a simulated cohort",
        "cohort_name": "simulated",
        "cohort_kind": "synthetic",
        "fingerprint": FINGERPRINT,
        "source": "patients.csv",
        "parameters": {"seed": 11, "tuning.trials": 3},
        "metrics": {"auc": 0.71, "auc_lower": 0.66, "calibration_slope": float("nan")},
        "tags": {"version.xgboost": "3.2.0", "spinecast.cohort_fingerprint": FINGERPRINT},
        "candidates": {
            "baseline": ({"trials": 1}, {"auc": 0.61}),
            "elastic_net": ({"trials": 3, "alpha": 0.5}, {"auc": 0.70}),
        },
        "record": output / "record",
        "model": output / "model",
        "identity": identity_of(output / "model"),
        "predictors": MODEL.predictors,
    }
    return RunContent(**(given | changes))


def identity_of(model: Path) -> str:
    from spinecast.models.artifact import load_model

    return load_model(model)[1]


def folder_of(store: Store) -> Path:
    return Path(store.uri.removeprefix("sqlite:///")).parent


def rows(store: Store) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Every row of every table of the database, with its table."""
    with closing(sqlite3.connect(folder_of(store) / "mlflow.db")) as database:
        tables = [name for (name,) in database.execute("select name from sqlite_master where type = 'table'")]
        for table in tables:
            for row in database.execute(f'select * from "{table}"'):
                yield table, row


def files(store: Store) -> dict[str, bytes]:
    """Every artifact and its content, by its path below the artifact folder."""
    root = folder_of(store) / "artifacts"
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def identifiers(store: Store) -> set[str]:
    """The ids of all runs, logged models and links between them."""
    first = {"runs", "logged_models", "inputs"}
    return {str(row[0]) for table, row in rows(store) if table in first}


def model_folder(store: Store, run_id: str) -> Path:
    """Where a run's model stands, as it was saved."""
    (version,) = store.client().search_model_versions(f"run_id = '{run_id}'")
    (manifest,) = (folder_of(store) / "artifacts").glob(f"*/models/{version.source.split('/')[-1]}/**/manifest.json")
    return manifest.parent
