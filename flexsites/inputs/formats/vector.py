"""Features of a file in batches: whatever GDAL or pyarrow reads, as columns and shapely geometry.

Nothing is judged here but whether the file can be read: what is asked of its rows is in selection.py and validity.py.
A file bigger than memory is read batch by batch; the order of the rows is the file's own.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import shapely
from numpy.typing import NDArray
from pyogrio.errors import DataLayerError, DataSourceError

from flexsites.errors import CrsError, Fault, InputError, raise_faults
from flexsites.inputs.formats import archives, geojson, gml
from flexsites.inputs.formats.arrow import exact, readable
from flexsites.inputs.formats.kinds import remedy_of_nothing

Bounds = tuple[float, float, float, float]

BATCH_ROWS = 32_768
_PARQUET = (".parquet", ".geoparquet")
_INDEXED = (".gpkg", ".fgb")
_GML = (".gml", ".xml")
_JSON = (".geojson", ".json")
_JSON_LINES = (".geojsonl", ".geojsons", ".geojsonseq", ".ndjson", ".jsonl")
GDAL_ARC_STEP_DEGREES = 4.0
"""The angle of a chord when nothing is configured: GDAL's own; a chord lies r * 0.0006 inside its arc."""

_ARC_STEP = "OGR_ARC_STEPSIZE"


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of a file: their columns, and their geometry as read (null stays null)."""

    columns: pd.DataFrame
    geometry: NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class VectorFile:
    """A file that can be read: its columns and reference system are known, its rows are not yet read.

    `crs` is null when the file does not say. `n_features` is null when only reading tells.
    """

    path: str
    layer: str | None
    crs: str | None
    columns: tuple[str, ...]
    n_features: int | None
    has_geometry: bool = True
    options: dict[str, str] = field(default_factory=dict)
    arc_step_degrees: float | None = None
    is_text: bool = False

    def batches(
        self,
        columns: tuple[str, ...],
        *,
        bounds: Bounds | None = None,
        rows: int = BATCH_ROWS,
        text: tuple[str, ...] = (),
        exchanged: bool = False,
    ) -> Iterator[Batch]:
        """Give the rows in the file's order; `bounds` (in the file's own CRS) only spares reading: filter after.

        The columns `text` stay text where the format does not tell text from numbers (GML): identifications. With
        `exchanged` what lies in the bounds with x and y exchanged is given too, of formats that find it at once.

        Raises
        ------
        InputError
            If reading fails half way (a broken file).
        """
        if Path(self.path).suffix.lower() in _PARQUET:
            batches = _parquet_batches(self.path, columns, bounds, rows, exchanged=exchanged)
        else:
            batches = _gdal_batches(self, columns, bounds, rows, text)
            if exchanged and bounds is not None and Path(self.path).suffix.lower() in _INDEXED:
                batches = itertools.chain(batches, _gdal_batches(self, columns, _turned(bounds), rows, text))
        done = 0
        try:
            for batch in batches:
                yield batch
                done += len(batch.columns)
        except (DataSourceError, DataLayerError, pa.ArrowException, shapely.GEOSException, OSError) as error:
            raise InputError(Fault(f"cannot be read ({error})", self.path, "fetch or export the file again")) from error
        # GDAL ends without a word where some formats break off (a .dbf, GML). A GeoPackage says so itself, and the
        # number it keeps of its rows may be stale.
        if bounds is None and done < (self.n_features or 0) and Path(self.path).suffix.lower() != ".gpkg":
            what = f"the file breaks off: it says {self.n_features:,} features and gives {done:,}"
            raise InputError(Fault(what, self.path, "fetch or export the file again"))


def open_vector(
    path: str,
    *,
    where: str,
    scratch: Path,
    layer: str | None = None,
    crs: str | None = None,
    geometry_column: str | None = None,
    arc_step_degrees: float | None = None,
) -> VectorFile:
    """Open a file of features and tell its columns and reference system.

    Parameters
    ----------
    path
        A local file, a zip with one file (or one that holds `layer`), or a path into a zip.
    where
        What to name in an error.
    scratch
        Where archives are unpacked.
    layer
        The layer, when the file has several.
    crs
        The system declared for a file that does not say; None: none is declared.
    geometry_column
        The geometry, when a feature has several.
    arc_step_degrees
        The angle of the chords that stand for an arc; None: GDAL's own (4 degrees).

    Raises
    ------
    InputError
        If the file cannot be read, has no such layer, or several and none is named.
    CrsError
        If the file says no reference system and none is declared, or another than is declared.
    """
    parts = archives.features_of(path, layer, where=where, scratch=scratch)
    if len(parts) != 1:
        raise InputError(Fault(f"{len(parts):,} files in this zip are one delivery", where, "name one of them"))
    real = parts[0]
    if real.suffix.lower() in _PARQUET:
        opened = _open_parquet(real, where)
    else:
        made = None
        if real.suffix.lower() in _JSON:
            geojson.require_features(real, where=where)
        if real.suffix.lower() in _JSON_LINES:
            _require_last_line(real, where)
        if real.suffix.lower() in _GML:
            made = gml.template(real, scratch / "templates", geometry_column=geometry_column, where=where)
        opened = _open_gdal(real, layer, made, arc_step_degrees, where)
    raise_faults(_crs_faults(opened, crs, where), CrsError)
    if opened.has_geometry and (opened.crs is None or (crs is not None and _is_default_crs(opened))):
        return replace(opened, crs=crs)
    return opened


def _require_last_line(path: Path, where: str) -> None:
    """Refuse a file of features line by line whose last line breaks off: GDAL leaves it out without a word."""
    size, window, last = path.stat().st_size, 1 << 16, b""
    with path.open("rb") as stream:
        while len(last) < size and b"\n" not in last.strip():
            stream.seek(max(0, size - window))
            last = stream.read()
            window *= 4
    line = last.strip().rpartition(b"\n")[2].lstrip(b"\x1e")
    try:
        json.loads(line or b"{}")
    except ValueError as error:
        what = f"the file breaks off: its last line is no feature ({error})"
        raise InputError(Fault(what, where, "fetch or export the file again")) from error


def _crs_faults(opened: VectorFile, declared: str | None, where: str) -> list[Fault]:
    if not opened.has_geometry:
        return []
    if opened.crs is None and declared is None:
        remedy = "declare it in the source's entry (`crs: EPSG:28992`) after making sure which it is"
        return [Fault("the CRS is missing", where, remedy)]
    if opened.crs is None or declared is None or _is_default_crs(opened):
        return []
    from pyproj import CRS  # noqa: PLC0415 - only where two systems are to be compared
    from pyproj.exceptions import CRSError  # noqa: PLC0415

    try:
        if CRS.from_user_input(opened.crs) == CRS.from_user_input(declared):
            return []
    except CRSError:
        what = f"the CRS {declared!r}, which the configuration declares, is not known"
        return [Fault(what, where, f"remove `crs`: the file says {opened.crs}")]
    what = f"the file says its CRS is {opened.crs}, the configuration declares {declared}"
    return [Fault(what, where, "remove `crs`, or mend the file: a declaration never overrides a file")]


def _is_default_crs(opened: VectorFile) -> bool:
    """Whether the system is only GeoJSON's default: the file itself does not say one."""
    if Path(opened.path).suffix.lower() not in (".json", ".geojson"):
        return False
    with Path(opened.path).open("rb") as stream:
        return b'"crs"' not in stream.read(4096)


