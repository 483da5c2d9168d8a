"""Reading a document of any kind: the right line, the right words, its own noun and error, never a traceback."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import BeforeValidator, Field, model_validator

from spinecast.documents import (
    Block,
    DocumentKind,
    Flag,
    Identifier,
    Names,
    Number,
    Problem,
    Real,
    Seed,
    Text,
    Whole,
    broken_rules,
    dotted,
    named_kind,
    problems_error,
    read_document,
)
from spinecast.errors import DocumentError


class Normal(Block):
    """A bell."""

    kind: Literal["normal"]
    mean: Real = Field(description="Middle of the bell.")
    spread: Real = Field(default=1.0, gt=0, description="Standard deviation.")


class Between(Block):
    """Any value of an interval."""

    kind: Literal["between", "uniform"]
    low: Real = Field(description="Lowest value.")
    high: Real = Field(description="Highest value.")

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.low >= self.high:
            key, what = ("high",), f"the interval ends before it begins: {self.low:g} to {self.high:g}"
            raise broken_rules("Between", [Problem(key, what, "a higher number", "swap low and high")])
        return self


Draw = Annotated[Annotated[Normal | Between, Field(discriminator="kind")], BeforeValidator(named_kind)]


class Site(Block):
    """Where patients are seen."""

    kind: Text = Field(default="hospital", description="A key named kind that tells no blocks apart.")
    name: Identifier = Field(description="Name of the site.")
    share: Number | None = Field(default=None, description="Part of the patients.")


class Recipe(Block):
    """A made-up cohort."""

    cohort: Identifier = Field(description="Name of the cohort.")
    patients: Whole = Field(ge=1, description="How many patients.")
    seed: Seed = Field(default=1, description="Start of every random draw.")
    shuffled: Flag = Field(default=False, description="Whether rows are shuffled.")
    order: Literal["by_date", "by_site"] = Field(default="by_date", description="Order of the rows.")
    variables: dict[Identifier, Draw] = Field(default={}, description="How each variable is drawn.")
    sites: tuple[Site, ...] = Field(default=(), description="Sites.")
    keep: Names | None = Field(default=None, min_length=1, description="Variables that are written.")


class Mapping(Block):
    """How a site writes its variables; its first key is no name."""

    version: Whole = Field(description="Version of the form.")


class RecipeError(DocumentError):
    """The error of the kind of document used here."""


KIND = DocumentKind(
    "cohort recipe",
    RecipeError,
    override_example="patients=500",
    kinds_elsewhere={"copied": "only a mapping copies columns"},
)
GOOD = """\
cohort: small
patients: 50
variables:
  age: {kind: normal, mean: 62, spread: 9.5}
  albumin:
    kind: between
    low: 1.5
    high: 5
sites:
  - name: north
  - {name: south, share: 0.25}
keep: [age]
"""

Refuse = Callable[..., RecipeError]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(GOOD)
    return path


@pytest.fixture
def refuse(file: Path) -> Refuse:
    """Read the good recipe with some text replaced, or another text, and return the error."""

    def read(
        old: str = "", new: str = "", *, text: str | bytes | None = None, overrides: Sequence[str] = ()
    ) -> RecipeError:
        assert old in GOOD
        content = GOOD.replace(old, new, 1) if text is None else text
        file.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        with pytest.raises(RecipeError) as caught:
            read_document(file, Recipe, KIND, overrides)
        return caught.value

    return read


def test_a_good_document_is_read_with_its_origin(file: Path) -> None:
    recipe, origin = read_document(str(file), Recipe, KIND)
    assert recipe.variables["age"] == Normal(kind="normal", mean=62, spread=9.5)
    assert recipe.sites == (Site(name="north"), Site(name="south", share=0.25))
    assert (origin.kind, origin.file, origin.folder) == (KIND, str(file), file.parent)
    assert origin.where(("variables", "albumin", "low")) == f"{file}:7:5"


def test_a_problem_found_later_is_named_at_its_place(file: Path) -> None:
    _, origin = read_document(file, Recipe, KIND)
    key = ("sites", 1, "share")
    error = problems_error([Problem(key, f"{dotted(key)}: the shares do not add up")], origin)
    assert isinstance(error, RecipeError)
    assert error.where == f"{file}:11:19"


# ---- what pydantic refuses ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "line", "what", "expected", "remedy"),
    [
        ("keep:", "kep:", 12, "kep: unknown key", "one of cohort, patients, seed", "did you mean keep?"),
        ("spread", "spred", 4, "variables.age.spred: unknown key", "one of kind, mean, spread", "did you mean spread?"),
        ("share", "shar", 11, "sites.1.shar: unknown key", "one of kind, name, share", "did you mean share?"),
        ("patients: 50\n", "", 1, "patients is missing", "How many patients.", None),
        ("    low: 1.5\n", "", 5, "variables.albumin.low is missing", "Lowest value.", None),
        ("name: south, ", "", 11, "sites.1.name is missing", "Name of the site.", None),
        (
            "kind: normal",
            "kind: norml",
            4,
            "variables.age: unknown kind 'norml'",
            "normal, between, uniform",
            "normal?",
        ),
        ("kind: normal", "kind: copied", 4, "unknown kind 'copied'", "normal, between", "only a mapping copies"),
        ("    kind: between\n", "", 5, "variables.albumin.kind is missing", "one of normal", None),
        ("patients: 50", "patients: 0", 2, "patients: `0` will not do", "greater than or equal to 1", None),
        ("patients: 50", "patients: '50'", 2, "patients: `50` will not do", "a whole number", "without quotes"),
        ("patients: 50", "patients:", 2, "patients: there is nothing after the colon", "a whole number", None),
        ("cohort: small", "cohort: no", 1, "cohort: `no` will not do", "text", 'in quotes: "no"'),
        ("cohort: small", "cohort: Small", 1, "cohort: `Small` will not do", "lower-case letters", None),
        ("  age:", "  Age:", 4, "variables.Age: `'Age'` will not do", "lower-case letters", None),
        ("mean: 62", "mean: x", 4, "variables.age.mean: `x` will not do", "a number", None),
        ("share: 0.25", "share: .inf", 11, "sites.1.share: `.inf` will not do", "a number", None),
        ("[age]", "[]", 12, "keep: `[]` will not do", "at least 1 of them", None),
        ("[age]", "age", 12, "keep: `age` will not do", "a list", None),
        ("keep: [age]", "order: by_dat", 12, "order: `by_dat` will not do", "'by_date' or 'by_site'", "by_date?"),
        ("keep: [age]", "shuffled: 1", 12, "shuffled: `1` will not do", "true or false", None),
        ("high: 5", "high: 1", 8, "the interval ends before it begins: 1.5 to 1", "a higher number", "swap low"),
    ],
)
def test_each_mistake_names_line_key_expectation_and_remedy(
    refuse: Refuse, file: Path, old: str, new: str, line: int, what: str, expected: str, remedy: str | None
) -> None:
    error = refuse(old, new)
    assert error.where is not None, error
    assert error.where.startswith(f"{file}:{line}:")
    assert what in error.what
    assert expected in (error.expected or "")
    assert (remedy is None) == (error.remedy is None)
    assert (remedy or "") in (error.remedy or "")


def test_a_block_of_several_kinds_answers_to_each(file: Path, refuse: Refuse) -> None:
    file.write_text(GOOD.replace("kind: between", "kind: uniform"))
    assert isinstance(read_document(file, Recipe, KIND)[0].variables["albumin"], Between)
    assert refuse("kind: between", "kind: uniform\n    lw: 1").what == "variables.albumin.lw: unknown key"


def test_a_bare_word_is_a_kind_whose_keys_are_missing(refuse: Refuse, file: Path) -> None:
    error = refuse("{kind: normal, mean: 62, spread: 9.5}", "normal")
    assert (error.what, error.where) == ("variables.age.mean is missing", f"{file}:4:3")


def test_every_problem_is_listed_in_the_order_of_the_file(refuse: Refuse, file: Path) -> None:
    message = str(refuse(text=GOOD.replace("50", "no").replace("mean: 62", "men: 62").replace("south", "South")))
    assert message.startswith(f"{file} has 4 problems\n")
    places = [message.index(f"{file}:{line}:") for line in (2, 4, 11)]
    assert places == sorted(places)


def test_a_document_of_the_wrong_shape_is_named_as_a_whole(refuse: Refuse) -> None:
    assert "the cohort recipe: YAML reads the key 1 as a number" in refuse(text="1: a\n").what


# ---- files ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "what", "place", "expected"),
    [
        ("", "is empty", ":1", "a cohort recipe: `cohort: name` and its other keys"),
        ("- a\n", "is not a cohort recipe", ":1:1", "a mapping that begins with `cohort: name`"),
        (b"cohort: caf\xe9\n", "is not UTF-8 text", ":1", None),
        ("cohort: a\n".encode("utf-16"), "is not UTF-8 text", ":1", None),
        ("a,b\n" * 300_000, "is too large for a cohort recipe file", "", "a YAML file of kilobytes"),
    ],
    ids=["empty", "list", "latin-1", "utf-16", "table"],
)
def test_files_that_hold_no_document_are_refused(
    refuse: Refuse, file: Path, text: str | bytes, what: str, place: str, expected: str | None
) -> None:
    error = refuse(text=text)
    assert error.what == f"{file} {what}"
    assert (error.where, error.expected) == (f"{file}{place}", expected)


def test_the_largest_size_is_the_kinds_own(file: Path) -> None:
    exact = DocumentKind("cohort recipe", RecipeError, largest_bytes=len(GOOD))
    assert read_document(file, Recipe, exact)[0].patients == 50
    with pytest.raises(RecipeError, match="too large"):
        read_document(file, Recipe, DocumentKind("cohort recipe", RecipeError, largest_bytes=len(GOOD) - 1))


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert read_document(file, Recipe, KIND)[0].patients == 50


def test_a_missing_file_names_the_nearest_one(file: Path) -> None:
    with pytest.raises(RecipeError) as caught:
        read_document(file.with_name("smal.yaml"), Recipe, KIND)
    assert caught.value.what == f"there is no cohort recipe file {file.with_name('smal.yaml')}"
    assert caught.value.remedy == f"did you mean {file}?"
    with pytest.raises(RecipeError) as caught:
        read_document(file.parent / "nowhere" / "small.yaml", Recipe, KIND)
    assert caught.value.remedy is None


def test_a_folder_and_a_file_in_the_place_of_a_folder_are_said_so(file: Path) -> None:
    with pytest.raises(RecipeError, match="is a folder"):
        read_document(file.parent, Recipe, KIND)
    with pytest.raises(RecipeError, match="cannot be read"):
        read_document(file / "recipe.yaml", Recipe, KIND)


@pytest.mark.parametrize("noun", ["study", "column mapping", "published model"])
def test_messages_use_the_noun_and_the_first_key_of_the_kind(tmp_path: Path, noun: str) -> None:
    empty = tmp_path / "empty.yaml"
    empty.write_text("")
    with pytest.raises(DocumentError) as caught:
        read_document(empty, Mapping, DocumentKind(noun, DocumentError))
    assert caught.value.expected == f"a {noun}: `version:` and its other keys"
    with pytest.raises(DocumentError, match=f"there is no {noun} file"):
        read_document(tmp_path / "none.yaml", Mapping, DocumentKind(noun, DocumentError))


# ---- overrides ------------------------------------------------------------------------------------------------------


def test_overrides_are_applied_in_order_and_remembered(file: Path) -> None:
    changes = [
        "patients=7",
        "patients=9",
        "variables.age.mean=1e1",
        "sites.1.name=east",
        "variables.sodium.kind=normal",
    ]
    recipe, origin = read_document(file, Recipe, KIND, [*changes, "variables.sodium.mean=140", "keep=[age, sodium]"])
    assert (recipe.patients, recipe.sites[1].name, recipe.keep) == (9, "east", ("age", "sodium"))
    assert [type(draw) for draw in recipe.variables.values()] == [Normal, Between, Normal]
    assert origin.where(("keep", 1)) == "--set keep=[age, sodium]"
    assert origin.where(("patients",)) == "--set patients=9"


@pytest.mark.parametrize(
    ("override", "what", "expected_or_remedy"),
    [
        ("variables.age.men=3", "variables.age.men: unknown key", "did you mean mean?"),
        ("sites.2.name=a", "sites is a list without an entry '2'", "a number from 0 to 1"),
        ("sites.north.name=a", "sites is a list without an entry 'north'", "a number from 0 to 1"),
        ("patients.value=3", "patients is the value 50 and has no key 'value' to set", ""),
        ("patients=many", "patients: `many` will not do", "a whole number"),
        ("patients=", "patients: there is nothing after the colon", "a whole number"),
        ("patients=[1", "is not YAML", ""),
        ("variables={a: 1, a: 2}", "the key stands twice", "keep one"),
        ("patients", "changes nothing", "a key and a value: --set patients=500"),
        ("variables..mean=3", "changes nothing", "a key and a value: --set patients=500"),
    ],
)
def test_wrong_overrides_are_named_as_such(refuse: Refuse, override: str, what: str, expected_or_remedy: str) -> None:
    error = refuse(overrides=[override])
    assert error.where == f"--set {override}"
    assert what in error.what
    assert expected_or_remedy in f"{error.expected}{error.remedy}"


def test_a_kind_without_an_example_says_how_an_override_is_written(file: Path) -> None:
    with pytest.raises(DocumentError) as caught:
        read_document(file, Recipe, DocumentKind("column mapping", DocumentError), ["patients"])
    assert caught.value.expected == "a key and a value: --set KEY=VALUE"


# ---- never a traceback ----------------------------------------------------------------------------------------------

pieces = st.sampled_from([*"{}[]'\"#|\n", ": ", "  ", "- ", "&a ", "*a", "kind", "cohort", "yes", "1", "!!", "<<"])
soup = st.one_of(st.text(max_size=80), st.lists(pieces, max_size=30).map("".join)).map(lambda text: text.encode())


@given(content=st.one_of(soup, st.binary(max_size=60)))
@example(content=b"cohort: &a\n  *a : 1")
@example(content=b"? ? ?")
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_file_that_is_no_document_ends_in_the_kinds_error(content: bytes, tmp_path_factory: Any) -> None:
    file = Path(tmp_path_factory.getbasetemp()) / "recipe_soup.yaml"
    file.write_bytes(content)
    with pytest.raises(RecipeError) as caught:
        read_document(file, Recipe, KIND)
    str(caught.value).encode("utf-8")


keys = ["cohort", "patients", "order", "variables", "variables.age", "variables.age.kind", "variables.albumin.high"]
keys += ["variables.new", "sites", "sites.0", "sites.0.kind", "sites.1.share", "keep", "keep.0", "shuffled", "seed.x"]
values = [
    "1",
    "-1",
    "0.5",
    "yes",
    "null",
    "[]",
    "{}",
    "[1, 2]",
    "normal",
    "{kind: between}",
    "[[1]]",
    "1e999",
    "{a: {b: c}}",
]


@given(key=st.sampled_from(keys), value=st.one_of(st.sampled_from(values), st.text(max_size=12)))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_override_gives_a_document_or_the_kinds_error(key: str, value: str, tmp_path_factory: Any) -> None:
    file = Path(tmp_path_factory.getbasetemp()) / "recipe_small.yaml"
    file.write_text(GOOD)
    try:
        recipe, _ = read_document(file, Recipe, KIND, [f"{key}={value}"])
    except RecipeError:
        return  # refused, with a message: anything else is a traceback the user would see
    assert isinstance(recipe, Recipe)
