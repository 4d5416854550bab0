"""The stage that leaves pieces, and what it shares with the ledger: labels read in the rules' order, tests applied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from flexsites.arrays import BoolArray, FloatArray, GeometryArray, IntArray
from flexsites.config.rule_sets import PIECE_TESTS, PieceTests, TimeModel
from flexsites.config.rules import ExclusionRule, PlannedCapacity
from flexsites.exclusion.kernels.access_points import enter_pieces
from flexsites.exclusion.kernels.labels import join_labels, split_labels
from flexsites.exclusion.kernels.ledger import lift
from flexsites.exclusion.kernels.pieces import dissolve_pieces, fail_tests, first_plan_start, mark_areas
from flexsites.exclusion.kernels.plan_time import as_year, available_years
from flexsites.exclusion.kernels.verdicts import worst_coverage
from flexsites.exclusion.selection import select_plans
from flexsites.geometry.shapes import compactness, farthest_m, max_inscribed_width_m
from flexsites.tables import CRS, Faces, Frame, Layers, Parcels, Pieces, RuleCoverage, StreetLines
from flexsites.tables.contract import is_among
from flexsites.tables.stage import stage

_FAILURES = ("too_small", "too_thin", "landlocked")


@stage(takes=(Parcels, Faces, StreetLines, Layers, RuleCoverage), gives=Pieces)
def leave_pieces(
    parcels: Frame,
    faces: Frame,
    streets: Frame,
    layers: Frame,
    rule_coverage: Frame,
    *,
    rules: tuple[ExclusionRule, ...],
    tests: PieceTests,
    time: TimeModel,
) -> Frame:
    """Join what the rules leave of each site into contiguous pieces, test them and mark them.

    A variant gives its own rules: labels of other rules are passed over, and nothing is intersected again.

    Parameters
    ----------
    parcels, faces, streets, layers, rule_coverage
        Tables; of the layers only plan capacity is read, for the years that pieces are available.
    rules
        The rules as this variant reads them, in order.
    tests, time
        Piece tests and time model.
    """
    covers, takes = covers_of(faces, rules), takes_area(rules)
    left = np.flatnonzero(~(covers & takes).any(axis=1) & (faces["face_area_m2"] > 0).to_numpy(dtype=bool))
    shapes, face_site = _geometry(faces)[left], position_of(parcels, faces)[left]
    pieces, site, number = dissolve_pieces(shapes, face_site, len(parcels))
    site_id = parcels["site_id"].iloc[site].reset_index(drop=True)
    least, reference = float(tests.mark_area_m2), as_year(time.reference_date)
    coverage = _plan_coverage(site_id, rule_coverage, [r.rule_id for r in rules if isinstance(r, PlannedCapacity)])
    start, is_unknown = _plan_start(pieces, layers, rules, reference=reference, least_m2=least)
    columns: dict[str, Any] = {
        "piece_id": pd.Series([f"{name}#{k}" for name, k in zip(site_id, number, strict=True)], dtype="str"),
        "site_id": site_id,
        "piece_area_m2": shapely.area(pieces),
        "max_width_m": max_inscribed_width_m(
            pieces,
            tolerance_m=float(tests.width_tolerance_m),
            decide_at_m=float(tests.min_width_m),
            coarse_m=float(tests.width_coarse_m),
        ),
        "compactness": compactness(pieces),
        **_access(pieces, streets, tests),
        **_marks(_Left(shapes, face_site, covers[left], pieces, site), rules, least_m2=least),
        "available_years": available_years(
            start,
            (coverage == "covered") & ~is_unknown,
            reference=reference,
            preparation=float(time.preparation_years),
            term=float(time.term_years),
        ),
        "plan_coverage": pd.Series(coverage, dtype="str"),
    }
    frame: Frame = gpd.GeoDataFrame(columns, geometry=pieces, crs=CRS)
    failed = failures(frame, rule_coverage, tests)
    frame["is_valid"] = np.asarray(~failed.any(axis=1), dtype=bool)
    first = np.array([*_FAILURES, None], dtype=object)[np.where(failed.any(axis=1), failed.argmax(axis=1), -1)]
    frame["failed_test"] = pd.Series(first, dtype="str")
    return frame


def covers_of(faces: Frame, rules: tuple[ExclusionRule, ...]) -> BoolArray:
    """Return which rule covers which face once includes have lifted what they override; columns in rule order."""
    names = [rule.rule_id for rule in rules]
    place = {name: i for i, name in enumerate(names)}
    includes = [
        (i, [place[name] for name in rule.overrides if name in place])
        for i, rule in enumerate(rules)
        if rule.effect == "include"
    ]
    return lift(split_labels(faces["rules"].to_numpy(), names), includes)


def takes_area(rules: tuple[ExclusionRule, ...]) -> BoolArray:
    """Return which rules take area."""
    return np.array([rule.effect == "exclude" for rule in rules], dtype=bool)


def position_of(parcels: Frame, rows: Frame) -> IntArray:
    """Return the position of each row's site among the parcels."""
    return np.asarray(pd.Index(parcels["site_id"]).get_indexer(rows["site_id"]), dtype=np.int64)


