"""A planned layout as polygons: the modules, stairs, galleries, places, yards, water and lanes of one piece."""

import math
from typing import Any, NamedTuple

import numpy as np
import shapely

from flexsites.capacity.kernels.layout import Planned, plan_piece
from flexsites.capacity.kernels.layout_figures import LAYOUT, Layout, lane_width, row_depth
from flexsites.capacity.kernels.layout_ground import Floats, Geometries, Ints
from flexsites.capacity.kernels.layout_lanes import ANCHOR, PARENT, X
from flexsites.capacity.kernels.layout_plan import Plan
from flexsites.capacity.kernels.layout_rows import N_BAYS, N_MODULES, OFFSET, STRETCH
from flexsites.capacity.kernels.layout_runs import built_length, n_places, run_length, yard_length
from flexsites.capacity.kernels.layout_strips import turned
from flexsites.geometry.robust import intersect_all, unite_all
from flexsites.geometry.ways import Lane

__all__ = ["KINDS", "Placed", "place"]

_AT_M = 0.02
"""What lies so near to a way lies on it."""

KINDS = ("module", "stairs", "gallery", "parking", "yard", "water", "lane")


class Placed(NamedTuple):
    """What stands where on one piece."""

    kind: tuple[str, ...]
    """One of `KINDS`. A module is a polygon per stack. The ground in front of parking places is lane too."""
    n_storeys: tuple[int, ...]
    """Modules on each other; 0 for what is no module."""
    polygons: Geometries

    @property
    def n_modules(self) -> int:
        """Return the modules placed, stacked ones all counted."""
        return sum(self.n_storeys)


class _Boxes(NamedTuple):
    """Boxes in the frame of the rows: (left, low, right, high) in m, shape (n, 4), of one kind each."""

    kind: str
    bounds: Floats
    n_storeys: Ints


def place(
    piece: shapely.Geometry,
    entrance: Floats,
    layout: Layout,
    enough: int,
    *,
    n_turns: int,
    n_spines: int,
    approach: Lane | None = None,
) -> Placed:
    """Return the layout that `count_modules` counts on one piece, as polygons.

    Parameters
    ----------
    piece, entrance, layout, n_turns, n_spines, approach
        As for `count_modules`, of one piece.
    enough
        Modules asked for: so many are placed, or as many as fit.

    Returns
    -------
        Polygons in the coordinates of the piece; lanes only as far as homes need them, and cut to the piece
        but for the one from an entrance off it, or that bends.

    Examples
    --------
    >>> flat = Layout(3.5, 0, 8, 1, 1, 1, 3, 9, 3, 3, 1, 0, 2.5, 5, 6, 100, 40, 5, 2.5, 1.5, 4, 0.02, 2, 1, 1, 1)
    >>> placed = place(shapely.box(0, 0, 40, 22), np.array([0.0, 11.0]), flat, 5, n_turns=2, n_spines=1)
    >>> placed.n_modules, placed.kind.count("yard"), round(shapely.area(placed.polygons[:5]).sum())
    (5, 1, 140)
    """
    planned, origin = plan_piece(piece, entrance, layout, enough, n_turns=n_turns, n_spines=n_spines, approach=approach)
    if planned is None:
        return Placed((), (), np.empty(0, dtype=object))
    boxes = [*_of_runs(planned, layout), _water(planned, layout)]
    lanes = [_turned_back(shapely.box(*one.bounds.T), planned, origin) for one in boxes if one.kind == "lane"]
    ways = _mouth(planned, layout, origin, piece)
    lane = intersect_all([unite_all(np.concatenate([*lanes, ways])), piece])
    # The lane from the entrance leads through the whole piece, of which this is the part that homes may stand on.
    lane = unite_all(np.array([lane, *_narrow(planned, origin)]))
    parts = [part for part in shapely.get_parts(lane) if shapely.get_type_id(part) == shapely.GeometryType.POLYGON]
    solid = [one for kind in KINDS for one in boxes if one.kind == kind != "lane"]
    kinds = [one.kind for one in solid for _ in one.bounds] + ["lane"] * len(parts)
    storeys = [int(n) for one in solid for n in one.n_storeys] + [0] * len(parts)
    drawn = [_turned_back(shapely.box(*one.bounds.T), planned, origin) for one in solid]
    return Placed(tuple(kinds), tuple(storeys), np.concatenate([*drawn, np.array(parts, dtype=object)]))


