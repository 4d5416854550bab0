"""Prepare the building stock of a run: BAG, heights and roof surfaces joined, cut down to a portfolio if given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from flexsites.config.sources import CityJson, FileRow, Portfolio, Row, Sources, Table
from flexsites.errors import Fault, InputError
from flexsites.fields import Field
from flexsites.inputs.areas import codes_at
from flexsites.inputs.buildings import LeftOut, Stock, join_stock, panden, verblijfsobjecten
from flexsites.inputs.canonical import write_canonical
from flexsites.inputs.cityjson import read_cityjson
from flexsites.inputs.files import Places
from flexsites.inputs.ownership import read_table
from flexsites.inputs.portfolio import PortfolioMatch, addresses, match_portfolio, read_portfolio
from flexsites.inputs.prepared import Prepared
from flexsites.inputs.records import Hashes, SourceRecord, record_of
from flexsites.inputs.roofs_3d import read_bag3d, read_bag3d_parts, roof_attributes
from flexsites.inputs.selection import Unlisted
from flexsites.inputs.steps import files_of
from flexsites.inputs.stock_files import bag_ids, read_stock_file
from flexsites.inputs.validity import Ledger
from flexsites.parts import write_table
from flexsites.tables import CRS, Buildings, Frame, KnownRoofs, PortfolioMatches, PortfolioUnmatched, RoofParts, empty

_BOOLEANS = {"true": True, "ja": True, "yes": True, "1": True, "false": False, "nee": False, "no": False, "0": False}


class _Reader:
    """Finds the files of a row, and remembers what was read for the manifest."""

    def __init__(self, places: Places, hashes: Hashes, report: Callable[[str], None]) -> None:
        self.places, self.hashes, self.report = places, hashes, report
        self.records: dict[str, SourceRecord] = {}

    def one(self, name: str, row: FileRow) -> Path:
        """Return the one file of a source."""
        self.report(name)
        paths = files_of(name, row, self.places, bounds=None)
        if len(paths) != 1:
            raise InputError(Fault(f"{len(paths)} files", name, "give one file"))
        return Path(paths[0])

    def tell(self, name: str, row: Row, path: Path, n: int, notes: str = "") -> None:
        """Remember how many features a source gave."""
        ledger = Ledger(name)
        ledger.n_read = ledger.n_kept = n
        self.records[name] = record_of(name, row, digest=self.hashes.of((str(path),)), ledger=ledger, notes=notes)


def prepare_stock(
    prepared: Prepared, sources: Sources, *, places: Places, report: Callable[[str], None] = lambda _: None
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
    report
        Told each source as its turn comes.

    Raises
    ------
    InputError
        If a file cannot be read, or nothing of a portfolio was found.
    """
    reader = _Reader(places, Hashes(prepared.directory / "hashes.json"), report)
    stock, units = _read_stock(sources, reader)
    buildings = _with_areas(stock.buildings, prepared.areas())
    directory, warnings = prepared.directory, [f"buildings: {n} {what}" for what, n in stock.notes.items() if n]
    if sources.portfolio is not None:
        match = _match(sources.portfolio, buildings, units, stock.left_out, reader)
        write_table(match.matches, PortfolioMatches, directory / "portfolio_matches.parquet")
        write_table(match.unmatched, PortfolioUnmatched, directory / "portfolio_unmatched.parquet")
        warnings.append(f"portfolio: {match.n_rows} rows, {len(match.unmatched)} of them not matched")
        buildings = _of_portfolio(buildings, match)
    parts = stock.roof_parts[stock.roof_parts["bag_pand_id"].isin(buildings["bag_pand_id"])].reset_index(drop=True)
    if sources.buildings.carried is not None:
        carried = _read_by_pand("buildings.carried", sources.buildings.carried, KnownRoofs.fields, reader)
        write_table(carried, KnownRoofs, directory / "known_roofs.parquet")
    written = {"buildings": write_canonical(buildings, directory / "buildings.parquet", Buildings)}
    if len(parts):
        written["roof_parts"] = write_canonical(parts, directory / "roof_parts.parquet", RoofParts)
    return replace(
        prepared,
        tables={**prepared.tables, **{name: one.path for name, one in written.items()}},
        records=(*prepared.records, *reader.records.values()),
        warnings=(*prepared.warnings, *warnings),
        hashes=dict(sorted({**prepared.hashes, **{name: one.sha256 for name, one in written.items()}}.items())),
    )


