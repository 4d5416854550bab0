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
