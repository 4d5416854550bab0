"""Rasters as polygons: the cells above a threshold, and the cells that say anything at all.

Read in blocks of cells whose lines are multiples of the block counted from the origin of the coordinate system, not
from the corner of the file or of the run: the same cells come out as the same polygons, whoever reads them.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import rasterio
import rasterio.features
import shapely
from numpy.typing import NDArray
from rasterio.enums import MaskFlags
from rasterio.errors import CRSError, NotGeoreferencedWarning, RasterioIOError
from rasterio.windows import Window

from flexsites.config.rules import RasterAbove
from flexsites.config.sources import Raster
from flexsites.errors import CrsError, Fault, InputError
from flexsites.inputs.formats.files import Places, locate, split_archive
from flexsites.inputs.formats.projection import Geometries, Projection, coordinate_faults, outside_rd, to_rd
from flexsites.inputs.formats.vector import Bounds
from flexsites.inputs.land.layers import layer_frame
from flexsites.inputs.rows.ingest import Rows
from flexsites.tables import Layers
from flexsites.tables.spatial_files import Writer, Written

BLOCK_CELLS = 256
"""Side of a block: 256 x 256 cells are polygonised at a time."""

# What programs write where there is no number, besides the last number of a kind of whole numbers. None can be a depth,
# a noise level or the like; the heights of the country (AHN) have the largest number of 32 bits.
_FLOAT32 = np.finfo(np.float32)
_UNDECLARED = (-9999.0, -99999.0, -32767.0, -32768.0, -2147483648.0, 9999.0, 99999.0, 1e20, 1e30)
_UNDECLARED_FLOAT32 = (float(_FLOAT32.min), float(_FLOAT32.max))
# Lengths as files write them, in metres: a file that says another than the configuration would be read wrong.
_LENGTHS = {
    word: metres
    for metres, words in {
        0.001: ("mm", "millimeter", "millimetre", "millimeters", "millimetres"),
        0.01: ("cm", "centimeter", "centimetre", "centimeters", "centimetres"),
        0.1: ("dm", "decimeter", "decimetre", "decimeters", "decimetres"),
        1.0: ("m", "meter", "metre", "meters", "metres"),
        0.3048: ("ft", "foot", "feet"),
    }.items()
    for word in words
}

# What conversions of NetCDF leave in notes to a band, and what it is where nothing is to be done.
_NOTES = (("scale_factor", 1.0), ("add_offset", 0.0))

Cells = Literal["covered", "listed"]


@dataclass(frozen=True, slots=True)
class Block:
    """A square of cells: where it stands on the fixed lattice of blocks, its numbers, and which of them are known."""

    name: str
    values: NDArray[Any]
    is_known: NDArray[np.bool_]
    transform: Any


@dataclass(frozen=True, slots=True)
class RasterFile:
    """A raster that can be read; a cell's number is what the file holds, times `scale`, plus `offset`."""

    name: str
    path: str
    crs: str
    projection: Projection
    band: int
    nodata: float | None
    scale: float
    offset: float
    is_masked: bool
    shape: tuple[int, int]
    bounds: Bounds

    def blocks(self, bounds: Bounds | None = None, *, within: Bounds | None = None) -> Iterator[Block]:
        """Give the blocks that meet the bounds (in RD New; or `within`, in its own system), row by row from the north.

        Raises
        ------
        InputError
            If the file breaks off.
        """
        with _open(self.path) as source:
            at = source.transform
            columns = _cuts(round(at.c / at.a), self.shape[1])
            rows = _cuts(round(at.f / at.e), self.shape[0])
            window = within if bounds is None else self.projection.window(bounds)
            for top, bottom in rows:
                for left, right in columns:
                    square = Window(left, top, right - left, bottom - top)
                    if window is not None and not _touch(_bounds(at, square), window):
                        continue
                    name = f"{(round(at.c / at.a) + left) // BLOCK_CELLS}_{(round(at.f / at.e) + top) // BLOCK_CELLS}"
                    yield self._read(source, square, name)

    def _read(self, source: Any, square: Window, name: str) -> Block:  # noqa: ANN401 - rasterio carries no types
        try:
            values = source.read(self.band, window=square)
            is_known = np.ones(values.shape, dtype=bool)
            if self.is_masked:
                is_known = source.read_masks(self.band, window=square) != 0
        except RasterioIOError as error:
            raise InputError(Fault(f"cannot be read ({error})", self.path, "fetch the raster again")) from error
        if self.nodata is None and (found := _undeclared(values[is_known])):
            what = f"cells of {found[0]:g}, and no nodata is said or declared: they would count as a number"
            remedy = f"declare `nodata: {found[0]:g}`, or put another number there if it is one"
            raise InputError(Fault(what, f"{self.name} ({Path(self.path).name})", remedy))
        if self.nodata is not None and not np.isnan(self.nodata):
            is_known &= values != self.nodata
        if np.issubdtype(values.dtype, np.floating):
            is_known &= np.isfinite(values)
        scaled = values * self.scale if self.scale != 1 else values
        moved = scaled + self.offset if self.offset else scaled
        return Block(name, moved, is_known, _corner(source.transform, square))


