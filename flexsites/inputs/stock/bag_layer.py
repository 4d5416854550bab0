"""The BAG as a layer of exclusion: the panden that stand, each told whether there is a dwelling in it.

The register says what a unit (verblijfsobject) is for, and of a building (pand) nothing: whether a building holds a
dwelling follows from its units. A dwelling in several panden is in all of them, although it is counted once.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import shapely

from flexsites.config.input_rules import input_rules
from flexsites.config.sources import Bag
from flexsites.errors import Fault, InputError, counted
from flexsites.inputs.formats.files import Places
from flexsites.inputs.formats.vector import Bounds
from flexsites.inputs.land.layers import layer_frame
from flexsites.inputs.rows.ingest import WHOLE_FILE_ROWS, ReadReport, Rows
from flexsites.inputs.stock.buildings import PAND_NEEDED, PAND_OPTIONAL, UNIT_NEEDED, UNIT_OPTIONAL, Stock, is_dwelling
from flexsites.inputs.stock.sources import open_stock
from flexsites.inputs.stock.stream import MARGIN_M, StockBuckets
from flexsites.tables import Frame, Layers
from flexsites.tables.spatial_files import Writer, Written

COLUMNS = ("has_dwelling", "n_dwellings", "year_built", "pand_status", "functions")
"""What rules may ask of the layer."""


def write_bag_layer(
    layer: str,
    row: Bag,
    report: ReadReport,
    path: Path,
    *,
    files: Sequence[Sequence[str]],
    places: Places,
    bounds: Bounds | None,
    folder: Path,
    on: dt.date | None = None,
) -> Written:
    """Read panden and verblijfsobjecten, join them, and write the panden that stand as one layer.

    Parameters
    ----------
    layer
        The layer's name.
    row
        Where the panden and their units are.
    report
        Filled with how many panden were read, and how many do not stand.
    path
        The canonical file to write.
    files
        The local files of the panden, and those of the verblijfsobjecten.
    places
        Where archives are unpacked.
    bounds
        Panden that do not meet them are left out; None: all are kept.
    folder
        A folder for the join that is not there yet; it is removed.
    on
        The reference date: which occurrence of an object counts.

    Raises
    ------
    InputError
        If a file cannot be read, a column is missing, a status or id is not of the register, or none of the units lies
        in a pand that is given.
    """
    panden, units = (
        open_stock(f"layers.{layer}.{name}", one, paths, places, needed=needed, optional=optional)
        for name, one, paths, needed, optional in (
            ("bag_panden", row.bag_panden, files[0], PAND_NEEDED, PAND_OPTIONAL),
            ("verblijfsobjecten", row.verblijfsobjecten, files[1], UNIT_NEEDED, UNIT_OPTIONAL),
        )
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    try:
        buckets = StockBuckets(folder, max(units.n_rows, panden.n_rows), on=on)
        homes, doubts = [], []
        counts: Counter[str] = Counter()
        for found in buckets.add_units(units.raw()):
            homes.append(found["bag_pand_id"][is_dwelling(found["functions"])])
            doubts.append(found["bag_pand_id"][found["functions"].map(len) == 0])
        with_home, in_doubt = (pd.Index(pd.concat(ids).dropna().unique() if ids else []) for ids in (homes, doubts))
        buckets.add("panden", panden.raw(_grown(bounds)))
        with Writer(path, Layers) as writer:
            for stock in buckets.stocks(None):
                report.ledger.n_left_out += len(stock.left_out)
                counts.update(_counts(stock))
                rows = _rows(stock, with_home, in_doubt, bounds)
                report.ledger.n_kept += len(rows.ids)
                writer.add(layer_frame(layer, rows))
            if not writer.has_rows_or_columns:
                writer.add(layer_frame(layer, _no_rows()))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    report.ledger.n_read = panden.report.ledger.n_read
    report.ledger.n_outside_area = report.ledger.n_read - report.ledger.n_left_out - report.ledger.n_kept
    n_in_use = buckets.notes["n_units_read"] - buckets.notes["n_units_not_in_use"]
    report.notes.append(counted(n_in_use, "verblijfsobject in use", "verblijfsobjecten in use"))
    counts.update(n_in_use=n_in_use, n_elsewhere=buckets.notes["n_units_without_building"])
    counts.update(n_again=buckets.notes["n_again"])
    is_whole = bounds is None or all((one.file.n_features or 0) <= WHOLE_FILE_ROWS for one in panden.files)
    own = f"layers.{layer}."
    report.doubts += [told.removeprefix(own) for told in buckets.impossible.told()]
    _tell_doubts(counts, report, where=f"layers.{layer}", is_whole=is_whole)
    return writer.result()


def _counts(stock: Stock) -> dict[str, int]:
    buildings = stock.buildings
    has_unit = (buildings["n_dwellings"] + buildings["n_other_units"]).fillna(0) > 0
    is_unknown = buildings["n_dwellings"].isna()
    return {"n_stand": len(buildings), "n_with_unit": int(has_unit.sum()), "n_unknown": int(is_unknown.sum())}


def _tell_doubts(counts: Counter[str], report: ReadReport, *, where: str, is_whole: bool) -> None:
    """Tell what speaks against panden and units being of one place; refuse them where nothing speaks for it.

    Raises
    ------
    InputError
        If there are units, and none of them lies in a pand.
    """
    rules = input_rules().doubts
    if is_whole and counts["n_in_use"] and counts["n_stand"] and not counts["n_with_unit"]:
        what = f"none of the {counts['n_in_use']:,} verblijfsobjecten lies in one of the {counts['n_stand']:,} panden"
        remedy = "give the units of the same place: without them no building would count as lived in"
        raise InputError(Fault(what, f"{where}.verblijfsobjecten", remedy))
    n, n_stand = counts["n_unknown"], counts["n_stand"]
    if n:
        told = "panden are of a gemeente of which no unit is given: whether one is lived in is unknown"
        report.doubts.append(f"{n:,} of {n_stand:,} " + told)
    is_elsewhere = counts["n_elsewhere"] >= float(rules.units_elsewhere_share) * max(counts["n_in_use"], 1)
    is_unserved = counts["n_with_unit"] < float(rules.least_share_with_unit) * n_stand
    if is_whole and is_elsewhere and is_unserved:
        units = f"{counts['n_elsewhere']:,} of {counts['n_in_use']:,} verblijfsobjecten lie in no pand that is given"
        report.doubts.append(
            f"{units}; {counts['n_with_unit']:,} of {n_stand:,} panden have one: are they of one place?"
        )
    if counts["n_again"]:
        report.doubts.append(
            f"{counted(counts['n_again'], 'pand comes again', 'panden come again')} under one id, "
            "and nothing tells which is valid"
        )


def _rows(stock: Stock, with_home: pd.Index, in_doubt: pd.Index, bounds: Bounds | None) -> Rows:
    """Return the panden near; of one whose only units may be dwellings, their function unknown, so is has_dwelling."""
    buildings: Frame = stock.buildings
    if bounds is not None:
        is_near = shapely.intersects(shapely.box(*bounds), buildings.geometry.to_numpy())
        buildings = buildings[is_near].reset_index(drop=True)
    has_home = buildings["bag_pand_id"].isin(with_home).astype("boolean")
    is_open = buildings["bag_pand_id"].isin(in_doubt) | buildings["n_dwellings"].isna()
    words = buildings["functions"].map("|".join, na_action="ignore").astype("str")  # a layer's attribute is a text
    columns = pd.DataFrame(buildings.drop(columns="geometry")).assign(
        has_dwelling=has_home.mask(~has_home & is_open), functions=words
    )
    return Rows(buildings["bag_pand_id"], columns[list(COLUMNS)], np.asarray(buildings.geometry, dtype=object))


def _no_rows() -> Rows:
    types = ("boolean", "Int64", "Int64", "str", "str")
    columns = {name: pd.Series([], dtype=kind) for name, kind in zip(COLUMNS, types, strict=True)}
    return Rows(pd.Series([], dtype="str"), pd.DataFrame(columns), np.zeros(0, dtype=object))


def _grown(bounds: Bounds | None) -> Bounds | None:
    if bounds is None:
        return None
    return bounds[0] - MARGIN_M, bounds[1] - MARGIN_M, bounds[2] + MARGIN_M, bounds[3] + MARGIN_M
