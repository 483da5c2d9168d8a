"""The form: every input once, in a clinician's order, and what is wrong in words beside its field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from serving.made_store import EVENT, LOSS

from spinecast.clinical.actionable import ACTIONABLE
from spinecast.clinical.dictionary import variable
from spinecast.cohorts.derived_values import closure
from spinecast.serving.pages.asking import read_form
from spinecast.serving.pages.fields import GROUPS, Form, Nest, form_of, walk
from spinecast.serving.pages.what_if import actionable
from spinecast.serving.problems import Problem
from spinecast.serving.scores_beside import score_inputs
from spinecast.serving.state import State


@pytest.fixture(scope="module")
def form(state: State) -> Form:
    return form_of([state.models.get(EVENT), state.models.get(LOSS)])


def filled(form: Form, **fields: str) -> Any:
    return read_form(urlencode({name.replace("__", "."): text for name, text in fields.items()}).encode(), form)


def test_every_input_of_every_model_stands_in_the_form_once(state: State, form: Form) -> None:
    own = [one.name for one in walk(form.groups)]
    wanted = closure((*state.models.get(EVENT).inputs, *state.models.get(LOSS).inputs))
    assert sorted(own) == sorted(wanted)
    others = [one.name for one in walk(form.for_scores)]
    assert set(own) | set(others) == set(wanted) | score_inputs()
    assert not set(own) & set(others)
    titles = [group.title for group in form.groups]
    assert titles == [title for title in GROUPS if title in titles]
    assert titles[0] == "The patient"


def test_what_a_few_others_say_is_asked_by_these_and_what_many_say_is_asked_first() -> None:
    # By hand: body mass index follows from two, which are asked; the total of SINS from six, which are folded away.
    from spinecast.serving.pages.fields import _groups

    by_title = {group.title: group.items for group in _groups(closure(("body_mass_index", "sins_total")))}
    patient = by_title["The patient"]
    assert [one.name for one in patient if not isinstance(one, Nest)] == ["body_height", "body_weight"]
    (nest,) = [one for one in patient if isinstance(one, Nest)]
    assert [one.name for one in nest.fields] == ["body_mass_index"]
    spine = by_title["Spine"]
    assert "sins_total" in [one.name for one in spine if not isinstance(one, Nest)]
    below = {one.name for nest in spine if isinstance(nest, Nest) for one in nest.fields}
    assert below >= {"sins_pain", "sins_lesion", "sins_alignment", "sins_collapse", "sins_posterolateral"}
    assert sorted(one.name for group in by_title.values() for one in walk_items(group)) == sorted(
        closure(("body_mass_index", "sins_total"))
    )


def walk_items(items: Any) -> Any:
    for item in items:
        yield from item.fields if isinstance(item, Nest) else (item,)


def test_numbers_are_read_as_people_write_them_and_never_guessed(form: Form) -> None:
    read = filled(form, v__age="63", v__albumin="2,9", u__albumin="g/dL", v__sodium=" 134 ", v__creatinine="")
    assert read.errors == {}
    assert read.inputs == {"age": 63, "albumin": {"value": 2.9, "unit": "g/dL"}, "sodium": 134}
    assert filled(form, v__sodium="1,340").errors["v.sodium"] == "1,340 can be read in two ways: write 1340 or 1.340"
    for text in ("nan", "inf", "1e3", "0x10", "12 mmol", "1.2.3", "١٢"):
        assert set(filled(form, v__sodium=text).errors) == {"v.sodium"}, text


def test_what_cannot_be_is_said_beside_its_field_with_range_and_likely_unit(form: Form) -> None:
    errors = filled(form, v__albumin="37", u__albumin="g/dL", v__age="-40", v__sex="neither").errors
    assert errors["v.albumin"] == (
        "37 g/dL cannot be: 0.5 to 7 g/dL. It is possible if the unit were g/L: choose the unit."
    )
    assert errors["v.age"].startswith("-40 years cannot be: 0 to 120 years")
    assert "neither" in errors["v.sex"]
    assert filled(form, v__albumin="3", u__albumin="stones").errors == {
        "v.albumin": "this unit is none of those listed"
    }
    assert set(filled(form, v__age="63", w__albumin="37").errors) == {"w.albumin"}
    assert set(filled(form, patient="x" * 300).errors) == {"patient"}
    assert set(filled(form, minimum_hemoglobin="low").errors) == {"minimum_hemoglobin"}


def test_a_what_if_that_contradicts_what_was_given_is_an_error_of_the_what_if(form: Form) -> None:
    # Calcium corrected for an albumin of 4 g/dL is the calcium itself; for one of 2 g/dL it is 1.6 mg/dL more.
    known = {"v__calcium": "9", "v__albumin": "4", "v__corrected_calcium": "9"}
    assert filled(form, **known).errors == {}
    assert set(filled(form, **known, w__albumin="2").errors) == {"w.corrected_calcium"}


@pytest.mark.parametrize(
    "content", [b"v.age=1&v.age=2", b"v.nonsense=1", b"w.age=50", b"v.age=%ff", b"&".join([b"ask=x"] * 1200)]
)
def test_what_no_browser_sends_is_refused(form: Form, content: bytes) -> None:
    with pytest.raises(Problem) as found:
        read_form(content, form)
    assert found.value.status == 400


@settings(max_examples=25)
@given(
    st.dictionaries(st.sampled_from(["v.age", "u.albumin", "v.albumin", "v.sex", "w.albumin"]), st.text(max_size=12))
)
def test_any_text_is_read_or_refused_in_words(form: Form, sent: Mapping[str, str]) -> None:
    read = read_form(urlencode(sent, errors="replace").encode(), form)
    assert set(read.errors) <= {*sent, "v.albumin", "w.albumin"}
    assert all(text.strip() for text in read.errors.values())


def test_a_what_if_changes_what_can_be_decided_and_never_who_the_patient_is(form: Form) -> None:
    names = {one.name for one in actionable(form.fields.values())}
    assert "albumin" in names
    assert "hemoglobin" in names
    for name in ACTIONABLE:
        entry = variable(name)  # each of them is in the dictionary
        assert entry.role == "predictor"
        assert entry.domain not in ("tumour", "spread", "comorbidity", "outcome", "comparator")
    assert not ACTIONABLE & {"age", "sex", "primary_tumour", "previous_chemotherapy"}