def open_raster(name: str, row: Raster, path: str, places: Places) -> RasterFile:
    """Open a raster and compare its reference system with its coordinates.

    Raises
    ------
    InputError
        If it cannot be read, has no such band, is turned or stands nowhere, holds no real numbers, or says another
        nodata or a scale of its own where one is declared.
    CrsError
        If it has no reference system and none is declared, its coordinates contradict it, or it lies in no part of
        the Netherlands.
    """
    local = locate(path, places, where=name)
    where = f"{name} ({Path(path).name})"
    if split_archive(local)[0].lower().endswith(".zip"):
        raise InputError(
            Fault("a raster is not read out of a zip", where, "unpack the zip, and name the raster itself")
        )
    try:
        with _open(local) as source:
            crs = source.crs.to_string() if source.crs else row.crs
            if faults := _faults(source, row, where):
                raise InputError(faults)
            at = row.band - 1
            said = source.nodatavals[at]
            scale, offset = float(source.scales[at]), float(source.offsets[at])
            flags = source.mask_flag_enums[at]
            is_masked = MaskFlags.all_valid not in flags and flags != [MaskFlags.nodata]
            shape, bounds = (source.height, source.width), tuple(source.bounds)
    except RasterioIOError as error:
        raise InputError(Fault(f"cannot be read as a raster ({error})", where, "fetch it again")) from error
    if crs is None:
        raise CrsError(Fault("the CRS is missing", where, "declare it in the source's entry (`crs: EPSG:28992`)"))
    if wrong := coordinate_faults(np.array([bounds]), crs, where=where):
        raise CrsError(wrong)
    projection = to_rd(crs, where=where)
    if outside_rd(projection.apply(np.array([shapely.box(*bounds)], dtype=object)))[0]:
        remedy = f"compare its coordinates with its CRS ({crs})"
        raise CrsError(Fault("nothing of it lies in the Netherlands", where, remedy))
    nodata = said if row.nodata is None else row.nodata
    own = {"nodata": nodata, "scale": scale * row.scale, "offset": offset, "is_masked": is_masked}
    return RasterFile(name, local, crs, projection, row.band, shape=shape, bounds=bounds, **own)  # type: ignore[arg-type]


def _open(path: str) -> Any:  # noqa: ANN401 - rasterio carries no types
    """Open a raster; that it stands nowhere is told as a fault, not warned of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        return rasterio.open(path)


def write_raster_layer(
    rule: RasterAbove, files: tuple[RasterFile, ...], path: Path, *, bounds: Bounds | None = None
) -> Written:
    """Write the cells that a rule lists as a layer named by the rule's key; a layer of no rows if there are none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    nothing = Rows(pd.Series([], dtype="str"), pd.DataFrame(), np.zeros(0, dtype=object))
    with Writer(path, Layers) as writer:
        writer.add(layer_frame(rule.layer_key, nothing))
        for file in files:
            for block in file.blocks(bounds):
                is_listed = block.is_known & exceeds(block.values, float(rule.threshold), rule.comparison)
                writer.add(layer_frame(rule.layer_key, _rows(block, is_listed, file)))
    return writer.result()


