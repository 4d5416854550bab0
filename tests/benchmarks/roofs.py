"""Benchmark: buildings through the roof rules, chunk by chunk, at bounded memory."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
import yaml

from flexsites.capacity.roofs import roof_reasons, roof_units, top_up
from flexsites.config.roofs import TopUpRules, assemble
from flexsites.config.sources import Sources
from flexsites.inputs.prepare import Request, prepare
from flexsites.tables import Buildings, Frame, RoofParts, conform, empty
from tests.benchmarks.measuring import PROJECT, interleave, measure_peak
from tests.benchmarks.registry import Comparison, Measurements, Timing, benchmark

CHUNK = 100_000
"""Buildings that one task holds, as many as a dense cell has."""

LOOP_LIMIT = 20_000
"""Above this the plain loop is left out: it does one building at a time."""

FILES_LIMIT = 1_000_000
"""Above this the files of the sources are not made: writing them takes longer than everything else."""

# Sheds, houses, flats, halls: share of the stock, mean length and depth in m, mean height in m, chance of a flat roof.
KINDS = (
    (0.42, 6.0, 4.0, 2.8, 0.6),
    (0.50, 11.0, 7.0, 8.0, 0.1),
    (0.05, 50.0, 11.0, 13.0, 0.8),
    (0.03, 40.0, 30.0, 7.0, 0.8),
)


@cache
def rules() -> TopUpRules:
    """Return the rules as the project ships them."""
    folder = Path(PROJECT) / "configs" / "rules" / "optoppen"
    return assemble({path.stem: yaml.safe_load(path.read_text()) for path in folder.glob("*.yaml")})


def make_stock(size: int, seed: int) -> Frame:
    """Return synthetic buildings in the proportions of the register: 10 % lack a height, some years are unknown."""
    rng = np.random.default_rng(seed)
    shares, lengths, depths, heights, flats = (np.array(column) for column in zip(*KINDS, strict=True))
    kind = rng.choice(len(KINDS), size, p=shares)
    length, depth = lengths[kind] * rng.uniform(0.6, 1.6, size), depths[kind] * rng.uniform(0.7, 1.4, size)
    angle, x, y = rng.uniform(0, np.pi, size), rng.uniform(2e4, 2.7e5, size), rng.uniform(3.1e5, 6.1e5, size)
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]])
    local = corners[None] * np.stack([length, depth], axis=1)[:, None]
    turn = np.stack([np.stack([np.cos(angle), -np.sin(angle)], -1), np.stack([np.sin(angle), np.cos(angle)], -1)], 1)
    shapes = shapely.polygons(np.einsum("nij,nkj->nki", turn, local) + np.stack([x, y], axis=1)[:, None])
    area, is_flat = length * depth, rng.random(size) < flats[kind]
    height = heights[kind] * rng.uniform(0.6, 1.8, size)
    height[rng.random(size) < 0.10] = np.nan
    flat = np.where(np.isnan(height), np.nan, area * np.where(is_flat, rng.uniform(0.7, 1.0, size), 0.1))
    dwellings = np.select([kind == 1, kind == 2], [np.ones(size), np.round(area * height / 250)], 0.0)
    columns = {
        "bag_pand_id": pd.Series(np.arange(size) + seed * CHUNK).astype("str").str.zfill(10).radd("199910"),
        "geometry": shapes,
        "year_built": pd.Series(np.where(rng.random(size) < 0.01, np.nan, rng.integers(1900, 2024, size))),
        "n_dwellings": pd.Series(np.where(np.isnan(dwellings), 6, dwellings)),
        "building_height_m": height,
        "roof_flat_area_m2": flat,
        "roof_sloped_area_m2": area - flat,
    }
    frame = pd.DataFrame(columns).reindex(columns=Buildings.columns)
    return conform(gpd.GeoDataFrame(frame, geometry="geometry", crs=28992), Buildings, where="benchmark")


def assess(stock: Frame) -> dict[str, int]:
    """Return verdicts and homes after all three stages of the roofs."""
    roofs = top_up(stock, empty(RoofParts), rules=rules())
    units = roof_units(roofs, rules=rules())
    reasons = roof_reasons(roofs, rules=rules())
    # Without the lift, which decides in the headline: the loop knows no entrances.
    counted = units.loc[(units["age_rule"] == "stec_2023") & (units["roof_variant"] == "permanent_cost")]
    counts = {str(verdict): int(n) for verdict, n in counted["verdict"].value_counts().items()}
    homes = int(counted["n_units_expected"].sum())
    return {**counts, "homes_by_area": homes, "n_unit_rows": len(units), "n_reason_rows": len(reasons)}


def assess_by_loop(stock: Frame) -> dict[str, int]:
    """Return the same verdicts and homes by area, one building at a time: the base rule written out plainly."""
    counts = dict.fromkeys(("eligible", "excluded", "unknown", "homes_by_area"), 0)
    columns = [
        "geometry", "year_built", "building_height_m", "roof_flat_area_m2", "roof_sloped_area_m2", "n_dwellings",
    ]  # fmt: skip
    for shape, year, height, flat, sloped, dwellings in zip(*(stock[name] for name in columns), strict=True):
        share = flat / (flat + sloped)
        storeys = 0 if pd.isna(year) else 2 if year >= 1992 else 1 if year >= 1965 else 0
        usable = shape.buffer(-3.5, join_style="mitre").buffer(2.5, join_style="mitre").area * 0.95 * share
        # A known failure outranks what is missing; what is null compares as no failure.
        fails = share < 0.75 or flat < 200 or usable < 200 or bool(dwellings == 0) or shape.area < 200
        if fails or (not pd.isna(year) and storeys == 0):
            counts["excluded"] += 1
            continue
        if pd.isna(year) or np.isnan(height) or np.isnan(flat):
            counts["unknown"] += 1
            continue
        counts["eligible"] += 1
        counts["homes_by_area"] += int(storeys * usable * 0.78 / 50 + 1e-9)
    return counts


def assess_chunk(number: int, size: int) -> dict[str, int]:
    """Make one chunk of the country and assess it."""
    return assess(make_stock(size, number))


def assess_country(size: int, workers: int = 2) -> dict[str, int]:
    """Assess a country of so many buildings, chunk by chunk, on so many processes; making them counts too."""
    sizes = [min(CHUNK, size - start) for start in range(0, size, CHUNK)]
    if workers == 1 or len(sizes) == 1:
        found = [assess_chunk(number, n) for number, n in enumerate(sizes)]
    else:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            found = list(pool.map(assess_chunk, range(len(sizes)), sizes))
    return {name: sum(one.get(name, 0) for one in found) for name in found[0]}


def run_alone(size: int) -> None:
    """Assess in this process alone, for its peak memory."""
    assess_country(min(size, 3 * CHUNK), workers=1)


def write_sources(folder: Path, size: int, make: Callable[[int, int], Frame] = make_stock) -> None:
    """Write the stock as its sources deliver it: panden and 3DBAG as GeoPackage, units as a table."""
    units = []
    for number, start in enumerate(range(0, size, CHUNK)):
        stock = make(min(CHUNK, size - start), number)
        panden = gpd.GeoDataFrame(
            {"identificatie": stock["bag_pand_id"], "bouwjaar": stock["year_built"].fillna(9999).astype("int64")},
            geometry=stock.geometry,
            crs=28992,
        ).assign(status="Pand in gebruik")
        pyogrio.write_dataframe(panden, folder / "bag.gpkg", layer="pand", append=number > 0)
        roofs = panden[["identificatie", "geometry"]].assign(
            b3_h_maaiveld=0.0,
            b3_h_dak_50p=stock["building_height_m"],
            b3_opp_dak_plat=stock["roof_flat_area_m2"],
            b3_opp_dak_schuin=stock["roof_sloped_area_m2"],
            b3_dak_type="slanted",
        )
        pyogrio.write_dataframe(roofs, folder / "3dbag.gpkg", layer="pand", append=number > 0)
        ids = stock["bag_pand_id"].repeat(stock["n_dwellings"].astype("int64")).reset_index(drop=True)
        other = ids.shift(-1).fillna(ids)
        refs = ("{" + ids + "}").where(ids.index % 20 != 0, "{" + ids + "," + other + "}")
        units.append(pd.DataFrame({"pandref": refs}))
    table = pd.concat(units, ignore_index=True).assign(gebruiksdoel="woonfunctie", oppervlakte=75)
    table["identificatie"] = pd.Series(table.index).astype("str").str.zfill(10).radd("199901")
    table.assign(status="Verblijfsobject in gebruik").to_parquet(folder / "units.parquet")


def prepare_alone(folder: str) -> None:
    """Read and join the stock of a folder into its canonical table."""
    about = {"title": "t", "provider": "p", "licence": "l", "attribution": "a", "edition": "2026"}
    row = {"about": about, "reader": "vector"}
    stock = {
        "bag_panden": {**row, "path": f"{folder}/bag.gpkg"},
        "verblijfsobjecten": {**row, "path": f"{folder}/units.parquet"},
        "roofs_3d": {**row, "reader": "bag3d", "path": f"{folder}/3dbag.gpkg"},
    }
    with TemporaryDirectory(dir=folder) as out:
        given = Sources.model_validate({"buildings": stock})
        prepare(given, directory=Path(out), base=Path(folder), request=Request(with_stock=True))


def prepared(size: int) -> Comparison:
    """Measure the way from the sources' files to the canonical table."""
    with TemporaryDirectory() as folder:
        write_sources(Path(folder), size)
        timings = interleave({"flexsites": lambda: prepare_alone(folder)}, repeats=1, warm=False)
        peaks = {"flexsites": measure_peak(prepare_alone, folder)}
    return Comparison("BAG and 3DBAG read from their files and joined, one process", timings, peaks)


