"""Lineage and the run's manifest: what was read, assumed, computed, and whether the areas close.

The manifest is the answer to "where does this number come from": every source with its edition, licence and hash,
every figure with its origin, every rule, every cell, and the balance of METHOD 0 (area in = buildable + attributed).
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from flexsites.config.base import Figure

_PACKAGES = (
    "flexsites",
    "geopandas",
    "shapely",
    "pyproj",
    "pandas",
    "numpy",
    "numba",
    "scipy",
    "rasterio",
    "pyogrio",
    "osmium",
    "dask",
)


def digest(content: object, *, length: int = 64) -> str:
    """Return the SHA-256 of something JSON can say, keys sorted.

    Examples
    --------
    >>> digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    True
    """
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def versions() -> dict[str, str]:
    """Return the versions of everything a result may depend on."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def figures_by_origin(figures: Iterable[tuple[str, Figure]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the assumptions and the sourced figures, each once, with the path it has in the configuration.

    Examples
    --------
    >>> figure = Figure(value=15, unit="m", assumption=True, why="two rows and a path")
    >>> figures_by_origin([("pieces.min_width_m", figure)])[0]
    [{'path': 'pieces.min_width_m', 'value': 15.0, 'unit': 'm', 'why': 'two rows and a path'}]
    """
    assumptions: dict[str, dict[str, Any]] = {}
    sourced: dict[str, dict[str, Any]] = {}
    for path, figure in figures:
        row = {"path": path, "value": figure.value, "unit": figure.unit}
        if figure.assumption:
            assumptions.setdefault(path, row | {"why": figure.why})
        else:
            sourced.setdefault(path, row | {"source": figure.source})
    return list(assumptions.values()), list(sourced.values())


def balance(rows: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Sum what the cells report of area: what came in, what is buildable, what rules and piece tests took.

    Examples
    --------
    >>> cell = {"area_in_m2": 10.0, "buildable_area_m2": 6.0, "attributed_area_m2": 4.0}
    >>> balance([cell, cell])["difference_m2"]
    0.0
    """
    names = ("area_in_m2", "buildable_area_m2", "attributed_area_m2")
    total = dict.fromkeys(names, 0.0)
    for row in rows:
        for name in names:
            total[name] += row[name]
    difference = total["area_in_m2"] - total["buildable_area_m2"] - total["attributed_area_m2"]
    return total | {"difference_m2": difference}