def covered_cells(file: RasterFile, bounds: Bounds | None = None) -> list[shapely.Polygon]:
    """Return the cells that have a number, block by block: where the raster says anything at all."""
    return [shape for block in file.blocks(bounds) for shape in polygonise(block, block.is_known, file.projection)]


def exceeds(values: NDArray[Any], threshold: float, comparison: Literal["above", "at_least"]) -> NDArray[np.bool_]:
    """Return which cells lie above a threshold, or at it.

    Examples
    --------
    >>> exceeds(np.array([0, 1, 2], dtype="int8"), 1.0, "above").tolist()
    [False, False, True]
    >>> exceeds(np.array([0, 1, 2], dtype="int8"), 1.0, "at_least").tolist()
    [False, True, True]
    """
    return np.asarray(values > threshold if comparison == "above" else values >= threshold, dtype=bool)


def _undeclared(values: NDArray[Any]) -> list[float]:
    """Return which of the numbers that stand for no number are among the values.

    Examples
    --------
    >>> _undeclared(np.array([0, 65535], dtype="uint16")), _undeclared(np.array([0, 9], dtype="uint16"))
    ([65535.0], [])
    """
    asked = [*_UNDECLARED]
    asked += [float(np.iinfo(values.dtype).max)] if np.issubdtype(values.dtype, np.integer) else _UNDECLARED_FLOAT32
    # 1e20 in 32 bits is another number than in 64.
    kind = values.dtype if np.issubdtype(values.dtype, np.floating) else np.dtype(np.float64)
    given = np.array(asked, dtype=np.float64).astype(kind)
    return [float(one) for one in given[np.isin(given, values.astype(kind))]]


def polygonise(block: Block, mask: NDArray[np.bool_], projection: Projection) -> Geometries:
    """Return the cells of a mask as polygons in RD New along the cells' edges; cells that meet at a corner are two.

    Examples
    --------
    >>> at = rasterio.Affine(10, 0, 100000, 0, -10, 400020)
    >>> block = Block("0_0", np.eye(2), np.ones((2, 2), dtype=bool), at)
    >>> shapely.area(polygonise(block, block.values > 0, to_rd("EPSG:28992", where="x"))).tolist()
    [100.0, 100.0]
    """
    if not mask.any():
        return np.zeros(0, dtype=object)
    found = rasterio.features.shapes(mask.astype(np.uint8), mask=mask, connectivity=4, transform=block.transform)
    shapes = np.array([*(shapely.geometry.shape(shape) for shape, _ in found), None], dtype=object)[:-1]
    return projection.apply(shapes)


def _rows(block: Block, mask: NDArray[np.bool_], file: RasterFile) -> Rows:
    shapes = polygonise(block, mask, file.projection)
    ids = pd.Series([f"{Path(file.path).stem}_{block.name}_{i}" for i in range(len(shapes))], dtype="str")
    return Rows(ids, pd.DataFrame(index=range(len(shapes))), shapes)


def _cuts(first: int, length: int) -> list[tuple[int, int]]:
    """Return the blocks of a row of cells that starts at number `first` of the whole lattice.

    Examples
    --------
    >>> _cuts(250, 300)
    [(0, 6), (6, 262), (262, 300)]
    """
    start = -(first % BLOCK_CELLS)
    edges = [max(0, edge) for edge in range(start, length, BLOCK_CELLS)]
    return list(zip(edges, [*edges[1:], length], strict=True))


def _corner(at: Any, square: Window) -> Any:  # noqa: ANN401 - rasterio carries no types
    """Return the transform of a window: that of the file, moved to the window's corner."""
    return rasterio.Affine(at.a, 0, at.c + at.a * square.col_off, 0, at.e, at.f + at.e * square.row_off)


def _bounds(at: Any, square: Window) -> Bounds:  # noqa: ANN401 - rasterio carries no types
    corner = _corner(at, square)
    x, y = corner.c + at.a * square.width, corner.f + at.e * square.height
    return min(corner.c, x), min(corner.f, y), max(corner.c, x), max(corner.f, y)


