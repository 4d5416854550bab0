"""Streets and timetable made ready to be searched: networks, fields and travel times, once for all cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from flexsites.accessibility.contract_streets import prepare_access
from flexsites.accessibility.kernels.network import Mode, Network, build_network
from flexsites.accessibility.prepare_timetable import prepare_travel
from flexsites.errors import counted
from flexsites.inputs.prepare_streets import Reach, ReachRequest


def _networks(request: ReachRequest, reach: Reach) -> dict[Mode, Network]:
    """Return the network of every mode that is asked for; refuse streets that one of them may not use at all."""
    modes: set[Mode] = {"walk", *(measure.mode for measure in request.measures)}
    return {
        mode: build_network(
            reach.reading.graph,
            mode=mode,
            min_component_m=float(request.rules.min_component_m),
            wait_m=float(request.rules.ferry_wait_min) / 60.0 * float(request.modes[mode].speed_km_h) * 1000.0,
        )
        for mode in sorted(modes)
    }


def only_networks(request: ReachRequest) -> Callable[[Path, Reach], list[str]]:
    """Return what makes networks alone and keeps nothing: a check tells what they would refuse in a run."""

    def make(_: Path, reach: Reach) -> list[str]:
        _networks(request, reach)
        return []

    return make


def make_ready(request: ReachRequest, n_threads: int) -> Callable[[Path, Reach], list[str]]:
    """Return what makes networks, fields and travel times of streets, amenities and stops.

    Parameters
    ----------
    request
        The measures of the run, and how streets and timetables are read.
    n_threads
        Fields that are made at the same time.
    """

    def make(directory: Path, reach: Reach) -> list[str]:
        """Write networks, fields and travel times in a directory; return what must be told of them."""
        networks = _networks(request, reach)
        access = prepare_access(
            directory / "access",
            networks=networks,
            amenities=reach.amenities,
            stops=reach.stops,
            covered=reach.covered,
            extent=reach.extent,
            measures=request.measures,
            modes=request.modes,
            n_threads=n_threads,
        )
        if reach.service is not None:
            walk = request.modes["walk"]
            prepare_travel(
                directory / "travel",
                reach.service.trips.arrays(),
                reach.stops,
                reach.amenities,
                network=networks["walk"],
                transfers=request.transit.transfers,
                measures=request.travel,
                walk_speed_km_h=float(walk.speed_km_h),
                egress_reach_m=request.egress_reach_m,
                max_snap_m=float(walk.max_snap_m),
                station=reach.service.trips.station,
                extent=access.extent,
            )
        return [
            *(f"network of {mode}: {network.cut}" for mode, network in networks.items()),
            *_far_from_streets(access.n_lost),
        ]

    return make


def _far_from_streets(n_lost: Mapping[str, int]) -> list[str]:
    """Tell of what is sought how much lies off the streets, by its mode and kind: of several searches the most."""
    most: dict[tuple[str, ...], int] = {}
    for name, n in n_lost.items():
        mode, kind, *which = name.split("-")
        key = (mode, kind, *which[:1])
        most[key] = max(n, most.get(key, 0))
    return [_far(n, *key) for key, n in most.items() if n]


def _far(n: int, mode: str, kind: str, which: str = "") -> str:
    if kind == "stop":
        return f"{mode}: {counted(n, 'stop lies', 'stops lie')} farther from a street than is walked to one ({which})"
    what = which or kind
    return f"{mode}: {counted(n, 'place lies', 'places lie')} farther from a street than is walked to one ({what})"
