"""One small sound delivery per reader and kind of file: what tests of damaged files start from."""

from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import shapely

from flexsites.config.sources import Sources
from flexsites.config.study import resolve
from flexsites.inputs.prepare import Request
from flexsites.runs.prepare import reach_request
from tests.unit.accessibility.maps import write_street
from tests.unit.inputs.makers import ABOUT, ORIGIN, sources, squares, vector, write
from tests.unit.inputs.test_prepare import above, raster
from tests.unit.roofs.test_cityjson import house
from tests.unit.timetable import feeds

Content = dict[str, Any]
Make = Callable[[Path], tuple[str, Content]]

GML = (
    '<gml:FeatureCollection xmlns:gml="http://www.opengis.net/gml/3.2" xmlns:x="https://example.nl/x">{}'
    "</gml:FeatureCollection>"
)
POLYGON = (
    '<gml:Polygon gml:id="q{0}" srsName="urn:ogc:def:crs:EPSG::28992"><gml:exterior><gml:LinearRing><gml:posList>'
    "{1} 500000 {2} 500000 {2} 500100 {1} 500100 {1} 500000</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon>"
)


class Delivery(NamedTuple):
    """A file that was written, and the sources that read it."""

    file: Path
    sources: Sources


def request_of(given: Sources) -> Request:
    """Return what a run asks of them: what the demo asks of streets and timetables, one rule of a grid, the stock."""
    return Request(rules=(above(1),), reach=_reach() if given.streets else None, with_stock=bool(given.portfolio))


@cache
def _reach() -> Any:
    return reach_request(resolve("demo"))


def _parcels(name: str) -> Make:
    def make(folder: Path) -> tuple[str, Content]:
        frame = squares(9).assign(n=[1.5, None, *range(7)], when=pd.Timestamp("2026-01-01"))
        if name.endswith(".parquet"):
            frame.to_parquet(folder / name)
        elif name.endswith(".zip"):
            frame.drop(columns="when").to_file(folder / "parcels.shp")
            _zip(folder, name, "parcels.*")
        else:
            frame.to_file(folder / name)
        return name, {"parcels": vector(name, id_column="id", keep=["use", "n"]), "faulty_rows": "quarantine"}

    return make


def _zip(folder: Path, name: str, pattern: str) -> None:
    with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(folder.glob(pattern)):
            if path.name != name:
                packed.write(path, path.name)


def _gml(folder: Path) -> tuple[str, Content]:
    features = [
        f'<gml:featureMember><x:P gml:id="p{n}"><x:naam>a{n}</x:naam><x:getal>{n}</x:getal><x:vlak>'
        f"{POLYGON.format(n, 180_000 + 100 * n, 180_100 + 100 * n)}</x:vlak></x:P></gml:featureMember>"
        for n in range(4)
    ]
    (folder / "plan.gml").write_text(GML.format("".join(features)))
    return "plan.gml", {"layers": {"plan": vector("plan.gml", keep=["naam", "getal"], coverage="run")}}


def _grid(folder: Path) -> tuple[str, Content]:
    cells = np.arange(64, dtype="float32").reshape(8, 8) / 16
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
        name = raster(folder, cells, nodata=-9999.0).name
    return name, {"layers": {"flood": {"reader": "raster", "about": ABOUT, "path": name, "unit": "m"}}}


def _table(name: str) -> Make:
    def make(folder: Path) -> tuple[str, Content]:
        write(squares(), folder / "own.gpkg")
        _write_table(
            pd.DataFrame({"id": ["p0", "p1", "p2"], "owner_class": ["gemeente", "corporatie", "rijk"]}), folder / name
        )
        table = {"reader": "table", "about": ABOUT, "path": name, "key": "id", "keep": ["owner_class"]}
        return name, {"parcels": vector("own.gpkg", id_column="id"), "ownership": table}

    return make


def _write_table(frame: pd.DataFrame, path: Path) -> None:
    if path.suffix == ".xlsx":
        frame.to_excel(path, index=False)
    elif path.suffix == ".parquet":
        frame.to_parquet(path, index=False)
    else:
        frame.to_csv(path, index=False)


