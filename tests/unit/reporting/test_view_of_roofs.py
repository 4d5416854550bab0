"""The viewer of a run of roofs alone: buildings and complexes on its map, in its lists, as features and in words."""

from __future__ import annotations

import gzip
import json
import math
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import shapely
from starlette.testclient import TestClient

from flexsites.reporting import explain, open_results
from flexsites.reporting.maps.roofs import properties_of_roofs
from flexsites.reporting.summaries.portfolio import buildings_table, complexes_table
from flexsites.reporting.words import LANGUAGES, load_texts
from flexsites.tables import Complexes, Lookalikes, PortfolioMatches, RoofReasons, Roofs, RoofUnits
from flexsites.tables.files import read, write_table
from flexsites.view.application import application
from flexsites.view.opened import Opened, open_run
from tests.pipelines.damaged_states import copy_of
from tests.reporting_fixture import write_results
from tests.unit.reporting.test_portfolio import workbook
from tests.unit.roofs.stock import buildings, flat_block, pand_id

BEST, ALSO, NO_HEIGHT, TOO_OLD, MONUMENT = map(pand_id, (1, 2, 3, 4, 5))
_LIST = (
    f"bag_id,complex\n{BEST},North\n{ALSO},North\n{NO_HEIGHT},South\n{TOO_OLD},South\n{MONUMENT},West\n"
    "0518100000000404,West\n"
)
_ADDRESS = "2513AA 12"
_TABLES = {
    "roofs": Roofs, "roof_units": RoofUnits, "roof_reasons": RoofReasons, "complexes": Complexes,
    "lookalikes": Lookalikes,
}  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    """Two buildings that qualify, one of which nobody knows the height, one that is too old, and a monument."""
    stock = buildings(
        flat_block(1, length_m=80.0), flat_block(2), flat_block(3, building_height_m=None),
        flat_block(4, year_built=1950), flat_block(5, is_monument=True),
    )  # fmt: skip
    place = workbook(tmp_path_factory.mktemp("roofs"), stock, _LIST).parent
    at = place / "canonical" / "portfolio_matches.parquet"
    matches = read(at)
    matches.loc[matches["bag_pand_id"] == BEST, "portfolio_key"] = _ADDRESS
    write_table(matches, PortfolioMatches, at)
    return open_run(place)


@pytest.fixture(scope="module")
def client(run: Opened) -> Iterator[TestClient]:
    with TestClient(application(run), base_url="http://127.0.0.1:8040", raise_server_exceptions=False) as made:
        yield made


def told_of(client: TestClient, path: str, lang: str = "en") -> dict[str, dict[str, str]]:
    """Return what a click tells: per title its rows; without a title by the first words of its note."""
    sections = client.get(path, params={"lang": lang}).json()["sections"][0]
    return {one["title"] or one["note"][:28]: dict(one["rows"]) for one in sections}


def test_its_page_opens_in_both_languages_without_a_word_of_parcels(client: TestClient) -> None:
    for lang, words in (("nl", ("Kaart", "Zoek adres, complex of gebouw")), ("en", ("Map", "Search address, complex"))):
        page = client.get("/", params={"lang": lang}).text
        assert all(word in page for word in words)
        assert 'data-kind="roofs"' in page
        shown = page.split('id="what-if"')[0] + json.dumps(client.get("/api/settings", params={"lang": lang}).json())
        assert not re.search(r"\bperce(el|len)\b|\bparcels?\b(?!\.js)", re.sub(r"Map\.Title", "", shown)), lang


def test_what_if_is_of_roofs_and_says_why_where_it_cannot_answer(client: TestClient) -> None:
    """A panel that cannot answer would be a promise: of a run without what it prepared it is told why."""
    for lang in LANGUAGES:
        page = client.get("/", params={"lang": lang}).text
        assert load_texts(lang)["view"]["what_if_roofs"] in page
        assert 'id="what-all"' not in page
        refused = client.get("/api/what_if", params={"lang": lang, "show": "roofs"})
        assert refused.status_code == 400
        assert refused.json()["description"]


