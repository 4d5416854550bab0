"""The stage that says where a rule's source speaks: about the parcel, and as far around it as the rule looks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import shapely

from flexsites.arrays import BoolArray, FloatArray, GeometryArray
from flexsites.config.rule_sets import PIECE_TESTS, PieceTests
from flexsites.config.rules import ExclusionRule, InUse, Listed
from flexsites.exclusion.kernels.built_share import covered_share
from flexsites.exclusion.kernels.coverage import is_known_around, meets_within
from flexsites.exclusion.kernels.spoken import COVERED, NOT, PARTLY, Codes, Spoken
from flexsites.exclusion.selection import bears_on, geometry_of, select_bound, select_unknown
from flexsites.tables import Frame
from flexsites.tables.stage import step

Told: TypeAlias = tuple[Codes, FloatArray]
"""Per parcel covered, partly or not, and the share of it that is covered."""


@step("exclusion.coverage.cover_rules")
def cover_rules(
    parcels: Frame,
    coverages: Frame,
    layers: Frame,
    *,
    rules: tuple[ExclusionRule, ...],
    tests: PieceTests,
    sources: Sources | None = None,
) -> Spoken:
    """Say per site and rule whether the rule's source speaks about it: covered, partly, or not.

    A layer without a row in ``coverages`` is covered nowhere. Covered is a site only if the source speaks as far around
    it as the rule looks (a business across the border is not seen by a source that ends there), and if no feature there
    lacks the attribute that decides whether the rule means it; else it is partly covered. A rule on the parcels' own
    land use is covered where they carry one. The piece tests on streets are covered where the streets are, as far as
    one may lie away; the others always are.

    Parameters
    ----------
    parcels, coverages, layers
        Tables of canonical inputs.
    rules, tests
        All rules that any reading asks about, and the tests of pieces.
    sources
        What was found of these parcels and coverages before, for who asks of them again.
    """
    spoken = Sources(parcels, coverages) if sources is None else sources
    found = _where_they_hold({rule.rule_id: _of_rule(rule, spoken, layers) for rule in rules}, rules, parcels)
    always = np.full(len(parcels), COVERED, dtype=np.int8), np.ones(len(parcels))
    found |= dict.fromkeys(PIECE_TESTS[:2], always)
    found |= dict.fromkeys(PIECE_TESTS[2:], spoken.of_layer(tests.streets_layer, float(tests.road_reach_m)))
    codes, share = (np.column_stack([one[i] for one in found.values()]) for i in (0, 1))
    return Spoken.of(tuple(found), np.ascontiguousarray(codes, dtype=np.int8), share.astype(np.float64))


@dataclass(frozen=True, slots=True)
class _Land:
    """The land that a source speaks about: where in full, what of each parcel, and what is known within distances."""

    full_polygons: GeometryArray
    full_share: FloatArray
    share: FloatArray
    is_known_within: dict[float, BoolArray] = field(default_factory=dict)


class Sources:
    """Where each layer speaks about each parcel; most speak about the same land, which is cut once, not per layer.

    Parameters
    ----------
    parcels, coverages
        As for `cover_rules`.
    """

    def __init__(self, parcels: Frame, coverages: Frame) -> None:
        self.sites: GeometryArray = geometry_of(parcels)
        self.use = parcels["land_use"]
        self._coverages = coverages.sort_values(["layer", "coverage_id"], kind="stable")
        self._rows = self._coverages.groupby("layer", sort=False).indices
        self._of_layer: dict[str, _Land] = {}
        self._lands: dict[tuple[bytes, ...], _Land] = {}

    def of_layer(self, layer: str, reach_m: float) -> Told:
        """Return coverage of a layer within a distance of the parcels, and the share of the parcels themselves."""
        if layer not in self._of_layer:
            self._of_layer[layer] = self._land_of(layer)
        land = self._of_layer[layer]
        if reach_m not in land.is_known_within:
            land.is_known_within[reach_m] = is_known_around(self.sites, land.full_polygons, reach_m=reach_m)
        return _graded((land.full_share == 1.0) & land.is_known_within[reach_m], land.share)

    def _land_of(self, layer: str) -> _Land:
        """Return the land of a layer, the same object for layers of the same land."""
        rows = self._coverages.iloc[self._rows.get(layer, [])]
        polygons, is_full = geometry_of(rows), (rows["coverage"] == "covered").to_numpy()
        key = (is_full.tobytes(), *shapely.to_wkb(polygons))
        if key not in self._lands:
            share = covered_share(self.sites, polygons)
            full = share if is_full.all() else covered_share(self.sites, polygons[is_full])
            self._lands[key] = _Land(polygons[is_full], full, share)
        return self._lands[key]

    def of_land_use(self, layer: str | None) -> Told:
        """Return coverage of the parcels' own land use, or where they carry none that of a layer."""
        has_use = self.use.notna().to_numpy()
        coverage = np.where(has_use, COVERED, NOT).astype(np.int8)
        share = has_use.astype(float)
        if layer is not None:
            theirs = self.of_layer(layer, 0.0)
            coverage[~has_use], share[~has_use] = theirs[0][~has_use], theirs[1][~has_use]
        return coverage, share