def _open_gdal(
    path: Path, layer: str | None, made: gml.Template | None, arc_step_degrees: float | None, where: str
) -> VectorFile:
    options = {}
    if made is not None:
        options = {} if made.is_bag else {"WRITE_GFS": "NO"}
        options |= {} if made.path is None else {"GFS_TEMPLATE": str(made.path)}
    try:  # GDAL would write beside the user's GML if it were asked for its layers again
        layers = [(n, "") for n in made.layers] if made else [(str(n), k) for n, k in pyogrio.list_layers(path)]
        chosen = _choose_layer(layers, layer, where)
        info = pyogrio.read_info(path, layer=chosen, force_feature_count=True, **options)
    except (DataSourceError, DataLayerError, UnicodeDecodeError) as error:
        said = str(error).partition(".;")[0]  # what follows is advice on GDAL's own command line
        raise InputError(Fault(f"cannot be read ({said})", where, "fetch or export the file again")) from error
    except UnboundLocalError as error:  # what is left of pyogrio's own message where the text is not UTF-8
        fault = Fault(
            "the text of its reference system is no UTF-8", where, "save its .prj as UTF-8, or export it again"
        )
        raise InputError(fault) from error
    return VectorFile(
        path=str(path),
        layer=chosen,
        crs=info["crs"],
        columns=tuple(map(str, info["fields"])),
        n_features=int(info["features"]) if info["features"] >= 0 else None,
        has_geometry=info["geometry_type"] is not None,
        options=options,
        arc_step_degrees=arc_step_degrees,
        is_text=made is not None,
    )


