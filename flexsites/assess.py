"""The model on one screen: the chain of stages that a site flows through, inside one cell of the map.

    inputs -> exclusion -> accessibility -> capacity -> suitability -> reporting

Every line takes tables and gives one table; what a table holds is in :mod:`flexsites.tables`. A variant is another
*reading* of the rules: it starts again from the labelled faces, nothing is intersected twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from flexsites.accessibility.roof_transit import serve_buildings
from flexsites.accessibility.streets import look_up_areas, reach
from flexsites.accessibility.transit import serve, travel_times, walk_to_destinations, walk_to_stops
from flexsites.answer import Left, answer, figures_of, kernel_of, measures_asked, tell_answer
from flexsites.capacity.common_programme import area_in_common
from flexsites.capacity.complexes import group_complexes, link_neighbours, links_across
from flexsites.capacity.homes import count_layouts
from flexsites.capacity.kernels.layout import Counted
from flexsites.capacity.roof_context import join_context
from flexsites.capacity.roofs import roof_reasons, roof_units, top_up
from flexsites.config.dwellings import URBANITY
from flexsites.config.roofs import TopUpRules
from flexsites.config.rule_sets import PieceTests
from flexsites.config.study import Reading, Study
from flexsites.exclusion.attribution import attribute, tell_coverage
from flexsites.exclusion.coverage import cover_rules
from flexsites.exclusion.kernels.land import Land
from flexsites.exclusion.kernels.spoken import Spoken
from flexsites.exclusion.near_misses import near_misses
from flexsites.exclusion.overlay import overlay
from flexsites.exclusion.pieces import leave_pieces, open_land, together_by_id
from flexsites.exclusion.verdict import decide
from flexsites.suitability.sites import tell_bridged
from flexsites.surroundings import RoofSurroundings, Surroundings
from flexsites.tables import Buildings, Frame, RoofTransit, concat, empty
from flexsites.tables.contract import is_among

Tables = Mapping[str, Frame]


def assess_parcels(parcels: Frame, around: Surroundings, *, study: Study) -> dict[str, dict[str, Frame]]:
    """Assess the parcels of one cell: per reading of the run (the base, each variant) all tables of results.

    Parameters
    ----------
    parcels
        The sites that the cell owns.
    around
        What lies around them, at least as far as the rules and measures reach.
    study
        The resolved run.

    Returns
    -------
    Tables by reading and name. A site's rows do not depend on the cell, nor on the other sites in it.
    """
    everyone = together_by_id(parcels, around.neighbours)
    every_face = overlay(everyone, around.layers, rules=study.all_rules, time=study.base.time)
    open_ground = Ground(parcels, everyone, every_face, around, study)
    faces = every_face[is_among(every_face["site_id"], parcels["site_id"])].reset_index(drop=True)
    counted: Counted = {}
    done: list[tuple[Reading, dict[str, Frame]]] = []
    results = {}
    for reading in study.readings:
        # Readings that differ in limits or estimate only leave the same land: what it holds and reaches is the same.
        left = next((found for other, found in done if reading.leaves_the_same_as(other)), None)
        if left is None:
            spoken, land = open_ground.of(reading)
            left = leave(parcels, every_face, around, study=study, reading=reading, spoken=spoken, land=land)
            # What a reading leaves as another left it is not laid out again.
            left |= reach_and_fit(left["pieces"], around, study=study, reading=reading, counted=counted)
            done.append((reading, left))
        results[reading.id] = left | serve_groups(parcels, left, study=study, reading=reading)
    base = results[study.base.id]
    spoken, land = open_ground.of(study.base)
    missed = near_misses(
        parcels, around.neighbours, every_face, around.streets, around.layers, base["exclusions"],
        spoken=spoken, rules=study.base.rules, tests=study.tests, locations=study.locations, time=study.base.time,
        soft=study.rule_set.soft_classes, lane_m=study.base.least_lane_m, land=land,
    )  # fmt: skip
    base |= {"faces": faces, "near_misses": missed}
    bridged = {one.bridging: results[one.id]["suitability"] for one in study.readings if one.bridging is not None}
    if bridged:
        base["sites"] = tell_bridged(base["sites"], base["suitability"], bridged)
    return results


@dataclass(frozen=True, slots=True)
class Ground:
    """What readings of one cell stand on, made once for all that test pieces alike and have lanes of one width."""

    parcels: Frame
    everyone: Frame
    faces: Frame
    around: Surroundings
    study: Study
    made: list[tuple[PieceTests, float, tuple[Spoken, Land]]] = field(default_factory=list)

    def of(self, reading: Reading) -> tuple[Spoken, Land]:
        """Return where the rules' sources speak, and the land laid out, for a reading."""
        tests, lane_m = reading.tests, reading.least_lane_m
        found = next((one for mine, lane, one in self.made if (mine, lane) == (tests, lane_m)), None)
        if found is None:
            rules, layers = self.study.all_rules, self.around.layers
            spoken = cover_rules(self.parcels, self.around.coverages, layers, rules=rules, tests=tests)
            land = open_land(
                self.everyone, self.faces, self.around.streets, layers,
                rules=rules, tests=tests, locations=self.study.locations, lane_m=lane_m,
            )  # fmt: skip
            found = (spoken, land)
            self.made.append((tests, lane_m, found))
        return found


