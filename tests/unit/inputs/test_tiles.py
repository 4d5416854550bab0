"""A register in tiles: those that meet the window, each object once, held to the digests of the index."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
import shapely

from flexsites.config.presets import Door
from flexsites.config.sources import Bag3d
from flexsites.errors import InputError
from flexsites.inputs.fetch.cache import Cache
from flexsites.inputs.fetch.doors import ClosedError, make, require_fit, through
from flexsites.inputs.formats import tiles
from flexsites.inputs.formats import web as asking
from flexsites.inputs.formats.facts import Facts
from flexsites.inputs.formats.vector import Bounds
from flexsites.inputs.stock.cityjson import read_cityjson
from flexsites.inputs.stock.roofs_3d import read_bag3d, read_bag3d_parts, roof_attributes
from tests.unit.inputs.makers import ABOUT, ORIGIN
from tests.unit.inputs.web import Web, serving

ROW = Bag3d.model_validate({"reader": "bag3d", "about": ABOUT, "path": "data/3dbag.gpkg"})
SIDE = 500.0
SOME = 30
DRIVERS = {"fgb": "FlatGeobuf", "gpkg": "GPKG", "geojson": "GeoJSON"}
WEST, SOUTH = ORIGIN
TOWN: Bounds = (WEST + 100.0, SOUTH + 100.0, WEST + 700.0, SOUTH + 400.0)


def panden() -> gpd.GeoDataFrame:
    """Two rows of houses 40 m apart, over four tiles; one lies across the edge of the first two."""
    places = [(WEST + 40.0 * i, SOUTH + y) for i in range(25) for y in (200.0, 700.0)]
    places += [(WEST + SIDE - 5.0, SOUTH + 300.0)]
    houses = [shapely.force_3d(shapely.box(x + 2, y + 2, x + 10, y + 12), 0.0) for x, y in places]
    return gpd.GeoDataFrame(
        {
            "identificatie": [f"NL.IMBAG.Pand.{i:016d}" for i in range(len(houses))],
            "b3_h_maaiveld": 1.0, "b3_h_dak_50p": 7.5, "b3_dak_type": "horizontal",
            "b3_opp_dak_plat": 80.0, "b3_opp_dak_schuin": 0.0,
            # what is not told: of all, of all in one tile, of some
            "eindgeldigheid": pd.Series([None] * len(houses), dtype="datetime64[ms]"),
            "b3_bouwlagen": pd.array([None if i % 2 or i < SOME else 2 for i in range(len(houses))], dtype="Int32"),
            "b3_kas_warenhuis": pd.array([None if i % 3 else False for i in range(len(houses))], dtype="boolean"),
            "documentnummer": [None if i % 5 == 0 else f"D{i}" for i in range(len(houses))],
        },
        geometry=houses, crs="EPSG:7415",
    )  # fmt: skip


def tile_of(frame: gpd.GeoDataFrame, path: Path) -> bytes:
    planes = frame[["identificatie", "geometry"]].assign(b3_hellingshoek=1.0, b3_h_dak_50p=7.5)
    path.unlink(missing_ok=True)
    for layer, rows in {"pand": frame, "lod22_2d": planes, "lod12_2d": planes}.items():
        pyogrio.write_dataframe(rows, path, layer=layer, driver="GPKG", append=path.exists())
    return gzip.compress(path.read_bytes(), 1)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], gpd.GeoDataFrame]:
    """Return the files of the tiles, and their index."""
    boxes = {(x, y): shapely.box(WEST + x * SIDE, SOUTH + y * SIDE, WEST + (x + 1) * SIDE, SOUTH + (y + 1) * SIDE)
             for x in (0, 1) for y in (0, 1)}  # fmt: skip
    folder = tmp_path_factory.mktemp("tiles")
    every, rows, files = panden(), [], {}
    for (x, y), box in boxes.items():
        name = f"/tiles/9/{x}/{y}/9-{x}-{y}.gpkg.gz"
        content = tile_of(every[every.intersects(box)].reset_index(drop=True), folder / "tile.gpkg")
        files[name] = content
        told = {"gpkg_download": name, "gpkg_sha256": hashlib.sha256(content).hexdigest(), "cj_download": ""}
        rows.append({"tile_id": f"9/{x}/{y}", **told, "geometry": box})
    index = gpd.GeoDataFrame(rows, crs=28992)
    for suffix in DRIVERS:
        files |= index_file(index, folder, suffix)
    return files, index


def index_file(frame: gpd.GeoDataFrame, folder: Path, suffix: str = "fgb") -> dict[str, bytes]:
    path = folder / f"tile_index.{suffix}"
    path.unlink(missing_ok=True)
    frame.to_file(path, driver=DRIVERS[suffix])
    return {f"/{path.name}": path.read_bytes()}


@pytest.fixture
def web(made: tuple[dict[str, bytes], gpd.GeoDataFrame]) -> Iterator[Web]:
    with serving(Web(files=dict(made[0]))) as held:
        yield held


@pytest.fixture
def index(made: tuple[dict[str, bytes], gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    return made[1].copy()


def door(web: Web, **more: Any) -> Door:
    columns = {"column": "gpkg_download", "sha256": "gpkg_sha256", "id": "identificatie"}
    given = {"kind": "tiles", "address": f"{web.url}/tile_index.fgb", "format": "gpkg", "parameters": columns}
    return Door.model_validate({**given, "layers": ["pand", "lod22_2d"], **more})


def bring(
    web: Web,
    folder: Path,
    name: str = "3dbag.gpkg",
    window: Bounds | None = TOWN,
    *,
    refresh: bool = False,
    **more: Any,
) -> Facts:
    chosen, target, source = door(web, **more), folder / name, "buildings.roofs_3d"
    require_fit(chosen, target)
    cache = Cache(folder / "cache", refresh)
    answers = through(chosen, source, {source: ROW}, window, cache, asked={}, told=None)
    return make(answers, target, scratch=folder / "scratch", where=source, window=window)


def expected() -> list[str]:
    frame = panden()
    return sorted(frame[frame.intersects(shapely.box(*TOWN))]["identificatie"])


@pytest.mark.parametrize("suffix", ["fgb", "gpkg", "geojson"])
def test_tiles_of_the_window_become_one_file_and_every_building_counts_once(
    web: Web, tmp_path: Path, suffix: str
) -> None:
    facts = bring(web, tmp_path, address=f"{web.url}/tile_index.{suffix}")
    found = read_bag3d(tmp_path / "3dbag.gpkg")
    assert sorted(found["identificatie"]) == expected()
    assert len(roof_attributes(found, where="roofs")) == len(expected())
    assert sorted(read_bag3d_parts(tmp_path / "3dbag.gpkg")["bag_pand_id"]) == [
        one.rpartition(".")[2] for one in expected()
    ]
    assert (facts.n_rows, facts.window) == (len(expected()), TOWN)
    assert facts.notes[1] == "1 feature came twice and counts once"
    assert [web.count(f"GET /tiles/9/{x}/{y}/") for x, y in ((0, 0), (1, 0), (0, 1), (1, 1))] == [1, 1, 0, 0]
    assert not list((tmp_path / "cache" / "scratch").rglob("*.gpkg"))


def test_what_tiles_do_not_tell_stays_untold_and_columns_keep_their_type(web: Web, tmp_path: Path) -> None:
    bring(web, tmp_path)
    info = pyogrio.read_info(tmp_path / "3dbag.gpkg", layer="pand")
    types = dict(zip(info["fields"], info["dtypes"], strict=True))
    assert [types[name] for name in ("b3_bouwlagen", "b3_kas_warenhuis", "eindgeldigheid")] == [
        "int32", "bool", "datetime64[ms]",
    ]  # fmt: skip
    found = pyogrio.read_dataframe(tmp_path / "3dbag.gpkg", layer="pand").set_index("identificatie").sort_index()
    held = panden().set_index("identificatie").loc[found.index]
    for name in ("b3_bouwlagen", "b3_kas_warenhuis", "eindgeldigheid", "documentnummer"):
        told = found[name].notna()
        assert told.tolist() == held[name].notna().tolist()
        assert found[name][told].tolist() == held[name][told].tolist()
    assert found["b3_bouwlagen"].notna().any()


def test_an_index_in_degrees_is_looked_at_in_degrees(web: Web, index: gpd.GeoDataFrame, tmp_path: Path) -> None:
    web.files |= index_file(index.to_crs(4326), tmp_path)
    assert bring(web, tmp_path).n_rows == len(expected())


def test_a_tile_that_is_not_there_is_named_and_the_others_are_not_fetched_again(web: Web, tmp_path: Path) -> None:
    gone = web.files.pop("/tiles/9/1/0/9-1-0.gpkg.gz")
    with pytest.raises(InputError, match=r"9-1-0\.gpkg\.gz: cannot be fetched \(404"):
        bring(web, tmp_path)
    assert not (tmp_path / "3dbag.gpkg").exists()
    web.files["/tiles/9/1/0/9-1-0.gpkg.gz"] = gone
    assert bring(web, tmp_path).n_rows == len(expected())
    assert web.count("GET /tiles/9/0/0/") == 1


def test_a_tile_that_is_not_what_the_index_says_is_refused(web: Web, tmp_path: Path) -> None:
    name = "/tiles/9/1/0/9-1-0.gpkg.gz"
    web.files[name] = gzip.compress(gzip.decompress(web.files[name]), 9)
    with pytest.raises(InputError, match="its SHA-256 is"):
        bring(web, tmp_path)


def test_a_new_edition_brings_its_new_tiles_alone(web: Web, index: gpd.GeoDataFrame, tmp_path: Path) -> None:
    bring(web, tmp_path)
    name = "/tiles/9/1/0/9-1-0.gpkg.gz"
    web.files[name] = gzip.compress(gzip.decompress(web.files[name]), 9)
    index.loc[index["tile_id"] == "9/1/0", "gpkg_sha256"] = hashlib.sha256(web.files[name]).hexdigest().upper()
    web.files |= index_file(index, tmp_path)
    web.etag = lambda _: '"two"'
    assert bring(web, tmp_path, refresh=True).n_rows == len(expected())
    assert [web.count(f"GET /tiles/9/{x}/0/") for x in (0, 1)] == [1, 2]


def test_without_digests_the_tiles_come_as_they_are(web: Web, tmp_path: Path) -> None:
    assert bring(web, tmp_path, parameters={"column": "gpkg_download"}).n_rows == len(expected())


def test_a_tile_that_is_named_twice_comes_once(web: Web, index: gpd.GeoDataFrame, tmp_path: Path) -> None:
    web.files |= index_file(index.loc[[0, 0, 1, 2, 3, 3, 2]].reset_index(drop=True), tmp_path)
    assert bring(web, tmp_path).n_rows == len(expected())
    assert web.count("GET /tiles/9/0/0/") == 1


def test_tiles_within_tiles_count_each_building_once(web: Web, index: gpd.GeoDataFrame, tmp_path: Path) -> None:
    """An index that holds a parent beside its children names every building once more."""
    content = tile_of(panden(), tmp_path / "parent.gpkg")
    web.files["/tiles/8/0/0/8-0-0.gpkg.gz"] = content
    parent = index.iloc[[0]].assign(gpkg_download="tiles/8/0/0/8-0-0.gpkg.gz", gpkg_sha256=None)
    both = gpd.GeoDataFrame(gpd.pd.concat([index, parent.set_geometry([index.union_all().envelope])]), crs=28992)
    web.files |= index_file(both.reset_index(drop=True), tmp_path)
    facts = bring(web, tmp_path)
    assert facts.n_rows == len(expected())
    assert sorted(read_bag3d(tmp_path / "3dbag.gpkg")["identificatie"]) == expected()


def test_a_building_that_two_tiles_say_different_things_of_is_told(web: Web, tmp_path: Path) -> None:
    frame = panden()
    box = shapely.box(WEST + SIDE, SOUTH, WEST + 2 * SIDE, SOUTH + SIDE)
    other = frame[frame.intersects(box)].assign(b3_h_dak_50p=9.9).reset_index(drop=True)
    web.files["/tiles/9/1/0/9-1-0.gpkg.gz"] = tile_of(other, tmp_path / "t.gpkg")
    with pytest.raises(InputError, match=r"Pand\.0+50 is in two tiles and is not the same"):
        bring(web, tmp_path, parameters={"column": "gpkg_download"})


def test_a_tile_that_breaks_off_is_told_and_fetched_again(web: Web, tmp_path: Path) -> None:
    name = "/tiles/9/1/0/9-1-0.gpkg.gz"
    whole, web.files[name] = web.files[name], web.files[name][:-2000]
    without = {"column": "gpkg_download"}
    with pytest.raises(InputError, match="cannot be unpacked"):
        bring(web, tmp_path, parameters=without)
    web.files[name] = whole
    assert bring(web, tmp_path, parameters=without).n_rows == len(expected())


def test_a_tile_that_unpacks_without_an_end_is_left(web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiles, "MOST_UNPACKED_BYTES", 10_000)
    with pytest.raises(InputError, match="unpacks to more than"):
        bring(web, tmp_path)


@pytest.mark.parametrize("address", ["file:///etc/passwd", "http://10.1.2.3/tile.gpkg"])
def test_no_tile_leads_elsewhere(web: Web, index: gpd.GeoDataFrame, tmp_path: Path, address: str) -> None:
    web.files |= index_file(index.assign(gpkg_download=address), tmp_path)
    with pytest.raises(InputError, match="leads to"):
        bring(web, tmp_path)


def test_an_index_without_what_is_needed_is_told(web: Web, index: gpd.GeoDataFrame, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the index of tiles has no elsewhere, but tile_id"):
        bring(web, tmp_path, parameters={"column": "elsewhere"})
    web.files |= index_file(index.assign(gpkg_download=None), tmp_path)
    web.etag = lambda _: '"two"'
    with pytest.raises(InputError, match=r"have no address.*2"):
        bring(web, tmp_path, refresh=True)


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"<!DOCTYPE html><html>", "a web page"), (b"fgb" + b"x" * 900, "cannot be read"), (b"PK", "no FlatGeobuf")],
)
def test_what_is_no_index_is_told(web: Web, tmp_path: Path, content: bytes, told: str) -> None:
    web.files["/tile_index.fgb"] = content
    with pytest.raises(InputError, match=told):
        bring(web, tmp_path)


def test_no_tile_in_the_window_is_told(web: Web, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no tile of the index meets the window"):
        bring(web, tmp_path, window=(WEST - 9_000, SOUTH, WEST - 8_000, SOUTH + 100))


def test_another_file_than_a_geopackage_stays_closed(web: Web, tmp_path: Path) -> None:
    with pytest.raises(ClosedError, match="cannot be made"):
        bring(web, tmp_path, "roofs.city.json")
    assert not web.asked


def test_a_tile_that_comes_in_drops_is_left(web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bring(web, tmp_path, window=(WEST + 600.0, SOUTH + 100.0, WEST + 700.0, SOUTH + 400.0))
    monkeypatch.setattr(asking, "LEAST_TIME_S", 0.3)
    web.drips = True
    with pytest.raises(InputError, match="it comes too slowly"):
        bring(web, tmp_path)


def test_a_key_in_an_address_is_told_nobody(web: Web, tmp_path: Path) -> None:
    key = "token=sleutel"
    facts = bring(web, tmp_path, address=f"{web.url}/tile_index.fgb?{key}")
    gone = web.files.pop("/tiles/9/0/1/9-0-1.gpkg.gz")
    assert gone
    with pytest.raises(InputError, match="404") as told:
        bring(web, tmp_path, address=f"{web.url}/tile_index.fgb?{key}", window=(WEST, SOUTH, WEST + 99, SOUTH + 900))
    assert "sleutel" not in f"{facts}{told.value}"
    assert not [path for path in tmp_path.rglob("*") if "sleutel" in path.name]


def city_tile(frame: gpd.GeoDataFrame, origin: tuple[float, float], more: float = 0.0) -> bytes:
    """Return buildings as 3DBAG gives them: a part with a flat roof and a floor, numbers from the tile's own origin."""
    objects, vertices = {}, []
    for name, shape in zip(frame["identificatie"], frame.geometry, strict=True):
        ring = list(range(len(vertices), len(vertices) + 4))
        corners = shapely.get_coordinates(shape.exterior)[:4]
        for z in (1.0, 7.5 + more):
            vertices += [[round((x - origin[0]) * 1e3), round((y - origin[1]) * 1e3), int(z * 1e3)] for x, y in corners]
        roof = [number + 4 for number in ring]
        semantics = {"surfaces": [{"type": "GroundSurface"}, {"type": "RoofSurface"}], "values": [0, 1]}
        geometry = {"type": "MultiSurface", "lod": "2.2", "boundaries": [[ring], [roof]], "semantics": semantics}
        attributes = {"b3_h_maaiveld": 1.0, "b3_h_dak_50p": 7.5 + more}
        objects[name] = {"type": "Building", "attributes": attributes, "children": [f"{name}-0"]}
        objects[f"{name}-0"] = {"type": "BuildingPart", "parents": [name], "geometry": [geometry]}
    system = "https://www.opengis.net/def/crs/EPSG/0/7415"
    head = {"type": "CityJSON", "version": "2.0", "metadata": {"referenceSystem": system, "title": "3DBAG"}}
    transform = {"scale": [0.001] * 3, "translate": [*origin, 0.0]}
    content = {**head, "transform": transform, "CityObjects": objects, "vertices": vertices}
    return gzip.compress(json.dumps(content).encode())


