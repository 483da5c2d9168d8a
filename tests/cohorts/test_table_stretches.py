"""A file in stretches of any length holds the cells it holds when read whole, and is refused in the same words."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spinecast.cohorts import table_files
from spinecast.cohorts.table_files import read_stretches, read_table
from spinecast.errors import SpinecastError

PATIENTS = pd.DataFrame(
    {
        "age": [61, 62, None, 64, 65, 66],  # whole numbers, which pandas reads as decimals where one is missing
        "stays": [1, 2, 3, 4, 5, 6],
        "nodes": pd.array([1, None, 3, 4, 5, 6], dtype="Int64"),
        "sex": ["female", None, "male", "ma\nle", 'a "word"', ""],
        "diabetes": [True, False, None, True, None, None],
        "weight": [70.5, None, 71.25, 72.0, 73.0, 74.0],
    }
)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("tables")
    PATIENTS.to_csv(folder / "t.csv", index=False)
    (folder / "blank.csv").write_bytes(b"\xef\xbb\xbf\n\na,a\n1,2\n\n3,4\n")
    PATIENTS.set_index("stays").to_parquet(folder / "indexed.parquet", row_group_size=2)
    PATIENTS.to_parquet(folder / "t.parquet", row_group_size=4)
    return sorted(folder.iterdir())


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.integers(1, 8), block=st.integers(40, 400))
def test_stretches_are_the_table(files: list[Path], rows: int, block: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table_files, "_BLOCK_BYTES", block)
        for path in files:
            whole, stretches = read_table(path), list(read_stretches(path, rows))
            frames = [stretch.frame() for stretch in stretches]
            assert [len(frame) for frame in frames[:-1]] == [rows] * (len(frames) - 1)
            pd.testing.assert_frame_equal(
                pd.concat(frames).astype(dict(whole.dtypes)) if whole.columns.is_unique else pd.concat(frames),
                whole,
                check_index_type=False,
            )
            # In each stretch a column is written as in every other.
            for frame in frames:
                kinds = {name: kind for name, kind in frame.dtypes.items() if pd.api.types.is_numeric_dtype(kind)}
                assert all(kind in (whole.dtypes[name], bool) for name, kind in kinds.items())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"age,sex\n",
        b"age,sex\n1,2\n3\n4,5\n",
        b"age,sex\n" + b"1,2\n" * 5000 + b"3\n",
        b"age,sex\n1,\xe9\n",
        b"age;sex\n1;2\n",
        b'age,sex\n1,2\n3,"4\n5,6\n',
    ],
    ids=["nothing", "no patient", "uneven", "uneven far down", "not UTF-8", "semicolons", "open quotation"],
)
def test_what_cannot_be_read_is_refused_in_the_same_words(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(SpinecastError) as whole:
        read_table(path)
    with pytest.raises(SpinecastError) as stretches:
        list(read_stretches(path, 1000))
    assert str(stretches.value) == str(whole.value)


def test_a_file_that_is_no_parquet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.parquet").write_text("age\n1\n")
    with pytest.raises(SpinecastError, match="cannot be read as a Parquet table"):
        list(read_stretches(tmp_path / "t.parquet", 10))
    with pytest.raises(SpinecastError, match="does not exist"):
        list(read_stretches(tmp_path / "gone.parquet", 10))
