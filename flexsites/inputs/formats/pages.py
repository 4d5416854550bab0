"""Pages of a service on disk until all are there: so a fetch goes on where it broke off, and nothing comes twice."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from flexsites.errors import Fault, InputError
from flexsites.tables.whole_files import read_state, whole_file, write_state, write_whole

_MOST_PAGES = 1_000_000
"""More than any register has; a service that never ends is left."""
_DIGEST_LENGTH = 16
_OLD_S = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Member:
    """One feature as a service gave it: its id there (null: it has none), and its text."""

    id: str | None
    text: bytes

    @property
    def digest(self) -> bytes:
        """What its text is recognised by."""
        return hashlib.sha256(self.text).digest()[:_DIGEST_LENGTH]


class Pages(ABC):
    """The pages that came, and where the next one is.

    Parameters
    ----------
    folder
        Where they are kept.
    """

    suffix = ".page"

    def __init__(self, folder: Path) -> None:
        self.folder, self._state = folder, folder / "state.json"
        if self._state.exists() and time.time() - self._state.stat().st_mtime > _OLD_S:
            shutil.rmtree(folder)  # pages of two days may be of two editions
        folder.mkdir(parents=True, exist_ok=True)
        state = read_state(self._state) or {}
        self.next: str | None = state.get("next")
        self.n_pages: int = state.get("n_pages", 0)
        self.n_features: int = state.get("n_features", 0)
        self.n_outside: int = state.get("n_outside", 0)
        self._seen: list[str] = state.get("seen", [])
        self._nexts = {self.next} - {None}
        self.is_started = bool(state)

    @abstractmethod
    def members(self, content: bytes) -> list[Member]:
        """Return the features of a page."""

    @abstractmethod
    def frame(self, folders: Sequence[Pages]) -> tuple[bytes, bytes, bytes]:
        """Return what stands before the features of all pages, between two, and after the last."""

    def add(self, content: bytes, after: str | None, *, where: str, n_outside: int = 0) -> None:
        """Write a page to disk.

        Raises
        ------
        InputError
            If it came before: the service repeats itself, or goes in a circle.
        """
        members = self.members(content)
        digest = hashlib.sha256(b"\n".join(member.text for member in members)).hexdigest()[:_DIGEST_LENGTH]
        is_same = bool(members) and digest in self._seen
        if is_same or (after is not None and after in self._nexts) or self.n_pages >= _MOST_PAGES:
            raise InputError(Fault("the service gives the same page again and again", where, "tell the provider"))
        write_whole(self.path(self.n_pages), content)
        self.next, self.n_pages, self.n_features = after, self.n_pages + 1, self.n_features + len(members)
        self.n_outside += n_outside
        self._seen.append(digest)
        self._nexts |= {after} - {None}
        names = ("next", "n_pages", "n_features", "n_outside")
        write_state(self._state, {**{name: getattr(self, name) for name in names}, "seen": self._seen})

    def path(self, number: int) -> Path:
        """Return where a page is kept."""
        return self.folder / f"page-{number:06d}{self.suffix}"

    def every_member(self) -> Iterator[Member]:
        """Give the features of all pages."""
        for number in range(self.n_pages):
            yield from self.members(self.path(number).read_bytes())

    def forget(self) -> None:
        """Remove all pages."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def count_distinct(self) -> int:
        """Return how many features differ from each other."""
        return len({member.digest for member in self.every_member()})


@dataclass(frozen=True, slots=True)
class Joined:
    """What became of the features of all pages: how many there are, and how many came again."""

    n_features: int
    n_repeated: int


def join(every: Sequence[Pages], target: Path, *, where: str) -> Joined:
    """Join pages into one file, each feature once, whole or not at all; the pages are gone then.

    Raises
    ------
    InputError
        If a feature came twice and is not the same: the register changed meanwhile.
    """
    known: dict[str, bytes] = {}
    n_features = n_repeated = 0
    before, between, after = every[0].frame(every)
    with whole_file(target) as temporary, temporary.open("wb") as sink:
        sink.write(before)
        for member in (member for pages in every for member in pages.every_member()):
            if member.id is not None and member.id in known:
                _require_same(member, known[member.id], every, where)
                n_repeated += 1
                continue
            if member.id is not None:
                known[member.id] = member.digest
            sink.write((between if n_features else b"") + member.text)
            n_features += 1
        sink.write(after)
    for pages in every:
        pages.forget()
    return Joined(n_features, n_repeated)


def _require_same(member: Member, digest: bytes, every: Sequence[Pages], where: str) -> None:
    if member.digest == digest:
        return
    for pages in every:
        pages.forget()
    what = f"feature {member.id} came twice and is not the same: it changed meanwhile"
    raise InputError(Fault(what, where, "fetch again"))


@np.errstate(invalid="ignore")  # a corner that is not a number is judged with the rows
def boxes_of(features: list[dict[str, Any]]) -> NDArray[np.float64]:
    """Return the bounds (n, 4) of the features of GeoJSON that have a geometry.

    Raises
    ------
    KeyError, TypeError, ValueError, AttributeError, shapely.errors.ShapelyError
        If they are no features.
    """
    shapes = [shapely.geometry.shape(one["geometry"]) for one in features if one.get("geometry")]
    return np.asarray(shapely.bounds(np.array(shapes, dtype=object)).reshape(-1, 4), dtype=np.float64)


class JsonPages(Pages):
    """Pages of GeoJSON: each a list of features."""

    suffix = ".json"
    crs_name = "urn:ogc:def:crs:EPSG::28992"

    def members(self, content: bytes) -> list[Member]:
        """Return the features of a page."""
        return [_json_member(feature) for feature in json.loads(content)]

    def frame(self, folders: Sequence[Pages]) -> tuple[bytes, bytes, bytes]:  # noqa: ARG002 - GML asks for them
        """Return the frame of a collection of features."""
        crs = json.dumps({"type": "name", "properties": {"name": self.crs_name}})
        return f'{{"type": "FeatureCollection", "crs": {crs}, "features": [\n'.encode(), b",\n", b"\n]}\n"


def _json_member(feature: dict[str, object]) -> Member:
    named = feature.get("id")
    return Member(None if named is None else str(named), json.dumps(feature).encode())