def leave(
    parcels: Frame, faces: Frame, around: Surroundings, *, study: Study, reading: Reading, spoken: Spoken, land: Land
) -> dict[str, Frame]:
    """Exclude land as one reading says: the pieces left, and why."""
    rules = reading.rules
    pieces = leave_pieces(
        parcels, around.neighbours, faces, around.streets, around.layers,
        spoken=spoken, rules=rules, tests=reading.tests, locations=study.locations, time=reading.time,
        lane_m=reading.least_lane_m, land=land,
    )  # fmt: skip
    own = faces[is_among(faces["site_id"], parcels["site_id"])].reset_index(drop=True)
    return {
        "pieces": pieces,
        "reasons": attribute(parcels, own, pieces, spoken=spoken, rules=rules),
        "rule_coverage": tell_coverage(spoken, rules=rules),
        "exclusions": decide(parcels, pieces, spoken=spoken, rules=rules),
    }


def reach_and_fit(
    pieces: Frame, around: Surroundings, *, study: Study, reading: Reading, counted: Counted | None = None
) -> dict[str, Frame]:
    """Measure what pieces reach, and lay out how many homes fit on them; `counted` as for `count_layouts`."""
    valid = pieces[pieces["is_valid"].to_numpy(dtype=bool)].reset_index(drop=True)
    accessibility, transit_quality = measure(valid, around, study=study)
    laid_out = count_layouts(
        pieces, transit_quality,
        programmes=reading.programmes, dwelling_types=reading.dwelling_types, layout=reading.layout,
        counted=counted,
    )  # fmt: skip
    return {"accessibility": accessibility, "transit_quality": transit_quality, "laid_out": laid_out}


def serve_groups(parcels: Frame, left: Tables, *, study: Study, reading: Reading) -> dict[str, Frame]:
    """Count homes and judge what is left for every flexmilieu: one answer from arrays, written as tables.

    A variant may count the low or the high estimate as the expected one.
    """
    pieces, exclusions = left["pieces"], left["exclusions"]
    measures, names = measures_asked(study.readings), tuple(one.id for one in reading.flexmilieus)
    kernel = kernel_of(pieces, left["accessibility"], left["laid_out"], measures=measures, names=names)
    area = area_in_common(pieces, exclusions)
    what_is_left = Left(parcels, exclusions, pieces, left["transit_quality"], area)
    return tell_answer(
        what_is_left, answer(kernel, figures_of(reading, measures)), reading, undemanding=study.undemanding
    )  # fmt: skip


