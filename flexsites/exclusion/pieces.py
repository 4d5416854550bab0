"""The stage that leaves pieces: what two readings of the rules leave of parcels, tested and marked. Source: METHOD 0.

The first reading takes what excludes; in the second every rule that asks consent excludes as well. A piece that both
leave alike is one row; where they differ each has rows of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely

from flexsites.arrays import BoolArray, GeometryArray, IntArray, ListArray, lists
from flexsites.config.rule_sets import PIECE_TESTS, LocationModel, PieceTests, TimeModel
from flexsites.config.rules import ExclusionRule, PlannedCapacity
from flexsites.exclusion.barriers import barriers_of, ways_of
from flexsites.exclusion.both_readings import join_readings
from flexsites.exclusion.kernels.labels import has_label, list_labels
from flexsites.exclusion.kernels.land import Land, Limits
from flexsites.exclusion.kernels.ledger import lift
from flexsites.exclusion.kernels.pieces import mark_areas, meet_plans
from flexsites.exclusion.kernels.plan_time import available_years
from flexsites.exclusion.kernels.spoken import COVERED, Spoken
from flexsites.exclusion.kernels.tested import PASSES, Tested, read_land
from flexsites.exclusion.kernels.verdicts import joint_coverage
from flexsites.exclusion.selection import bears_on, geometry_of, open_plans
from flexsites.geometry.nearness import Near
from flexsites.geometry.robust import NOISE_M2
from flexsites.geometry.shapes import compactness, farthest_m
from flexsites.tables import Faces, Frame, Layers, Parcels, Pieces, StreetLines
from flexsites.tables.contract import with_shapes
from flexsites.tables.stage import stage, step

FAILURES = ("too_small", "too_thin", "enclosed", "landlocked")
"""What a piece that fails is called, in the order of the tests."""


@stage(takes=(Parcels, Parcels, Faces, StreetLines, Layers), gives=Pieces)
def leave_pieces(
    parcels: Frame,
    neighbours: Frame,
    faces: Frame,
    streets: Frame,
    layers: Frame,
    *,
    spoken: Spoken,
    rules: tuple[ExclusionRule, ...],
    tests: PieceTests,
    locations: LocationModel,
    time: TimeModel,
    lane_m: float,
    land: Land | None = None,
) -> Frame:
    """Join what the rules leave of each parcel into contiguous pieces, test them and mark them, in both readings.

    A variant gives its own rules: labels of other rules are passed over, and nothing is intersected again.

    Parameters
    ----------
    parcels
        The parcels asked.
    neighbours
        Parcels around them, whole: those near them, and near those. They get no rows.
    faces
        Of both.
    streets, layers
        Tables; of the layers plans and what bars an entrance are read.
    spoken
        Where the rules' sources speak, of the parcels asked, in their order.
    rules
        The rules as this variant reads them, in order.
    tests, locations, time
        Piece tests, what bars an entrance, and the time model.
    lane_m
        The least width of a lane of all layouts.
    land
        What :func:`open_land` gives of the same tables, where several readings share it.

    Returns
    -------
        One row per piece. Of a piece with a core part ``geometry`` is that part: homes stand on it.

    Examples
    --------
    >>> from flexsites.exclusion.coverage import cover_rules
    >>> from flexsites.exclusion.overlay import overlay
    >>> from flexsites.exclusion.pieces import leave_pieces
    >>> from flexsites.tables import Coverages, Layers, Parcels, StreetLines, empty
    >>> from flexsites.tables.own import own
    >>> from flexsites.worlds.plain import demo, inside, plain, plot, street_around
    >>> study, rules = demo(), (inside("water"),)
    >>> parcels = own(Parcels, [plot()], site_id=["a"], parcel_area_m2=5000)
    >>> street = plain(StreetLines, [street_around(plot())], street_id=["w"], road_class="residential", is_car=True)
    >>> layers = own(Layers, [plot(80)], layer="water", feature_id=["pond"], part=0)
    >>> faces = overlay(parcels, layers, rules=rules, time=study.base.time)
    >>> spoken = cover_rules(parcels, empty(Coverages), layers, rules=rules, tests=study.tests)
    >>> pieces = leave_pieces(
    ...     parcels, empty(Parcels), faces, street, layers, spoken=spoken, rules=rules, tests=study.tests,
    ...     locations=study.locations, time=study.base.time, lane_m=study.base.least_lane_m,
    ... )
    >>> pieces[["piece_id", "core_area_m2", "is_valid", "failed_test"]].to_numpy().tolist()
    [['a#1', 4000.0, True, nan]]
    """
    everyone = together_by_id(parcels, neighbours)
    land = land or open_land(
        everyone, faces, streets, layers, rules=rules, tests=tests, locations=locations, lane_m=lane_m
    )
    asked, is_known = _asked(everyone, parcels, spoken)
    covers = covers_of(faces, rules)
    readings = [
        _Left.of(land, faces, covers, takes, asked, is_known)
        for takes in (takes_area(rules), takes_area(rules, with_consent=False))
    ]
    frame = join_readings(*(_frame(left, land, everyone, rules, tests) for left in readings))
    at = position_of(parcels, frame)
    return _with_years(frame, everyone, layers, spoken.at(at), rules, tests, time)


def leaves_site(
    parcels: Frame,
    everyone: Frame,
    faces: Frame,
    *,
    spoken: Spoken,
    rules: tuple[ExclusionRule, ...],
    tests: PieceTests,
    land: Land,
) -> BoolArray:
    """Return which parcels have a valid piece in the second reading; what :func:`leave_pieces` says, and no more.

    Parameters
    ----------
    parcels, faces, spoken, rules, tests, land
        As :func:`leave_pieces` takes them.
    everyone
        The parcels and those around them, by id.
    """
    asked, is_known = _asked(everyone, parcels, spoken)
    takes = takes_area(rules, with_consent=False)
    found = _Left.of(land, faces, covers_of(faces, rules), takes, asked, is_known).tested
    is_valid = (found.outcome == PASSES) & (found.has_entrance | (not tests.road_required))
    return np.asarray(np.isin(position_of(everyone, parcels), found.site[is_valid]))


def _asked(everyone: Frame, parcels: Frame, spoken: Spoken) -> tuple[IntArray, BoolArray]:
    """Return the positions of the parcels asked, ascending, and around which of all parcels streets are known."""
    at = position_of(everyone, parcels)
    is_known = np.zeros(len(everyone), dtype=bool)
    is_known[at] = spoken.among(PIECE_TESTS[-1:]).of_parcels()[:, 0] == COVERED
    return np.sort(at), is_known


def together_by_id(parcels: Frame, neighbours: Frame) -> Frame:
    """Return parcels and those around them as one table, in the order of their ids."""
    both: Frame = pd.concat([parcels, neighbours]) if len(neighbours) else parcels
    return both.sort_values("site_id", kind="stable", ignore_index=True)


@step("exclusion.pieces.open_land")
def open_land(
    everyone: Frame,
    faces: Frame,
    streets: Frame,
    layers: Frame,
    *,
    rules: tuple[ExclusionRule, ...],
    tests: PieceTests,
    locations: LocationModel,
    lane_m: float,
    nearness: Near | None = None,
) -> Land:
    """Lay out what all readings of a cell share: parcels with those around them, faces, streets, barriers.

    Parameters
    ----------
    everyone
        Parcels and those around them, by id.
    faces
        Theirs, labelled with the rules of all readings.
    streets, layers
        Tables, as far around as entrances look.
    rules
        The rules of all readings.
    tests, locations
        Piece tests, and what bars an entrance.
    lane_m
        The least width of a lane.
    nearness
        Which parcels bear on each other's pieces, for who found it before.
    """
    first_face = _first_faces(everyone, faces)
    return Land(
        parcels=geometry_of(everyone),
        is_free=_may_be_crossed(everyone, faces, first_face, rules, tests),
        first_face=first_face,
        face=geometry_of(faces),
        ways=ways_of(streets, tests=tests),
        barriers=barriers_of(layers, rules=rules, locations=locations, tests=tests),
        limits=Limits(
            min_area_m2=float(tests.min_area_m2),
            min_width_m=float(tests.min_width_m),
            min_core_m2=float(tests.min_core_area_m2),
            near_m=float(tests.near_m),
            road_reach_m=float(tests.road_reach_m),
            right_of_way_m=float(tests.right_of_way_m),
            lane_m=lane_m,
        ),
        nearness=nearness,
    )


def cut_land_otherwise(
    land: Land, everyone: Frame, faces: Frame, *, rules: tuple[ExclusionRule, ...], tests: PieceTests
) -> Land:
    """Return land that was laid out before with other faces; the arguments are as :func:`open_land` takes them."""
    first_face = _first_faces(everyone, faces)
    is_free = _may_be_crossed(everyone, faces, first_face, rules, tests)
    return land.cut_otherwise(first_face, geometry_of(faces), is_free)


def _first_faces(everyone: Frame, faces: Frame) -> IntArray:
    """Return where the faces of each parcel begin, shape (n + 1,)."""
    site = position_of(everyone, faces)
    is_sorted = bool((np.diff(site) >= 0).all())
    assert is_sorted, "faces come by parcel, in the order of the parcels"  # noqa: S101 - overlay gives them so
    return np.asarray(np.searchsorted(site, np.arange(len(everyone) + 1)), dtype=np.int64)


def _site_of(first_face: IntArray) -> IntArray:
    """Return the position of the parcel that each face is of, as `position_of` tells it."""
    return np.repeat(np.arange(len(first_face) - 1), np.diff(first_face))


def _may_be_crossed(
    everyone: Frame, faces: Frame, first_face: IntArray, rules: tuple[ExclusionRule, ...], tests: PieceTests
) -> BoolArray:
    """Return which parcels an entrance may cross without a right of way: road land, and public land."""
    names = [rule.rule_id for rule in rules if rule.rule_id in tests.road_land_rules]
    is_road = has_label(faces["rules"].to_numpy(), names).any(axis=1)
    area = faces["face_area_m2"].to_numpy()
    under = np.bincount(_site_of(first_face)[is_road], area[is_road], minlength=len(everyone))
    whole = shapely.area(geometry_of(everyone))
    is_road_land = (under >= float(tests.road_land_share) * whole) & (whole > 0)
    return np.asarray(is_road_land | everyone["owner_class"].isin(list(tests.public_owners)).to_numpy())


def covers_of(faces: Frame, rules: tuple[ExclusionRule, ...]) -> BoolArray:
    """Return which rule covers which face once includes have lifted what they override; columns in rule order."""
    names = [rule.rule_id for rule in rules]
    place = {name: i for i, name in enumerate(names)}
    includes = [
        (i, [place[name] for name in rule.overrides if name in place])
        for i, rule in enumerate(rules)
        if rule.effect == "include"
    ]
    return lift(has_label(faces["rules"].to_numpy(), names), includes)


def takes_area(rules: tuple[ExclusionRule, ...], *, with_consent: bool = True) -> BoolArray:
    """Return which rules take area: those that exclude, and without consent those that restrict as well."""
    taking = ("exclude",) if with_consent else ("exclude", "restrict")
    return np.array([rule.effect in taking for rule in rules], dtype=bool)


def position_of(parcels: Frame, rows: Frame) -> IntArray:
    """Return the position of each row's site among the parcels."""
    return np.asarray(pd.Index(parcels["site_id"]).get_indexer(pd.Index(rows["site_id"])), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class _Left:
    """What one reading leaves: the faces left of the parcels asked, which rule covers which, and the pieces tested.

    ``of_parcel`` is of each piece which faces of its parcel are left: by it a piece is the same in both readings.
    """

    faces: GeometryArray
    face_site: IntArray
    covers: BoolArray
    tested: Tested
    of_parcel: list[bytes]

    @classmethod
    def of(
        cls, land: Land, faces: Frame, covers: BoolArray, takes: BoolArray, asked: IntArray, is_known: BoolArray
    ) -> _Left:
        is_left = ~(covers & takes).any(axis=1) & (faces["face_area_m2"] > 0).to_numpy()
        first = land.first_face
        site = _site_of(first)
        mine = np.flatnonzero(is_left & np.isin(site, asked))
        found = read_land(land, is_left, asked, is_known)
        of_parcel = [is_left[first[one] : first[one + 1]].tobytes() for one in found.site.tolist()]
        return cls(geometry_of(faces)[mine], site[mine], covers[mine], found, of_parcel)


def _frame(left: _Left, land: Land, everyone: Frame, rules: tuple[ExclusionRule, ...], tests: PieceTests) -> Frame:
    """Return the pieces of one reading as rows, without their years."""
    found = left.tested
    site_id = everyone["site_id"].iloc[found.site].reset_index(drop=True)
    is_core = found.outcome == PASSES
    has_core = ~shapely.is_empty(found.core)
    point = found.entrance
    # An entrance that is borrowed begins on the lender's piece.
    outcome = np.array([*FAILURES, None], dtype=object)[found.outcome]
    columns: dict[str, Any] = {
        "piece_id": pd.Series([f"{name}#{k}" for name, k in zip(site_id, found.number, strict=True)], dtype="str"),
        "site_id": site_id,
        "piece_number": found.number,
        "piece_area_m2": shapely.area(found.geometry),
        "core_area_m2": shapely.area(found.core),
        "compactness": compactness(found.geometry),
        "road_distance_m": found.entrance_m,
        "access_x_m": shapely.get_x(point),
        "access_y_m": shapely.get_y(point),
        "farthest_interior_m": farthest_m(found.geometry, point),
        "access_street_id": pd.Series(found.street_id, dtype="str"),
        "approach": pd.Series(shapely.to_wkt(found.approach, rounding_precision=3), dtype="str"),
        "approach_width_m": np.where(shapely.is_missing(found.approach), np.nan, land.limits.lane_m),
        "needs_culvert": found.needs_culvert,
        "needs_right_of_way": found.needs_right_of_way,
        "has_borrowed_entrance": found.lender >= 0,
        "is_valid": is_core & (found.has_entrance | (not tests.road_required)),
        "is_unknown": is_core & ~found.has_entrance & tests.road_required,
        "failed_test": pd.Series(outcome, dtype="str"),
        **_marks(left, rules, least_m2=float(tests.mark_area_m2)),
        "core_mates": _named(land, everyone, found),
        "store_number": pd.Series(list(zip(found.piece.tolist(), left.of_parcel, strict=True)), dtype=object),
        "whole": pd.Series(found.geometry, dtype=object),
    }
    shapes = np.where(has_core, found.core, found.geometry)
    return with_shapes(columns, shapes)


def _named(land: Land, everyone: Frame, found: Tested) -> ListArray:
    """Return the ids of the pieces that share a component of core with each."""
    names = everyone["site_id"].to_numpy(dtype=object)
    named = (tuple(f"{names[site]}#{k}" for site, k in map(land.name_of, mates)) for mates in found.mates)
    return lists(named, len(found.mates))


def _marks(left: _Left, rules: tuple[ExclusionRule, ...], *, least_m2: float) -> dict[str, ListArray]:
    found = {}
    tested = left.tested
    # A sliver is less than the least: it is marked by what covers all of it, and rounding is no part of it.
    least = np.minimum(least_m2, shapely.area(tested.geometry) - NOISE_M2)[:, None]
    for column, effect in (("restrictions", "restrict"), ("flags", "flag")):
        place = [i for i, rule in enumerate(rules) if rule.effect == effect]
        areas = mark_areas(left.faces, left.face_site, left.covers[:, place], tested.geometry, tested.site)
        is_marked = (areas > 0) & (areas >= least)
        found[column] = list_labels(is_marked, [rules[i].rule_id for i in place])
    return found


def _with_years(
    frame: Frame,
    everyone: Frame,
    layers: Frame,
    spoken: Spoken,
    rules: tuple[ExclusionRule, ...],
    tests: PieceTests,
    time: TimeModel,
) -> Frame:
    """Return the pieces with the years that they are free: low, expected and high."""
    planned = [rule for rule in rules if isinstance(rule, PlannedCapacity)]
    coverage = joint_coverage(spoken.among([rule.rule_id for rule in planned]).of_parcels())
    reference = time.reference_year
    years = np.empty((len(frame), 3))
    for rows, there in _by_plan_rules(frame, everyone, planned):
        met = meet_plans(
            frame["whole"].to_numpy(dtype=object)[rows],
            open_plans(layers, there, reference=reference),
            least_m2=float(tests.mark_area_m2),
        )
        years[rows] = available_years(
            met, (coverage == "covered")[rows],
            reference=reference, preparation=float(time.preparation_years), term=float(time.term_years),
        )  # fmt: skip
    named = {f"available_years_{one}": years[:, i] for i, one in enumerate(("low", "expected", "high"))}
    dated: Frame = frame.assign(**named, plan_coverage=pd.Series(coverage, dtype="str"))
    return dated.drop(columns=["whole", "store_number"])


def _by_plan_rules(
    frame: Frame, everyone: Frame, planned: list[PlannedCapacity]
) -> Iterator[tuple[IntArray, list[PlannedCapacity]]]:
    """Yield the rows of pieces where the same rules on plans hold, with these: rules may differ by place."""
    site = position_of(everyone, frame)
    holds = np.column_stack([np.ones(len(site), dtype=bool), *(bears_on(everyone, one)[0][site] for one in planned)])
    same, group = np.unique(holds, axis=0, return_inverse=True)
    for number, there in enumerate(same):
        rows = np.flatnonzero(group.ravel() == number)
        yield rows, [one for one, is_there in zip(planned, there[1:], strict=True) if is_there]
