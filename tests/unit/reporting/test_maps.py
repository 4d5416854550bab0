from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from flexsites.reporting import open_results, write_factsheets, write_report
from flexsites.reporting.homes import counts_of_homes
from flexsites.reporting.maps import library
from flexsites.reporting.maps.background import areas_within, background
from flexsites.reporting.maps.classes import colourings, holds
from flexsites.reporting.maps.content import map_content, most_telling, unpacked
from flexsites.reporting.maps.display import MICRO, in_degrees, rings
from flexsites.reporting.maps.parcels import properties_of
from flexsites.reporting.names import words_of
from flexsites.reporting.presentation import presentation
from flexsites.reporting.results import Results
from flexsites.reporting.why import main_reasons
from flexsites.tables import CRS, Layers
from flexsites.tables.spatial_files import write_canonical
from tests.reporting_fixture import write_results
from tests.unit.reporting.test_one_source import copied


@pytest.fixture(scope="module")
def results(summed_run: Path) -> Results:
    return open_results(summed_run)


def _told(results: Results) -> dict[str, object]:
    return map_content(results, words_of(results, "nl")).content["parcels"]


def _restored(steps: list[list[list[int]]]) -> shapely.Geometry:
    """A shape out of its steps, as the page makes it."""
    parts = []
    for polygon in steps:
        lines = [np.cumsum(np.array(ring).reshape(-1, 2), axis=0) / MICRO for ring in polygon]
        parts.append(shapely.Polygon(lines[0], lines[1:]))
    return shapely.MultiPolygon(parts)


def test_every_parcel_answers_a_click(results: Results) -> None:
    """Excluded parcels too: with the rules that take most of them, by the ledger."""
    told = _told(results)
    sites, reasons = results.table("sites"), results.table("reasons")
    n = len(sites)
    assert told["properties"]["id"] == sorted(sites["site_id"])
    assert all(len(column) == n for column in told["properties"].values())
    assert all(len(told[name]["of"]) == n for name in ("street", "place", "why", "unchecked"))
    assert len(told["box"]) == len(told["shape"]) == n
    largest = reasons.sort_values("attributed_area_m2", ascending=False, kind="stable").drop_duplicates("site_id")
    largest = largest[largest["attributed_area_m2"].round() > 0].set_index("site_id")["attributed_area_m2"]
    for site, parts in zip(told["properties"]["id"], told["why"]["of"], strict=True):
        assert len(parts) <= 6
        assert (parts[1] if parts else None) == (round(largest[site]) if site in largest else None)


def test_no_more_is_told_to_be_taken_than_the_parcel_has(results: Results) -> None:
    taken = main_reasons(results.table("reasons")).groupby("site_id")["attributed_area_m2"].sum()
    areas = results.table("sites").set_index("site_id")["parcel_area_m2"]
    assert (taken <= areas.reindex(taken.index) + 1e-6).all()


def test_shapes_come_back_within_the_precision_that_is_told(results: Results) -> None:
    shown = map_content(results, words_of(results, "nl"))
    sites = results.table("sites").sort_values("site_id")
    restored = [_restored(steps) for steps in shown.content["parcels"]["shape"]]
    back = gpd.GeoSeries(restored, crs=4326).to_crs(CRS).to_numpy()
    apart = shapely.hausdorff_distance(back, sites.geometry.to_numpy())
    assert apart.max() <= shown.simplification_m + 0.1


def test_holes_and_parts_stay() -> None:
    ring = shapely.Polygon(shapely.box(0, 0, 90, 90).exterior, [shapely.box(30, 30, 60, 60).exterior])
    both = shapely.union_all([ring, shapely.box(200, 0, 220, 20)])
    placed = shapely.transform(both, lambda xy: xy + np.array([155_000, 463_000]))
    steps = rings(in_degrees(np.array([placed]), 0.0))[0]
    assert sorted(len(polygon) for polygon in steps) == [1, 2]


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_classes_part_the_parcels(results: Results, lang: str) -> None:
    """Every parcel is in one class of every colouring: none is painted twice, none stays without a colour."""
    properties = properties_of(results, results.table("sites"))
    for colouring in colourings(properties, results.flexmilieus, words_of(results, lang)):
        found = sum(holds(one.where, properties).astype(int) for one in colouring.classes)
        judged = np.ones(len(properties), dtype=bool)
        if colouring.key.startswith("score:"):
            judged = properties[f"m:{colouring.key[6:]}"].ne(-1).fillna(value=True).to_numpy(dtype=bool)
        assert (np.asarray(found)[judged] == 1).all(), colouring.key


