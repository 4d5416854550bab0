"""Files of ATOM feeds: the one that is meant, by form, system and part; where several may be, they are told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest

from flexsites.config.presets import Door
from flexsites.config.sources import Vector
from flexsites.errors import InputError
from flexsites.inputs.fetch.cache import Cache
from flexsites.inputs.fetch.doors import ClosedError, make, require_fit, through
from flexsites.inputs.formats.facts import Facts
from flexsites.inputs.formats.vector import Bounds
from flexsites.inputs.formats.windows import in_degrees
from tests.unit.inputs.makers import ABOUT, ORIGIN, squares
from tests.unit.inputs.web import Web, serving

TOWN: Bounds = (ORIGIN[0] + 250.0, ORIGIN[1], ORIGIN[0] + 750.0, ORIGIN[1] + 100.0)
ROW = Vector.model_validate({"reader": "vector", "about": ABOUT, "path": "data/a.parquet"})
RD = "http://www.opengis.net/def/crs/EPSG/0/28992"
SPACES = (
    'xmlns="http://www.w3.org/2005/Atom" xmlns:georss="http://www.georss.org/georss" '
    'xmlns:inspire_dls="http://inspire.ec.europa.eu/schemas/inspire_dls/1.0" xml:lang="nl"'
)
GPKG = "application/geopackage+sqlite3"


def link(href: str, *, rel: str = "alternate", kind: str = GPKG, more: str = "") -> str:
    return f'<link rel="{rel}" href="{href}" type="{kind}" hreflang="nl" {more}/>'


def entry(title: str, *links: str, crs: str = RD, code: str = "") -> str:
    code = f"<inspire_dls:spatial_dataset_identifier_code>{code}</inspire_dls:spatial_dataset_identifier_code>"
    category = f'<category term="{crs}" label="RD"/>' if crs else ""
    return (
        f"<entry><title>{title}</title><id>x</id><updated>2026-02-01T00:00:00Z</updated>{code}{''.join(links)}"
        f'<link rel="describedby" href="https://example.nl/md" type="application/xml"/>{category}</entry>'
    )


def feed(*entries: str, prologue: str = "") -> bytes:
    own = link("/feed.xml", rel="self", kind="application/atom+xml")
    head = f'<?xml version="1.0" encoding="UTF-8"?>{prologue}<feed {SPACES}><title>t</title>{own}'
    return f"{head}{''.join(entries)}</feed>".encode()


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    held = Web(frame=squares(25))
    for name, frame in {"rd": squares(25), "old": squares(3), "wgs": squares(25).to_crs(4326)}.items():
        frame.to_file(tmp_path / f"{name}.gpkg", layer="pand", driver="GPKG")
        held.files[f"/downloads/{name}.gpkg"] = (tmp_path / f"{name}.gpkg").read_bytes()
    held.files["/downloads/rd.gml"] = b"<gml/>"
    files = entry("Panden (GeoPackage)", link("downloads/rd.gpkg", more='length="114688" title="panden.gpkg"'))
    files += entry("Panden (GML)", link("downloads/rd.gml", kind="application/gml+xml;version=3.2"))
    files += entry("Panden ETRS89", link("downloads/wgs.gpkg"), crs="http://www.opengis.net/def/crs/EPSG/0/4258")
    held.files["/panden.xml"] = feed(files)
    to = link("panden.xml", kind="application/atom+xml")
    held.files["/index.xml"] = feed(entry("BAG panden", to, code="pand"))
    with serving(held) as serves:
        yield serves


def door(web: Web, **more: Any) -> Door:
    given = {"kind": "atom", "address": f"{web.url}/index.xml", "format": "gpkg", "crs": "EPSG:28992"}
    return Door.model_validate({**given, "layers": ["pand"], **more})


def bring(web: Web, folder: Path, name: str = "a.parquet", window: Bounds | None = TOWN, **more: Any) -> Facts:
    chosen, target = door(web, **more), folder / name
    require_fit(chosen, target)
    answers = through(chosen, "layers.a", {"layers.a": ROW}, window, Cache(folder / "cache"), asked={}, told=None)
    layer = chosen.layers[0] if chosen.layers else None
    return make(answers, target, scratch=folder / "scratch", where="layers.a", layer=layer, window=window)


def test_the_file_of_the_form_and_system_comes_and_the_window_of_it_is_kept(web: Web, tmp_path: Path) -> None:
    facts = bring(web, tmp_path)
    frame = gpd.read_parquet(tmp_path / "a.parquet")
    assert (len(frame), frame.crs) == (6, 28992)
    assert facts.n_rows == 6
    assert facts.etag == '"one"'
    assert "the feed says it was updated at 2026-02-01T00:00:00Z" in facts.notes
    assert [asked.partition(" ")[2] for asked in web.asked] == ["/index.xml", "/panden.xml", "/downloads/rd.gpkg"]


def test_a_file_that_came_is_not_fetched_again(web: Web, tmp_path: Path) -> None:
    bring(web, tmp_path)
    bring(web, tmp_path, "b.parquet")
    assert web.count("/downloads/rd.gpkg") == 1


def test_several_that_may_be_meant_are_told_and_a_title_chooses(web: Web, tmp_path: Path) -> None:
    both = [
        entry(f"Gewaspercelen {year}", link(f"downloads/{name}.gpkg")) for year, name in ((2024, "old"), (2025, "rd"))
    ]
    web.files["/index.xml"] = feed(*both)
    with pytest.raises(InputError, match=r"2 files that may be meant: .*2024.*2025.*title: PATTERN"):
        bring(web, tmp_path)
    assert bring(web, tmp_path, parameters={"title": "*2025*"}).n_rows == 6


def test_of_several_datasets_one_is_chosen_and_the_others_are_not_asked(web: Web, tmp_path: Path) -> None:
    other = link("other.xml", kind="application/atom+xml")
    to = link("panden.xml", kind="application/atom+xml")
    web.files["/index.xml"] = feed(entry("Other", other, code="o"), entry("Panden", to, code="pand-1"))
    with pytest.raises(InputError, match="404"):
        bring(web, tmp_path)
    assert bring(web, tmp_path, parameters={"dataset": "pand-*"}).n_rows == 6
    assert web.count("/other.xml") == 1


@pytest.mark.parametrize("is_lat_first", [True, False], ids=["lat first", "lon first"])
def test_parts_that_meet_the_window_come_and_are_joined(web: Web, tmp_path: Path, *, is_lat_first: bool) -> None:
    frame, links = squares(25), []
    for number in range(5):
        part = frame.iloc[number * 5 : number * 5 + 5]
        part.to_file(tmp_path / "part.gpkg", layer="pand", driver="GPKG")
        web.files[f"/part-{number}.gpkg"] = (tmp_path / "part.gpkg").read_bytes()
        west, south, east, north = in_degrees(tuple(part.total_bounds))
        box = (south, west, north, east) if is_lat_first else (west, south, east, north)
        links.append(link(f"part-{number}.gpkg", rel="section", more=f'bbox="{" ".join(map(str, box))}"'))
    web.files["/index.xml"] = feed(entry("in delen", *links, links[0]))
    facts = bring(web, tmp_path)
    assert gpd.read_parquet(tmp_path / "a.parquet")["id"].tolist() == [f"p{i}" for i in range(2, 8)]
    assert facts.n_rows == 6
    assert [web.count(f"GET /part-{n}.gpkg") for n in range(5)] == [1, 1, 0, 0, 0]


def test_no_part_that_meets_the_window_is_told(web: Web, tmp_path: Path) -> None:
    web.files["/index.xml"] = feed(entry("delen", link("x.gpkg", rel="section", more='bbox="51 4 51.1 4.1"')))
    with pytest.raises(InputError, match="no part that the feed offers meets the window"):
        bring(web, tmp_path)


def test_what_is_not_offered_is_told_with_what_is(web: Web, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"offers no gpkg in 7415, but gpkg in 28992 \(panden.gpkg\), gml in 28992"):
        bring(web, tmp_path, crs="EPSG:7415")


def test_entries_without_a_system_count_where_none_states_it(web: Web, tmp_path: Path) -> None:
    web.files["/index.xml"] = feed(entry("panden", link("downloads/rd.gpkg"), crs=""))
    assert bring(web, tmp_path).n_rows == 6


def test_feeds_in_a_circle_end(web: Web, tmp_path: Path) -> None:
    back = link("index.xml", kind="application/atom+xml")
    web.files["/panden.xml"] = feed(entry("terug", back), entry("panden", link("downloads/rd.gpkg")))
    assert bring(web, tmp_path).n_rows == 6
    assert web.count("/index.xml") == 1


def test_too_many_feeds_are_not_followed(web: Web, tmp_path: Path) -> None:
    many = [entry(f"{i}", link(f"/{i}.xml", kind="application/atom+xml")) for i in range(40)]
    web.files["/index.xml"] = feed(*many)
    with pytest.raises(InputError, match="more than 25 feeds"):
        bring(web, tmp_path)


@pytest.mark.parametrize("href", ["file:///etc/passwd", "http://169.254.169.254/a.gpkg"])
def test_no_link_leads_elsewhere(web: Web, tmp_path: Path, href: str) -> None:
    web.files["/index.xml"] = feed(entry("panden", link(href)))
    with pytest.raises(InputError, match="leads to"):
        bring(web, tmp_path)
    web.files["/index.xml"] = feed(entry("panden", link(href, kind="application/atom+xml")))
    with pytest.raises(InputError, match="leads to"):
        bring(web, tmp_path)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"<!DOCTYPE html><html>log in", r"a web page \(HTML\) came instead of a feed"),
        (feed(prologue='<!DOCTYPE feed [<!ENTITY a "b">]>'), "declares a document type"),
        (feed()[:-9], "the feed cannot be read"),
        (b"<rss><channel/></rss>", "no ATOM feed, but <rss>"),
        (feed(), "but nothing"),
    ],
)
def test_what_is_no_feed_is_told(web: Web, tmp_path: Path, content: bytes, told: str) -> None:
    web.files["/index.xml"] = content
    with pytest.raises(InputError, match=told):
        bring(web, tmp_path)


def test_a_file_that_is_a_web_page_is_no_file(web: Web, tmp_path: Path) -> None:
    web.files["/downloads/rd.gpkg"] = b"<html>busy</html>"
    with pytest.raises(InputError, match="a web page"):
        bring(web, tmp_path)


def test_a_busy_feed_is_asked_again(web: Web, tmp_path: Path) -> None:
    web.statuses = [503, 429]
    assert bring(web, tmp_path).n_rows == 6


def test_a_form_of_which_no_such_file_is_made_stays_closed(web: Web, tmp_path: Path) -> None:
    with pytest.raises(ClosedError, match="cannot be made"):
        bring(web, tmp_path, format="zip")
    assert not web.asked
