"""Units of figures: a key's suffix says its unit, and a figure written in another one is refused.

``min_width_m: {value: 1500, unit: cm}`` would else be read as 1500 m. A key without a suffix has no unit: a ratio, a
share or a count. A minimum or maximum leads (``min_width_m``), so that the suffix ``_min`` is always minutes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

__all__ = ["ANY", "COUNTED", "PURE", "Unit", "is_in_unit", "unit_of_key"]

PURE: Final = "1"
"""The unit of what has none: ratios, shares, counts."""

ANY: Final = "*"
"""Any unit: the figure is checked against what it is set beside (a measure, a published quantity)."""

COUNTED: Final = frozenset({"dwelling", "storey", "home", "place"})
"""Words that may stand for what a count counts."""

# The longest suffix that fits decides, so `_per_hour` goes before `_hour` and `_km_h` before `_h`.
_UNITS: Final = {
    "per_km2": "1/km2",
    "per_ha": "1/ha",
    "per_hour": "1/h",
    "kn_m2": "kN/m2",
    "km_h": "km/h",
    "m2": "m2",
    "m": "m",
    "min": "min",
    "s": "s",
    "h": "h",
    "deg": "deg",
    "years": "year",
    "year": "year",
    "kw": "kW",
    "kv": "kV",
    "db": "dB",
    "ha": "ha",
    "share": PURE,
    "eur": "EUR",
    "eur_m2": "EUR/m2",
    "eur_month": "EUR/month",
    "eur_year": "EUR/year",
    "eur_m2_month": "EUR/m2/month",
    "eur_m2_year": "EUR/m2/year",
}


@dataclass(frozen=True, slots=True)
class Unit:
    """The unit of a field whose key does not end in one (metadata of an annotation)."""

    name: str


def unit_of_key(key: str) -> str:
    """Return the unit that a key's suffix says.

    Examples
    --------
    >>> [unit_of_key(key) for key in ("min_width_m", "limit_min", "speed_km_h", "fsi", "n_lines", "travel_30min")]
    ['m', 'min', 'km/h', '1', '1', '1']
    """
    return next((unit for suffix, unit in _suffixes() if key == suffix or key.endswith(f"_{suffix}")), PURE)


def _suffixes() -> Iterator[tuple[str, str]]:
    yield from sorted(_UNITS.items(), key=lambda item: -len(item[0]))


def is_in_unit(given: str | None, asked: str) -> bool:
    """Return whether a figure's unit is the one asked; a figure that says none is in the unit of its key.

    Examples
    --------
    >>> is_in_unit("m", "m"), is_in_unit("cm", "m"), is_in_unit(None, "m"), is_in_unit("storey", "1")
    (True, False, True, True)
    """
    return given is None or asked in (ANY, given) or (asked == PURE and given in COUNTED)
