"""Benchmark: pieces. What rules leave of parcels joined, opened, tested and marked, beside a plain loop of buffers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely

from flexsites.exclusion.pieces import leave_pieces
from flexsites.tables import Frame
from tests.benchmarks._stages import SIZES, Assessed, assessed, compare, per_parcel
from tests.benchmarks.registry import SUBJECT, Measurements, benchmark

BAR_M2, SLIVER_M2 = 0.01, 1.0
"""How far what is left of a parcel may be off, and below what a piece is not counted: rounding leaves slivers."""


def given(country: Assessed) -> dict[str, Any]:
    """Return what the stage takes: its tables by position, its figures by name."""
    base, around, study = country.study.base, country.around, country.study
    tables = (country.parcels, around.neighbours, country.table("faces"), around.streets, around.layers)
    figures = {
        "spoken": country.spoken, "rules": base.rules, "tests": base.tests, "locations": study.locations,
        "time": base.time, "lane_m": base.least_lane_m,
    }  # fmt: skip
    return {"tables": tables, "figures": figures}


def own(inputs: dict[str, Any]) -> Frame:
    """Leave pieces of both readings, the land laid out for it included."""
    return leave_pieces(*inputs["tables"], **inputs["figures"])


def by_loop(inputs: dict[str, Any]) -> Frame:
    """Do the heart of it by a plain loop: unite, take apart, open; no entrances, no neighbours, no plans.

    One row per piece and reading: its parcel, its area, and how much of it a disc of the least width reaches.
    """
    parcels, _, faces, *_ = inputs["tables"]
    rules, width = inputs["figures"]["rules"], float(inputs["figures"]["tests"].min_width_m)
    effect = {rule.rule_id: rule.effect for rule in rules}
    if any(effect[name] == "include" for labels in faces["rules"] for name in labels):
        message = "some rule includes: what it lifts this loop does not know"
        raise ValueError(message)
    rows = []
    of_site = faces.groupby("site_id").indices
    for site in parcels["site_id"]:
        mine = faces.iloc[of_site.get(site, [])]
        for reading, taking in (("first", {"exclude"}), ("second", {"exclude", "restrict"})):
            is_left = [not any(effect[name] in taking for name in labels) for labels in mine["rules"]]
            left = shapely.union_all(mine.geometry.to_numpy()[np.array(is_left, dtype=bool)])
            for piece in shapely.get_parts(left):
                opened = piece.buffer(-width / 2).buffer(width / 2).intersection(piece)
                rows.append((site, reading, piece.area, opened.area))
    return pd.DataFrame(rows, columns=["site_id", "reading", "area_m2", "opened_m2"])


def difference(ours: Frame, theirs: Frame) -> str:
    """Compare area and number of pieces of every parcel, in both readings; refuse a difference."""
    told = []
    for reading, column in (("first", "is_with_consent"), ("second", "is_without_consent")):
        mine = ours[ours[column].to_numpy(dtype=bool) & (ours["piece_area_m2"] > SLIVER_M2).to_numpy()]
        other = theirs[(theirs["reading"] == reading) & (theirs["area_m2"] > SLIVER_M2)]
        sums = mine.groupby("site_id")["piece_area_m2"].agg(["sum", "size"])
        others = other.groupby("site_id")["area_m2"].agg(["sum", "size"])
        off = sums.sub(others, fill_value=0.0).abs().max()
        if off["sum"] > BAR_M2 or off["size"]:
            message = f"pieces of the {reading} reading: {off['sum']} m2 and {off['size']} pieces off on some parcel"
            raise ValueError(message)
        told.append(f"{len(mine)} pieces, largest {off['sum'] if len(mine) else 0.0:.2g} m2")
    return f"by parcel, first and second reading: {'; '.join(told)}"


@benchmark(name="pieces", sizes=SIZES, unit="parcels")
def pieces(size: int) -> Measurements:
    """Pieces of both readings, with their cores, entrances and marks; the loop unites and opens, and no more."""
    country = assessed(size)
    contenders = {SUBJECT: own, "shapely loop, no entrances": by_loop}
    comparison, _ = compare("pieces", country, given(country), contenders, difference=difference)
    return Measurements((comparison,), ("shapely",), per_parcel(comparison, country))
