"""Opportunities on the network: which rows of a table count for a measure, and where they touch the streets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd
import shapely

from flexsites.accessibility.kernels.network import Network, open_array
from flexsites.accessibility.kernels.positions import Opportunities
from flexsites.accessibility.kernels.service_class import UNKNOWN_MODE
from flexsites.accessibility.kernels.snap import snap
from flexsites.arrays import BoolArray, FloatArray, IntArray
from flexsites.config.opportunities import ToStop

if TYPE_CHECKING:
    from typing import Self

    from flexsites.config.access import StreetMeasure
    from flexsites.tables import Frame

ENTRANCE_MARK = "#"
"""What stands before the number of an entrance in an amenity's id: rows alike before it are one opportunity."""


@dataclass(frozen=True, slots=True)
class OpportunitySet:
    """The opportunities of one kind on one network, and the number of those that no street comes near."""

    opportunities: Opportunities
    xy: FloatArray
    n_lost: int

    def save(self, directory: Path) -> None:
        """Write the set as .npy files."""
        directory.mkdir(parents=True, exist_ok=True)
        for name, array in (self.opportunities._asdict() | {"xy": self.xy}).items():
            np.save(directory / f"{name}.npy", array)
        (directory / "lost.txt").write_text(str(self.n_lost), encoding="utf-8")

    @classmethod
    def open(cls, directory: Path) -> Self:
        """Memory-map a saved set."""
        arrays = (open_array(directory / f"{name}.npy") for name in Opportunities._fields)
        n_lost = int((directory / "lost.txt").read_text(encoding="utf-8"))
        return cls(Opportunities(*arrays), open_array(directory / "xy.npy"), n_lost)

    def near(self, points: FloatArray, reach: float) -> Opportunities:
        """Return the opportunities that can lie within a reach of any of the points, in the order of the set."""
        known = points[np.isfinite(points).all(axis=1)]
        if len(known) == 0:
            is_near = np.zeros(len(self.xy), dtype=bool)
        else:
            low, high = known.min(axis=0) - reach, known.max(axis=0) + reach
            is_near = ((self.xy >= low) & (self.xy <= high)).all(axis=1)
        return Opportunities(*(cast("Any", array)[is_near] for array in self.opportunities))


def place(
    network: Network, points: FloatArray, weight: FloatArray, group: IntArray, *, max_snap_m: float
) -> OpportunitySet:
    """Put opportunities on the network, sorted by edge; those without a street within reach are counted as lost.

    Parameters
    ----------
    network
        The network of the mode.
    points
        Shape (n, 2), metres.
    weight, group
        Shape (n,), as in :class:`Opportunities`.
    max_snap_m
        A street farther away than this does not lead to the opportunity.
    """
    found = snap(network, points, max_snap_m=max_snap_m)
    on_network = np.flatnonzero(found.edge >= 0)
    order = on_network[np.lexsort((group[on_network], found.offset[on_network], found.edge[on_network]))]
    placed = Opportunities(found.edge[order], found.offset[order], found.leg[order], weight[order], group[order])
    return OpportunitySet(placed, points[order], len(points) - len(order))


def choose(measure: StreetMeasure, amenities: Frame, stops: Frame) -> tuple[Frame, BoolArray]:
    """Return the rows that may count for a measure, and whether it is known that they do.

    A stop whose service is unknown may count where service is asked, one whose mode is unknown where a mode is asked:
    it is there with ``False``.
    """
    if not isinstance(measure.to, ToStop):
        rows = amenities[(amenities["category"] == measure.to.category).to_numpy()]
        return rows, np.ones(len(rows), dtype=bool)
    name = measure.to.stop
    if name == "hub":
        return _three_valued(stops, stops["is_hub"])
    rows = stops if name == "any" else stops[stops["mode"].isin([name, UNKNOWN_MODE]).to_numpy()]
    if measure.min_departures_per_hour is None:
        is_known = np.ones(len(rows), dtype=bool) if name == "any" else (rows["mode"] == name).to_numpy()
        return rows, is_known
    departures = rows[f"departures_per_hour_{measure.band}"]
    enough = (departures >= float(measure.min_departures_per_hour)).astype("boolean").mask(departures.isna())
    return _three_valued(rows, enough)


def _three_valued(rows: Frame, counts: pd.Series) -> tuple[Frame, BoolArray]:
    may_count = counts.astype("boolean").fillna(value=True).to_numpy(dtype=bool)
    is_known = counts.notna().to_numpy()
    return rows[may_count], is_known[may_count]


def points_of(rows: Frame) -> tuple[FloatArray, FloatArray, IntArray]:
    """Return places, weights and groups of opportunities, in an order of ids that does not depend on the file's."""
    is_stop = "stop_id" in rows.columns
    ids = rows["stop_id" if is_stop else "amenity_id"].astype(str).to_numpy(dtype=object)
    of_one = np.array([name.partition(ENTRANCE_MARK)[0] for name in ids], dtype=object) if not is_stop else ids
    _, group = np.unique(of_one.astype(str), return_inverse=True) if len(ids) else (None, np.zeros(0, np.int64))
    xy = np.asarray(shapely.get_coordinates(rows.geometry.to_numpy()), dtype=np.float64).reshape(-1, 2)
    weight = np.ones(len(rows)) if is_stop else rows["weight"].to_numpy(dtype=np.float64)
    return xy, weight, np.asarray(group, dtype=np.int64)
