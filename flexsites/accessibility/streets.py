"""What every piece reaches: tables in, one long table out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from flexsites.accessibility.answers import Answer, answer_measure, answers_table
from flexsites.accessibility.kernels.snap import snap
from flexsites.geometry.shapes import distance_to_edge_m
from flexsites.tables import Accessibility, Areas, Frame, Pieces
from flexsites.tables.stage import stage

if TYPE_CHECKING:
    from flexsites.accessibility.contract_streets import PreparedAccess
    from flexsites.config.access import AreaStatistic, StreetMeasure


@stage(takes=Pieces, gives=Accessibility)
def reach(pieces: Frame, *, access: PreparedAccess, measures: tuple[StreetMeasure, ...]) -> Frame:
    """Measure what every piece reaches over the streets from its access point.

    A piece's values depend on nothing but its access point and what was prepared: not on other pieces.

    Parameters
    ----------
    pieces
        Table ``Pieces``; a piece without an access point is unknown.
    access
        What was prepared: networks, opportunities and fields.
    measures
        Street measures; each must have been prepared.

    Returns
    -------
    Frame
        Table ``Accessibility``, one row per piece and measure. ``reached``: a value; if ``is_truncated`` it is a bound,
        because the data's edge or stops of unknown service lie nearer than what was found: a cost is then an upper
        bound, a count a lower one. ``unreached``: searched completely and not there (costs null, counts 0).
        ``unknown``: null, and ``why`` is one of no_access_point, not_snapped, no_source, service_unknown, data_edge.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import geopandas as gpd
    >>> import shapely
    >>> from flexsites.accessibility.contract_streets import prepare_access
    >>> from flexsites.accessibility.kernels.network import build_network
    >>> from flexsites.accessibility.streets import reach
    >>> from flexsites.inputs.osm.streets_lines import LineColumns, streets_from_lines
    >>> from flexsites.tables import Amenities, Stops, empty
    >>> from flexsites.worlds.plain import demo, plain, plain_pieces, plot, street_around
    >>> street = gpd.GeoDataFrame({"class": ["residential"]}, geometry=[street_around(plot())], crs=28992)
    >>> read = streets_from_lines(street, columns=LineColumns("class"), rules=demo().streets, extent=plot().buffer(500))
    >>> network = build_network(read.graph, mode="walk", min_component_m=0)
    >>> shop = plain(Amenities, [shapely.Point(150_100, 450_025)], amenity_id=["shop"], category="supermarket")
    >>> measure = next(one for one in demo().street_measures if one.id == "walk_distance_supermarket_m")
    >>> with TemporaryDirectory() as folder:
    ...     access = prepare_access(
    ...         Path(folder), networks={"walk": network}, amenities=shop, stops=empty(Stops),
    ...         covered=frozenset({"amenity:supermarket"}), extent=None, measures=(measure,),
    ...         modes=demo().measures.modes,
    ...     )
    ...     told = reach(plain_pieces(plot()), access=access, measures=(measure,))
    >>> told[["piece_id", "value", "status"]].to_numpy().tolist()
    [['a#1', 150.0, 'reached']]
    """
    points = pieces[["access_x_m", "access_y_m"]].to_numpy(dtype=np.float64)
    bound = distance_to_edge_m(points, access.extent)
    sites = {
        mode: snap(access.networks[mode], points, max_snap_m=access.max_snap_m[mode])
        for mode in sorted({measure.mode for measure in measures})
    }
    answers = [answer_measure(measure, points, sites[measure.mode], bound, access=access) for measure in measures]
    return answers_table(pieces, [measure.id for measure in measures], answers)


@stage(takes=(Pieces, Areas), gives=Accessibility)
def look_up_areas(pieces: Frame, areas: Frame, *, measures: tuple[AreaStatistic, ...]) -> Frame:
    """Give every piece the statistics of the area in which its representative point lies.

    Returns
    -------
    Frame
        Table ``Accessibility``; unknown with ``no_source`` where no area of the kind lies or has the statistic.

    Examples
    --------
    >>> from flexsites.accessibility.streets import look_up_areas
    >>> from flexsites.config.access import AreaStatistic
    >>> from flexsites.tables import Areas
    >>> from flexsites.worlds.plain import plain, plain_pieces, plot
    >>> area = plain(Areas, [plot(-50, width_m=200)], area_kind=["buurt"], area_code="BU1", density=812.0)
    >>> measure = AreaStatistic(
    ...     id="address_density_per_km2", kind="area_statistic", unit="1/km2",
    ...     label={"nl": "dichtheid", "en": "density"}, area_kind="buurt", statistic="density",
    ... )
    >>> told = look_up_areas(plain_pieces(plot(), plot(500)), area, measures=(measure,))
    >>> told[["piece_id", "value", "why"]].to_numpy().tolist()
    [['a#1', 812.0, nan], ['b#1', nan, 'no_source']]
    """
    points = shapely.point_on_surface(pieces.geometry.to_numpy())
    answers = []
    for measure in measures:
        value = np.full(len(pieces), np.nan)
        if measure.statistic in areas.columns:
            chosen = areas[(areas["area_kind"] == measure.area_kind).to_numpy()]
            which, at = shapely.STRtree(chosen.geometry.to_numpy()).query(points, predicate="intersects")
            statistic = chosen[measure.statistic].to_numpy(dtype=np.float64, na_value=np.nan)
            # On a border the area with the lowest code counts, whichever comes first in the file.
            order = np.lexsort((chosen["area_code"].to_numpy(dtype=str)[at], which))[::-1]
            value[which[order]] = statistic[at[order]]
        is_known = np.isfinite(value)
        status = np.where(is_known, "reached", "unknown").astype(object)
        why = np.where(is_known, np.array(None), np.array("no_source", dtype=object))
        n = len(pieces)
        answers.append(Answer(value, status, np.zeros(n, dtype=bool), np.full(n, np.nan), why))
    return answers_table(pieces, [measure.id for measure in measures], answers)