def put_city_tiles(web: Web, index: gpd.GeoDataFrame, folder: Path, more: float = 0.0) -> None:
    every = panden()
    for number, (box, tile) in enumerate(zip(index.geometry, index["tile_id"], strict=True)):
        rows = every[every.intersects(box)]
        name = f"/tiles/{tile}/{tile.replace('/', '-')}.city.json.gz"
        web.files[name] = city_tile(rows, (box.bounds[0], box.bounds[1]), more if number else 0.0)
        index.loc[number, "cj_download"] = name
    web.files |= index_file(index, folder)


CITY = {"format": "cityjson", "layers": [], "parameters": {"column": "cj_download"}}


def test_tiles_of_cityjson_become_one_sequence(web: Web, index: gpd.GeoDataFrame, tmp_path: Path) -> None:
    put_city_tiles(web, index, tmp_path)
    facts = bring(web, tmp_path, "3dbag.city.jsonl", **CITY)
    model = read_cityjson(tmp_path / "3dbag.city.jsonl")
    assert sorted(model.buildings["identificatie"]) == expected()
    assert facts.n_rows == len(expected())
    assert facts.notes[1] == "1 feature came twice and counts once"
    whole = panden().set_index("identificatie").geometry
    found = model.buildings.set_index("identificatie").geometry
    assert shapely.area(shapely.symmetric_difference(found, shapely.force_2d(whole[found.index]))).max() < 0.1
    assert model.roof_parts["roof_part_height_m_nap"].round(3).unique().tolist() == [7.5]
    assert len(model.roof_parts) == len(expected())


def test_a_building_that_two_tiles_of_cityjson_say_different_things_of_is_told(
    web: Web, index: gpd.GeoDataFrame, tmp_path: Path
) -> None:
    put_city_tiles(web, index, tmp_path, more=1.0)
    with pytest.raises(InputError, match=r"Pand\.0+50 is in two tiles and is not the same"):
        bring(web, tmp_path, "3dbag.city.jsonl", **CITY)


@pytest.mark.parametrize(
    ("content", "told"),
    [(b'{"type": "Feature"}', "no CityJSON"), (b'{"type": "CityJSON"}', "cannot be read"), (b"{", "cannot be read")],
)
def test_a_tile_that_is_no_cityjson_is_told(
    web: Web, index: gpd.GeoDataFrame, tmp_path: Path, content: bytes, told: str
) -> None:
    put_city_tiles(web, index, tmp_path)
    web.files["/tiles/9/0/0/9-0-0.city.json.gz"] = gzip.compress(content)
    with pytest.raises(InputError, match=told):
        bring(web, tmp_path, "3dbag.city.jsonl", **CITY)