def test_unknown_is_told_apart_without_colours(results: Results) -> None:
    properties = properties_of(results, results.table("sites"))
    for colouring in colourings(properties, results.flexmilieus, words_of(results, "nl")):
        patterns = {one.key: one.pattern for one in colouring.classes}
        unknown = [key for key in patterns if key in ("unknown", "onbekend")]
        assert unknown
        assert {key for key, pattern in patterns.items() if pattern == "dots"} == set(unknown)


def test_what_was_not_checked_is_hatched_unless_it_cannot_matter(results: Results) -> None:
    sites = results.table("sites").copy()
    sites["unchecked_rules"] = [("nnn", "noise")] * len(sites)
    hatched = properties_of(results, sites).set_index("id")["unchecked"]
    verdicts = sites.set_index("site_id")["verdict"]
    assert set(hatched[verdicts == "excluded"]) == {0}
    assert set(hatched[verdicts != "excluded"]) == {2}


def test_a_capped_map_keeps_what_matters_and_says_what_is_left_out(results: Results) -> None:
    cap = presentation().map.max_sites.model_copy(update={"value": 30.0})
    budget = presentation().map.model_copy(update={"max_sites": cap})
    shown = map_content(results, words_of(results, "en"), budget=budget)
    assert (shown.n_sites, shown.n_shown) == (120, 30)
    assert set(shown.content["parcels"]["properties"]["verdict"]) <= {"eligible", "conditional"}
    assert "30 are on the map" in shown.statements[0]
    assert "other 90" in shown.statements[0]
    # The legend counts the run, not what fits on the page.
    assert sum(one["n"] for one in shown.content["colourings"][0]["classes"]) == 120
    sites = results.table("sites").set_index("site_id")
    homes = counts_of_homes(sites)[0].expected
    kept = sites.loc[shown.content["parcels"]["properties"]["id"], homes]
    others = sites[sites["verdict"].isin(["eligible", "conditional"]) & ~sites.index.isin(kept.index)]
    others = others[others["is_suitable"].fillna(value=False).astype(bool)]
    assert others[homes].max() <= kept.min()
    assert len(most_telling(results.table("sites"), 500)) == 120


def test_the_background_is_the_runs_own(run_directory: Path, tmp_path: Path) -> None:
    place = copied(run_directory, tmp_path)
    west, south, east, north = open_results(place).table("sites").total_bounds
    house, far = (
        shapely.box(west, south, west + 9, south + 9),
        shapely.box(east + 5e3, south, east + 5e3 + 9, south + 9),
    )
    layer = gpd.GeoDataFrame(
        {"layer": "buildings", "feature_id": ["near", "far"], "part": 0}, geometry=[house, far], crs=CRS
    )
    write_canonical(layer, place / "canonical/layers/buildings.parquet", Layers)
    results = open_results(place)
    told = background(results, shapely.box(west, south, east, north), 0.5, presentation().map).content
    assert len(told["buildings"]) == 1
    assert "water" not in told
    assert told["streets"]["lines"]
    assert {one["kind"] for one in told["areas"]} >= {"gemeente"}


@pytest.mark.parametrize("name", ["buildings", "water"])
def test_of_a_background_that_a_page_cannot_carry_the_largest_are_shown(
    run_directory: Path, tmp_path: Path, name: str
) -> None:
    """The water of a country was all in the page."""
    place = copied(run_directory, tmp_path)
    west, south, east, north = open_results(place).table("sites").total_bounds
    shapes = [shapely.box(west, south, west + side, south + side) for side in (5, 30, 10, 20)]
    rows = {"layer": name, "feature_id": list("abcd"), "part": 0}
    write_canonical(
        gpd.GeoDataFrame(rows, geometry=shapes, crs=CRS), place / f"canonical/layers/{name}.parquet", Layers
    )
    results = open_results(place)
    most = {
        one: presentation().map.max_water.model_copy(update={"value": 2.0}) for one in ("max_water", "max_buildings")
    }
    budget = presentation().map.model_copy(update=most)
    shown = background(results, shapely.box(west, south, east, north), 0.5, budget)
    assert shown.left_out[name] == (2, 4)
    assert len(shown.content[name]) == 2
    told = map_content(results, words_of(results, "en"), budget=budget).statements
    assert any(line.startswith("Of the 4 ") and "the 2 largest are on the map" in line for line in told)


