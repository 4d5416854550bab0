"""The arrays that counts of a finished run are taken on: its parcels, valid pieces and locations as whole numbers.

They hang on what the land is, not on figures: made once, for the run or for one gemeente of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from flexsites.answer import Kernel
from flexsites.capacity.kernels.arrangement import Neighbours, find_near
from flexsites.finished.opened import Finished
from flexsites.suitability.kernels.judgement import Measured
from flexsites.supply import numbers_of
from flexsites.tables import Frame, valid
from flexsites.tables.contract import is_among
from flexsites.tables.counting import AVAILABLE, counts

__all__ = ["Grounds", "Standing", "codes_of", "grounds_of", "grounds_of_parcels", "standing_of"]

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Texts = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Standing:
    """The pieces of available parcels in one reading, by parcel and number: what clusters may stand on.

    Attributes
    ----------
    piece
        Positions among all pieces, shape (k,).
    needs_consent
        0 or 1, shape (k,).
    near
        What lies within reach of a cluster.
    """

    piece: Ints
    needs_consent: Ints
    near: Neighbours


@dataclass(frozen=True, slots=True)
class Grounds:
    """What counts are taken on: s parcels, n valid pieces, l locations.

    Attributes
    ----------
    site_id, gemeente
        Of each parcel, shape (s,); the gemeente is empty where it is not known.
    is_available, is_excluded, may_have_a_piece
        Of each parcel, shape (s,): by its verdict; whether it is unknown and none of its pieces counts.
    is_unknown
        Of each parcel, shape (s,).
    programme_area_m2
        The core area of its common programme, shape (s,).
    kernel
        Of the pieces.
    site, counts
        Of each piece its parcel (-1: it lies outside), and whether it counts for it, shape (n,).
    located, location
        Positions of the pieces that lie in a location, and which, shape (m,).
    location_is_available
        Shape (l,).
    pairs
        Parcels and the locations that their pieces lie in, each once, shape (2, p); None: locations are not known.
    standing
        By consent; none where clusters of a part would not be those of the whole.
    """

    site_id: Texts
    gemeente: Texts
    is_available: Bools
    is_excluded: Bools
    is_unknown: Bools
    may_have_a_piece: Bools
    programme_area_m2: Floats
    kernel: Kernel
    site: Ints
    counts: Bools
    located: Ints
    location: Ints
    location_is_available: Bools
    pairs: Ints | None
    standing: Mapping[str, Standing]

    def within(self, gemeente: str) -> Grounds:
        """Return the parcels of a gemeente with all pieces of the locations that they lie in, and no clusters."""
        if self.pairs is None:
            msg = "of parcels without locations no part is taken"
            raise ValueError(msg)
        inside = self.gemeente == gemeente
        number = np.where(inside, np.cumsum(inside) - 1, -1)
        is_here = np.zeros(len(self.location_is_available), dtype=bool)
        is_here[self.pairs[1, inside[self.pairs[0]]]] = True
        kept = (self.site >= 0) & inside[self.site]
        kept[self.located[is_here[self.location]]] = True
        rows, place = np.flatnonzero(kept), np.cumsum(kept) - 1
        stays = kept[self.located] & is_here[self.location]
        mine = self.pairs[:, inside[self.pairs[0]]]
        of_parcel = ("site_id", "gemeente", "is_available", "is_excluded", "is_unknown", "may_have_a_piece",
                     "programme_area_m2")  # fmt: skip
        return replace(
            self,
            **{name: getattr(self, name)[inside] for name in of_parcel},
            kernel=_taken(self.kernel, rows),
            site=np.where(self.site[rows] >= 0, number[self.site[rows]], -1),
            counts=self.counts[rows],
            located=place[self.located[stays]],
            location=self.location[stays],
            pairs=np.stack([number[mine[0]], mine[1]]),
            standing={},
        )


def codes_of(sites: Frame) -> Texts:
    """Return the gemeente of each parcel; empty where it is not known."""
    code = sites["gemeente_code"].astype("object")
    return np.asarray(code.where(code.notna(), ""), dtype=object)


def grounds_of(run: Finished, *, reach_m: float) -> Grounds:
    """Return the grounds of a finished run; clusters reach so far."""
    own = grounds_of_parcels(run.tables["sites"], run.tables["pieces"], run.kernel, run.left.programme_area_m2)
    places, locations = run.tables["piece_locations"], run.tables["locations"]
    in_first = run.placed[True]["row"].to_numpy(dtype=np.int64)
    mates = places.set_index("piece_id")["location_id"]
    named = mates.reindex(run.held.pieces["piece_id"].to_numpy(dtype=object)[in_first])
    location = pd.Index(locations["location_id"]).get_indexer(pd.Index(named)).astype(np.int64)
    is_available = own.is_available[own.site]
    return replace(
        own,
        located=in_first,
        location=location,
        location_is_available=is_among(locations["verdict"], pd.Series(AVAILABLE, dtype="str")),
        pairs=np.unique(np.stack([own.site[in_first], location]), axis=1),
        standing={
            name: standing_of(run, is_available, with_consent=name == "with", reach_m=reach_m)
            for name in ("without", "with")
        },
    )


def grounds_of_parcels(sites: Frame, pieces: Frame, kernel: Kernel, programme_area_m2: Floats) -> Grounds:
    """Return the grounds of parcels of which nothing is known that looks beyond them: no locations, no clusters.

    Parameters
    ----------
    sites
        ``site_id, gemeente_code, verdict``.
    pieces, kernel
        Pieces of these parcels, and the kernel of the valid ones.
    programme_area_m2
        Of each parcel.
    """
    places, verdict = valid(pieces), sites["verdict"]
    site = pd.Index(sites["site_id"]).get_indexer(pd.Index(places["site_id"])).astype(np.int64)
    counted, is_unknown = counts(places, sites["site_id"], verdict), verdict.eq("unknown").to_numpy(dtype=bool)
    has_counting = np.zeros(len(sites), dtype=bool)
    has_counting[site[counted]] = True
    none = np.zeros(0, dtype=np.int64)
    return Grounds(
        site_id=sites["site_id"].to_numpy(dtype=object),
        gemeente=codes_of(sites),
        is_available=verdict.isin(AVAILABLE).to_numpy(),
        is_excluded=verdict.eq("excluded").to_numpy(dtype=bool),
        is_unknown=is_unknown,
        may_have_a_piece=is_unknown & ~has_counting,
        programme_area_m2=programme_area_m2,
        kernel=kernel,
        site=site,
        counts=counted,
        located=none,
        location=none,
        location_is_available=none.astype(bool),
        pairs=None,
        standing={},
    )


def standing_of(run: Finished, is_available: Bools, *, with_consent: bool, reach_m: float) -> Standing:
    """Return the available pieces of a reading, by parcel and number.

    Parameters
    ----------
    run
        The finished run.
    is_available
        Of each valid piece, shape (n,): whether its parcel is available.
    with_consent
        The first reading, else the second.
    reach_m
        How far a cluster reaches.
    """
    placed: Frame = run.placed[with_consent]
    row = placed["row"].to_numpy(dtype=np.int64)
    stands = is_available[row]
    row, mine = row[stands], run.held.pieces.iloc[row[stands]]
    number = numbers_of(mine, with_consent=with_consent)
    order = np.lexsort((number, pd.factorize(mine["site_id"], sort=True)[0]))
    location = pd.factorize(placed["location_id"])[0][stands].astype(np.int64)
    xy = mine[["x", "y"]].to_numpy(dtype=np.float64)[order]
    needs_consent = ~mine["is_without_consent"].to_numpy(dtype=bool)[order]
    near = find_near(xy, location[order], reach_m=reach_m)
    return Standing(row[order], needs_consent.astype(np.int64), near)


def _taken(kernel: Kernel, rows: Ints) -> Kernel:
    """Return the kernel of some pieces."""
    measured = kernel.measured
    some = Measured(
        measured.value[:, rows], measured.is_unreached[:, rows], measured.is_truncated[:, rows],
        measured.complete_to[:, rows],
    )  # fmt: skip
    modules = {name: one[:, rows] for name, one in kernel.modules.items()}
    return Kernel(kernel.core_area_m2[rows], modules, kernel.measures, some)
