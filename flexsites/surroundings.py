"""What lies around some parcels or buildings, read window by window from what a run has prepared."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from flexsites import tables as t
from flexsites.accessibility.contract_streets import PreparedAccess, open_access
from flexsites.accessibility.prepare_timetable import PreparedTravel, open_travel
from flexsites.config.study import Study
from flexsites.geometry.nearness import near_any
from flexsites.inputs.prepared import MEMORY_OF_REACH, Prepared
from flexsites.tables import Frame
from flexsites.tables.contract import is_among
from flexsites.tables.whole_files import read_state
from flexsites.tables.windows import window_of

__all__ = ["RoofSurroundings", "Surroundings", "halo_m", "roof_surroundings_of", "surroundings_of"]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is read besides some parcels: canonical tables with a halo, and what is global by nature."""

    neighbours: Frame
    layers: Frame
    coverages: Frame
    streets: Frame
    areas: Frame
    stops: Frame
    destinations: Frame
    access: PreparedAccess
    travel: PreparedTravel | None


def surroundings_of(
    parcels: Frame, inputs: Prepared, *, study: Study, layers: Iterable[str] | None = None
) -> Surroundings:
    """Read what lies around parcels, as far as any rule or measure of the run reaches.

    Parameters
    ----------
    parcels
        The sites asked, at least one.
    inputs
        What the run has prepared.
    study
        The resolved run.
    layers
        The layers that are wanted; None: all.
    """
    neighbours = _neighbours(parcels, inputs, near_m=study.near_m)
    # A parcel may stick out of its cell: the window is that of the parcels, not of the cell.
    window = window_of(pd.concat([parcels, neighbours]), halo_m(study))
    return Surroundings(
        neighbours=neighbours,
        layers=inputs.read_layers(window, names=layers),
        coverages=inputs.coverages(window),
        streets=inputs.read("streets", t.StreetLines, window),
        areas=inputs.areas(window),
        stops=inputs.read("stops", t.Stops, window_of(parcels, study.transit_reach_m)),
        destinations=inputs.read("amenities", t.Amenities, window_of(parcels, study.direct_reach_m)),
        access=open_access(inputs.directory / "access"),
        travel=_open_prepared_travel(inputs),
    )


@dataclass(frozen=True, slots=True)
class RoofSurroundings:
    """What is read besides some buildings: the sources of parcels, and streets and stops where there are."""

    parcels: Frame
    layers: Frame
    coverages: Frame
    stops: Frame
    access: PreparedAccess | None = None


def roof_surroundings_of(buildings: Frame, inputs: Prepared, *, study: Study) -> RoofSurroundings:
    """Read what lies around buildings, of all that the rules for roofs ask.

    Parameters
    ----------
    buildings
        Those asked, at least one.
    inputs
        What the run has prepared.
    study
        The resolved run; it says how roofs are topped up.
    """
    assert study.top_up is not None, "roofs are placed only where the run says how"  # noqa: S101 - resolve() reads them
    window = window_of(buildings, 1.0)
    return RoofSurroundings(
        parcels=inputs.read("parcels", t.Parcels, window),
        layers=inputs.read_layers(window, names=study.top_up.context.layers),
        coverages=inputs.coverages(window),
        stops=inputs.read("stops", t.Stops, window_of(buildings, study.transit_reach_m)),
        access=open_access(inputs.directory / "access") if "stops" in inputs.tables else None,
    )


def halo_m(study: Study) -> float:
    """Return how far from a site a feature can matter to it: the longest reach of any rule or piece test."""
    # A buffer is built from chords and edges are found by index: one metre keeps the halo wider than any rounding.
    return study.reach_m + 1.0


def _neighbours(parcels: Frame, inputs: Prepared, *, near_m: float) -> Frame:
    """Return the parcels of others that bear on the pieces of these: near ones, and what is near those."""
    near = parcels
    for _ in range(2):
        window = window_of(near, near_m)
        found = t.concat([inputs.read(name, t.Parcels, window) for name in ("parcels", "context_parcels")], t.Parcels)
        # A parcel on the edge of the area may stand in both; of the parcels themselves it is known that they are near.
        others = found[~is_among(found["site_id"], parcels["site_id"])].drop_duplicates("site_id")
        is_near = near_any(others.geometry.to_numpy(), near.geometry.to_numpy(), within_m=near_m)
        near = t.concat([parcels, others[is_near]], t.Parcels)
    return near.iloc[len(parcels) :].sort_values("site_id", ignore_index=True)


def _open_prepared_travel(prepared: Prepared) -> PreparedTravel | None:
    """Return what was prepared for travel times; None: the run has no timetable."""
    known = read_state(prepared.directory / MEMORY_OF_REACH)
    return open_travel(prepared.directory / "travel") if known and known["has_timetable"] else None