def measure(pieces: Frame, around: Surroundings, *, study: Study) -> tuple[Frame, Frame]:
    """Measure what each piece reaches: over the streets, by the statistics of its area, and by timetable."""
    walk, max_snap_m = around.access.networks["walk"], around.access.max_snap_m["walk"]
    over_streets = reach(pieces, access=around.access, measures=study.street_measures)
    of_area = look_up_areas(pieces, around.areas, measures=study.area_measures)
    to_stops, served = _service(pieces, around, study=study)
    transit_quality = served.assign(urbanity_class=_urbanity(pieces, of_area))
    on_foot = walk_to_destinations(
        pieces, around.destinations, network=walk, max_snap_m=max_snap_m, reach_m=study.direct_reach_m
    )  # fmt: skip
    door_to_door = travel_times(
        pieces, to_stops, on_foot,
        travel=around.travel, measures=study.travel_measures, walk_speed_km_h=study.walk_speed_km_h,
    )  # fmt: skip
    return pd.concat([over_streets, of_area, door_to_door], ignore_index=True), transit_quality


def _urbanity(pieces: Frame, of_area: Frame) -> pd.Series[int]:
    """Return how urban the place of each piece is, of what was looked up; null where that was not asked."""
    told = of_area[(of_area["measure"] == URBANITY).to_numpy()].set_index("piece_id")["value"]
    return pd.Series(told.reindex(pieces["piece_id"]).to_numpy(dtype=np.float64)).astype("Int64")


def _service(pieces: Frame, around: Surroundings, *, study: Study) -> tuple[Frame, Frame]:
    """Walk from each piece to the stops around it, and class the service that they give."""
    network, max_snap_m = around.access.networks["walk"], around.access.max_snap_m["walk"]
    reach_m = study.transit_reach_m
    to_stops = walk_to_stops(pieces, around.stops, network=network, max_snap_m=max_snap_m, reach_m=reach_m)
    return to_stops, serve(pieces, around.stops, to_stops, classes=study.transit_classes)


def place_roofs(buildings: Frame, around: RoofSurroundings, *, study: Study) -> Frame:
    """Fill in what lies around the buildings of one cell: owner, transit, plan height, monuments, parking, PV, plant.

    Parameters
    ----------
    buildings
        The buildings that the cell owns.
    around
        What lies around them.
    study
        The resolved run; it says how roofs are topped up.
    """
    assert study.top_up is not None, "roofs are placed only where the run says how"  # noqa: S101 - resolve() reads them
    transit = empty(RoofTransit)
    if around.access is not None:
        transit = serve_buildings(
            buildings, around.stops,
            network=around.access.networks["walk"], classes=study.transit_classes,
            reach_m=study.transit_reach_m, max_snap_m=around.access.max_snap_m["walk"],
        )  # fmt: skip
    return join_context(
        buildings, around.parcels, around.layers, around.coverages, transit, rules=study.top_up.context
    )  # fmt: skip


def assess_roofs(buildings: Frame, neighbours: Frame, roof_parts: Frame, *, rules: TopUpRules) -> dict[str, Frame]:
    """Assess the buildings of one cell: each roof, its homes per age rule and variant, the reasons, the complexes.

    Parameters
    ----------
    buildings
        The buildings that the cell owns, with what lies around them (`place_roofs`).
    neighbours
        Buildings of other cells that may share a wall with them; they have rows in no table but the links.
    roof_parts
        Roof surfaces of both.
    rules
        How roofs are topped up.

    Returns
    -------
    Tables by name. Complexes that reach over the border are in ``complex_links`` only, to be grouped across cells.
    """
    around = top_up(concat([buildings, neighbours], Buildings), roof_parts, rules=rules)
    own = buildings["bag_pand_id"]
    roofs = around[around["bag_pand_id"].isin(own)].reset_index(drop=True)
    links = link_neighbours(around, rules=rules.complexes)
    across = links_across(links, own)
    is_inside = ~roofs["bag_pand_id"].isin(pd.concat([across["bag_pand_id"], across["neighbour_id"]]))
    inside = roofs[is_inside].reset_index(drop=True)
    links_inside = links[links["bag_pand_id"].isin(inside["bag_pand_id"])].reset_index(drop=True)
    return {
        "roofs": roofs,
        "roof_units": roof_units(roofs, rules=rules),
        "roof_reasons": roof_reasons(roofs, rules=rules),
        "complexes": group_complexes(inside, links_inside, rules=rules.complexes),
        "complex_links": across,
    }