def _stock(damaged: str) -> Make:
    """Two buildings with their units, their roofs and the owner's list; one of the files is the one to be damaged."""

    def make(folder: Path) -> tuple[str, Content]:
        ids = ["0518100000000001", "0518100000000002"]
        shapes = squares(2).geometry
        panden = {"identificatie": ids, "status": "Pand in gebruik", "oorspronkelijkbouwjaar": [1970, 1985]}
        write(gpd.GeoDataFrame(panden, geometry=shapes), folder / "pand.gpkg")
        units = {
            "identificatie": ["0518010000000001", "0518010000000002"], "status": "Verblijfsobject in gebruik",
            "gebruiksdoel": "woonfunctie", "oppervlakte": [70, 80], "pandref": ids, "postcode": "1234AB",
            "huisnummer": [1, 2],
        }  # fmt: skip
        write(gpd.GeoDataFrame(units, geometry=shapes.centroid), folder / "vbo.gpkg")
        roofs = {"identificatie": ids, "b3_h_maaiveld": 0.0, "b3_h_dak_50p": 9.0, "b3_dak_type": "horizontal"}
        areas = {"b3_opp_dak_plat": [100.0, 200.0], "b3_opp_dak_schuin": 0.0, "b3_bouwlagen": 3}
        write(gpd.GeoDataFrame(roofs | areas, geometry=shapes), folder / "3dbag.gpkg")
        (folder / "house.city.json").write_text(json.dumps(house()))
        (folder / "house.city.json.gz").write_bytes(gzip.compress(json.dumps(house()).encode()))
        for name in ("list.xlsx", "list.csv"):
            _write_table(pd.DataFrame({"complex": ["A", "B"], "pand": ids}), folder / name)
        is_model = damaged.startswith("house")
        of_roofs = {"reader": "cityjson" if is_model else "bag3d", "about": ABOUT}
        portfolio = damaged if damaged.startswith("list") else "list.csv"
        columns = {"bag_id": "pand", "owner_complex_code": "complex"}
        return damaged, {
            "buildings": {
                "bag_panden": vector("pand.gpkg"),
                "verblijfsobjecten": vector("vbo.gpkg"),
                "roofs_3d": of_roofs | {"path": damaged if is_model else "3dbag.gpkg"},
            },
            "portfolio": {"reader": "portfolio", "about": ABOUT, "path": portfolio, "columns": columns},
        }

    return make


def _street_map(folder: Path) -> Content:
    places = {4: {"shop": "supermarket"}, 5: {"highway": "bus_stop", "name": "Laan"}}
    write_street(folder / "streets.osm.pbf", {"name": "Laan"}, tagged=places)
    return {"reader": "osm_pbf", "about": ABOUT, "path": "streets.osm.pbf"}


def _map(folder: Path) -> tuple[str, Content]:
    row = _street_map(folder)
    return "streets.osm.pbf", {"streets": row, "amenities": {"osm": row}, "stops": {"osm": row}}


def _lines(folder: Path) -> tuple[str, Content]:
    x, y = ORIGIN
    lines = [shapely.LineString([(x + 100 * n, y), (x + 100 * n + 100, y)]) for n in range(6)]
    frame = gpd.GeoDataFrame({"class": ["residential"] * 5 + ["footway"], "one": "no"}, geometry=lines, crs=28992)
    frame.to_file(folder / "lines.geojson", driver="GeoJSON")
    row = {"reader": "lines", "about": ABOUT, "path": "lines.geojson", "class_column": "class", "oneway_column": "one"}
    return "lines.geojson", {"streets": row}


def _points(folder: Path) -> tuple[str, Content]:
    frame = gpd.GeoDataFrame({"id": ["a", "b"], "jobs": [1.0, 2.0]}, geometry=squares(2).centroid, crs=28992)
    write(frame, folder / "points.gpkg")
    row = {
        "reader": "points",
        "about": ABOUT,
        "path": "points.gpkg",
        "category": "supermarket",
        "weight_column": "jobs",
    }
    return "points.gpkg", {"streets": _street_map(folder), "amenities": {"own": row}}


def _stops(folder: Path) -> tuple[str, Content]:
    frame = gpd.GeoDataFrame({"code": ["a", "b"], "soort": ["bus", "tram"]}, geometry=squares(2).centroid, crs=28992)
    frame.to_file(folder / "stops.geojson", driver="GeoJSON")
    row = {"reader": "stops", "about": ABOUT, "path": "stops.geojson", "mode_column": "soort", "id_column": "code"}
    return "stops.geojson", {"streets": _street_map(folder), "stops": {"own": row}}


def _timetable(folder: Path) -> tuple[str, Content]:
    feeds.write_zip(folder, "feed.zip")
    stops = {"timetable": {"reader": "gtfs", "about": ABOUT, "path": "feed.zip", "reference_date": "2026-01-05"}}
    return "feed.zip", {"streets": _street_map(folder), "stops": stops}


def _outline(folder: Path) -> tuple[str, Content]:
    corners = "\n".join(f"   {x} {y}" for x, y in ((5.3, 52.1), (5.5, 52.1), (5.5, 52.2), (5.3, 52.2), (5.3, 52.1)))
    (folder / "outline.poly").write_text(f"place\n1\n{corners}\nEND\nEND\n")
    return "outline.poly", {"streets": _street_map(folder) | {"coverage": {"path": "outline.poly"}}}


READERS: dict[str, Make] = {
    **{f"vector of {name}": _parcels(f"parcels.{name}") for name in ("gpkg", "geojson", "parquet", "zip")},
    "vector of gml": _gml,
    "raster": _grid,
    **{f"table of {name}": _table(f"owners.{name}") for name in ("csv", "xlsx", "parquet")},
    "panden": _stock("pand.gpkg"),
    "verblijfsobjecten": _stock("vbo.gpkg"),
    "bag3d": _stock("3dbag.gpkg"),
    "cityjson": _stock("house.city.json"),
    "packed cityjson": _stock("house.city.json.gz"),
    "portfolio of csv": _stock("list.csv"),
    "portfolio of xlsx": _stock("list.xlsx"),
    "osm_pbf": _map,
    "lines": _lines,
    "points": _points,
    "stops": _stops,
    "gtfs": _timetable,
    "outline": _outline,
}


def deliver(reader: str, folder: Path) -> Delivery:
    """Write the sound delivery of a reader in a folder."""
    name, content = READERS[reader](folder)
    return Delivery(folder / name, sources(**content))