def _turned_back(boxes: Geometries | shapely.Geometry, planned: Planned, origin: Floats) -> Geometries:
    """Return shapes of the frame of the rows in the coordinates of the map."""
    cosine, sine = math.cos(planned.direction_rad), math.sin(planned.direction_rad)

    def move(points: Floats) -> Floats:
        return np.column_stack([points @ (cosine, -sine), points @ (sine, cosine)]) + origin

    return np.asarray(shapely.transform(np.atleast_1d(np.asarray(boxes, dtype=object)), move), dtype=object)


def _of_runs(planned: Planned, layout: Layout) -> list[_Boxes]:
    """Return what belongs to the runs: what stands in them, the lane in front of them, and the spines that lead there.

    A run is written from the near end of its stretch outwards: places, yard, stairs, modules.
    """
    plan, n_storeys = planned.plan, planned.n_storeys
    figures = np.array([tuple(layout)], dtype=LAYOUT)[0]
    depth, lane = row_depth(figures, n_storeys), lane_width(figures)
    found: list[_Boxes] = []
    for run in plan.runs:
        stretch, n_bays, n_modules = int(run[STRETCH]), int(run[N_BAYS]), int(run[N_MODULES])
        low = planned.low + plan.strips[stretch] * planned.step_m
        along = _Along(plan, stretch, low)
        parked, yard = n_places(figures, n_bays * n_storeys), yard_length(figures, n_bays * n_storeys)
        ends = run[OFFSET] + np.cumsum([0.0, parked * layout.place_m, yard])
        end = run[OFFSET] + run_length(figures, n_bays, n_storeys)
        first = end - built_length(figures, n_bays, n_storeys)
        starts = ends[0] + layout.place_m * np.arange(parked)
        found.append(along.boxes("parking", starts, layout.place_m, 0.0, layout.place_depth_m))
        found.append(along.boxes("lane", ends[:1], parked * layout.place_m, layout.place_depth_m, depth))
        found.append(along.boxes("yard", ends[1:2], yard, 0.0, layout.depth_m))
        if n_storeys > 1:
            found.append(along.boxes("stairs", np.array([first]), layout.stairs_m, 0.0, layout.depth_m))
            found.append(along.boxes("gallery", np.array([first]), end - first, layout.depth_m, depth))
            first += layout.stairs_m
        starts = first + (layout.width_m + layout.side_gap_m) * np.arange(n_bays)
        stacked = _stacked(n_modules, n_bays, n_storeys)
        found.append(along.boxes("module", starts, layout.width_m, 0.0, layout.depth_m)._replace(n_storeys=stacked))
        found.append(along.lane_to(end, depth, lane))
    return [*found, *_spines(planned, depth, lane)]


def _stacked(n_modules: int, n_bays: int, n_storeys: int) -> Ints:
    """Return the modules of each bay of a run: the first as high as may be, so that no bay is left without.

    Examples
    --------
    >>> _stacked(8, 3, 3).tolist(), _stacked(4, 3, 3).tolist()
    ([3, 3, 2], [2, 1, 1])
    """
    above = np.clip(n_modules - n_bays - (n_storeys - 1) * np.arange(n_bays), 0, n_storeys - 1)
    return np.asarray(1 + above, dtype=np.int64)


class _Along:
    """A stretch of a row, along which things are written from its near end outwards."""

    def __init__(self, plan: Plan, stretch: int, low: float) -> None:
        self.near, self.low = plan.near[stretch], low
        self.sign = 1.0 if plan.far[stretch] > plan.near[stretch] else -1.0
        self.spine_x = plan.spines[plan.spine[stretch], X] if plan.spine[stretch] >= 0 else self.near

    def boxes(self, kind: str, starts: Floats, length: float, bottom: float, top: float) -> _Boxes:
        """Return boxes of one length, from so far above the low side of the row to so far."""
        if length <= 0.0:
            starts = starts[:0]
        one, other = self.near + self.sign * starts, self.near + self.sign * (starts + length)
        level = np.full(starts.size, self.low)
        bounds = np.column_stack([np.minimum(one, other), level + bottom, np.maximum(one, other), level + top])
        return _Boxes(kind, bounds, np.zeros(starts.size, np.int64))

    def lane_to(self, end: float, depth: float, lane: float) -> _Boxes:
        """Return the lane in front of the row, from its spine to the end of a run."""
        other = self.near + self.sign * end
        left, right = min(self.spine_x, other), max(self.spine_x, other)
        return _Boxes(
            "lane", np.array([[left, self.low + depth, right, self.low + depth + lane]]), np.zeros(1, np.int64)
        )


