"""Which type of block a building is, by what its units are used for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["BLOCK_TYPES", "block_types"]

Floats = NDArray[np.float64]

BLOCK_TYPES = ("dwellings", "shops", "offices", "mixed", "other")


def block_types(
    functions: Sequence[tuple[str, ...] | None],
    n_dwellings: Floats,
    n_other_units: Floats,
    *,
    by_function: Mapping[str, str],
) -> NDArray[np.int64]:
    """Return the type of each block, so that dwellings, shops and offices can be counted apart.

    METHOD 7. Dwellings: at least half of its units are. Else the one type that its functions name; mixed where they
    name several, other where they name none of them.

    Parameters
    ----------
    functions
        Functions in each building; null: it has no unit, or none were given.
    n_dwellings, n_other_units
        Units with and without a dwelling function, shape (n,). NaN: none were given.
    by_function
        The type per function.

    Returns
    -------
        Positions in BLOCK_TYPES, shape (n,); -1 where neither functions nor units are known.

    Examples
    --------
    >>> types = {"woonfunctie": "dwellings", "winkelfunctie": "shops", "kantoorfunctie": "offices"}
    >>> shop, office = "winkelfunctie", "kantoorfunctie"
    >>> uses = [("woonfunctie", shop), (shop,), (office, shop), ("industriefunctie",), None]
    >>> homes, others = np.array([8.0, 0.0, 0.0, 0.0, np.nan]), np.array([1.0, 2.0, 2.0, 1.0, np.nan])
    >>> [BLOCK_TYPES[at] if at >= 0 else None for at in block_types(uses, homes, others, by_function=types)]
    ['dwellings', 'shops', 'mixed', 'other', None]
    """
    named = {one: _named(one, by_function) for one in set(functions)}
    of_functions = np.array([named[one] for one in functions], dtype=np.int64)
    is_home = (n_dwellings > 0) & ~(n_dwellings < n_other_units)
    is_unknown = np.array([one is None for one in functions], dtype=bool) & np.isnan(n_dwellings)
    return np.select([is_unknown, is_home], [-1, 0], default=of_functions)


def _named(words: tuple[str, ...] | None, by_function: Mapping[str, str]) -> int:
    found = {by_function[word] for word in words or () if word in by_function}
    if len(found) == 1:
        return BLOCK_TYPES.index(found.pop())
    return BLOCK_TYPES.index("mixed" if found else "other")
