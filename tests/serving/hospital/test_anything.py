"""Whatever stands where in a call, it is read or refused with its place: nothing breaks."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from serving.hospital.made_charts import (
    ALBUMIN,
    ECOG,
    NOW,
    bundle,
    call,
    condition,
    just_now,
    observation,
    order,
    patient,
)

from spinecast.documents.json_text import MalformedError, read_json
from spinecast.serving.hospital.charts import DEEPEST, read_hook_request
from spinecast.serving.hospital.feedback import read_feedback
from spinecast.serving.hospital.prefetch import prefetch_templates
from spinecast.serving.hospital.values import read_chart
from spinecast.serving.problems import Problem

NAMES = (
    "age",
    "sex",
    "albumin",
    "ecog_performance_status",
    "karnofsky_performance_status",
    "diabetes",
    "corticosteroid_use",
    "smoking_status",
)
KEYS = tuple(prefetch_templates(NAMES))
PANEL = [{"code": {"coding": [{"system": "http://loinc.org", "code": ALBUMIN}]}, "valueQuantity": {"value": 3}}]
CALL = call(
    prefetch={
        "patient": patient(),
        "observations_30_days": bundle(
            observation(ALBUMIN, 29, "g/L"),
            observation(ECOG, None, valueInteger=2),
            observation("89243-0", None, valueInteger=70),
            observation("85354-9", None, component=PANEL),
        ),
        "conditions": bundle(condition("73211009")),
        "medications": bundle(order("H02AB02", dosageInstruction=[{"asNeededBoolean": False}])),
    }
)
FEEDBACK = {
    "feedback": [
        {
            "card": "00000000-0002-8640-aec5-eb173fa657a8",
            "outcome": "overridden",
            "overrideReason": {"reason": {"code": "a", "system": "b"}, "userComment": "c"},
            "outcomeTimestamp": just_now(),
        }
    ]
}
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, -(10**400), 2**63])
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from(["2026-02-30", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "Bundle", "final", "1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, below in items:
        found += places(below, (*path, name))
    return found


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    made = copy.deepcopy(value)
    at = made
    for name in path[:-1]:
        at = at[name]
    at[path[-1]] = new
    return made


WHERE = ("prefetch", "observations_30_days", "entry", 1, "resource")


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(path=st.sampled_from(places(CALL)), new=VALUES)
@example(path=(*WHERE, "valueInteger"), new=10**400)
@example(path=(*WHERE[:3], 2, "resource", "valueInteger"), new=10**400)
@example(path=(*WHERE, "effectiveDateTime"), new="9999-12-31T23:59:59-14:00")
@example(path=(*WHERE, "effectiveDateTime"), new="0001-01-01T00:00:00+14:00")
@example(path=("prefetch", "patient", "birthDate"), new="0000-01-01")
@example(path=("prefetch", "patient", "birthDate"), new="0001")
@example(path=(*WHERE[:3], 0, "resource", "valueQuantity", "value"), new=10**400)
@example(path=(*WHERE[:3], 0, "resource", "valueQuantity", "value"), new=1e308)
def test_a_call_is_read_or_refused_with_its_place(path: tuple[Any, ...], new: Any) -> None:
    body = json.dumps(changed(CALL, path, new)).encode()
    try:
        asked = read_hook_request(read_json(body, deepest=DEEPEST), KEYS)
        read = read_chart(asked.chart, NAMES, NOW)
    except (MalformedError, Problem) as error:
        refused: MalformedError | Problem = error
    else:
        assert set(read.inputs) == set(read.sources)
        assert set(read.inputs).isdisjoint(read.not_used)
        return
    if isinstance(refused, Problem):
        assert refused.status == 412
    else:
        assert refused.pointer.startswith("/")
        assert refused.expected


@settings(max_examples=60, deadline=None)
@given(path=st.sampled_from(places(FEEDBACK)), new=VALUES)
def test_feedback_is_read_or_refused_with_its_place(path: tuple[Any, ...], new: Any) -> None:
    try:
        found = read_feedback(read_json(json.dumps(changed(FEEDBACK, path, new)).encode()))
    except MalformedError as error:
        refused = error
    else:
        assert found[0].outcome in ("accepted", "overridden")
        return
    assert refused.expected