def _spines(planned: Planned, depth: float, lane: float) -> list[_Boxes]:
    """Return the lanes across the rows as far as they are needed, and the links that lead to them."""
    plan = planned.plan
    reach: dict[int, list[float]] = {0: [plan.spines[0, ANCHOR]]}
    stretches = plan.runs[:, STRETCH].astype(np.int64)
    for stretch in stretches:
        lane_y = planned.low + plan.strips[stretch] * planned.step_m + depth
        reach.setdefault(int(plan.spine[stretch]), []).append(lane_y)
    found = []
    for i in range(len(plan.spines) - 1, -1, -1):
        if i not in reach:
            continue
        spine, parent = plan.spines[i], int(plan.spines[i, PARENT])
        levels = [*reach[i], spine[ANCHOR]]
        half = lane / 2
        bounds = [[spine[X] - half, min(levels), spine[X] + half, max(levels) + lane]]
        if parent >= 0:
            reach.setdefault(parent, []).append(spine[ANCHOR])
            left, right = sorted((spine[X], plan.spines[parent, X]))
            bounds.append([left, spine[ANCHOR], right, spine[ANCHOR] + lane])
        found.append(_Boxes("lane", np.array(bounds), np.zeros(len(bounds), np.int64)))
    return found


def _water(planned: Planned, layout: Layout) -> _Boxes:
    """Return the water between and beside the runs."""
    found = [
        _Along(planned.plan, int(stretch), planned.low + planned.plan.strips[int(stretch)] * planned.step_m).boxes(
            "water", np.array([begin]), end - begin, 0.0, layout.depth_m
        )
        for stretch, begin, end in planned.plan.ponds
    ]
    bounds = np.concatenate([np.empty((0, 4)), *(one.bounds for one in found)])
    return _Boxes("water", bounds, np.zeros(len(bounds), np.int64))


def _mouth(planned: Planned, layout: Layout, origin: Floats, piece: shapely.Geometry) -> Geometries:
    """Return the lane from the entrance to the gate, with a square at the gate where it meets the first spine."""
    half = lane_width(np.array([tuple(layout)], dtype=LAYOUT)[0]) / 2
    points = planned.mouth.points
    gate = turned(np.tile(points[-1], 2)[None, :], planned.direction_rad)[0, :2]
    square = _turned_back(shapely.box(*(gate - half), *(gate + half)), planned, origin)[0]
    if planned.mouth.narrow is not None:
        return np.array([square], dtype=object)
    (begin, end), length = points[-2:], float(np.hypot(*(points[-1] - points[-2])))
    way = shapely.linestrings(np.stack([begin, end]) + origin)
    if planned.mouth.before is None and length > 0:
        # Begun outside the piece, so that it is cut along the edge.
        begin = begin - (end - begin) * (half / length)
    lane: Any = shapely.buffer(shapely.linestrings(np.stack([begin, end]) + origin), half, cap_style="flat")
    parts = shapely.get_parts(intersect_all([lane, piece]))
    # What else of the piece lies there is no way in: it may bend back behind its entrance.
    return np.array([*parts[shapely.dwithin(parts, way, _AT_M)], square], dtype=object)


def _narrow(planned: Planned, origin: Floats) -> Geometries:
    """Return the lanes from the entrance that are as narrow as the land lets through; no shape where there are none."""
    lanes = [one for one in (planned.approach, planned.mouth.narrow, planned.mouth.before) if one is not None]
    return np.array([lane.moved(origin).ground() for lane in lanes], dtype=object)