def _choose_layer(layers: list[tuple[str, Any]], layer: str | None, where: str) -> str:
    names = [name for name, _ in layers]
    if layer is not None:
        if layer in names:
            return layer
        raise InputError(
            Fault(f"no layer {layer}", where, f"name one of its layers: {', '.join(names) or 'it has none'}")
        )
    if not names:
        raise InputError(Fault("there is no layer in it", where, remedy_of_nothing(where)))
    with_geometry = [name for name, kind in layers if kind is not None]
    if len(with_geometry or names) == 1:
        return (with_geometry or names)[0]
    raise InputError(Fault(f"{len(names):,} layers and none is named", where, f"write `layer:` {' | '.join(names)}"))


def _gdal_batches(
    opened: VectorFile, columns: tuple[str, ...], bounds: Bounds | None, rows: int, text: tuple[str, ...]
) -> Iterator[Batch]:
    wanted = [name for name in opened.columns if name in columns]
    # GDAL tells no capitals apart where it leaves columns out: of `n` and `N` it would leave out both.
    spelt = {name.lower() for name in wanted}
    read = [name for name in opened.columns if name.lower() in spelt]
    pyogrio.set_gdal_config_options({_ARC_STEP: opened.arc_step_degrees})
    common: dict[str, Any] = {"layer": opened.layer, "columns": read, "bbox": bounds, **opened.options}
    if opened.is_text:  # GML: arcs come out as curves in arrow's batches, as chords in GDAL's own
        for page in _paged(opened.path, wanted, common, None):
            yield Batch(_numbers(page.columns, text), page.geometry)
        return
    done = 0
    try:
        with pyogrio.open_arrow(opened.path, use_pyarrow=True, batch_size=rows, **common) as (meta, reader):
            name = meta["geometry_name"] or "wkb_geometry"
            for batch in reader:
                yield _from_arrow(pa.Table.from_batches([batch]), name, wanted, opened.path)
                done += batch.num_rows
    except NotImplementedError:  # shapely has no curves: GDAL makes chords of them
        yield from _paged(opened.path, wanted, common, rows, skip=done)


def _paged(path: str, names: list[str], common: dict[str, Any], rows: int | None, *, skip: int = 0) -> Iterator[Batch]:
    while True:
        page = {"skip_features": skip, "max_features": rows}
        meta, fids, wkb, values = pyogrio.raw.read(path, force_2d=True, return_fids=True, **page, **common)
        count = len(fids)
        if count == 0:
            return
        frame = pd.DataFrame(dict(zip(map(str, meta["fields"]), values, strict=True)), index=range(count))[names]
        if "GFS_TEMPLATE" not in common and any(map(pd.api.types.is_float_dtype, frame.dtypes)):
            # Here integers with a null are floats, which cannot hold ids of 16 digits and more.
            frame = exact(pyogrio.read_arrow(path, read_geometry=False, **page, **common)[1].select(names))
        yield Batch(frame, np.full(count, None, dtype=object) if wkb is None else _shapes(wkb))
        if rows is None or count < rows:
            return
        skip += count


def _numbers(frame: pd.DataFrame, text: tuple[str, ...]) -> pd.DataFrame:
    """Make numbers of text columns that hold only plainly written numbers; `0363`, an id, stays text."""
    columns = {name: frame[name] if name in text else _number(frame[name]) for name in frame.columns}
    return pd.DataFrame(columns, index=frame.index)


