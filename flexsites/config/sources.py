"""The sources of a run: which outside data it reads, from where, and under which licence.

Every outside dataset is a validated row: one entry here, with an `about` (its title, provider, licence, attribution
and edition) written out or named by its id in the catalogue (configs/sources/). The entry's `reader` says how it is
read; a reader of another kind is one model here and one function in flexsites/inputs.

Paths are relative to the run file, may hold `${NAME}` or `${NAME:-default}` from the environment, may be fsspec
URLs, and `world://file` is a file of the synthetic place that the run makes.

An entry may instead be `{use: NAME}`: a preset (configs/presets), which is written out here as if the run had said it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, GetJsonSchemaHandler, ValidationInfo, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from flexsites.config.base import Model
from flexsites.config.presets import written_out
from flexsites.config.shelf import Shelf
from flexsites.config.source_rows import Coverage, FileRow, Geometry, Naming, Periods, Row, Selection
from flexsites.config.street_sources import Gtfs, Lines, OsmGraph, OsmPbf, OsmPlace, Points, Stops


class Vector(FileRow, Selection, Geometry, Periods):
    """Features of a file that GDAL or pyarrow reads: gpkg, geojson, shp, gml, parquet, or a zip of one of them.

    A layer that rules read states its `coverage`: a file may be a cut-out, and does not say so.
    """

    reader: Literal["vector"]
    """How it is read."""
    coverage: Coverage | None = None
    """Where the source is complete; what it does not hold elsewhere is unknown, not absent."""
    namings: tuple[Naming, ...] = ()
    """The ways in which its columns may be named; the first counts of which the file has the layer and the columns."""


class OgcFeatures(Row, Selection):
    """A collection of an OGC API Features service (PDOK), fetched page by page over the area of the run.

    It covers the window that was asked, which is all that the run looks at, unless `coverage` says otherwise.
    A service may ignore a `cql_filter` without a word, so the same must be said in `where`, which is applied here.
    """

    reader: Literal["ogc_features"]
    """How it is read."""
    url: str
    """The address of the service."""
    collection: str
    """The collection in it."""
    crs: str = "http://www.opengis.net/def/crs/EPSG/0/28992"
    """The reference system that is asked for."""
    cql_filter: str | None = None
    """A filter for the service, which may ignore it: say the same in `where`."""
    parameters: dict[str, str] = Field(default_factory=dict)
    """What the service is told besides, such as the year of a collection of many (`jaarcode: "2026"`)."""
    limit: int = Field(default=1000, ge=1, le=10000)
    """Features to a page."""
    coverage: Coverage = "run"
    """Where the source is complete; what it does not hold elsewhere is unknown, not absent."""

    @model_validator(mode="after")
    def _filters_twice(self) -> OgcFeatures:
        """Refuse a filter whose effect cannot be checked."""
        if self.cql_filter is not None and not self.where:
            msg = "a `cql_filter` may be ignored by the service: say the same in `where`"
            raise ValueError(msg)
        return self


class ArcgisFeatures(Row, Selection):
    """A layer of an ArcGIS FeatureServer (IBIS), fetched page by page over the area of the run."""

    reader: Literal["arcgis_features"]
    """How it is read."""
    url: str
    """The address of the layer."""
    query: str = "1=1"
    """A where-clause for the service."""
    limit: int = Field(default=1000, ge=1, le=10000)
    """Features to a page."""
    coverage: Coverage = "run"
    """Where the source is complete; what it does not hold elsewhere is unknown, not absent."""


class Wfs(Row, Selection, Geometry):
    """A feature type of a WFS 2.0 (Kadaster, RIVM, provinces), fetched page by page as GML over the area of the run."""

    reader: Literal["wfs"]
    """How it is read."""
    url: str
    """The address of the service."""
    type_name: str
    """The feature type in it, such as `rev_public:ev_pr10_6`."""
    format: Literal["gml", "geojson"] = "gml"
    """What is asked for: GML, which every WFS gives, or GeoJSON."""
    srs_name: str = "urn:ogc:def:crs:EPSG::28992"
    """The reference system that is asked for, also of the window."""
    sort_by: str | None = None
    """The property by which the service sorts, where its pages are not stable without."""
    limit: int = Field(default=1000, ge=1, le=10000)
    """Features to a page."""
    most_hits: int = Field(default=50_000, ge=1)
    """From this number of features on the window is fetched in quarters: services page no further."""
    coverage: Coverage = "run"
    """Where the source is complete; what it does not hold elsewhere is unknown, not absent."""


class DownloadApi(Row, Selection, Geometry):
    """A custom download of PDOK (BRK, BGT): asked for the area of the run, and fetched as a zip when it is ready."""

    reader: Literal["download_api"]
    """How it is read."""
    url: str
    """The address where a download is asked for: it ends in `full/custom`."""
    feature_types: tuple[str, ...] = Field(min_length=1)
    """The feature types, such as `perceel`; of several, `layer` says which is read."""
    format: str = "gml"
    """The format that is asked for."""
    coverage: Coverage = "run"
    """Where the source is complete; what it does not hold elsewhere is unknown, not absent."""


class Raster(FileRow):
    """A grid of numbers; the rules say which cells count. Cells without a number are unknown and not covered.

    `nodata` declares the number that stands for no number where the file does not say; `unit` is what a cell's
    number means, in words, because files do not say that either; `scale` turns the file's numbers into that unit, where
    the file does not do so itself (its own scale and offset apply). Cells that the file masks say nothing.
    """

    reader: Literal["raster"]
    """How it is read."""
    unit: str
    """What a cell's number means; rules on it must say the same."""
    band: int = Field(default=1, ge=1)
    """Which band; 1 is the first."""
    nodata: float | None = None
    """The number that stands for no number, where the file does not say."""
    scale: float = 1.0
    """What turns the file's numbers into the unit."""
    crs: str | None = None
    """The reference system of a file that does not say."""
    coverage: Literal["cells"] | Coverage = "cells"
    """Where the source says something; `cells` is wherever a cell has a number."""