def _where_they_hold(found: dict[str, Told], rules: tuple[ExclusionRule, ...], parcels: Frame) -> dict[str, Told]:
    """Return coverage of rules told apart by place: on every parcel that of the one that holds there.

    All rules of one name then say the same of a parcel, so that they count as one where coverage is counted. Where none
    of them holds there is nothing to check; where it is unknown which does, nothing is checked.
    """
    families: dict[str, list[ExclusionRule]] = {}
    for rule in rules:
        families.setdefault(rule.part_of or rule.rule_id, []).append(rule)
    joint = dict(found)
    for family in families.values():
        if all(rule.is_everywhere for rule in family):
            continue
        where = {rule.rule_id: bears_on(parcels, rule) for rule in family}
        for rule in family:
            # its own coverage where it holds itself, else that of the first of its name that does
            order = [rule.rule_id, *(name for name in where if name != rule.rule_id)]
            is_open = np.logical_or.reduce([where[name][1] for name in order])
            holds = [where[name][0] for name in order]
            joint[rule.rule_id] = (
                np.select([*holds, is_open], [*(found[name][0] for name in order), NOT], COVERED).astype(np.int8),
                np.select([*holds, is_open], [*(found[name][1] for name in order), 0.0], 1.0),
            )
    return joint


def _of_rule(rule: ExclusionRule, spoken: Sources, layers: Frame) -> Told:
    if isinstance(rule, Listed):  # a list says of every parcel whether it is on it
        coverage, share = np.full(len(spoken.sites), COVERED, dtype=np.int8), np.ones(len(spoken.sites))
    elif rule.layer_key is None:
        coverage, share = spoken.of_land_use(None)
    else:
        coverage, share = spoken.of_layer(rule.layer_key, rule.reach_m)
    is_known = coverage == COVERED
    if isinstance(rule, InUse) and rule.on_land_use:
        of_use, share_of_use = spoken.of_land_use(rule.land_use_layer)
        is_known &= of_use == COVERED
        share = np.minimum(share, share_of_use)
    is_known &= ~meets_within(spoken.sites, select_unknown(layers, rule), reach_m=rule.reach_m)
    if rule.where_layer is not None:
        of_bound, share_of_bound = spoken.of_layer(rule.where_layer.layer, 0.0)
        is_known &= of_bound == COVERED
        is_known &= ~meets_within(spoken.sites, select_bound(layers, rule)[1], reach_m=0.0)
        share = np.minimum(share, share_of_bound)
    return _graded(is_known, share)


def _graded(is_known: BoolArray, share: FloatArray) -> Told:
    return np.select([is_known, share > 0.0], [COVERED, PARTLY], NOT).astype(np.int8), share
