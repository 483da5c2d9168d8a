"""Why something is done to a log: one line, which says something."""

from __future__ import annotations

import pytest

from spinecast.audit.reasons import required
from spinecast.errors import AuditError


def test_a_reason_is_one_line_that_no_list_takes_for_another() -> None:
    assert required("  holds\nnow: champion 9\r\n\x1b[2Jdone\u2028gone ") == "holds now: champion 9 [2Jdone gone"
    assert required("validated at hospital B, März") == "validated at hospital B, März"


@pytest.mark.parametrize("reason", ["", "  ", "\n\t", "\x00\x1b"])
def test_one_that_says_nothing_is_refused(reason: str) -> None:
    with pytest.raises(AuditError, match="a reason is needed"):
        required(reason)
