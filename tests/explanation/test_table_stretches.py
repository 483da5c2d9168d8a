"""A table in stretches: the same bits and the same notes as at once, and refused as a whole."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_levels import ordinal_model
from made_models import PREDICTORS, model_of, patients
from made_survival import competing_model, survival_model_of

from spinecast.clinical.dictionary import variable
from spinecast.cohorts.rejections import RejectedTableError
from spinecast.errors import ContractError
from spinecast.explanation import table_stretches
from spinecast.explanation.answering import Question, predict_any_table
from spinecast.explanation.contributions import RESIDUAL_TOLERANCE
from spinecast.explanation.table_stretches import TableNotes, check_stretches, predict_stretches
from spinecast.models.loading import AnyModel

IDENTITY = "0" * 64
FAMILIES = ("random_forest", "xgboost", "support_vector_machine")


@cache
def raw() -> pd.DataFrame:
    """Cells as a person would write them; of one patient nothing is known, and one has an unusual albumin."""
    matrix, _ = patients(40, seed=8)
    table = pd.DataFrame({"patient": [f"p{row}" for row in range(40)]})
    for place, name in enumerate(PREDICTORS):
        entry, values = variable(name), matrix[:, place]
        if entry.is_levelled:
            words = np.array([level.value for level in entry.levels], dtype=object)
            table[name] = [None if np.isnan(value) else words[int(value)] for value in values]
        else:
            table[name] = values.round(2)
    table.loc[7, list(PREDICTORS)] = None
    table.loc[31, "albumin"] = 1.0
    return table


def stretches(table: pd.DataFrame, cuts: list[int]) -> list[pd.DataFrame]:
    ends = [0, *sorted({cut for cut in cuts if 0 < cut < len(table)}), len(table)]
    return [table.iloc[start:end] for start, end in pairwise(ends)]


@settings(deadline=None, max_examples=8)
@given(cuts=st.lists(st.integers(1, 39), max_size=5))
def test_stretches_are_predicted_as_the_whole_table_is(cuts: list[int]) -> None:
    model = model_of(*FAMILIES)
    whole = predict_any_table(model, IDENTITY, raw(), Question(), contributions=True)
    parts = stretches(raw(), cuts)
    assert check_stretches(model, parts) == 40
    tables, notes = [], TableNotes()
    for table, notes in predict_stretches(model, IDENTITY, parts, Question(), contributions=True):  # noqa: B007
        tables.append(table)
    pd.testing.assert_frame_equal(pd.concat(tables), whole.table, check_exact=True)
    assert (notes.rows, notes.absent, notes.nothing_known) == (40, whole.absent, whole.nothing_known == 1)
    assert notes.unusual == whole.unusual
    assert (notes.outside, notes.declined) == (whole.outside, whole.declined)


@pytest.mark.parametrize(
    ("model", "endings"),
    [
        (model_of("elastic_net"), ("",)),
        (survival_model_of("cox"), ("_30", "_90", "_365")),
        (competing_model(), ("_30", "_90", "_365")),
        (ordinal_model("cumulative_elastic_net"), ("",)),
    ],
    ids=["event", "times", "competing causes", "levels"],
)
def test_contributions_add_up_in_every_row(model: AnyModel, endings: tuple[str, ...]) -> None:
    found = predict_any_table(model, IDENTITY, raw().head(6), Question(), contributions=True).table
    for ending in endings:
        own = [f"contribution_{name}{ending}" for name in model.predictors]
        added = found[f"base_value{ending}"] + found[own].sum(axis=1)
        np.testing.assert_allclose(added, found[f"explained{ending}"], rtol=0, atol=RESIDUAL_TOLERANCE)
        assert found[own].abs().to_numpy().max() > 0.01


def test_refused_values_of_all_stretches_are_told_together_by_their_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    model, table = model_of("elastic_net"), raw().copy()
    table.loc[[3, 38], "albumin"] = [37.0, 41.0]
    with pytest.raises(RejectedTableError, match="2 values in the table") as refused:
        check_stretches(model, stretches(table, [10, 20, 30]))
    assert refused.value.rejections.table["row"].tolist() == [4, 39]
    monkeypatch.setattr(table_stretches, "MOST_REJECTIONS", 0)
    with pytest.raises(RejectedTableError, match="1 value in the table"):
        check_stretches(model, stretches(table, [10, 20, 30]))


def test_columns_are_held_against_the_whole_table() -> None:
    model = model_of("elastic_net")
    similar = raw().rename(columns={"albumin": "albumine"})
    with pytest.raises(ContractError, match="albumine"):
        check_stretches(model, stretches(similar, [20]))
    assert check_stretches(model, stretches(similar, [20]), allow_similar=True) == 40
    doubled = pd.concat([raw(), raw()[["age"]]], axis=1)
    with pytest.raises(ContractError, match="more than one column 'age'"):
        check_stretches(model, [doubled])
