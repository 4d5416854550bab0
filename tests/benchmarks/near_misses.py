"""Benchmark: near misses. Which soft rule alone keeps a parcel from being eligible, and what it would then have."""

from __future__ import annotations

from typing import Any

from flexsites.exclusion.near_misses import near_misses as find_near_misses
from flexsites.exclusion.pieces import leave_pieces, open_land, together_by_id
from flexsites.exclusion.verdict import decide
from flexsites.tables import Frame
from tests.benchmarks import pieces
from tests.benchmarks._stages import SIZES, Assessed, assessed, compare, per_parcel
from tests.benchmarks.registry import SUBJECT, Measurements, benchmark


def given(country: Assessed) -> dict[str, Any]:
    """Return what the stage takes: what pieces take, the land as they leave it, and the verdicts."""
    inputs = pieces.given(country)
    tables, figures = inputs["tables"], inputs["figures"]
    parcels, neighbours, faces, streets, layers = tables
    # As in a run: rules of all readings, and what the pieces of the base found of the land is remembered.
    land = open_land(
        together_by_id(parcels, neighbours), faces, streets, layers, rules=country.study.all_rules,
        tests=figures["tests"], locations=figures["locations"], lane_m=figures["lane_m"],
    )  # fmt: skip
    found = leave_pieces(*tables, **figures, land=land)
    exclusions = decide(parcels, found, spoken=figures["spoken"], rules=figures["rules"])
    soft = country.study.rule_set.soft_classes
    return {"tables": (*tables, exclusions), "figures": figures | {"soft": soft, "land": land}}


def own(inputs: dict[str, Any]) -> Frame:
    """Find them."""
    return find_near_misses(*inputs["tables"], **inputs["figures"])


@benchmark(name="near_misses", sizes=SIZES, unit="parcels")
def near_misses(size: int) -> Measurements:
    """Near misses of every soft rule, after the pieces of the base; no peer does this."""
    country = assessed(size)
    comparison, done = compare("near misses", country, given(country), {SUBJECT: own})
    found = {"near_misses": len(done[SUBJECT].result)}
    if found["near_misses"] != len(country.table("near_misses")):
        message = f"{found['near_misses']} near misses alone, {len(country.table('near_misses'))} in the run"
        raise ValueError(message)
    return Measurements((comparison,), (), per_parcel(comparison, country) | found)
