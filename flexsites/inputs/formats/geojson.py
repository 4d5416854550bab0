"""What GDAL does not say of a GeoJSON file."""

from __future__ import annotations

import json
import re
from pathlib import Path

from flexsites.errors import Fault, InputError

_CHUNK, _LAP = 1 << 22, 256
_FIRST = re.compile(rb'"features"\s*:\s*\[\s*[^{\]\s]')
_LATER = re.compile(rb'\}\s*,\s*(?:[^"{\s]|"(?:[^"\\]|\\.)*"\s*[,\]])')
"""What follows a feature is another; what follows it that is none may also be inside a list of its attributes."""


def require_features(path: Path, *, where: str) -> None:
    """Refuse a file in which something among the features is none (null, a number): GDAL leaves it out without a word.

    A file that is no JSON is left to GDAL, which tells.

    Raises
    ------
    InputError
        If so, with how many.
    """
    if not _may_hold_others(path):
        return
    try:
        told = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return
    members = told.get("features") if isinstance(told, dict) else None
    others = [one for one in members if not isinstance(one, dict)] if isinstance(members, list) else []
    if others:
        what = "members of `features` that are no feature"
        remedy = "take them out, or export the file again"
        raise InputError(Fault(what, where, remedy, len(others), [json.dumps(one)[:20] for one in others[:3]]))


def _may_hold_others(path: Path) -> bool:
    """Return whether something may stand among the features that is none, by what follows a closing brace."""
    with path.open("rb") as stream:
        before = b""
        while chunk := stream.read(_CHUNK):
            text = before + chunk
            if _LATER.search(text) or _FIRST.search(text):
                return True
            before = text[-_LAP:]
    return False