class OsmLayer(FileRow, Selection):
    """Polygons or lines of OpenStreetMap as a layer: features that have one of the keys of `tags` with a listed value.

    `*` is any value; features with a key and value of `without` are left out. Tags named in `keep`, `rename` or `where`
    become columns. Ids are OpenStreetMap's (w123, r45). `coverage: extent` is what the file itself says it covers.
    """

    reader: Literal["osm_layer"]
    """How it is read."""
    geometry: Literal["polygon", "line"] = "polygon"
    """Whether polygons or lines are read."""
    tags: dict[str, tuple[str, ...]] = Field(min_length=1)
    """Keys and values of which a feature has one; `*` is any value."""
    without: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Keys and values that a feature must not have."""
    coverage: Literal["extent"] | Coverage = "extent"
    """Where the source is complete; `extent` is what the file says it covers."""


class Bag(Row):
    """The buildings of the BAG as a layer: panden that stand, and whether there is a dwelling in them (has_dwelling).

    That follows from their verblijfsobjecten: a pand itself does not say what it is for. Rules may also ask for
    n_dwellings, year_built, pand_status and functions.
    """

    reader: Literal["bag"]
    """How it is read."""
    bag_panden: Vector
    """The buildings."""
    verblijfsobjecten: Vector
    """What is in them: dwellings and other functions."""
    coverage: Coverage | None = None
    """Where the source is complete; what it does not hold elsewhere is unknown, not absent."""


class Table(FileRow, Selection):
    """A table without geometry (csv, xlsx, parquet), one row per key."""

    reader: Literal["table"]
    """How it is read."""
    key: str
    """The column that identifies a row."""
    sheet: str | None = None
    """The sheet of a workbook; left out: the first."""


class DemandTable(Table):
    """How many homes each gemeente asks for each target group."""

    groups: tuple[str, ...] = ()
    """The target groups that the table may name; left out: those of the configuration."""


class Bag3d(FileRow, Geometry):
    """Roofs of 3DBAG as attributes on footprints (GeoPackage)."""

    reader: Literal["bag3d"]
    """How it is read."""


class CityJson(FileRow):
    """Roofs of 3DBAG as CityJSON: the same attributes, and the roof surfaces themselves."""

    reader: Literal["cityjson"]
    """How it is read."""


class Portfolio(FileRow):
    """A corporation's own list: per address, BAG id or complex, with `columns` ours: theirs."""

    reader: Literal["portfolio"]
    """How it is read."""
    sheet: str | None = None
    """The sheet of a workbook; left out: the first."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Their column for each of ours."""


