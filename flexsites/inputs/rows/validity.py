"""What is wrong with a source's rows, and what is done about it: nothing is lost, everything is counted.

Invalid polygons are repaired. Rows that cannot be used (no geometry, the wrong kind, no id, an id of another feature)
are set apart with the reason. Both kinds are written to a quarantine file, in the geometry they came with.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from flexsites.errors import Fault
from flexsites.geometry.polygons import polygonal, repair
from flexsites.inputs.formats.projection import Geometries, outside_rd
from flexsites.tables.whole_files import whole_file

Kind = Literal["polygon", "line", "point", "place", "any"]

_KINDS: dict[Kind, tuple[int, ...]] = {
    "polygon": (3, 6, 7), "line": (1, 5), "point": (0, 4), "place": (0, 3, 4, 6), "any": tuple(range(8)),
}  # fmt: skip
_NOT_OF_KIND: dict[Kind, str] = {
    "polygon": "not a polygon", "line": "not a line", "point": "not a point", "place": "not a place",
}  # fmt: skip
_COLLECTION = 7
_EARTH_M = 1e8
"""More than twice round the Earth: RD New gives no place such a coordinate."""

_OTHER_KIND = "take these rows out; of a file with several geometries choose one with `geometry_column`"
_SET_APART = "set sources.faulty_rows: quarantine, and they are set apart and counted"
_REMEDIES = {
    "no geometry": "give each row a geometry, or take it out",
    "empty geometry": "give each row a geometry, or take it out",
    "no id": "give each row an id, or leave `id_column` out: ids are then made of the geometry",
    "an id that another feature has": "make ids unique, or leave `id_column` out: ids are then made of the geometry",
    "an id that has lost its last digits": "give ids as text: a number holds no more than fifteen digits of them",
    "coordinates outside the Netherlands": "take these rows out, or mend their coordinates",
    "a corner that is no place": "mend its coordinates (they are not numbers, or beyond the Earth), or take it out",
    "nothing is left of it when repaired": "mend the polygon, or take it out",
    "no weight": "give each row a weight, or take it out",
    "a weight that is below zero or no amount": "mend the weight, or take the row out",
    "no category": "give each row a category, or take it out",
    "no class of road": "give each row a class, or take it out",
}
_OF_IDS = frozenset(("no id", "an id that another feature has", "an id that has lost its last digits"))
"""The reasons that are about ids; any other is about the geometry, unless a reader says so (`Ledger.columns`)."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """Geometries made usable: repaired where needed, and per row why it is not usable (null: it is)."""

    geometry: Geometries
    is_repaired: NDArray[np.bool_]
    reason: NDArray[np.object_]


@dataclass(slots=True)
class Ledger:
    """What happened to the rows of one source, over all its batches.

    Every row that was read is in exactly one of: left out by `where`, outside the area, repeated (the same row again),
    quarantined, kept. `n_repaired` counts among the kept.

    Attributes
    ----------
    file
        The file of which rows are read now; None: of no one file.
    columns
        Where the user's file has what a reason is about: `id`, `geometry`, or of the reason itself its own.
    files
        Per reason the files that have such rows.
    """

    source: str
    n_read: int = 0
    n_left_out: int = 0
    n_outside_area: int = 0
    n_repeated: int = 0
    n_repaired: int = 0
    n_kept: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)
    rows: list[gpd.GeoDataFrame] = field(default_factory=list)
    file: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    files: dict[str, dict[str, None]] = field(default_factory=dict)

    @property
    def n_quarantined(self) -> int:
        """Rows that cannot be used."""
        return sum(self.reasons.values())

    def faults(self, name: str, files: Sequence[str] = ()) -> list[Fault]:
        """Return one fault per reason: where the rows are, how many there are, and up to three of them.

        Parameters
        ----------
        name
            The source's name.
        files
            Its files, for rows of which is not known in which of them they are.
        """
        return [
            Fault(
                reason, self._place(reason, name, files), f"{_REMEDIES.get(reason, _OTHER_KIND)}; or {_SET_APART}", n,
                tuple(self.examples[reason]),
            )
            for reason, n in sorted(self.reasons.items())
        ]  # fmt: skip

    def _place(self, reason: str, name: str, files: Sequence[str]) -> str:
        """Return the source, its files and the column that a reason is about."""
        of_files = ", ".join(self.files.get(reason) or files)
        kind = "id" if reason in _OF_IDS else "geometry"
        column = self.columns.get(reason, self.columns.get(kind, kind))
        return f"{name} ({of_files}).{column}" if of_files else f"{name}.{column}"

    def note(self, action: str, ids: pd.Series, reason: NDArray[np.object_], geometry: Geometries, crs: str) -> None:
        """Keep the rows that were repaired or set apart, as they came."""
        if len(ids) == 0:
            return
        columns = {"source": self.source, "id": ids.to_numpy(), "action": action, "reason": reason}
        self.rows.append(gpd.GeoDataFrame(columns, geometry=geometry, crs=crs))

    def quarantine(self, ids: pd.Series, reason: NDArray[np.object_], geometry: Geometries, crs: str, at: int) -> None:
        """Set rows apart; `at` is the number in the file of the batch's first row, to name those without an id."""
        bad = np.flatnonzero(reason != np.array(None))
        for i in bad:
            name = ids.iloc[i] if pd.notna(ids.iloc[i]) else f"row {at + i}"
            self.reasons[reason[i]] += 1
            if self.file is not None:
                self.files.setdefault(reason[i], {})[self.file] = None
            self.examples.setdefault(reason[i], [])
            if len(self.examples[reason[i]]) < 3:  # noqa: PLR2004 - as many as an error shows
                self.examples[reason[i]].append(str(name))
        self.note("quarantined", ids.iloc[bad], reason[bad], geometry[bad], crs)

    def write(self, folder: Path) -> Path | None:
        """Write the quarantine file, if there is anything in it, and return its path."""
        if not self.rows:
            return None
        path = folder / f"{self.source}.parquet"
        kept = pd.concat([rows.to_crs("EPSG:28992") if rows.crs else rows for rows in self.rows], ignore_index=True)
        with whole_file(path) as temporary:
            gpd.GeoDataFrame(kept, geometry="geometry").to_parquet(temporary, index=False)
        return path


