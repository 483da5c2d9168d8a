"""Reading tables of one's own: what is accepted, and one clear message for what is not."""

from pathlib import Path

import pytest

from spinecast.errors import DocumentError
from spinecast.evidence.reading import find_table, read_results


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "mine.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_the_smallest_table(tmp_path: Path) -> None:
    path = write(tmp_path, "\ufeffstudy,auc,lower,upper,notes\r\nA 2020,.79,0.74,0.84,x\r\n\r\nB 2021,0.81,,,\r\n")
    one, other = read_results(path)
    assert (one.id, one.auc, one.lower, one.upper, one.stage) == ("A 2020", 0.79, 0.74, 0.84, "")
    assert one.place == "mine.csv:2"
    assert other.place == "mine.csv:4"
    assert other.lower is None


def test_a_flagged_interval_that_misses_its_estimate_is_read_as_printed(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "study,auc,lower,upper,flag,why\nA,.762,.704,.717,interval_excludes_its_estimate,.762 lies above .717\n",
    )
    (one,) = read_results(path)
    assert (one.auc, one.upper) == (0.762, 0.717)
    assert one.excludes_itself


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ["the file is empty"]),
        ("study,auc\n", ["holds no results"]),
        ("study;auc\nA;.8\n", ["not separated by commas"]),
        ("study,aucs\nA,.8\n", ["no column 'auc'", "is it the column 'aucs'?"]),
        ("author,auc\nA,.8\n", ["no column 'study'"]),
        ("study,auc,auc\nA,.8,.8\n", ["'auc' stands twice"]),
        ("study,auc\nA,.8,.7\n", ["3 cells and the header 2", "mine.csv:2"]),
        ("study,auc\nA,79\n", ["auc cannot be '79'", "between 0 and 1", "mine.csv:2, column auc"]),
        ("study,auc\nA,79%\n", ["auc cannot be '79%'"]),
        ('study,auc\nA,"0,79"\n', ["auc cannot be '0,79'", "decimal point"]),
        ("study,auc\nA,nan\n", ["auc cannot be 'nan'"]),
        ("study,auc,lower,upper\nA,.8,.7,\n", ["one limit of its interval"]),
        ("study,auc,lower,upper\nA,.8,.9,.7\n", ["the limits of auc are 0.9 and 0.7", "lower limit first"]),
        ("study,auc,lower,upper\nA,.762,.704,.717\n", ["0.762 and its interval 0.704 to 0.717", "flag it"]),
        ("study,auc,lower,upper\nA,,.7,.8\n", ["an interval and no value"]),
        ("study,auc\n,.8\n", ["names no study"]),
        ("study,auc\nA,.8\nA,.7\n", ["two results are called 'A'", "add a column id"]),
        ("study,auc,stage\nA,.8,outside\n", ["stage cannot be 'outside'", "training, internal, external"]),
        ("study,auc,horizon\nA,.8,90\n", ["horizon cannot be '90'", "90d"]),
        ("study,auc,n,events\nA,.8,20,30\n", ["30 events among 20 patients"]),
        ("study,auc,n\nA,.8,20.5\n", ["n cannot be '20.5'"]),
        ("study,auc,event_proportion\nA,.8,26\n", ["event_proportion cannot be '26'"]),
        ("study,auc,expected\nA,.8,-3\n", ["expected cannot be '-3'"]),
        ("study,auc,flag,why\nA,.8,a; b,one\n", ["2 flags and 1 reasons"]),
        ("study,auc,id,alternative_to\nA,.8,a,\nB,.7,b,aa\n", ["alternative to 'aa'", "did you mean 'a'?"]),
        ('study,auc\n"A,.8\n', ["cannot be read"]),
        (b"study,auc\nM\xfcller,.8\n", ["no text in UTF-8"]),
        (b"PK\x03\x04\x00\x00", ["no text"]),
    ],
)
def test_bad_tables_are_refused_with_one_message(tmp_path: Path, text: str | bytes, parts: list[str]) -> None:
    with pytest.raises(DocumentError) as caught:
        read_results(write(tmp_path, text))
    for part in parts:
        assert part in str(caught.value)


def test_a_table_is_found_by_path_or_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_table(None).name == "published_auc.csv"
    assert find_table("external_validation") == find_table("external_validation.csv")
    own = write(tmp_path, "study,auc\n")
    assert find_table("mine.csv").resolve() == own
    with pytest.raises(DocumentError, match="did you mean published_auc"):
        find_table("publised_auc")
    with pytest.raises(DocumentError, match="is a folder"):
        find_table(str(tmp_path))