def test_the_list_is_in_order_searched_and_filtered_as_the_legend_is(client: TestClient) -> None:
    def listed(**asked: str | int) -> list[str]:
        return [row["properties"]["id"] for row in client.get("/api/roofs", params=asked).json()["rows"]]

    assert listed() == [BEST, ALSO, MONUMENT, NO_HEIGHT, TOO_OLD]
    assert [*listed(limit=2), *listed(limit=2, offset=2), *listed(limit=2, offset=4)] == listed()
    assert listed(sort="year")[0] == TOO_OLD
    assert listed(sort="no such order") == listed()
    assert listed(sort="complex", q="south") == [TOO_OLD, NO_HEIGHT]
    assert listed(q=_ADDRESS.lower()) == listed(q=BEST) == [BEST]
    assert listed(q="north") == [BEST, ALSO]
    assert listed(colour="verdict", hide="excluded,unknown") == [BEST, ALSO, MONUMENT]
    legend = {one["key"]: one["n"] for one in client.get("/api/settings").json()["colourings"][0]["classes"]}
    assert legend == {"eligible": 2, "conditional": 1, "unknown": 1, "excluded": 1}
    first = client.get("/api/roofs").json()["rows"][0]
    assert first["street"] == _ADDRESS, "a building is called by the address that its owner gave"
    assert first["properties"]["location"] == "North"


def test_every_way_of_topping_up_can_be_coloured_by_its_verdict(client: TestClient, run: Opened) -> None:
    units = open_results(run.results.directory).table("roof_units")
    ways = {f"w:{age}/{variant}" for age, variant in zip(units["age_rule"], units["roof_variant"], strict=True)}
    found = {one["key"]: one for one in client.get("/api/settings").json()["colourings"]}
    assert len(ways - found.keys()) == 1, "the way that the run puts first is the colour by verdict"
    for way in ways & found.keys():
        age, _, variant = way.removeprefix("w:").partition("/")
        own = units[units["age_rule"].eq(age) & units["roof_variant"].eq(variant)]
        assert {one["key"]: one["n"] for one in found[way]["classes"]} == own["verdict"].value_counts().to_dict()


def test_a_click_tells_why_yes_why_not_and_what_is_unknown(client: TestClient, run: Opened) -> None:
    yes = told_of(client, f"/api/roofs/{BEST}")
    roofs = open_results(run.results.directory).table("roofs").set_index("bag_pand_id")
    low, expected, high = roofs.loc[BEST, [f"n_units_{one}" for one in ("low", "expected", "high")]]
    assert yes["What fits, and on what"]["homes"] == f"{expected} ({low} – {high})"
    assert yes["What fits, and on what"]["storeys added"].startswith("1 (")
    assert "What stands in the way" not in yes
    ways = yes["Every rule and way of topping up"].values()
    assert len(ways) == 12
    assert f"eligible: {expected} ({low} – {high}) homes" in ways
    no = told_of(client, f"/api/roofs/{TOO_OLD}")
    assert list(no["What stands in the way"].values()) == ["0, asked 1"]
    assert "homes" not in no["What fits, and on what"], "of an excluded building no homes are told"
    unknown = told_of(client, f"/api/roofs/{NO_HEIGHT}")
    assert list(unknown["Missing evidence"]) == ["height"]
    assert unknown["What fits, and on what"]["homes"].startswith("unknown")
    assert "Needs consent" in told_of(client, f"/api/roofs/{MONUMENT}")
    assert "Vraagt toestemming" in told_of(client, f"/api/roofs/{MONUMENT}", "nl")
    assert client.get("/api/roofs/nowhere").status_code == 404
    assert client.get("/api/parcels").status_code == 404


def test_a_complex_tells_what_the_sheet_of_complexes_does(client: TestClient, run: Opened) -> None:
    results = open_results(run.results.directory)
    sheet = complexes_table(buildings_table(results))
    listed = client.get("/api/complexes").json()
    assert (
        [row["properties"]["id"] for row in listed["rows"]] == sheet["complex"].tolist() == ["North", "West", "South"]
    )
    north = told_of(client, "/api/complexes/North")
    assert north["Its buildings by verdict"] == {"eligible": "2", "conditional": "0", "unknown": "0", "excluded": "0"}
    low, expected, high = sheet.loc[0, [f"n_units_{one}" for one in ("low", "expected", "high")]]
    facts = next(rows for title, rows in north.items() if title.startswith("The verdict is the best"))
    assert (facts["homes"], facts["rank"]) == (f"{expected} ({low} – {high})", "1")
    assert client.get("/api/complexes", params={"q": _ADDRESS}).json()["total"] == 1
    assert client.get("/api/complexes/North/story").status_code == 404


