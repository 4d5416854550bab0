"""A finished run, opened for draws: its tables as arrays, and the figures that it was made with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import yaml
from pydantic import TypeAdapter

from flexsites.answer import Figures, kernel_of
from flexsites.capacity.homes import places_of_homes
from flexsites.certainty.draws import CONSENTS, Ground, Placed
from flexsites.config.access import Measures
from flexsites.config.counting import Counting
from flexsites.config.dwellings import ESTIMATES, DwellingType, LayoutStandard
from flexsites.config.suitability import Flexmilieu, TargetGroup
from flexsites.errors import Fault, InputError
from flexsites.suitability.judgement import asked_of, measures_used
from flexsites.supply import BEST_FIRST, Held, hold, location_of, numbers_of
from flexsites.tables import Frame, valid
from flexsites.tables.counting import AVAILABLE, counts
from flexsites.tables.files import read

__all__ = ["Opened", "open_run"]

Ints = npt.NDArray[np.int64]

_NEEDED = ("pieces", "laid_out", "accessibility", "units", "piece_suitability", "piece_locations", "locations", "sites")


@dataclass(frozen=True, slots=True)
class Opened:
    """What draws need of a run.

    Attributes
    ----------
    ground, figures
        The arrays, and what the run says.
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
    measures: tuple[str, ...]
    reach: Mapping[str, float]
    common_homes_per_ha: tuple[float, float, float]
    sites: npt.NDArray[np.object_]
    locations: npt.NDArray[np.object_]
    undemanding: frozenset[str]
    may_have_a_piece: npt.NDArray[np.bool_]


def open_run(directory: Path) -> Opened:
    """Open a finished run of parcels: its tables and its resolved configuration, not its inputs.

    Raises
    ------
    InputError
        If it holds no parcels, or was made by an earlier version.
    """
    missing = [name for name in _NEEDED if not (directory / f"{name}.parquet").is_file()]
    if missing or not (directory / "run.yaml").is_file():
        what = ", ".join(f"{name}.parquet" for name in missing) or "run.yaml"
        remedy = "name the directory of a finished run of parcels, or run it again with this version"
        raise InputError(Fault(f"there is no {what}", str(directory), remedy))
    content = yaml.safe_load((directory / "run.yaml").read_text(encoding="utf-8"))
    said = _Said(content)
    tables = {name: read(directory / f"{name}.parquet") for name in _NEEDED}
    return said.open(tables)


