"""The same remainder by other software, each in its best form: constraints are cut first, and the cut counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import geopandas as gpd
import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from flexsites.geometry.lattice import subdivide
from tests.benchmarks._duckdb import spatial_base

Geometries = NDArray[np.object_]
Areas = NDArray[np.float64]

Transform = Any
Given = tuple[Geometries, Geometries, Geometries]
"""Parcels, areas, buildings."""

CUT = 64
"""Vertices of the largest part: of 64, 128 and 512 what suits the others best; flexsites cuts in larger parts."""

CRS = "EPSG:28992"


def _in_parts(one: Callable[[Geometries, Geometries], Areas], place: Given, threads: int) -> Areas:
    """Cut once, then give each thread a run of parcels: for software that knows one thread only."""
    cut, _, _ = subdivide(place[1], max_vertices=CUT)
    taken = np.concatenate([cut, place[2]])
    with ThreadPoolExecutor(threads) as pool:
        return np.concatenate(list(pool.map(lambda part: one(part, taken), np.array_split(place[0], threads))))


def with_geopandas(parcels: Geometries, areas: Geometries, buildings: Geometries, threads: int) -> Areas:
    def left_of(part: Geometries, taken: Geometries) -> Areas:
        sites = gpd.GeoDataFrame({"id": np.arange(len(part))}, geometry=part, crs=CRS)
        left = gpd.overlay(sites, gpd.GeoDataFrame(geometry=taken, crs=CRS), how="difference", keep_geom_type=True)
        return np.bincount(left["id"], left.area, minlength=len(part))

    return _in_parts(left_of, (parcels, areas, buildings), threads)


def with_strtree(parcels: Geometries, areas: Geometries, buildings: Geometries, threads: int) -> Areas:
    """Index on the many, prepared queries by the few, one union and one difference per parcel that is met."""

    def left_of(part: Geometries, taken: Geometries) -> Areas:
        polygon, parcel = shapely.STRtree(part).query(taken, predicate="intersects")
        order = np.argsort(parcel, kind="stable")
        polygon, parcel = polygon[order], parcel[order]
        met, first = np.unique(parcel, return_index=True)
        groups = np.split(polygon, first[1:])
        unions = np.array([shapely.union_all(taken[group]) for group in groups], dtype=object)
        left = shapely.area(part)
        left[met] = shapely.area(shapely.difference(part[met], unions))
        return left

    return _in_parts(left_of, (parcels, areas, buildings), threads)


_UNIONS = """
    SELECT p.id AS id, ST_Area(ST_Difference(p.geom, u.geom)) AS left_m2
    FROM parcels p JOIN (
        SELECT p.id AS id, {union}(c.geom) AS geom
        FROM parcels p JOIN taken c ON ST_Intersects(p.geom, c.geom) GROUP BY p.id
    ) u ON p.id = u.id
"""


def with_duckdb(parcels: Geometries, areas: Geometries, buildings: Geometries, threads: int) -> Areas:
    cut, _, _ = subdivide(areas, max_vertices=CUT)
    sites = pa.table({"id": np.arange(len(parcels)), "wkb": shapely.to_wkb(parcels)})
    shapes = pa.table({"wkb": shapely.to_wkb(np.concatenate([cut, buildings]))})
    with spatial_base(threads) as base:
        base.register("sites", sites)
        base.register("shapes", shapes)
        base.execute("CREATE TABLE parcels AS SELECT id, ST_GeomFromWKB(wkb) AS geom FROM sites")
        base.execute("CREATE TABLE taken AS SELECT ST_GeomFromWKB(wkb) AS geom FROM shapes")
        found = base.execute(_UNIONS.format(union="ST_Union_Agg")).fetchnumpy()
    left = shapely.area(parcels)
    left[found["id"]] = found["left_m2"]
    return left


_LEDGER = """
    WITH covers AS (
        SELECT p.id AS id, c.rule AS rule, ST_Intersection(ANY_VALUE(p.geom), ST_Union_Agg(c.geom)) AS geom
        FROM parcels p JOIN taken c ON ST_Intersects(p.geom, c.geom) GROUP BY p.id, c.rule
    ), wide AS (
        SELECT id, {by_rule} FROM covers GROUP BY id
    ), other AS (
        SELECT id, a, b, c, {both_ab} AS ab, {both_bc} AS bc, {both_ac} AS ac FROM wide
    )
    SELECT id, ST_Area(a) AS covered_a, ST_Area(b) AS covered_b, ST_Area(c) AS covered_c,
        ST_Area(a) AS attributed_a, {b_less_a} AS attributed_b, {c_less_ab} AS attributed_c,
        {a_less_bc} AS unique_a, {b_less_ac} AS unique_b
    FROM other
