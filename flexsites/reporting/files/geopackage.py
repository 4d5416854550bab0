"""The GeoPackage of a run: layers that open in QGIS already styled, with readable names for their columns."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Literal

import geopandas as gpd
import pandas as pd
import shapely

from flexsites.errors import writing
from flexsites.reporting.files.qgis_style import LayerWords, categorised_style, lined_style
from flexsites.reporting.homes import counts_of_homes
from flexsites.reporting.names import words_of
from flexsites.reporting.presentation import presentation
from flexsites.reporting.results import Results, open_results
from flexsites.reporting.table_view import fields_of, table_view
from flexsites.reporting.where import places_of, streets_of
from flexsites.reporting.why import MARKING, told_of_sites, with_marks_elsewhere
from flexsites.reporting.words import Words
from flexsites.tables import CRS, Frame, Layouts, Pieces, Roofs, Sites
from flexsites.tables.whole_files import scratch_folder, whole_file

_STYLES_TABLE = """CREATE TABLE layer_styles (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256),
    f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
    useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30), update_time DATETIME)"""
_LAYOUTS = "layouts_"
_POLYGON = shapely.GeometryType.POLYGON.value
_TABLES = {"sites": Sites, "pieces": Pieces, "roofs": Roofs}
_NAME = "_name"
_WHERE, _WHY = "where_it_lies", "what_takes_most"
_PER_FLEXMILIEU = ("score_", "is_suitable_")
_MARKS = tuple(f"{column}{where}{_NAME}" for column in reversed(MARKING.values()) for where in ("", "_elsewhere"))
_VERDICTS = ("eligible", "conditional", "unknown", "excluded")


def write_geopackage(directory: Path | str, lang: str = "nl", *, layouts: gpd.GeoDataFrame | None = None) -> Path:
    """Write ``sites.gpkg`` beside a run's results.

    Parameters
    ----------
    directory
        The run's directory.
    lang
        Language of the layers' legends, of the columns' readable names and of the names beside codes.
    layouts
        Polygons of placed modules, with ``piece_id`` and whatever else is known of them; the table ``layouts`` of the
        run where not given and there is one.

    Returns
    -------
        The file: layers ``sites``, ``pieces``, ``layouts_<flexmilieu>`` (the expected homes of shortlisted sites) and
        ``roofs``, each where the run has it, and a table
        ``layer_styles`` whose styles QGIS loads by default.

    Raises
    ------
    InputError
        When the directory holds no results.
    RunError
        When the file cannot be written.
    """
    results = open_results(directory)
    words = words_of(results, lang)
    path = results.directory / "sites.gpkg"
    # GDAL looks at the ending of a name, and SQLite writes beside it: both in a folder that goes when this ends.
    with scratch_folder(path.with_suffix(".layers")) as folder, whole_file(path) as temporary:
        with writing(folder):
            made = folder / path.name
            styles: dict[str, str] = {}
            multi: dict[str, bool] = {}
            for name, rows in _batches(results, layouts, words):
                layer = _joined(_with_names(_layer(rows), name, words))
                mode: Literal["w", "a"] = "a" if name in styles else "w"
                if name not in multi:
                    multi[name] = _has_parts(results, name, rows)
                layer.to_file(
                    made, layer=name, driver="GPKG", engine="pyogrio", mode=mode, promote_to_multi=multi[name]
                )
                styles.setdefault(name, _style(name, layer, words))
            _add_styles(made, styles)
        made.replace(temporary)
    return path


def _batches(results: Results, layouts: gpd.GeoDataFrame | None, words: Words) -> Iterator[tuple[str, Frame]]:
    """Give the rows of each layer, the topmost last, some at a time: a country is never held."""
    if results.has_sites:
        flexmilieus = _judged(results)
        for rows in results.chunks("sites"):
            yield "sites", _with_where_and_why(results, _with_scores(results, rows, flexmilieus), words)
    if results.has("pieces"):
        for rows in results.chunks("pieces"):
            yield "pieces", rows
    if layouts is None and results.has("layouts"):
        layouts = gpd.GeoDataFrame(results.table("layouts"))
    if layouts is not None and len(layouts):
        # A layer per flexmilieu: two designs of one site are alternatives for the same land, never drawn together.
        # Only what makes up the expected number of homes: more may be placed than is expected.
        expected = layouts[layouts["is_expected"].astype(bool)]
        for flexmilieu, drawn in expected.groupby("flexmilieu", sort=True):
            yield f"{_LAYOUTS}{flexmilieu}", drawn
    if results.has_roofs:
        for rows in results.chunks("roofs"):
            yield "roofs", rows


def _has_parts(results: Results, name: str, first: Frame) -> bool:
    """Whether a shape of a layer, of which the first rows are at hand, has several parts: then all are written so.

    A layer has one kind of shape, and its rows are written some at a time.
    """
    later = results.chunks(name, columns=["geometry"]) if name in _TABLES and results.n_rows(name) > len(first) else ()
    return any(
        bool((shapely.get_type_id(rows["geometry"].to_numpy()) > _POLYGON).any()) for rows in chain([first], later)
    )


def _layer(frame: Frame) -> gpd.GeoDataFrame:
    """Return a layer in RD New."""
    layer = gpd.GeoDataFrame(frame, geometry="geometry")
    return layer if layer.crs is not None else layer.set_crs(CRS)


def _judged(results: Results) -> tuple[str, ...]:
    """Return the flexmilieus that sites were judged for, sorted."""
    if not results.has("suitability"):
        return ()
    found = (rows["flexmilieu"].unique() for rows in results.chunks("suitability", columns=["flexmilieu"]))
    return tuple(sorted({str(name) for names in found for name in names}))


def _with_scores(results: Results, sites: Frame, flexmilieus: tuple[str, ...]) -> Frame:
    """Return sites with a score and an outcome per flexmilieu, one column each."""
    if not flexmilieus:
        return sites
    judged = results.between("suitability", "site_id", sites["site_id"].min(), sites["site_id"].max())
    added: dict[str, pd.Series[float] | pd.Series[bool]] = {}
    for flexmilieu in flexmilieus:
        own = judged[judged["flexmilieu"] == flexmilieu].set_index("site_id")
        added[f"score_{flexmilieu}"] = sites["site_id"].map(own["score"]).astype("float64")
        added[f"is_suitable_{flexmilieu}"] = (
            sites["site_id"].map(own["is_suitable"].astype("boolean")).astype("boolean")
        )
    return sites.assign(**added)


def _with_where_and_why(results: Results, sites: Frame, words: Words) -> Frame:
    """Return the sites with, in words, where each lies and what takes most of it."""
    streets = streets_of(results, sites, within_m=float(presentation().map.nearest_street_m)).fillna("")
    where = [", ".join(one for one in both if one) for both in zip(streets, places_of(sites, words), strict=True)]
    why = [""] * len(sites)
    if results.has("reasons") and len(sites):
        own = results.between("reasons", "site_id", sites["site_id"].min(), sites["site_id"].max())
        why = told_of_sites(own, sites, words)
        sites = with_marks_elsewhere(own, sites)
    return sites.assign(**{_WHERE: where, _WHY: why})


def _style(name: str, layer: gpd.GeoDataFrame, words: Words) -> str:
    """Return the QML of a layer."""
    colours = presentation().colours
    if name in ("sites", "roofs"):
        classes = [(key, words.name("verdict", key), colours.verdict[key]) for key in _VERDICTS]
        return categorised_style("verdict", classes, _layer_words(name, layer, words))
    if name.startswith(_LAYOUTS):
        kinds = [
            *(
                ("module", colours.series[5]),
                ("stairs", "#6e6e73"),
                ("gallery", "#b9b9bf"),
                ("parking", colours.missing),
            ),
            *(("yard", "#e9c46a"), ("water", "#5fa8d3"), ("lane", "#d9d9d6")),
        ]
        drawn = [(kind, words.name("layout_kind", kind), colour) for kind, colour in kinds]
        return categorised_style("layout_kind", drawn, _layer_words(name, layer, words))
    return lined_style("#16222e", _layer_words(name, layer, words), fill=None)


def _layer_words(name: str, layer: gpd.GeoDataFrame, words: Words) -> LayerWords:
    """Return what a layer says of its features: names, and of parcels and roofs a label and a tip."""
    aliases = _aliases(layer, words)
    display = {"sites": "site_id", "roofs": "bag_pand_id"}.get(name, "piece_id")
    if name not in ("sites", "roofs"):
        return LayerWords(aliases, display, _codes(name, layer, words))
    homes = [one.expected for one in counts_of_homes(layer)]
    written = f" || '\\n' || {_counted(homes[0], words)}" if homes else ""
    label = f'if("verdict" in (\'eligible\', \'conditional\'), "{display}"{written}, "{display}")'
    tip = (f"verdict{_NAME}", *homes, f"owner_class{_NAME}", *_MARKS)
    whole = {one: _written(one, words) for one in homes}
    free = words.text("homes_if_available", homes="")
    said = {one: f"if(\"verdict\" = 'unknown', {n} || '{free}', {n})" for one, n in whole.items()}
    return LayerWords(aliases, display, _codes(name, layer, words), label, [_WHERE, _WHY, *tip], said)


def _counted(column: str, words: Words) -> str:
    """Return what QGIS writes of a number of homes as an expression: one home is one, and none are many."""
    one, more = words.text("homes", n=1), words.text("homes", n="")
    return f"if(round(\"{column}\") = 1, '{one}', {_written(column, words)} || '{more}')"


def _written(column: str, words: Words) -> str:
    """Return what QGIS writes of a whole number as an expression: with separators, in the manner of the language."""
    return f"format_number(round(\"{column}\"), 0, '{words.lang}')"


def _codes(name: str, layer: gpd.GeoDataFrame, words: Words) -> dict[str, dict[str, str]]:
    """Return per column of codes the name of every code that it may have; columns of lists, joined by |, have none."""
    found = {}
    for field in fields_of(layer, _TABLES.get(name, Layouts)).values():
        if field.names and field.dtype == "str" and f"{field.name}{_NAME}" in layer:
            codes = field.values or [key for kind, key in words.names if kind == field.names]
            found[field.name] = {code: words.name(field.names, code) for code in codes}
    return {column: names for column, names in found.items() if names}


def _with_names(layer: gpd.GeoDataFrame, name: str, words: Words) -> gpd.GeoDataFrame:
    """Return the layer with, beside every column of codes, one of their names in the language: ``<column>_name``."""
    table = _TABLES.get(name, Layouts)
    coded = [field.name for field in fields_of(layer, table).values() if field.names and field.name in layer]
    view = table_view(layer, coded, words, table)
    named = {f"{column.name}{_NAME}": column.cells for column in view.columns}
    order = [
        one
        for column in map(str, layer.columns)
        for one in (column, f"{column}{_NAME}")
        if one == column or one in named
    ]
    return layer.assign(**named)[order]


def _joined(layer: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the layer with its lists joined by |: a GeoPackage has none."""
    objects = [name for name in layer.columns if layer[name].dtype == object]
    lists = [name for name in objects if layer[name].map(lambda one: isinstance(one, tuple)).any()]
    return layer.assign(**{name: layer[name].map("|".join, na_action="ignore").astype("str") for name in lists})


