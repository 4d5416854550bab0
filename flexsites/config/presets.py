"""Presets: how a register is got and read, so that a run names it in a line (`natura2000: {use: natura2000}`).

A preset (configs/presets/*.yaml, or one's own) says through which doors the register comes, and per place in a run the
entry that is written out for it. Where a register names its columns in several ways, the entry lists them as `namings`
and the file itself says which it is. Nothing is fetched here and no file is opened.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import PurePosixPath
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from flexsites.config.base import Label, Model
from flexsites.config.load import read_model
from flexsites.config.shelf import Shelf
from flexsites.errors import ConfigError, Fault

DoorKind = Literal[
    "geoparquet",
    "ogc_api",
    "wfs",
    "arcgis",
    "download",
    "atom",
    "tiles",
    "file",
    "cityjson_api",
    "overpass",
    "on_request",
]
RD_URI = "http://www.opengis.net/def/crs/EPSG/0/28992"


class BboxParameters(Model):
    """How a service is asked for a window, where it can be asked."""

    bbox: str = "bbox"
    """The parameter that holds the window: xmin, ymin, xmax, ymax."""
    crs: str | None = "bbox-crs"
    """The parameter that says in which system the window is; left out: the window itself ends with it (WFS)."""


class Door(Model):
    """One way in which a register comes: what kind of service, its address, and what to ask it."""

    kind: DoorKind
    """The kind of service; `file` is a whole file at an address, `on_request` comes only from its owner."""
    address: str | None = None
    """The address; left out where there is none to be had."""
    format: Literal["parquet", "geojson", "gml", "gpkg", "zip", "pbf", "cityjson", "tif", "csv", "other"] = "other"
    """What comes: the form of the files."""
    layers: tuple[str, ...] = ()
    """The collections, feature types or layers to ask for; left out: there is one, or the file has all."""
    crs: str = RD_URI
    """The reference system to ask for, as this service writes it."""
    bbox: BboxParameters | None = None
    """How a window is asked; left out: the whole comes."""
    page_size: int | None = Field(default=None, ge=1)
    """Features to a page, at most; left out: no pages."""
    columns: tuple[str, ...] = ()
    """The columns to ask for where a door can give some alone; left out: those that the entry reads."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """What the service is told besides: parameters of a query, or the body of a request for a download; of a feed the
    `title` and the `dataset` that are meant (patterns); of tiles the columns of the index with addresses (`column`)
    and with digests (`sha256`), and that of the ids (`id`)."""
    is_seen: bool = False
    """Whether the answer of this door was seen in code, schemas or recordings, not only read about."""
    notes: str = ""
    """Where this door bites."""

    @model_validator(mode="after")
    def _has_an_address(self) -> Self:
        if self.address is None and self.kind not in ("on_request", "overpass", "file", "wfs"):
            message = f"a door of kind {self.kind} has an address"
            raise ValueError(message)
        has_layers = bool(self.layers) or self.format == "cityjson"
        if self.kind == "tiles" and not (has_layers and "column" in self.parameters):
            message = "a door of tiles names layers, and in its parameters the `column` of addresses"
            raise ValueError(message)
        return self


class Sign(Model):
    """What tells that a file is of this register, where its namings do not."""

    kind: Literal["vector", "table"] = "vector"
    """Whether it has geometry."""
    has: tuple[str, ...] = ()
    """Columns that it has, all of them."""
    names: tuple[str, ...] = ()
    """Patterns of which its layer, or its file, fits one."""
    says: dict[str, Any] = Field(default_factory=dict)
    """What a run must say besides, of a file of this sign."""

    @model_validator(mode="after")
    def _tells_something(self) -> Self:
        if not (self.has or self.names):
            message = "a sign has columns or names"
            raise ValueError(message)
        return self


class Form(Model):
    """The entry for files of one form (GeoPackage and the like, or CityJSON): the first whose pattern fits counts."""

    files: tuple[str, ...] = ("*",)
    """Names of files of this form, such as `*.city.json`."""
    entry: dict[str, Any]
    """What a run would write of such a file: its reader and the options of it, without a path."""
    signs: tuple[Sign, ...] = ()
    """What tells such a file, besides the columns of its namings."""


class Template(Model):
    """An empty file that its owner fills in."""

    columns: dict[str, Literal["text", "number", "truth"]] = Field(min_length=1)
    """Its columns, and what each holds."""
    has_geometry: bool = False
    """Whether its rows are drawn on the map, as polygons in RD New."""


class Preset(Model):
    """A register as a run uses it."""

    label: Label
    """What people call it."""
    about: str
    """The row of the catalogue that says its provider, licence, attribution, edition and traps."""
    file: str
    """The name that the file gets when it is fetched, and under which it is looked for when a run names none."""
    serves: dict[str, tuple[Form, ...]] = Field(min_length=1)
    """Per place in a run (`parcels`, `layers.natura2000`, `areas.gemeenten`) the entry that is written out for it."""
    starts: tuple[str, ...] = ()
    """The places for which `flexsites init` names it, in a run of parcels."""
    names: tuple[str, ...] = ()
    """Patterns of the names of files and layers: they count where columns alone (`naam`) could be of anything."""
    values: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Per column, where a file has it, patterns of which its first value fits one."""
    doors: tuple[Door, ...] = ()
    """The ways in which it comes, the best for one municipality first."""
    is_whole: bool = False
    """Whether the whole register is read, not a window of it: areas by name, a timetable."""
    covers_by_province: bool = False
    """Whether it is complete in some provinces and not in others: a run must say in which."""
    traps: tuple[str, ...] = ()
    """What goes wrong with it in this use, besides the traps that the catalogue tells."""
    template: Template | None = None
    """What `flexsites sources template NAME` writes."""
    unknown_without: Label | None = None
    """What stays unknown in a run that does not have it."""
    ask: Label | None = None
    """Whom to ask for it, where no open service has it."""

    @model_validator(mode="after")
    def _serves_places(self) -> Self:
        wrong = [place for place in self.serves if not is_place(place)]
        if wrong:
            message = f"no place in a run: {', '.join(wrong)}"
            raise ValueError(message)
        return self

    def forms(self, place: str) -> tuple[Form, ...]:
        """Return the forms for a place in a run.

        Raises
        ------
        KeyError
            If it serves no such place.
        """
        return self.serves[place if place in self.serves else _any_of(place)]

    def entry(self, place: str, path: str | None = None) -> dict[str, Any]:
        """Return the entry for a place in a run, for a file of that name.

        Raises
        ------
        KeyError
            If it serves no such place, or no form of it fits the name.
        """
        name = PurePosixPath(path or self.file).name.lower()
        for form in self.forms(place):
            if any(fnmatch(name, pattern) for pattern in form.files):
                return dict(form.entry)
        raise KeyError(name)


