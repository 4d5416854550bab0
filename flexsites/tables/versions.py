"""The versions of the libraries that compute: what others made may differ in its last bits, or in more."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

import pyproj
import shapely

_COMPUTE = ("shapely", "pyproj", "pandas", "geopandas", "numpy", "numba", "scipy", "pyarrow")


def computed_by() -> dict[str, str]:
    """Return the versions of what computes: a part made by others may differ in its last bits, or in more."""
    return {
        "python": platform.python_version(),
        **{name: version_of(name) for name in _COMPUTE},
        "geos": shapely.geos_version_string,
        "proj": pyproj.proj_version_str,
    }


def version_of(name: str) -> str:
    """Return the version of a package.

    Examples
    --------
    >>> version_of("no such package")
    'unknown'
    """
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"
