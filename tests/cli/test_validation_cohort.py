"""Which patients the command line opens for a validation or an update, and whether they count as real."""

from __future__ import annotations

from pathlib import Path

import pytest
import simulated

from spinecast.cli.validation_cohort import Asked, open_asked
from spinecast.cli.validation_inputs import Reference
from spinecast.training.study.file import load_study
from spinecast.validation.cohort_file import Wanted


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize(
    ("study_says", "option", "kind"),
    [(True, False, "synthetic"), (False, False, "real"), (False, True, "synthetic")],
)
def test_a_study_of_made_up_patients_speaks_for_the_file_that_takes_its_place(
    tmp_path: Path, suffix: str, study_says: bool, option: bool, kind: str
) -> None:
    table = simulated.patients(40, 77)
    place = tmp_path / f"there.{suffix}"
    table.to_csv(place, index=False) if suffix == "csv" else table.to_parquet(place)
    written = simulated.STUDY.replace("synthetic: true", f"synthetic: {str(study_says).lower()}")
    (tmp_path / "study.yaml").write_text(written, encoding="utf-8")
    asked = Asked(
        reference=Reference("score:x"),
        study=load_study(tmp_path / "study.yaml"),
        cohort=str(place),
        mapping=None,
        allow_missing=False,
        impossible=None,
        synthetic=option,
    )
    assert open_asked(asked, Wanted(("albumin",), ("death", "follow_up_time"))).cohort.kind == kind
