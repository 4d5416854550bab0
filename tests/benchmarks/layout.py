"""Benchmark: homes laid out on pieces of every shape, one programme and all six."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from flexsites.capacity.homes import fit
from flexsites.capacity.kernels.layout import count_modules
from flexsites.capacity.kernels.layout_figures import Layout
from flexsites.tables import Frame
from tests.benchmarks.measuring import interleave, measure_peak
from tests.benchmarks.registry import Comparison, Measurements, benchmark
from tests.piece_shapes import all_programmes, dwelling_types, layout_standard, pieces_table

CHUNK = 5_000
"""Pieces that one thread takes at a time."""

PROGRAMME_LIMIT = 20_000
"""Above this all six programmes are measured on this many pieces: eighteen layouts a piece."""

CPU_SAMPLE = 5_000
"""Pieces of which the processor time is taken, which says more than wall time on a machine that others use."""

LAYOUT = Layout(
    width_m=3.5, side_gap_m=0.0, depth_m=8.0, n_bays_min=3, n_wide=1, homes_per_module=1.0, setback_m=4.0,
    row_spacing_m=8.0, row_spacing_per_storey_m=3.0, lane_m=3.5, n_storeys=2, parking_norm=0.3, place_m=2.5,
    place_depth_m=5.0, aisle_m=6.0, parking_distance_m=100.0, run_max_m=40.0, fire_gap_m=5.0, stairs_m=2.5,
    gallery_m=1.5, yard_m2=4.0, water_share=0.02, water_min_m=2.0, verge_m=1.0, step_m=2.0, fine_step_m=0.5,
)  # fmt: skip
"""Two storeys, lanes, a setback of 4 m, 0.3 parking places a module."""

ALL_THAT_FITS = 100_000
"""More modules than any piece here holds: counting goes on to the end."""


@cache
def make_pieces(size: int) -> NDArray[np.object_]:
    """Return pieces of 1,000 m2 to 3 ha: boxes, trapezoids, L-shapes, ragged outlines and boxes with a hole."""
    rng = np.random.default_rng(1)
    turn = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    circle = 0.5 + 0.56 * np.column_stack([np.cos(turn), np.sin(turn)])
    outlines = [
        np.array([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=float),
        np.array([[0, 0], [1.3, 0.1], [1.1, 1.1], [0.1, 0.9]]),
        np.array([[0, 0], [1.2, 0], [1.2, 0.6], [0.6, 0.6], [0.6, 1.2], [0, 1.2]]),
        circle,
        np.array([[0, 0], [1.1, 0], [1.1, 1], [0, 1]]),
    ]
    hole = np.array([[0.5, 0.4], [0.5, 0.6], [0.7, 0.6], [0.7, 0.4]])
    pieces = np.empty(size, dtype=object)
    for kind, outline in enumerate(outlines):
        own = np.arange(kind, size, len(outlines))
        shapes = np.repeat(outline[None], own.size, axis=0)
        if kind == 3:
            shapes = 0.5 + (shapes - 0.5) * rng.uniform(0.7, 1.1, (own.size, outline.shape[0], 1))
        place = _placing(rng, own.size)
        holes = None if kind < 4 else [[ring] for ring in shapely.linearrings(_placed(hole[None], place))]
        rings = shapely.linearrings(_placed(shapes, place))
        pieces[own] = [
            shapely.Polygon(ring, inner) for ring, inner in zip(rings, holes or [None] * own.size, strict=True)
        ]
    return pieces


def _placing(rng: np.random.Generator, n: int) -> tuple[NDArray[np.float64], ...]:
    area, aspect = np.exp(rng.uniform(np.log(1e3), np.log(3e4), n)), np.exp(rng.uniform(0, 1.5, n))
    size = np.stack([np.sqrt(area * aspect), np.sqrt(area / aspect)], axis=1)
    corner = np.stack([rng.uniform(2e4, 2.7e5, n), rng.uniform(3.1e5, 6.1e5, n)], axis=1)
    return size, rng.uniform(0, np.pi, n), corner


def _placed(shapes: NDArray[np.float64], place: tuple[NDArray[np.float64], ...]) -> NDArray[np.float64]:
    size, angle, corner = place
    local = shapes * size[:, None]
    x = np.cos(angle)[:, None] * local[..., 0] - np.sin(angle)[:, None] * local[..., 1]
    y = np.sin(angle)[:, None] * local[..., 0] + np.cos(angle)[:, None] * local[..., 1]
    return np.asarray(np.stack([x, y], axis=-1) + corner[:, None])


def count(pieces: NDArray[np.object_]) -> NDArray[np.int64]:
    """Return the modules per piece under one layout."""
    return _count(pieces, n_turns=2)


def _count(pieces: NDArray[np.object_], *, n_turns: int) -> NDArray[np.int64]:
    no_access, enough = np.full((len(pieces), 2), np.nan), np.full((len(pieces), 1), ALL_THAT_FITS)
    return count_modules(pieces, no_access, [LAYOUT], enough, n_turns=n_turns, n_spines=4)[:, 0]


def count_on_two_threads(pieces: NDArray[np.object_]) -> NDArray[np.int64]:
    """Return the same; the kernel lets go of the interpreter's lock."""
    with ThreadPoolExecutor(2) as pool:
        return np.concatenate(list(pool.map(count, np.array_split(pieces, max(1, len(pieces) // CHUNK)))))


def count_alone(size: int) -> None:
    """Build the pieces and count on two threads, chunk by chunk."""
    count_on_two_threads(make_pieces(size))


def fit_all(pieces: Frame, transit: Frame) -> Frame:
    """Return the homes of all six flexmilieus at all three estimates, chunk by chunk on two threads."""

    def fit_chunk(start: int) -> Frame:
        return fit(
            pieces.iloc[start : start + CHUNK],
            transit.iloc[start : start + CHUNK],
            programmes=all_programmes(),
            dwelling_types=dwelling_types(),
            layout=layout_standard(),
        )

    with ThreadPoolExecutor(2) as pool:
        return pd.concat(pool.map(fit_chunk, range(0, len(pieces), CHUNK)), ignore_index=True)


def modules_in(pieces: NDArray[np.object_], n_turns: int) -> int:
    """Return all modules when rows are tried in so many directions."""
    return int(_count(pieces, n_turns=n_turns).sum())


def processor_ms(work: Callable[[], object], size: int) -> float:
    """Return the processor time of work on the sample, in ms per piece."""
    start = time.process_time()
    work()
    return round((time.process_time() - start) * 1e3 / min(size, CPU_SAMPLE), 3)


@benchmark(name="layout", sizes=(10, 1_000, 100_000, 500_000), unit="pieces")
def layout(size: int) -> Measurements:
    """Lay modules out on pieces of every shape: one programme, and all six."""
    pieces = make_pieces(size)
    counted = interleave({"flexsites": lambda: count_on_two_threads(pieces), "one thread": lambda: count(pieces)})
    if not np.array_equal(counted["flexsites"].result, counted["one thread"].result):
        message = "two threads count otherwise than one"
        raise AssertionError(message)
    modules = np.asarray(counted["flexsites"].result)
    peak = measure_peak(count_alone, size)
    one = Comparison("one programme at its expected figures, two threads", counted, {"flexsites": peak})

    table = pieces_table(list(pieces[:PROGRAMME_LIMIT]))
    transit = pd.DataFrame(
        {
            "piece_id": table["piece_id"],
            "transit_class": np.resize(np.array([None, "A", "D", "geen"], object), len(table)),
            "urbanity_class": pd.array(np.resize([1, 3, 5], len(table)), dtype="Int64"),
        }
    )
    fitted = interleave({"flexsites": lambda: fit_all(table, transit)}, repeats=1)
    two = Comparison(f"six flexmilieus, three estimates, {len(table)} pieces, two threads", fitted)
    gain = modules_in(pieces[:CPU_SAMPLE], 16) / modules_in(pieces[:CPU_SAMPLE], 2) - 1
    notes = {
        "pieces per second, one programme": round(size / counted["flexsites"].median_s),
        "pieces per second, six flexmilieus x three estimates": round(len(table) / fitted["flexsites"].median_s),
        "processor ms per piece, one programme": processor_ms(lambda: count(pieces[:CPU_SAMPLE]), size),
        "processor ms per piece, six flexmilieus x three estimates": processor_ms(
            lambda: fit_all(table[:CPU_SAMPLE], transit[:CPU_SAMPLE]), size
        ),
        "mean piece in m2": round(float(shapely.area(pieces).mean())),
        "modules per hectare": round(float(modules.sum() / shapely.area(pieces).sum() * 1e4), 1),
        "gain of 16 directions over 2": f"{gain:.2%}",
    }
    return Measurements((one, two), packages=("shapely", "numba", "numpy"), notes=notes)
