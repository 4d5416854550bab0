"""Benchmark: parcels from a GeoPackage to a canonical table, and windows of a few kilometres read back."""

from __future__ import annotations

import tempfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from flexsites.config.sources import Sources
from flexsites.inputs.prepare import prepare
from flexsites.tables.spatial_files import read_window
from tests.benchmarks._duckdb import spatial_base, try_duckdb
from tests.benchmarks.measuring import Peer, find_peers, interleave, measure_peak
from tests.benchmarks.registry import Comparison, Measurements, benchmark

PEERS = (Peer("duckdb", "duckdb_extension_spatial", "duckdb-extension-spatial", try_duckdb),)
PART = 100_000
WINDOW_M = 5_000.0
N_WINDOWS = 20
BOUNDS_M = (20_000.0, 320_000.0, 260_000.0, 600_000.0)
ABOUT = {"title": "synthetic", "provider": "none", "licence": "CC0", "attribution": "none", "edition": "1"}


def make_source(size: int, folder: Path) -> Path:
    """Write parcels as a register delivers them: seven corners, in no order, an id and three columns."""
    path = folder / f"parcels-{size}.gpkg"
    rng = np.random.default_rng(size)
    angles = np.linspace(0, 2 * np.pi, 7, endpoint=False)
    for start in range(0, size, PART):
        n = min(PART, size - start)
        x, y = rng.uniform(BOUNDS_M[0], BOUNDS_M[2], n), rng.uniform(BOUNDS_M[1], BOUNDS_M[3], n)
        radius = rng.uniform(5, 40, (n, 7))
        corners = np.stack([x[:, None] + radius * np.cos(angles), y[:, None] + radius * np.sin(angles)], axis=-1)
        shapes = shapely.polygons(np.concatenate([corners, corners[:, :1]], axis=1))
        columns = {
            "identificatie": [f"NL.{number:012d}" for number in range(start, start + n)],
            "grootte": shapely.area(shapes).round(),
            "sectie": rng.choice(list("ABCDEFGH"), n),
            "nummer": rng.integers(1, 9_999, n),
        }
        frame = gpd.GeoDataFrame(columns, geometry=shapes, crs=28992)
        pyogrio.write_dataframe(frame, path, append=start > 0)
    return path


def with_flexsites(source: Path, folder: Path) -> Path:
    """Read, check, mend, sort and write; nothing remembered of an earlier repeat."""
    for leftover in folder.glob("*.*"):
        leftover.unlink()
    row = {
        "reader": "vector", "about": ABOUT, "path": str(source), "id_column": "identificatie",
        "rename": {"grootte": "registered_area_m2"},
    }  # fmt: skip
    sources = Sources.model_validate({"parcels": row})
    return prepare(sources, directory=folder, base=folder).tables["parcels"]


def with_geopandas(source: Path, folder: Path) -> Path:
    """Do the same in memory: read, mend, sort along a Hilbert curve, write with bounding boxes."""
    frame = gpd.read_file(source, use_arrow=True)
    if not frame["identificatie"].is_unique:
        message = "double ids"
        raise ValueError(message)
    frame["geometry"] = frame.geometry.make_valid()
    frame["parcel_area_m2"] = frame.area
    frame = frame.iloc[np.argsort(frame.hilbert_distance().to_numpy(), kind="stable")]
    path = folder / "geopandas.parquet"
    frame.to_parquet(path, index=False, compression="zstd", row_group_size=8_192, write_covering_bbox=True)
    return path


def with_duckdb(source: Path, folder: Path) -> Path:
    """Do the same with DuckDB's spatial extension."""
    path = folder / "duckdb.parquet"
    box = f"ST_MakeEnvelope({', '.join(map(str, BOUNDS_M))})"
    with spatial_base() as base:
        base.execute(
            f"COPY (SELECT identificatie, grootte, ST_Area(g) AS parcel_area_m2, g AS geometry FROM "  # noqa: S608
            f"(SELECT *, ST_MakeValid(geom) AS g FROM ST_Read('{source}')) "
            f"ORDER BY ST_Hilbert(g, ST_Extent({box}))) "
            f"TO '{path}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 8192)"
        )
    return path


