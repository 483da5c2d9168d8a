from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from made_models import FITTED, model_of, patients

from spinecast.errors import ArtifactError, OutputError
from spinecast.files import sha256_bytes
from spinecast.models.artifact import load_model, save_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("stored") / "model"
    save_model(model_of(*FITTED), path)
    return path


def copied(folder: Path, target: Path) -> Path:
    import shutil

    return Path(shutil.copytree(folder, target / "model"))


def test_a_round_trip_is_exact_to_the_bit(folder: Path, tmp_path: Path) -> None:
    model, (matrix, _) = model_of(*FITTED), patients()
    loaded, identity = load_model(folder)
    assert np.array_equal(loaded.log_odds(matrix), model.log_odds(matrix))
    assert np.array_equal(loaded.interval(matrix), model.interval(matrix))
    assert save_model(loaded, tmp_path / "again") == identity
    for path in folder.rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (tmp_path / "again" / path.relative_to(folder)).read_bytes()


def test_any_altered_byte_is_refused(folder: Path, tmp_path: Path) -> None:
    for number, path in enumerate(sorted(p for p in folder.rglob("*") if p.is_file() and p.name != "manifest.json")):
        altered = copied(folder, tmp_path / str(number))
        target = altered / path.relative_to(folder)
        content = bytearray(target.read_bytes())
        content[len(content) // 2] ^= 1
        target.write_bytes(bytes(content))
        with pytest.raises(ArtifactError, match="not what its manifest says"):
            load_model(altered)


def test_a_file_added_or_removed_is_refused(folder: Path, tmp_path: Path) -> None:
    added = copied(folder, tmp_path / "added")
    (added / "parts" / "hook.py").write_text("import os")
    with pytest.raises(ArtifactError, match=r"hook\.py"):
        load_model(added)
    removed = copied(folder, tmp_path / "removed")
    (removed / "marginals.npz").unlink()
    with pytest.raises(ArtifactError, match=r"marginals\.npz"):
        load_model(removed)


def test_another_format_or_no_manifest_is_refused(folder: Path, tmp_path: Path) -> None:
    newer = copied(folder, tmp_path)
    manifest = json.loads((newer / "manifest.json").read_text())
    (newer / "manifest.json").write_text(json.dumps(manifest | {"version": 99}))
    with pytest.raises(ArtifactError, match="version 99"):
        load_model(newer)
    (newer / "manifest.json").write_text("{")
    with pytest.raises(ArtifactError, match="cannot be read"):
        load_model(newer)
    with pytest.raises(ArtifactError, match="is not a spinecast model"):
        load_model(tmp_path)


def test_a_pickle_under_a_consistent_manifest_is_not_executed(folder: Path, tmp_path: Path) -> None:
    smuggled = copied(folder, tmp_path)
    member = next((smuggled / "parts").rglob("*.npz"))
    with np.load(member) as stored:
        arrays = {name: stored[name] for name in stored.files}
    arrays["scorer.intercept"] = np.array([{"an": "object"}], dtype=object)
    np.savez(member, **arrays)
    manifest = json.loads((smuggled / "manifest.json").read_text())
    manifest["sha256"][str(member.relative_to(smuggled))] = sha256_bytes(member.read_bytes())
    (smuggled / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ArtifactError, match="allow_pickle=False"):
        load_model(smuggled)


def test_a_model_loads_and_predicts_without_tracking_tuning_or_explanation_libraries(folder: Path) -> None:
    code = (
        "import sys, numpy as np; from pathlib import Path; from spinecast.models.artifact import load_model; "
        f"m, _ = load_model(Path({str(folder)!r})); m.predict(np.full((1, len(m.predictors)), np.nan)); "
        "print([n for n in ('mlflow', 'shap', 'optuna') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_a_save_that_fails_leaves_the_old_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "model"
    identity = save_model(model_of("baseline"), target)
    monkeypatch.setattr(Path, "write_bytes", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OutputError, match="cannot be written: disk full"):
        save_model(model_of("elastic_net"), target)
    monkeypatch.undo()
    assert load_model(target)[1] == identity
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