_GROUPS = ("layers", "amenities", "stops", "areas", "buildings")
_ALONE = ("parcels", "streets", "ownership", "portfolio", "demand")


def is_place(place: str) -> bool:
    """Whether a dotted name is a place for a source in a run; `stops.*` stands for any name in that group.

    Examples
    --------
    >>> is_place("parcels"), is_place("layers.natura2000"), is_place("stops.*"), is_place("layers")
    (True, True, True, False)
    """
    group, dot, name = place.partition(".")
    return place in _ALONE or (group in _GROUPS and bool(dot) and bool(name))


def _any_of(place: str) -> str:
    return f"{place.partition('.')[0]}.*"


def read_preset(name: str, shelf: Shelf) -> Preset:
    """Return a preset by its name, one's own before the shipped.

    Raises
    ------
    ConfigError
        If there is none of that name, or its file is not as it should be.
    """
    known = shelf.files("presets")
    if name not in known:
        raise ConfigError(Fault(f"there is no preset '{name}'", "sources", f"use one of {', '.join(known)}"))
    return read_model(known[name], Preset)


def read_presets(shelf: Shelf) -> dict[str, Preset]:
    """Return all presets by name."""
    return {name: read_model(path, Preset) for name, path in shelf.files("presets").items()}


def written_out(sources: Mapping[str, Any], shelf: Shelf) -> dict[str, Any]:
    """Return the sources of a run file with every `{use: NAME}` written out as the entry that the preset gives.

    What the run says beside `use` takes the place of what the preset says, key by key. A path that is left out is the
    preset's own file in the folder of the run's sources, where `flexsites fetch` puts it.

    Raises
    ------
    ConfigError
        With every `use` that cannot be followed.
    """
    folder, faults = str(sources.get("folder", "data")), list[Fault | str]()

    def put(place: str, raw: object) -> object:
        try:
            return _entry_of(place, raw, shelf, folder) if isinstance(raw, Mapping) and "use" in raw else raw
        except ConfigError as error:
            faults.extend(error.faults)
            return raw

    found = dict(sources)
    for place, raw in list(_places_in(sources)):
        group, _, name = place.partition(".")
        if name:
            found[group] = {**found[group], name: put(place, raw)}
        else:
            found[group] = put(place, raw)
    if faults:
        raise ConfigError(faults)
    return found


def _places_in(sources: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    for name, value in sources.items():
        if name in _ALONE:
            yield name, value
        elif name in _GROUPS and isinstance(value, Mapping):
            yield from ((f"{name}.{key}", one) for key, one in value.items())


def _entry_of(place: str, raw: Mapping[str, Any], shelf: Shelf, folder: str) -> dict[str, Any]:
    """Return one entry written out."""
    where = f"sources.{place}"
    name = str(raw["use"])
    if "reader" in raw:
        what = f"`use: {name}` says how it is read, and `reader` says so again"
        raise ConfigError(Fault(what, where, "leave one of the two out"))
    preset = read_preset(name, shelf)
    own = {key: value for key, value in raw.items() if key != "use"}
    kinds = list(dict.fromkeys(one.kind for one in preset.doors))
    if "door" in own and own["door"] not in kinds:
        what = f"the preset {name} has no door of kind {own['door']}"
        raise ConfigError(Fault(what, where, f"use one of {', '.join(kinds) or 'none'}, or leave it out"))
    path = own.get("path", f"{folder}/{preset.file}")
    first = path if isinstance(path, str) else str(next(iter(path), ""))
    try:
        entry = preset.entry(place, first)
    except KeyError as error:
        if place not in preset.serves and _any_of(place) not in preset.serves:
            what = f"the preset {name} is not for here"
            raise ConfigError(Fault(what, where, f"it serves {', '.join(preset.serves)}")) from error
        what = f"the preset {name} does not read {PurePosixPath(first).name}"
        forms = {pattern for one in preset.serves.values() for form in one for pattern in form.files}
        raise ConfigError(Fault(what, where, f"give a file such as {', '.join(sorted(forms))}")) from error
    asked = {"path": own.pop("path")} if "path" in own else {}
    parts = {  # an entry that joins two sources (the BAG): each has the path that is given, or its own
        key: _entry_of(f"buildings.{key}", {**one, **asked}, shelf, folder)
        for key, one in {**entry, **own}.items()
        if isinstance(one, dict) and "use" in one
    }
    return {"about": preset.about, "preset": name, **({} if parts else {"path": path}), **entry, **own, **parts}
