"""The files of the building stock, opened for reading batch by batch, each with the log of its rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flexsites.config.source_rows import FileRow, Geometry, Row, Selection
from flexsites.config.sources import Bag3d, CityJson, Vector
from flexsites.errors import ConfigError, Fault, InputError, counted
from flexsites.inputs.formats.archives import features_of
from flexsites.inputs.formats.files import Places
from flexsites.inputs.formats.vector import Bounds
from flexsites.inputs.rows.ingest import ReadReport
from flexsites.inputs.rows.namings import as_delivered
from flexsites.inputs.rows.validity import Ledger
from flexsites.inputs.source_files import with_files
from flexsites.inputs.stock.cityjson import read_cityjson
from flexsites.inputs.stock.files import StockFile, open_stock_file
from flexsites.inputs.stock.roofs_3d import PLANE_NEEDED, pand_layer, plane_layer
from flexsites.inputs.stock.stream import Raw, StockBuckets
from flexsites.tables import Frame

__all__ = ["StockSource", "open_stock"]

_BYTES_PER_BUILDING = 4_000
"""Of CityJSON, at least: from it the number of buildings is estimated, which decides how many are held at once."""

_UNCOUNTED_ROWS = 2_000_000
"""Taken where a format does not tell how many rows a file has."""


@dataclass(frozen=True, slots=True)
class StockSource:
    """A source of the stock: its configuration and its files, the planes of roofs apart; CityJSON only as paths."""

    name: str
    row: FileRow
    paths: tuple[Path, ...]
    files: tuple[StockFile, ...] = ()
    planes: tuple[StockFile, ...] = ()
    report: ReadReport = field(default_factory=lambda: ReadReport(Ledger("")))

    @property
    def n_rows(self) -> int:
        """Its rows, estimated where only reading tells."""
        if isinstance(self.row, CityJson):
            return sum(path.stat().st_size for path in self.paths) // _BYTES_PER_BUILDING
        counts = [one.file.n_features for one in self.files]
        return sum(_UNCOUNTED_ROWS if count is None else count for count in counts)

    def raw(self, bounds: Bounds | None = None) -> Raw:
        """Return its rows; they are counted as they are given."""
        return Raw(with_files(self.name, self.row), self._counted(bounds))

    def spread_roofs(self, buckets: StockBuckets, bounds: Bounds | None) -> None:
        """Spread heights and roof surfaces over the buckets."""
        if isinstance(self.row, CityJson):
            self._spread_cityjson(buckets)
            return
        buckets.add("roofs_3d", self.raw(bounds))
        for planes in self.planes:
            buckets.add("planes", Raw(planes.where, planes.batches(bounds)))

    def _spread_cityjson(self, buckets: StockBuckets) -> None:
        versions, n_without_area = set(), 0
        for path in self.paths:
            model = read_cityjson(path, where=_where(self.name, path, self.paths))
            buckets.add("roofs_3d", Raw(self.name, [model.buildings]))
            buckets.add("parts", Raw(self.name, [model.roof_parts]))
            self._count(len(model.buildings))
            versions.add(model.version)
            n_without_area += model.n_surfaces_without_area
        self.report.notes.append(
            f"CityJSON {', '.join(sorted(versions))}; "
            f"{counted(n_without_area, 'surface without area', 'surfaces without area')}"
        )

    def _counted(self, bounds: Bounds | None) -> Iterator[Frame]:
        for file in self.files:
            for rows in file.batches(bounds):
                self._count(len(rows))
                yield rows

    def _count(self, n: int) -> None:
        self.report.ledger.n_read += n
        self.report.ledger.n_kept += n


def open_stock(
    name: str,
    row: Row,
    paths: Sequence[str],
    places: Places,
    *,
    needed: Mapping[str, tuple[str, ...]],
    optional: tuple[str, ...],
) -> StockSource:
    """Open the files of a source; of 3DBAG also the layers of roof planes, CityJSON only when it is spread.

    Parameters
    ----------
    name
        The source's dotted name.
    row
        Its configuration.
    paths
        Its local files.
    places
        Where archives are unpacked.
    needed, optional
        As `open_stock_file` has them.

    Raises
    ------
    InputError
        If it is a service, a file cannot be read, or a column is missing.
    ConfigError
        If rows or columns are mapped: the stock is read by the register's own words.
    """
    if not isinstance(row, FileRow):
        what = "a service is not read for the building stock"
        raise InputError(Fault(what, name, "download bag-light.gpkg and give its path"))
    row, paths = (row, paths) if isinstance(row, CityJson) else _as_delivered(name, row, tuple(paths), places)
    mapped = [one for one in Selection.model_fields if one in row.model_fields_set]
    if mapped:
        what = f"{', '.join(mapped)} has no effect on the building stock"
        raise ConfigError(Fault(what, f"sources.{name}", "leave it out: the register's own columns are read"))
    shape: Geometry = row if isinstance(row, Vector | Bag3d) else Geometry()
    local = tuple(map(Path, paths))
    files, planes = [], []
    scratch, layer = places.scratch, getattr(row, "layer", None)
    for path, where in () if isinstance(row, CityJson) else _members(name, local, layer, scratch):
        layer = getattr(row, "layer", None) or (pand_layer(path, where=where) if isinstance(row, Bag3d) else None)
        asked: dict[str, Any] = {"needed": needed, "optional": optional, "shape": shape}
        files.append(open_stock_file(path, where=where, scratch=scratch, layer=layer, **asked))
        if isinstance(row, Bag3d) and (layer := plane_layer(path, where=where)) is not None:
            about = f"{where}: {layer}"
            planes.append(open_stock_file(path, where=about, scratch=scratch, layer=layer, needed=PLANE_NEEDED))
    return StockSource(name, row, local, tuple(files), tuple(planes), ReadReport(Ledger(name)))


def _as_delivered(name: str, row: FileRow, paths: tuple[str, ...], places: Places) -> tuple[FileRow, tuple[str, ...]]:
    """Return a source with the layer that its files have it in."""
    if not isinstance(row, Vector):
        return row, paths
    named, found = as_delivered(name, row, paths, places)
    return (named if isinstance(named, Vector) else row), found


def _members(name: str, paths: tuple[Path, ...], layer: str | None, scratch: Path) -> list[tuple[Path, str]]:
    """Return each file of features, of a zip those in it, and what to name in an error."""
    found = []
    for path in paths:
        where = f"{name} ({path.name})"
        members = features_of(str(path), layer, where=where, scratch=scratch)
        found += [(one, where if len(members) == 1 else f"{where}: {one.name}") for one in members]
    return found


def _where(name: str, path: Path, paths: tuple[Path, ...]) -> str:
    return name if len(paths) == 1 else f"{name} ({path.name})"
