"""What is prepared once for a whole country, as files that every worker memory-maps: networks, opportunities, fields.

A field is the cost of every node to its nearest opportunities; it is what makes a site's answer a look-up, and the
answer the same in whichever cell the site is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast, overload

import numpy as np
import shapely

from flexsites.accessibility.kernels.closest import closest_field
from flexsites.accessibility.kernels.k_closest import KField, k_closest_field
from flexsites.accessibility.kernels.network import Mode, Network, open_array
from flexsites.accessibility.opportunities import OpportunitySet, choose, place, points_of
from flexsites.arrays import FloatArray
from flexsites.config.access import CostToClosest, KClosest, ModeOfTravel, StreetMeasure
from flexsites.errors import Fault, InputError, NotFoundError
from flexsites.geometry.robust import intersect_all

if TYPE_CHECKING:
    from flexsites.tables import Frame

_INDEX = "access.json"


@dataclass(frozen=True, slots=True)
class PreparedAccess:
    """A prepared directory, opened: arrays are memory-mapped when they are first asked for.

    Attributes
    ----------
    directory
        Where it is.
    networks
        By mode; their extent is that of streets and opportunities together.
    max_snap_m
        By mode, how far an access point may lie from a street.
    covered
        What the sources hold at all: ``amenity:<category>``, ``stop``, ``jobs``, ``centres``.
    extent
        Where streets and opportunities are complete; None: everywhere that is asked.
    n_lost
        By set of opportunities, how many no street comes near.
    """

    directory: Path
    networks: Mapping[Mode, Network]
    max_snap_m: Mapping[Mode, float]
    covered: frozenset[str]
    extent: shapely.Geometry | None
    n_lost: Mapping[str, int]
    _sets: dict[str, OpportunitySet] = field(default_factory=dict, init=False, compare=False, repr=False)

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        """Send the directory to another process, not the arrays."""
        return open_access, (self.directory,)

    def is_covered(self, measure: StreetMeasure) -> bool:
        """Return whether the sources hold the kind of opportunity that a measure asks for."""
        return measure.to.spoken_of in self.covered

    def opportunities(self, measure: StreetMeasure, *, certain: bool) -> OpportunitySet | None:
        """Return the opportunities that surely count for a measure, or all that may count; None: these are the same.

        Raises
        ------
        NotFoundError
            If the measure was not prepared.
        """
        name = set_name(measure, certain=certain)
        if name not in self.n_lost:
            if certain:
                fault = Fault("not prepared", f"{self.directory}: {measure.id}", "prepare access for this measure")
                raise NotFoundError(fault)
            return None
        if name not in self._sets:
            self._sets[name] = OpportunitySet.open(self.directory / "sets" / name)
        return self._sets[name]

    @overload
    def field(self, measure: CostToClosest, *, certain: bool) -> FloatArray: ...

    @overload
    def field(self, measure: KClosest, *, certain: bool) -> KField: ...

    def field(self, measure: CostToClosest | KClosest, *, certain: bool) -> FloatArray | KField:
        """Return the prepared costs per node of a measure."""
        path = self.directory / "fields" / _field_name(measure, certain=certain)
        if isinstance(measure, CostToClosest):
            return cast("FloatArray", open_array(path / "cost.npy"))
        return KField(open_array(path / "cost.npy"), open_array(path / "group.npy"))


def set_name(measure: StreetMeasure, *, certain: bool) -> str:
    """Return the name of a measure's set of opportunities: measures that ask for the same share it."""
    parts = [measure.mode, measure.to.slug]
    if measure.min_departures_per_hour is not None:
        parts += [str(measure.band), f"{float(measure.min_departures_per_hour):g}"]
    return "-".join([*parts, *([] if certain else ["possible"])])


def _field_name(measure: CostToClosest | KClosest, *, certain: bool) -> str:
    k = measure.k if isinstance(measure, KClosest) else 1
    return f"{set_name(measure, certain=certain)}-k{k}-{float(measure.limit_m):g}m"


