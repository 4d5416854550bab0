"""A municipality that comes through an ATOM feed, tiles and Overpass is the municipality that lies on the disk."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
import shapely
import yaml

from tests.pipelines.small_run import CELL_M, Change, Content, Small, answer_to, assess, tables, told_by, write_run
from tests.unit.inputs.overpass_web import Overpass, read_map, serving_overpass
from tests.unit.inputs.test_atom import entry, feed, link
from tests.unit.inputs.web import Web, serving

TILE_M = 2_000
OSM = ("streets", "amenities.osm", "layers.roads")
OF_EDGE = {"suitability", "location_suitability", "exploitation"}
"""What is decided by how far the streets are known: a site that fails, or of which that is not known."""

OF_COVERAGE = {
    "sites": ["n_rules_checked", "unchecked_rules", "rule_coverage_id"],
    "accessibility": ["is_truncated", "complete_to_m"],
    "roofs": [],
}


def offer(world: Path, folder: Path, web: Web) -> None:
    """Put parcels behind a feed, and roofs in tiles."""
    to = link("percelen.xml", kind="application/atom+xml")
    web.files["/index.xml"] = feed(entry("Kadastrale kaart", to, code="brk"))
    web.files["/percelen.xml"] = feed(
        entry("Percelen (GML)", link("parcels.gml", kind="application/gml+xml;version=3.2")),
        entry("Percelen (GeoPackage)", link("parcels.gpkg")),
    )
    web.files["/parcels.gpkg"] = (world / "parcels.gpkg").read_bytes()
    roofs, rows = pyogrio.read_dataframe(world / "3dbag.gpkg"), []
    west, south, east, north = (round(side) // TILE_M * TILE_M for side in roofs.total_bounds)
    for x in range(west, east + 1, TILE_M):
        for y in range(south, north + 1, TILE_M):
            box, path = shapely.box(x, y, x + TILE_M, y + TILE_M), folder / "tile.gpkg"
            path.unlink(missing_ok=True)
            pyogrio.write_dataframe(roofs[roofs.intersects(box)], path, layer="pand")
            name, content = f"tiles/9-{x}-{y}.gpkg.gz", gzip.compress(path.read_bytes(), 1)
            web.files[f"/{name}"] = content
            rows.append({"file": name, "sha": hashlib.sha256(content).hexdigest(), "geometry": box})
    gpd.GeoDataFrame(rows, crs=28992).to_file(folder / "index.fgb", driver="FlatGeobuf")
    web.files["/index.fgb"] = (folder / "index.fgb").read_bytes()


def write_presets(folder: Path, run: Content, web: Web, overpass: Overpass) -> None:
    """Write presets of the run's own, with the entries that it has."""
    folder.mkdir(parents=True)
    sources = run["sources"]
    tiles = {"column": "file", "sha256": "sha", "id": "identificatie"}
    doors: dict[str, dict[str, Any]] = {
        "percelen": {"kind": "atom", "address": f"{web.url}/index.xml", "format": "gpkg", "crs": "EPSG:28992"},
        "daken": {"kind": "tiles", "address": f"{web.url}/index.fgb", "layers": ["pand"], "parameters": tiles},
        "kaart": {"kind": "overpass", "address": overpass.url, "format": "pbf"},
    }
    places = {"percelen": ["parcels"], "daken": ["buildings.roofs_3d"], "kaart": list(OSM)}
    files = {"percelen": "percelen.gpkg", "daken": "daken.gpkg", "kaart": "kaart.osm.pbf"}
    for name, door in doors.items():
        serves = {}
        for place in places[name]:
            group, _, key = place.partition(".")
            entry = sources[group][key] if key else sources[group]
            serves[place] = [{"entry": {k: v for k, v in entry.items() if k not in ("path", "about")}}]
            used = {"use": name, "about": entry["about"]}
            if key:
                sources[group][key] = used
            else:
                sources[group] = used
        shown = {"label": {"nl": name, "en": name}, "about": "natura2000", "file": files[name]}
        (folder / f"{name}.yaml").write_text(yaml.safe_dump({**shown, "serves": serves, "doors": [door]}))


