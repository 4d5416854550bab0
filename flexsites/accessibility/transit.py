"""Public transport from every piece: walks to stops, class of service quality, door-to-door travel times."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from flexsites.accessibility.answers import answers_table, unknown_everywhere
from flexsites.accessibility.kernels.service_class import CLASSES, NO_CLASS, ClassTable, best_classes
from flexsites.accessibility.kernels.snap import snap
from flexsites.accessibility.kernels.walk_legs import walk_legs
from flexsites.accessibility.travel_answers import answer_travel_time
from flexsites.geometry.shapes import distance_to_edge_m
from flexsites.tables import (
    Accessibility,
    Amenities,
    DirectLegs,
    Frame,
    Pieces,
    StopLegs,
    Stops,
    TransitQuality,
)
from flexsites.tables.stage import stage

if TYPE_CHECKING:
    from flexsites.accessibility.kernels.network import Network
    from flexsites.accessibility.prepare_timetable import PreparedTravel
    from flexsites.arrays import FloatArray
    from flexsites.config.access import TravelTime
    from flexsites.config.transit import TransitClasses


@stage(takes=(Pieces, Stops), gives=StopLegs)
def walk_to_stops(pieces: Frame, stops: Frame, *, network: Network, reach_m: float, max_snap_m: float) -> Frame:
    """Walk from the access point of every piece to every stop within reach, over the streets.

    Parameters
    ----------
    pieces, stops
        Tables ``Pieces`` and ``Stops``; a stop of two modes is walked to once.
    network
        The walking network.
    reach_m, max_snap_m
        The longest walk, and how far a point may lie from a street.

    Returns
    -------
    Frame
        Table ``StopLegs``. Every piece has a row: one without a stop in reach has an empty stop id; one whose access
        is unknown has ``why`` besides (no_access_point, not_snapped, data_edge). Near the edge of the streets
        ``complete_m`` says up to which walk the rows are complete.

    Examples
    --------
    >>> import geopandas as gpd
    >>> import shapely
    >>> from flexsites.accessibility.kernels.network import build_network
    >>> from flexsites.accessibility.transit import walk_to_stops
    >>> from flexsites.inputs.osm.streets_lines import LineColumns, streets_from_lines
    >>> from flexsites.tables import Stops
    >>> from flexsites.worlds.plain import demo, plain, plain_pieces, plot, street_around
    >>> street = gpd.GeoDataFrame({"class": ["residential"]}, geometry=[street_around(plot())], crs=28992)
    >>> read = streets_from_lines(street, columns=LineColumns("class"), rules=demo().streets, extent=plot().buffer(500))
    >>> network = build_network(read.graph, mode="walk", min_component_m=0)
    >>> stop = plain(Stops, [shapely.Point(150_100, 450_025)], stop_id=["s"], mode="bus")
    >>> legs = walk_to_stops(plain_pieces(plot()), stop, network=network, reach_m=500, max_snap_m=50)
    >>> legs[["piece_id", "stop_id", "walk_distance_m"]].to_numpy().tolist()
    [['a#1', 's', 150.0]]
    """
    points = pieces[["access_x_m", "access_y_m"]].to_numpy(dtype=np.float64)
    unique = stops.drop_duplicates("stop_id", ignore_index=True)
    at = snap(network, points, max_snap_m=max_snap_m)
    xy = shapely.get_coordinates(shapely.centroid(unique.geometry.to_numpy()))
    legs = walk_legs(network.graph, at, snap(network, xy, max_snap_m=max_snap_m), reach_m)
    to_edge = distance_to_edge_m(points, network.extent)
    why = np.full(len(pieces), None, dtype=object)
    why[to_edge <= 0] = "data_edge"
    why[at.edge < 0] = "not_snapped"
    why[~np.isfinite(points).all(axis=1)] = "no_access_point"
    legs_place, legs_stop, metres = (part[np.isin(legs.place, np.flatnonzero(why == None))] for part in legs)  # noqa: E711
    lonely = np.setdiff1d(np.arange(len(pieces)), legs_place)
    place = np.concatenate([legs_place, lonely])
    ids = unique["stop_id"].to_numpy(dtype=object)
    frame = pd.DataFrame(
        {
            "piece_id": pieces["piece_id"].to_numpy(dtype=object)[place],
            "stop_id": np.concatenate([ids[legs_stop], np.full(len(lonely), "", dtype=object)]),
            "walk_distance_m": np.concatenate([metres, np.full(len(lonely), np.nan)]),
            "complete_m": np.where(to_edge < reach_m, to_edge, np.nan)[place],
            "why": why[place],
        }
    )
    return frame.iloc[np.lexsort([np.arange(len(place)), place])].reset_index(drop=True)


@stage(takes=(Pieces, Stops, StopLegs), gives=TransitQuality)
def serve(pieces: Frame, stops: Frame, stop_legs: Frame, *, classes: TransitClasses) -> Frame:
    """Give every piece its class of service quality: the best that any stop and mode within walking reach gives.

    Parameters
    ----------
    pieces, stops, stop_legs
        Tables ``Pieces``, ``Stops`` and ``StopLegs``; the legs reach at least as far as the table of classes.
    classes
        From mode, frequency and walking distance to a class, in the manner of the Swiss OeV-Gueteklassen.

    Returns
    -------
    Frame
        Table ``TransitQuality``, one row per piece. ``geen``: no stop within reach gives a class, and that is known.
        Null: the access is unknown, or stops of unknown service (or beyond the edge of the data) could give a better
        class than the best that is known. How urban the place is, is not told here.

    Examples
    --------
    >>> import shapely
    >>> from flexsites.accessibility.transit import serve
    >>> from flexsites.tables import StopLegs, Stops
    >>> from flexsites.worlds.plain import demo, plain, plain_pieces, plot
    >>> often = {f"departures_per_hour_{band}": 12.0 for band in ("peak", "day", "evening", "weekend")}
    >>> stop = plain(Stops, [shapely.Point(150_090, 450_000)], stop_id=["s"], mode="bus", **often)
    >>> legs = plain(StopLegs, piece_id=["a#1", "b#1"], stop_id=["s", ""], walk_distance_m=[200, None])
    >>> serve(plain_pieces(plot(), plot(200)), stop, legs, classes=demo().transit_classes).to_numpy().tolist()
    [['a#1', 'B', <NA>], ['b#1', 'geen', <NA>]]
    """
    table = class_table(classes)
    rows = stop_legs.merge(stops.drop(columns="geometry"), on="stop_id", how="left")
    place = pd.Index(pieces["piece_id"]).get_indexer(pd.Index(rows["piece_id"]))
    told = best_classes(
        table,
        place=place,
        mode=rows["mode"].to_numpy(dtype=object),
        walk_m=rows["walk_distance_m"].to_numpy(dtype=np.float64),
        per_hour=rows[f"departures_per_hour_{classes.band}"].to_numpy(dtype=np.float64),
        complete_m=rows["complete_m"].to_numpy(dtype=np.float64),
        is_unknown=rows["why"].notna().to_numpy(),
        n_places=len(pieces),
    )
    of_piece = {"piece_id": pieces["piece_id"].to_numpy(dtype=object), "transit_class": told}
    return pd.DataFrame(of_piece | {"urbanity_class": pd.array([None] * len(pieces), dtype="Int64")})


@stage(takes=(Pieces, Amenities), gives=DirectLegs)
def walk_to_destinations(
    pieces: Frame, destinations: Frame, *, network: Network, reach_m: float, max_snap_m: float
) -> Frame:
    """Walk from the access point of every piece all the way to every destination within reach, over the streets.

    Returns
    -------
    Frame
        Table ``DirectLegs``; pieces without a destination in reach have no row.

    Examples
    --------
    >>> import geopandas as gpd
    >>> import shapely
    >>> from flexsites.accessibility.kernels.network import build_network
    >>> from flexsites.accessibility.transit import walk_to_destinations
    >>> from flexsites.inputs.osm.streets_lines import LineColumns, streets_from_lines
    >>> from flexsites.tables import Amenities
    >>> from flexsites.worlds.plain import demo, plain, plain_pieces, plot, street_around
    >>> street = gpd.GeoDataFrame({"class": ["residential"]}, geometry=[street_around(plot())], crs=28992)
    >>> read = streets_from_lines(street, columns=LineColumns("class"), rules=demo().streets, extent=plot().buffer(500))
    >>> network = build_network(read.graph, mode="walk", min_component_m=0)
    >>> school = plain(Amenities, [shapely.Point(150_100, 450_025)], amenity_id=["school"])
    >>> walk_to_destinations(
    ...     plain_pieces(plot()), school, network=network, reach_m=500, max_snap_m=50
    ... ).to_numpy().tolist()
    [['a#1', 'school', 150.0]]
    """
    points = pieces[["access_x_m", "access_y_m"]].to_numpy(dtype=np.float64)
    xy = shapely.get_coordinates(shapely.centroid(destinations.geometry.to_numpy())).reshape(-1, 2)
    at, to = (snap(network, where, max_snap_m=max_snap_m) for where in (points, xy))
    legs = walk_legs(network.graph, at, to, reach_m)
    return pd.DataFrame(
        {
            "piece_id": pieces["piece_id"].to_numpy(dtype=object)[legs.place],
            "amenity_id": destinations["amenity_id"].to_numpy(dtype=object)[legs.stop],
            "walk_distance_m": legs.metres,
        }
    )


@stage(takes=(Pieces, StopLegs, DirectLegs), gives=Accessibility)
def travel_times(
    pieces: Frame,
    stop_legs: Frame,
    direct_legs: Frame,
    *,
    travel: PreparedTravel | None,
    measures: tuple[TravelTime, ...],
    walk_speed_km_h: float,
) -> Frame:
    """Travel door to door by timetable: walk, wait, ride, change, walk; or walk all the way.

    Parameters
    ----------
    pieces, stop_legs, direct_legs
        Where one leaves, the walks to stops, and the walks all the way to destinations.
    travel
        The compiled timetable with what was prepared of it; null: there is none, so every travel time is unknown.
    measures
        What is asked: a window of departures, a percentile over them, a limit, the closest or the summed weight.
    walk_speed_km_h
        Walking speed, of measures that have none of their own; seconds are rounded up.

    Returns
    -------
    Frame
        Table ``Accessibility``, one row per piece and measure. ``unreached``: a complete search found none within the
        limit (a cost is null, a sum 0). ``is_truncated``: stops or destinations beyond the edge of the data, or stops
        of unknown service, might do better: a time is an upper bound, a sum a lower one; ``complete_to_m`` (here in
        minutes) is how soon one can be at that edge. ``unknown``: null; ``why`` says no_timetable,
        no_source (no destination of the kind), data_edge, service_unknown, or why the access is unknown.

    Examples
    --------
    >>> from flexsites.accessibility.transit import travel_times
    >>> from flexsites.tables import DirectLegs, StopLegs, empty
    >>> from flexsites.worlds.plain import demo, plain, plain_pieces, plot
    >>> legs = plain(StopLegs, piece_id=["a#1"], stop_id="")
    >>> told = travel_times(
    ...     plain_pieces(plot()), legs, empty(DirectLegs),
    ...     travel=None, measures=demo().travel_measures[:1], walk_speed_km_h=4.5,
    ... )
    >>> told[["status", "why"]].to_numpy().tolist()  # no timetable: unknown, not "never"
    [['unknown', 'no_timetable']]
    """
    answers = [
        unknown_everywhere(len(pieces), "no_timetable")
        if travel is None
        else answer_travel_time(measure, pieces, stop_legs, direct_legs, travel=travel, speed_km_h=walk_speed_km_h)
        for measure in measures
    ]
    return answers_table(pieces, [measure.id for measure in measures], answers)


def class_table(classes: TransitClasses) -> ClassTable:
    """Turn the configured table into arrays."""
    modes = sorted({mode for category in classes.categories for mode in category.departures_per_hour})
    least: dict[str, FloatArray] = {
        mode: np.array(
            [
                category.departures_per_hour[mode].value if mode in category.departures_per_hour else np.inf
                for category in classes.categories
            ]
        )
        for mode in modes
    }
    told = np.full((len(classes.reaches), len(classes.categories) + 1), NO_CLASS, np.int64)
    for i, reach in enumerate(classes.reaches):
        for j, category in enumerate(classes.categories):
            if category.category in reach.classes:
                told[i, j] = CLASSES.index(reach.classes[category.category])
    return ClassTable(least, np.array([reach.walk_distance_m.value for reach in classes.reaches]), told)
