"""Prepare the building stock of a run: BAG, heights and roof surfaces joined, cut down to the area and a portfolio.

A source is read once, batch by batch, and joined bucket by bucket (`flexsites.inputs.stock.stream`), so that a country
fits. Of a portfolio only its own buildings are joined.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from flexsites.config.run import Area
from flexsites.config.sources import Sources, Table
from flexsites.errors import Fault, InputError
from flexsites.inputs.features import open_features, read_features
from flexsites.inputs.formats.files import Places
from flexsites.inputs.formats.vector import Bounds
from flexsites.inputs.land.areas import area_of, codes_at
from flexsites.inputs.land.parcels import representative_points
from flexsites.inputs.prepared import Prepared
from flexsites.inputs.rows.ingest import Told
from flexsites.inputs.rows.records import Hashes
from flexsites.inputs.rows.steps import files_of
from flexsites.inputs.rows.validity import Ledger
from flexsites.inputs.stock.buildings import PAND_NEEDED, PAND_OPTIONAL, UNIT_NEEDED, UNIT_OPTIONAL, Stock
from flexsites.inputs.stock.files import is_among
from flexsites.inputs.stock.portfolio import Asked, PortfolioMatch, addresses, asked_of, match_portfolio, read_portfolio
from flexsites.inputs.stock.roofs_3d import ROOF_NEEDED, ROOF_OPTIONAL
from flexsites.inputs.stock.sources import StockReader
from flexsites.inputs.stock.stream import MARGIN_M, Spread
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
from flexsites.tables.files import write_table
from flexsites.tables.parcel_fields import Field
from flexsites.tables.spatial_files import Writer, Written

__all__ = ["prepare_stock"]


def prepare_stock(
    prepared: Prepared,
    sources: Sources,
    *,
    places: Places,
    area: Area | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> Prepared:
    """Add buildings, roof surfaces and the portfolio's matches to the prepared inputs.

    Parameters
    ----------
    prepared
        What was prepared before: its areas give the municipality of a building.
    sources
        The sources of the run. Without panden the footprints of the roof source stand for them.
    places
        What paths refer to.
    area
        Buildings whose representative point lies in it are assessed, whole; None: all that the sources hold.
    report
        Told each source as its turn comes.

    Raises
    ------
    InputError
        If a file cannot be read, no building lies in the area, or nothing of a portfolio was found.
    """
    reader = StockReader(places, Hashes(prepared.directory / "hashes.json"), report)
    extent = _extent(area or Area(), prepared.areas(), sources, places)
    folder = prepared.directory / ".stock"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        work = _Work(prepared, sources, reader, extent)
        written, warnings = work.all_of(folder) if sources.portfolio is None else work.of_portfolio(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if sources.buildings.carried is not None:
        carried = _known("buildings.carried", sources.buildings.carried, KnownRoofs.fields, reader)
        write_table(carried, KnownRoofs, prepared.directory / "known_roofs.parquet")
    return replace(
        prepared,
        tables={**prepared.tables, **{name: one.path for name, one in written.items()}},
        records=(*prepared.records, *reader.records.values()),
        warnings=(*prepared.warnings, *warnings),
        hashes=dict(sorted({**prepared.hashes, **{name: one.sha256 for name, one in written.items()}}.items())),
    )


@dataclass(frozen=True, slots=True)
class _Work:
    """One preparation: what it reads from, and the extent of the run (None: everything)."""

    prepared: Prepared
    sources: Sources
    reader: StockReader
    extent: BaseGeometry | None

    def all_of(self, folder: Path) -> tuple[dict[str, Written], list[str]]:
        """Write every building in the extent, bucket by bucket."""
        bounds = None if self.extent is None else self.extent.buffer(MARGIN_M).bounds
        spread, _ = self._spread(folder, bounds=bounds)
        counts: Counter[str] = Counter()

        def inside() -> Iterator[Stock]:
            for stock in spread.stocks(self._known()):
                placed = _with_areas(stock.buildings, self.prepared.areas())
                is_in = self._is_in(placed)
                counts.update(n_outside=int((~is_in).sum()), n_without_height=_n_without_height(placed[is_in]))
                yield Stock(placed[is_in].reset_index(drop=True), stock.roof_parts, stock.left_out)

        written = self._write(inside())
        told = {"buildings that stand": written["buildings"].n_rows, "without a height": counts["n_without_height"]}
        if self.extent is None:
            # Of a part of the register these say more of the edge than of the sources.
            told |= {
                "panden that do not count (their status)": spread.notes["n_left_out"],
                "units of no building that stands": spread.notes["n_units_without_building"],
                "roofs of no building that stands": spread.notes["n_roofs_without_building"],
            }
        return written, [f"buildings: {n} {what}" for what, n in told.items() if n]

    def of_portfolio(self, folder: Path) -> tuple[dict[str, Written], list[str]]:
        """Write the buildings of the portfolio that lie in the extent, and which rows were matched."""
        row, directory = self.sources.portfolio, self.prepared.directory
        assert row is not None  # noqa: S101 - the caller asked; for the types
        path = self.reader.one("portfolio", row)
        portfolio = read_portfolio(path, columns=row.columns, sheet=row.sheet)
        spread, register = self._spread(folder, portfolio=portfolio)
        stocks = list(spread.stocks(self._known()))
        if not stocks:
            raise InputError(Fault("no building of the portfolio is in the register", path.name, "compare the ids"))
        buildings: Frame = pd.concat([stock.buildings for stock in stocks], ignore_index=True)
        placed = _with_areas(buildings, self.prepared.areas())
        is_in = self._is_in(placed)
        outside = placed.loc[~is_in, ["bag_pand_id", "pand_status"]].assign(reason="outside the area of the run")
        left_out = pd.concat([outside, *(stock.left_out for stock in stocks)], ignore_index=True)
        match = match_portfolio(
            portfolio, placed[is_in], register.addresses, left_out=left_out, has_addresses=register.is_known
        )
        self.reader.tell("portfolio", row, (path,), match.n_rows, f"{len(match.unmatched)} rows not matched")
        _require_matches(match, path)
        write_table(match.matches, PortfolioMatches, directory / "portfolio_matches.parquet")
        write_table(match.unmatched, PortfolioUnmatched, directory / "portfolio_unmatched.parquet")
        mine = _of_portfolio(placed[is_in], match)
        parts = pd.concat([stock.roof_parts for stock in stocks], ignore_index=True)
        written = self._write(iter([Stock(mine, parts, left_out)]))
        told = {"buildings of the portfolio": len(mine), "without a height": _n_without_height(mine)}
        warnings = [f"buildings: {n} {what}" for what, n in told.items() if n]
        return written, [*warnings, f"portfolio: {match.n_rows} rows, {len(match.unmatched)} of them not matched"]

    def _spread(
        self, folder: Path, *, portfolio: Frame | None = None, bounds: Bounds | None = None
    ) -> tuple[Spread, _Register]:
        """Spread every source over buckets; of a portfolio only the panden that it may name."""
        rows, reader = self.sources.buildings, self.reader
        units, roofs, panden = (
            None if row is None else reader.open(f"buildings.{name}", row, *columns)
            for name, row, columns in (
                ("verblijfsobjecten", rows.verblijfsobjecten, (UNIT_NEEDED, UNIT_OPTIONAL)),
                ("roofs_3d", rows.roofs_3d, (ROOF_NEEDED, (*ROOF_OPTIONAL, *PAND_OPTIONAL))),
                ("bag_panden", rows.bag_panden, (PAND_NEEDED, PAND_OPTIONAL)),
            )
        )
        if panden is None and roofs is None:
            raise InputError(Fault("no buildings are given", "sources.buildings", "add bag_panden or roofs_3d"))
        spread = Spread(folder, max(one.n_rows for one in (units, roofs, panden) if one is not None))
        register = _Register(None if portfolio is None else asked_of(portfolio))
        if units is not None:
            for found in spread.add_units(reader.raw(units)):
                register.add(found)
            counts = f"{spread.notes['n_units_not_in_use']} not in use"
            reader.tell(units.name, units.row, units.paths, reader.n_read[units.name], counts)
        if register.asked is not None:
            spread.wanted = {*register.asked.pand_ids, *register.addresses["bag_pand_id"]}
        if panden is not None:
            spread.add("panden", reader.raw(panden, bounds))
            reader.tell(panden.name, panden.row, panden.paths, reader.n_read[panden.name])
        if roofs is not None:
            reader.spread_roofs(roofs, spread, bounds)
        return spread, register

    def _known(self) -> Frame | None:
        """Read what the owner knows of its buildings: has_lift, is_monument, n_storeys and the like, per BAG id."""
        row = self.sources.buildings.known
        return None if row is None else _known("buildings.known", row, Buildings.fields, self.reader)

    def _is_in(self, buildings: Frame) -> np.typing.NDArray[np.bool_]:
        if self.extent is None:
            return np.ones(len(buildings), dtype=bool)
        shapely.prepare(self.extent)
        return np.asarray(shapely.intersects(self.extent, representative_points(buildings.geometry.to_numpy())))

    def _write(self, stocks: Iterator[Stock]) -> dict[str, Written]:
        """Write buildings and their roof surfaces, stock by stock; without surfaces there is no file of them."""
        directory = self.prepared.directory
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

    asked: Asked | None
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


def _extent(area: Area, areas: Frame, sources: Sources, places: Places) -> BaseGeometry | None:
    """Return where the buildings of the run lie; None: anywhere. A building is taken whole, so `is_cut` cuts none."""
    shapes: list[BaseGeometry] = []
    codes = (*area.gemeenten, *area.provincies)
    if codes and len(areas):  # without areas the inputs are only checked: that of a run has told of it before
        shapes.append(area_of(areas, codes))
    if area.bbox is not None:
        shapes.append(shapely.box(*area.bbox))
    if area.within is not None and area.within in sources.layers:
        row, told = sources.layers[area.within], Told(Ledger(f"area.within {area.within}"))
        opened = open_features(area.within, row, files_of(area.within, row, places, bounds=None), places)
        shapes.append(
            shapely.union_all([shape for rows in read_features(opened, "polygon", told) for shape in rows.geometry])
        )
    return shapely.intersection_all(shapes) if shapes else None


def _known(name: str, row: Table, fields: Sequence[Field], reader: StockReader) -> Frame:
    path = reader.one(name, row)
    rows = read_by_pand(name, row, path, fields, reader.places)
    reader.tell(name, row, (path,), len(rows))
    return rows


def _n_without_height(buildings: Frame) -> int:
    return int(buildings["building_height_m"].isna().sum())


def _with_areas(buildings: Frame, areas: Frame) -> Frame:
    """Give each building its municipality, unless the source did."""
    if not len(areas[areas["area_kind"] == "gemeente"]):
        return buildings
    codes = codes_at(representative_points(buildings.geometry.to_numpy()), areas, "gemeente")
    given = buildings["gemeente_code"]
    return buildings.assign(gemeente_code=given.where(given.notna(), codes.to_numpy()))


def _require_matches(match: PortfolioMatch, path: Path) -> None:
    if not len(match.matches):
        reasons = match.unmatched["unmatched_reason"].value_counts().head(3).to_dict()
        raise InputError(Fault(f"no row of the portfolio was found ({reasons})", path.name, "check ids and columns"))


def _of_portfolio(buildings: Frame, match: PortfolioMatch) -> Frame:
    """Return the buildings of the portfolio, with the owner's complex code where a row gives one."""
    codes = match.matches.dropna(subset=["owner_complex_code"]).drop_duplicates("bag_pand_id")
    code = codes.set_index("bag_pand_id")["owner_complex_code"]
    mine = buildings[buildings["bag_pand_id"].isin(match.matches["bag_pand_id"])].reset_index(drop=True)
    given = mine["owner_complex_code"]
    told = code.reindex(mine["bag_pand_id"]).to_numpy()
    owned: Frame = gpd.GeoDataFrame(mine.assign(owner_complex_code=given.where(given.notna(), told)), crs=CRS)
    return owned
