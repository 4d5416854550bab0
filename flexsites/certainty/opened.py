"""A finished run, opened for draws: its tables as arrays, and the figures that it was made with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from flexsites.answer import Figures, figures_of
from flexsites.certainty.draws import CONSENTS, Ground
from flexsites.certainty.lands import Lands, States
from flexsites.config.access import Measures
from flexsites.config.certainty import Certainty
from flexsites.config.estimates import ESTIMATES
from flexsites.finished.grounds import standing_of
from flexsites.finished.opened import Finished, open_finished
from flexsites.geometry.robust import intersect
from flexsites.supply import BEST_FIRST
from flexsites.tables import Frame, valid
from flexsites.tables.counting import AVAILABLE, counts

__all__ = ["Opened", "Stood", "open_run"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Opened:
    """What draws need of a run.

    Attributes
    ----------
    ground, figures
        The arrays, and what the run says.
    lands
        The run on other land, where rules are drawn.
    measures, reach
        The measures by row, and how far each was searched.
    common_homes_per_ha
        Low, expected and high of the common programme.
    sites, locations
        The ids by position.
    undemanding
        The flexmilieus that nearly everything passes.
    may_have_a_piece
        By site, whether its pieces are all unknown, so that whom it serves is unknown whatever is drawn.
    """

    ground: Ground
    figures: Figures
    lands: Lands
    measures: tuple[str, ...]
    reach: Mapping[str, float]
    common_homes_per_ha: tuple[float, float, float]
    sites: npt.NDArray[np.object_]
    locations: npt.NDArray[np.object_]
    undemanding: frozenset[str]
    may_have_a_piece: npt.NDArray[np.bool_]

    def grounds(self, certainty: Certainty, every: Sequence[States]) -> list[Stood]:
        """Return what draws read where the land is read otherwise, for some states; their locations are alike.

        A location of other land is that of this run on which parcels most of it lies, else one more: those of the run
        come first, in their order.
        """
        runs = [self.lands.of(certainty, states) for states in every]
        names = [_named_alike(self.lands.run, run) for run in runs]
        more = np.setdiff1d(np.concatenate([one.to_numpy(dtype=object) for one in names]), self.locations)
        ids = np.concatenate([self.locations, more])
        return [
            Stood(_ground(run, self.figures, ids, name), _may_have_a_piece(run))
            for run, name in zip(runs, names, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class Stood:
    """The arrays of a land, and by site whether its pieces there are all unknown."""

    ground: Ground
    may_have_a_piece: npt.NDArray[np.bool_]


def _named_alike(own: Finished, run: Finished) -> pd.Series[Any]:
    """Return by location of a land what it is called in the run whose land it was: the location of most of it."""
    every = np.sort(run.tables["locations"]["location_id"].to_numpy(dtype=object))
    here, there = (_cores(one) for one in (own, run))
    pairs = there.merge(here, on="site_id", suffixes=("", "_here"))
    both, _ = intersect(pairs["geometry"].to_numpy(), pairs["geometry_here"].to_numpy())
    shared = pd.DataFrame(pairs[["location_id", "location_id_here"]]).assign(area=shapely.area(both))
    sums = pd.DataFrame(shared[shared["area"] > 0].groupby(["location_id", "location_id_here"], as_index=False).sum())
    largest = sums.sort_values(["location_id", "area", "location_id_here"], ascending=[True, False, True])
    found = largest.drop_duplicates("location_id").set_index("location_id")["location_id_here"].reindex(every)
    names = found.to_numpy(dtype=object)
    return pd.Series(np.where(pd.isna(names), every, names), index=every, dtype=object)


def _cores(run: Finished) -> Frame:
    """Return the core parts of located pieces: ``site_id``, ``location_id``, ``geometry``."""
    pieces = run.tables["pieces"][["piece_id", "geometry"]]
    return pieces.merge(run.places, on="piece_id")[["site_id", "location_id", "geometry"]]


def _may_have_a_piece(run: Finished) -> npt.NDArray[np.bool_]:
    sites = run.tables["sites"]
    return ((sites["verdict"] == "unknown") & (sites["n_pieces"] == 0)).to_numpy(dtype=bool)


def open_run(directory: Path) -> Opened:
    """Open a finished run of parcels for draws.

    Raises
    ------
    InputError
        As `flexsites.finished.opened.open_finished`.
    """
    run = open_finished(directory)
    sites = run.tables["sites"]
    common = run.base.counting.common_homes_per_ha
    low, expected, high = (common.at(one) for one in ESTIMATES)
    location_ids = np.sort(run.tables["locations"]["location_id"].to_numpy(dtype=object))
    figures = figures_of(run.base, run.kernel.measures)
    return Opened(
        ground=_ground(run, figures, location_ids, pd.Series(location_ids, index=location_ids, dtype=object)),
        figures=figures,
        lands=Lands(run),
        measures=run.kernel.measures,
        reach=_reach(run.settings.measures),
        common_homes_per_ha=(low, expected, high),
        sites=sites["site_id"].to_numpy(dtype=object),
        locations=location_ids,
        undemanding=run.undemanding,
        may_have_a_piece=_may_have_a_piece(run),
    )


def _ground(run: Finished, figures: Figures, location_ids: npt.NDArray[np.object_], names: pd.Series[Any]) -> Ground:
    """Return what draws read of the valid pieces; ``names`` says by location which of the ids it bears."""
    sites, held, kernel = run.tables["sites"], run.held, run.kernel
    pieces = valid(run.tables["pieces"])
    site_ids = sites["site_id"].to_numpy(dtype=object)
    verdict = pd.Series(sites["verdict"].to_numpy(dtype=object), index=site_ids)
    site = pd.Index(site_ids).get_indexer(pd.Index(pieces["site_id"])).astype(np.int64)
    parts = run.placed[True]
    mates = run.tables["piece_locations"].set_index("piece_id")["location_id"]
    located = parts["row"].to_numpy(dtype=np.int64)
    location = names.reindex(mates.reindex(held.pieces["piece_id"].to_numpy(dtype=object)[located]))
    locations = run.tables["locations"]
    best = locations["verdict"].map(BEST_FIRST).groupby(names.reindex(locations["location_id"]).to_numpy()).min()
    reach_m = float(run.base.counting.cluster_reach_m)
    available = verdict.reindex(pieces["site_id"]).isin(AVAILABLE).to_numpy()
    return Ground(
        core_area_m2=kernel.core_area_m2,
        modules=kernel.modules,
        mix={name: (one.wide_share, one.n_wide) for name, one in figures.places.items()},
        measured=kernel.measured,
        placed={one: standing_of(run, available, with_consent=one == "with", reach_m=reach_m) for one in CONSENTS},
        located=located,
        location=pd.Index(location_ids).get_indexer(pd.Index(location)).astype(np.int64),
        part=pd.factorize(parts["location_id"], sort=True)[0].astype(np.int64),
        verdict=np.asarray(best.reindex(location_ids, fill_value=len(BEST_FIRST)), dtype=np.int64),
        site=np.where(counts(pieces, sites["site_id"], sites["verdict"]), site, -1),
        n_sites=len(site_ids),
        common_area_m2={
            one: float(sites.loc[(sites["verdict"] == one).to_numpy(), "programme_area_m2"].sum()) for one in AVAILABLE
        },
    )


def _reach(known: Measures) -> dict[str, float]:
    """Return how far each measure was searched, in its own unit; what is not searched has no reach."""
    found = {}
    for one in known.measures:
        limit = getattr(one, "limit_m", None) or getattr(one, "limit_min", None)
        if limit is not None:
            found[one.id] = float(limit)
    return found