class _Said:
    """The sections of a resolved run that draws read."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self.groups = TypeAdapter(dict[str, TargetGroup]).validate_python(content["target_groups"])
        asks_term = content["rule_set"]["time"].get("asks_least_term", True)
        self.flexmilieus = tuple(
            one if asks_term else one.without_least_term()
            for one in TypeAdapter(tuple[Flexmilieu, ...]).validate_python(content["flexmilieus"])
        )
        self.dwelling_types = TypeAdapter(dict[str, DwellingType]).validate_python(content["dwelling_types"])
        self.layout = LayoutStandard.model_validate(content["layout"])
        self.counting = Counting.model_validate(content["counting"])
        self.known = Measures.model_validate(content["measures"])
        self.names = tuple(one.id for one in self.flexmilieus)
        self.measures = tuple(measures_used(self.flexmilieus, self.groups))

    def open(self, tables: Mapping[str, Frame]) -> Opened:
        """Return the run as arrays and figures."""
        row = {name: i for i, name in enumerate(self.measures)}
        programmes = {one.id: one.programme for one in self.flexmilieus}
        places = places_of_homes(programmes, self.dwelling_types, self.layout)
        asked = {one.id: asked_of(one, self.groups, row) for one in self.flexmilieus}
        site_ids = tables["sites"]["site_id"].to_numpy(dtype=object)
        location_ids = np.sort(tables["locations"]["location_id"].to_numpy(dtype=object))
        low, expected, high = (self.counting.common_homes_per_ha.at(one) for one in ESTIMATES)
        mix = {name: (one.wide_share, one.n_wide) for name, one in places.items()}
        return Opened(
            ground=self._ground(tables, site_ids, location_ids, mix),
            figures=Figures(asked, places),
            measures=self.measures,
            reach=_reach(self.known),
            common_homes_per_ha=(low, expected, high),
            sites=site_ids,
            locations=location_ids,
            undemanding=frozenset(one.id for one in self.flexmilieus if one.undemanding),
            may_have_a_piece=((tables["sites"]["verdict"] == "unknown") & (tables["sites"]["n_pieces"] == 0)).to_numpy(
                dtype=bool
            ),
        )

    def _ground(
        self,
        tables: Mapping[str, Frame],
        site_ids: npt.NDArray[np.object_],
        location_ids: npt.NDArray[np.object_],
        mix: Mapping[str, tuple[float, int]],
    ) -> Ground:
        pieces, sites = valid(tables["pieces"]), tables["sites"]
        kernel = kernel_of(
            pieces, tables["accessibility"], _of_pieces(tables["laid_out"], pieces), measures=self.measures,
            names=self.names,
        )  # fmt: skip
        held = hold(pieces, tables["piece_suitability"], tables["units"], names=self.names)
        verdict = pd.Series(sites["verdict"].to_numpy(dtype=object), index=site_ids)
        site = pd.Index(site_ids).get_indexer(pd.Index(pieces["site_id"])).astype(np.int64)
        is_counted = counts(pieces, sites["site_id"], sites["verdict"])
        parts = location_of(held, with_consent=True)
        mates = tables["piece_locations"].set_index("piece_id")["location_id"]
        located = parts["row"].to_numpy(dtype=np.int64)
        location = mates.reindex(held.pieces["piece_id"].to_numpy(dtype=object)[located]).to_numpy(dtype=object)
        of_location = tables["locations"].set_index("location_id")["verdict"].reindex(location_ids)
        reach_m = float(self.counting.cluster_reach_m)
        available = verdict.reindex(pieces["site_id"]).isin(AVAILABLE).to_numpy()
        return Ground(
            core_area_m2=kernel.core_area_m2,
            modules=kernel.modules,
            mix=mix,
            measured=kernel.measured,
            placed={one: _placed(held, available, with_consent=one == "with", reach_m=reach_m) for one in CONSENTS},
            located=located,
            location=np.searchsorted(location_ids, location).astype(np.int64),
            part=pd.factorize(parts["location_id"], sort=True)[0].astype(np.int64),
            verdict=np.asarray(of_location.map(BEST_FIRST), dtype=np.int64),
            site=np.where(is_counted, site, -1),
            n_sites=len(site_ids),
            common_area_m2={
                one: float(sites.loc[(sites["verdict"] == one).to_numpy(), "programme_area_m2"].sum())
                for one in AVAILABLE
            },
        )


def _placed(held: Held, is_available: npt.NDArray[np.bool_], *, with_consent: bool, reach_m: float) -> Placed:
    """Return the available pieces of a reading, by parcel and number."""
    placed = location_of(held, with_consent=with_consent)
    placed = placed[is_available[placed["row"].to_numpy()]].reset_index(drop=True)
    mine = held.pieces.iloc[placed["row"].to_numpy()].reset_index(drop=True)
    number = numbers_of(mine, with_consent=with_consent)
    order = np.lexsort((number, pd.factorize(mine["site_id"], sort=True)[0]))
    mine = mine.iloc[order]
    return Placed.of(
        placed["row"].to_numpy(dtype=np.int64)[order],
        ~mine["is_without_consent"].to_numpy(dtype=bool),
        pd.factorize(placed["location_id"], sort=True)[0].astype(np.int64)[order],
        mine[["x", "y"]].to_numpy(dtype=np.float64),
        reach_m=reach_m,
    )


def _of_pieces(laid_out: Frame, pieces: Frame) -> Frame:
    """Return layouts in the order of the pieces: a table on disk stands by its key."""
    order = pd.Series(np.arange(len(pieces)), index=pieces["piece_id"].to_numpy(dtype=object))
    place = order.reindex(laid_out["piece_id"]).to_numpy()
    found: Frame = laid_out.iloc[np.argsort(place, kind="stable")].reset_index(drop=True)
    return found


def _reach(known: Measures) -> dict[str, float]:
    """Return how far each measure was searched, in its own unit; what is not searched has no reach."""
    found = {}
    for one in known.measures:
        limit = getattr(one, "limit_m", None) or getattr(one, "limit_min", None)
        if limit is not None:
            found[one.id] = float(limit)
    return found
