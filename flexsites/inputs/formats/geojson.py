"""What GDAL does not say of a GeoJSON file."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from flexsites.errors import Fault, InputError

_CHUNK, _LAP, _LONGEST = 1 << 22, 256, 1 << 26
"""Bytes that are read at once, that two readings share, and of the longest feature that is judged."""
_FIRST = re.compile(rb'"features"\s*:\s*\[\s*[^{\]\s]')
_LATER = re.compile(rb'\}\s*,\s*(?:[^"{\s]|"(?:[^"\\]|\\.)*"\s*[,\]])')
"""What follows a feature is another; what follows it that is none may also be inside a list of its attributes."""
_BEGINS = re.compile(rb'(?:\}\s*,|"features"\s*:\s*\[)\s*\{')
_NAMED = re.compile(rb'"type"\s*:\s*"Feature"')
_FEATURES = re.compile(r'"features"\s*:\s*\[')
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_BETWEEN = re.compile(r"[\s,]*")
_MOST_LISTS = 8


def require_features(path: Path, *, where: str) -> None:
    """Refuse a file in which something among the features is none (null, a number, `{}`, a bare geometry).

    GDAL leaves it out without a word. A file that is no JSON, and one without a single feature (another dialect of
    JSON), are left to GDAL, which tells.

    Raises
    ------
    InputError
        If so, with how many.
    """
    if not _may_hold_others(path):
        return
    n_features = n_objects = n_values = 0
    shown: list[str] = []
    for one in _members(path):
        if isinstance(one, dict) and one.get("type") == "Feature":
            n_features += 1
            continue
        n_objects += isinstance(one, dict)
        n_values += not isinstance(one, dict)
        if len(shown) < 3:  # noqa: PLR2004 - what a fault shows
            shown.append(json.dumps(one)[:20])
    if n_values or (n_objects and n_features):
        what = "members of `features` that are no feature"
        remedy = "take them out, or export the file again"
        raise InputError(Fault(what, where, remedy, n_objects + n_values, shown))


def _may_hold_others(path: Path) -> bool:
    """Return whether something may stand among the features that is none, by what stands around braces.

    Either what follows a closing brace is no object, or more objects begin than say that they are features (so they do
    too where a list of objects is an attribute).
    """
    n_begun = n_named = 0
    with path.open("rb") as stream:
        before = rest = b""
        while chunk := stream.read(_CHUNK):
            text = before + chunk
            if _LATER.search(text) or _FIRST.search(text):
                return True
            before = text[-_LAP:]
            # Nothing that is counted goes over the last closing brace but what begins with it.
            text = rest + chunk
            end = max(text.rfind(b"}"), len(text) - _CHUNK, 0)
            n_begun += sum(1 for _ in _BEGINS.finditer(text, 0, end))
            n_named += sum(1 for _ in _NAMED.finditer(text, 0, end))
            rest = text[end:]
    n_begun += sum(1 for _ in _BEGINS.finditer(rest))
    n_named += sum(1 for _ in _NAMED.finditer(rest))
    return n_begun > n_named


def _begin_of_features(text: str) -> int | None:
    """Return where the list of the file's own features begins, not one of that name within something else."""
    for found in islice(_FEATURES.finditer(text), _MOST_LISTS):
        before = _STRING.sub("", text[: found.start()])
        if before.count("{") == before.count("}") + 1:
            return found.end()
    return None


def _members(path: Path) -> Iterator[Any]:
    """Give the members of `features`, one after the other; it ends where the text is no JSON, or too long.

    The list begins within the first bytes that are read, as writers write it; else none is given.
    """
    decode, read = codecs.getincrementaldecoder("utf-8-sig")("replace"), json.JSONDecoder().raw_decode
    with path.open("rb") as stream:
        text, is_inside = "", False
        while chunk := stream.read(max(_CHUNK, len(text))):  # of a long member twice as much each time
            text += decode.decode(chunk)
            if not is_inside:
                begin = _begin_of_features(text)
                if begin is None:
                    return
                text, is_inside = text[begin:], True
            at = 0
            while True:
                at = _BETWEEN.match(text, at).end()  # type: ignore[union-attr]
                try:
                    one, end = read(text, at)
                except (ValueError, RecursionError):
                    break
                if end == len(text):
                    break  # a number may go on
                yield one
                at = end
            text = text[at:]
            if text.startswith("]") or len(text) > _LONGEST:
                return
