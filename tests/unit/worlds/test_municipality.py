"""The synthetic municipality: what its files say is what its truth says."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from typing import TYPE_CHECKING

import geopandas as gpd
import networkx as nx
import numpy as np
import osmium
import pandas as pd
import pyogrio
import pytest
import shapely
from pyproj import Transformer

from flexsites.worlds.municipality import ORIGIN, World, write_municipality
from tests.pipelines.small_run import N_PARCELS

if TYPE_CHECKING:
    from pathlib import Path

PROOF_LAYERS = ("nnn", "natura2000", "water", "power_lines@25", "businesses@30")


def _read(world: World, name: str) -> gpd.GeoDataFrame:
    return pyogrio.read_dataframe(world.paths[name])


@pytest.fixture(scope="session")
def parcels(flexdam: World) -> gpd.GeoDataFrame:
    return _read(flexdam, "parcels").set_index("identificatieLokaalID")


@pytest.fixture(scope="session")
def streets(flexdam: World) -> nx.Graph:
    """Read the file anew: every node of every walkable way, lengths in RD."""
    to_rd = Transformer.from_crs("EPSG:4326", "EPSG:28992", always_xy=True)
    graph = nx.Graph()
    for way in osmium.FileProcessor(str(flexdam.paths["osm"])).with_locations():
        if isinstance(way, osmium.osm.Way) and way.tags.get("highway", "motorway") not in {"motorway", "motorway_link"}:
            refs = [node.ref for node in way.nodes]
            places = np.column_stack(to_rd.transform(*np.array([(n.lon, n.lat) for n in way.nodes]).T))
            for one, other, begin, end in zip(refs[:-1], refs[1:], places[:-1], places[1:], strict=True):
                graph.add_edge(one, other, length=float(np.hypot(*(end - begin))))
                graph.nodes[one]["at"], graph.nodes[other]["at"] = begin, end
    return graph


def test_parcels_tile_the_place(flexdam: World, parcels: gpd.GeoDataFrame) -> None:
    valid = parcels.geometry.make_valid()
    assert len(parcels) == flexdam.truth["n_parcels"]
    assert parcels.index.is_unique
    total, covered = valid.area.sum(), shapely.union_all(valid.to_numpy(), grid_size=0.001).area
    assert total == pytest.approx(covered, abs=20.0)
    assert covered == pytest.approx(80e6, rel=2e-4)
    assert set(valid.geom_type) <= {"Polygon", "MultiPolygon"}


def test_dirty_cases_are_as_many_as_said(flexdam: World, parcels: gpd.GeoDataFrame) -> None:
    assert flexdam.truth["dirt"] == {"bow-tie": 1, "multipolygon": 1, "null registered area": 1, "sliver": 1}
    assert int((~parcels.is_valid).sum()) == 1
    assert int((parcels.area < 10).sum()) - int((parcels.area == 0).sum()) == 1
    assert int(parcels["kadastraleGrootteWaarde"].isna().sum()) == 1
    assert int((shapely.get_num_geometries(parcels.geometry.to_numpy()) > 1).sum()) == 1


def _layer_shape(world: World, layer: str) -> shapely.Geometry:
    name, _, distance = layer.partition("@")
    frame = _read(world, name)
    shape = shapely.union_all(frame.geometry.to_numpy(), grid_size=0.001)
    return shape.buffer(float(distance), quad_segs=64) if distance else shape


@pytest.mark.parametrize("layer", PROOF_LAYERS)
def test_proofs_have_the_covered_area_they_claim(flexdam: World, parcels: gpd.GeoDataFrame, layer: str) -> None:
    shape = _layer_shape(flexdam, layer)
    n_covered = 0
    for name, proof in flexdam.truth["proofs"].items():
        site = shapely.make_valid(parcels.geometry.loc[proof["site_id"]])
        covered = site.intersection(shape).area
        assert covered == pytest.approx(proof["covered_m2"].get(layer, 0.0), abs=1e-3), name
        n_covered += covered > 1
    assert n_covered > 0


def test_proofs_keep_what_they_claim(flexdam: World, parcels: gpd.GeoDataFrame) -> None:
    plans = _read(flexdam, "plan_capacity")
    hard = plans[(plans["hardheid"] == "hard") & (plans["jaar_start"] < 2040)]
    # Deep water asks for consent: it takes no land.
    taken = [_layer_shape(flexdam, layer) for layer in PROOF_LAYERS if not layer.startswith("businesses")]
    taken_shape = shapely.union_all([*taken, *hard.geometry])
    for name, proof in flexdam.truth["proofs"].items():
        site = shapely.make_valid(parcels.geometry.loc[proof["site_id"]])
        left = site.difference(taken_shape)
        assert left.area == pytest.approx(proof["buildable_m2"], abs=1e-3), name
        assert len([part for part in shapely.get_parts(left) if part.area > 0.01]) == proof["n_pieces"], name


def test_nothing_else_reaches_into_the_proving_field(flexdam: World) -> None:
    west, south, east, north = 8_000 + ORIGIN[0], 200 + ORIGIN[1], 9_800 + ORIGIN[0], 900 + ORIGIN[1]
    field = shapely.box(west + 0.1, south + 0.1, east - 0.1, north - 0.1)
    known = {"nnn": 3, "natura2000": 2, "water": 1, "power_lines": 1, "businesses": 1, "plan_capacity": 3}
    everywhere = {"parcels", "land_use", "zoning", "urban_contour", "gemeenten", "provincies", "buurten", "wijken"}
    everywhere |= {"plan_capacity_coverage"}
    apart = ("stock", "estates")
    vectors = [name for name, path in flexdam.paths.items() if path.suffix == ".gpkg" and not name.startswith(apart)]
    assert len(vectors) > 35
    for name in set(vectors) - everywhere:
        assert int(_read(flexdam, name).intersects(field).sum()) == known.get(name, 0), name


def test_walking_distances_of_the_corner_site(flexdam: World, parcels: gpd.GeoDataFrame, streets: nx.Graph) -> None:
    proof = flexdam.truth["proofs"]["corner_to_the_road"]
    site = parcels.geometry.loc[proof["site_id"]]
    ends = {node: data["at"] for node, data in streets.nodes(data=True)}
    lines = {edge: shapely.LineString([ends[edge[0]], ends[edge[1]]]) for edge in streets.edges}
    at_site = min(lines.values(), key=site.distance)
    assert site.distance(at_site) == pytest.approx(proof["to_road_m"], abs=0.02)
    road_y = 450 + ORIGIN[1]
    is_road = [abs(line.centroid.y - road_y) < 0.05 and line.centroid.x > 8_000 + ORIGIN[0] for line in lines.values()]
    road = shapely.line_merge(shapely.union_all(np.array(list(lines.values()))[is_road]))
    assert isinstance(road, shapely.LineString)
    stop = shapely.Point(8_700 + ORIGIN[0], 453 + ORIGIN[1])
    assert stop.distance(road) == pytest.approx(proof["bus_stop_to_road_m"], abs=0.02)
    corner = shapely.Point(8_300 + ORIGIN[0], 430 + ORIGIN[1])
    along = abs(road.project(stop) - road.project(corner))
    assert along == pytest.approx(proof["along_to_bus_stop_m"], abs=0.02)
    shop = shapely.Point(9_300 + ORIGIN[0], 455 + ORIGIN[1])
    assert shop.distance(road) == pytest.approx(proof["farm_shop_to_road_m"], abs=0.02)
    assert abs(road.project(shop) - road.project(corner)) == pytest.approx(proof["along_to_farm_shop_m"], abs=0.02)


def test_streets_are_one_network_but_for_a_few_loose_ends(streets: nx.Graph) -> None:
    components = sorted((len(part) for part in nx.connected_components(streets)), reverse=True)
    assert components[0] / len(streets) > 0.99
    crossings = [degree for _, degree in streets.degree if degree >= 3]
    assert len(crossings) > 1_000


def test_departures_are_counted_as_the_timetable_runs_them(flexdam: World) -> None:
    with zipfile.ZipFile(flexdam.paths["gtfs"]) as archive:
        tables = {
            name: list(csv.DictReader(io.TextIOWrapper(archive.open(name), "utf-8"))) for name in archive.namelist()
        }
    trips = {row["trip_id"]: row for row in tables["trips.txt"]}
    last = {row["trip_id"]: row["stop_id"] for row in tables["stop_times.txt"]}
    counts: dict[str, dict[str, int]] = {}
    for row in tables["stop_times.txt"]:
        trip = trips[row["trip_id"]]
        if trip["service_id"] == "weekday" and last[row["trip_id"]] != row["stop_id"]:
            lines = counts.setdefault(row["stop_id"], {})
            lines[trip["route_id"]] = lines.get(trip["route_id"], 0) + 1
    assert counts == flexdam.truth["departures_weekday"]
    assert counts["B22"] == {"641": 2}
    assert "B99" not in counts
    assert any(row["departure_time"] > "24:00:00" for row in tables["stop_times.txt"])


def test_buildings_and_addresses_agree(flexdam: World) -> None:
    panden, objects, roofs = (_read(flexdam, name) for name in ("bag_panden", "bag_verblijfsobjecten", "3dbag"))
    assert len(panden) == flexdam.truth["n_buildings"] == len(roofs)
    assert panden["identificatie"].str.fullmatch(r"\d{16}").all()
    assert panden["identificatie"].is_unique
    counted = objects["pand_identificatie"].value_counts()
    stated = panden.set_index("identificatie")["aantal_verblijfsobjecten"]
    assert (counted.reindex(stated.index).fillna(0) == stated).all()
    assert not objects.duplicated(["postcode", "huisnummer"]).any()
    is_home = objects["gebruiksdoel"] == "woonfunctie"
    assert int(is_home.sum()) == flexdam.truth["n_dwellings"]
    assert 0.01 < roofs["b3_h_dak_50p"].isna().mean() < 0.15
    overlap = gpd.sjoin(panden[["geometry"]], panden[["geometry"]], predicate="overlaps")
    assert overlap.empty


def test_corporation_list_matches_but_for_the_rows_said(flexdam: World) -> None:
    rows = pd.read_csv(flexdam.paths["portfolio"], dtype=str, keep_default_na=False)
    objects = _read(flexdam, "bag_verblijfsobjecten")
    addresses = set(zip(objects["postcode"], objects["huisnummer"].astype(str), strict=True))
    panden = set(_read(flexdam, "bag_panden")["identificatie"])
    is_found = [
        row.bag_pand_id in panden or (row.postcode, row.huisnummer) in addresses for row in rows.itertuples(index=False)
    ]
    assert len(rows) - sum(is_found) == sum(flexdam.truth["portfolio_unmatched"].values())
    assert sum(is_found) == flexdam.truth["n_flats"]


def test_one_corner_has_no_plan_capacity(flexdam: World) -> None:
    coverage = _read(flexdam, "plan_capacity_coverage").geometry.iloc[0]
    provinces = _read(flexdam, "provincies").set_index("statcode").geometry
    assert coverage.equals(provinces["PV91"])
    assert coverage.disjoint(provinces["PV92"].buffer(-1))
    assert not _read(flexdam, "plan_capacity").intersects(provinces["PV92"].buffer(-1)).any()


def test_areas_nest(flexdam: World) -> None:
    buurten, gemeenten = _read(flexdam, "buurten"), _read(flexdam, "gemeenten").set_index("statcode")
    for code, group in buurten.groupby("gemeentecode"):
        assert group.area.sum() == pytest.approx(gemeenten.geometry[code].area, rel=1e-6)
    assert gemeenten.area.sum() == pytest.approx(80e6)


def _digests(directory: Path) -> dict[str, str]:
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    return {str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.slow
def test_equal_seeds_give_equal_files(flexdam: World, tmp_path: Path) -> None:
    write_municipality(tmp_path, n_parcels=N_PARCELS)
    ours = _digests(flexdam.paths["truth"].parent)
    assert len(ours) > 60
    assert _digests(tmp_path) == ours


@pytest.mark.slow
def test_another_seed_leaves_the_plan_alone(flexdam: World, tmp_path: Path) -> None:
    other = write_municipality(tmp_path, seed=2, n_parcels=N_PARCELS)
    same, ours = _digests(tmp_path), _digests(flexdam.paths["truth"].parent)
    assert same["ownership.csv"] != ours["ownership.csv"]
    assert same["natura2000.gpkg"] == ours["natura2000.gpkg"]
    for name, proof in other.truth["proofs"].items():
        assert {**proof, "site_id": ""} == {**flexdam.truth["proofs"][name], "site_id": ""}
    assert json.loads(other.paths["truth"].read_text()) == other.truth


def test_sizes_out_of_reach_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="from 3,000 to 8,000"):
        write_municipality(tmp_path, n_parcels=100)
