"""Benchmark: exclusion. The remainder of parcels, and the whole ledger from labelled faces."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import shapely
from numpy.typing import NDArray

from flexsites.exclusion.kernels.faces import Constraint, has_rule, label_faces
from flexsites.exclusion.kernels.ledger import settle
from flexsites.geometry.lattice import subdivide
from tests.benchmarks import _exclusion_peers as peers
from tests.benchmarks._duckdb import try_duckdb
from tests.benchmarks._exclusion_ground import Ground, make, read, write
from tests.benchmarks._exclusion_peers import Areas, Geometries
from tests.benchmarks._exclusion_runs import Run, run_apart, run_here
from tests.benchmarks.measuring import Peer, find_peers
from tests.benchmarks.registry import SUBJECT, Absent, Comparison, Measurements, benchmark

DUCKDB = "DuckDB spatial"

PEERS = (
    Peer("geopandas overlay", "geopandas", "geopandas"),
    Peer("shapely STRtree", "shapely", "shapely"),
    Peer(DUCKDB, "duckdb_extension_spatial", "duckdb-extension-spatial", try_duckdb),
    Peer("SedonaDB", "sedonadb", "sedonadb", peers.try_sedonadb),
    Peer("exactextract", "exactextract", "exactextract"),
    Peer("rasterio mask", "rasterio", "rasterio"),
)
BLOCK_M = 4_000.0
"""Side of a block of parcels: 4,000 parcels at 250 to the km2."""

SIZES = (500, 100_000, 1_000_000)


def squares_of(parcels: Geometries) -> list[NDArray[np.intp]]:
    """Return the positions of parcels by square of the lattice, in their own order within each: compact, as cells are.

    In runs of the file's order a block would be as long as the land is wide, and its box hold ever more constraints.
    """
    bounds = shapely.bounds(parcels)
    square = np.floor((bounds[:, :2] + bounds[:, 2:]) / 2.0 / BLOCK_M)
    order = np.lexsort((square[:, 0], square[:, 1]))
    return np.split(order, np.flatnonzero((np.diff(square[order], axis=0) != 0).any(axis=1)) + 1)


def _blocks(
    place: Ground, rules: Sequence[Geometries], threads: int, work: Callable[[Geometries, list[Constraint]], Areas]
) -> Areas:
    """Work through the parcels in blocks, as cells do: each reads the constraints near it, in order."""
    trees = [shapely.STRtree(polygons) for polygons in rules]
    squares = squares_of(place.parcels)

    def one(rows: NDArray[np.intp]) -> Areas:
        block = place.parcels[rows]
        near = shapely.box(*shapely.total_bounds(block))
        return work(block, [Constraint(i, tree.geometries[np.sort(tree.query(near))]) for i, tree in enumerate(trees)])

    with ThreadPoolExecutor(threads) as pool:
        found = np.concatenate(list(pool.map(one, squares)))
    areas = np.empty_like(found)
    areas[np.concatenate(squares)] = found
    return areas


def left_of(block: Geometries, constraints: list[Constraint]) -> Areas:
    faces = label_faces(block, constraints, 1)
    is_left = ~has_rule(faces.labels, 1)[:, 0]
    return np.bincount(faces.parcel[is_left], faces.area_m2[is_left], minlength=len(block))


def _booked(block: Geometries, constraints: list[Constraint]) -> Areas:
    n_rules = len(constraints)
    faces = label_faces(block, constraints, n_rules)
    covers, takes = has_rule(faces.labels, n_rules), np.ones(n_rules, dtype=bool)
    account = settle(faces.parcel, faces.area_m2, covers, takes, len(block))
    return np.hstack([account.covered_m2, account.attributed_m2, account.unique_m2])


def remainder(place: Ground, threads: int) -> Areas:
    """What all constraints together leave of every parcel; the cut counts."""
    cut, _, _ = subdivide(place.areas)
    return _blocks(place, [np.concatenate([cut, place.buildings])], threads, left_of)


def ledger(place: Ground, threads: int) -> Areas:
    """Covered, attributed and unique area of two rules, from labelled faces; the cut counts."""
    cut, _, _ = subdivide(place.areas)
    return _blocks(place, [cut, place.buildings], threads, _booked)


def ledger_of_three(place: Ground, threads: int) -> Areas:
    """Do the same for three rules, of which two are large areas that overlap."""
    rules = [*(subdivide(polygons)[0] for polygons in (place.areas, place.zones)), place.buildings]
    return _blocks(place, rules, threads, _booked)


def duckdb_ledger_of_three(place: Ground, threads: int) -> Areas:
    """Do that with DuckDB; the cut counts, in parts that suit it."""
    cut = [subdivide(polygons, max_vertices=peers.CUT)[0] for polygons in (place.areas, place.zones)]
    return peers.ledger_with_duckdb(place.parcels, [*cut, place.buildings], threads)


def floor(place: Ground, threads: int) -> Areas:  # noqa: ARG001 - all contenders are called alike
    """The least that any way must do: one index over the parcels and one query by the cut constraints."""
    cut, _, _ = subdivide(place.areas)
    shapely.STRtree(place.parcels).query(np.concatenate([cut, place.buildings]), predicate="intersects")
    return shapely.area(place.parcels)


def _peer(work: Callable[..., Areas], *fixed: float) -> Callable[[Ground, int], Areas]:
    def run(place: Ground, threads: int) -> Areas:
        return work(place.parcels, place.areas, place.buildings, *(fixed or (threads,)))

    return run


OF_THREE = {SUBJECT: "flexsites ledger of three rules", DUCKDB: "DuckDB ledger of three rules"}

CONTENDERS: Mapping[str, Callable[[Ground, int], Areas]] = {
    SUBJECT: remainder,
    "geopandas overlay": _peer(peers.with_geopandas),
    "shapely STRtree": _peer(peers.with_strtree),
    DUCKDB: _peer(peers.with_duckdb),
    "SedonaDB": _peer(peers.with_sedonadb),
    "flexsites ledger": ledger,
    OF_THREE[SUBJECT]: ledger_of_three,
    OF_THREE[DUCKDB]: duckdb_ledger_of_three,
    "geopandas overlay per rule": _peer(peers.with_overlay_per_rule),
    "floor: index and query": floor,
} | {
    f"{name}, {cell_m} m": _peer(work, float(cell_m))
    for cell_m in (25, 10, 5)
    for name, work in (("exactextract", peers.with_raster), ("rasterio mask", peers.with_mask))
}
"""What can be run alone in a process, by name."""

EXACT = ("geopandas overlay", "shapely STRtree", DUCKDB, "SedonaDB")
CELLS_M = {SIZES[0]: ("10",), SIZES[1]: ("25", "10", "5"), SIZES[2]: ("25", "10")}
"""Cells of the rasters by size; 5 m over 4,000 km2 would not fit in memory with what the tools add to it."""


def run_alone(folder: str, name: str, threads: int) -> None:
    """Run one contender on the ground in a folder and leave there what it took and found: a process of its own."""
    opened = functools.partial(read, third=name in OF_THREE.values())
    run_here(functools.partial(CONTENDERS[name], threads=threads), folder, opened)


def _difference(run: Run, own: Run, area_m2: Areas) -> tuple[str, int]:
    """Tell how far an answer is from ours, and on how many parcels beyond the bar."""
    off = np.abs(run.result - own.result).reshape(len(area_m2), -1)
    n_off = int((off.max(axis=1) > np.maximum(0.01, 1e-6 * area_m2)).sum())
    share = 100.0 * off.sum() / off.shape[1] / area_m2.sum()
    return f"largest {off.max():.2g} m2, {n_off} parcels beyond the bar, {share:.2g} % of the area", n_off


def _compare(
    title: str, runs: Mapping[str, Run], area_m2: Areas, absent: tuple[Absent, ...] = (), *, is_exact: bool = True
) -> Comparison:
    """Compare what each took and found.

    Raises
    ------
    ValueError
        If exact ways differ beyond the bar: what they took is not of the same work.
    """
    own = runs[SUBJECT]
    found = {name: _difference(run, own, area_m2) for name, run in runs.items() if name != SUBJECT}
    if is_exact and any(n_off for _, n_off in found.values()):
        message = f"{title}: the answers differ: {found}"
        raise ValueError(message)
    return Comparison(
        title,
        {name: run.timing(cpu="CPU" in title) for name, run in runs.items()},
        {name: run.peak for name, run in runs.items()},
        absent,
        {name: told for name, (told, _) in found.items()},
    )


@benchmark(name="exclusion", sizes=SIZES, unit="parcels")
def exclusion(size: int) -> Measurements:
    """Exact remainder and ledger of parcels under large areas and buildings."""
    present, absent = find_peers(PEERS)
    absent = (*absent, Absent("PostGIS", "-", "a server of its own; measured apart, see EXCLUSION.md"))
    exact = [name for name in EXACT if name in present]
    with tempfile.TemporaryDirectory() as folder:
        notes = write(make(size), folder)
        area_m2 = shapely.area(read(folder).parcels)
        one = {name: run_apart(run_alone, folder, name, 1) for name in (SUBJECT, *exact)}
        # at the smallest size, which tests run, two threads only start up and stop
        two = {name: run_apart(run_alone, folder, name, 2) for name in ((SUBJECT, *exact) if size > SIZES[0] else ())}
        comparisons = [
            _compare("remainder, overlaps counted once, one thread, CPU seconds", one, area_m2, absent),
            _compare("remainder, overlaps counted once, one thread, wall seconds", one, area_m2, absent),
        ]
        if two:
            comparisons.append(
                _compare("remainder, overlaps counted once, two threads, wall seconds", two, area_m2, absent)
            )
        comparisons += [_ledger(folder), _ledger_of_three(folder, area_m2, present, absent)]
        comparisons += [_rasters(folder, size, one[SUBJECT], area_m2, present)]
        notes |= _floor(folder, one[SUBJECT])
        notes |= _scaling(folder, size // 10) if size > 10 * SIZES[0] else {}
    packages = ("shapely", "geopandas", "duckdb", "duckdb-extension-spatial", "sedonadb", "exactextract", "rasterio")
    return Measurements(tuple(comparisons), packages, notes | {"geos": shapely.geos_version_string})


def _ledger(folder: str) -> Comparison:
    """The whole ledger against one overlay per rule, which yields the covered areas only."""
    own = run_apart(run_alone, folder, "flexsites ledger", 1)
    other = run_apart(run_alone, folder, "geopandas overlay per rule", 1)
    off = np.abs(other.result - own.result[:, :2]).max()
    runs = {SUBJECT: own, "geopandas overlay per rule": other}
    return Comparison(
        "whole ledger against one overlay per rule, one thread, CPU seconds",
        {name: run.timing(cpu=True) for name, run in runs.items()},
        {name: run.peak for name, run in runs.items()},
        differences={"geopandas overlay per rule": f"largest {off:.2g} m2"},
    )


def _ledger_of_three(folder: str, area_m2: Areas, present: tuple[str, ...], absent: tuple[Absent, ...]) -> Comparison:
    """All that the ledger tells of three rules, beside the same in SQL."""
    runs = {name: run_apart(run_alone, folder, OF_THREE[name], 1) for name in OF_THREE if name in (SUBJECT, *present)}
    missing = tuple(one for one in absent if one.name in OF_THREE)
    return _compare("whole ledger of three rules, one thread, CPU seconds", runs, area_m2, missing)


def _rasters(folder: str, size: int, own: Run, area_m2: Areas, present: tuple[str, ...]) -> Comparison:
    """Raster peers: their time against their error."""
    runs = {SUBJECT: own}
    cells = CELLS_M[max(known for known in SIZES if known <= max(size, SIZES[0]))]
    for name in CONTENDERS:
        tool, _, cell = name.partition(", ")
        if tool in present and cell.removesuffix(" m") in cells:
            runs[name] = run_apart(run_alone, folder, name, 1)
    return _compare("remainder, against rasters, one thread, CPU seconds", runs, area_m2, is_exact=False)


def _floor(folder: str, own: Run) -> dict[str, object]:
    least = run_apart(run_alone, folder, "floor: index and query", 1)
    from_file = least.around_cpu_s + least.timing(cpu=True).median_s
    whole = own.around_cpu_s + own.timing(cpu=True).median_s
    return {
        "floor_cpu_seconds (read, decode, cut, one index query, write)": round(from_file, 2),
        "read_decode_write_cpu_seconds": round(least.around_cpu_s, 2),
        "from_file_to_file_over_floor": round(whole / from_file, 2),
    }


def _scaling(folder: str, smaller: int) -> dict[str, object]:
    """Time per parcel here over that at a tenth of the size, both at the same time: a busy machine is so for both."""
    with tempfile.TemporaryDirectory() as other, ThreadPoolExecutor(2) as pool:
        notes = write(make(smaller), other)
        here, there = pool.map(lambda place: run_apart(run_alone, place, SUBJECT, 1), (folder, other))
    per_parcel = [run.timing(cpu=True).median_s / len(run.result) for run in (here, there)]
    ratio = round(per_parcel[0] / per_parcel[1], 3)
    return {"cpu_per_parcel_over_that_of_a_tenth": ratio, "parcels_of_a_tenth": notes["parcels"]}
