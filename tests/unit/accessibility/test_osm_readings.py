"""What mappers write and what it means: lists, stairs that move, squares, closed shops, files of other kinds."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import osmium
import pytest
import shapely

from flexsites.config.street_sources import OsmPbf
from flexsites.errors import InputError
from flexsites.inputs.formats.files import Places
from flexsites.inputs.formats.polygon_filter import read_poly
from flexsites.inputs.osm.access import words_of_no_list
from flexsites.inputs.osm.amenities import amenities_from_pbf, stops_from_pbf
from flexsites.inputs.osm.directions import turned, walk_directions
from flexsites.inputs.osm.features import read_osm_features
from flexsites.inputs.osm.outline import outline_of
from flexsites.inputs.osm.streets_lines import street_lines
from flexsites.inputs.osm.streets_pbf import file_box, read_pbf_streets
from tests.unit.accessibility.maps import PLACES, ROUND, STRAIGHT, metres, write_map, write_street
from tests.unit.accessibility.places import categories, rules

H = "highway"


def ways_of(path: Path) -> tuple[int, int, int]:
    """Return how far it is along the street: on foot, on foot back, by bicycle."""
    graph = read_pbf_streets(path, rules=rules()).graph
    return metres(graph, "walk", 1, 3), metres(graph, "walk", 3, 1), metres(graph, "bicycle", 1, 3)


def near(*distances: float) -> tuple[object, ...]:
    return tuple(pytest.approx(distance, abs=3) for distance in distances)


@pytest.mark.parametrize(
    ("tags", "wanted"),
    [
        ({}, (STRAIGHT, STRAIGHT, STRAIGHT)),
        ({"foot": "no;private"}, (ROUND, ROUND, STRAIGHT)),
        ({"foot": "no; yes"}, (STRAIGHT, STRAIGHT, STRAIGHT)),
        ({H: "track", "access": "agricultural;forestry"}, (ROUND, ROUND, ROUND)),
        ({H: "track", "access": "agricultural;destination"}, (STRAIGHT, STRAIGHT, STRAIGHT)),
        ({H: "footway", "bicycle": "dismount;yes"}, (STRAIGHT, STRAIGHT, STRAIGHT)),
        ({H: "steps"}, (STRAIGHT, STRAIGHT, ROUND)),
        ({H: "steps", "conveying": "forward"}, (STRAIGHT, ROUND, ROUND)),
        ({H: "steps", "conveying": "backward"}, (ROUND, STRAIGHT, ROUND)),
        ({H: "steps", "conveying": "reversible"}, (STRAIGHT, STRAIGHT, ROUND)),
        ({H: "steps", "oneway": "yes"}, (STRAIGHT, ROUND, ROUND)),
        ({H: "footway", "oneway:foot": "-1"}, (ROUND, STRAIGHT, ROUND)),
        ({"oneway": "yes"}, (STRAIGHT, STRAIGHT, STRAIGHT)),
        ({"foot:backward": "no"}, (STRAIGHT, ROUND, STRAIGHT)),
        ({"bicycle:forward": "no"}, (STRAIGHT, STRAIGHT, ROUND)),
        ({H: "residential;service"}, (STRAIGHT, STRAIGHT, STRAIGHT)),
        ({"razed": "yes"}, (ROUND, ROUND, ROUND)),
    ],
)
def test_how_far_it_is_along_a_street(tmp_path: Path, tags: dict[str, str], wanted: tuple[float, ...]) -> None:
    assert ways_of(write_street(tmp_path / "street.osm.pbf", tags)) == near(*wanted)


def test_a_street_drawn_the_other_way_with_its_tags_turned_is_the_same_street() -> None:
    for tags in (
        {"conveying": "forward"},
        {"oneway:foot": "yes"},
        {"foot:forward": "no"},
        {H: "steps", "oneway": "-1"},
    ):
        assert walk_directions(turned(tags)) == walk_directions(tags)[::-1]
        assert turned(turned(tags)) == tags


def test_a_word_that_no_list_holds_is_counted_and_does_not_decide(tmp_path: Path) -> None:
    path = write_street(tmp_path / "street.osm.pbf", {"foot": "moonlight;permit", "vehicle": "moonlight"})
    reading = read_pbf_streets(path, rules=rules())
    assert metres(reading.graph, "walk", 1, 3) == near(STRAIGHT)[0]
    [note] = [note for note in reading.notes if "no list" in note]
    assert "2 tags" in note
    assert "foot=moonlight 1" in note
    unknown = write_map(tmp_path / "other.osm.pbf", {10: ([1, 2, 3], {H: "skyway"}), 91: ([1, 4, 5, 3], {H: "path"})})
    assert any("highway=skyway 1" in note for note in read_pbf_streets(unknown, rules=rules()).notes)


def test_every_value_of_the_lists_is_known_to_them() -> None:
    ours = rules()
    words = [{"access": word} for word in (*ours.forbids, *ours.allows, *ours.neutral)]
    words += [{H: word} for word in (*ours.classes, *ours.not_streets)]
    assert [list(words_of_no_list(tags, ours)) for tags in words] == [[]] * len(words)
    assert not set(ours.classes) & set(ours.not_streets)


def test_a_street_that_lies_unused_stays_one_and_is_told(tmp_path: Path) -> None:
    reading = read_pbf_streets(write_street(tmp_path / "street.osm.pbf", {"abandoned": "yes"}), rules=rules())
    assert metres(reading.graph, "walk", 1, 3) == near(STRAIGHT)[0]
    assert any("1 street is tagged as unused" in note for note in reading.notes)


def test_a_square_drawn_as_a_relation_is_walked_round_its_edge(tmp_path: Path) -> None:
    ways = {10: ([1, 2, 3], {}), 11: ([3, 5, 4, 1], {}), 12: ([2, 5], {"building": "yes", H: "construction"})}
    square = ([("w", 10, "outer"), ("w", 11, "outer"), ("w", 12, "inner")], {"type": "multipolygon", H: "pedestrian"})
    path = write_map(tmp_path / "square.osm.pbf", ways, relations={7: square})
    graph = read_pbf_streets(path, rules=rules()).graph
    assert metres(graph, "walk", 1, 3) == near(STRAIGHT)[0]
    assert sorted(set(graph.traits.number.tolist())) == [10, 11], "a way with a highway of its own is what that says"
    bus = write_map(tmp_path / "bus.osm.pbf", ways | {13: ([1, 4], {H: "path"})}, relations={
        8: ([("w", 10, ""), ("w", 11, "")], {"type": "route", "route": "bus"}),
        9: ([("w", 11, "")], {"type": "route", "route": "ferry"}),
    })  # fmt: skip
    assert sorted(set(read_pbf_streets(bus, rules=rules()).graph.traits.number.tolist())) == [11, 13]


def test_numbers_below_zero_are_as_good_as_others(tmp_path: Path) -> None:
    places = {-n: place for n, place in PLACES.items()}
    ways = {-10: ([-1, -2, -3], {H: "residential"}), -91: ([-1, -4, -5, -3, -1], {"landuse": "industrial"})}
    tagged = {-2: {"shop": "supermarket"}}
    path = write_map(tmp_path / "new.osm.pbf", ways, places=places, tagged=tagged)
    graph = read_pbf_streets(path, rules=rules()).graph
    assert metres(graph, "walk", -1, -3, places) == near(STRAIGHT)[0]
    table, _ = amenities_from_pbf(path, categories=categories(), walkable=street_lines(graph).geometry.to_numpy())
    assert {name.partition("#")[0] for name in table["amenity_id"]} == {
        "supermarket/n-2", "daily_shop/n-2", "work_area/w-91",
    }  # fmt: skip


def test_places_on_ways_are_places(tmp_path: Path) -> None:
    """A file of ``osmium add-locations-to-ways`` holds of its nodes only those with tags."""
    ways = {10: ([1, 2, 3], {H: "residential"}), 91: ([1, 4, 5, 3, 1], {"landuse": "industrial", "name": "Kade"})}
    plain = write_map(tmp_path / "plain.osm.pbf", ways, tagged={2: {H: "crossing"}, 3: {"shop": "bakery"}})
    low = tmp_path / "low.osm.pbf"
    with osmium.SimpleWriter(osmium.io.File(str(low), "pbf,locations_on_ways=true"), overwrite=True) as writer:
        for item in osmium.FileProcessor(str(plain)).with_locations():
            if item.is_way() or item.tags:
                writer.add(item)
    assert sum(1 for item in osmium.FileProcessor(str(low)) if item.is_node()) == 2
    found = []
    for path in (plain, low):
        reading = read_pbf_streets(path, rules=rules())
        lines = street_lines(reading.graph).geometry.to_numpy()
        table, _ = amenities_from_pbf(path, categories=categories(), walkable=lines)
        areas = read_osm_features(path, any_of=[{"landuse": ["industrial"]}], kind="polygon")
        found.append((metres(reading.graph, "walk", 1, 3), table["amenity_id"].tolist(), areas.features.area.tolist()))
        assert any("1 nodes have their place on the ways only" in note for note in reading.notes) == (path == low)
    assert found[0] == found[1]
    assert found[0][0] == near(STRAIGHT)[0]


def test_a_file_without_the_nodes_of_its_ways_is_refused(tmp_path: Path) -> None:
    places = {n: PLACES[n] for n in (1, 2)}
    path = write_map(tmp_path / "bare.osm.pbf", {10: ([1, 2, 3, 4, 5], {H: "path"})}, places=places)
    with pytest.raises(InputError, match=r"most nodes of streets are missing from the file \(3 rows\)"):
        read_pbf_streets(path, rules=rules())


@pytest.mark.parametrize("content", [b"", b"\0\0\0\x0d", b"no map"])
def test_a_file_that_is_no_map_is_told_in_words_whoever_reads_it(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.osm.pbf"
    path.write_bytes(content)
    for read in (
        lambda: file_box(path),
        lambda: read_pbf_streets(path, rules=rules()),
        lambda: stops_from_pbf(path, categories=categories()),
        lambda: read_osm_features(path, any_of=[{"natural": ["water"]}], kind="polygon"),
    ):
        with pytest.raises(InputError, match=r"empty|cannot be read as OpenStreetMap"):
            read()


def test_a_history_of_the_map_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "all.osh.pbf"
    header = osmium.io.Header()
    header.has_multiple_object_versions = True
    with osmium.SimpleWriter(str(path), header=header) as writer:
        for version in (1, 2):
            writer.add_node(osmium.osm.mutable.Node(id=1, version=version, location=(5.0, 52.0)))
    with pytest.raises(InputError, match="history"):
        read_pbf_streets(path, rules=rules())


def test_a_line_that_leaves_the_file_is_read_as_far_as_it_lies_in_it(tmp_path: Path) -> None:
    places = {n: PLACES[n] for n in (1, 2, 3)}
    path = write_map(tmp_path / "cut.osm.pbf", {10: ([1, 2, 99, 3], {"railway": "rail"})}, places=places)
    found = read_osm_features(path, any_of=[{"railway": ["rail"]}], kind="line")
    assert found.features.length.tolist() == [pytest.approx(STRAIGHT / 2, abs=2)]
    assert "1 line goes on outside the file" in found.notes[0]


@pytest.mark.parametrize(
    ("tags", "wanted"),
    [
        ({"amenity": "pharmacy"}, {"pharmacy"}),
        ({"amenity": "pharmacy", "disused": "yes"}, set()),
        ({"amenity": "pharmacy", "disused": "no"}, {"pharmacy"}),
        ({"amenity": "doctors", "abandoned": "yes"}, set()),
        ({"healthcare": "pharmacy", "disused:amenity": "pharmacy"}, set()),
        ({"healthcare": "doctor", "was:amenity": "doctors"}, set()),
        ({"amenity": "school", "was:name": "Ichthus College", "name": "De Brug"}, {"primary_school"}),
        ({"shop": "supermarket", "disused:shop": "bakery"}, {"supermarket", "daily_shop"}),
        ({"shop": "supermarket;bakery"}, {"supermarket", "daily_shop"}),
        ({"shop": "tobacco; bakery"}, {"daily_shop"}),
        ({"amenity": "school", "isced:level": "1;2"}, {"primary_school", "secondary_school"}),
        ({"amenity": "school", "isced:level": "2;3"}, {"secondary_school"}),
    ],
)
def test_what_is_there(tmp_path: Path, tags: dict[str, str], wanted: set[str]) -> None:
    ways = {10: ([1, 3], {H: "residential"})}
    path = write_map(tmp_path / "poi.osm.pbf", ways, tagged={2: tags})
    table, notes = amenities_from_pbf(path, categories=categories(), walkable=np.array([], dtype=object))
    assert set(table["category"]) == wanted
    assert ("amenities: 1 is tagged as closed, gone or not yet built, and is left out" in notes) == (not wanted)


CLOSED = "amenities: 1 is not open to the public (access), and is left out"


@pytest.mark.parametrize(
    ("tags", "wanted", "told"),
    [
        ({"amenity": "pharmacy", "access": "private"}, set(), CLOSED),
        ({"amenity": "library", "access": "no;private"}, set(), CLOSED),
        ({"shop": "supermarket", "access": "private;customers"}, {"supermarket", "daily_shop"}, None),
        ({"amenity": "school", "access": "private"}, {"primary_school"}, None),
        ({"amenity": "doctors", "access": "moonlight"}, {"gp"}, "that no list holds do not decide (moonlight 1)"),
        ({"amenity": "doctors", "access:conditional": "no @ (Su)"}, {"gp"}, "1 is open on a condition"),
        ({"amenity": "doctors", "disused": "yes", "access": "private"}, set(), "1 is tagged as closed"),
    ],
)
def test_what_is_not_open_to_the_public_is_no_amenity(
    tmp_path: Path, tags: dict[str, str], wanted: set[str], told: str | None
) -> None:
    path = write_map(tmp_path / "poi.osm.pbf", {10: ([1, 3], {H: "residential"})}, tagged={2: tags})
    table, notes = amenities_from_pbf(path, categories=categories(), walkable=np.array([], dtype=object))
    assert set(table["category"]) == wanted
    assert [told in note for note in notes if told] == [True] * bool(told)


def test_a_condition_on_a_street_is_told(tmp_path: Path) -> None:
    path = write_street(tmp_path / "street.osm.pbf", {"foot:conditional": "no @ (Mo-Fr 08:00-09:00)"})
    reading = read_pbf_streets(path, rules=rules())
    assert metres(reading.graph, "walk", 1, 3) == near(STRAIGHT)[0]
    assert any("1 street is open on a condition" in note for note in reading.notes)


def test_a_stop_that_is_no_longer_used_is_none(tmp_path: Path) -> None:
    tagged = {1: {H: "bus_stop"}, 2: {H: "bus_stop", "disused": "yes"}}
    path = write_map(tmp_path / "stops.osm.pbf", {10: ([1, 3], {H: "path"})}, tagged=tagged)
    stops, notes = stops_from_pbf(path, categories=categories())
    assert stops["stop_id"].tolist() == ["n1"]
    assert "1 is tagged as closed" in notes[0]


def triangle(tmp_path: Path) -> Path:
    """Streets that fill the southern half of the box that the file states, cut along its diagonal."""
    side = [(i, j) for i in range(21) for j in range(21 - i)]
    places = {100 * i + j + 1: (5.38 + 0.001 * i, 52.15 + 0.001 * j) for i, j in side}
    ways = {i + 1: ([100 * i + j + 1 for j in range(21 - i)], {H: "path"}) for i in range(20)}
    return write_map(tmp_path / "triangle.osm.pbf", ways, places=places, box=(5.38, 52.15, 5.40, 52.17))


def test_an_extract_cut_along_an_outline_is_not_complete_in_its_box(tmp_path: Path) -> None:
    reading = read_pbf_streets(triangle(tmp_path), rules=rules())
    box = file_box(tmp_path / "triangle.osm.pbf")
    assert box is not None
    assert any("50 % of the box" in note for note in reading.notes)
    assert reading.graph.extent.area == pytest.approx(0.5 * 2224 * 1368, rel=0.02)


def test_the_outline_that_is_stated_goes_before_the_box(tmp_path: Path) -> None:
    corner = "corner\n1\n 5.38 52.15\n 5.39 52.15\n 5.38 52.16\n 5.38 52.15\nEND\n"
    hole = "!2\n 5.381 52.151\n 5.382 52.151\n 5.382 52.152\n 5.381 52.152\nEND\nEND\n"
    (tmp_path / "corner.poly").write_text(corner + hole, encoding="utf-8")
    assert read_poly(tmp_path / "corner.poly").area == pytest.approx(0.00005 - 0.000001)
    row = OsmPbf.model_validate(
        {"reader": "osm_pbf", "about": "osm", "path": "x.osm.pbf", "coverage": {"path": "corner.poly"}}
    )
    outline = outline_of(row, "streets", places=Places(tmp_path, tmp_path), areas=None)
    assert outline is not None
    reading = read_pbf_streets(triangle(tmp_path), rules=rules(), outline=outline)
    assert reading.graph.extent == outline
    assert outline.area == pytest.approx(0.49 / 2 * 2224 * 1368 / 2, rel=0.02)
    assert reading.notes[0] == "complete within the outline given"
    assert (
        outline_of(row.model_copy(update={"coverage": "extent"}), "s", places=Places(tmp_path, tmp_path), areas=None)
        is None
    )


@pytest.mark.parametrize("text", ["", "name\n1\n 5 52\nEND\nEND\n", "name\n1\n a b\nEND\n"])
def test_what_is_no_polygon_filter_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "no.poly").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="polygon filter file"):
        read_poly(tmp_path / "no.poly")


def test_outlines_of_multipolygons_are_areas(tmp_path: Path) -> None:
    """A park of two ways is one area with entrances; its relation is named by the number of the file."""
    ways = {10: ([1, 2, 3], {}), 11: ([3, 5, 4, 1], {}), 12: ([2, 4], {H: "path"})}
    park = ([("w", 10, "outer"), ("w", 11, "outer")], {"type": "multipolygon", "leisure": "park", "name": "'t Loo, é"})
    path = write_map(tmp_path / "park.osm.pbf", ways, relations={7: park})
    walkable = street_lines(read_pbf_streets(path, rules=rules()).graph).geometry.to_numpy()
    table, _ = amenities_from_pbf(path, categories=categories(), walkable=walkable)
    assert table["amenity_id"].tolist() == ["park/r7#0", "park/r7#1"]
    assert set(table["amenity_name"]) == {"'t Loo, é"}
    assert shapely.get_type_id(table.geometry.to_numpy()).tolist() == [0, 0]


def test_whatever_stands_in_a_map_is_read_or_told(tmp_path: Path) -> None:
    """A number that is none, a box without a corner: words of ours, never an error of a library's."""
    ways = {10: ([1, 2, 3], {H: "residential"}), 91: ([1, 4, 5, 1], {"leisure": "park"})}
    path = write_map(tmp_path / "map.osm", ways, tagged={2: {"barrier": "gate"}}, box=(5.38, 52.15, 5.41, 52.17))
    text = path.read_text(encoding="utf-8")
    values = list(re.finditer('"([^"]*)"', text))
    rng = np.random.default_rng(3)
    n_read = n_told = 0
    for _ in range(40):
        value = values[int(rng.integers(len(values)))]
        word = str(rng.choice(["1e297", "nan", "-5", "", "99999999999999999999", "91"]))
        path.write_text(text[: value.start(1)] + word + text[value.end(1) :], encoding="utf-8")
        for read in (
            lambda: read_pbf_streets(path, rules=rules()),
            lambda: amenities_from_pbf(path, categories=categories(), walkable=np.array([], dtype=object)),
        ):
            try:
                read()
                n_read += 1
            except InputError:
                n_told += 1
    assert n_read > 5
    assert n_told > 5