def test_the_story_is_that_of_explain(client: TestClient, run: Opened) -> None:
    assert run.story(TOO_OLD, "nl") == explain(run.results.directory, TOO_OLD, "nl")
    assert client.get(f"/api/roofs/{TOO_OLD}/story").text.startswith("<h1>")


def test_buildings_are_drawn_by_shape_and_from_afar_by_a_point(client: TestClient, run: Opened) -> None:
    place = run.index.rows.set_index("id").loc[BEST]
    west, south, east, north = (float(str(place[edge])) for edge in ("west", "south", "east", "north"))
    lon, lat = (west + east) / 2, (south + north) / 2
    for layer, zooms in (("roofs", (14, 12)), ("marks", (14, 8))):
        for z in zooms:
            x = int((lon + 180) / 360 * 2**z)
            y = int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * 2**z)
            answer = client.get(f"/tiles/{layer}/{z}/{x}/{y}")
            assert answer.status_code == 200, (layer, z)
            assert BEST.encode() in answer.content
            tiles = run.tiles.of(layer, z)
            assert tiles is not None
            assert gzip.decompress(tiles.tile(z, x, y) or b"") == answer.content
    assert client.get("/tiles/parcels/14/0/0").status_code == 204


def test_roofs_and_complexes_are_features(client: TestClient) -> None:
    """Every one once by its id, with its shape; a complex stands where its buildings stand."""
    named = [one["id"] for one in client.get("/ogc/collections").json()["collections"]]
    assert named == ["roofs", "complexes"]
    roofs = client.get("/ogc/collections/roofs/items").json()
    assert [one["id"] for one in roofs["features"]] == sorted([BEST, ALSO, NO_HEIGHT, TOO_OLD, MONUMENT])
    assert roofs["features"][2]["properties"]["missing_evidence"] == ["building_height"]
    assert client.get("/ogc/collections/roofs/items", params={"verdict": "unknown"}).json()["numberMatched"] == 1
    assert client.get(f"/ogc/collections/roofs/items/{BEST}").json()["id"] == BEST
    shapes = {one["id"]: shapely.geometry.shape(one["geometry"]) for one in roofs["features"]}
    page = client.get("/ogc/collections/complexes/items", params={"limit": 1}).json()
    assert (page["numberMatched"], page["links"][1]["rel"]) == (3, "next")
    assert client.get(page["links"][1]["href"]).json()["features"][0]["id"] == "South"
    north = page["features"][0]
    assert north["properties"]["members"] == [BEST, ALSO]
    both = shapely.union_all([shapes[BEST], shapes[ALSO]])
    assert shapely.geometry.shape(north["geometry"]).symmetric_difference(both).area < 1e-9
    wanted = client.get("/ogc/collections/complexes/items", params={"verdict": "eligible"}).json()
    assert [one["id"] for one in wanted["features"]] == ["North"]
    assert client.get("/ogc/collections/complexes/items/North").json()["id"] == "North"
    for wrong in ("roofs/items/nowhere", "complexes/items/nowhere", "parcels", "parcels/items", "roofs/nothing"):
        assert client.get(f"/ogc/collections/{wrong}").status_code == 404, wrong
    assert "/collections/complexes/items" in client.get("/ogc/api").json()["paths"]


def test_its_list_comes_back_and_its_tables_lead_to_the_map(client: TestClient, run: Opened) -> None:
    page = client.get("/").text
    assert '<a href="/files/portfolio.en.xlsx">portfolio.en.xlsx</a> (uw eigen lijst, met wat erop past)' in page
    assert "Portefeuille: 6 rijen, waarvan 5 gevonden en 1 niet" in page
    assert "Niet gevonden, 1 keer: geen pand in de bron heeft dit BAG-id." in page
    taken = client.get("/files/portfolio.en.xlsx")
    assert taken.content == (run.results.directory / "portfolio.en.xlsx").read_bytes()
    table = client.get("/tables/roofs", params={"c.verdict": "excl", "lang": "nl"}).text
    assert f'href="/?lang=nl#map&amp;site={TOO_OLD}"' in table
    assert BEST not in table
    assert client.get("/files/canonical/portfolio_matches.parquet").status_code == 404


def test_nobody_else_may_ask_and_nothing_is_changed(client: TestClient) -> None:
    for headers in ({"host": "evil.example"}, {"origin": "http://evil.example"}):
        answer = client.get(f"/api/roofs/{BEST}", headers=headers)
        assert answer.status_code == 403
        assert "homes" not in answer.text
    assert client.post("/api/roofs").status_code == 405


