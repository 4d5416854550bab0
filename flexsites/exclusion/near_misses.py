"""Near misses: sites that exactly one soft rule keeps from being eligible."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from flexsites.arrays import BoolArray, FloatArray, GeometryArray, IntArray
from flexsites.config.rule_sets import LocationModel, PieceTests, TimeModel
from flexsites.config.rules import ExclusionRule, Hardness
from flexsites.exclusion.kernels.labels import has_label
from flexsites.exclusion.kernels.land import Land
from flexsites.exclusion.kernels.spoken import COVERED, Spoken
from flexsites.exclusion.pieces import (
    covers_of,
    leave_pieces,
    leaves_site,
    open_land,
    position_of,
    takes_area,
    together_by_id,
)
from flexsites.exclusion.selection import geometry_of
from flexsites.geometry.nearness import may_be_near, near_any
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

_ROUNDING_M2 = 1.0
"""[A] What is dissolved of faces, on a grid of a millimetre at the coarsest, exceeds their sum by less than this."""


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
    rows = pd.Index(exclusions["site_id"]).get_indexer(pd.Index(parcels["site_id"]))
    is_missed = (exclusions["verdict"] != "eligible").to_numpy()[rows]
    everyone = together_by_id(parcels, neighbours)
    land = land or open_land(
        everyone, faces, streets, layers, rules=rules, tests=tests, locations=locations, lane_m=lane_m
    )
    freed = _Freed.of(parcels, everyone, faces, rules, near_m=float(tests.near_m))

    def leaves(is_asked: BoolArray, kept: tuple[ExclusionRule, ...]) -> BoolArray:
        """Return which of the parcels asked have a valid piece in the second reading of some rules."""
        found = is_asked.copy()
        if is_asked.any():
            found[is_asked] = leaves_site(
                rows_of(parcels, is_asked, Parcels), everyone, faces,
                spoken=spoken.at(np.flatnonzero(is_asked)), rules=kept, tests=tests, land=land,
            )  # fmt: skip
        return found

    # A parcel may be left a site as things are, and lack but the coverage of the rule that is left out.
    stays = leaves(is_missed & (exclusions["buildable_without_consent_m2"] > 0).to_numpy()[rows], rules)
    found = [empty(NearMisses)]
    for number, rule in enumerate(rules):
        if rule.effect not in ("exclude", "restrict") or rule.hardness not in soft:
            continue
        others = tuple(other for other in rules if other.rule_id != rule.rule_id)
        required = [other.rule_id for other in others if other.required]
        may_be = is_missed & (spoken.among(required).of_parcels() == COVERED).all(axis=1)
        is_changed = freed.may_change(number, may_be)
        has_room = freed.leaves_m2(number) >= float(tests.min_core_area_m2) - _ROUNDING_M2
        is_asked = freed.are_near(number, may_be & has_room & (is_changed | stays))
        # Few come free: of the others the second reading alone is needed to know it.
        is_asked = (is_asked & stays & ~is_changed) | leaves(is_asked & is_changed, others)
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
        valid = pieces[pieces["is_valid"].to_numpy()]
        # What is no site with consent is none without, as a verdict has it.
        is_site = is_among(valid["site_id"], valid.loc[valid["is_with_consent"].to_numpy(), "site_id"])
        free = valid[valid["is_without_consent"].to_numpy() & is_site]
        found.append(free.assign(rule_id=rule.rule_id))
    filled = [frame for frame in found if len(frame)] or found[:1]
    return pd.concat(filled, ignore_index=True)


@dataclass(frozen=True, slots=True)
class _Freed:
    """Which land comes free without one rule, and which parcels that can bear on.

    Attributes
    ----------
    parcels, everyone
        Shapes of the parcels asked, shape (n,), and of these and those around them, shape (k,).
    own
        Shape (n,), the places of the former among the latter.
    face_site
        Shape (m,), the parcel of each face, of everyone.
    face_area_m2
        Shape (m,), their areas.
    is_under, is_free
        Shape (m, n_rules): whether a face lies under a rule, and whether it comes free without that rule.
    is_left
        Shape (m,): whether a face is free with every rule.
    near_m
        How far parcels lie that bear on each other's pieces.
    """

    parcels: GeometryArray
    everyone: GeometryArray
    own: IntArray
    face_site: IntArray
    face_area_m2: FloatArray
    is_under: BoolArray
    is_free: BoolArray
    is_left: BoolArray
    near_m: float

    @classmethod
    def of(
        cls, parcels: Frame, everyone: Frame, faces: Frame, rules: tuple[ExclusionRule, ...], *, near_m: float
    ) -> _Freed:
        taken = covers_of(faces, rules) & takes_area(rules, with_consent=False)
        n_taking, area_m2 = taken.sum(axis=1), faces["face_area_m2"].to_numpy()
        is_free = taken & (n_taking == 1)[:, None] & (area_m2 > 0)[:, None]
        is_under = has_label(faces["rules"].to_numpy(), [rule.rule_id for rule in rules])
        shapes, around = geometry_of(parcels), geometry_of(everyone)
        own, site = position_of(everyone, parcels), position_of(everyone, faces)
        return cls(shapes, around, own, site, area_m2, is_under, is_free, n_taking == 0, near_m)

    def leaves_m2(self, rule: int) -> FloatArray:
        """Return the area of each parcel asked that no other rule takes, shape (n,): no core part is larger."""
        is_left = self.is_left | self.is_free[:, rule]
        area_m2 = np.bincount(self.face_site[is_left], self.face_area_m2[is_left], minlength=len(self.everyone))
        return np.asarray(area_m2[self.own], dtype=np.float64)

    def may_change(self, rule: int, is_asked: BoolArray) -> BoolArray:
        """Return of parcels asked which may be left otherwise without a rule, shape (n,): for certain no others.

        What is left of a parcel hangs on the land left of those near it, and near these.
        """
        changed = np.zeros(len(self.everyone), dtype=bool)
        changed[self.face_site[self.is_free[:, rule]]] = True
        changed |= may_be_near(self.everyone, self.everyone[changed], within_m=self.near_m)
        found = is_asked & changed[self.own]
        rest = np.flatnonzero(is_asked & ~found)
        found[rest] = may_be_near(self.parcels[rest], self.everyone[changed], within_m=self.near_m)
        return found

    def are_near(self, rule: int, is_asked: BoolArray) -> BoolArray:
        """Return of parcels asked which lie near one with a face under a rule, or have one, shape (n,).

        Land that comes free next door may make a site of what is too small now.
        """
        has_face = np.zeros(len(self.everyone), dtype=bool)
        has_face[self.face_site[self.is_under[:, rule]]] = True
        found = is_asked & has_face[self.own]
        rest = np.flatnonzero(is_asked & ~found)
        found[rest] = near_any(self.parcels[rest], self.everyone[has_face], within_m=self.near_m)
        return found
