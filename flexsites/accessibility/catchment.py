"""What facilities with a capacity offer on each site, shared with the residents who reach them: tables in, one out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from flexsites.accessibility.kernels.catchment import offered, shares
from flexsites.accessibility.kernels.positions import Positions
from flexsites.accessibility.kernels.snap import snap
from flexsites.accessibility.opportunities import place
from flexsites.geometry.shapes import distance_to_edge_m
from flexsites.tables import Frame, Pieces
from flexsites.tables.catchment_tables import Catchment, Facilities, Residents
from flexsites.tables.stage import stage

if TYPE_CHECKING:
    from flexsites.accessibility.contract_streets import PreparedAccess
    from flexsites.arrays import BoolArray, FloatArray
    from flexsites.config.catchment import Catchment as Reach

__all__ = ["share_capacity"]


@stage(takes=(Pieces, Facilities, Residents), gives=Catchment)
def share_capacity(
    pieces: Frame, facilities: Frame, residents: Frame, *, access: PreparedAccess, reach: Reach
) -> Frame:
    """Tell what facilities offer on each parcel that has a valid piece, per 1,000 residents (2SFCA).

    Parameters
    ----------
    pieces
        Table ``Pieces``: places that may hold homes, with their ways in.
    facilities, residents
        The user's own: capacities by kind, and where residents live.
    access
        The networks of a run, and where they are complete.
    reach
        Who goes how far.

    Returns
    -------
    One row per parcel and kind; of several pieces the one that is offered most. The homes that are placed there are not
    yet among the residents: what they would add is not shared with. A catchment that may leave the data is marked.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import geopandas as gpd
    >>> import pandas as pd
    >>> from flexsites.accessibility.catchment import share_capacity
    >>> from flexsites.accessibility.contract_streets import prepare_access
    >>> from flexsites.accessibility.kernels.network import build_network
    >>> from flexsites.config.catchment import Catchment
    >>> from flexsites.config.load import configs_directory, read_model
    >>> from flexsites.inputs.osm.streets_lines import LineColumns, streets_from_lines
    >>> from flexsites.tables import Amenities, Stops, empty
    >>> from flexsites.worlds.plain import demo, plain_pieces, plot, street_around
    >>> street = gpd.GeoDataFrame({"class": ["residential"]}, geometry=[street_around(plot())], crs=28992)
    >>> read = streets_from_lines(street, columns=LineColumns("class"), rules=demo().streets, extent=plot().buffer(500))
    >>> network = build_network(read.graph, mode="bicycle", min_component_m=0)
    >>> practice = pd.DataFrame(
    ...     {"facility_id": ["a"], "x_m": [150_100.0], "y_m": [450_025.0], "facility_kind": ["gp"], "capacity": [50.0]}
    ... )
    >>> street_of = {"resident_place": [0], "x_m": [150_060.0], "y_m": [450_025.0], "n_residents": [200.0]}
    >>> with TemporaryDirectory() as folder:
    ...     access = prepare_access(
    ...         Path(folder), networks={"bicycle": network}, amenities=empty(Amenities), stops=empty(Stops),
    ...         covered=frozenset(), extent=None, measures=(), modes=demo().measures.modes,
    ...     )
    ...     told = share_capacity(
    ...         plain_pieces(plot()), practice, pd.DataFrame(street_of), access=access,
    ...         reach=read_model(configs_directory() / "catchment.yaml", Catchment),
    ...     )
    >>> told[["facility_kind", "n_facilities", "capacity_per_1000"]].to_numpy().tolist()
    [['gp', 1, 250.0]]
    """
    network, cutoff = access.networks[reach.mode], float(reach.cutoff_m)
    max_snap_m = access.max_snap_m[reach.mode]
    valid = pieces[pieces["is_valid"].to_numpy(dtype=bool)]
    points, living = _xy(valid, "access_x_m", "access_y_m"), _xy(residents, "x_m", "y_m")
    sites, homes = (snap(network, one, max_snap_m=max_snap_m) for one in (points, living))
    n_residents = residents["n_residents"].to_numpy(dtype=np.float64)
    # Who shares with a facility within reach of a site may live twice as far off.
    is_cut_off = distance_to_edge_m(points, access.extent) < 2.0 * cutoff
    told = []
    for kind, own in facilities.groupby("facility_kind", sort=True):
        at = _xy(own, "x_m", "y_m")
        capacity = own["capacity"].to_numpy(dtype=np.float64)
        placed = place(network, at, capacity, np.arange(len(own)), max_snap_m=max_snap_m).opportunities
        share = shares(network.graph, placed, homes, n_residents, cutoff)
        told.append(_rows(valid, str(kind), *offered(network.graph, placed, share, sites, cutoff), is_cut_off, sites))
    return pd.concat(told, ignore_index=True).sort_values(["site_id", "facility_kind"], ignore_index=True)


def _xy(rows: Frame, x: str, y: str) -> FloatArray:
    return np.asarray(rows[[x, y]].to_numpy(dtype=np.float64, na_value=np.nan))


def _rows(
    pieces: Frame, kind: str, n: FloatArray, per_resident: FloatArray, is_cut_off: BoolArray, sites: Positions
) -> Frame:
    """Return the rows of one kind: of each parcel the piece that is offered most."""
    known = sites.edge >= 0
    rows = pd.DataFrame(
        {
            "site_id": pieces["site_id"].to_numpy(dtype=object),
            "facility_kind": kind,
            "n_facilities": pd.array(np.where(known, n, np.nan), dtype="Float64").astype("Int64"),
            "capacity_per_1000": np.where(known, per_resident * 1000.0, np.nan),
            "is_cut_off": is_cut_off & known,
        }
    )
    best = rows.sort_values(["site_id", "capacity_per_1000", "n_facilities"], ascending=[True, False, False])
    return best.drop_duplicates("site_id")[Catchment.columns]
