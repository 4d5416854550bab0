"""A WFS 2.0 on loopback: pages, quarters, refusals, and answers that are not what they seem."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flexsites.config.sources import Wfs
from flexsites.errors import InputError
from flexsites.inputs.formats.facts import facts_of
from flexsites.inputs.formats.services import fetch_features
from flexsites.inputs.formats.vector import Bounds
from flexsites.inputs.prepare import prepare
from tests.unit.inputs.makers import ABOUT, ORIGIN, sources, squares
from tests.unit.inputs.web import Web, serving

BOX: Bounds = (ORIGIN[0] - 10, ORIGIN[1] - 10, ORIGIN[0] + 2510, ORIGIN[1] + 110)


@pytest.fixture
def web() -> Iterator[Web]:
    with serving(Web(frame=squares(25))) as held:
        yield held


def row(web: Web, **more: object) -> Wfs:
    given = {"reader": "wfs", "about": ABOUT, "url": f"{web.url}/wfs", "type_name": "t:Perceel", "limit": 10}
    return Wfs.model_validate(given | more)


def test_pages_become_one_file_that_a_run_reads(web: Web, tmp_path: Path) -> None:
    given = sources(parcels=row(web, id_column="id", keep=["use"]).model_dump(exclude_unset=True))
    prepared = prepare(given, directory=tmp_path / "out", base=tmp_path)
    assert sorted(prepared.parcels()["site_id"]) == sorted(squares(25)["id"])
    assert web.count("resultType=hits") == 1
    assert web.count("startIndex") == 3


def test_the_window_is_asked_in_rd_and_the_same_question_once(web: Web, tmp_path: Path) -> None:
    window = (*BOX[:2], ORIGIN[0] + 450, BOX[3])
    path = fetch_features("parcels", row(web), tmp_path, bounds=window)
    facts = facts_of(path)
    assert facts is not None
    assert (facts.n_rows, facts.window) == (5, window)
    assert "EPSG%3A%3A28992" in web.asked[0]
    n_asked = len(web.asked)
    assert fetch_features("parcels", row(web), tmp_path, bounds=window) == path
    assert len(web.asked) == n_asked


def test_more_features_than_it_pages_through_come_in_quarters_each_once(web: Web, tmp_path: Path) -> None:
    path = fetch_features("parcels", row(web, most_hits=8), tmp_path, bounds=(*BOX[:3], BOX[1] + 2500))
    text = path.read_text(encoding="utf-8")
    assert [text.count(f'"perceel.p{i}"') for i in range(25)] == [1] * 25


def test_a_service_that_ignores_where_pages_begin_is_told(web: Web, tmp_path: Path) -> None:
    web.obeys_start = False
    with pytest.raises(InputError, match="the same page again"):
        fetch_features("parcels", row(web), tmp_path, bounds=BOX)


def test_a_service_that_does_not_count_is_read_to_its_end(web: Web, tmp_path: Path) -> None:
    web.hits = "unknown"
    path = fetch_features("parcels", row(web), tmp_path, bounds=BOX)
    assert path.read_text(encoding="utf-8").count("<wfs:member>") == 25


def test_fewer_features_than_said(web: Web, tmp_path: Path) -> None:
    web.hits = "30"
    with pytest.raises(InputError, match="said 30 features and gave 25"):
        fetch_features("parcels", row(web), tmp_path, bounds=BOX)


@pytest.mark.parametrize("hits", ["0", "5", "10", "20"])
def test_more_features_than_said_are_not_left(web: Web, tmp_path: Path, hits: str) -> None:
    web.hits = hits
    with pytest.raises(InputError, match=f"said {hits} features, and more and more come"):
        fetch_features("parcels", row(web), tmp_path, bounds=BOX)


@pytest.mark.parametrize("hits", [None, "unknown"])
def test_pages_may_be_shorter_than_asked(web: Web, tmp_path: Path, hits: str | None) -> None:
    web.hits, web.most_page = hits, 4
    path = fetch_features("parcels", row(web), tmp_path, bounds=BOX)
    assert path.read_text(encoding="utf-8").count("<wfs:member>") == 25


def test_an_answer_that_breaks_off_is_told(web: Web, tmp_path: Path) -> None:
    web.cuts = 500
    with pytest.raises(InputError, match="broke off 3 times"):
        fetch_features("parcels", row(web), tmp_path, bounds=BOX)
    web.is_chunked = True  # without a length nothing but the XML itself tells
    with pytest.raises(InputError, match="no whole XML"):
        fetch_features("parcels", row(web), tmp_path, bounds=BOX)


@pytest.mark.parametrize(
    ("prologue", "told"),
    [
        ("<ExceptionReport><ExceptionText>No such type &amp; all</ExceptionText></ExceptionReport>",
         "No such type & all"),
        ("<WFS_Capabilities version='2.0.0'><a/></WFS_Capabilities>", "answered <WFS_Capabilities> where a collection"),
        ("<FeatureCollection numberMatched='1'><featureMembers><a/></featureMembers></FeatureCollection>",
         "answered <featureMembers> where a collection"),
        ("<FeatureCollection numberMatched='1'><truncatedResponse/></FeatureCollection>", "<truncatedResponse> where"),
        ("<!DOCTYPE html><html><body>Log in</body></html>", "web page"),
        ('<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', "document type"),
    ],
)  # fmt: skip
def test_what_is_no_page_of_features_is_told(web: Web, tmp_path: Path, prologue: str, told: str) -> None:
    web.redirects["/wfs"] = f"{web.url}/page"
    web.files["/page"] = prologue.encode()
    with pytest.raises(InputError, match=told):
        fetch_features("parcels", row(web), tmp_path, bounds=BOX)


def test_a_shape_of_no_kind_is_told(web: Web, tmp_path: Path) -> None:
    web.files["/geojson"] = b'{"features": [{"geometry": {"type": "Foo", "coordinates": []}}]}'
    with pytest.raises(InputError, match=r"answered <wfs:FeatureCollection|no whole XML|no GeoJSON"):
        fetch_features("parcels", row(web, format="geojson"), tmp_path, bounds=BOX)
