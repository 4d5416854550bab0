"""What entries of sources have in common: where they speak, what they are, which rows and columns are read of them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from flexsites.config.base import Figure, Model
from flexsites.config.catalogue import About
from flexsites.config.places import GemeenteName, ProvincieName
from flexsites.config.units import Unit

Value = str | int | float | bool
Where = dict[str, tuple[Value | None, ...]]
Paths = str | tuple[str, ...]


class CoverageOf(Model):
    """Where a source says something: in named areas, in a box, or within polygons of a file.

    Areas not named are not covered: what the source does not hold there is unknown, not absent.
    """

    gemeenten: tuple[GemeenteName, ...] = ()
    """Municipalities that are covered, by name or code."""
    provincies: tuple[ProvincieName, ...] = ()
    """Provinces that are covered, by name or code."""
    gemeenten_partly: tuple[GemeenteName, ...] = ()
    """Municipalities that are covered in part, by name or code."""
    provincies_partly: tuple[ProvincieName, ...] = ()
    """Provinces that are covered in part, by name or code."""
    bbox: tuple[float, float, float, float] | None = None
    """A box in RD New that is covered: xmin, ymin, xmax, ymax."""
    path: str | None = None
    """A file of polygons within which the source says something."""
    layer: str | None = None
    """The layer in that file."""

    @model_validator(mode="after")
    def _says_something(self) -> CoverageOf:
        """Refuse an empty statement: `none` is how a source is said to cover nothing."""
        if not self.model_fields_set:
            msg = "name gemeenten, provincies, a bbox or a path of polygons, or write `coverage: none`"
            raise ValueError(msg)
        return self


Coverage = Literal["run", "everywhere", "none"] | CoverageOf
"""Where a source is complete: wherever the run looks (`run`), in the whole country (`everywhere`), nowhere, or there.

It is stated, never guessed of the features: where a file holds nothing it may say "nothing is here", or nothing at all.
"""


class Row(Model):
    """What every source has: what it is, and what a person should know of this use of it."""

    about: str | About
    """What the dataset is: the id of a row of the catalogue, or written out."""
    notes: str = ""
    """What a person should know of this use of it."""
    preset: str | None = None
    """The preset that this entry was written out of, where the run says `use: NAME`."""
    door: str | None = None
    """The kind of door of that preset that is tried first, such as `overpass`; left out: in the preset's order."""


class FileRow(Row):
    """A source that is one file, or several files of the same form."""

    path: Paths
    """The file, or several of the same form: relative to the run file, a URL, or world://file."""
    sha256: str | tuple[str, ...] | None = None
    """The SHA-256 that the file must have, as its provider states it; of several files, one each."""

    @property
    def paths(self) -> tuple[str, ...]:
        """The files, as written in the configuration."""
        return (self.path,) if isinstance(self.path, str) else self.path


class Pairs(Model):
    """A column made of kinds and their values, of which one row may hold several (the dimensions of a zoning plan).

    Of several values of the kinds asked for the least holds. A row that names none of them is null.
    """

    kind: str
    """The column of kinds; without `value` its text is `"kind"="value", "kind"="value"`."""
    value: str | None = None
    """The column of values, in the order of the kinds."""
    of: tuple[str, ...] = Field(min_length=1)
    """The kinds whose value is taken; of a kind written as a path (`height; maximum height`) the last part counts."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The source's columns that are read for it."""
        return (self.kind,) if self.value is None else (self.kind, self.value)