def prepare_access(
    directory: Path,
    *,
    networks: Mapping[Mode, Network],
    amenities: Frame,
    stops: Frame,
    covered: frozenset[str],
    extent: shapely.Geometry | None,
    measures: tuple[StreetMeasure, ...],
    modes: Mapping[Mode, ModeOfTravel],
    n_threads: int = 1,
) -> PreparedAccess:
    """Write networks, opportunities and fields into a directory, and open it.

    Parameters
    ----------
    directory
        Written over where it exists.
    networks
        The networks of the modes that the measures use.
    amenities, stops
        Tables ``Amenities`` and ``Stops``; may be empty.
    covered
        What the sources hold at all, as in :class:`PreparedAccess`; what is not covered is unknown, not absent.
    extent
        Where the opportunities are complete; None: everywhere that is asked. The streets' own extent binds as well.
    measures
        What will be asked.
    modes
        Snap distances.
    n_threads
        Fields made at the same time.

    Raises
    ------
    InputError
        If a measure uses a mode that has no network.
    """
    faults = [
        Fault(f"no network for mode {mode}", "measures", "build it, or leave its measures out")
        for mode in sorted({measure.mode for measure in measures} - set(networks))
    ]
    if faults:
        raise InputError(faults)
    whole = _common([extent, *(network.extent for network in networks.values())])
    for mode, network in networks.items():
        replace(network, extent=whole).save(directory / "networks" / mode)
    n_lost: dict[str, int] = {}
    sets: dict[str, OpportunitySet] = {}
    for measure in measures:
        for name, opportunities in _sets(measure, networks, amenities, stops, modes, known=sets).items():
            opportunities.save(directory / "sets" / name)
            sets[name], n_lost[name] = opportunities, opportunities.n_lost
    jobs = {
        _field_name(measure, certain=certain): (measure, certain)
        for measure in measures
        if isinstance(measure, CostToClosest | KClosest)
        for certain in (True, False)
        if set_name(measure, certain=certain) in sets
    }
    with ThreadPoolExecutor(n_threads) as pool:
        list(pool.map(lambda job: _write_field(directory, job[0], job[1], networks, sets), jobs.values()))
    about = {
        "max_snap_m": {mode: float(modes[mode].max_snap_m) for mode in networks},
        "covered": sorted(covered),
        "extent": None if whole is None else shapely.to_wkt(whole, rounding_precision=-1),
        "n_lost": n_lost,
    }
    (directory / _INDEX).write_text(json.dumps(about, indent=1), encoding="utf-8")
    return open_access(directory)


def open_access(directory: Path) -> PreparedAccess:
    """Open a prepared directory.

    Raises
    ------
    InputError
        If nothing was prepared there.
    """
    path = Path(directory) / _INDEX
    if not path.exists():
        raise InputError(Fault("no prepared access", str(directory), "prepare the network and its fields first"))
    about = json.loads(path.read_text(encoding="utf-8"))
    return PreparedAccess(
        directory=Path(directory),
        networks={mode: Network.open(Path(directory) / "networks" / mode) for mode in about["max_snap_m"]},
        max_snap_m=about["max_snap_m"],
        covered=frozenset(about["covered"]),
        extent=None if about["extent"] is None else shapely.from_wkt(about["extent"]),
        n_lost=about["n_lost"],
    )


def _sets(
    measure: StreetMeasure,
    networks: Mapping[Mode, Network],
    amenities: Frame,
    stops: Frame,
    modes: Mapping[Mode, ModeOfTravel],
    *,
    known: Mapping[str, OpportunitySet],
) -> dict[str, OpportunitySet]:
    """Return the sets of a measure that are not made yet: what surely counts, and, if that differs, what may count."""
    if set_name(measure, certain=True) in known:
        return {}
    rows, is_certain = choose(measure, amenities, stops)
    xy, weight, group = points_of(rows)
    found = {}
    for certain in (True, False):
        chosen = is_certain if certain else np.ones(len(rows), dtype=bool)
        if certain or not is_certain.all():
            reach = float(modes[measure.mode].max_snap_m)
            placed = place(networks[measure.mode], xy[chosen], weight[chosen], group[chosen], max_snap_m=reach)
            found[set_name(measure, certain=certain)] = placed
    return found


def _write_field(
    directory: Path,
    measure: CostToClosest | KClosest,
    certain: bool,  # noqa: FBT001 - half of a pair
    networks: Mapping[Mode, Network],
    sets: Mapping[str, OpportunitySet],
) -> None:
    path = directory / "fields" / _field_name(measure, certain=certain)
    path.mkdir(parents=True, exist_ok=True)
    graph = networks[measure.mode].graph
    opportunities = sets[set_name(measure, certain=certain)].opportunities
    limit = float(measure.limit_m)
    if isinstance(measure, CostToClosest):
        np.save(path / "cost.npy", closest_field(graph, opportunities, limit))
        return
    field = k_closest_field(graph, opportunities, measure.k, limit)
    np.save(path / "cost.npy", field.cost)
    np.save(path / "group.npy", field.group)


def _common(extents: list[shapely.Geometry | None]) -> shapely.Geometry | None:
    """Return where all are complete."""
    given = [extent for extent in extents if extent is not None]
    return intersect_all(given) if given else None