def failures(pieces: Frame, rule_coverage: Frame, tests: PieceTests) -> BoolArray:
    """Return which piece fails which test, shape (n, 3), in the order of the tests."""
    known = rule_coverage[(rule_coverage["rule_id"] == PIECE_TESTS[2]) & (rule_coverage["coverage"] == "covered")]
    return fail_tests(
        pieces["piece_area_m2"].to_numpy(),
        pieces["max_width_m"].to_numpy(),
        pieces["road_distance_m"].to_numpy(),
        is_among(pieces["site_id"], known["site_id"]),
        min_area_m2=float(tests.min_area_m2),
        min_width_m=float(tests.min_width_m),
        road_reach_m=float(tests.road_reach_m),
    )


def has_access(pieces: Frame, tests: PieceTests) -> BoolArray:
    """Return which pieces are known to have the road access that is required; of a valid piece it may be unknown."""
    has_street = (pieces["road_distance_m"] <= float(tests.road_reach_m)).to_numpy(dtype=bool)
    return np.asarray(has_street | (not tests.road_required), dtype=bool)


def _geometry(rows: Frame) -> GeometryArray:
    return np.asarray(gpd.GeoSeries(rows["geometry"]).to_numpy(), dtype=object)


def _access(pieces: GeometryArray, streets: Frame, tests: PieceTests) -> dict[str, FloatArray]:
    is_usable = streets["is_car"].to_numpy(dtype=bool, na_value=False)
    is_usable &= (streets["road_kind"] == "street").to_numpy(dtype=bool)
    is_usable &= ~streets["road_class"].isin(list(tests.barred_road_classes)).to_numpy(dtype=bool)
    usable = streets[is_usable].sort_values("street_id", kind="stable")
    distance, point = enter_pieces(pieces, _geometry(usable), reach_m=float(tests.road_reach_m))
    return {
        "road_distance_m": distance,
        "access_x_m": shapely.get_x(point),
        "access_y_m": shapely.get_y(point),
        "farthest_interior_m": farthest_m(pieces, point),
    }


@dataclass(frozen=True, slots=True)
class _Left:
    """What the rules leave: faces and pieces, each with the position of its site, and which rule covers which face."""

    faces: GeometryArray
    face_site: IntArray
    covers: BoolArray
    pieces: GeometryArray
    site: IntArray


def _marks(left: _Left, rules: tuple[ExclusionRule, ...], *, least_m2: float) -> dict[str, pd.Series[Any]]:
    found = {}
    least = np.minimum(least_m2, shapely.area(left.pieces))[:, None]
    for column, effect in (("restrictions", "restrict"), ("flags", "flag")):
        place = [i for i, rule in enumerate(rules) if rule.effect == effect]
        areas = mark_areas(left.faces, left.face_site, left.covers[:, place], left.pieces, left.site)
        is_marked = (areas > 0) & (areas >= least)
        found[column] = pd.Series(join_labels(is_marked, [rules[i].rule_id for i in place]), dtype="str")
    return found


def _plan_coverage(site_id: pd.Series[Any], rule_coverage: Frame, names: list[str]) -> NDArray[np.object_]:
    rows = rule_coverage[rule_coverage["rule_id"].isin(names)]
    n_partly, n_not = (
        rows.loc[rows["coverage"] == kind, "site_id"].value_counts().reindex(site_id, fill_value=0)
        for kind in ("partly", "not")
    )
    return worst_coverage(np.asarray(n_partly, dtype=np.int64), np.asarray(n_not, dtype=np.int64), len(names))


def _plan_start(
    pieces: GeometryArray, layers: Frame, rules: tuple[ExclusionRule, ...], *, reference: float, least_m2: float
) -> tuple[FloatArray, BoolArray]:
    """Return the first year in which an excluding plan takes each piece, and where such a plan has no known start."""
    start, is_unknown = np.full(len(pieces), np.nan), np.zeros(len(pieces), dtype=bool)
    for rule in rules:
        if isinstance(rule, PlannedCapacity) and rule.effect == "exclude":
            plans, starts, ends = select_plans(layers, rule)
            is_open = ~(ends < np.floor(reference))
            year, unknown = first_plan_start(pieces, plans[is_open], starts[is_open], least_m2=least_m2)
            start, is_unknown = np.fmin(start, year), is_unknown | unknown
    return start, is_unknown