def _touch(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] <= other[2] and one[2] >= other[0] and one[1] <= other[3] and one[3] >= other[1]


def _commas(source: Any, where: str) -> list[Fault]:  # noqa: ANN401 - rasterio carries no types
    """Return a fault for a grid of text whose numbers have a comma: its reader stops there, without a word."""
    if source.driver != "AAIGrid" or b"," not in Path(source.name).read_bytes():
        return []
    what = "its numbers have a decimal comma, and what follows one would be lost"
    return [Fault(what, where, "write them with a point")]


def _faults(source: Any, row: Raster, where: str) -> list[Fault]:  # noqa: ANN401 - rasterio carries no types
    faults = _commas(source, where)
    if row.band > source.count:
        return [Fault(f"no band {row.band}", where, f"it has {source.count}")]
    scale, offset, kind = (list(one)[row.band - 1] for one in (source.scales, source.offsets, source.dtypes))
    if "scale" in row.model_fields_set and (scale, offset) != (1.0, 0.0):
        what = f"the file says its numbers are times {scale:g} plus {offset:g}, the configuration declares a scale"
        faults.append(Fault(what, where, "remove `scale`, or mend the file"))
    noted = {key.lower(): value for key, value in source.tags(row.band).items()}
    unused = [f"{key} {noted[key]}" for key, own in _NOTES if _is_number_but(noted.get(key, ""), own)]
    if unused and (scale, offset) == (1.0, 0.0) and "scale" not in row.model_fields_set:
        what = f"the file notes {', '.join(unused)} and does not say it where programs read it"
        faults.append(Fault(what, where, "declare `scale`, or mend the file"))
    theirs = source.units[row.band - 1] or noted.get("units")
    factors = [_LENGTHS.get((unit or "").strip().lower()) for unit in (theirs, row.unit)]
    if "scale" not in row.model_fields_set and None not in factors and factors[0] != factors[1]:
        what = f"the file says its numbers are in {theirs}, the configuration declares {row.unit}"
        faults.append(Fault(what, where, "declare the `scale` that turns the one into the other, or mend the file"))
    corner = source.transform
    with np.errstate(all="ignore"):
        cells_away = np.divide([corner.c, corner.f], [corner.a, corner.e])
    # Cells of no size, or of one that no number holds, lie nowhere either.
    if corner.is_identity or not np.isfinite(cells_away).all():
        faults.append(Fault("the raster does not say where it lies", where, "georeference it (a .tfw beside it)"))
    if np.issubdtype(np.dtype(kind), np.complexfloating):
        faults.append(Fault("its cells are complex numbers", where, "give a raster of plain numbers"))
    if source.transform.b or source.transform.d:
        faults.append(Fault("the raster is turned against its axes", where, "warp it to a north-up grid first"))
    said = source.nodatavals[row.band - 1]
    if row.nodata is not None and said is not None and not _is_same_number(row.nodata, said, kind):
        what = f"the file says nodata is {said:g}, the configuration declares {row.nodata:g}"
        faults.append(Fault(what, where, "remove `nodata`, or mend the file"))
    if row.crs is not None and source.crs is not None and not _is_same(source.crs, row.crs):
        what = f"the file says its CRS is {source.crs.to_string()}, the configuration declares {row.crs}"
        faults.append(Fault(what, where, "remove `crs`, or mend the file"))
    return faults


def _is_number_but(text: str, own: float) -> bool:
    """Whether a text is a number, and another."""
    try:
        return float(text) != own
    except ValueError:
        return False


def _is_same_number(one: float, other: float, kind: str) -> bool:
    """Whether two numbers are the same cell: -9999.9 is another number in 32 bits than in 64."""
    return one == other or (kind == "float32" and np.float32(one) == np.float32(other))


def _is_same(said: Any, declared: str) -> bool:  # noqa: ANN401 - rasterio carries no types
    """Whether a declared system is the one that a file says; one that is not known is not."""
    try:
        return bool(said == rasterio.CRS.from_user_input(declared))
    except CRSError:
        return False
