"""Near misses: sites that exactly one soft rule keeps from being eligible."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely

from flexsites.config.rule_sets import LocationModel, PieceTests, TimeModel
from flexsites.config.rules import ExclusionRule, Hardness
from flexsites.exclusion.kernels.labels import has_label
from flexsites.exclusion.kernels.land import Land
from flexsites.exclusion.kernels.spoken import COVERED, Spoken
from flexsites.exclusion.pieces import leave_pieces, leaves_site, open_land, position_of, together_by_id
from flexsites.exclusion.selection import geometry_of
from flexsites.tables import (
    Exclusions,
    Faces,
    Frame,
    Layers,
    NearMisses,
    Parcels,
    StreetLines,
    empty,
)
from flexsites.tables.contract import is_among, rows_of
from flexsites.tables.stage import stage


@stage(takes=(Parcels, Parcels, Faces, StreetLines, Layers, Exclusions), gives=NearMisses)
def near_misses(
    parcels: Frame,
    neighbours: Frame,
    faces: Frame,
    streets: Frame,
    layers: Frame,
    exclusions: Frame,
    *,
    spoken: Spoken,
    rules: tuple[ExclusionRule, ...],
    tests: PieceTests,
    locations: LocationModel,
    time: TimeModel,
    soft: tuple[Hardness, ...],
    lane_m: float,
    land: Land | None = None,
) -> Frame:
    """Find the sites that one soft rule alone keeps from being eligible, and the pieces they would then have.

    A site is a near miss of a rule if it is not eligible, and would be without that rule and nothing else changed.
    It may be a near miss of two rules, each on a part of its own; where two rules lie on the same land, of neither.
    Homes that fit on the pieces are what the rule alone costs; figures of two rules are never added.

    Parameters
    ----------
    parcels, neighbours, faces, streets, layers, exclusions
        The tables of the run, the last with its verdicts.
    spoken
        Where the rules' sources speak, of the parcels, in their order.
    rules, tests, locations, time, lane_m, land
        As the verdicts were reached.
    soft
        The hardness classes that count as soft; rules that exclude and rules that restrict are tried.

    Examples
    --------
    >>> from flexsites.exclusion.coverage import cover_rules
    >>> from flexsites.exclusion.near_misses import near_misses
    >>> from flexsites.exclusion.overlay import overlay
    >>> from flexsites.tables import Coverages, Exclusions, Layers, Parcels, StreetLines, empty
    >>> from flexsites.worlds.plain import demo, inside, plain, plot, street_around
    >>> study, rules = demo(), (inside("quiet"),)
    >>> parcels = plain(Parcels, [plot()], site_id=["a"])
    >>> street = plain(StreetLines, [street_around(plot())], street_id=["w"], road_class="residential", is_car=True)
    >>> layers = plain(Layers, [plot()], layer="quiet", feature_id=["zone"])
    >>> faces = overlay(parcels, layers, rules=rules, time=study.base.time)
    >>> spoken = cover_rules(parcels, empty(Coverages), layers, rules=rules, tests=study.tests)
    >>> missed = near_misses(
    ...     parcels, empty(Parcels), faces, street, layers, plain(Exclusions, site_id=["a"], verdict="excluded"),
    ...     spoken=spoken, rules=rules, tests=study.tests, locations=study.locations, time=study.base.time,
    ...     soft=("zacht",), lane_m=study.base.least_lane_m,
    ... )
    >>> missed[["rule_id", "piece_id", "core_area_m2"]].to_numpy().tolist()
    [['quiet', 'a#1', 5000.0]]
    """
    is_missed = (exclusions["verdict"] != "eligible").to_numpy()[
        pd.Index(exclusions["site_id"]).get_indexer(parcels["site_id"])
    ]
    everyone = together_by_id(parcels, neighbours)
    land = land or open_land(
        everyone, faces, streets, layers, rules=rules, tests=tests, locations=locations, lane_m=lane_m
    )
    shapes, around = geometry_of(parcels), geometry_of(everyone)
    face_site = position_of(everyone, faces)
    is_under = has_label(faces["rules"].to_numpy(), [rule.rule_id for rule in rules])
    found = [empty(NearMisses)]
    for number, rule in enumerate(rules):
        if rule.effect not in ("exclude", "restrict") or rule.hardness not in soft:
            continue
        changed = around[np.unique(face_site[is_under[:, number]])]
        # Land that comes free next door may make a site of what is too small now.
        is_asked = np.zeros(len(parcels), dtype=bool)
        is_asked[shapely.STRtree(shapes).query(changed, predicate="dwithin", distance=float(tests.near_m))[1]] = True
        others = tuple(other for other in rules if other.rule_id != rule.rule_id)
        required = [other.rule_id for other in others if other.required]
        is_asked &= is_missed & (spoken.among(required).of_parcels() == COVERED).all(axis=1)
        if not is_asked.any():
            continue
        # Few come free: of the others the second reading alone is needed to know it.
        is_asked[is_asked] = leaves_site(
            rows_of(parcels, is_asked, Parcels), everyone, faces,
            spoken=spoken.at(np.flatnonzero(is_asked)), rules=others, tests=tests, land=land,
        )  # fmt: skip
        if not is_asked.any():
            continue
        asked = parcels["site_id"][is_asked]
        pieces = leave_pieces(
            rows_of(parcels, is_asked, Parcels),
            rows_of(everyone, ~is_among(everyone["site_id"], asked), Parcels),
            faces, streets, layers,
            spoken=spoken.at(np.flatnonzero(is_asked)), rules=others, tests=tests, locations=locations, time=time,
            lane_m=lane_m, land=land,
        )  # fmt: skip
        free = pieces[(pieces["is_valid"] & pieces["is_without_consent"]).to_numpy()]
        found.append(free.assign(rule_id=rule.rule_id))
    filled = [frame for frame in found if len(frame)] or found[:1]
    return pd.concat(filled, ignore_index=True)
