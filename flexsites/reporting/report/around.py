"""What lies around a site: other sites, streets, pieces and the homes that are drawn on it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from flexsites.reporting.report.drawing import Drawing, draw
from flexsites.reporting.results import Results
from flexsites.tables import Frame
from flexsites.tables.counting import counts
from flexsites.tables.files import read

NOTHING = np.array([], dtype=object)


class Around:
    """What lies around a site: other sites, streets, pieces, modules; each searched by location or by id, once read.

    Parameters
    ----------
    results
        An opened run.
    sites
        Its sites, indexed by id.
    layouts
        The file of the homes that are drawn, if it is there.
    """

    near_m = 50.0
    inset_m = 2000.0
    """How much of its surroundings shows where a site lies [A]: a town's edge and the next road."""
    inset_simplified_m = 10.0
    """Less than the inset can show [A]."""

    def __init__(self, results: Results, sites: gpd.GeoDataFrame, layouts: Path) -> None:
        self.sites = sites
        self.pieces = _counting(results.table("pieces"), sites) if results.has("pieces") else None
        self.modules = gpd.GeoDataFrame(read(layouts)) if layouts.exists() else None
        self.streets = (
            gpd.GeoDataFrame(results.table("canonical/streets")) if results.has("canonical/streets") else None
        )

    def streets_near(self, shape: shapely.Geometry) -> npt.NDArray[np.object_]:
        """Return the streets around a shape."""
        return NOTHING if self.streets is None else _touching(self.streets, shape, self._reach(shape))

    def sites_near(self, shape: shapely.Geometry) -> npt.NDArray[np.object_]:
        """Return the shapes of the sites around one, itself included."""
        return _touching(self.sites, shape, self._reach(shape))

    def pieces_of(self, site_id: str) -> gpd.GeoDataFrame | None:
        """Return the pieces that count for a site."""
        if self.pieces is None:
            return None
        return self.pieces[self.pieces["site_id"] == site_id].sort_values("piece_id")

    def drawn_for(self, pieces: gpd.GeoDataFrame | None, order: Sequence[str], first: object) -> object:
        """Return the flexmilieu whose homes are drawn: the site's own, else the first that it was shortlisted for."""
        if self.modules is None or pieces is None:
            return None
        there = set(self.modules.loc[self.modules["piece_id"].isin(pieces["piece_id"]), "flexmilieu"])
        return next((one for one in (first, *order) if one in there), None)

    def placed_on(
        self, pieces: gpd.GeoDataFrame | None, flexmilieu: object, kinds: Sequence[str]
    ) -> npt.NDArray[np.object_]:
        """Return what is placed on pieces for a flexmilieu and makes up the expected number of homes."""
        if self.modules is None or pieces is None or flexmilieu is None:
            return NOTHING
        mine = self.modules["piece_id"].isin(pieces["piece_id"]) & self.modules["layout_kind"].isin(kinds)
        own = self.modules[mine & self.modules["is_expected"].astype(bool)]
        own = own[own["flexmilieu"] == flexmilieu]
        shapes: npt.NDArray[np.object_] = own.geometry.to_numpy()
        return shapes

    def storeys_of(self, pieces: gpd.GeoDataFrame | None, flexmilieu: object) -> list[int]:
        """Return in how many storeys homes are stacked in what is drawn for a flexmilieu, lowest first."""
        if self.modules is None or pieces is None or flexmilieu is None:
            return []
        mine = self.modules["piece_id"].isin(pieces["piece_id"]) & self.modules["layout_kind"].eq("module")
        own = self.modules[mine & self.modules["is_expected"].astype(bool) & self.modules["flexmilieu"].eq(flexmilieu)]
        return sorted(int(n) for n in own["n_stacked"].unique())

    def inset(self, shape: shapely.Geometry) -> Drawing | None:
        """Return where a site lies among the streets of its surroundings; None where the run has no streets."""
        if self.streets is None:
            return None
        middle = shapely.centroid(shape)
        frame = shapely.envelope(shapely.buffer(middle, self.inset_m / 2))
        streets = shapely.line_merge(shapely.multilinestrings(_touching(self.streets, frame, self.inset_m / 2)))
        nothing = dict.fromkeys(("modules", "ground", "neighbours"), NOTHING)
        return draw(
            frame,
            pieces=np.array([shape], dtype=object),
            streets=np.array([shapely.simplify(streets, self.inset_simplified_m)], dtype=object),
            access=(middle.x, middle.y),
            width=230,
            height=150,
            **nothing,
        )

    def neighbours(self, site: pd.Series[Any]) -> Frame:
        """Return the sites within 50 m, nearest first."""
        found = self.sites.iloc[self.sites.sindex.query(site["geometry"], predicate="dwithin", distance=self.near_m)]
        others = found[found["site_id"] != site["site_id"]]
        distance = shapely.distance(others.geometry.to_numpy(), site["geometry"])
        plain = pd.DataFrame(others.drop(columns="geometry")).reset_index(drop=True)
        return plain.assign(distance_m=distance).sort_values(["distance_m", "site_id"])

    @staticmethod
    def _reach(shape: shapely.Geometry) -> float:
        west, south, east, north = shapely.bounds(shape)
        return float(max(east - west, north - south, 1.0))


def _counting(pieces: Frame, sites: Frame) -> gpd.GeoDataFrame:
    """Return the pieces that count for their site: those of its verdict's reading."""
    return gpd.GeoDataFrame(pieces[counts(pieces, sites["site_id"], sites["verdict"])])


def _touching(frame: gpd.GeoDataFrame, shape: shapely.Geometry, reach: float) -> npt.NDArray[np.object_]:
    """Return the geometries within a reach of a shape's bounds."""
    west, south, east, north = shapely.bounds(shape)
    box = shapely.box(west - reach, south - reach, east + reach, north + reach)
    found: npt.NDArray[np.object_] = frame.geometry.to_numpy()[np.sort(frame.sindex.query(box))]
    return found
