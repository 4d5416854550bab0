"""Prepare the building stock of a run: BAG, heights and roof surfaces joined, cut down to the area and a portfolio.

A source is read once, batch by batch, and joined bucket by bucket (`flexsites.inputs.stock.stream`), so that a country
fits. Of a portfolio only its own buildings are joined.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from flexsites.config.source_rows import FileRow, Row
from flexsites.config.sources import Table
from flexsites.errors import Fault, InputError, counted
from flexsites.inputs.formats.vector import Bounds
from flexsites.inputs.land.areas import codes_at
from flexsites.inputs.land.parcels import representative_points
from flexsites.inputs.preparation import Preparation
from flexsites.inputs.prepare_land import RunArea
from flexsites.inputs.rows.ingest import ReadReport
from flexsites.inputs.rows.validity import Ledger
from flexsites.inputs.stock.buildings import PAND_NEEDED, PAND_OPTIONAL, UNIT_NEEDED, UNIT_OPTIONAL, Stock
from flexsites.inputs.stock.files import is_among
from flexsites.inputs.stock.portfolio import (
    PortfolioIds,
    PortfolioMatch,
    addresses,
    ids_of,
    match_portfolio,
    read_portfolio,
    require_matches,
)
from flexsites.inputs.stock.roofs_3d import ROOF_NEEDED, ROOF_OPTIONAL
from flexsites.inputs.stock.sources import StockSource, open_stock
from flexsites.inputs.stock.stream import MARGIN_M, StockBuckets
from flexsites.inputs.stock.tables import read_by_pand
from flexsites.tables import (
    CRS,
    Addresses,
    Buildings,
    Frame,
    KnownRoofs,
    PortfolioMatches,
    PortfolioUnmatched,
    RoofParts,
    empty,
)
from flexsites.tables.field import Field
from flexsites.tables.files import write_table
from flexsites.tables.spatial_files import Writer, Written

__all__ = ["prepare_stock"]


def prepare_stock(preparation: Preparation, area: RunArea, areas: Frame | None, on: dt.date | None = None) -> None:
    """Write buildings, roof surfaces and the portfolio's matches.

    Parameters
    ----------
    preparation
        The preparation of the run. Without panden the footprints of the roof source stand for them.
    area
        Buildings whose representative point lies in it are assessed, whole.
    areas
        They give the municipality of a building; None: there are none.
    on
        The reference date: which occurrence of a building or unit counts.

    Raises
    ------
    InputError
        If a file cannot be read, no building lies in the area, or nothing of a portfolio was found.
    """
    folder = preparation.directory / ".stock"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        work = _Work(preparation, area, areas, on)
        written = work.all_of(folder) if preparation.sources.portfolio is None else work.of_portfolio(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for name, one in written.items():
        preparation.tables[name], preparation.digests[name] = one.path, one.sha256
    carried = preparation.sources.buildings.carried
    if carried is not None:
        rows = _read_known(preparation, "buildings.carried", carried, KnownRoofs.fields)
        write_table(rows, KnownRoofs, preparation.directory / "known_roofs.parquet")


@dataclass(frozen=True, slots=True)
class _Work:
    """One preparation of the stock: what it reads from, and where the buildings of the run lie."""

    preparation: Preparation
    area: RunArea
    areas: Frame | None
    on: dt.date | None

    def all_of(self, folder: Path) -> dict[str, Written]:
        """Write every building in the area, bucket by bucket."""
        extent = self.area.whole
        bounds = None if extent is None else extent.buffer(MARGIN_M).bounds
        buckets, _ = self._spread(folder, bounds=bounds)
        counts: Counter[str] = Counter()

        def inside() -> Iterator[Stock]:
            for stock in buckets.stocks(self._known()):
                placed = _with_areas(stock.buildings, self.areas)
                is_in = self._is_in(placed)
                counts.update(n_without_height=_n_without_height(placed[is_in]))
                yield Stock(placed[is_in].reset_index(drop=True), stock.roof_parts, stock.left_out)

        written = self._write(inside())
        told = {"buildings that stand": written["buildings"].n_rows, "without a height": counts["n_without_height"]}
        told |= {
            "of a gemeente of which no unit is given: dwellings unknown": buckets.notes[
                "n_buildings_without_register_of_units"
            ],
            "that come again under the same id, and nothing tells which is valid": buckets.notes["n_again"],
        }
        if extent is None:
            # Of a part of the register these say more of the edge than of the sources.
            told |= {
                "panden that do not count (their status)": buckets.notes["n_left_out"],
                "units of no building that stands": buckets.notes["n_units_without_building"],
                "roofs of no building that stands": buckets.notes["n_roofs_without_building"],
            }
        self.preparation.warnings += [f"buildings: {n:,} {what}" for what, n in told.items() if n]
        self.preparation.warnings += buckets.impossible.told()
        return written

    def of_portfolio(self, folder: Path) -> dict[str, Written]:
        """Write the buildings of the portfolio that lie in the area, and which rows were matched."""
        row, directory = self.preparation.sources.portfolio, self.preparation.directory
        assert row is not None  # noqa: S101 - the caller asked; for the types
        path = _one_file(self.preparation, "portfolio", row)
        portfolio = read_portfolio(path, columns=row.columns, sheet=row.sheet)
        buckets, register = self._spread(folder, portfolio=portfolio)
        stocks = list(buckets.stocks(self._known()))
        if not stocks:
            raise InputError(Fault("no building of the portfolio is in the register", path.name, "compare the ids"))
        buildings: Frame = pd.concat([stock.buildings for stock in stocks], ignore_index=True)
        placed = _with_areas(buildings, self.areas)
        is_in = self._is_in(placed)
        outside = placed.loc[~is_in, ["bag_pand_id", "pand_status"]].assign(reason="outside the area of the run")
        gone: list[pd.DataFrame] = [outside, *(stock.left_out for stock in stocks)]
        left_out = pd.concat(gone, ignore_index=True)
        match = match_portfolio(
            portfolio, placed[is_in], register.addresses, left_out=left_out, has_addresses=register.is_known
        )
        notes = counted(len(match.unmatched), "row not matched", "rows not matched")
        _log(self.preparation, "portfolio", row, path, n_rows=match.n_rows, notes=notes)
        require_matches(match, path)
        write_table(match.matches, PortfolioMatches, directory / "portfolio_matches.parquet")
        write_table(match.unmatched, PortfolioUnmatched, directory / "portfolio_unmatched.parquet")
        mine = _of_portfolio(placed[is_in], match)
        parts = pd.concat([stock.roof_parts for stock in stocks], ignore_index=True)
        written = self._write(iter([Stock(mine, parts, left_out)]))
        told = {"buildings of the portfolio": len(mine), "without a height": _n_without_height(mine)}
        self.preparation.warnings += [f"buildings: {n:,} {what}" for what, n in told.items() if n]
        self.preparation.warnings.append(
            f"portfolio: {counted(match.n_rows, 'row,', 'rows,')} {len(match.unmatched):,} of them not matched"
        )
        self.preparation.warnings += buckets.impossible.told()
        return written

    def _spread(
        self, folder: Path, *, portfolio: Frame | None = None, bounds: Bounds | None = None
    ) -> tuple[StockBuckets, _Register]:
        """Spread every source over buckets; of a portfolio only the panden that it may name."""
        units, roofs, panden = self._open()
        buckets = StockBuckets(folder, max(one.n_rows for one in (units, roofs, panden) if one is not None), on=self.on)
        register = _Register(None if portfolio is None else ids_of(portfolio))
        if units is not None:
            for found in buckets.add_units(units.raw()):
                register.add(found)
            units.report.notes.append(f"{buckets.notes['n_units_not_in_use']:,} not in use")
        if register.asked is not None:
            buckets.wanted = {*register.asked.pand_ids, *register.addresses["bag_pand_id"]}
        if panden is not None:
            buckets.add("panden", panden.raw(bounds))
        if roofs is not None:
            roofs.spread_roofs(buckets, bounds)
        for one in (units, roofs, panden):
            if one is not None:
                self.preparation.log(one.name, one.row, tuple(map(str, one.paths)), one.report)
        return buckets, register

    def _open(self) -> tuple[StockSource | None, StockSource | None, StockSource | None]:
        """Open the units, the roofs and the panden; the faults of all of them are told at once."""
        rows, preparation = self.preparation.sources.buildings, self.preparation
        if rows.bag_panden is None and rows.roofs_3d is None:
            raise InputError(Fault("no buildings are given", "sources.buildings", "add bag_panden or roofs_3d"))
        n_before = len(preparation.faults)

        def opened(
            key: str, row: Row | None, needed: dict[str, tuple[str, ...]], optional: tuple[str, ...]
        ) -> StockSource | None:
            """Return a source opened; None where it is not given, or its fault is kept."""
            if row is None:
                return None
            name = f"buildings.{key}"
            extent = self.area.whole
            bounds = None if extent is None else extent.buffer(MARGIN_M).bounds
            paths = () if not isinstance(row, FileRow) else preparation.files(name, row, bounds=bounds)
            return open_stock(name, row, paths, preparation.places, needed=needed, optional=optional)

        units = preparation.attempt(
            lambda: opened("verblijfsobjecten", rows.verblijfsobjecten, UNIT_NEEDED, UNIT_OPTIONAL)
        )
        roofs = preparation.attempt(
            lambda: opened("roofs_3d", rows.roofs_3d, ROOF_NEEDED, (*ROOF_OPTIONAL, *PAND_OPTIONAL))
        )
        panden = preparation.attempt(lambda: opened("bag_panden", rows.bag_panden, PAND_NEEDED, PAND_OPTIONAL))
        if len(preparation.faults) > n_before:
            raise InputError(preparation.faults[n_before:])
        return units, roofs, panden

    def _known(self) -> Frame | None:
        """Read what the owner knows of its buildings: has_lift, is_monument, n_storeys and the like, per BAG id."""
        row = self.preparation.sources.buildings.known
        return None if row is None else _read_known(self.preparation, "buildings.known", row, Buildings.fields)

    def _is_in(self, buildings: Frame) -> np.typing.NDArray[np.bool_]:
        extent = self.area.whole
        if extent is None:
            return np.ones(len(buildings), dtype=bool)
        shapely.prepare(extent)
        return np.asarray(shapely.intersects(extent, representative_points(buildings.geometry.to_numpy())))

    def _write(self, stocks: Iterator[Stock]) -> dict[str, Written]:
        """Write buildings and their roof surfaces, stock by stock; without surfaces there is no file of them."""
        directory = self.preparation.directory
        writers: dict[str, Writer] = {}
        with ExitStack() as stack:
            for stock in stocks:
                parts = stock.roof_parts[is_among(stock.roof_parts["bag_pand_id"], stock.buildings["bag_pand_id"])]
                for name, rows, table in (("buildings", stock.buildings, Buildings), ("roof_parts", parts, RoofParts)):
                    if len(rows) and name not in writers:
                        writers[name] = stack.enter_context(Writer(directory / f"{name}.parquet", table))
                    if len(rows):
                        writers[name].add(rows.reset_index(drop=True))
            if "buildings" not in writers:
                what = "no building lies in the area of the run"
                raise InputError(Fault(what, "sources.buildings", "compare the extent of the files with the area"))
        return {name: writer.result() for name, writer in writers.items()}


@dataclass(slots=True)
class _Register:
    """The addresses that a portfolio may name, and whether the register has postcodes at all."""

    asked: PortfolioIds | None
    addresses: Frame = field(default_factory=lambda: empty(Addresses))
    is_known: bool = False

    def add(self, units: Frame) -> None:
        """Keep of units in use those that rows of the portfolio may mean."""
        asked = self.asked
        if asked is None:
            return
        self.is_known = self.is_known or bool(units["postcode"].notna().any())
        postcode = units["postcode"].astype("str").str.replace(" ", "", regex=False).str.upper()
        is_asked = postcode.isin(asked.postcodes) | units["bag_verblijfsobject_id"].isin(asked.unit_ids)
        if is_asked.any():
            self.addresses = pd.concat([self.addresses, addresses(units[is_asked])], ignore_index=True)


def _one_file(preparation: Preparation, name: str, row: FileRow) -> Path:
    paths = preparation.files(name, row)
    if len(paths) != 1:
        raise InputError(Fault(f"{len(paths):,} files", name, "give one file"))
    return Path(paths[0])


def _read_known(preparation: Preparation, name: str, row: Table, fields: Sequence[Field]) -> Frame:
    path = _one_file(preparation, name, row)
    rows = read_by_pand(name, row, path, fields, preparation.places)
    _log(preparation, name, row, path, n_rows=len(rows))
    return rows


def _log(preparation: Preparation, name: str, row: Row, path: Path, *, n_rows: int, notes: str = "") -> None:
    report = ReadReport(Ledger(name))
    report.ledger.n_read = report.ledger.n_kept = n_rows
    preparation.log(name, row, (str(path),), report, notes=notes)


def _n_without_height(buildings: Frame) -> int:
    return int(buildings["building_height_m"].isna().sum())


def _with_areas(buildings: Frame, areas: Frame | None) -> Frame:
    """Give each building its municipality, unless the source did."""
    if areas is None or not (areas["area_kind"] == "gemeente").any():
        return buildings
    codes = codes_at(representative_points(buildings.geometry.to_numpy()), areas, "gemeente")
    given = buildings["gemeente_code"]
    return buildings.assign(gemeente_code=given.where(given.notna(), codes.to_numpy()))


def _of_portfolio(buildings: Frame, match: PortfolioMatch) -> Frame:
    """Return the buildings of the portfolio, with the owner's complex code where a row gives one."""
    codes = match.matches.dropna(subset=["owner_complex_code"]).drop_duplicates("bag_pand_id")
    code = codes.set_index("bag_pand_id")["owner_complex_code"]
    mine = buildings[buildings["bag_pand_id"].isin(match.matches["bag_pand_id"])].reset_index(drop=True)
    given = mine["owner_complex_code"]
    told = code.reindex(mine["bag_pand_id"]).to_numpy()
    owned: Frame = gpd.GeoDataFrame(mine.assign(owner_complex_code=given.where(given.notna(), told)), crs=CRS)
    return owned
