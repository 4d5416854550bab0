"""A synthetic Dutch municipality, Flexdam, written as the files that a real run would read.

Everything is invented; the formats and column names are those of the Dutch sources. The same seed and size give the
same content. What is known of the place by construction is in ``truth.json``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import rasterio
import shapely
from rasterio import Affine

from flexsites.worlds import policy, proofs, registers, services
from flexsites.worlds.estates import estates
from flexsites.worlds.ground import Ground, lay
from flexsites.worlds.homes import buildings, pand, roofs, verblijfsobject
from flexsites.worlds.openstreetmap import OsmContent, write_pbf
from flexsites.worlds.plan import EXTENT, HEIGHT_M, Plan
from flexsites.worlds.stock import stock
from flexsites.worlds.streets import motorway, network

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ORIGIN = (150_000.0, 470_000.0)
"""South-west corner of the place in RD New."""

CELL_M = 25.0
"""Cells of the rasters."""

TIMETABLE_YEAR = 2026
NODATA = -9_999.0

LAYER_NAMES = {"parcels": "perceel", "bag_panden": "pand", "bag_verblijfsobjecten": "verblijfsobject", "3dbag": "pand"}
"""Layer of a GeoPackage where it is not called as the file."""

FLATS_FOLDER = "stock"
"""Where the separate city of designed flats is written."""

ESTATES_FOLDER = "estates"
"""Where the complexes of several buildings are written, with all that is joined to them."""

N_DESIGNED_FLATS = 54
"""Three of each designed type."""


@dataclass(frozen=True)
class World:
    """
    A place that was written.

    Parameters
    ----------
    paths
        File per name; layers under their own names.
    truth
        What is known of it by construction, also in ``truth.json``.
    """

    paths: Mapping[str, Path]
    truth: Mapping[str, Any]


def write_municipality(directory: Path, *, seed: int = 1, n_parcels: int = 5_000) -> World:
    """
    Write the synthetic municipality.

    Parameters
    ----------
    directory
        Made when absent; files of the same names are replaced.
    seed
        Crops, owners, years and gaps in the registers. The plan itself is always the same.
    n_parcels
        About how many parcels, from 3,000 to 8,000: house plots get wider or narrower.

    Raises
    ------
    ValueError
        If the number of parcels is out of reach.

    Examples
    --------
    >>> from pathlib import Path
    >>> write_municipality(Path("place"), n_parcels=100)
    Traceback (most recent call last):
        ...
    ValueError: a municipality of 100 parcels cannot be laid out here: from 3,000 to 8,000
    """
    if not 3_000 <= n_parcels <= 8_000:
        message = f"a municipality of {n_parcels:,} parcels cannot be laid out here: from 3,000 to 8,000"
        raise ValueError(message)
    directory.mkdir(parents=True, exist_ok=True)
    plan, rng = Plan(), np.random.default_rng(seed)
    ground = lay(plan, rng, n_parcels)
    paths: dict[str, Path] = {}
    parcels = registers.parcels(ground)
    _write_vectors(directory, paths, _vectors(plan, Ground(parcels, ground.filled), parcels))
    stands = _write_buildings(directory, paths, plan, ground, rng)
    _write_rasters(directory, paths, plan)
    paths["osm"] = directory / "flexdam.osm.pbf"
    write_pbf(paths["osm"], _osm(plan, ground))
    paths["gtfs"] = directory / "gtfs.zip"
    departures = services.write_gtfs(paths["gtfs"], plan, ORIGIN, TIMETABLE_YEAR)
    portfolio, unmatched = registers.portfolio(stands["verblijfsobject"], stands["pand"], stands["table"])
    tables = {"ownership": registers.ownership(parcels), "portfolio": portfolio, "demand": registers.demand()}
    for name, table in {**tables, "monuments": stands["monuments"]}.items():
        paths[name] = directory / f"{name}.csv"
        table.to_csv(paths[name], index=False, lineterminator="\n")
    paths["buildings_known"] = directory / "buildings_known.parquet"
    stands["known"].to_parquet(paths["buildings_known"], index=False)
    truth = _truth(parcels, stands, departures, unmatched) | {"stock": _write_flats(directory, paths)}
    truth["estates"] = _write_estates(directory, paths)
    paths["truth"] = directory / "truth.json"
    paths["truth"].write_text(json.dumps(truth, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return World(paths, truth)


def _placed(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Move a frame from the plan to RD New."""
    moved = shapely.transform(frame.geometry.to_numpy(), lambda points: points + np.array(ORIGIN))
    return gpd.GeoDataFrame(frame.drop(columns="geometry"), geometry=moved, crs="EPSG:28992")


