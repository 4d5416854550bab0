"""Bad input at the command line: one clear message per fault, exit code 2, no traceback, and no row lost."""

from __future__ import annotations

import errno
import sqlite3
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
import yaml

from flexsites import cli
from flexsites.errors import RunError
from flexsites.reporting import write_geopackage
from flexsites.tables.run_directory import alone
from flexsites.worlds.openstreetmap import OsmContent, write_pbf
from tests.pipelines.small_run import answer_to, flexsites
from tests.reporting_fixture import write_results
from tests.unit.inputs.makers import ABOUT, write

Content = dict[str, Any]
Change = Callable[[Content, Path], None]
Told = tuple[int, str]

N_ROWS = 9


@pytest.fixture(scope="module")
def sound(world: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Content, gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return a run of nine parcels on ten streets in which nothing is wrong, its parcels, and a layer."""
    streets = tmp_path_factory.mktemp("streets") / "ten.osm.pbf"
    write_pbf(streets, _ten_streets(158_000, 470_400))
    parcels = gpd.read_file(world / "parcels.gpkg")
    parcels = parcels[parcels.intersects(shapely.box(158_000, 470_450, 159_000, 470_600))].reset_index(drop=True)
    layer = gpd.read_file(world / "nnn.gpkg")
    assert len(parcels) == N_ROWS
    content: Content = {
        "name": "tiny",
        "title": {"nl": "klein", "en": "small"},
        "pipeline": "provincial_sweep",
        "reference_date": "2026-01-01",
        "sources": {
            "parcels": _vector("parcels.gpkg", id_column="identificatieLokaalID", keep=["sectie"]),
            "layers": {"nnn": _vector("nnn.gpkg", keep=["naam"], coverage="run")},
            "streets": {"reader": "osm_pbf", "about": ABOUT, "path": str(streets)},
        },
    }
    return content, parcels, layer


@pytest.fixture
def tell(
    sound: tuple[Content, gpd.GeoDataFrame, gpd.GeoDataFrame],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., Told]:
    """Change the sound run, and run a command on it in this process; return its exit code and what it told."""
    content, parcels, layer = sound
    monkeypatch.setenv("COLUMNS", "300")

    def told(command: str, *changes: Change) -> Told:
        write(parcels, tmp_path / "parcels.gpkg")
        write(layer, tmp_path / "nnn.gpkg")
        changed: Content = yaml.safe_load(yaml.safe_dump(content))
        for change in changes:
            change(changed, tmp_path)
        (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(changed, sort_keys=False), encoding="utf-8")
        # In this process: two of its own would take longer to start than the run takes.
        here = ["--outputs", str(tmp_path / "out"), "--quiet", "--scheduler", "synchronous"]
        more = here if command == "run" else []
        monkeypatch.setattr(sys, "argv", ["flexsites", command, str(tmp_path / "tiny.yaml"), *more])
        with pytest.raises(SystemExit) as left:
            cli.main()
        shown = capsys.readouterr()
        assert "Traceback" not in shown.out + shown.err
        return int(left.value.code or 0), shown.err

    return told


def _ten_streets(west: float, south: float) -> OsmContent:
    """Return five streets of a kilometre crossed by five more, 250 m apart: they meet at shared corners."""
    x, y = (start + 250.0 * np.arange(5) for start in (west, south))
    lines = [[(one, other) for other in y] for one in x] + [[(one, other) for one in x] for other in y]
    tags = {"highway": "residential"}
    bounds = (west - 2_000, south - 2_000, west + 3_000, south + 3_000)
    return OsmContent(bounds, lines=[(shapely.LineString(line), tags) for line in lines])


def _vector(path: str, **more: object) -> Content:
    return {"reader": "vector", "about": ABOUT, "path": path, **more}


def _set(path: str, value: object) -> Change:
    """Set a key of the run file, by its dotted path."""

    def change(content: Content, _: Path) -> None:
        *way, last = path.split(".")
        for key in way:
            content = content.setdefault(key, {})
        content[last] = value

    return change


def _parcels(change: Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame]) -> Change:
    return _file("parcels.gpkg", change)


def _file(name: str, change: Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame]) -> Change:
    def do(_: Content, folder: Path) -> None:
        frame = gpd.read_file(folder / name)
        (folder / name).unlink()
        write(change(frame), folder / name)

    return do


def _shapes(*rows: int, shape: shapely.Geometry | None) -> Change:
    def change(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        shapes = frame.geometry.to_numpy().copy()
        for row in rows:
            shapes[row] = shape
        return frame.set_geometry(shapes, crs=frame.crs)

    return _parcels(change)


def _ids(**given: str | None) -> Change:
    def change(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        ids = frame["identificatieLokaalID"].astype(object).copy()
        for row, name in given.items():
            ids[int(row[1:])] = name
        return frame.assign(identificatieLokaalID=ids)

    return _parcels(change)


def _text(name: str, text: str) -> Change:
    return lambda _, folder: (folder / name).write_text(text, encoding="utf-8")  # type: ignore[return-value]


def _raster(unit: str) -> Change:
    def change(content: Content, folder: Path) -> None:
        transform = rasterio.Affine(25.0, 0.0, 158_000.0, 0.0, -25.0, 470_700.0)
        profile: Content = {"driver": "GTiff", "height": 40, "width": 60, "count": 1, "dtype": "float32"}
        with rasterio.open(folder / "flood.tif", "w", crs="EPSG:28992", transform=transform, **profile) as file:
            file.write(np.full((40, 60), 150.0, dtype="float32"), 1)
        row = {"reader": "raster", "about": ABOUT, "path": "flood.tif", "unit": unit}
        content["sources"]["layers"]["flood"] = row

    return change


def _timetable(with_service: bool) -> Change:  # noqa: FBT001
    def change(content: Content, folder: Path) -> None:
        texts = {
            "agency.txt": "agency_id,agency_name,agency_url,agency_timezone\nA,A,https://a.nl,Europe/Amsterdam\n",
            "stops.txt": "stop_id,stop_name,stop_lat,stop_lon\nS1,One,52.21,5.40\nS2,Two,52.22,5.41\n",
            "routes.txt": "route_id,agency_id,route_short_name,route_long_name,route_type\nR,A,1,One,3\n",
            "trips.txt": "route_id,service_id,trip_id\nR,W,T\n",
            "stop_times.txt": "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
            "T,08:00:00,08:00:00,S1,1\nT,08:10:00,08:10:00,S2,2\n",
            "calendar.txt": "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
            f"W,{','.join('1' * 7 if with_service else '0' * 7)},20260101,20261231\n",
        }
        with zipfile.ZipFile(folder / "gtfs.zip", "w") as packed:
            for name, text in texts.items():
                packed.writestr(name, text)
        content["sources"]["stops"] = {"feed": {"reader": "gtfs", "about": ABOUT, "path": "gtfs.zip"}}

    return change


def _degrees(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return frame.to_crs(4326).set_crs(28992, allow_override=True)


def _rule(**changes: object) -> Change:
    rule = {
        "rule_id": "own", "kind": "inside", "label": {"nl": "eigen", "en": "own"}, "effect": "exclude",
        "hardness": "hard", "layer": "nnn", "source": "the municipality",
    }  # fmt: skip
    return _set("own_rules", [rule | changes])


def _two_layers_one_with_status(content: Content, folder: Path) -> None:
    other = gpd.read_file(folder / "nnn.gpkg").assign(status="vastgesteld")
    write(other, folder / "other.gpkg")
    content["sources"]["layers"]["other"] = _vector("other.gpkg", keep=["status"], coverage="run")


BOW_TIE = shapely.Polygon([(158_300, 470_480), (158_400, 470_580), (158_400, 470_480), (158_300, 470_580)])

STREET_IN_BRAZIL = """<osm version="0.6">
<node id="1" lat="-30.03" lon="-51.22"/><node id="2" lat="-30.04" lon="-51.23"/>
<way id="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="residential"/></way></osm>"""

# By name: how the run is changed, and what the message must say: the place, what is wrong, how many, what to do.
CASES: dict[str, tuple[Change, tuple[str, ...]]] = {
    "missing crs": (
        _parcels(lambda f: f.set_crs(None, allow_override=True)),
        ("parcels", "parcels.gpkg", "the CRS is missing", "crs: EPSG:28992"),
    ),
    "wrong crs": (
        _set("sources.parcels.crs", "EPSG:4326"),
        ("parcels", "parcels.gpkg", "the file says its CRS is EPSG:28992", "remove `crs`"),
    ),
    "degrees labelled RD": (
        _parcels(_degrees),
        ("parcels", "parcels.gpkg", "coordinates in degrees, labelled EPSG:28992", "EPSG:4326"),
    ),
    "empty layer": (_file("nnn.gpkg", lambda f: f.iloc[:0]), ("layers.nnn", "nnn.gpkg", "the layer is empty")),
    "missing column": (
        _set("sources.parcels.keep", ["eigenaar"]),
        ("parcels.gpkg", "no column eigenaar", "its columns: ", "sectie"),
    ),
    "null geometry": (_shapes(2, 5, shape=None), ("parcels", "no geometry", "2 rows")),
    "null ids": (_ids(r1=None, r4=None, r6=None), ("parcels", "no id", "3 rows: row 1, row 4, row 6")),
    "duplicate ids": (_ids(r1="a", r4="a"), ("parcels", "an id that another feature has", "1 row: a")),
    "unknown key": (
        _set("sources.layers.nnn.colums", ["naam"]),
        ("tiny.yaml", "sources.layers.nnn", "colums", "unknown key", "schema"),
    ),
    "where on an absent attribute": (
        _rule(where={"status": ["vastgesteld"]}),
        ("layers.nnn", "nnn.gpkg", "no column status, which a rule asks for"),
    ),
    "where on an attribute that only another layer has": (
        lambda c, f: (_two_layers_one_with_status(c, f), _rule(where={"status": ["vastgesteld"]})(c, f)),  # type: ignore[dict-item]
        ("layers.nnn", "nnn.gpkg", "no column status, which a rule asks for"),
    ),
    "unreadable file": (_text("nnn.gpkg", "<html>503</html>"), ("layers.nnn", "nnn.gpkg", "cannot be read")),
    "missing file": (_set("sources.layers.nnn.path", "gone.gpkg"), ("layers.nnn", "gone.gpkg", "no such file")),
    "unreadable streets": (
        lambda c, f: (_text("streets.osm.pbf", "no")(c, f), _set("sources.streets.path", "streets.osm.pbf")(c, f)),  # type: ignore[dict-item]
        ("streets", "streets.osm.pbf", "cannot be read"),
    ),
    "streets of another country": (
        lambda c, f: (_text("porto.osm", STREET_IN_BRAZIL)(c, f), _set("sources.streets.path", "porto.osm")(c, f)),  # type: ignore[dict-item]
        ("streets", "porto.osm", "none of the corners of streets lies in the Netherlands", "2 rows"),
    ),
    "unknown flexmilieu": (_set("flexmilieus", ["dorps"]), ("tiny.yaml", "dorps", "campus")),
    "unknown rule set": (_set("rules", "omgevingswet_1850"), ("omgevingswet_1850", "omgevingswet_2024")),
    "unknown rule": (
        _set("variants", [{"id": "v", "label": {"nl": "v", "en": "v"}, "effects": {"plans_sof": "exclude"}}]),
        ("tiny.yaml", "variants.v", "plans_sof"),
    ),
    "unknown measure": (
        _set("variants", [{"id": "v", "label": {"nl": "v", "en": "v"}, "limits": {
            "walk_distance_beach_m": {"value": 1, "unit": "m", "assumption": True, "why": "test"}}}]),
        ("tiny.yaml", "variants.v", "walk_distance_beach_m"),
    ),
    "unknown field of a rule": (
        _set("variants", [{"id": "v", "label": {"nl": "v", "en": "v"}, "change": {"nnn": {"layr": "x"}}}]),
        ("tiny.yaml", "variants.v", "nnn", "layr"),
    ),
    "raster in another unit": (_raster("cm"), ("flood", "cm", "m")),
    "timetable without service": (_timetable(with_service=False), ("gtfs.zip", "service")),
    "unknown area": (_set("area", {"gemeenten": ["GM0001"]}), ("area", "gemeente")),
    "area without parcels": (_set("area", {"bbox": [100_000, 400_000, 101_000, 401_000]}), ("no parcel lies in",)),
}  # fmt: skip


RUN_OFTEN = (
    "null geometry",
    "missing file",
    "unknown key",
    "where on an absent attribute",
    "raster in another unit",
    "timetable without service",
    "unreadable streets",
    "area without parcels",
)
"""Faults that are told by a run in each of the tests' runs as well, one of each kind of source; `.ci/deep` runs all."""


@pytest.mark.parametrize(
    ("name", "command"),
    [
        *((name, "check") for name in CASES),
        *(pytest.param(name, "run", marks=() if name in RUN_OFTEN else pytest.mark.deep) for name in CASES),
    ],
)
def test_one_clear_message(name: str, command: str, tell: Callable[..., Told], tmp_path: Path) -> None:
    change, parts = CASES[name]
    code, told = tell(command, change)
    assert code == 2
    faults = [line for line in told.splitlines() if "Remedy: " in line]
    assert len(faults) == 1, told
    for part in parts:
        assert part in faults[0]
    assert not list(tmp_path.glob("out/*/*/*.parquet")), "results in spite of a fault"


def test_a_sound_run_is_found_sound(tell: Callable[..., Told]) -> None:
    assert tell("check") == (0, "")


def test_a_run_file_may_be_named_from_another_folder(
    tell: Callable[..., Told], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its files lie beside it, wherever one stands."""
    assert tell("check")[0] == 0
    monkeypatch.chdir(tmp_path.parent)
    monkeypatch.setattr(sys, "argv", ["flexsites", "check", f"{tmp_path.name}/tiny.yaml"])
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert not left.value.code


def test_a_sound_timetable_is_found_sound(tell: Callable[..., Told]) -> None:
    assert tell("check", _timetable(with_service=True))[0] == 0


def test_check_tells_all_faults_at_once(tell: Callable[..., Told]) -> None:
    """Faults of parcels, of layers, of the timetable and of a rule, in one go."""
    changes = [
        CASES[name][0]
        for name in (
            "null geometry",
            "where on an absent attribute",
            "raster in another unit",
            "timetable without service",
        )
    ]
    code, told = tell(
        "check", _ids(r1=None, r4="x", r6="x"), *changes, _set("sources.layers.gone", _vector("gone.gpkg"))
    )
    assert code == 2
    faults = [line for line in told.splitlines() if "Remedy: " in line]
    for part in ("no geometry", "no id", "another feature", "a rule asks for", "cm", "service", "no such file"):
        assert sum(part in fault for fault in faults) >= 1, (part, told)
    assert len(faults) == 7, told


def test_nothing_is_lost(tell: Callable[..., Told], tmp_path: Path) -> None:
    """A bow-tie is mended and its land counts; what cannot be used is set apart, with the reason, and counted."""
    asked = [_set("sources.faulty_rows", "quarantine"), _set("flexmilieus", ["campus"])]
    faults = [_shapes(2, shape=None), _shapes(8, shape=BOW_TIE), _ids(r1=None, r4="x", r6="x")]
    code, _ = tell("run", *faults, *asked)
    assert code == 0
    (directory,) = tmp_path.glob("out/*/*")
    told = yaml.safe_load((directory / "manifest.json").read_text(encoding="utf-8"))
    parcels = next(row for row in told["sources"] if row["id"] == "parcels")
    assert (parcels["n_read"], parcels["n_features"], parcels["n_quarantined"]) == (N_ROWS, N_ROWS - 3, 3)
    apart = gpd.read_parquet(directory / "canonical" / "quarantine" / "parcels.parquet").set_index("reason")
    assert apart["action"].value_counts().to_dict() == {"quarantined": 3, "repaired": 1}
    assert apart.geometry["invalid geometry"].geoms[0] == BOW_TIE
    sites = gpd.read_parquet(directory / "sites.parquet")
    assert len(sites) == N_ROWS - 3
    assert np.isclose(sites["parcel_area_m2"], 5_000.0).sum() == 1
    for told_of in ("1 geometry repaired", "3 rows not used"):
        assert any(told_of in line for line in told["warnings"])


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("sources", "--run", "x"), ("No such option",)),
        (("run", "no_such_run"), ("no_such_run", "demo")),
        (("check", "gone.yaml"), ("gone.yaml", "no such file")),
        (("explain", "x", "--run", "."), ("no manifest.json", "finished run")),
        (("shortlist", "--run", "gone"), ("gone", "no such directory")),
        (("run", "demo", "--scheduler", "abacus", "--outputs", "{out}"), ("abacus", "--scheduler", "threads")),
    ],
)
def test_the_command_itself_says_what_is_wrong(
    arguments: tuple[str, ...],
    parts: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.setattr(sys, "argv", ["flexsites", *[one.format(out=tmp_path) for one in arguments]])
    with pytest.raises(SystemExit) as left:
        cli.main()
    told = capsys.readouterr().err
    assert left.value.code == 2, told
    assert "Traceback" not in told
    for part in parts:
        assert part in told
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("error", "parts"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), ("No space left on device", "make room", "--resume")),
        (
            PermissionError(errno.EACCES, "Permission denied", "/results"),
            ("/results", "Permission denied", "written to"),
        ),
    ],
)
def test_what_the_file_system_refuses_is_told(
    error: OSError, parts: tuple[str, ...], tell: Callable[..., Told], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever runs the tests may write everywhere and has room: the refusal is played, in the midst of a run."""

    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("flexsites.runs.cells.merge", refuse)
    code, told = tell("run", _set("flexmilieus", ["campus"]))
    assert code == 2
    for part in parts:
        assert part in told


def test_a_place_that_cannot_be_invented_for_want_of_room_is_told(tmp_path: Path) -> None:
    """GDAL has errors of its own, and no reason; a limit on the size of files stands for a full disk."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, before[1]))
    try:
        code, told = answer_to("run", "demo_roofs", "--outputs", tmp_path / "out", "--quiet")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert code == 2, told
    assert "Traceback" not in told
    for part in (str(tmp_path / "out"), "cannot be written", "MB are free there", "Remedy: make room"):
        assert part in told


def test_a_geopackage_that_cannot_be_written_is_told_and_leaves_nothing_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = write_results(tmp_path / "run", with_roofs=False)

    def refuse(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr("flexsites.reporting.files.geopackage._add_styles", refuse)
    with pytest.raises(RunError, match="database or disk is full"):
        write_geopackage(place)
    assert not list(place.glob("*.gpkg")) + list(place.glob(".*.gpkg"))


def test_outputs_that_are_a_file_are_told(tmp_path: Path, tell: Callable[..., Told]) -> None:
    (tmp_path / "out").write_text("a file")
    code, told = tell("run")
    assert code == 2
    assert str(tmp_path / "out") in told


def test_a_run_of_the_same_at_the_same_time_is_refused(tmp_path: Path, tell: Callable[..., Told]) -> None:
    asked = _set("flexmilieus", ["campus"])
    assert tell("run", asked)[0] == 0
    (directory,) = tmp_path.glob("out/*/*")
    before = {path: path.stat().st_mtime_ns for path in directory.rglob("*")}
    with alone(directory):
        code, told = tell("run", asked)
    assert code == 2
    assert "another run is writing here" in told
    assert {path: path.stat().st_mtime_ns for path in directory.rglob("*")} == before


def test_a_process_of_its_own_leaves_with_two() -> None:
    told = flexsites("check", "gone.yaml")
    assert told.returncode == 2
    assert told.stderr == (
        "flexsites: gone.yaml: no such file. Remedy: check the path; it is relative to the file naming it.\n"
    )
