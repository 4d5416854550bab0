from __future__ import annotations

import gzip
import html
import json
import math
import re
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from starlette.testclient import TestClient

from flexsites.digest import digests_of
from flexsites.errors import NotFoundError
from flexsites.reporting import explain, open_results
from flexsites.reporting.maps.content import map_content
from flexsites.reporting.names import words_of
from flexsites.reporting.words import LANGUAGES, Words, load_texts
from flexsites.tables import CRS
from flexsites.tables.manifest import read_manifest, write_manifest
from flexsites.view import pages, tiles
from flexsites.view.application import application
from flexsites.view.downloads import files_of
from flexsites.view.guard import refusal
from flexsites.view.opened import Opened, open_run
from flexsites.view.tables import names_of, page_of, title_of
from tests.pipelines.damaged_states import STATES, copy_of
from tests.reporting_fixture import write_results

_SITE = "WDM00A00004"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    place = write_results(tmp_path_factory.mktemp("view") / "run")
    return open_run(place)


@pytest.fixture(scope="module")
def client(run: Opened) -> Iterator[TestClient]:
    with TestClient(application(run), base_url="http://127.0.0.1:8040", raise_server_exceptions=False) as made:
        yield made


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


def test_tables_are_paged_and_filtered(client: TestClient, run: Opened) -> None:
    sites = open_results(run.results.directory).table("sites")
    page = page_of(run.results, "sites", run.words["en"], offset=10, limit=5)
    assert (page.total, len(page.view.rows)) == (len(sites), 5)
    assert [row[0] for row in page.view.rows] == sites["site_id"].tolist()[10:15]
    told = client.get(
        "/tables/sites", params={"f": "json", "c.verdict": "ELIG", "c.buildable_area_m2": ">=5000"}
    ).json()
    wanted = sites[sites["verdict"].eq("eligible") & sites["buildable_area_m2"].ge(5000)]
    assert told["total"] == len(wanted)
    flagged = page_of(run.results, "sites", run.words["en"], filters={"flags": "zoning"})
    assert flagged.total == sites["flags"].map(lambda rules: "zoning" in rules).sum() > 0
    assert 'href="/?lang=nl#map&amp;site=' in client.get("/tables/sites").text
    for name in names_of(run.results):
        assert client.get(f"/tables/{name}").status_code == 200, name
    with pytest.raises(NotFoundError, match="no column nothing"):
        page_of(run.results, "sites", run.words["nl"], filters={"nothing": "x"})
    with pytest.raises(NotFoundError, match="is no number"):
        page_of(run.results, "sites", run.words["nl"], filters={"buildable_area_m2": "much"})
    assert client.get("/tables/../manifest").status_code == 404


def test_beyond_the_end_the_last_page_is_shown_and_of_no_rows_it_is_told(client: TestClient) -> None:
    """It said "rij 100.000 t/m 2.857"."""
    for lang, told, none in (("nl", "Rij 101 t/m 120 van 120.", "Er zijn geen rijen"),
                             ("en", "Rows 101 to 120 of 120.", "There are no rows")):  # fmt: skip
        asked = {"lang": lang, "offset": 99999, "limit": 50}
        page = client.get("/tables/sites", params=asked).text
        assert told in page
        assert "offset=50" in page
        assert 'rel="next"' not in page
        assert none in client.get("/tables/sites", params=asked | {"c.site_id": "nowhere"}).text


def test_every_table_has_a_name_in_the_language_of_its_page(client: TestClient, run: Opened) -> None:
    """A Dutch page was headed "totals", and listed files by the names of their columns' makers."""
    found = names_of(run.results)
    assert len(found) > 20
    for lang in LANGUAGES:
        named = load_texts(lang)["names"]["table"]
        listed = client.get("/tables", params={"lang": lang}).text
        for name in found:
            own = named[name.rpartition("/")[2]]
            assert f'href="/tables/{name}?lang={lang}">{own}' in listed
            assert f"<h1>{own}" in client.get(f"/tables/{name}", params={"lang": lang}).text
        assert len({title_of(name, run.words[lang]) for name in found}) == len(found)


