from __future__ import annotations

import gzip
import html
import json
import math
import re
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from starlette.testclient import TestClient

from flexsites.digest import digests_of
from flexsites.reporting import explain, open_results
from flexsites.reporting.maps.content import map_content
from flexsites.reporting.names import words_of
from flexsites.tables.manifest import read_manifest, write_manifest
from flexsites.view import pages, tiles
from flexsites.view.application import application
from flexsites.view.opened import Opened, open_run
from tests.pipelines.damaged_states import STATES, copy_of
from tests.reporting_fixture import write_results

_SITE = "WDM00A00004"


def test_pages_open_in_both_languages(client: TestClient) -> None:
    for lang, word in (("nl", "Kaart"), ("en", "Map")):
        answer = client.get("/", params={"lang": lang})
        assert answer.status_code == 200
        assert f'<html lang="{lang}">' in answer.text
        assert f">{word}</a>" in answer.text
        assert "'self'" in answer.headers["content-security-policy"]
    for name in ("maplibre-gl.js", "maplibre-gl.css", "map.js", "view.js", "style.css"):
        assert client.get(f"/assets/{name}").status_code == 200
    assert client.get("/assets/base.html.j2").status_code == 404


@pytest.mark.parametrize("state", ["missing", "emptied", "cut off", "middle bit", "another kind"])
def test_what_the_viewer_made_is_made_anew_where_it_is_no_longer_what_was_made(
    run: Opened, tmp_path: Path, state: str
) -> None:
    place = copy_of(run.results.directory, tmp_path / "run")
    made = sorted(path for path in (place / "view").iterdir())
    assert {path.suffix for path in made} == {".parquet", ".pmtiles", ".json"}
    before = {path.name: path.read_bytes() for path in made}
    for path in made:
        STATES[state](path)
    found = open_run(place)
    assert found.index.rows.equals(run.index.rows)
    assert {path.name: path.read_bytes() for path in made} == before


def test_map_and_report_tell_a_parcel_the_same(client: TestClient, run: Opened) -> None:
    """One parcel, read alone, is told as among all: one source for the report's page and for the viewer."""
    results = open_results(run.results.directory)
    told = map_content(results, words_of(results, "nl")).content["parcels"]
    for i in range(0, len(told["box"]), 17):
        site = told["properties"]["id"][i]
        alone = client.get(f"/api/parcels/{site}").json()
        assert {name: one[0] for name, one in alone["properties"].items()} == {
            name: one[i] for name, one in told["properties"].items()
        }
        for name in ("street", "place", "unchecked"):
            assert alone[name]["texts"][0] == told[name]["texts"][told[name]["of"][i]]
        assert alone["box"][0] == told["box"][i]
        areas = {alone["why"]["rules"][k]: m2 for k, m2 in zip(*[iter(alone["why"]["of"][0])] * 2, strict=True)}
        assert areas == {told["why"]["rules"][k]: m2 for k, m2 in zip(*[iter(told["why"]["of"][i])] * 2, strict=True)}
    assert client.get("/api/parcels/nowhere").status_code == 404


def test_the_list_is_paged_searched_and_filtered_as_the_legend_is(client: TestClient, run: Opened) -> None:
    everything = client.get("/api/parcels", params={"limit": 200}).json()
    assert everything["total"] == len(everything["rows"]) == 120
    ids = [row["properties"]["id"] for row in everything["rows"]]
    paged = [client.get("/api/parcels", params={"offset": at, "limit": 50}).json()["rows"] for at in (0, 50, 100)]
    assert [row["properties"]["id"] for page in paged for row in page] == ids
    legend = {one["key"]: one["n"] for one in client.get("/api/settings").json()["colourings"][0]["classes"]}
    left = client.get("/api/parcels", params={"colour": "verdict", "hide": "excluded,unknown"}).json()
    assert left["total"] == 120 - legend["excluded"] - legend["unknown"]
    assert client.get("/api/parcels", params={"q": _SITE.lower()}).json()["total"] == 1
    assert client.get("/api/parcels", params={"q": "no such place"}).json() == {"total": 0, "rows": []}
    assert run.index.rows["verdict"].iloc[0] == "eligible"


def test_the_map_is_told_its_areas(client: TestClient, run: Opened) -> None:
    told = client.get("/api/areas").json()
    assert {one["name"] for one in told} >= {"Waterdam"}
    assert told == run.areas
    assert all({"kind", "name", "border", "box", "at"} == set(one) for one in told)