def test_what_was_made_is_made_once(run: Opened) -> None:
    run.index_of(run.kind("complexes"))
    made = sorted((run.results.directory / "view").iterdir())
    before = [one.stat().st_mtime_ns for one in made]
    again = open_run(run.results.directory)
    pd.testing.assert_frame_equal(
        again.index_of(again.kind("complexes")).rows, run.index_of(run.kind("complexes")).rows
    )
    assert [one.stat().st_mtime_ns for one in sorted((run.results.directory / "view").iterdir())] == before


def test_a_run_with_both_keeps_its_parcels_and_has_a_map_of_its_roofs(tmp_path: Path) -> None:
    both = open_run(write_results(tmp_path / "run"))
    with TestClient(application(both), base_url="http://127.0.0.1:8040") as asked:
        assert 'data-kind="parcels"' in asked.get("/").text
        page = asked.get("/", params={"show": "roofs", "lang": "en"}).text
        assert 'data-kind="roofs"' in page
        assert 'href="?show=roofs&amp;lang=nl"' in page, "the other language is told of roofs too"
        assert load_texts("en")["view"]["what_if_roofs"] in page
        assert asked.get("/", params={"show": "complexes"}).status_code == 404
        assert asked.get("/", params={"show": "roads"}).status_code == 404
        ids = open_results(both.results.directory).table("roofs")["bag_pand_id"]
        assert asked.get("/api/roofs").json()["total"] == len(ids)
        assert asked.get(f"/api/roofs/{ids[0]}").json()["properties"]["id"] == [ids[0]]
        assert f'href="/?show=roofs&lang=nl#map&amp;site={ids[0]}"' in asked.get("/tables/roofs").text.replace(
            "&amp;l", "&l"
        )
        drawn = asked.get("/api/settings", params={"show": "roofs"}).json()
        assert (drawn["kind"], asked.get("/api/settings").json()["kind"]) == ("roofs", "parcels")
        assert [one["id"] for one in asked.get("/ogc/collections").json()["collections"]] == [*both.kinds]


def test_a_building_of_its_own_is_in_no_complex(run: Opened) -> None:
    """In the sheet every building has a complex; on the map one that stands alone, and has no code, has none."""
    results = open_results(run.results.directory)
    roofs = results.table("roofs")
    assert properties_of_roofs(results, roofs)["location"].tolist() == ["North", "North", "South", "South", "West"]
    unnamed = roofs.assign(owner_complex_code=pd.Series([None] * len(roofs), dtype="str", index=roofs.index))
    assert properties_of_roofs(results, unnamed)["location"].isna().all()


def test_a_list_of_which_no_building_was_found_opens_too(run: Opened, tmp_path: Path) -> None:
    """Nothing of a portfolio in the stock: the page is there, says so, and gives the sheet back."""
    place = copy_of(run.results.directory, tmp_path / "run")
    for name, table in _TABLES.items():
        write_table(read(place / f"{name}.parquet").iloc[:0], table, place / f"{name}.parquet")
    shutil.rmtree(place / "view")
    with TestClient(application(open_run(place)), base_url="http://127.0.0.1:8040") as asked:
        for path in (
            "/",
            "/api/settings",
            "/api/areas",
            "/ogc/collections",
            "/tables/roofs",
            "/files/portfolio.en.xlsx",
        ):
            assert asked.get(path).status_code == 200, path
        assert asked.get("/api/roofs").json() == asked.get("/api/complexes").json() == {"total": 0, "rows": []}
        for kind in ("roofs", "complexes"):
            assert asked.get(f"/ogc/collections/{kind}/items").json()["features"] == []


def test_a_run_that_tells_roofs_alone_has_no_complexes(run: Opened, tmp_path: Path) -> None:
    place = copy_of(run.results.directory, tmp_path / "run")
    for name in set(_TABLES) - {"roofs"}:
        (place / f"{name}.parquet").unlink()
    shutil.rmtree(place / "view")
    with TestClient(application(open_run(place)), base_url="http://127.0.0.1:8040") as asked:
        assert "homes" in told_of(asked, f"/api/roofs/{BEST}")["What fits, and on what"]
        assert [one["kind"] for one in asked.get("/api/settings").json()["lists"]] == ["roofs"]
        assert asked.get("/api/complexes").status_code == 404
