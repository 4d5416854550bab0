"""The same small town from a .pbf, from osmnx and from bare lines: the same network; and what readers refuse."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import geopandas as gpd
import numpy as np
import osmium
import pytest
import shapely

from flexsites.accessibility.kernels.network import Network, build_network
from flexsites.errors import CrsError, InputError
from flexsites.inputs.osm import features
from flexsites.inputs.osm.amenities import amenities_from_pbf, stops_from_pbf
from flexsites.inputs.osm.excerpt import Excerpt
from flexsites.inputs.osm.features import read_osm_features
from flexsites.inputs.osm.graph import (
    streets_from_graph,
    streets_from_graphml,
)
from flexsites.inputs.osm.streets_lines import LineColumns, street_lines, streets_from_lines
from flexsites.inputs.osm.streets_pbf import read_pbf_streets
from flexsites.tables import StreetLines, conform
from tests.unit.accessibility.places import categories, rules

# Three streets and a path: a square whose south side is one-way, a bend in the east, a motorway across that joins
# nothing because nobody may walk it, a private drive, and a loose end far away.
NODES = {
    1: (5.900, 52.550), 2: (5.902, 52.550), 3: (5.904, 52.550), 4: (5.905, 52.551), 5: (5.904, 52.552),
    6: (5.900, 52.552), 7: (5.902, 52.552), 8: (5.902, 52.553), 9: (5.930, 52.560), 10: (5.9305, 52.560),
}  # fmt: skip
WAYS = {
    11: ([1, 2, 3], {"highway": "residential", "oneway": "yes"}),
    12: ([3, 4, 5], {"highway": "residential"}),
    13: ([5, 7, 6, 1], {"highway": "tertiary", "name": "Noordweg", "junction": "circular", "oneway": "no"}),
    14: ([2, 7], {"highway": "motorway"}),
    15: ([7, 8], {"highway": "service", "access": "private"}),
    16: ([9, 10], {"highway": "footway"}),
    17: ([2, 2, 8], {"highway": "footway"}),
}


@pytest.fixture
def town(tmp_path: Path) -> Path:
    return write(tmp_path / "town.osm.pbf")


def write(path: Path, *, n_buildings: int = 0) -> Path:
    header = osmium.io.Header()
    header.add_box(osmium.osm.Box(5.89, 52.54, 5.94, 52.57))
    with osmium.SimpleWriter(str(path), header=header) as writer:
        for number, place in NODES.items():
            writer.add_node(osmium.osm.mutable.Node(id=number, location=place, tags=TAGGED.get(number, {})))
        for b in range(n_buildings):
            corner = (5.895 + 0.00001 * (b % 1000), 52.545 + 0.00001 * (b // 1000))
            writer.add_node(osmium.osm.mutable.Node(id=1000 + b, location=corner))
        for number, (refs, tags) in WAYS.items():
            writer.add_way(osmium.osm.mutable.Way(id=number, nodes=refs, tags=tags))
        for b in range(0, n_buildings - 3, 3):
            ring = [1000 + b, 1001 + b, 1002 + b, 1000 + b]
            writer.add_way(osmium.osm.mutable.Way(id=1000 + b, nodes=ring, tags={"building": "yes", "name": "Huis"}))
        writer.add_way(osmium.osm.mutable.Way(id=900_000, nodes=[1, 3, 5, 6, 1], tags={"landuse": "industrial"}))
    return path


TAGGED = {
    8: {"shop": "supermarket", "name": "De Hoek"},
    4: {"highway": "bus_stop", "name": "De Bocht"},
    9: {"amenity": "school", "name": "Het Lyceum"},
    10: {"amenity": "school"},
}


def network_of(graph: object, mode: str) -> Network:
    return build_network(graph, mode=mode, min_component_m=0.0)  # type: ignore[arg-type]


def lengths(made: Network) -> np.ndarray:
    return np.sort(made.graph.edge_length)


def test_a_file_gives_streets_of_those_who_may_use_them(town: Path) -> None:
    graph = read_pbf_streets(town, rules=rules()).graph
    assert sorted(np.unique(graph.traits.number).tolist()) == [11, 12, 13, 14, 16, 17]
    walk, bicycle = network_of(graph, "walk"), network_of(graph, "bicycle")
    # On foot: 2 and 3-4-5-7-6-1 meet at 2 only (11 splits there, 17 joins); the rest is contracted.
    assert (walk.n_nodes, walk.n_edges) == (4, 3)
    assert walk.cut.n_components == 2
    # By bicycle the one-way side keeps its direction, so 1 and 3 stay nodes.
    assert (bicycle.n_nodes, bicycle.n_edges) == (2, 2)
    assert sorted(bicycle.graph.edge_flags.tolist()) == [1, 3]
    assert graph.extent.covers(shapely.points(graph.node_xy)).all()


def test_small_components_are_cut_and_reported(town: Path) -> None:
    graph = read_pbf_streets(town, rules=rules()).graph
    made = build_network(graph, mode="walk", min_component_m=100.0)
    assert made.cut.n_components == 1
    assert made.cut.n_cut_components == 1
    assert made.cut.cut_length_m == pytest.approx(34, abs=1)


def test_osmnx_gives_the_same_network(town: Path, tmp_path: Path) -> None:
    import osmnx as ox  # noqa: PLC0415

    xml = tmp_path / "town.osm"
    with osmium.SimpleWriter(str(xml)) as writer:
        for item in osmium.FileProcessor(str(town)):
            writer.add(item)
    before = ox.settings.useful_tags_way
    ox.settings.useful_tags_way = [*before, "foot", "bicycle", "oneway:bicycle", "vehicle", "motorroad"]
    try:
        whole = ox.graph_from_xml(xml, bidirectional=False, simplify=False, retain_all=True)
        joined = ox.simplify_graph(whole, edge_attrs_differ=["osmid"])
    finally:
        ox.settings.useful_tags_way = before
    wanted = read_pbf_streets(town, rules=rules()).graph
    given = streets_from_graph(whole, rules=rules(), extent=None).graph
    assert told(street_lines(given)) == told(street_lines(wanted))
    saved = tmp_path / "town.graphml"
    ox.save_graphml(whole, saved)
    for graph in (
        streets_from_graph(whole, rules=rules(), extent=None).graph,
        streets_from_graph(joined, rules=rules(), extent=None).graph,
        streets_from_graphml(saved, rules=rules()).graph,
    ):
        for mode in ("walk", "bicycle"):
            np.testing.assert_allclose(lengths(network_of(graph, mode)), lengths(network_of(wanted, mode)), atol=1e-6)
            assert sorted(network_of(graph, mode).graph.edge_flags) == sorted(network_of(wanted, mode).graph.edge_flags)


def test_bare_lines_connect_where_they_share_a_vertex(town: Path) -> None:
    """Drawn as lines, a street that crosses another without a shared vertex does not connect: a bridge."""
    lines = gpd.GeoDataFrame(
        {"kind": ["road", "path", "path"]},
        geometry=[
            shapely.LineString([(0, 0), (50, 0), (100, 0)]),
            shapely.LineString([(50, 0), (50, 80)]),
            shapely.LineString([(20, -20), (20, 20)]),
        ],
        crs="EPSG:28992",
    )
    lines = lines.set_geometry(lines.geometry.translate(150_000, 450_000))
    made = streets_from_lines(
        lines, columns=LineColumns("kind", {"road": "residential", "path": "footway"}), rules=rules()
    )
    walk = network_of(made.graph, "walk")
    assert walk.cut.n_components == 2
    assert sorted(walk.graph.edge_length.tolist()) == [40.0, 50.0, 50.0, 80.0]
    table = street_lines(made.graph)
    assert table["is_car"].sum() == 2
    assert town.exists()


def told(table: gpd.GeoDataFrame) -> dict[str, tuple[object, ...]]:
    """Per street what its lines say of it, of which all lines of a street say the same."""
    columns = ["road_class", "road_kind", "street_name", "is_roundabout", "is_walk", "is_car"]
    rows = table.astype("object").where(table.notna(), None)
    return {key.split("/")[0]: tuple(row) for key, row in zip(rows["street_id"], rows[columns].to_numpy(), strict=True)}


def test_streets_say_what_kind_of_road_they_are_their_name_and_whether_they_are_a_roundabout(town: Path) -> None:
    lines = told(conform(street_lines(read_pbf_streets(town, rules=rules()).graph), StreetLines, where="town"))
    assert lines["11"] == ("residential", "street", None, False, True, True)
    assert lines["13"] == ("tertiary", "street", "Noordweg", True, True, True)
    assert lines["14"] == ("motorway", "motorway", None, False, False, True)
    assert lines["16"] == ("footway", "street", None, False, True, False)


def test_lines_carry_names_and_roundabouts_where_columns_are_named_for_them() -> None:
    at = shapely.LineString([(150_000, 450_000), (150_100, 450_000)])
    rows = {"kind": ["residential", "trunk_link"], "straat": ["Dorpsstraat", " "], "knoop": ["NRB", None]}
    lines = gpd.GeoDataFrame(rows, geometry=[at, shapely.affinity.translate(at, 0, 50)], crs="EPSG:28992")
    named = LineColumns("kind", name="straat", junction="knoop", roundabouts=("NRB",))
    reading = streets_from_lines(lines, columns=named, rules=rules())
    assert told(conform(street_lines(reading.graph), StreetLines, where="lines")) == {
        "0": ("residential", "street", "Dorpsstraat", True, True, True),
        "1": ("trunk_link", "slip_road", None, False, False, True),
    }
    assert "1 line is a roundabout" in reading.notes
    silent = streets_from_lines(lines, columns=LineColumns("kind"), rules=rules())
    assert [row[2:4] for row in told(street_lines(silent.graph)).values()] == [(None, None)] * 2


def test_words_of_lines_that_no_list_holds_are_faults_and_so_is_a_line_without_a_class() -> None:
    at = shapely.LineString([(150_000, 450_000), (150_100, 450_000)])
    lines = gpd.GeoDataFrame(
        {"kind": ["residential", None, "laan"], "way": ["heen", True, -1.0]}, geometry=[at] * 3, crs="EPSG:28992"
    )
    with pytest.raises(InputError) as told_all:
        streets_from_lines(lines, columns=LineColumns("kind", oneway="way"), rules=rules())
    message = str(told_all.value)
    assert "lines without a class of road" in message
    assert "classes of road not known: laan" in message
    assert "words for one-way not known: heen" in message


def test_one_way_may_be_a_truth_value_or_a_number() -> None:
    at = shapely.LineString([(150_000, 450_000), (150_100, 450_000)])
    for column in ([True, False], [1, 0], [1.0, None], ["yes", ""]):
        lines = gpd.GeoDataFrame({"kind": "residential", "way": column}, geometry=[at, at], crs="EPSG:28992")
        graph = streets_from_lines(lines, columns=LineColumns("kind", oneway="way"), rules=rules()).graph
        assert (graph.allowed & 8 > 0).tolist() == [False, True]


def test_lines_that_cannot_be_used_are_refused_with_all_faults() -> None:
    line = shapely.LineString([(150_000, 450_000), (150_100, 450_000)])
    good = gpd.GeoDataFrame({"kind": ["residential"]}, geometry=[line], crs="EPSG:28992")
    with pytest.raises(CrsError, match="CRS is missing"):
        streets_from_lines(good.set_crs(None, allow_override=True), columns=LineColumns("kind"), rules=rules())
    with pytest.raises(InputError, match="no column soort"):
        streets_from_lines(good, columns=LineColumns("soort"), rules=rules())
    with pytest.raises(InputError, match="classes of road not known: laan"):
        streets_from_lines(good.assign(kind="laan"), columns=LineColumns("kind"), rules=rules())
    empty = gpd.GeoDataFrame({"kind": ["residential", "residential"]}, geometry=[line, None], crs="EPSG:28992")
    with pytest.raises(InputError, match="not a line, or empty"):
        streets_from_lines(empty, columns=LineColumns("kind"), rules=rules())


def test_files_that_are_no_streets_are_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken.osm.pbf"
    broken.write_bytes(b"this is not a map")
    with pytest.raises(InputError, match="cannot be read as OpenStreetMap"):
        read_pbf_streets(broken, rules=rules())
    nothing = tmp_path / "nothing.osm.pbf"
    with osmium.SimpleWriter(str(nothing)) as writer:
        writer.add_node(osmium.osm.mutable.Node(id=1, location=(5.9, 52.5)))
    with pytest.raises(InputError, match="no streets"):
        read_pbf_streets(nothing, rules=rules())


def test_amenities_and_stops_are_read_by_tag(town: Path) -> None:
    lines = street_lines(read_pbf_streets(town, rules=rules()).graph)
    walkable = lines.geometry.to_numpy()
    table, notes = amenities_from_pbf(town, categories=categories(), walkable=walkable)
    by_category = table.groupby("category")["amenity_name"].apply(list)
    assert by_category["supermarket"] == ["De Hoek"]
    assert by_category["daily_shop"] == ["De Hoek"]
    assert by_category["secondary_school"] == ["Het Lyceum"]
    assert len(by_category["primary_school"]) == 1
    entrances = table[table["category"] == "work_area"]
    assert len(entrances) > 1
    assert entrances["amenity_id"].str.startswith("work_area/w900000#").all()
    assert notes == ()
    stops, _ = stops_from_pbf(town, categories=categories())
    assert stops[["stop_id", "mode", "stop_name"]].to_numpy().tolist() == [["n4", "bus", "De Bocht"]]
    assert stops["is_hub"].isna().all()


def test_an_area_cut_off_at_the_files_edge_is_closed_there(tmp_path: Path) -> None:
    path = tmp_path / "lake.osm.pbf"
    with osmium.SimpleWriter(str(path)) as writer:
        for number, place in {1: (5.90, 52.55), 2: (5.91, 52.55), 3: (5.91, 52.56), 4: (5.90, 52.56)}.items():
            writer.add_node(osmium.osm.mutable.Node(id=number, location=place))
        writer.add_way(osmium.osm.mutable.Way(id=5, nodes=[1, 2, 3, 4], tags={}))
        tags = {"type": "multipolygon", "natural": "water"}
        writer.add_relation(osmium.osm.mutable.Relation(id=6, members=[("w", 5, "outer")], tags=tags))
    found = read_osm_features(path, any_of=[{"natural": ["water"]}], kind="polygon", keep=("natural",))
    assert found.features["osm_id"].tolist() == ["r6"]
    assert found.features.geometry.area.iloc[0] == pytest.approx(678 * 1113, rel=0.01)
    assert "closed straight" in found.notes[0]


def test_reading_streets_takes_no_more_memory_for_more_buildings(tmp_path: Path) -> None:
    few, many = write(tmp_path / "few.osm.pbf"), write(tmp_path / "many.osm.pbf", n_buildings=60_000)
    read_pbf_streets(few, rules=rules())
    peaks = []
    for path in (few, many):
        tracemalloc.start()
        read_pbf_streets(path, rules=rules())
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 50_000


def test_reading_features_holds_what_is_wanted_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Streets share a key with bus stops, and everything may have a name: neither is carried along."""
    kept: list[int] = []
    cut_out = features.cut_out

    def counted(*arguments: object) -> Excerpt:
        excerpt = cut_out(*arguments)  # type: ignore[arg-type]
        kept.append(sum(1 for _ in osmium.FileProcessor(excerpt.open())))
        return excerpt

    monkeypatch.setattr(features, "cut_out", counted)
    for name, n_buildings in (("few", 0), ("many", 3_000)):
        path = write(tmp_path / f"{name}.osm.pbf", n_buildings=n_buildings)
        assert len(stops_from_pbf(path, categories=categories())[0]) == 1
        amenities_from_pbf(path, categories=categories(), walkable=np.array([], dtype=object))
    assert kept[0] == kept[2] == 1
    assert kept[1] == kept[3] < 12