def test_streets_and_areas_are_found_by_name(tmp_path: Path) -> None:
    """A street too that no parcel lies beside; the box holds all its parts."""
    place = write_results(tmp_path / "run", with_roofs=False)
    streets = gpd.read_parquet(place / "canonical/streets.parquet")
    streets["street_name"] = streets["street_name"].astype("object")
    streets.loc[:1, "street_name"] = "Lange Dijk"
    streets.to_parquet(place / "canonical/streets.parquet")
    found = {one["name"]: one["box"] for one in open_run(place).places("LANGE d")}
    west, south, east, north = streets.geometry.iloc[:2].to_crs(4326).total_bounds * 1e6
    box = found["Lange Dijk"]
    assert box[0] - 50 < west < box[0] + 50
    assert box[2] - 50 < east < box[2] + 50
    assert box[1] - 50 < south <= north < box[3] + 50
    assert {one["name"] for one in open_run(place).places("waterd")} == {"Waterdam"}
    assert open_run(place).places("w") == []


def test_a_tile_holds_the_parcels_that_lie_in_it(client: TestClient, run: Opened) -> None:
    parcel = run.index.rows.set_index("id").loc[_SITE]
    lon, lat = (parcel["west"] + parcel["east"]) / 2, (parcel["south"] + parcel["north"]) / 2
    x = int((lon + 180) / 360 * 2**14)
    y = int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * 2**14)
    drawn = run.tiles.of("parcels")
    assert drawn is not None
    answer = client.get(f"/tiles/parcels/14/{x}/{y}")
    assert answer.headers["content-encoding"] == "gzip"
    assert _SITE.encode() in answer.content
    assert b"verdict" in answer.content
    assert gzip.decompress(drawn.tile(14, x, y) or b"") == answer.content
    for path in ("/tiles/parcels/14/0/0", "/tiles/parcels/3/99/0", "/tiles/nothing/14/0/0", "/tiles/parcels/99/0/0"):
        assert client.get(path).status_code == 204


def test_pages_are_there_before_the_map_is(tmp_path: Path) -> None:
    """The first look at a large run was a silent wait of minutes: list, search and stories need no tiles."""
    place = write_results(tmp_path / "run", with_roofs=False)
    beside = open_run(place, beside=True)
    with TestClient(application(beside), base_url="http://127.0.0.1:8040") as asked:
        coming = asked.get("/api/coming").json()
        settings = asked.get("/api/settings").json()
        assert "parcels" in coming
        assert set(settings["tiles"]) == {part.name for part in beside.tiles.paths} >= set(coming)
        early = asked.get("/tiles/parcels/14/0/0")
        assert (early.status_code, early.headers["cache-control"]) == (204, "no-store")
        assert asked.get(f"/api/parcels/{_SITE}").status_code == 200
        assert beside.tiles.maker is not None
        beside.tiles.maker.join(120)
        assert asked.get("/api/coming").json() == asked.get("/api/settings").json()["coming"] == []
    at_once = {part.name: path.read_bytes() for part, path in open_run(place).tiles.paths.items() if path.is_file()}
    assert "parcels" in at_once
    assert beside.tiles.of("parcels") is not None