def test_an_area_is_told_by_its_name_and_found_by_its_code(run: Opened) -> None:
    code = open_results(run.results.directory).table("sites")["gemeente_code"].dropna().iloc[0]
    words = Words("nl", {("area", code): "Waterdam"})
    page = page_of(run.results, "sites", words, filters={"gemeente_code": code})
    assert page.total > 0
    assert {row[page.columns.index("gemeente_code")] for row in page.view.rows} == {f"Waterdam ({code})"}
    unnamed = page_of(run.results, "sites", Words("nl"), filters={"gemeente_code": code})
    assert {row[page.columns.index("gemeente_code")] for row in unnamed.view.rows} == {code}


def test_items_follow_next_to_the_end_and_meet_their_box(client: TestClient, run: Opened) -> None:
    """Every parcel once, by its id, whatever the page; shapes are those of the run, in WGS84."""
    url, seen = "/ogc/collections/parcels/items?limit=50", []
    while url:
        answer = client.get(url)
        assert answer.headers["content-type"] == "application/geo+json"
        page = answer.json()
        assert page["numberMatched"] == 120
        assert page["numberReturned"] == len(page["features"])
        seen += page["features"]
        url = next((link["href"] for link in page["links"] if link["rel"] == "next"), "")
    sites = open_results(run.results.directory).table("sites").sort_values("site_id")
    assert [one["id"] for one in seen] == sites["site_id"].tolist()
    back = gpd.GeoSeries([shapely.geometry.shape(one["geometry"]) for one in seen], crs=4326).to_crs(CRS)
    assert shapely.hausdorff_distance(back.to_numpy(), sites.geometry.to_numpy()).max() < 0.01
    assert seen[0]["properties"]["verdict"] == sites["verdict"].iloc[0]
    assert isinstance(seen[0]["properties"]["flags"], list)
    west, south, east, north = seen[5]["geometry"]["coordinates"][0][0] * 2
    near = client.get("/ogc/collections/parcels/items", params={"bbox": f"{west},{south},{east},{north}"}).json()
    assert seen[5]["id"] in [one["id"] for one in near["features"]]
    assert near["numberMatched"] < 120
    excluded = client.get("/ogc/collections/parcels/items", params={"verdict": "excluded"}).json()
    assert excluded["numberMatched"] == int(sites["verdict"].eq("excluded").sum())


def test_the_api_tells_what_it_is(client: TestClient) -> None:
    landing = client.get("/ogc").json()
    assert {link["rel"] for link in landing["links"]} == {"self", "service-desc", "conformance", "data"}
    for link in landing["links"]:
        assert client.get(link["href"]).status_code == 200
    assert any(one.endswith("/conf/core") for one in client.get("/ogc/conformance").json()["conformsTo"])
    known = client.get("/ogc/api").json()
    assert known["openapi"].startswith("3.0")
    for wrong in ("limit=0", "limit=x", "bbox=1,2,3", "bbox=5,53,6,52", "colour=red"):
        assert client.get(f"/ogc/collections/parcels/items?{wrong}").status_code == 400, wrong
    assert client.get("/ogc/collections/parcels/items/nowhere").status_code == 404
    assert client.get("/ogc/collections/roads").status_code == 404
    assert client.get(f"/ogc/collections/parcels/items/{_SITE}").json()["id"] == _SITE


@pytest.mark.parametrize(
    ("method", "host", "origin", "fetched_from", "status"),
    [
        ("GET", "127.0.0.1:8040", None, None, None),
        ("HEAD", "localhost:8040", "http://localhost:8040", "same-origin", None),
        ("GET", "127.0.0.1.evil.example", None, None, 403),
        ("GET", "", None, None, 403),
        ("GET", "[", None, None, 403),
        ("GET", "127.0.0.1:8040", "http://127.0.0.1:9999", None, 403),
        ("GET", "127.0.0.1:8040", "null", None, 403),
        ("GET", "127.0.0.1:8040", None, "cross-site", 403),
        ("POST", "127.0.0.1:8040", None, None, 405),
    ],
)
def test_only_this_machine_may_ask(
    method: str, host: str, origin: str | None, fetched_from: str | None, status: int | None
) -> None:
    refused = refusal(method, host, origin, fetched_from)
    assert (None if refused is None else refused[0]) == status


def test_what_is_refused_gives_nothing_away(client: TestClient) -> None:
    elsewhere = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert client.get("/", headers=elsewhere | {"sec-fetch-dest": "document"}).status_code == 200  # a link
    assert client.get("/", headers=elsewhere | {"sec-fetch-dest": "iframe"}).status_code == 403
    for headers in ({"host": "evil.example"}, {"origin": "http://evil.example"}):
        answer = client.get("/api/settings", headers=headers)
        assert answer.status_code == 403
        assert "verdict" not in answer.text
    assert client.post("/api/settings").status_code == 405


