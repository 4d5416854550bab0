"""Layers and rasters of a run, and where each of them says anything: the second half of the preparation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd
import pandas as pd
import shapely

from flexsites.config.rules import ExclusionRule, RasterAbove
from flexsites.config.sources import Bag, LayerSource, OsmLayer, Raster, Sources
from flexsites.errors import Fault, FlexsitesError
from flexsites.inputs.features import open_features, read_features
from flexsites.inputs.land.coverages import coverage_frame, coverage_of
from flexsites.inputs.land.layers import needed_attributes, optional_attributes, write_layer
from flexsites.inputs.land.rasters import RasterFile, covered_cells, open_raster, write_raster_layer
from flexsites.inputs.osm.layers import osm_extent
from flexsites.inputs.rows.ingest import Told
from flexsites.inputs.rows.steps import Kitchen, file_name, files_of
from flexsites.inputs.rows.validity import Ledger
from flexsites.inputs.stock.bag_layer import COLUMNS as BAG_COLUMNS
from flexsites.inputs.stock.bag_layer import write_bag_layer
from flexsites.inputs.stock.sources import StockReader
from flexsites.tables import CRS, Coverages, Frame, empty
from flexsites.tables.spatial_files import Bounds, Written


def prepare_layer(
    kitchen: Kitchen, name: str, row: LayerSource, rules: tuple[ExclusionRule, ...], around: Bounds | None
) -> None:
    """Write one layer, or of a raster the layers that rules make of its cells."""
    dotted = f"layers.{name}"
    if isinstance(row, Raster):
        for rule in rules:
            if isinstance(rule, RasterAbove) and rule.raster == name:
                _prepare_raster(kitchen, name, row, rule, around)
        return
    needed = needed_attributes(rules).get(name, ())
    if isinstance(row, Bag):
        _prepare_bag(kitchen, name, row, needed, around)
        return
    optional = optional_attributes(rules).get(name, ())

    def make(path: Path, told: Told) -> tuple[Written, str]:
        paths = files_of(dotted, row, kitchen.places, bounds=around)
        opened = open_features(dotted, row, paths, kitchen.places, needed=needed, optional=optional)
        return write_layer(name, opened, told, path, bounds=around, optional=optional), opened.notes

    target = f"layers/{file_name(name)}"
    found = kitchen.run(dotted, row, target, make, depends=[needed, optional, around], bounds=around)
    kitchen.layers[name] = kitchen.tables[target] if found else None


def _prepare_bag(kitchen: Kitchen, name: str, row: Bag, needed: Sequence[str], around: Bounds | None) -> None:
    """Join panden and verblijfsobjecten of the BAG into one layer."""
    dotted, target = f"layers.{name}", f"layers/{file_name(name)}"
    missing = [column for column in needed if column not in BAG_COLUMNS]
    if missing:
        has = f"the layer has {', '.join(BAG_COLUMNS)}"
        kitchen.faults.extend(Fault(f"no column {column}, which a rule asks for", dotted, has) for column in missing)
        return

    def make(path: Path, told: Told) -> tuple[Written, str]:
        reader = StockReader(kitchen.places, kitchen.hashes, kitchen.report)
        folder = kitchen.directory / f".bag_{file_name(name)}"
        return write_bag_layer(name, row, reader, told, path, bounds=around, folder=folder), ""

    try:
        panden, units = (
            files_of(f"{dotted}.{key}", getattr(row, key), kitchen.places, bounds=around)
            for key in ("bag_panden", "verblijfsobjecten")
        )
    except FlexsitesError as error:
        kitchen.faults.extend(error.faults)
        return
    found = kitchen.step(dotted, row, target, make, depends=[around], paths=(*panden, *units))
    kitchen.layers[name] = kitchen.tables[target] if found else None


def _prepare_raster(kitchen: Kitchen, name: str, row: Raster, rule: RasterAbove, around: Bounds | None) -> None:
    """Make the cells that a rule lists a layer of their own, and the cells that have a number its coverage."""
    dotted, key = f"layers.{name}", rule.layer_key
    if rule.unit != row.unit:
        what = f"rule {rule.rule_id} reads it in {rule.unit}, the source is in {row.unit}"
        kitchen.faults.append(Fault(what, dotted, "correct `unit` (and `scale`) of the source, or the rule"))
        return

    def make(path: Path, told: Told) -> tuple[Written, str]:
        files = _open_rasters(kitchen, dotted, row)
        written = write_raster_layer(rule, files, path, bounds=around)
        told.ledger.n_read = told.ledger.n_kept = written.n_rows
        notes = [f"{row.unit}, cells {rule.comparison.replace('_', ' ')} {float(rule.threshold):g}"]
        return written, "; ".join([*notes, *dict.fromkeys(f.projection.notes for f in files if f.projection.notes)])

    target = f"layers/{file_name(key)}"
    depends = [around, float(rule.threshold), rule.comparison]
    found = kitchen.run(dotted, row, target, make, depends=depends)
    kitchen.layers[key] = kitchen.tables[target] if found else None


def _open_rasters(kitchen: Kitchen, dotted: str, row: Raster) -> tuple[RasterFile, ...]:
    return tuple(open_raster(dotted, row, path, kitchen.places) for path in row.paths)


def prepare_coverages(
    kitchen: Kitchen,
    sources: Sources,
    rules: tuple[ExclusionRule, ...],
    areas: Frame | None,
    around: Bounds | None,
) -> None:
    """Write where every layer is covered, as one table."""
    frames = []
    for name, row in sources.layers.items():
        keys = [name]
        if isinstance(row, Raster):
            keys = [rule.layer_key for rule in rules if isinstance(rule, RasterAbove) and rule.raster == name]
        for key in dict.fromkeys(keys):
            try:
                frames.append(_coverage(kitchen, key, name, row, areas=areas, around=around))
            except FlexsitesError as error:
                kitchen.faults.extend(error.faults)
    frames = [frame for frame in frames if len(frame)]
    joined = pd.concat(frames, ignore_index=True) if frames else empty(Coverages)
    if not kitchen.faults:
        kitchen.write(gpd.GeoDataFrame(joined, geometry="geometry", crs=CRS), "coverages", Coverages)


def _coverage(
    kitchen: Kitchen, key: str, name: str, row: LayerSource, *, areas: Frame | None, around: Bounds | None
) -> Frame:
    if isinstance(row, Raster) and row.coverage == "cells":
        shapes = [s for file in _open_rasters(kitchen, f"layers.{name}", row) for s in covered_cells(file, around)]
        return coverage_frame(key, shapes, "covered")
    if row.coverage == "extent" and isinstance(row, OsmLayer):
        return coverage_frame(key, osm_extent(files_of(f"layers.{name}", row, kitchen.places, bounds=None)), "covered")
    extent = None
    if row.coverage == "extent":
        extent = _file_extent(kitchen, f"layers.{name}", row)
    return coverage_of(key, row.coverage, extent=extent, areas=areas, places=kitchen.places)  # type: ignore[arg-type]


def _file_extent(kitchen: Kitchen, dotted: str, row: LayerSource) -> Bounds | None:
    """Return the box of everything a source holds, whatever the area of the run: its own extent."""
    paths = files_of(dotted, row, kitchen.places, bounds=None)
    if isinstance(row, Raster):
        return _union_bounds([shapely.box(*file.bounds) for file in _open_rasters(kitchen, dotted, row)])
    opened = open_features(dotted, row, paths, kitchen.places)
    told = Told(Ledger(dotted))
    boxes = [
        shapely.box(*shapely.total_bounds(rows.geometry))
        for rows in read_features(opened, "any", told)
        if len(rows.ids)
    ]
    return _union_bounds(boxes)


def _union_bounds(boxes: Sequence[shapely.Polygon]) -> Bounds | None:
    return tuple(shapely.total_bounds(boxes).tolist()) if boxes else None