def fails_in_the_middle(web: Web, path: Path) -> None:
    """Fetch while the tiles are gone: it is told, what came is locked, and a check says what is missing."""
    gone = {name: web.files.pop(name) for name in list(web.files) if name.startswith("/tiles/")}
    code, shown = answer_to("fetch", path, "--quiet")
    assert code
    assert "404" in shown
    locked = {one["source"] for one in json.loads(path.with_name("small.lock.json").read_text())["sources"]}
    assert "parcels" in locked
    assert "buildings.roofs_3d" not in locked
    code, shown = answer_to("check", path)
    assert code
    assert "daken.gpkg: no such file" in shown
    web.files |= gone


def behind_doors_alone(content: Content) -> None:
    """Leave out the layers that come through no door: to prepare them, three times, would take half of a check."""
    layers = content["sources"]["layers"]
    content["sources"]["layers"] = {name: layers[name] for name in ("roads", "nnn")}


def fetch_through_doors(world: Path, folder: Path, *changes: Change) -> Path:
    """Write the small run with three of its sources behind doors, fetch it, and stop the services."""
    osm = read_map(world / "flexdam.osm.pbf")
    with serving(Web()) as web, serving_overpass(Overpass(osm, most_degrees=0.13)) as overpass:
        offer(world, folder, web)

        def through_doors(content: Content) -> None:
            write_presets(folder / "flexsites_config" / "presets", content, web, overpass)

        path = write_run(folder, world, *changes, through_doors)
        planned = told_by("fetch", path, "--dry-run")
        assert "tiles, about" in planned
        assert "questions, one after the other; the first turn in 0 s" in planned
        assert not (folder / "small.lock.json").exists()
        assert not overpass.asked
        fails_in_the_middle(web, path)
        told_by("fetch", path, "--quiet")
        n_asked = len(overpass.asked) + len(web.asked)
        told_by("fetch", path, "--quiet")
        assert len(overpass.asked) + len(web.asked) == n_asked
        assert len(overpass.asked) > 4
        locked = {one["source"]: one for one in json.loads((folder / "small.lock.json").read_text())["sources"]}
        assert locked["streets"]["edition"] == overpass.base
    assert {name: locked[name]["kind"] for name in ("parcels", "buildings.roofs_3d", *OSM)} == {
        "parcels": "atom", "buildings.roofs_3d": "tiles", **dict.fromkeys(OSM, "overpass"),
    }  # fmt: skip
    assert "n:landuse=forest" in locked["streets"]["notes"][0]
    return path


def test_what_came_through_the_doors_passes_a_check_without_them(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLEXSITES_CACHE", str(tmp_path / "cache"))
    path = fetch_through_doors(world, tmp_path, behind_doors_alone)
    told_by("check", path)
    extract = tmp_path / "data" / "kaart.osm.pbf"
    extract.write_bytes(extract.read_bytes()[:-1])
    code, shown = answer_to("check", path)
    assert code
    assert "kaart.osm.pbf is not what was fetched" in shown


@pytest.mark.deep(sibling="test_what_came_through_the_doors_passes_a_check_without_them")
def test_a_run_of_what_came_through_the_doors_is_the_run_of_what_lies_on_the_disk(
    small: Small, world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The map says that it reaches further than the file of the place: one parcel at its edge is covered in full."""
    monkeypatch.setenv("FLEXSITES_CACHE", str(tmp_path / "cache"))
    directory = assess(fetch_through_doors(world, tmp_path), tmp_path / "outputs", cell_size_m=CELL_M)
    found = tables(directory)
    assert set(found) == set(small.expected)
    other = {name for name in found if found[name] != small.expected[name]}
    assert {Path(name).stem for name in other} <= {"sites", "reasons", "rule_coverage", "accessibility"} | OF_EDGE
    # The map ends sooner there: at a distance of which it does not know that nothing is nearer, fewer sites fail.
    for name in (one for one in other if Path(one).stem in OF_EDGE - {"exploitation"}):
        mine, theirs = (pd.read_parquet(one / name)["is_suitable"] for one in (directory, small.directory))
        assert mine[mine.astype(str) != theirs.astype(str)].isna().all()
    for name, columns in OF_COVERAGE.items():
        frames = [
            pd.read_parquet(one / f"{name}.parquet").drop(columns=columns) for one in (directory, small.directory)
        ]
        pd.testing.assert_frame_equal(*frames)