def _number(column: pd.Series) -> pd.Series:
    if column.map(type).isin([list, np.ndarray]).any():  # a repeated element
        return column
    text = column.dropna().astype("str")
    if len(text) == 0 or not text.str.fullmatch(r"-?(0|[1-9]\d{0,14})(\.\d+)?").all():
        return column
    return pd.to_numeric(column)


def _open_parquet(path: Path, where: str) -> VectorFile:
    try:
        parquet = pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise InputError(Fault(f"cannot be read ({error})", where, "fetch or export the file again")) from error
    raw = (parquet.schema_arrow.metadata or {}).get(b"geo")
    names = parquet.schema_arrow.names
    try:
        geo = json.loads(raw) if raw else {}
        column = geo.get("primary_column")
        crs = parquet_crs(geo["columns"][column]) if column else None
        encoding = geo["columns"][column]["encoding"] if column else None
    except (ValueError, LookupError, TypeError, AttributeError, RuntimeError) as error:  # ProjError is a RuntimeError
        what = f"what it says of its geometry cannot be read ({type(error).__name__}: {error})"
        raise InputError(Fault(what, where, "write it as GeoParquet again")) from error
    if twice := sorted(name for name, n in Counter(names).items() if n > 1):
        what = "two columns of one name: which is meant is not known"
        raise InputError(Fault(what, where, "give each column a name of its own", len(twice), twice))
    if column is not None and column not in names:
        raise InputError(Fault(f"its geometry column {column} is not there", where, "write it as GeoParquet again"))
    if encoding not in (None, "WKB"):
        raise InputError(Fault(f"geometry encoded as {encoding}", where, "write it as WKB GeoParquet"))
    plain = tuple(name for name in names if name not in (column, "bbox"))
    return VectorFile(str(path), None, crs, plain, parquet.metadata.num_rows, has_geometry=column is not None)


def parquet_crs(column: dict[str, Any]) -> str | None:
    """Return the CRS of a GeoParquet column; absent means OGC:CRS84 by the standard, null means not known."""
    from pyproj import CRS  # noqa: PLC0415 - only for this format

    if "crs" not in column:
        return "OGC:CRS84"
    return None if column["crs"] is None else str(CRS.from_json_dict(column["crs"]).to_string())


def _turned(bounds: Bounds) -> Bounds:
    """Return bounds with x and y exchanged."""
    return bounds[1], bounds[0], bounds[3], bounds[2]


def _away(boxes: NDArray[np.float64], bounds: Bounds) -> NDArray[np.bool_]:
    west, south, east, north = boxes.T
    return np.asarray((east < bounds[0]) | (west > bounds[2]) | (north < bounds[1]) | (south > bounds[3]), dtype=bool)


def _parquet_batches(
    path: str, columns: tuple[str, ...], bounds: Bounds | None, rows: int, *, exchanged: bool
) -> Iterator[Batch]:
    parquet = pq.ParquetFile(path)
    geo = json.loads((parquet.schema_arrow.metadata or {}).get(b"geo", b"{}"))
    name = geo.get("primary_column")
    names = [n for n in parquet.schema_arrow.names if n in columns]
    for batch in parquet.iter_batches(batch_size=rows, columns=names + ([name] if name else [])):
        read = _from_arrow(pa.Table.from_batches([batch]), name, names, path)
        if bounds is not None and name:
            boxes = shapely.bounds(read.geometry)
            away = _away(boxes, bounds)
            if exchanged:
                away &= _away(boxes, _turned(bounds))
            read = Batch(read.columns[~away].reset_index(drop=True), read.geometry[~away])
        yield read


def _from_arrow(table: pa.Table, geometry: str | None, names: list[str], where: str) -> Batch:
    # A table without columns would forget how many rows it has.
    frame = exact(readable(table.select(names), where)) if names else pd.DataFrame(index=range(table.num_rows))
    if geometry is None or geometry not in table.column_names:
        return Batch(frame, np.full(len(frame), None, dtype=object))
    return Batch(frame, _shapes(table.column(geometry).to_numpy()))


@np.errstate(invalid="ignore")  # a corner that is not a number is judged with the rows
def _shapes(wkb: NDArray[np.object_]) -> NDArray[np.object_]:
    return np.asarray(shapely.from_wkb(wkb), dtype=object)