class _OrUse:
    """Tells editors that an entry may be `{use: NAME}`, which is written out before the models see it."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        named = {"type": "string", "description": "The preset: a name of configs/presets, or of one's own."}
        used = {
            "type": "object",
            "description": "A preset, and what is said otherwise than it says.",
            "properties": {"use": named},
            "required": ["use"],
        }
        return {"anyOf": [used, handler(schema)]}


Service = OgcFeatures | ArcgisFeatures | Wfs | DownloadApi
"""What only a service answers."""
Fetched = Vector | Service
ParcelSource = Annotated[Fetched | OsmLayer, Field(discriminator="reader"), _OrUse()]
LayerSource = Annotated[Fetched | Raster | OsmLayer | Bag, Field(discriminator="reader"), _OrUse()]
StreetSource = Annotated[OsmPbf | OsmPlace | OsmGraph | Lines, Field(discriminator="reader"), _OrUse()]
AmenitySource = Annotated[OsmPbf | OsmPlace | Points, Field(discriminator="reader"), _OrUse()]
StopSource = Annotated[Gtfs | Stops | OsmPbf, Field(discriminator="reader"), _OrUse()]
AreaSource = Annotated[Fetched, Field(discriminator="reader"), _OrUse()]
OwnershipSource = Annotated[Table | Vector, Field(discriminator="reader"), _OrUse()]
RoofSource = Annotated[Bag3d | CityJson, Field(discriminator="reader"), _OrUse()]
KnownSource = Annotated[Table, _OrUse()]


class Areas(Model):
    """The administrative areas a site is told to lie in, and their statistics."""

    gemeenten: AreaSource | None = None
    """Municipalities."""
    provincies: AreaSource | None = None
    """Provinces."""
    wijken: AreaSource | None = None
    """Districts."""
    buurten: AreaSource | None = None
    """Neighbourhoods."""


class Buildings(Model):
    """The building stock: BAG, roof heights, and what the owner (or a register) knows of buildings by BAG id.

    ``known`` is a table by bag_pand_id with columns of Buildings: has_lift, is_monument, n_storeys, and the like.
    Monuments belong here, by BAG id: most are only roughly located, so a point in a polygon would not do.
    """

    bag_panden: AreaSource | None = None
    """Buildings of the BAG."""
    verblijfsobjecten: AreaSource | None = None
    """Dwellings and other functions of the BAG."""
    roofs_3d: RoofSource | None = None
    """Roofs and heights."""
    known: KnownSource | None = None
    """A table by bag_pand_id of what the owner knows: has_lift, is_monument, n_storeys and the like."""
    carried: Table | None = None
    """Buildings of known capacity: bag_pand_id and n_storeys_carried; look-alikes are found."""


class Sources(Model):
    """All sources of one run. A source that is left out is not covered: what it would tell is unknown.

    `faulty_rows` says what happens to rows that cannot be used (no geometry, no id, an id used twice): `stop` reports
    all of them and runs nothing; `quarantine` sets them apart in a file, with the reason, and counts them.
    """

    faulty_rows: Literal["stop", "quarantine"] = "stop"
    """What happens to rows that cannot be used: `stop` reports all and runs nothing, `quarantine` sets them apart."""

    folder: str = "data"
    """Where a `{use: NAME}` without a path has its file, and where fetched files go; beside the run file."""

    parcels: ParcelSource | None = None
    """The parcels that are assessed."""
    layers: dict[str, LayerSource] = Field(default_factory=dict)
    """The layers that rules read, by name."""
    streets: StreetSource | None = None
    """The streets."""
    amenities: dict[str, AmenitySource] = Field(default_factory=dict)
    """Amenities, and tables of jobs and centres, by name."""
    stops: dict[str, StopSource] = Field(default_factory=dict)
    """Stops and timetables, by name."""
    areas: Areas = Areas()
    """Administrative areas and their statistics."""
    ownership: OwnershipSource | None = None
    """Who owns the parcels: a table of the user's."""
    buildings: Buildings = Buildings()
    """The building stock, for roofs."""
    portfolio: Portfolio | None = None
    """A corporation's own list."""
    demand: DemandTable | None = None
    """How many homes each gemeente asks for each target group."""

    @model_validator(mode="before")
    @classmethod
    def _write_out(cls, given: object, info: ValidationInfo) -> object:
        """Write out every `{use: NAME}`, with the presets of the run's own folder over the shipped."""
        if not isinstance(given, Mapping):
            return given
        context: dict[str, Any] = info.context or {}
        return written_out(given, context.get("shelf", Shelf()))

    def rows(self) -> dict[str, Row]:
        """Every source by its dotted name (`layers.natura2000`, `areas.gemeenten`), in the order of the fields.

        Examples
        --------
        >>> Sources().rows()
        {}
        """
        found: dict[str, Row] = {}
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, Row):
                found[name] = value
            elif isinstance(value, dict):
                found.update({f"{name}.{key}": row for key, row in value.items()})
            elif isinstance(value, Model):
                parts = {key: getattr(value, key) for key in type(value).model_fields}
                found.update({f"{name}.{key}": row for key, row in parts.items() if row is not None})
        return found
