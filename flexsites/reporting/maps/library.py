"""MapLibre GL, which draws the map: its script and style sheet, from the Python package that carries them."""

from __future__ import annotations

import importlib.util
import re
from functools import cache
from pathlib import Path

from flexsites.errors import Fault, MissingExtraError

_SCRIPT, _STYLE = "maplibre-gl.js", "maplibre-gl.css"


def script() -> str:
    """Return the library, to stand inside a page.

    Raises
    ------
    MissingExtraError
        When the package is not installed, or carries it no longer.
    """
    return _file(_SCRIPT)


def style_sheet() -> str:
    """Return its style sheet."""
    return _file(_STYLE)


@cache
def version() -> str:
    """Return the version that the script states; empty where it states none.

    Examples
    --------
    >>> version().split(".")[0] >= "5"
    True
    """
    found = re.search(r"maplibre-gl-js/blob/v([0-9.]+)/", _file(_SCRIPT)[:1000])
    return found[1] if found else ""


@cache
def _file(name: str) -> str:
    # Looked up without importing it: only its files are of use here.
    found = importlib.util.find_spec("maplibre")
    folders = found.submodule_search_locations if found else None
    path = Path(next(iter(folders)), "srcjs", name) if folders else None
    if path is None or not path.is_file():
        what = f"{name} is not there: the map needs the package that carries MapLibre GL"
        raise MissingExtraError(Fault(what, "maplibre", "install it: pip install maplibre"))
    text = path.read_text(encoding="utf-8")
    return re.sub(r"\n//# sourceMappingURL=.*\s*$", "\n", text)
