"""The large areas of the synthetic country: what each layer of the rules has, how large, and with which attributes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from flexsites.worlds.country import Country


@dataclass(frozen=True, slots=True)
class AreaLayer:
    """
    A layer of large areas.

    Parameters
    ----------
    per_square
        Areas anchored in each square of 20 km.
    radius_m, n_vertices
        Least and most, see :meth:`flexsites.worlds.country.Country.areas`.
    values
        Per attribute what it may be, each as likely.
    """

    per_square: int
    radius_m: tuple[float, float]
    n_vertices: tuple[int, int] = (40, 400)
    values: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)


AREA_LAYERS = {
    "natura2000": AreaLayer(3, (400.0, 4_000.0), (2_000, 20_000)),
    "nnn": AreaLayer(8, (300.0, 2_500.0), (1_000, 10_000)),
    "water": AreaLayer(6, (100.0, 1_500.0), (200, 4_000)),
    "military": AreaLayer(1, (200.0, 1_500.0)),
    "coastal_foundation": AreaLayer(1, (300.0, 1_000.0), (200, 2_000)),
    "drinking_water_abstraction": AreaLayer(2, (200.0, 900.0)),
    "river_bed": AreaLayer(1, (600.0, 2_500.0), (500, 3_000)),
    "reservations": AreaLayer(3, (50.0, 400.0)),
    "regional_dikes": AreaLayer(4, (30.0, 200.0)),
    "silence_areas": AreaLayer(1, (1_000.0, 4_000.0)),
    "groundwater_protection": AreaLayer(2, (800.0, 3_000.0)),
    "plan_capacity": AreaLayer(
        12, (40.0, 250.0), (8, 60),
        {"plan_hardness": ("hard", "zacht"), "plan_start_year": (2026, 2028, 2030, 2034), "n_dwellings": (10, 60, 240)},
    ),
    "solar_park": AreaLayer(2, (80.0, 300.0), (8, 40)),
    "ibis_plots": AreaLayer(6, (60.0, 400.0), (8, 60), {"is_issued": (True, False)}),
    "allotments": AreaLayer(3, (40.0, 150.0), (8, 40)),
    "holiday_parks": AreaLayer(3, (80.0, 400.0)),
    "safety_contour": AreaLayer(5, (30.0, 200.0)),
    "safety_attention": AreaLayer(5, (100.0, 500.0)),
    "airport_zones": AreaLayer(1, (1_000.0, 4_000.0), values={"zone": ("1", "2", "3", "4", "5")}),
    "flood_defences": AreaLayer(4, (30.0, 250.0), values={"zone": ("waterstaatswerk", "beschermingszone")}),
    "protected_views": AreaLayer(3, (80.0, 400.0)),
    "archaeology": AreaLayer(6, (200.0, 1_500.0)),
    "grid_congestion": AreaLayer(1, (3_000.0, 6_000.0)),
    "spray_zones": AreaLayer(3, (60.0, 250.0)),
    "odour": AreaLayer(6, (80.0, 400.0)),
    "soil": AreaLayer(6, (20.0, 150.0)),
}  # fmt: skip
"""Layers whose areas reach over tiles."""


def anchored(
    country: Country, layer: str, square: tuple[int, int]
) -> tuple[NDArray[np.object_], dict[str, NDArray[Any]]]:
    """
    Return the areas of a layer that are anchored in one square of 20 km, with their ids and attributes.

    Examples
    --------
    >>> from flexsites.worlds.country import Country
    >>> shapes, columns = anchored(Country(1_000), "ibis_plots", (0, 0))
    >>> len(shapes), sorted(columns)
    (6, ['id', 'is_issued'])
    """
    about = AREA_LAYERS[layer]
    shapes = country.anchored(layer, square, about.per_square, about.n_vertices, about.radius_m)
    rng = np.random.default_rng((country.seed, 6, *square, *layer.encode()))
    ids = np.array([f"{layer}-{square[0]:03d}-{square[1]:03d}-{order:03d}" for order in range(len(shapes))])
    columns: dict[str, NDArray[Any]] = {"id": ids}
    for name, values in about.values.items():
        columns[name] = np.array(values)[rng.integers(0, len(values), len(shapes))]
    return shapes, columns