def make_sound(geometry: Geometries, kind: Kind) -> Repaired:
    """Make geometries usable, in RD New.

    Polygons that cross themselves are repaired (the even-odd reading of their lines); of a collection the polygons are
    kept. A geometry that is sound already comes back bit for bit.

    Examples
    --------
    >>> bow_tie = shapely.Polygon([(9e4, 4e5), (90002, 400002), (90002, 4e5), (9e4, 400002)])
    >>> sound = make_sound(np.array([bow_tie, None], dtype=object), "polygon")
    >>> float(shapely.area(sound.geometry[0])), sound.is_repaired.tolist(), sound.reason.tolist()
    (2.0, [True, False], [None, 'no geometry'])
    """
    reason = np.full(len(geometry), None, dtype=object)
    result = np.asarray(geometry, dtype=object).copy()
    is_missing = shapely.is_missing(result)
    is_empty = shapely.is_empty(result)
    is_wrong = ~np.isin(shapely.get_type_id(result), _KINDS[kind]) & ~is_missing & ~is_empty
    is_nowhere = has_corner_nowhere(result)
    is_away = outside_rd(result) & ~is_wrong & ~is_nowhere
    is_repaired = np.zeros(len(result), dtype=bool)
    is_flat = np.isin(shapely.get_type_id(result), _KINDS["polygon"])
    todo = np.flatnonzero(is_flat & ~is_missing & ~is_empty & ~is_away & ~is_wrong & ~is_nowhere)
    mixed = shapely.get_type_id(result[todo]) == _COLLECTION
    if mixed.any():
        result[todo[mixed]] = polygonal(result[todo[mixed]])
    mended, changed = repair(result[todo])
    is_lost = np.zeros(len(result), dtype=bool)
    is_lost[todo] = shapely.is_empty(mended) | (shapely.area(mended) == 0)
    result[todo], is_repaired[todo] = mended, changed | mixed
    for mask, why in (
        (is_lost, "nothing is left of it when repaired"),
        (is_away, "coordinates outside the Netherlands"),
        (is_nowhere, "a corner that is no place"),
        (is_wrong, _NOT_OF_KIND.get(kind)),
        (is_empty, "empty geometry"),
        (is_missing, "no geometry"),
    ):
        reason[mask] = why
    is_repaired &= reason == np.array(None)
    return Repaired(result, is_repaired, reason)