def _read_stock(sources: Sources, reader: _Reader) -> tuple[Stock, Frame | None]:
    rows = sources.buildings
    units = None
    if rows.verblijfsobjecten is not None and isinstance(rows.verblijfsobjecten, FileRow):
        name = "buildings.verblijfsobjecten"
        path = reader.one(name, rows.verblijfsobjecten)
        row = rows.verblijfsobjecten
        raw = read_stock_file(path, where=name, layer=getattr(row, "layer", None), crs=getattr(row, "crs", None))
        units, counts = verblijfsobjecten(raw, where=name)
        notes = ", ".join(f"{n} {what}" for what, n in counts.items())
        reader.tell(name, rows.verblijfsobjecten, path, len(raw), notes)
    roof_rows, parts = _read_roofs(sources, reader)
    standing, left_out = _read_panden(sources, reader, roof_rows)
    roofs = None if roof_rows is None else roof_attributes(roof_rows, where="buildings.roofs_3d")
    known = _read_known(sources, reader)
    return join_stock(standing, left_out, units, roofs_3d=roofs, roof_parts=parts, known=known), units


def _read_roofs(sources: Sources, reader: _Reader) -> tuple[Frame | None, Frame]:
    row, name = sources.buildings.roofs_3d, "buildings.roofs_3d"
    if row is None:
        return None, empty(RoofParts)
    path = reader.one(name, row)
    if isinstance(row, CityJson):
        model = read_cityjson(path, where=name)
        notes = f"CityJSON {model.version}; {model.n_surfaces_without_area} surfaces without area"
        reader.tell(name, row, path, len(model.buildings), notes)
        return model.buildings, model.roof_parts
    rows = read_bag3d(path, where=name, layer=row.layer, crs=row.crs)
    reader.tell(name, row, path, len(rows))
    return rows, read_bag3d_parts(path, where=name)


def _read_panden(sources: Sources, reader: _Reader, roof_rows: Frame | None) -> tuple[Frame, LeftOut]:
    row, name = sources.buildings.bag_panden, "buildings.bag_panden"
    if row is None and roof_rows is not None:
        return panden(roof_rows, where="buildings.roofs_3d")
    if not isinstance(row, FileRow):
        raise InputError(Fault("panden of a service are not read", name, "download bag-light.gpkg and give its path"))
    path = reader.one(name, row)
    rows = read_stock_file(path, where=name, layer=getattr(row, "layer", None), crs=getattr(row, "crs", None))
    standing, left_out = panden(rows, where=name)
    reader.tell(name, row, path, len(rows), f"{len(left_out)} do not stand")
    return standing, left_out


def _read_known(sources: Sources, reader: _Reader) -> Frame | None:
    """Read what the owner knows of its buildings: has_lift, is_monument, n_storeys and the like, per BAG id."""
    row = sources.buildings.known
    return None if row is None else _read_by_pand("buildings.known", row, Buildings.fields, reader)


