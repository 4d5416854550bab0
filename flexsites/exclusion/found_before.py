"""What a finished run found of its pieces, read from its table: land that is asked otherwise need not find it again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import shapely

from flexsites.arrays import BoolArray, IntArray
from flexsites.config.rule_sets import PieceTests
from flexsites.config.rules import ExclusionRule
from flexsites.exclusion.kernels.land import Land
from flexsites.exclusion.kernels.taught import Found, teach
from flexsites.exclusion.kernels.tested import PASSES
from flexsites.exclusion.pieces import FAILURES, covers_of, takes_area
from flexsites.exclusion.selection import geometry_of
from flexsites.tables import Frame
from flexsites.tables.contract import is_among

__all__ = ["are_told_by", "teach_land"]


def are_told_by(tests: PieceTests, run: PieceTests) -> bool:
    """Return whether what a run found of pieces tells of the same pieces by other tests.

    By a larger least area it does of those whose core part alone is as large: other tests ask for everything anew.
    """
    same = tests.model_copy(update={"min_area_m2": run.min_area_m2}) == run
    return same and float(tests.min_area_m2) >= float(run.min_area_m2)


def teach_land(
    land: Land,
    everyone: Frame,
    faces: Frame,
    pieces: Frame,
    asked: IntArray,
    *,
    rules: tuple[ExclusionRule, ...],
    tests: PieceTests,
) -> None:
    """Give land what a run found of the pieces of some parcels, in both readings.

    Parameters
    ----------
    land
        Laid out with the faces of the run, by tests of which `are_told_by` says that they are told by the run's.
    everyone, faces
        Its parcels by id, and theirs.
    pieces
        Of the run.
    asked
        Positions of the parcels, ascending.
    rules, tests
        Of the run.
    """
    if not len(asked):
        return
    covers, is_land = covers_of(faces, rules), (faces["face_area_m2"] > 0).to_numpy()
    mine = pieces[is_among(pieces["site_id"], everyone["site_id"].iloc[asked])]
    place = dict(zip(everyone["site_id"].iloc[asked], asked.tolist(), strict=True))
    for with_consent, name, mates in ((True, "piece_id", "core_mates"), (False, "free_id", "free_core_mates")):
        which = "is_with_consent" if with_consent else "is_without_consent"
        rows = mine[mine[which].to_numpy(dtype=bool)].reset_index(drop=True)
        takes = takes_area(rules, with_consent=with_consent)
        is_left = ~(covers & takes).any(axis=1) & is_land
        known = place | _places(everyone, rows[mates])
        found = _found(rows, known, rows[name], rows[mates])
        teach(land, is_left, asked, found, holds=_holds(land, rows, tests))


def _places(everyone: Frame, mates: pd.Series[Any]) -> dict[str, int]:
    """Return the positions of the parcels that mates lie on."""
    sites = sorted({one.rpartition("#")[0] for names in mates for one in names})
    at = pd.Index(everyone["site_id"]).get_indexer(pd.Index(sites, dtype="str"))
    return {site: int(position) for site, position in zip(sites, at, strict=True) if position >= 0}


def _found(rows: Frame, place: dict[str, int], ids: pd.Series[str], mates: pd.Series[Any]) -> Found:
    """Return what a reading found, as arrays."""
    tests = np.array([*FAILURES, None], dtype=object)
    failed = rows["failed_test"].astype(object).where(rows["failed_test"].notna(), None).to_numpy()
    outcome = np.full(len(rows), PASSES, dtype=np.int64)
    for number, test in enumerate(tests[:-1]):
        outcome[failed == test] = number
    xy = rows[["access_x_m", "access_y_m"]].to_numpy(dtype=np.float64)
    street = rows["access_street_id"].astype(object).where(rows["access_street_id"].notna(), None)
    approach = rows["approach"].astype(object).where(rows["approach"].notna(), None)
    is_borrowed = rows["has_borrowed_entrance"].to_numpy(dtype=bool)
    return Found(
        names=_names(ids, place),
        outcome=outcome,
        core=geometry_of(rows),
        mates=[_names(named, place) for named in mates],
        has_own_way=~np.isnan(xy[:, 0]) & ~is_borrowed,
        is_borrowed=is_borrowed,
        point=np.asarray(shapely.points(xy), dtype=object),
        length_m=rows["road_distance_m"].to_numpy(dtype=np.float64),
        street_id=street.to_numpy(),
        needs_culvert=rows["needs_culvert"].to_numpy(dtype=bool),
        needs_right_of_way=rows["needs_right_of_way"].to_numpy(dtype=bool),
        approach=shapely.from_wkt(approach.to_numpy()),
    )


def _names(ids: Sequence[str] | pd.Series[str], place: dict[str, int]) -> list[tuple[int, int]]:
    """Return pieces as the position of their parcel (-1: not at hand) and their number."""
    apart = (one.rpartition("#") for one in ids)
    return [(place.get(site, -1), int(number.removesuffix("~"))) for site, _, number in apart]


def _holds(land: Land, rows: Frame, tests: PieceTests) -> BoolArray:
    """Return of which pieces what was found holds by the least area of this land too.

    A core part in one polygon lies in one component, which is as large at least.
    """
    if land.limits.min_area_m2 <= float(tests.min_area_m2):
        return np.ones(len(rows), dtype=bool)
    core, is_one = rows["core_area_m2"].to_numpy(dtype=np.float64), shapely.get_num_geometries(geometry_of(rows)) == 1
    is_thin = (rows["failed_test"] == "too_thin").to_numpy(dtype=bool, na_value=False)
    found: BoolArray = is_thin | (is_one & (core >= land.limits.min_area_m2))
    return found