def has_corner_nowhere(geometry: Geometries) -> NDArray[np.bool_]:
    """Return which geometries have a corner that is not a number, infinite, or farther off than the Earth is round."""
    xy, of = shapely.get_coordinates(geometry, return_index=True)
    with np.errstate(invalid="ignore"):
        is_nowhere = ~(np.abs(xy) < _EARTH_M).all(axis=1)
    found = np.zeros(len(geometry), dtype=bool)
    found[of[is_nowhere]] = True
    return found & ~shapely.is_empty(geometry)


def row_digests(geometry: Geometries, columns: pd.DataFrame) -> NDArray[np.uint64]:
    """Return a 64-bit hash of what each row is: its geometry as it came (x and y), and its columns.

    Examples
    --------
    >>> twice = np.array([shapely.Point(1, 2), shapely.Point(1, 2), shapely.Point(2, 1)], dtype=object)
    >>> digests = row_digests(twice, pd.DataFrame({"name": ["a", "a", "a"]}))
    >>> bool(digests[0] == digests[1]), bool(digests[0] == digests[2])
    (True, False)
    """
    wkb = np.asarray(shapely.to_wkb(geometry, output_dimension=2, byte_order=1), dtype=object)
    wkb[shapely.is_missing(geometry)] = b""
    shapes = _digests(wkb)
    if len(columns.columns) == 0 or len(columns) == 0:
        return shapes
    values = pd.util.hash_pandas_object(columns, index=False).to_numpy(dtype=np.uint64)
    return np.asarray(shapes * np.uint64(0x9E3779B97F4A7C15) ^ values, dtype=np.uint64)


def made_ids(digests: NDArray[np.uint64]) -> pd.Series:
    """Return ids made of what a row is, for sources without: the same row has the same id in any order and extract.

    Examples
    --------
    >>> made_ids(np.array([255], dtype=np.uint64)).tolist()
    ['g00000000000000ff']
    """
    return pd.Series([f"g{digest:016x}" for digest in digests], dtype="str")


@dataclass(slots=True)
class DuplicateCheck:
    """The ids met so far and what each stood for: 16 bytes a row, in sorted runs that double."""

    runs: list[tuple[NDArray[np.uint64], NDArray[np.uint64]]] = field(default_factory=list)

    def check(self, ids: pd.Series, digests: NDArray[np.uint64]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return which rows repeat one met before (the same id and content), and which have its id only.

        Of rows that share an id the first in the file's order stands. Null ids are neither.
        """
        has_id = ids.notna().to_numpy()
        keys = _digests(ids.fillna("").to_numpy(dtype=object))
        first, has_first = digests.copy(), np.zeros(len(keys), dtype=bool)
        _, at, inverse = np.unique(keys, return_index=True, return_inverse=True)
        earlier = at[inverse]
        has_first |= earlier != np.arange(len(keys))
        first[has_first] = digests[earlier[has_first]]
        for run_keys, run_digests in self.runs:
            found = np.minimum(np.searchsorted(run_keys, keys), len(run_keys) - 1)
            hit = run_keys[found] == keys
            first[hit], has_first[hit] = run_digests[found[hit]], True
        self._add(keys[has_id & ~has_first], digests[has_id & ~has_first])
        is_repeat = has_id & has_first & (first == digests)
        return is_repeat, has_id & has_first & ~is_repeat

    def _add(self, keys: NDArray[np.uint64], digests: NDArray[np.uint64]) -> None:
        while self.runs and len(self.runs[-1][0]) <= len(keys):
            old_keys, old_digests = self.runs.pop()
            keys, digests = np.concatenate([old_keys, keys]), np.concatenate([old_digests, digests])
        if len(keys):
            order = np.argsort(keys, kind="stable")
            self.runs.append((keys[order], digests[order]))


def _digests(content: NDArray[np.object_]) -> NDArray[np.uint64]:
    """Return 64-bit hashes of texts or bytes, by pandas' own (SipHash with a fixed key, the same everywhere)."""
    return np.asarray(pd.util.hash_array(content, categorize=False), dtype=np.uint64)
