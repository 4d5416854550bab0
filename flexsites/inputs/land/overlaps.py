"""The same ground in several parcels: apartment rights, a user's own sites over the cadastre.

Totals add up rows, so ground that is there twice would count twice. Parcels of exactly the same ground count once, the
one with the lowest id; of others that share ground it is told which and how much.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from flexsites.config.input_rules import input_rules
from flexsites.geometry.robust import intersect
from flexsites.inputs.formats.projection import Geometries
from flexsites.inputs.rows.ingest import ReadReport
from flexsites.tables import Parcels
from flexsites.tables.files import read_chunks
from flexsites.tables.spatial_files import Writer, Written, read_window

_DECIMALS = 3
_SHOWN = 3
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
    gone: Counter[str] = Counter()
    with Writer(written.path, Parcels) as writer:
        for rows in read_chunks(written.path, columns=Parcels.columns, rows=_CHUNK_ROWS):
            digests = ground_digests(rows.geometry.to_numpy())
            keepers = np.array([first.get(int(digest)) for digest in digests], dtype=object)
            is_first = (keepers == np.array(None)) | (keepers == rows["site_id"].to_numpy(dtype=object))
            gone.update(map(str, keepers[~is_first]))
            writer.add(rows[is_first].reset_index(drop=True))
    n = gone.total()
    report.ledger.n_repeated += n
    report.ledger.n_kept -= n
    shown = ", ".join(name for name, _ in sorted(gone.items())[:_SHOWN])
    report.doubts.append(f"{n} parcels are the very ground of another and count once, under the lowest id ({shown})")
    return writer.result()


def tell_overlaps(written: Written, report: ReadReport) -> None:
    """Tell which parcels share ground, and how much: it counts in each of them."""
    least = float(input_rules().doubts.overlap_m2)
    found: dict[tuple[str, str], float] = {}
    for rows in read_chunks(written.path, columns=[*Parcels.key, "geometry"], rows=_CHUNK_ROWS):
        shapes, names = rows.geometry.to_numpy(), rows["site_id"].to_numpy(dtype=object)
        others = read_window(written.path, tuple(shapely.total_bounds(shapes).tolist()))
        theirs, their_names = others.geometry.to_numpy(), others["site_id"].to_numpy(dtype=object)
        mine, other = shapely.STRtree(theirs).query(shapes, predicate="intersects")
        is_pair = names[mine] < their_names[other]
        mine, other = mine[is_pair], other[is_pair]
        area = shapely.area(intersect(shapes[mine], theirs[other])[0])
        for i in np.flatnonzero(area > least):
            found[str(names[mine[i]]), str(their_names[other[i]])] = float(area[i])
    if not found:
        return
    n = len({name for pair in found for name in pair})
    largest = sorted(found.items(), key=lambda item: (-item[1], item[0]))[:_SHOWN]
    shown = "; ".join(f"{one} and {other}: {area:.0f} m2" for (one, other), area in largest)
    total = f"{sum(found.values()):.0f} m2 in {len(found)} pairs"
    report.doubts.append(f"{n} parcels share ground with another ({total}), which counts in each of them ({shown})")