def _aliases(layer: gpd.GeoDataFrame, words: Words) -> dict[str, str]:
    """Return the heading of every column; of one with codes, that it holds them."""
    code = words.text("geopackage.code")
    aliases = {}
    for column in map(str, layer.columns):
        base = column.removesuffix(_NAME)
        prefix = next((one for one in _PER_FLEXMILIEU if column.startswith(one)), None)
        if column != base and base in layer:
            aliases[column] = words.heading(base)
        elif prefix is not None and ("flexmilieu", column.removeprefix(prefix)) in words.names:
            aliases[column] = words.heading(f"{prefix.removesuffix('_')}@{column.removeprefix(prefix)}")
        elif column != "geometry":
            heading = words.heading(column)
            aliases[column] = f"{heading} ({code})" if f"{column}{_NAME}" in layer else heading
    return aliases


def _add_styles(path: Path, styles: Mapping[str, str]) -> None:
    """Add the styles, each the default of its layer, and register their table as a GeoPackage asks."""
    now = datetime.now(tz=UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(_STYLES_TABLE)
        connection.executemany(
            "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName, "
            "styleQML, styleSLD, useAsDefault, description, owner, update_time) "
            "VALUES ('', '', ?, 'geom', ?, ?, '', 1, 'flexsites', '', ?)",
            [(name, name, style, now) for name, style in styles.items()],
        )
        connection.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change) "
            "VALUES ('layer_styles', 'attributes', 'layer_styles', '', ?)",
            (now,),
        )
