"""OpenStreetMap through Overpass: everything that was asked, once, however the service answers; or clear words."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import osmium
import pytest
import shapely

from flexsites.config.presets import Door, Preset
from flexsites.config.run import Area
from flexsites.config.sources import OsmLayer, Sources
from flexsites.errors import InputError
from flexsites.inputs.fetch.cache import Cache
from flexsites.inputs.fetch.door_overpass import size_of_overpass
from flexsites.inputs.fetch.fetch import Fetch, Order
from flexsites.inputs.formats import web as asking
from flexsites.inputs.formats.facts import facts_of
from flexsites.inputs.formats.vector import Bounds
from flexsites.inputs.formats.web import open_session
from flexsites.inputs.formats.windows import around
from flexsites.inputs.osm import overpass
from flexsites.inputs.osm.layers import open_osm
from flexsites.inputs.osm.overpass import fetch_overpass
from flexsites.inputs.osm.selectors import STREETS, held_by, of_layer, require_held
from flexsites.worlds.openstreetmap import OsmContent, write_pbf
from tests.unit.inputs.makers import ABOUT, ORIGIN, sources
from tests.unit.inputs.overpass_web import BUSY, Map, Overpass, boxes_in, read_map, serving_overpass

BOX: Bounds = (ORIGIN[0], ORIGIN[1], ORIGIN[0] + 4_000.0, ORIGIN[1] + 4_000.0)
ASKED = ("highway", "landuse=cemetery", "n:healthcare=doctor", "n:natural=wood", "n:shop", "shop")


def town() -> OsmContent:
    west, south = ORIGIN
    lines = [
        (shapely.LineString([(west + 100.0 * i, south - 500), (west + 100.0 * i, south + 4_500)]),
         {"highway": "residential", "name": f'Straat {i} & "zo"'})
        for i in range(41)
    ]  # fmt: skip
    return OsmContent(
        around(BOX, 10_000.0),
        points=[
            (shapely.Point(west + 50, south + 50), {"shop": "bakery"}),
            (shapely.Point(west - 9_000, south + 50), {"shop": "far"}),
            (shapely.Point(west + 60, south + 50), {"amenity": "bench"}),
            (shapely.Point(west + 70, south + 50), {"healthcare": "Doctor;physiotherapist"}),
            (shapely.Point(west + 80, south + 50), {"natural": "tree"}),
        ],
        lines=[*lines, (shapely.LineString([(west, south), (west + 10, south)]), {"waterway": "ditch"})],
        areas=[
            (shapely.box(west + 500, south + 500, west + 600, south + 600), {"landuse": "cemetery"}),
            (shapely.box(west + 700, south + 500, west + 800, south + 600), {"landuse": "forest"}),
        ],
    )


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Map:
    path = tmp_path_factory.mktemp("map") / "town.osm.pbf"
    write_pbf(path, town())
    found = read_map(path)
    found.relations[5] = ([("w", 43, "outer")], {"type": "multipolygon", "landuse": "cemetery"})
    found.relations[6] = ([("w", 1, "")], {"type": "route", "route": "bus"})
    return found


@pytest.fixture
def web(held: Map, monkeypatch: pytest.MonkeyPatch) -> Iterator[Overpass]:
    monkeypatch.setattr(overpass, "WAITS_S", (0.0,) * 4)
    with serving_overpass(Overpass(held)) as service:
        yield service


def fetch(web: Overpass, folder: Path, bounds: Bounds | None = BOX, asked: tuple[str, ...] = ASKED) -> Path:
    return fetch_overpass("streets", f"{web.url}", asked, folder, bounds=bounds)


def objects(path: Path) -> list[str]:
    return [f"{item.type_str()}{item.id}" for item in osmium.FileProcessor(str(path))]


def test_what_is_asked_comes_whole_and_the_file_says_of_what_and_where(web: Overpass, tmp_path: Path) -> None:
    path = fetch(web, tmp_path)
    every = objects(path)
    assert every == sorted(every, key=lambda one: ("nwr".index(one[0]), int(one[1:])))
    assert sum(one[0] == "w" for one in every) == 42
    assert [one for one in every if one[0] == "r"] == ["r5"]
    tags = [{tag.k: tag.v for tag in item.tags} for item in osmium.FileProcessor(str(path))]
    assert {"highway": "residential", "name": 'Straat 40 & "zo"'} in tags
    assert {"shop": "bakery"} in tags
    assert {"healthcare": "Doctor;physiotherapist"} in tags
    assert {"natural": "tree"} not in tags
    assert {"shop": "far"} not in tags
    assert {"amenity": "bench"} not in tags
    assert {"landuse": "forest"} not in tags
    assert held_by(path) == set(ASKED)
    south, west, north, east = boxes_in(web.asked[0])[0]
    box = osmium.io.Reader(str(path), osmium.osm.NOTHING).header().box()
    assert [box.bottom_left.lat, box.bottom_left.lon, box.top_right.lat, box.top_right.lon] == pytest.approx(
        [south, west, north, east], abs=1e-6
    )


def test_the_facts_say_what_came(web: Overpass, tmp_path: Path) -> None:
    path = fetch(web, tmp_path)
    facts = facts_of(path)
    assert facts is not None
    assert (facts.last_modified, facts.window) == (web.base, BOX)
    assert facts.notes == (f"only what was asked: {', '.join(sorted(ASKED))}",)
    assert facts.n_rows == len(objects(path))
    assert {one.name for one in path.parent.iterdir()} == {path.name, f"{path.name}.facts.json"}


def test_the_same_question_is_not_asked_twice(web: Overpass, tmp_path: Path) -> None:
    assert fetch(web, tmp_path) == fetch(web, tmp_path)
    assert len(web.asked) == 1


@pytest.mark.parametrize("gives_up", ["timed out", "run out of memory", "504"])
def test_a_window_that_is_too_much_comes_in_quarters_and_every_object_once(
    web: Overpass, tmp_path: Path, gives_up: str
) -> None:
    whole = objects(fetch(web, tmp_path / "whole"))
    web.most_degrees, web.gives_up = 0.035, gives_up
    assert objects(fetch(web, tmp_path / "quarters")) == whole
    n_tries = 1 + len(overpass.WAITS_S) if gives_up == "504" else 1
    assert len(web.asked) == 1 + n_tries + 4


def test_a_large_window_is_asked_in_quarters_at_once(web: Overpass, tmp_path: Path) -> None:
    fetch(web, tmp_path, around(BOX, 10_000.0))
    assert len(web.asked) == overpass.n_questions(around(BOX, 10_000.0)) == 4


def test_a_service_that_gives_up_on_the_smallest_window_is_told(web: Overpass, tmp_path: Path) -> None:
    web.most_degrees = 0.0
    with pytest.raises(InputError, match=r"gives up even on 1000 m .*Query timed out"):
        fetch(web, tmp_path)


@pytest.mark.parametrize("statuses", [[429, 504], [503], [502, 429, 429]])
def test_a_busy_service_is_asked_again_when_it_has_a_turn(web: Overpass, tmp_path: Path, statuses: list[int]) -> None:
    web.statuses = list(statuses)
    assert objects(fetch(web, tmp_path))
    assert len(web.asked) == len(statuses) + 1
    assert web.n_status == len(web.asked)


def test_a_turn_is_waited_for_as_the_status_says(
    web: Overpass, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    web.status = "Rate limit: 2\nSlot available after: 2026-11-27T08:00:00Z, in 42 seconds.\n"
    waited: list[float] = []
    monkeypatch.setattr(overpass._Asking, "_sleep", lambda _, seconds: waited.append(seconds))
    fetch(web, tmp_path)
    assert waited == [0.0, 42.0]


def test_a_service_that_stays_busy_is_told_and_what_came_is_not_asked_again(web: Overpass, tmp_path: Path) -> None:
    web.most_degrees, web.busy_after = 0.035, 2
    with pytest.raises(InputError, match=r"no room now \(429: .*too busy.*goes on where it was"):
        fetch(web, tmp_path)
    web.busy_after, n_asked = None, len(web.asked)
    assert [one for one in objects(fetch(web, tmp_path)) if one[0] == "r"] == ["r5"]
    assert len(web.asked) == n_asked + 3


@pytest.mark.parametrize("says_length", [0, 1])
def test_an_answer_that_breaks_off_is_asked_again(web: Overpass, tmp_path: Path, says_length: int) -> None:
    web.is_cut, web.says_length = 2, bool(says_length)
    assert len([one for one in objects(fetch(web, tmp_path)) if one[0] == "w"]) == 42
    assert len(web.asked) == 3


def test_an_answer_that_breaks_off_each_time_is_told(web: Overpass, tmp_path: Path) -> None:
    web.is_cut, web.says_length = 99, False
    with pytest.raises(InputError, match="breaks off after"):
        fetch(web, tmp_path)


@pytest.mark.parametrize(
    ("page", "told"),
    [
        ("<html><body>Log in first</body></html>", "no OpenStreetMap but: Log in first"),
        (BUSY, "no room now .*too busy"),
        ('{"elements": []}', "no OpenStreetMap but"),
    ],
)
def test_a_page_with_status_200_is_no_answer(web: Overpass, tmp_path: Path, page: str, told: str) -> None:
    web.page = page
    with pytest.raises(InputError, match=told):
        fetch(web, tmp_path)


def test_ways_without_their_nodes_are_told(web: Overpass, tmp_path: Path) -> None:
    web.loses_nodes = True
    with pytest.raises(InputError, match="nodes of ways did not come"):
        fetch(web, tmp_path)


def test_nothing_is_led_elsewhere_or_declared(web: Overpass, tmp_path: Path) -> None:
    web.redirect = "file:///etc/passwd"
    with pytest.raises(InputError, match="another scheme"):
        fetch(web, tmp_path)
    web.redirect = "http://10.0.0.1/api"
    with pytest.raises(InputError, match="private network"):
        fetch(web, tmp_path)
    web.redirect, web.prologue = None, '<!DOCTYPE osm [<!ENTITY a "b">]>'
    with pytest.raises(InputError, match="declares a document type"):
        fetch(web, tmp_path)


def test_a_refused_question_is_told_at_once(web: Overpass, tmp_path: Path) -> None:
    web.statuses = [400]
    with pytest.raises(InputError, match="refuses the question"):
        fetch(web, tmp_path)
    assert len(web.asked) == 1


@pytest.mark.usefixtures("web")
def test_a_service_that_gives_a_byte_now_and_then_is_left(
    web: Overpass, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "LEAST_TIME_S", 0.1)
    web.drips = True
    began = time.monotonic()
    with pytest.raises(InputError, match="too slowly"):
        fetch(web, tmp_path)
    assert time.monotonic() - began < 30.0


def test_nobody_there_is_told_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overpass, "WAITS_S", (0.0,) * 4)
    with pytest.raises(InputError, match="nobody answers"):
        fetch_overpass("streets", "http://127.0.0.1:9/api/interpreter", ASKED, tmp_path, bounds=BOX)


def test_nothing_in_the_window_is_an_answer(web: Overpass, tmp_path: Path) -> None:
    path = fetch(web, tmp_path, around(BOX, 0.0), ("power=line",))
    assert objects(path) == []


def test_the_whole_country_is_not_asked(web: Overpass, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="whole country"):
        fetch(web, tmp_path, None)


def test_a_public_service_is_not_asked_for_half_the_country(web: Overpass, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"takes 256 questions, .*no more than 64"):
        fetch(web, tmp_path, around(BOX, 80_000.0))
    assert not web.asked


def test_what_was_not_asked_is_not_absent(web: Overpass, tmp_path: Path) -> None:
    path = fetch(web, tmp_path)
    require_held(path, ["highway=motorway", "n:shop"], where="streets")
    row = {"reader": "osm_layer", "about": ABOUT, "path": "x", "tags": {"natural": ["water"]}}
    with pytest.raises(InputError, match=r"layers\.water .*made without natural=water: .*not absent"):
        open_osm("layers.water", OsmLayer.model_validate(row), (str(path),))
    fitting = OsmLayer.model_validate(row | {"tags": {"landuse": ["cemetery"]}})
    assert open_osm("layers.cemetery", fitting, (str(path),)).paths == (str(path),)


def test_the_plan_tells_how_many_questions_or_that_nobody_answers(web: Overpass) -> None:
    asked = Door.model_validate({"kind": "overpass", "address": web.url})
    session = open_session(n_retries=0)
    web.status = "Slot available after: 2026-11-27T08:00:00Z, in 9 seconds.\n"
    told = size_of_overpass(asked, around(BOX, 10_000.0), session=session)
    assert told == "4 questions, one after the other; the first turn in 9 s"
    nobody = asked.model_copy(update={"address": "http://127.0.0.1:9/api/interpreter"})
    with pytest.raises(InputError, match="nobody answers"):
        size_of_overpass(nobody, BOX, session=session)
    assert not web.asked


def test_a_layer_that_is_looked_for_later_is_asked_then(web: Overpass, tmp_path: Path) -> None:
    entry = {"about": ABOUT, "preset": "kaart", "path": "data/kaart.osm.pbf"}
    streets = {"reader": "osm_pbf", **entry}
    cemetery = {"reader": "osm_layer", **entry, "tags": {"landuse": ["cemetery"]}}
    few, more = sources(streets=streets), sources(streets=streets, layers={"cemetery": cemetery})
    order(few, web, tmp_path).bring()
    path = tmp_path / "data" / "kaart.osm.pbf"
    assert held_by(path) == {"highway"}
    with pytest.raises(InputError, match="made without landuse=cemetery"):
        open_osm("layers.cemetery", OsmLayer.model_validate(cemetery), (str(path),))
    order(more, web, tmp_path).bring()
    assert held_by(path) == {"highway", "landuse=cemetery"}
    n_asked = len(web.asked)
    order(few, web, tmp_path).bring()
    assert len(web.asked) == n_asked


def order(given: Sources, web: Overpass, folder: Path) -> Fetch:
    """Return a fetch of sources of a preset with a door to Overpass, as a run makes it."""
    door = {"kind": "overpass", "address": web.url, "format": "pbf"}
    preset = Preset.model_validate(
        {"label": {"nl": "k", "en": "k"}, "about": "openstreetmap", "file": "kaart.osm.pbf",
         "serves": {"streets": [{"entry": {"reader": "osm_pbf"}}]}, "doors": [door]}
    )  # fmt: skip
    looked = {
        name: tuple(STREETS) if name == "streets" else of_layer(row)
        for name, row in given.rows().items() if name == "streets" or isinstance(row, OsmLayer)
    }  # fmt: skip
    return Fetch(
        Order(
            given,
            {"kaart": preset},
            Area(bbox=BOX),
            BOX,
            folder,
            folder / "run.lock.json",
            Cache(folder / "cache"),
            halo_m=100.0,
            reach_m=1_000.0,
            selectors=looked,
        )
    )