def test_of_many_parcels_the_zoom_that_the_page_opens_with_comes_first(
    run: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a municipality of 62,000 parcels the map was empty until every zoom was made; tiles are the same in parts."""
    monkeypatch.setattr(tiles, "_MANY", 0)
    monkeypatch.setattr(tiles, "_MAP_PX", 200)  # the run is so small that a map of usual size opens with its last zoom
    place = copy_of(run.results.directory, tmp_path / "run")
    apart = open_run(place)
    first, near, far = (part for part in apart.tiles.paths if part.layer == "parcels")
    opening = tiles.opening_zoom(run.index.extent)
    assert (first.least_zoom, first.most_zoom) == (opening, opening)
    assert (near.least_zoom, near.most_zoom) == (opening + 1, tiles.MOST_ZOOM)
    assert (far.least_zoom, far.most_zoom) == (tiles.LEAST_ZOOM, opening - 1)
    assert apart.tiles.zooms == run.tiles.zooms
    west, south, east, north = run.index.extent
    lon, lat = (west + east) / 2, (south + north) / 2
    for z in range(tiles.LEAST_ZOOM, tiles.MOST_ZOOM + 1):
        x = int((lon + 180) / 360 * 2**z)
        y = int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * 2**z)
        mine, whole = (one.tiles.of("parcels", z) for one in (apart, run))
        assert mine is not None
        assert whole is not None
        assert mine.tile(z, x, y) == whole.tile(z, x, y)


def test_what_was_made_is_made_once(run: Opened) -> None:
    made = sorted((run.results.directory / "view").iterdir())
    before = [one.stat().st_mtime_ns for one in made]
    again = open_run(run.results.directory)
    assert [one.stat().st_mtime_ns for one in sorted((run.results.directory / "view").iterdir())] == before
    pd.testing.assert_frame_equal(again.index.rows, run.index.rows)


def test_the_page_says_that_other_code_made_the_run(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is assessed anew then stands beside what that code made."""
    for lang, told in (("nl", "Een andere versie van deze software"), ("en", "Another version of this software")):
        for is_other in (True, False):
            monkeypatch.setattr(pages, "is_of_other_code", lambda _, other=is_other: other)
            text = client.get("/", params={"lang": lang}).text
            assert (f'role="note">{told}' in text) is is_other


def test_the_story_is_that_of_explain(client: TestClient, run: Opened) -> None:
    assert run.story(_SITE, "nl") == explain(run.results.directory, _SITE, "nl")
    shown = client.get(f"/api/parcels/{_SITE}/story").text
    assert shown.startswith("<h1>")
    assert "<Laag>" not in shown


def test_what_is_stale_is_made_anew(tmp_path: Path) -> None:
    """A run that was made again, with other results, is not shown by what was made of the earlier one."""
    place = write_results(tmp_path / "run", with_roofs=False)
    open_run(place)
    before = {one.name for one in (place / "view").iterdir()}
    sites = gpd.read_parquet(place / "sites.parquet")
    sites.loc[sites["site_id"] == _SITE, "verdict"] = "unknown"
    sites.to_parquet(place / "sites.parquet")
    tables = digests_of([place / "sites.parquet"], place)
    write_manifest(read_manifest(place).model_copy(update={"tables": tables}), place)
    again = open_run(place)
    assert again.index.rows.set_index("id").loc[_SITE, "verdict"] == "unknown"
    assert before.isdisjoint({one.name for one in (place / "view").iterdir()} - before)


def test_the_form_has_its_words_in_both_languages(client: TestClient) -> None:
    for lang, word in (("nl", "Wat als"), ("en", "What if")):
        page = client.get("/", params={"lang": lang}).text
        assert f"<summary>{word}</summary>" in page
        words = json.loads(page.split('id="what-words">')[1].split("</script>")[0])
        assert words["what_if"] == word
        script = client.get("/assets/what_if.js").text
        missing = {one for one in re.findall(r"words\.(\w+)", script) if one not in words}
        assert not missing
        assert 'type: "number"' not in script, "a browser of another language drops a decimal comma there"


def test_a_file_that_is_spoilt_while_it_is_looked_at_is_told(tmp_path: Path) -> None:
    opened = open_run(write_results(tmp_path / "run"))
    path = opened.results.directory / "reasons.parquet"
    path.write_bytes(path.read_bytes()[:1000])
    with TestClient(application(opened), base_url="http://127.0.0.1:8040", raise_server_exceptions=False) as client:
        told = client.get("/tables/reasons", params={"f": "json", "lang": "nl"})
        assert told.status_code == 400
        assert "een bestand van de run is niet meer te lezen" in told.json()["description"]


def test_who_opens_a_page_that_is_not_there_reads_a_sentence(client: TestClient) -> None:
    for path in ("/tables/nope", "/files/nope"):
        told = client.get(path, params={"lang": "nl"}, headers={"accept": "text/html,*/*"})
        assert (told.status_code, told.headers["content-type"]) == (404, "text/plain; charset=utf-8")
        assert "Wat te doen" in told.text
    told = client.get("/api/parcels/nope", headers={"accept": "text/html,*/*"})
    assert told.headers["content-type"] == "application/json"


def test_every_source_is_credited_once(client: TestClient, run: Opened) -> None:
    named = {source.attribution or source.title for source in run.results.manifest.sources}
    footer = client.get("/", params={"lang": "nl"}).text.partition("<footer>")[2].partition("</footer>")[0]
    told = [html.unescape(one) for one in footer.split("; ")]
    assert len(told) == len(set(told)) == len(named)
