"""The files of the building stock, opened for reading batch by batch, and what was read of them for the manifest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flexsites.config.sources import Bag3d, CityJson, FileRow, Row, Selection
from flexsites.errors import ConfigError, Fault, InputError
from flexsites.inputs.formats.files import Places
from flexsites.inputs.formats.vector import Bounds
from flexsites.inputs.rows.records import Hashes, SourceRecord, record_of
from flexsites.inputs.rows.steps import files_of
from flexsites.inputs.rows.validity import Ledger
from flexsites.inputs.stock.cityjson import read_cityjson
from flexsites.inputs.stock.files import StockFile, open_stock_file
from flexsites.inputs.stock.roofs_3d import PLANE_NEEDED, pand_layer, plane_layer
from flexsites.inputs.stock.stream import Raw, Spread
from flexsites.tables import Frame

__all__ = ["Opened", "StockReader"]

_BYTES_PER_BUILDING = 4_000
"""Of CityJSON, at least: from it the number of buildings is estimated, which decides how many are held at once."""

_UNCOUNTED_ROWS = 2_000_000
"""Taken where a format does not tell how many rows a file has."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A source of the stock: its configuration and its files, the planes of roofs apart; CityJSON only as paths."""

    name: str
    row: FileRow
    paths: tuple[Path, ...]
    files: tuple[StockFile, ...] = ()
    planes: tuple[StockFile, ...] = ()

    @property
    def n_rows(self) -> int:
        """Its rows, estimated where only reading tells."""
        if isinstance(self.row, CityJson):
            return sum(path.stat().st_size for path in self.paths) // _BYTES_PER_BUILDING
        counts = [one.file.n_features for one in self.files]
        return sum(_UNCOUNTED_ROWS if count is None else count for count in counts)


@dataclass(slots=True)
class StockReader:
    """Finds and opens the files of rows, and remembers what was read for the manifest."""

    places: Places
    hashes: Hashes
    report: Callable[[str], None]
    records: dict[str, SourceRecord] = field(default_factory=dict)
    n_read: Counter[str] = field(default_factory=Counter)

    def one(self, name: str, row: FileRow) -> Path:
        """Return the one file of a source."""
        self.report(name)
        paths = files_of(name, row, self.places, bounds=None)
        if len(paths) != 1:
            raise InputError(Fault(f"{len(paths)} files", name, "give one file"))
        return Path(paths[0])

    def open(self, name: str, row: Row, needed: Mapping[str, tuple[str, ...]], optional: tuple[str, ...]) -> Opened:
        """Open the files of a source; of 3DBAG also the layers of roof planes, CityJSON only when it is spread.

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
        mapped = [one for one in Selection.model_fields if one in row.model_fields_set]
        if mapped:
            what = f"{', '.join(mapped)} has no effect on the building stock"
            raise ConfigError(Fault(what, f"sources.{name}", "leave it out: the register's own columns are read"))
        self.report(name)
        paths = tuple(Path(path) for path in files_of(name, row, self.places, bounds=None))
        files, planes = [], []
        for path in () if isinstance(row, CityJson) else paths:
            where, scratch, crs = _where(name, path, paths), self.places.scratch, getattr(row, "crs", None)
            layer = getattr(row, "layer", None) or (pand_layer(path) if isinstance(row, Bag3d) else None)
            asked: dict[str, Any] = {"needed": needed, "optional": optional}
            files.append(open_stock_file(path, where=where, scratch=scratch, layer=layer, crs=crs, **asked))
            if isinstance(row, Bag3d) and (layer := plane_layer(path)) is not None:
                about = f"{where}: {layer}"
                planes.append(open_stock_file(path, where=about, scratch=scratch, layer=layer, needed=PLANE_NEEDED))
        return Opened(name, row, paths, tuple(files), tuple(planes))

    def raw(self, opened: Opened, bounds: Bounds | None = None) -> Raw:
        """Return the rows of an opened source; they are counted as they are given."""
        return Raw(opened.name, self._counted(opened, bounds))

    def spread_roofs(self, opened: Opened, spread: Spread, bounds: Bounds | None) -> None:
        """Spread heights and roof surfaces over the buckets, and tell what was read."""
        notes = ""
        if isinstance(opened.row, CityJson):
            notes = self._spread_cityjson(opened, spread)
        else:
            spread.add("roofs_3d", self.raw(opened, bounds))
            for planes in opened.planes:
                spread.add("planes", Raw(planes.where, planes.batches(bounds)))
        self.tell(opened.name, opened.row, opened.paths, self.n_read[opened.name], notes)

    def _spread_cityjson(self, opened: Opened, spread: Spread) -> str:
        versions, n_without_area = set(), 0
        for path in opened.paths:
            model = read_cityjson(path, where=_where(opened.name, path, opened.paths))
            spread.add("roofs_3d", Raw(opened.name, [model.buildings]))
            spread.add("parts", Raw(opened.name, [model.roof_parts]))
            self.n_read[opened.name] += len(model.buildings)
            versions.add(model.version)
            n_without_area += model.n_surfaces_without_area
        return f"CityJSON {', '.join(sorted(versions))}; {n_without_area} surfaces without area"

    def tell(self, name: str, row: Row, paths: tuple[Path, ...], n: int, notes: str = "") -> None:
        """Remember how many features a source gave."""
        ledger = Ledger(name)
        ledger.n_read = ledger.n_kept = n
        digest = self.hashes.of(tuple(map(str, paths)))
        self.records[name] = record_of(name, row, digest=digest, ledger=ledger, notes=notes)

    def _counted(self, opened: Opened, bounds: Bounds | None) -> Iterator[Frame]:
        self.report(opened.name)
        for file in opened.files:
            for rows in file.batches(bounds):
                self.n_read[opened.name] += len(rows)
                yield rows


def _where(name: str, path: Path, paths: tuple[Path, ...]) -> str:
    return name if len(paths) == 1 else f"{name} ({path.name})"