def _write(path: Path, frame: gpd.GeoDataFrame, layer: str) -> None:
    """Write a layer with a fixed date of change, so that equal content is an equal file."""
    path.unlink(missing_ok=True)
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "2026-01-01T00:00:00Z"})
    try:
        frame.to_file(path, layer=layer, driver="GPKG", engine="pyogrio")
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def _vectors(plan: Plan, ground: Ground, parcels: gpd.GeoDataFrame) -> dict[str, gpd.GeoDataFrame]:
    """All vector files but buildings, by name."""
    found = {"parcels": parcels.drop(columns=["use", "quarter", "owner", "proof"])}
    found |= policy.layers(plan, ground)
    found["plan_capacity"] = policy.plan_capacity(ground)
    found["plan_capacity_coverage"] = policy.plan_coverage()
    found["own_sites"] = _own_sites(ground)
    return found | registers.areas(plan)


def _own_sites(ground: Ground) -> gpd.GeoDataFrame:
    """One sports ground that the municipality wants to count in any case."""
    sport = ground.parcels[ground.parcels["use"] == "sport"].geometry.iloc[:1]
    return gpd.GeoDataFrame({"id": ["own-1"], "naam": ["Oud sportveld"]}, geometry=list(sport))


def _write_vectors(directory: Path, paths: dict[str, Path], frames: dict[str, gpd.GeoDataFrame]) -> None:
    for name, frame in frames.items():
        paths[name] = directory / f"{name}.gpkg"
        _write(paths[name], _placed(frame), LAYER_NAMES.get(name, name))


def _write_buildings(
    directory: Path, paths: dict[str, Path], plan: Plan, ground: Ground, rng: np.random.Generator
) -> dict[str, Any]:
    """Write BAG and 3DBAG; return the tables for the corporation's list and for the truth."""
    table = buildings(plan, ground, rng)
    table = _placed(table)
    panden = pand(table)
    objects = verblijfsobject(table, panden)
    has_dwelling = table["n_dwellings"].to_numpy(dtype=int) > 0
    footprints = panden[["identificatie", "geometry"]].assign(
        has_dwelling=has_dwelling, n_dwellings=table["n_dwellings"]
    )
    layers = {"bag_panden": panden, "bag_verblijfsobjecten": objects, "3dbag": roofs(table, panden, rng)}
    for name, frame in (layers | {"buildings": footprints}).items():
        paths[name] = directory / f"{name}.gpkg"
        _write(paths[name], frame, LAYER_NAMES.get(name, name))
    is_flat = (table["use"] == "flat").to_numpy()
    old = panden[(table["quarter"].str.startswith("00") & (table["use"] == "wonen")).to_numpy()].iloc[::9]
    storeys = table["n_storeys"].to_numpy(dtype=int)[is_flat]
    lifts = pd.DataFrame({"bag_pand_id": panden["identificatie"][is_flat], "has_lift": storeys >= 5})
    lifts["has_lift"] = lifts["has_lift"].astype(object).where(np.arange(len(lifts)) % 5 != 2, None)
    monuments = pd.DataFrame({"bag_pand_id": old["identificatie"], "monumentnummer": 500_000 + np.arange(len(old))})
    known = lifts.assign(is_monument=False).merge(monuments[["bag_pand_id"]].assign(is_monument=True), how="outer")
    known = known.astype({"has_lift": "boolean", "is_monument": "boolean"})
    return {"table": table, "pand": panden, "verblijfsobject": objects, "monuments": monuments, "known": known}


def _write_flats(directory: Path, paths: dict[str, Path]) -> dict[str, Any]:
    """Write the city of designed flats apart, with what it is made of."""
    folder = directory / FLATS_FOLDER
    folder.mkdir(exist_ok=True)
    city = stock(N_DESIGNED_FLATS, origin=(ORIGIN[0] - 5_000.0, ORIGIN[1]))
    layers = {"bag_panden": city.pand, "bag_verblijfsobjecten": city.verblijfsobject, "3dbag": city.roofs}
    for name, frame in layers.items():
        paths[f"stock_{name}"] = folder / f"{name}.gpkg"
        _write(paths[f"stock_{name}"], frame, LAYER_NAMES[name])
    paths["stock_composition"] = folder / "composition.csv"
    city.composition.to_csv(paths["stock_composition"], index=False, lineterminator="\n")
    counts = city.composition["block_type"].value_counts().sort_index()
    return {"n_blocks": len(city.pand), "n_dwellings": len(city.verblijfsobject), "n_per_type": counts.to_dict()}