class Selection(Model):
    """Which rows and columns of a table are read, and under which names.

    `where` holds per column the values that are kept (null among them keeps rows without); `single` columns of which
    all rows kept must have one value; `keep` the columns that travel on (`*`: all); `rename` their new names (theirs:
    ours); `recode` per column, by its new name, what each value becomes (a word, true, false or null): a value that is
    not listed is a fault, never dropped in silence; `spelled` is the same by a table that many deliveries share,
    whatever their capitals and signs; `pairs` makes a column of kinds and their values; `constants` columns that are
    the same for all rows. `id_column` null makes ids out of the row (a hash), for sources without. `nulls` are values
    that stand for null (-99997 and the like of CBS, 9999 as a building year).
    """

    where: Where = Field(default_factory=dict)
    """Per column the values that are kept; null among them keeps rows without."""
    single: tuple[str, ...] = ()
    """Columns that hold one value in all rows kept, such as the year of a delivery; several are a fault."""
    keep: tuple[str, ...] = ()
    """The columns that travel on; `*` is all of them."""
    rename: dict[str, str] = Field(default_factory=dict)
    """New names of columns, theirs to ours."""
    recode: dict[str, dict[str, str | bool | None]] = Field(default_factory=dict)
    """Per column, by its new name, what each value becomes: a word, true, false or null; one not listed is a fault."""
    spelled: dict[str, str] = Field(default_factory=dict)
    """Per column, by its new name, the table of spellings (configs/inputs.yaml) that says what each value means."""
    pairs: dict[str, Pairs] = Field(default_factory=dict)
    """Columns, by their new names, that are numbers of one kind out of columns of kinds and values."""
    constants: dict[str, Value | None] = Field(default_factory=dict)
    """Columns that are the same for all rows; null is for what the source does not tell."""
    nulls: tuple[Value, ...] = ()
    """Values that stand for null, such as -99997."""
    id_column: str | None = None
    """The column that identifies a row; left out: ids are made out of the row."""
    id_columns: tuple[str, ...] = ()
    """Columns that identify a row together, such as cadastral municipality, section and number; joined by spaces."""
    id_prefix: str = ""
    """What is put before every id."""

    @model_validator(mode="after")
    def _has_one_kind_of_id(self) -> Selection:
        """Refuse ids of one column and of several at once."""
        if self.id_column is not None and self.id_columns:
            msg = "`id_column` and `id_columns` both say what identifies a row: leave one out"
            raise ValueError(msg)
        return self

    @property
    def identifying(self) -> tuple[str, ...]:
        """The source's columns that identify a row; none: ids are made out of the row."""
        return self.id_columns if self.id_column is None else (self.id_column,)


class Geometry(Model):
    """How the geometry of a file is understood.

    `crs` declares the reference system of a file that does not say; a file that says another is a fault.
    `geometry_column` chooses among several (a Perceel of the BRK has a label point and a polygon). Arcs become chords
    of at most `arc_step_degrees`: for a radius r the chord lies at most r * (1 - cos(step / 2)) inside the arc.
    """

    layer: str | None = None
    """The layer in the file; left out: its only one."""
    crs: str | None = None
    """The reference system of a file that does not say; a file that says another is a fault."""
    geometry_column: str | None = None
    """Which geometry, where a file has several."""
    arc_step_degrees: Annotated[Figure | None, Unit("deg")] = None
    """Arcs become chords of at most this angle."""


class Periods(Model):
    """Columns with homes per period, of plans: {column: [first year, last year]}.

    A plan starts in the first year of its first period with homes and is completed in the last of the last; one without
    homes in any is no plan any more. Of homes whose period is not known (`without_period`) neither year is.
    """

    periods: dict[str, tuple[int, int]] = Field(default_factory=dict)
    """Columns with homes per period, of plans, with the first and the last year of each."""
    without_period: tuple[str, ...] = ()
    """Columns with homes of which no period is known."""

    @model_validator(mode="after")
    def _has_periods_in_time(self) -> Periods:
        """Refuse a period that ends before it begins."""
        wrong = [name for name, (first, last) in self.periods.items() if first > last]
        if wrong:
            msg = f"periods that end before they begin: {', '.join(wrong)}"
            raise ValueError(msg)
        if self.without_period and not self.periods:
            msg = "`without_period` goes with `periods`"
            raise ValueError(msg)
        return self


class Naming(Selection, Geometry, Periods):
    """One way in which a register names its columns, and how it is then read.

    What it says takes the place of what the entry says, key by key. Columns of `where`, `keep`, `rename` and `recode`
    that a delivery does not have are passed over, unless `has` asks them: of an optional element every value is null.
    """

    has: tuple[str, ...] = Field(min_length=1)
    """Columns, or elements of GML, that all are there in this way of naming and not all in another."""
    also: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Other names that deliveries give to a column, by the one that is used here; the first that is there counts."""
    looks: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Per column, patterns of which its first value fits one: of names that are cut off it may be one of several."""
    named: tuple[str, ...] = ()
    """Patterns of which the name of the file, or of its layer, fits one: where its columns could be of anything."""
    member: str | None = None
    """The name of its file in a zip of several (a pattern): where that has no features, nothing is there."""
    lacks: tuple[str, ...] = ()
    """Columns of which none is there."""
