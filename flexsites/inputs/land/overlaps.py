"""The same ground in several parcels: apartment rights, a user's own sites over the cadastre.

Totals add up rows, so ground that is there twice would count twice. Parcels of exactly the same ground count once, the
one with the lowest id; of others that share ground it is told which and how much.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from flexsites.config.input_rules import input_rules
from flexsites.errors import counted
from flexsites.geometry.shared_area import shared_areas
from flexsites.inputs.formats.projection import Geometries
from flexsites.inputs.rows.ingest import ReadReport
from flexsites.tables import Parcels
from flexsites.tables.files import read_chunks
from flexsites.tables.spatial_files import Writer, Written, read_window

_DECIMALS = 3
_SHOWN = 3
_ROUNDING_SHARE = 0.001  # of a ground: so much may be rounding where it is a small one
_CHUNK_ROWS = 50_000


def ground_digests(geometry: Geometries) -> NDArray[np.uint64]:
    """Return a 64-bit hash of the ground of each polygon, to the millimetre, whichever corner it begins with.

    Examples
    --------
    >>> one, other = shapely.box(0, 0, 2, 1), shapely.Polygon([(2, 1), (0, 1), (0, 0), (2, 0)])
    >>> digests = ground_digests(np.array([one, other, shapely.box(0, 0, 1, 1)], dtype=object))
    >>> bool(digests[0] == digests[1]), bool(digests[0] == digests[2])
    (True, False)
    """
    rounded = shapely.transform(shapely.normalize(geometry), lambda xy: np.round(xy, _DECIMALS) + 0.0)
    wkb = np.asarray(shapely.to_wkb(shapely.normalize(rounded), output_dimension=2, byte_order=1), dtype=object)
    return np.asarray(pd.util.hash_array(wkb, categorize=False), dtype=np.uint64)


@dataclass(slots=True)
class Ground:
    """The ground of all parcels met so far, 8 bytes each."""

    digests: list[NDArray[np.uint64]] = field(default_factory=list)

    def add(self, geometry: Geometries) -> None:
        """Take in the parcels of a batch."""
        self.digests.append(ground_digests(geometry))

    @property
    def repeated(self) -> NDArray[np.uint64]:
        """The ground that is there more than once."""
        every = np.concatenate(self.digests) if self.digests else np.zeros(0, dtype=np.uint64)
        values, counts = np.unique(every, return_counts=True)
        return values[counts > 1]


def once_each(written: Written, ground: Ground, report: ReadReport) -> Written:
    """Return the parcels written so that each ground is there once; what was taken out is counted and told."""
    repeated = ground.repeated
    if not len(repeated):
        return written
    first: dict[int, str] = {}
    for rows in read_chunks(written.path, columns=[*Parcels.key, "geometry"], rows=_CHUNK_ROWS):
        digests = ground_digests(rows.geometry.to_numpy())
        for at in np.flatnonzero(np.isin(digests, repeated)):
            key, name = int(digests[at]), str(rows["site_id"].iloc[at])
            first[key] = min(name, first.get(key, name))
    gone: dict[str, str] = {}
    for rows in read_chunks(written.path, columns=[*Parcels.key, "geometry"], rows=_CHUNK_ROWS):
        keepers = [first.get(int(digest)) for digest in ground_digests(rows.geometry.to_numpy())]
        pairs = zip(map(str, rows["site_id"]), keepers, strict=True)
        gone |= {name: keeper for name, keeper in pairs if keeper is not None and keeper != name}
    return _without(written, gone, report)


def _without(written: Written, gone: dict[str, str], report: ReadReport) -> Written:
    """Return the parcels written but for those whose ground is that of another, given as name: the one that stays."""
    with Writer(written.path, Parcels) as writer:
        for rows in read_chunks(written.path, columns=Parcels.columns, rows=_CHUNK_ROWS):
            writer.add(rows[~rows["site_id"].isin(list(gone))].reset_index(drop=True))
    report.ledger.n_repeated += len(gone)
    report.ledger.n_kept -= len(gone)
    shown = ", ".join(sorted(set(gone.values()))[:_SHOWN])
    what = (
        f"{counted(len(gone), 'parcel is', 'parcels are')} the very ground of another: it counts once, under the "
        f"lowest id ({shown})"
    )
    report.doubts.append(what)
    return writer.result()


def told_overlaps(written: Written, report: ReadReport) -> Written:
    """Return the parcels, and tell which share ground and how much: it counts in each of them.

    Of two that are one ground but for rounding, or for corners on a straight line, the lowest id stays.
    """
    least = float(input_rules().doubts.overlap_m2)
    found: dict[tuple[str, str], float] = {}
    gone: dict[str, str] = {}
    for rows in read_chunks(written.path, columns=[*Parcels.key, "geometry"], rows=_CHUNK_ROWS):
        shapes, names = rows.geometry.to_numpy(), rows["site_id"].to_numpy(dtype=object)
        others = read_window(written.path, tuple(shapely.total_bounds(shapes).tolist()), columns=Parcels.key)
        theirs, their_names = others.geometry.to_numpy(), others["site_id"].to_numpy(dtype=object)
        mine, other = shapely.STRtree(theirs).query(shapes)
        is_pair = names[mine] < their_names[other]
        mine, other = mine[is_pair], other[is_pair]
        # Nearly all neighbours share nothing: what their edges tell of it is a fraction of the work of an overlay.
        area = shared_areas(shapes[mine], theirs[other])
        largest = np.maximum(shapely.area(shapes[mine]), shapely.area(theirs[other]))
        is_same = largest - area <= np.minimum(least, _ROUNDING_SHARE * largest)
        for i in np.flatnonzero((area > least) | is_same):
            one, two = str(names[mine[i]]), str(their_names[other[i]])
            found[one, two] = float(area[i])
            if is_same[i]:
                gone[two] = min(one, gone.get(two, one))
    if gone:
        written = _without(written, gone, report)
    _tell({pair: area for pair, area in found.items() if gone.keys().isdisjoint(pair)}, report)
    return written


def _tell(found: dict[tuple[str, str], float], report: ReadReport) -> None:
    if not found:
        return
    n = len({name for pair in found for name in pair})
    largest = sorted(found.items(), key=lambda item: (-item[1], item[0]))[:_SHOWN]
    shown = "; ".join(f"{one} and {other}: {area:,.0f} m2" for (one, other), area in largest)
    total = f"{sum(found.values()):,.0f} m2 in {len(found):,} pairs"
    report.doubts.append(
        f"{counted(n, 'parcel shares', 'parcels share')} ground with another ({total}), "
        f"which counts in each of them ({shown})"
    )
