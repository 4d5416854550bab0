"""Public transport from buildings: the class of service quality at the door, as parcels have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from flexsites.accessibility.kernels.service_class import best_classes
from flexsites.accessibility.kernels.snap import snap
from flexsites.accessibility.kernels.walk_legs import walk_legs
from flexsites.accessibility.transit import class_table
from flexsites.geometry.shapes import distance_to_edge_m
from flexsites.tables import Buildings, Frame, RoofTransit, Stops
from flexsites.tables.stage import stage

if TYPE_CHECKING:
    from flexsites.accessibility.kernels.network import Network
    from flexsites.config.transit import TransitClasses


@stage(takes=(Buildings, Stops), gives=RoofTransit)
def serve_buildings(
    buildings: Frame, stops: Frame, *, network: Network, classes: TransitClasses, reach_m: float, max_snap_m: float
) -> Frame:
    """Give every building its class of service quality: the best of any stop and mode within walking reach.

    One leaves from the middle of the footprint, snapped to the nearest street: where the entrance lies is not known.

    Parameters
    ----------
    buildings, stops
        Tables ``Buildings`` and ``Stops``.
    network
        The walking network.
    classes
        From mode, frequency and walking distance to a class.
    reach_m, max_snap_m
        The longest walk, and how far a point may lie from a street.

    Returns
    -------
    Frame
        Table ``RoofTransit``, one row per building. ``geen``: no stop within reach gives a class, and that is known.
        Null: the building lies off the streets or beyond their edge, or a stop of unknown service, or one beyond the
        edge, could give a better class.

    Examples
    --------
    >>> import geopandas as gpd
    >>> import shapely
    >>> from flexsites.accessibility.kernels.network import build_network
    >>> from flexsites.accessibility.roof_transit import serve_buildings
    >>> from flexsites.inputs.osm.streets_lines import LineColumns, streets_from_lines
    >>> from flexsites.tables import Buildings, Stops
    >>> from flexsites.worlds.plain import demo, plain, plot, street_around
    >>> street = gpd.GeoDataFrame({"class": ["residential"]}, geometry=[street_around(plot())], crs=28992)
    >>> read = streets_from_lines(street, columns=LineColumns("class"), rules=demo().streets, extent=plot().buffer(500))
    >>> network = build_network(read.graph, mode="walk", min_component_m=0)
    >>> building = plain(Buildings, [plot(20, width_m=10, depth_m=10)], bag_pand_id=["1"])
    >>> often = {f"departures_per_hour_{band}": 12.0 for band in ("peak", "day", "evening", "weekend")}
    >>> stop = plain(Stops, [shapely.Point(150_090, 450_000)], stop_id=["s"], mode="bus", **often)
    >>> serve_buildings(
    ...     building, stop, network=network, classes=demo().transit_classes, reach_m=1000, max_snap_m=50
    ... ).to_numpy().tolist()
    [['1', 'B']]
    """
    points = shapely.get_coordinates(shapely.centroid(buildings.geometry.to_numpy()))
    unique = stops.drop_duplicates("stop_id", ignore_index=True)
    at = snap(network, points, max_snap_m=max_snap_m)
    xy = shapely.get_coordinates(shapely.centroid(unique.geometry.to_numpy())).reshape(-1, 2)
    legs = walk_legs(network.graph, at, snap(network, xy, max_snap_m=max_snap_m), reach_m)
    to_edge = distance_to_edge_m(points, network.extent)
    is_lost = (to_edge <= 0) | (at.edge < 0)
    here = ~is_lost[legs.place]
    place, stop, metres = legs.place[here], legs.stop[here], legs.metres[here]
    lonely = np.setdiff1d(np.arange(len(buildings)), place)
    of_stop = unique["stop_id"].to_numpy(dtype=object)[stop]
    walks = pd.DataFrame({"place": place, "stop_id": of_stop, "walk_m": metres})
    rows = pd.concat([walks, pd.DataFrame({"place": lonely})], ignore_index=True)
    rows = rows.merge(pd.DataFrame(stops.drop(columns="geometry")), on="stop_id", how="left")
    own = rows["place"].to_numpy(dtype=np.int64)
    told = best_classes(
        class_table(classes),
        place=own,
        mode=rows["mode"].to_numpy(dtype=object),
        walk_m=rows["walk_m"].to_numpy(dtype=np.float64),
        per_hour=rows[f"departures_per_hour_{classes.band}"].to_numpy(dtype=np.float64),
        complete_m=np.where(to_edge < reach_m, to_edge, np.nan)[own],
        is_unknown=is_lost[own],
        n_places=len(buildings),
    )
    return pd.DataFrame({"bag_pand_id": buildings["bag_pand_id"].to_numpy(dtype=object), "transit_class": told})