def test_no_file_outside_the_run_is_served(client: TestClient, run: Opened, tmp_path: Path) -> None:
    place = run.results.directory
    secret = tmp_path / "secret.parquet"
    secret.write_text("secret", encoding="utf-8")
    (place / "link.parquet").symlink_to(secret)
    (place / ".hidden.csv").write_text("secret", encoding="utf-8")
    for name in (
        "link.parquet",
        ".hidden.csv",
        "../secret.parquet",
        "run.yaml",
        str(secret),
        "canonical/streets.parquet",
    ):
        answer = client.get(f"/files/{name}")
        assert answer.status_code == 404, name
        assert "secret\n" not in answer.text
    listed = [one.as_posix() for one in files_of(place)]
    assert "sites.parquet" in listed
    assert not {"link.parquet", ".hidden.csv"} & set(listed)
    assert not [one for one in listed if one.startswith(("canonical/", "view/"))]
    assert client.get("/files/sites.parquet").content == (place / "sites.parquet").read_bytes()


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


WHAT_IF = "/api/what_if"
QUESTION = b'{"changes": {"estimate": "low"}}'
HERE = {"origin": "http://127.0.0.1:8040", "content-type": "application/json"}


def test_a_question_is_taken_from_a_page_of_this_address_alone(client: TestClient) -> None:
    """Of a question that is allowed the run itself is the limit: this one has no resolved run to be asked again."""
    refused = [
        ({"content-type": "application/json"}, 403),
        (HERE | {"origin": "http://evil.example"}, 403),
        (HERE | {"sec-fetch-site": "cross-site"}, 403),
        (HERE | {"host": "evil.example"}, 403),
        (HERE | {"content-type": "text/plain"}, 415),
    ]
    for headers, status in refused:
        assert client.post(WHAT_IF, content=QUESTION, headers=headers).status_code == status, headers
    assert client.post(WHAT_IF, content=b" " * 70_000, headers=HERE).status_code == 413
    assert client.post("/api/parcels", content=QUESTION, headers=HERE).status_code == 405
    assert client.put(WHAT_IF, content=QUESTION, headers=HERE).status_code == 405
    told = client.post(WHAT_IF, content=QUESTION, headers=HERE)
    assert told.status_code == 400
    assert "run it again with this version" in told.json()["faults"][0]
    assert client.post(WHAT_IF, content=b"{", headers=HERE).json()["faults"][0].startswith("question: no JSON")
    in_dutch = client.post(WHAT_IF, content=b"{", headers=HERE, params={"lang": "nl"}).json()
    assert in_dutch["faults"][0].startswith("question: geen JSON. Wat te doen: stuur JSON")
    form = client.get(WHAT_IF, params={"lang": "en"})
    assert (form.status_code, "run it again" in form.json()["description"]) == (400, True)


def test_the_form_has_its_words_in_both_languages(client: TestClient) -> None:
    for lang, word in (("nl", "Wat als"), ("en", "What if")):
        page = client.get("/", params={"lang": lang}).text
        assert f"<summary>{word}</summary>" in page
        words = json.loads(page.split('id="what-words">')[1].split("</script>")[0])
        assert words["what_if"] == word
        script = client.get("/assets/what_if.js").text
        missing = {one for one in re.findall(r"words\.(\w+)", script) if one not in words}
        assert not missing


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


def test_an_address_holds_only_questions_that_can_be_asked(client: TestClient) -> None:
    """A link of another's may say anything: ``__proto__`` is no kind of change, and no latitude lies beyond a pole."""
    assert "/^((limits|replace|effects):.+|estimate)=/" in client.get("/assets/what_if.js").text
    assert "Math.abs(lat) <= 90" in client.get("/assets/map.js").text


def test_every_source_is_credited_once(client: TestClient, run: Opened) -> None:
    named = {source.attribution or source.title for source in run.results.manifest.sources}
    footer = client.get("/", params={"lang": "nl"}).text.partition("<footer>")[2].partition("</footer>")[0]
    told = [html.unescape(one) for one in footer.split("; ")]
    assert len(told) == len(set(told)) == len(named)