def test_no_border_is_drawn_where_an_area_goes_on() -> None:
    """An outline cut at the edge of a map would be a border that is none."""
    near = shapely.box(100_000, 450_000, 101_000, 451_000)
    shapes = [
        shapely.box(100_500, 440_000, 110_000, 460_000),  # its western side runs through the map
        shapely.box(90_000, 440_000, 100_500, 460_000),
        shapely.box(50_000, 400_000, 200_000, 500_000),  # all of the map lies in it
        shapely.box(100_100, 450_100, 100_200, 450_200),
    ]
    names = ["east", "west", "around", "within"]
    columns = {"area_kind": "gemeente", "area_code": names, "area_name": names}
    told = {one["name"]: one for one in areas_within(gpd.GeoDataFrame(columns, geometry=shapes, crs=CRS), near, 0.1)}
    edge = near.buffer(50.0, join_style="mitre").exterior
    drawn = {}
    for name, one in told.items():
        parts = [np.cumsum(np.reshape(steps, (-1, 2)), axis=0) / 1e6 for steps in one["border"]]
        drawn[name] = gpd.GeoSeries([shapely.LineString(part) for part in parts], crs=4326).to_crs(CRS)
        assert drawn[name].intersection(edge.buffer(1.0)).length.max() < 3.0 if parts else name == "around"
    assert {name: round(lines.length.sum(), -1) for name, lines in drawn.items()} == {
        "around": 0, "east": 1100, "west": 1100, "within": 400,
    }  # fmt: skip
    assert all(one["box"][0] < one["at"][0] < one["box"][2] for one in told.values())


def test_the_page_loads_nothing_and_links_its_three_parts(summed_run: Path, tmp_path: Path) -> None:
    place = copied(summed_run, tmp_path)
    for path in place.glob("report*.html"):  # of another test, to which the factsheets would link
        path.unlink()
    write_factsheets(place, ["WDM00A00004"], "nl")
    html = write_report(place, "nl").read_text(encoding="utf-8")
    packed = re.search(r'<script type="text/plain" id="map-content">([^<]+)</script>', html)
    assert packed
    content = unpacked(packed[1])
    assert content["sheets"] == "factsheets.html"
    assert content["parcels"]["sheets"] == ["WDM00A00004"]
    # The one address outside is the base map's, which is fetched when a reader asks for it.
    outside = re.findall(r"https?://[^\"' )]+", str(content))
    assert set(outside) == {presentation().map.base_map.url}
    assert '<a href="#map&amp;site=WDM00A000' in html
    sheet = (place / "factsheets.html").read_text(encoding="utf-8")
    assert 'href="report.html#map&amp;site=WDM00A00004"' in sheet


def test_texts_of_others_stay_texts(tmp_path: Path) -> None:
    place = write_results(tmp_path / "run", with_roofs=False)
    sites = gpd.read_parquet(place / "sites.parquet")
    bad = "</script><script>alert(1)</script>"
    first = sites.loc[0, "site_id"]
    for path in place.glob("*.parquet"):
        frame = gpd.read_parquet(path) if path.stem in ("sites", "pieces") else pd.read_parquet(path)
        if "site_id" in frame:
            frame["site_id"] = frame["site_id"].replace({first: bad})
            frame.to_parquet(path)
    html = write_report(place, "en").read_text(encoding="utf-8")
    assert bad not in html


def test_the_library_is_whole_and_says_what_it_is() -> None:
    assert library.version() in library.script()[:400]
    assert "</script" not in library.script()
    assert ".maplibregl-canvas" in library.style_sheet()


def test_a_click_counts_the_rules_that_were_not_checked_and_not_the_commas_in_their_names(results: Results) -> None:
    words = words_of(results, "nl")
    told = map_content(results, words).content["parcels"]
    ids, unchecked = told["properties"]["id"], told["unchecked"]
    rules = results.table("sites").set_index("site_id")["unchecked_rules"]
    shown = {site: unchecked["texts"][i].split("\n") for site, i in zip(ids, unchecked["of"], strict=True)}
    assert {site: told for site, told in shown.items() if told != [""]} == {
        site: [words.name("rule", rule) for rule in rules[site]] for site in ids if len(rules[site])
    }
    assert 'unchecked.split("\\n")' in (files("flexsites.reporting") / "templates/map/panel.js").read_text(
        encoding="utf-8"
    )
