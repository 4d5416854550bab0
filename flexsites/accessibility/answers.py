"""One measure at many access points: its value, and what is known of it (reached, unreached or unknown)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flexsites.accessibility.kernels.closest import cost_to_closest
from flexsites.accessibility.kernels.cumulative import cumulative_cutoff, gravity
from flexsites.accessibility.kernels.decay import BINARY, EXPONENTIAL, LINEAR, LOGISTIC
from flexsites.accessibility.kernels.k_closest import k_closest
from flexsites.accessibility.kernels.positions import Positions
from flexsites.arrays import BoolArray, FloatArray
from flexsites.config.access import CostToClosest, CumulativeCutoff, Gravity, KClosest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flexsites.accessibility.contract_streets import PreparedAccess
    from flexsites.config.access import StreetMeasure
    from flexsites.tables import Frame

_DECAYS = {"binary": BINARY, "linear": LINEAR, "exponential": EXPONENTIAL, "logistic": LOGISTIC}


@dataclass(frozen=True, slots=True)
class Answer:
    """A measure at n access points, shape (n,) each; ``value`` NaN is null, ``why`` None is null.

    ``complete_to`` says up to which cost nothing is missed; NaN: as far as the measure goes, or it is no cost.
    """

    value: FloatArray
    status: NDArray[np.object_]
    is_truncated: BoolArray
    complete_to: FloatArray
    why: NDArray[np.object_]


def unknown_everywhere(n: int, why: str) -> Answer:
    """Return the answer when nothing can be known.

    Examples
    --------
    >>> unknown_everywhere(1, "no_source").status.tolist()
    ['unknown']
    """
    status, reason = np.full(n, "unknown", dtype=object), np.full(n, why, dtype=object)
    return Answer(np.full(n, np.nan), status, np.zeros(n, dtype=bool), np.full(n, np.nan), reason)


def answers_table(pieces: Frame, names: Sequence[str], answers: Sequence[Answer]) -> Frame:
    """Return one row per piece and measure, pieces in their order and measures in theirs."""
    n, k = len(pieces), len(names)
    if k == 0:
        answers = [unknown_everywhere(0, "no_source")]

    def column(attribute: str) -> np.ndarray:
        return np.column_stack([getattr(answer, attribute) for answer in answers]).ravel() if k else np.zeros(0)

    return pd.DataFrame(
        {
            "piece_id": np.repeat(pieces["piece_id"].to_numpy(dtype=object), k),
            "site_id": np.repeat(pieces["site_id"].to_numpy(dtype=object), k),
            "measure": np.tile(np.array(names, dtype=object), n),
            "value": column("value").astype(np.float64),
            "status": column("status").astype(object),
            "is_truncated": column("is_truncated").astype(bool),
            "complete_to_m": column("complete_to").astype(np.float64),
            "why": column("why").astype(object),
        }
    )


def answer_measure(
    measure: StreetMeasure, points: FloatArray, sites: Positions, bound: FloatArray, *, access: PreparedAccess
) -> Answer:
    """Return what a measure is at every access point.

    Parameters
    ----------
    measure
        What is asked.
    points
        Shape (n, 2), metres; NaN: there is no access point.
    sites
        Shape (n,), the access points on the measure's network.
    bound
        Shape (n,), metres: no way out of the data is shorter.
    access
        What was prepared.
    """
    if not access.is_covered(measure):
        return unknown_everywhere(len(points), "no_source")
    certain = _values(measure, points, sites, access, certain=True)
    possible = _values(measure, points, sites, access, certain=False)
    is_cost = isinstance(measure, CostToClosest | KClosest)
    settle = settle_costs if is_cost else settle_counts
    limit = float(measure.limit_m if isinstance(measure, CostToClosest | KClosest) else measure.cutoff_m)
    has_point = np.asarray(np.isfinite(points).all(axis=1), dtype=bool)
    return _without_street(settle(certain, possible, bound, limit), has_point, sites.edge >= 0)


def settle_costs(certain: FloatArray, possible: FloatArray, bound: FloatArray, limit: float) -> Answer:
    """Return what is known of a cost.

    Parameters
    ----------
    certain
        Shape (n,), the cost to what surely counts; NaN: none within the limit.
    possible
        Shape (n,), the cost to what may count (that too); NaN: none, or nothing is uncertain.
    bound
        Shape (n,): no way out of the data is shorter.
    limit
        How far was searched.

    Examples
    --------
    Found inside the bound; found beyond it (an upper bound); not found though the data end within the limit; not
    found in complete data; not found, but a stop of unknown service is there.

    >>> nan = np.nan
    >>> certain, possible = np.array([300.0, 300.0, nan, nan, nan]), np.array([nan, nan, nan, nan, 80.0])
    >>> answer = settle_costs(certain, possible, np.array([900.0, 200.0, 400.0, 900.0, 900.0]), 500.0)
    >>> answer.status.tolist(), answer.is_truncated.tolist()
    (['reached', 'reached', 'unknown', 'unreached', 'unknown'], [False, True, True, False, False])
    >>> answer.complete_to.tolist()
    [nan, 200.0, 400.0, nan, 80.0]
    """
    is_found = np.isfinite(certain)
    with np.errstate(invalid="ignore"):
        is_truncated = np.where(is_found, (certain > bound) | (possible < certain), limit > bound)
    no_service = ~is_found & np.isfinite(possible)
    unknown = ~is_found & (no_service | is_truncated)
    status = np.select([is_found, unknown], ["reached", "unknown"], "unreached").astype(object)
    why = np.select([no_service, unknown], ["service_unknown", "data_edge"], "").astype(object)
    why[why == ""] = None
    # What may count but is not certain to (a stop of unknown service) ends the certainty as the edge of the data does.
    complete_to = np.where(is_truncated | no_service, np.fmin(bound, possible), np.nan)
    return Answer(certain, status, is_truncated.astype(bool), complete_to, why)


def settle_counts(certain: FloatArray, possible: FloatArray, bound: FloatArray, limit: float) -> Answer:
    """Return what is known of a count or a sum: 0 in complete data is a no, 0 at the data's edge is unknown.

    Examples
    --------
    >>> answer = settle_counts(np.array([2.0, 2.0, 0.0, 0.0]), np.full(4, np.nan), np.array([9.0, 1.0, 9.0, 1.0]), 5.0)
    >>> answer.status.tolist(), answer.value.tolist()
    (['reached', 'reached', 'unreached', 'unknown'], [2.0, 2.0, 0.0, nan])
    """
    with np.errstate(invalid="ignore"):
        more = possible > certain
        is_truncated = (limit > bound) | more
        is_found = certain > 0
    unknown = ~is_found & is_truncated
    status = np.select([is_found, unknown], ["reached", "unknown"], "unreached").astype(object)
    why = np.select([unknown & more, unknown], ["service_unknown", "data_edge"], "").astype(object)
    why[why == ""] = None
    return Answer(np.where(unknown, np.nan, certain), status, is_truncated, np.full(len(certain), np.nan), why)


def _without_street(answer: Answer, has_point: BoolArray, is_snapped: BoolArray) -> Answer:
    why = answer.why.copy()
    why[~is_snapped] = "not_snapped"
    why[~has_point] = "no_access_point"
    status = answer.status.copy()
    status[~is_snapped] = "unknown"
    value, complete_to = (np.where(is_snapped, known, np.nan) for known in (answer.value, answer.complete_to))
    return Answer(value, status, answer.is_truncated & is_snapped, complete_to, why)


def _values(
    measure: StreetMeasure, points: FloatArray, sites: Positions, access: PreparedAccess, *, certain: bool
) -> FloatArray:
    """Return the measure over what surely counts, or over all that may count; NaN where there is none."""
    chosen = access.opportunities(measure, certain=certain)
    if chosen is None:
        return np.full(len(points), np.nan)
    graph = access.networks[measure.mode].graph
    if isinstance(measure, CostToClosest):
        costs = access.field(measure, certain=certain)
        return cost_to_closest(graph, costs, chosen.opportunities, sites, float(measure.limit_m))
    if isinstance(measure, KClosest):
        nearest = access.field(measure, certain=certain)
        return k_closest(graph, nearest, chosen.opportunities, sites, float(measure.limit_m))[:, -1]
    near = chosen.near(points, float(measure.cutoff_m))
    if isinstance(measure, CumulativeCutoff):
        return cumulative_cutoff(graph, near, sites, np.array([float(measure.cutoff_m)]))[:, 0]
    return _gravity(measure, graph, near, sites)


def _gravity(measure: Gravity, graph: Any, near: Any, sites: Positions) -> FloatArray:  # noqa: ANN401 - kernel tuples
    inflection = float(getattr(measure.decay, "inflection_m", 0.0))
    scale = float(getattr(measure.decay, "scale_m", 1.0))
    kind = _DECAYS[measure.decay.kind]
    result: FloatArray = gravity(graph, near, sites, float(measure.cutoff_m), kind, inflection, scale)
    return result
