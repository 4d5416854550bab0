"""Registers in tiles (3DBAG): an index says which tile lies where, its address and its SHA-256; tiles become one file.

An object on the edge of two tiles is in both: it counts once, and is told if the two say different things of it.
"""

from __future__ import annotations

import gzip
import hashlib
import shutil
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from urllib.parse import urljoin

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from flexsites.config.addresses import without_secrets
from flexsites.errors import Fault, InputError
from flexsites.inputs.formats.kinds import require_kind
from flexsites.inputs.formats.projection import to_rd
from flexsites.inputs.formats.vector import Bounds
from flexsites.inputs.formats.web import require_same_reach
from flexsites.tables.whole_files import whole_file

_GZIP = b"\x1f\x8b"
_CHUNK_BYTES = 1 << 20
_AS_STORED = {"types_mapper": pd.ArrowDtype}
"""Columns keep the type of the file: in a tile where all or some of it is null it is the same as in the next."""
MOST_UNPACKED_BYTES = 4_000_000_000
"""No tile unpacks to more."""


@dataclass(frozen=True, slots=True)
class IndexColumns:
    """The columns of an index.

    Attributes
    ----------
    address
        The address of a tile's file, relative to the index or not.
    sha256
        Its SHA-256; null: the index states none.
    """

    address: str
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile of an index: where its file is, and the SHA-256 that it must have (null: not stated)."""

    address: str
    sha256: str | None


def tiles_in(
    index: Path | bytes, url: str, columns: IndexColumns, *, window: Bounds | None, where: str
) -> tuple[Tile, ...]:
    """Return the tiles of an index that meet a window, each file once, in the order of their addresses.

    Parameters
    ----------
    index
        The index, or its bytes: FlatGeobuf, GeoPackage or GeoJSON.
    url
        The address that it came from.
    columns
        Its columns.
    window
        The window, in RD New; None: all tiles.
    where
        What to name in an error.

    Raises
    ------
    InputError
        If it cannot be read, lacks a column or an address, states two SHA-256s of one file, or leads elsewhere.
    """
    source = BytesIO(index) if isinstance(index, bytes) else index
    try:
        frame = pyogrio.read_dataframe(source)
    except (DataSourceError, DataLayerError, OSError, ValueError) as error:
        said = str(error).partition(".;")[0][:200]
        raise InputError(Fault(f"the index of tiles cannot be read ({said})", where, "check the address")) from error
    asked = [one for one in (columns.address, columns.sha256) if one is not None]
    absent = [one for one in asked if one not in frame]
    if absent or "geometry" not in frame:
        what = f"the index of tiles has no {', '.join(absent) or 'geometry'}, but {', '.join(frame.columns)}"
        raise InputError(Fault(what, where, "name its columns in the door's parameters"))
    met = frame[_meets(frame, window, where)]
    nameless = met[columns.address].isna() | (met[columns.address].astype(str).str.strip() == "")
    if nameless.any():
        what = "tiles of the index have no address"
        raise InputError(Fault(what, where, "take another door, or tell the provider", int(nameless.sum())))
    found = dict[str, str | None]()
    for row in met[asked].itertuples(index=False):
        address = urljoin(url, str(row[0]).strip())
        digest = str(row[1]).strip().lower() if columns.sha256 is not None and isinstance(row[1], str) else None
        require_same_reach(url, address)
        if found.setdefault(address, digest) != digest:
            what = f"the index states two SHA-256s of {without_secrets(address)}"
            raise InputError(Fault(what, where, "fetch again, or tell the provider"))
    return tuple(Tile(address, digest) for address, digest in sorted(found.items()))


def _meets(frame: gpd.GeoDataFrame, window: Bounds | None, where: str) -> np.typing.NDArray[np.bool_]:
    """Return which tiles meet a window; one without a place may, so it does."""
    if window is None:
        return np.ones(len(frame), dtype=bool)
    if frame.crs is None:
        raise InputError(Fault("the index of tiles states no reference system", where, "tell the provider"))
    west, south, east, north = to_rd(frame.crs.to_string(), where=where).window(window)
    left, bottom, right, top = shapely.bounds(frame.geometry.to_numpy()).T
    away = (right < west) | (left > east) | (top < south) | (bottom > north)
    return np.asarray(~away)


def unpacked_tile(path: Path, folder: Path, *, where: str) -> Path:
    """Return a tile as it is before it was packed (gzip); one that is not packed is returned as it is.

    Raises
    ------
    InputError
        If it breaks off, or unpacks to more than any tile does; the packed file is gone then, to be fetched anew.
    """
    with path.open("rb") as stream:
        if stream.read(2) != _GZIP:
            return path
    target = folder / path.name.removesuffix(".gz")
    n_bytes = 0
    try:
        with whole_file(target) as temporary, gzip.open(path) as packed, temporary.open("wb") as sink:
            while chunk := packed.read(_CHUNK_BYTES):
                n_bytes += len(chunk)
                if n_bytes > MOST_UNPACKED_BYTES:
                    what = f"it unpacks to more than {MOST_UNPACKED_BYTES / 1e9:.1f} GB"
                    raise InputError(Fault(what, where, "check the address"))
                sink.write(chunk)
    except (OSError, EOFError, zlib.error) as error:
        path.unlink(missing_ok=True)
        raise InputError(Fault(f"cannot be unpacked ({error})", where, "fetch again")) from error
    require_kind(target, target.name, where=where)
    return target


@dataclass(slots=True)
class _Joining:
    """What came of earlier tiles: per object a digest of what is said of it."""

    id_column: str
    where: str
    known: dict[str, bytes] = field(default_factory=dict)
    n_again: int = 0

    def fresh(self, rows: gpd.GeoDataFrame, tile: str) -> np.typing.NDArray[np.bool_]:
        """Return which objects no earlier tile had; refuse one that is not the same here."""
        ids = rows[self.id_column].astype(str).tolist()
        is_fresh = np.ones(len(rows), dtype=bool)
        for i, (name, digest) in enumerate(zip(ids, _digests(rows), strict=True)):
            before = self.known.setdefault(name, digest)
            if before is digest:
                continue
            is_fresh[i] = False
            self.n_again += 1
            if before != digest:
                what = f"{name} is in two tiles and is not the same in {tile}"
                raise InputError(Fault(what, self.where, "fetch with --refresh: tiles are of two editions"))
        return is_fresh


def join_tiles(
    paths: Sequence[Path],
    target: Path,
    *,
    layers: Sequence[str],
    id_column: str,
    window: Bounds | None,
    scratch: Path,
    where: str,
) -> tuple[int, int]:
    """Write the layers of tiles as one GeoPackage, each object of the first layer once, with its rows of the others.

    Parameters
    ----------
    paths
        The tiles: GeoPackages, packed or not.
    target
        The GeoPackage.
    layers
        The layers; the first has one row per object.
    id_column
        The column of the object's id, in every layer.
    window
        The window, in RD New; None: everything.
    scratch
        Where tiles are unpacked, one at a time.
    where
        What to name in an error.

    Returns
    -------
    tuple
        How many objects there are, and how many came again.

    Raises
    ------
    InputError
        If a tile cannot be read, lacks a layer or the id, or says otherwise of an object than another tile.
    """
    joining, n_rows = _Joining(id_column, where), 0
    with whole_file(target) as temporary:
        written = temporary.with_name(f"{temporary.name}.gpkg")
        written.unlink(missing_ok=True)
        try:
            for path in paths:
                fresh: pd.Index | None = None
                for layer, rows in _layers_of(path, layers, id_column, window, scratch, where):
                    if fresh is None:
                        kept = rows[joining.fresh(rows, path.name)]
                        fresh, n_rows = pd.Index(kept[id_column].astype(str)), n_rows + len(kept)
                    else:
                        kept = rows[rows[id_column].astype(str).isin(fresh)]
                    _append(kept, written, layer)
            written.replace(temporary)
        finally:
            written.unlink(missing_ok=True)
    return n_rows, joining.n_again


def _layers_of(
    path: Path, layers: Sequence[str], id_column: str, window: Bounds | None, scratch: Path, where: str
) -> Iterator[tuple[str, gpd.GeoDataFrame]]:
    """Give the layers of a tile; the first cut to the window, the others whole: they follow their object."""
    about = f"{where}: {path.name}"
    folder = scratch / "tiles" / hashlib.sha256(str(path).encode()).hexdigest()[:12]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        local = unpacked_tile(path, folder, where=about)
        for number, layer in enumerate(layers):
            try:
                rows = pyogrio.read_dataframe(local, layer=layer, use_arrow=True, arrow_to_pandas_kwargs=_AS_STORED)
            except (DataSourceError, DataLayerError, OSError, ValueError) as error:
                said = str(error).partition(".;")[0][:200]
                raise InputError(Fault(f"the tile cannot be read ({said})", about, "fetch again")) from error
            if id_column not in rows:
                raise InputError(Fault(f"layer {layer} of the tile has no column {id_column}", about, "check the door"))
            yield layer, _cut(rows, window, about) if number == 0 else rows
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _cut(rows: gpd.GeoDataFrame, window: Bounds | None, where: str) -> gpd.GeoDataFrame:
    if window is None or rows.crs is None:
        return rows
    west, south, east, north = to_rd(rows.crs.to_string(), where=where).window(window)
    left, bottom, right, top = shapely.bounds(rows.geometry.to_numpy()).T
    away = (right < west) | (left > east) | (top < south) | (bottom > north)
    found: gpd.GeoDataFrame = rows[~away].reset_index(drop=True)
    return found


def _append(rows: gpd.GeoDataFrame, path: Path, layer: str) -> None:
    """Add rows to a layer; the first tile also makes it, with no row in it if need be."""
    is_there = path.exists() and layer in {str(name) for name, _ in pyogrio.list_layers(path)}
    if len(rows) or not is_there:
        pyogrio.write_dataframe(rows, path, layer=layer, driver="GPKG", append=is_there, use_arrow=True)


def _digests(rows: gpd.GeoDataFrame) -> list[bytes]:
    """Return a digest of each row, whatever its number in the tile."""
    plain = pd.DataFrame(rows.drop(columns=rows.geometry.name))
    plain["geometry"] = shapely.to_wkb(shapely.normalize(rows.geometry.to_numpy()), hex=True)
    words = [plain[name].astype(str).fillna("\x00").tolist() for name in sorted(plain.columns)]
    return [hashlib.sha256("\x1f".join(row).encode()).digest() for row in zip(*words, strict=True)]