def _write_estates(directory: Path, paths: dict[str, Path]) -> dict[str, Any]:
    """Write the complexes of several buildings apart, with their own registers, layers and owners."""
    folder = directory / ESTATES_FOLDER
    folder.mkdir(exist_ok=True)
    place = estates(origin=(ORIGIN[0] - 8_000.0, ORIGIN[1]))
    for name, frame in place.layers.items():
        if name != "planes":
            paths[f"estates_{name}"] = folder / f"{name}.gpkg"
            _write(paths[f"estates_{name}"], frame, LAYER_NAMES.get(name, name))
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "2026-01-01T00:00:00Z"})
    try:
        place.layers["planes"].to_file(
            paths["estates_3dbag"], layer="lod22_2d", driver="GPKG", engine="pyogrio", mode="a"
        )
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})
    for name, table in {"ownership": place.ownership, "composition": place.composition}.items():
        paths[f"estates_{name}"] = folder / f"{name}.csv"
        table.to_csv(paths[f"estates_{name}"], index=False, lineterminator="\n")
    paths["estates_known"] = folder / "buildings_known.parquet"
    place.known.to_parquet(paths["estates_known"], index=False)
    counts = place.composition["estate"].value_counts().sort_index()
    return {"n_buildings": len(place.composition), "n_per_estate": counts.to_dict()}


def _write_rasters(directory: Path, paths: dict[str, Path], plan: Plan) -> None:
    grids = {"flood": policy.flood_depth(plan, CELL_M), "noise": policy.noise_level(plan, CELL_M)}
    transform = Affine(CELL_M, 0.0, ORIGIN[0], 0.0, -CELL_M, ORIGIN[1] + HEIGHT_M)
    for name, grid in grids.items():
        paths[name] = directory / f"{name}.tif"
        height, width = grid.shape
        profile = {"driver": "GTiff", "height": height, "width": width, "count": 1, "dtype": "float32"}
        profile |= {"crs": "EPSG:28992", "transform": transform, "nodata": NODATA, "compress": "deflate"}
        with rasterio.open(paths[name], "w", **profile) as file:
            file.write(grid, 1)


def _osm(plan: Plan, ground: Ground) -> OsmContent:
    streets = network(plan, ground.filled)
    content = OsmContent(EXTENT.bounds)
    for line, road_class, name in zip(streets.lines, streets.road_class, streets.name, strict=True):
        content.lines.append((line, {"highway": str(road_class), "name": str(name)}))
    for road_class, line in motorway(plan):
        content.lines.append((line, {"highway": road_class, "oneway": "yes", "ref": "A99"}))
    content.lines.append((plan.rail_line, {"railway": "rail"}))
    content.points += services.amenities(ground)
    for stop, (name, place) in services.stops(plan).items():
        if stop == "FXD":
            content.points.append((place, {"railway": "station", "public_transport": "station", "name": name}))
        elif stop.startswith("B"):
            content.points.append(
                (place, {"highway": "bus_stop", "public_transport": "platform", "bus": "yes", "name": name})
            )
    tags = {"park": {"leisure": "park"}, "bedrijf": {"landuse": "industrial"}, "bos": {"landuse": "forest"}}
    tags["kas"] = {"landuse": "greenhouse_horticulture"}
    for use, area_tags in tags.items():
        content.areas += [(area, area_tags) for area in plan.special[use]]
    return _content_placed(content)


def _content_placed(content: OsmContent) -> OsmContent:
    def move(rows: list[tuple[Any, dict[str, str]]]) -> list[tuple[Any, dict[str, str]]]:
        return [(shapely.transform(shape, lambda points: points + np.array(ORIGIN)), tags) for shape, tags in rows]

    west, south, east, north = content.bounds
    bounds = (west + ORIGIN[0], south + ORIGIN[1], east + ORIGIN[0], north + ORIGIN[1])
    return OsmContent(bounds, move(content.points), move(content.lines), move(content.areas))


def _truth(
    parcels: gpd.GeoDataFrame, stands: dict[str, Any], departures: dict[str, dict[str, int]], unmatched: dict[str, int]
) -> dict[str, Any]:
    is_proof = parcels["proof"] != ""
    site_ids = dict(zip(parcels["proof"][is_proof], parcels["identificatieLokaalID"][is_proof], strict=True))
    known = proofs.truth(site_ids)
    table, panden = stands["table"], stands["pand"]
    dirt = [proof.dirt for proof in proofs.PROOFS if proof.dirt]
    return {
        "origin_rd": list(ORIGIN),
        "n_parcels": len(parcels),
        "n_buildings": len(panden),
        "n_buildings_not_standing": int((panden["status"] != "Pand in gebruik").sum()),
        "n_buildings_without_year": int((panden["bouwjaar"] == 9_999).sum()),
        "n_dwellings": int(table["n_dwellings"].sum()),
        "n_flats": int((table["use"] == "flat").sum()),
        "n_per_use": parcels["use"].value_counts().sort_index().to_dict(),
        "dirt": {kind: dirt.count(kind) for kind in sorted(set(dirt))},
        "proofs": known,
        "departures_weekday": departures,
        "portfolio_unmatched": unmatched,
    }