def run_flexsites(source: str) -> None:
    """Prepare alone in a fresh process."""
    with tempfile.TemporaryDirectory() as folder:
        with_flexsites(Path(source), Path(folder))


def run_geopandas(source: str) -> None:
    """Do the same in memory, alone in a fresh process."""
    with tempfile.TemporaryDirectory() as folder:
        with_geopandas(Path(source), Path(folder))


def windows() -> list[tuple[float, float, float, float]]:
    """Return windows as cells ask for them, spread over the extent."""
    rng = np.random.default_rng(1)
    x = rng.uniform(BOUNDS_M[0], BOUNDS_M[2] - WINDOW_M, N_WINDOWS)
    y = rng.uniform(BOUNDS_M[1], BOUNDS_M[3] - WINDOW_M, N_WINDOWS)
    return [(float(a), float(b), float(a + WINDOW_M), float(b + WINDOW_M)) for a, b in zip(x, y, strict=True)]


def _require_equal(ours: pd.DataFrame, theirs: pd.DataFrame, name: str) -> str:
    mine = ours.set_index("site_id")["parcel_area_m2"].sort_index()
    other = theirs.set_index("identificatie")["parcel_area_m2"].sort_index()
    difference = float(np.abs(mine.to_numpy() - other.to_numpy()).max())
    if list(mine.index) != list(other.index) or difference > 1e-3:
        message = f"{name} gives other parcels (largest difference of area {difference} m2)"
        raise ValueError(message)
    return f"{difference:.1e} m2"


@benchmark(name="ingest", sizes=(2_000, 10_000, 100_000, 1_000_000), unit="parcels")
def ingest(size: int) -> Measurements:
    """Read parcels from a GeoPackage, check, mend and sort them, write a canonical table; read windows back."""
    present, absent = find_peers(PEERS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = make_source(size, folder)
        places = {each: folder / each for each in ("flexsites", "geopandas", "duckdb")}
        for place in places.values():
            place.mkdir()
        work = {
            "flexsites": lambda: with_flexsites(source, places["flexsites"]),
            "geopandas in memory": lambda: with_geopandas(source, places["geopandas"]),
        }
        if "duckdb" in present:
            work["duckdb"] = lambda: with_duckdb(source, places["duckdb"])
        written = interleave(work, 3)
        ours, theirs = (Path(str(written[each].result)) for each in ("flexsites", "geopandas in memory"))
        differences = {"geopandas in memory": _require_equal(read_window(ours), gpd.read_parquet(theirs), "geopandas")}
        if "duckdb" in present:
            found = pd.read_parquet(str(written["duckdb"].result), columns=["identificatie", "parcel_area_m2"])
            differences["duckdb"] = _require_equal(read_window(ours), found, "duckdb")
        peaks = {
            "flexsites": measure_peak(run_flexsites, str(source)),
            "geopandas in memory": measure_peak(run_geopandas, str(source)),
        }
        boxes = windows()
        read = interleave(
            {
                "flexsites": lambda: [len(read_window(ours, box)) for box in boxes],
                "geopandas": lambda: [len(gpd.read_parquet(theirs, bbox=box)) for box in boxes],
                "geopackage index": lambda: [len(pyogrio.read_dataframe(source, bbox=box)) for box in boxes],
            },
            3,
        )
        counts = {each: timing.result for each, timing in read.items()}
        if counts["flexsites"] != counts["geopandas"]:
            message = f"windows hold other parcels: {counts}"
            raise ValueError(message)
        window_name = f"{N_WINDOWS} windows of {WINDOW_M / 1000:g} km"
        return Measurements(
            (
                Comparison("GeoPackage to canonical table", written, peaks, absent, differences),
                Comparison(window_name, read, {}, (), {"geopandas": "equal"}),
            ),
            packages=("geopandas", "pyogrio", "pyarrow", "shapely", "duckdb"),
        )
