"""Benchmark: coverage. Where each rule's source speaks about parcels and around them, beside overlays and joins."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from flexsites.exclusion.coverage import cover_rules
from flexsites.exclusion.kernels.spoken import COVERED, NOT, PARTLY, Spoken
from flexsites.exclusion.selection import select_unknown
from flexsites.tables import Frame
from tests.benchmarks._stages import SIZES, Assessed, assessed, compare, per_parcel
from tests.benchmarks.registry import SUBJECT, Measurements, benchmark

CRS = "EPSG:28992"
GAP_M = 60.0
N_LANDS = 4
BAR = 1e-9
"""Share of a parcel."""


def patchy(coverages: Frame) -> Frame:
    """Return coverages of which each leaves out a slanted strip, of four: sources of a country end somewhere."""
    frames = []
    for number, layer in enumerate(sorted(coverages["layer"].unique())):
        rows = coverages[coverages["layer"] == layer]
        west, south, east, north = rows.total_bounds
        x = west + (east - west) * (number % N_LANDS + 1) / (N_LANDS + 1)
        strip = shapely.LineString([(x - 200.0, south - 100.0), (x + 200.0, north + 100.0)]).buffer(GAP_M / 2)
        rows = rows.assign(geometry=rows.geometry.difference(strip)).explode(ignore_index=True)
        frames.append(rows.assign(coverage_id=[f"{one}/{i}" for i, one in enumerate(rows["coverage_id"])]))
    told: Frame = pd.concat(frames, ignore_index=True)
    return told


def given(country: Assessed) -> dict[str, Any]:
    """Return what the stage takes, and of every rule that coverage alone decides about its layer and its reach."""
    study, layers = country.study, country.around.layers
    alone = {
        rule.rule_id: (rule.layer_key, float(rule.reach_m))
        for rule in study.all_rules
        if rule.layer_key is not None
        and rule.where_layer is None
        and rule.kind not in ("listed", "in_use")
        and rule.is_everywhere
        and not len(select_unknown(layers, rule))
    }
    return {
        "tables": (country.parcels, patchy(country.around.coverages), layers),
        "figures": {"rules": study.all_rules, "tests": study.tests},
        "alone": alone,
    }


def own(inputs: dict[str, Any]) -> Spoken:
    """Say it of every rule and test."""
    return cover_rules(*inputs["tables"], **inputs["figures"])


def with_geopandas(inputs: dict[str, Any]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Say the same of most rules: an overlay per layer for shares, a join within the reach with what is left out."""
    parcels, coverages, _ = inputs["tables"]
    sites = gpd.GeoDataFrame({"row": np.arange(len(parcels))}, geometry=parcels.geometry.to_numpy(), crs=CRS)
    area = sites.area.to_numpy()
    shares: dict[str, np.ndarray] = {}
    found: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for rule_id, (layer, reach_m) in inputs["alone"].items():
        polygons = coverages.geometry.to_numpy()[(coverages["layer"] == layer).to_numpy()]
        if layer not in shares:
            shared = gpd.overlay(sites, gpd.GeoDataFrame(geometry=polygons, crs=CRS), keep_geom_type=True)
            shares[layer] = np.bincount(shared["row"], shared.area, minlength=len(sites)) / area
        share = shares[layer]
        is_whole = share > 1.0 - BAR
        if reach_m:
            window = shapely.box(*sites.total_bounds).buffer(2.0 * reach_m)
            gaps = gpd.GeoDataFrame(geometry=[window.difference(shapely.union_all(polygons))], crs=CRS)
            near = gpd.sjoin(sites, gaps, predicate="dwithin", distance=reach_m)
            is_whole &= ~np.isin(sites["row"].to_numpy(), near["row"].to_numpy())
        found[rule_id] = np.select([is_whole, share > 0.0], [COVERED, PARTLY], NOT), share
    return found


def difference(ours: Spoken, theirs: dict[str, tuple[np.ndarray, np.ndarray]]) -> str:
    """Compare word and share of every parcel and rule; refuse a difference."""
    codes, shares = ours.of_parcels(), ours.share[ours.combination]
    off = 0.0
    for rule_id, (code, share) in theirs.items():
        column = ours.rule_ids.index(rule_id)
        off = max(off, float(np.abs(shares[:, column] - share).max()))
        if off > BAR or not np.array_equal(codes[:, column], code):
            differ = int((codes[:, column] != code).sum())
            message = f"coverage of {rule_id}: {differ} parcels told otherwise, shares up to {off} off"
            raise ValueError(message)
    return f"{len(theirs)} rules, largest {off:.2g} of a parcel"


@benchmark(name="coverage", sizes=SIZES, unit="parcels")
def coverage(size: int) -> Measurements:
    """Where rules' sources speak, in full, in part or not, as far around parcels as each rule looks."""
    country = assessed(size)
    inputs = given(country)
    contenders = {SUBJECT: own, "geopandas, per layer": with_geopandas}
    comparison, done = compare("coverage", country, inputs, contenders, difference=difference)
    words = np.bincount(done[SUBJECT].result.of_parcels().ravel(), minlength=3)
    found = {"rules_compared": len(inputs["alone"]), "covered_partly_not": words.tolist()}
    return Measurements((comparison,), ("geopandas", "shapely"), per_parcel(comparison, country) | found)
