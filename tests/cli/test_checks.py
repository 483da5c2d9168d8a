"""``spinecast checks``: what it prints and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli.conftest import Run

from spinecast.validation.checks import CHECKS


def test_list_has_a_line_a_check_and_filters(here: Run, tmp_path: Path) -> None:
    done = here("checks", "list", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["code", *CHECKS]
    done = here("checks", "list", "--in", "evaluate", "--json", folder=tmp_path)
    listed = json.loads(done.stdout)["checks"]
    assert listed == [kind.to_dict() for kind in CHECKS.values() if "evaluate" in kind.places]


def test_show_says_what_why_and_from_where(here: Run, tmp_path: Path) -> None:
    done = here("checks", "show", "sc001", folder=tmp_path)
    assert done.returncode == 0
    for part in ("SC001 Predictors that leak the outcome", "severity: error", "Kaufman et al. 2012"):
        assert part in " ".join(done.stdout.split())
    done = here("checks", "show", "SC001", "--json", folder=tmp_path)
    assert json.loads(done.stdout) == CHECKS["SC001"].to_dict()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(("show", "SC0O1"), "there is no check"), (("list", "--in", "training"), "did you mean train?")],
)
def test_a_wrong_word_is_one_message(arguments: tuple[str, ...], message: str, here: Run, tmp_path: Path) -> None:
    done = here("checks", *arguments, folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr
