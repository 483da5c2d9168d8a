"""What every page has, and which models it asks together."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from serving.made_store import EVENT, LOSS, TIMES, Address

from spinecast.errors import TrackingError
from spinecast.notices import RESEARCH_USE
from spinecast.serving.pages.families import families, family
from spinecast.serving.pages.rendering import static_files
from spinecast.serving.state import State


def test_every_page_loads_its_own_files_alone_and_says_what_it_is_for(server: Address) -> None:
    said = server.get("/")
    page = said.content.decode()
    assert said.status == 200
    assert said.headers["content-type"].startswith("text/html")
    assert RESEARCH_USE in page
    assert said.headers["cache-control"] == "no-store"
    policy = said.headers["content-security-policy"]
    assert "'unsafe" not in policy
    assert policy.startswith("default-src 'none'")
    # Neither style nor script stands in the page: the policy would stop it.
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)", page)
    loaded = re.findall(r'(?:src|href)="([^"#]+)"', page)
    assert all(address.startswith("/") and not address.startswith("//") for address in loaded)
    for address in loaded:
        assert server.get(address).status == 200, address


def test_static_files_may_be_kept_under_an_address_with_their_hash(server: Address) -> None:
    assert {name.rpartition(".")[2] for name in static_files()} >= {"css", "js", "svg"}
    for name, held in static_files().items():
        said = server.get(f"/static/{name}?v={held.version}")
        assert said.content == held.content
        assert "immutable" in said.headers["cache-control"]
        assert said.headers["x-content-type-options"] == "nosniff"
    assert server.get("/static/nothing.css").status == 404
    assert server.get("/static/..%2f..%2fapp.py").status == 404


@pytest.mark.parametrize("path", ["/", "/patient/synthetic-simulated", "/static/page.css", "health", "models"])
def test_head_is_get_without_its_content(server: Address, path: str) -> None:
    whole, head = server.get(path), server.ask("HEAD", path)
    assert (head.status, head.content) == (whole.status, b"")
    assert head.headers["content-type"] == whole.headers["content-type"]
    assert head.headers["content-security-policy"] == whole.headers["content-security-policy"]


def test_an_address_that_is_none_is_a_page_for_people_and_a_problem_for_programs(server: Address) -> None:
    page, problem = server.get("/nowhere"), server.get("nowhere")
    assert (page.status, problem.status) == (404, 404)
    assert "<h1>Not found</h1>" in page.content.decode()
    assert problem.json["type"] == "urn:spinecast:problem:not-found"


def test_made_up_patients_are_named_by_their_recipe_and_not_by_its_short_name(state: State, tmp_path: Path) -> None:
    served = state.models.get(EVENT)
    (bare,) = families({EVENT: served}).values()
    assert bare.synthetic
    assert bare.heading == "Death within 90 days: simulated"
    for name, content in (
        ("evaluation", {"basis": "out-of-fold", "n": 9, "events": 3, "measures": {}}),
        ("cohort", {"name": "sorg (development)", "provenance": {"description": "Survival after surgery (SYNTHETIC)"}}),
        ("run", {}),
    ):
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    told = replace(served, version=replace(served.version, record=tmp_path))
    (named,) = families({EVENT: told}).values()
    assert named.heading == "Survival after surgery"


def test_models_of_the_same_patients_are_a_family_and_made_up_ones_never_join_real_ones(state: State) -> None:
    served = dict(state.models.current)
    real = replace(
        served[EVENT],
        model=replace(
            served[EVENT].model, about={**served[EVENT].model.about, "cohort": {"kind": "real", "name": "simulated"}}
        ),
    )
    found = families(served | {"real": real})
    kinds = [one.synthetic for one in found.values()]
    assert kinds == sorted(kinds)  # real ones first
    names = {one.title: {model.name for model in one.models} for one in found.values() if not one.synthetic}
    assert names["simulated"] >= {EVENT, LOSS}
    for one in found.values():
        assert {model.model.is_synthetic for model in one.models} == {one.synthetic}
    assert sum(len(one.models) for one in found.values()) == len(served) + 1
    with_day = [one for one in found.values() if TIMES in {model.name for model in one.models}]
    assert len(with_day) == 1
    with pytest.raises(TrackingError, match="no models are served"):
        family(served, "nowhere")
