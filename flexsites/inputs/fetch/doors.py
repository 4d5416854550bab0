"""Through the doors of a preset: what each kind of service is asked, and the file that its answers become."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from flexsites.config.areas import area_names, plain_name
from flexsites.config.presets import RD_URI, Door
from flexsites.config.source_rows import Row, Selection
from flexsites.config.sources import ArcgisFeatures, DownloadApi, OgcFeatures, Service, Wfs
from flexsites.errors import CrsError, Fault, InputError
from flexsites.inputs.fetch.cache import Answer, Cache
from flexsites.inputs.fetch.door_atom import bring_of_feed
from flexsites.inputs.fetch.door_overpass import Selectors, bring_of_overpass
from flexsites.inputs.fetch.door_tiles import bring_tiles
from flexsites.inputs.formats.download_api import join_zips
from flexsites.inputs.formats.facts import Facts, is_empty_answer, keep_facts
from flexsites.inputs.formats.projection import coordinate_faults, to_rd
from flexsites.inputs.formats.ranges import PARQUET
from flexsites.inputs.formats.vector import Bounds, open_vector
from flexsites.inputs.formats.web import Told
from flexsites.inputs.rows.selection import asked_columns
from flexsites.tables.whole_files import whole_file

_GEOFABRIK = {"fryslan": "friesland"}
_LIMIT = 1000
_LOOKED_AT = 100
_DECLARED = "EPSG:28992"
_MADE = (*PARQUET, ".gpkg", ".geojson")
_READ = (*_MADE, ".gml", ".json", ".fgb")


Columns = Mapping[str, tuple[str, ...] | None]
"""The columns that may be read of a source, by its dotted name; None: all of them."""


class ClosedError(Exception):
    """A door that nothing comes through by itself; what is said is why."""


def rows_of(door: Door, row: Row) -> tuple[Service, ...]:
    """Return what a service is asked through a door, one question per layer.

    Raises
    ------
    ClosedError
        If the door is of a kind that is not asked by itself.
    """
    common: dict[str, Any] = {"about": row.about, "url": door.address}
    limit = door.page_size or _LIMIT
    parameters = {name: str(value) for name, value in door.parameters.items()}
    if door.kind == "ogc_api":
        crs = door.crs if door.crs.startswith("http") else RD_URI
        asked = {**common, "reader": "ogc_features", "crs": crs, "limit": limit, "parameters": parameters}
        return tuple(OgcFeatures.model_validate({**asked, "collection": layer}) for layer in door.layers)
    if door.kind == "wfs":
        form = "geojson" if door.format == "geojson" else "gml"
        asked = {**common, "reader": "wfs", "limit": limit, "format": form}
        return tuple(Wfs.model_validate({**asked, "type_name": layer}) for layer in door.layers)
    if door.kind == "arcgis":
        return (ArcgisFeatures.model_validate({**common, "reader": "arcgis_features", "limit": limit}),)
    if door.kind == "download":
        types = door.parameters.get("featuretypes", door.layers)
        form = str(door.parameters.get("format", door.format))
        asked = {**common, "reader": "download_api", "feature_types": list(types), "format": form}
        return (DownloadApi.model_validate(asked),)
    raise ClosedError(f"a door of kind {door.kind} does not open by itself")


def address_of(door: Door, window: Bounds | None) -> str:
    """Return the address of a file, its `{province}` filled in where one province holds the window.

    Raises
    ------
    ClosedError
        If it has no address, or no single file holds the window.
    """
    if door.address is None:
        raise ClosedError("there is no address")
    if "{province}" in door.address:
        provinces = _provinces_in(window)
        if len(provinces) != 1:
            raise ClosedError("the area and its margin lie in more than one province")
        return door.address.replace("{province}", provinces[0])
    if "{" in door.address:
        raise ClosedError(f"its tiles are not chosen by itself: {door.address}")
    return door.address


def _provinces_in(window: Bounds | None) -> list[str]:
    """Return the names of the provinces that may meet a window, as extracts are named.

    Examples
    --------
    >>> _provinces_in((110_000, 520_000, 112_000, 522_000)), len(_provinces_in((100_000, 400_000, 200_000, 500_000)))
    (['noord-holland'], 8)
    """
    if window is None:
        return []
    names = area_names()
    codes = {
        one.provincie
        for one in names.gemeenten.values()
        if one.bbox[0] <= window[2]
        and one.bbox[2] >= window[0]
        and one.bbox[1] <= window[3]
        and one.bbox[3] >= window[1]
    }
    plain = sorted(plain_name(names.provincies[code]).replace(" ", "-") for code in codes)
    return [_GEOFABRIK.get(one, one) for one in plain]


def columns_of(door: Door, rows: Mapping[str, Row], asked: Columns) -> tuple[str, ...] | None:
    """Return the columns to ask of a file that can give some alone: the door's, and those that who reads it may read.

    Parameters
    ----------
    door
        The door.
    rows
        The entries that read the file.
    asked
        The columns that may be read of a source; one that is not named: those that its door and its entry say.
    """
    found = dict.fromkeys(door.columns)
    for name, row in rows.items():
        entry: object = row
        own = asked_columns(entry) if isinstance(entry, Selection) else ()
        columns = asked.get(name, own if door.columns else None)
        if columns is None:
            return None
        found |= dict.fromkeys(columns)
    return tuple(found)


def require_fit(door: Door, target: Path) -> None:
    """Refuse a door of which such a file cannot be made, before anything comes through it.

    Raises
    ------
    ClosedError
        If so.
    """
    suffix = target.suffix.lower()
    comes = {"download": ".zip", "geoparquet": ".parquet", "tiles": ".gpkg", "overpass": ".pbf"}.get(
        door.kind, f".{door.format}" if door.kind == "atom" else ".geojson"
    )
    if door.kind == "overpass" and door.address is None:
        raise ClosedError("there is no address")
    if door.kind == "tiles" and door.format == "cityjson":
        comes = ".jsonl"
    if door.kind == "tiles" and suffix != comes:
        raise ClosedError(f"{target.name} cannot be made of what comes ({comes})")
    if door.kind == "file":
        comes = PurePosixPath(urlsplit(door.address or "").path).suffix.lower()
    if comes != suffix and not (suffix in _MADE and comes in _READ):
        raise ClosedError(f"{target.name} cannot be made of what comes ({comes})")


def through(
    door: Door,
    name: str,
    rows: Mapping[str, Row],
    window: Bounds | None,
    cache: Cache,
    *,
    asked: Columns,
    selectors: Selectors | None = None,
    told: Told | None,
) -> dict[str, Answer]:
    """Return what comes through a door, per layer.

    Raises
    ------
    ClosedError
        If it is of a kind that is not opened by itself.
    InputError
        If the service cannot be used.
    """
    row = next(iter(rows.values()))
    if door.kind == "geoparquet":
        address = address_of(door, window)
        return {"": cache.part(address, window, columns_of(door, rows, asked), told=told)}
    if door.kind == "file":
        return {"": cache.file(address_of(door, window), told=told)}
    if door.kind == "atom":
        return {"": bring_of_feed(door, name, window, cache, told=told)}
    if door.kind == "tiles":
        return {"": bring_tiles(door, name, window, cache, told=told)}
    if door.kind == "overpass":
        return {"": bring_of_overpass(door, rows, window, cache, selectors=selectors or {}, told=told)}
    questions = rows_of(door, row)
    layers = door.layers if len(door.layers) == len(questions) else ("",) * len(questions)
    every = zip(layers, questions, strict=True)
    return {layer: cache.service(name, one, window, told=told) for layer, one in every}


def make(
    answers: Mapping[str, Answer],
    target: Path,
    *,
    scratch: Path,
    where: str,
    layer: str | None = None,
    window: Bounds | None = None,
) -> Facts:
    """Make of answers the file that a run looks for, whole or not at all; what is known of it is kept beside it.

    Parameters
    ----------
    answers
        What came, per layer.
    target
        The file.
    scratch
        Where archives are unpacked.
    where
        What to name in an error.
    layer
        The layer of a file that has several; None: its only one.
    window
        The window that is wanted, where a file is made anew of what came; None: everything.

    Raises
    ------
    ClosedError
        If such a file cannot be made of them.
    """
    files = [path for answer in answers.values() for path in answer.files]
    facts = [one for answer in answers.values() for one in answer.facts]
    suffix = target.suffix.lower()
    target.parent.mkdir(parents=True, exist_ok=True)
    n_rows, cut = None, facts[0].window if len(facts) == 1 else window
    if suffix == ".zip" and all(path.suffix == ".zip" for path in files):
        join_zips(files, target)
        n_rows = 0 if all(one.n_rows == 0 for one in facts) else None
    elif len(files) == 1 and files[0].suffix.lower() == suffix:
        with whole_file(target) as temporary:
            shutil.copyfile(files[0], temporary)
        n_rows = facts[0].n_rows
    elif suffix in _MADE and all(path.suffix != ".zip" for path in files):
        n_rows = _write(answers, target, scratch=scratch, where=where, layer=layer, window=window)
        cut = window
    else:
        shown = ", ".join(sorted({path.suffix for path in files}))
        raise ClosedError(f"{target.name} cannot be made of what comes ({shown})")
    made = Facts(
        time=max(one.time for one in facts),
        etag=facts[0].etag if len(facts) == 1 else None,
        last_modified=facts[0].last_modified if len(facts) == 1 else None,
        n_rows=n_rows,
        n_bytes_sent=sum(one.n_bytes_sent or 0 for one in facts) or None,
        window=cut,
        columns=facts[0].columns,
        notes=tuple(dict.fromkeys(note for one in facts for note in one.notes)),
    )
    keep_facts(target, made)
    return made


def _write(
    answers: Mapping[str, Answer],
    target: Path,
    *,
    scratch: Path,
    where: str,
    layer: str | None,
    window: Bounds | None,
) -> int:
    """Write features of several files as one: a layer each in a GeoPackage, else one after the other."""
    is_layered = target.suffix.lower() == ".gpkg" and len(answers) > 1
    n_rows, every = 0, []
    with whole_file(target) as temporary:
        written = temporary.with_suffix(target.suffix)
        written.unlink(missing_ok=True)
        try:
            for name, answer in answers.items():
                frame = _read(answer.files, scratch, where, layer=layer, window=window)
                n_rows += len(frame)
                if is_layered:
                    frame.to_file(written, layer=name.rpartition(":")[2], driver="GPKG")
                else:
                    every.append(frame)
            if not is_layered:
                _write_one(_together(every), written, target.stem)
            written.replace(temporary)
        finally:
            written.unlink(missing_ok=True)
    return n_rows


def _write_one(frame: gpd.GeoDataFrame, path: Path, layer: str) -> None:
    if path.suffix.lower() in PARQUET:
        frame.to_parquet(path, write_covering_bbox=True, schema_version="1.1.0", index=False)
    elif path.suffix.lower() == ".gpkg":
        frame.to_file(path, layer=layer, driver="GPKG")
    else:
        frame.to_file(path, driver="GeoJSON")


def _read(
    files: Sequence[Path], scratch: Path, where: str, *, layer: str | None, window: Bounds | None
) -> gpd.GeoDataFrame:
    """Read the features of a window as they are written: identifications stay text."""
    frames = []
    for path in files:
        if path.suffix.lower() in PARQUET:
            frame = gpd.read_parquet(path)
            _require_label(frame.geometry, str(frame.crs or ""), where)
            frames.append(_within(frame, window, where))
            continue
        try:
            opened = open_vector(str(path), where=where, scratch=scratch, layer=layer)
        except InputError:
            if is_empty_answer(path):
                continue
            raise
        for first in itertools.islice(opened.batches(opened.columns, rows=_LOOKED_AT), 1):
            _require_label(first.geometry, opened.crs or "", where)  # or the window would leave all of it out
        box = None if window is None or opened.crs is None else to_rd(opened.crs, where=where).window(window)
        text = opened.columns if opened.is_text else ()
        for batch in opened.batches(opened.columns, bounds=box, text=text):
            columns = {name: _even(batch.columns[name]) for name in batch.columns}
            frame = gpd.GeoDataFrame(columns, geometry=batch.geometry, crs=opened.crs, index=range(len(batch.geometry)))
            frames.append(_within(frame, window, where))
    return _together(frames)


def _require_label(shapes: Iterable[shapely.Geometry], crs: str, where: str) -> None:
    """Refuse coordinates that contradict the reference system that their file says."""
    box = shapely.bounds(np.asarray(list(shapes), dtype=object)).reshape(-1, 4)
    if crs and (wrong := coordinate_faults(box, crs, where=where)):
        raise CrsError(wrong)


def _within(frame: gpd.GeoDataFrame, window: Bounds | None, where: str) -> gpd.GeoDataFrame:
    """Return the features whose box meets a window in RD New, and those without a place."""
    if window is None or frame.crs is None:
        return frame
    west, south, east, north = to_rd(str(frame.crs), where=where).window(window)
    boxes = frame.geometry.bounds
    away = (boxes["maxx"] < west) | (boxes["minx"] > east) | (boxes["maxy"] < south) | (boxes["miny"] > north)
    found: gpd.GeoDataFrame = frame[~away.to_numpy()].reset_index(drop=True)
    return found


def _together(frames: Sequence[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    filled = [frame for frame in frames if len(frame)] or list(frames[:1])
    if not filled:
        return gpd.GeoDataFrame(geometry=[], crs=_DECLARED)
    if len({str(frame.crs) for frame in filled}) > 1:
        raise InputError(Fault("what came is in several reference systems", "fetch", "take another door"))
    joined = filled[0] if len(filled) == 1 else pd.concat(filled, ignore_index=True)
    found: gpd.GeoDataFrame = gpd.GeoDataFrame(joined, geometry=joined.geometry.name, crs=filled[0].crs)
    return found


def _even(column: pd.Series) -> pd.Series:
    """Return a column in which one value stands as a list of one where others are lists."""
    is_list = column.map(lambda value: hasattr(value, "__len__") and not isinstance(value, (str, bytes, dict)))
    if not is_list.any():
        return column
    cells = [list(v) if many else None if pd.isna(v) else [v] for v, many in zip(column, is_list, strict=True)]
    return pd.Series(cells, index=column.index, dtype=object)