"""


def _both(one: str, other: str) -> str:
    """SQL of what either covers; null where none does."""
    return f"CASE WHEN {one} IS NULL THEN {other} WHEN {other} IS NULL THEN {one} ELSE ST_Union({one}, {other}) END"


def _less(one: str, other: str) -> str:
    """SQL of the area of one without the other."""
    return f"CASE WHEN {other} IS NULL THEN ST_Area({one}) ELSE ST_Area(ST_Difference({one}, {other})) END"


LEDGER_OF_THREE = _LEDGER.format(
    by_rule=", ".join(f"ANY_VALUE(geom) FILTER (rule = {rule}) AS {name}" for rule, name in enumerate("abc")),
    both_ab=_both("a", "b"), both_bc=_both("b", "c"), both_ac=_both("a", "c"),
    b_less_a=_less("b", "a"), c_less_ab=_less("c", "ab"), a_less_bc=_less("a", "bc"), b_less_ac=_less("b", "ac"),
)  # fmt: skip
"""Unions per parcel and rule, differences in order for what is attributed, and with the union of the others for what is
unique; of the last rule the two are one."""


def ledger_with_duckdb(parcels: Geometries, rules: Sequence[Geometries], threads: int) -> Areas:
    """Covered, attributed and unique area of three rules, polygons cut already: columns as flexsites' ledger has."""
    sites = pa.table({"id": np.arange(len(parcels)), "wkb": shapely.to_wkb(parcels)})
    rule = np.repeat(np.arange(len(rules)), [len(polygons) for polygons in rules])
    shapes = pa.table({"rule": rule, "wkb": shapely.to_wkb(np.concatenate(rules))})
    with spatial_base(threads) as base:
        base.register("sites", sites)
        base.register("shapes", shapes)
        base.execute("CREATE TABLE parcels AS SELECT id, ST_GeomFromWKB(wkb) AS geom FROM sites")
        base.execute("CREATE TABLE taken AS SELECT rule, ST_GeomFromWKB(wkb) AS geom FROM shapes")
        found = base.execute(LEDGER_OF_THREE).fetchnumpy()
    names = [f"{figure}_{rule}" for figure in ("covered", "attributed", "unique") for rule in "abc"]
    found["unique_c"] = found["attributed_c"]
    areas = np.zeros((len(parcels), len(names)))
    areas[found["id"]] = np.column_stack([np.ma.filled(found[name], 0.0) for name in names])
    return areas


def with_sedonadb(parcels: Geometries, areas: Geometries, buildings: Geometries, threads: int) -> Areas:
    import sedonadb  # noqa: PLC0415 - a peer, absent where it is not installed

    cut, _, _ = subdivide(areas, max_vertices=CUT)
    base = sedonadb.connect()
    base.sql(f"SET datafusion.execution.target_partitions = {threads}").execute()
    sites = gpd.GeoDataFrame({"id": np.arange(len(parcels))}, geometry=gpd.GeoSeries(parcels, crs=CRS))
    taken = gpd.GeoDataFrame(geometry=gpd.GeoSeries(np.concatenate([cut, buildings]), crs=CRS))
    base.create_data_frame(sites.rename_geometry("geom")).to_view("parcels")
    base.create_data_frame(taken.rename_geometry("geom")).to_view("taken")
    found = base.sql(_UNIONS.format(union="ST_Union_Agg")).to_pandas()
    left = shapely.area(parcels)
    left[found["id"].to_numpy()] = found["left_m2"].to_numpy()
    return left


def try_sedonadb() -> None:
    """Ask one area: its tables and its functions of geometry are loaded when they are first asked."""
    import sedonadb  # noqa: PLC0415

    sedonadb.connect().sql("SELECT ST_Area(ST_GeomFromText('POLYGON ((0 0, 1 0, 1 2, 0 0))')) AS a").to_pandas()


def with_overlay_per_rule(parcels: Geometries, areas: Geometries, buildings: Geometries, _: int) -> Areas:
    """What each rule covers: one intersection overlay per rule, columns as rules."""
    cut, _, _ = subdivide(areas, max_vertices=CUT)
    sites = gpd.GeoDataFrame({"id": np.arange(len(parcels))}, geometry=parcels, crs=CRS)
    covered = []
    for polygons in (cut, buildings):
        rule = gpd.GeoDataFrame(geometry=polygons, crs=CRS)
        shared = gpd.overlay(sites, rule, how="intersection", keep_geom_type=True).dissolve("id")
        column = np.zeros(len(parcels))
        column[shared.index.to_numpy()] = shared.area.to_numpy()
        covered.append(column)
    return np.column_stack(covered)


def _burn(place: Given, cell_m: float) -> tuple[NDArray[np.uint8], Transform]:
    from rasterio.features import rasterize  # noqa: PLC0415
    from rasterio.transform import from_origin  # noqa: PLC0415

    west, south, east, north = shapely.total_bounds(place[0])
    shape = int(np.ceil((north - south) / cell_m)), int(np.ceil((east - west) / cell_m))
    grid = from_origin(west, north, cell_m, cell_m)
    return rasterize(np.concatenate(place[1:]), shape, transform=grid, dtype="uint8"), grid


def with_raster(parcels: Geometries, areas: Geometries, buildings: Geometries, cell_m: float) -> Areas:
    """Burn the constraints in cells by their centre, and weigh cells by the exact share of each parcel in them."""
    import exactextract  # noqa: PLC0415
    from exactextract.raster import NumPyRasterSource  # noqa: PLC0415

    burnt, grid = _burn((parcels, areas, buildings), cell_m)
    n_rows, n_columns = burnt.shape
    bounds = {"xmin": grid.c, "ymax": grid.f, "xmax": grid.c + n_columns * cell_m, "ymin": grid.f - n_rows * cell_m}
    source = NumPyRasterSource(burnt, **bounds)
    sites = gpd.GeoDataFrame({"id": np.arange(len(parcels))}, geometry=parcels, crs=CRS)
    share = exactextract.exact_extract(source, sites, ["mean"], output="pandas")["mean"].to_numpy()
    return np.asarray(shapely.area(parcels) * (1.0 - share), dtype=np.float64)


def with_mask(parcels: Geometries, areas: Geometries, buildings: Geometries, cell_m: float) -> Areas:
    """Count free cells per parcel, both burnt by the centre of the cell, as GLAES masks do."""
    from rasterio.features import rasterize  # noqa: PLC0415

    burnt, grid = _burn((parcels, areas, buildings), cell_m)
    number = zip(parcels, range(1, len(parcels) + 1), strict=True)
    owner = rasterize(number, burnt.shape, transform=grid, dtype="int32")
    return np.bincount(owner[burnt == 0], minlength=len(parcels) + 1)[1:] * cell_m**2