@benchmark(name="roofs", sizes=(200, 2_000, 100_000, 1_000_000, 11_000_000), unit="buildings")
def roofs(size: int) -> Measurements:
    """Answer every rule, age rule and variant for a synthetic stock, on two processes."""
    peaks = {"flexsites": measure_peak(run_alone, size)}
    if size > LOOP_LIMIT:
        before = os.times()
        timings = interleave({"flexsites": lambda: assess_country(size)}, repeats=1, warm=False)
        # What idle cores would need: wall time on a busy machine says more of the machine.
        cpu_s = sum(os.times()[:4]) - sum(before[:4])
        whole = Comparison("all rules and variants, two processes, making the buildings included", timings, peaks)
        told = {"peak_of": "one process over three chunks", "cpu_seconds": round(cpu_s, 1)}
        files = (prepared(size),) if size <= FILES_LIMIT else ()
        return Measurements((whole, *files), notes={**told, **_told(timings["flexsites"])})
    stock = make_stock(size, 0)
    timings = interleave({"flexsites": lambda: assess(stock), "plain loop": lambda: assess_by_loop(stock)}, repeats=3)
    ours, theirs = timings["flexsites"].result, timings["plain loop"].result
    assert isinstance(ours, dict)
    assert isinstance(theirs, dict)
    if any(ours.get(name, 0) != theirs[name] for name in theirs):
        message = f"the answers differ: flexsites {ours}, plain loop {theirs}"
        raise ValueError(message)
    name = "one process; the loop answers only the base rule of twelve"
    same = Comparison(name, timings, peaks, differences={"plain loop": "equal"})
    return Measurements((same,), notes=_told(timings["flexsites"]))


def _told(timing: Timing) -> dict[str, object]:
    result = timing.result
    return dict(result) if isinstance(result, dict) else {}