def _read_by_pand(name: str, row: Table, fields: Sequence[Field], reader: _Reader) -> Frame:
    """Read a table of the user's by BAG id, in our types; a word that stands for nothing of ours is a fault."""
    path = reader.one(name, row)
    unlisted = Unlisted()
    rows = read_table(name, row, reader.places, unlisted).rename(columns={row.key: "bag_pand_id"})
    faults: list[Fault | str] = list(unlisted.faults(name))
    known = {field.name: field for field in fields}
    unknown = sorted(set(rows.columns) - set(known))
    if unknown:
        what = f"columns that are not known here: {', '.join(unknown)}"
        faults.append(Fault(what, f"{name}: {path.name}", f"use `keep` and `rename` for some of {', '.join(known)}"))
    typed = {}
    for column in [one for one in rows.columns if one in known]:
        typed[column], wrong = _typed(rows[column], known[column].dtype)
        if wrong.any():
            ids = rows.loc[wrong, column].head(3).tolist()
            what = f"cannot be read as {known[column].dtype}"
            faults.append(Fault(what, f"{name}: {path.name}.{column}", "mend these cells", int(wrong.sum()), ids))
    if faults:
        raise InputError(faults)
    reader.tell(name, row, path, len(rows))
    return pd.DataFrame(typed).assign(bag_pand_id=bag_ids(rows["bag_pand_id"]))


def _typed(column: pd.Series, dtype: str) -> tuple[pd.Series, pd.Series]:
    """Return a column of text in our type, and which cells could not be read."""
    is_null = column.isna() | (column.astype("str").str.strip() == "")
    read: pd.Series[Any]
    if dtype == "bool":
        words = column.astype("str").str.strip().str.lower()
        read = words.map(_BOOLEANS).astype("boolean")
    elif dtype in ("int", "float"):
        read = pd.to_numeric(column, errors="coerce").astype("Int64" if dtype == "int" else "float64")
    else:
        read = column.astype("str")
    return read.mask(is_null), read.isna() & ~is_null


def _with_areas(buildings: Frame, areas: Frame) -> Frame:
    """Give each building its municipality, unless the source did."""
    if not len(areas[areas["area_kind"] == "gemeente"]):
        return buildings
    points = shapely.point_on_surface(buildings.geometry.to_numpy())
    codes = codes_at(points, areas, "gemeente")
    given = buildings["gemeente_code"]
    return buildings.assign(gemeente_code=given.where(given.notna(), codes.to_numpy()))


def _match(row: Portfolio, buildings: Frame, units: Frame | None, left_out: LeftOut, reader: _Reader) -> PortfolioMatch:
    path = reader.one("portfolio", row)
    portfolio = read_portfolio(path, columns=row.columns, sheet=row.sheet)
    register = addresses(units) if units is not None else addresses(empty_units())
    match = match_portfolio(portfolio, buildings, register, left_out=left_out)
    reader.tell("portfolio", row, path, match.n_rows, f"{len(match.unmatched)} rows not matched")
    if not len(match.matches):
        reasons = match.unmatched["unmatched_reason"].value_counts().head(3).to_dict()
        raise InputError(Fault(f"no row of the portfolio was found ({reasons})", path.name, "check ids and columns"))
    return match


def empty_units() -> Frame:
    """Return units without rows, for a stock of which only the panden are known."""
    names = ("bag_verblijfsobject_id", "bag_pand_id", "postcode", "house_number", "house_letter", "house_addition")
    return pd.DataFrame({name: pd.Series([], dtype="str") for name in names})


def _of_portfolio(buildings: Frame, match: PortfolioMatch) -> Frame:
    """Return the buildings of the portfolio, with the owner's complex code where a row gives one."""
    codes = match.matches.dropna(subset=["owner_complex_code"]).drop_duplicates("bag_pand_id")
    code = codes.set_index("bag_pand_id")["owner_complex_code"]
    mine = buildings[buildings["bag_pand_id"].isin(match.matches["bag_pand_id"])].reset_index(drop=True)
    given = mine["owner_complex_code"]
    told = code.reindex(mine["bag_pand_id"]).to_numpy()
    owned: Frame = gpd.GeoDataFrame(mine.assign(owner_complex_code=given.where(given.notna(), told)), crs=CRS)
    return owned
