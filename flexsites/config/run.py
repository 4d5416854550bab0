"""A run: one YAML file that says which pipeline, which area, which sources, which rules, and which variants."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from flexsites.config.base import Label, Model, Number
from flexsites.config.rule_sets import RuleVariant
from flexsites.config.rules import Rule
from flexsites.config.sources import Sources

Pipeline = Literal["provincial_sweep", "municipal_shortlist", "corporation_roofs"]
Estimate = Literal["low", "expected", "high"]


class World(Model):
    """What the run invents first; its files are the sources ``world://...``.

    Either a whole synthetic municipality, or (``timetable_on``) nothing but a timetable on the real stops of one of
    the run's sources: ``world://timetable.zip``. Those stops are then read from the timetable alone, not twice.
    """

    seed: int = 1
    n_parcels: int | None = Field(default=None, ge=3_000, le=8_000, description="how many it may be laid out with")
    timetable_on: str | None = Field(default=None, description="a key of sources.stops; the run is real but for this")

    @model_validator(mode="after")
    def _invents_one_thing(self) -> Self:
        if self.timetable_on is not None and self.n_parcels is not None:
            message = "a world is either a municipality (n_parcels) or a timetable on real stops (timetable_on)"
            raise ValueError(message)
        return self


class Area(Model):
    """Which sites the run assesses: those in these areas, in this box, or (nothing given) all that the source holds.

    What lies around them is read as far as the rules reach; a site's own numbers never depend on the area.
    """

    gemeenten: tuple[str, ...] = ()
    provincies: tuple[str, ...] = ()
    bbox: tuple[float, float, float, float] | None = Field(default=None, description="RD: xmin, ymin, xmax, ymax")
    is_cut: bool = Field(default=False, description="sites are cut off at the edge of the bbox, not taken whole")
    within: str | None = Field(default=None, description="a layer: sites are cut off at its polygons")

    @model_validator(mode="after")
    def _cuts_once(self) -> Self:
        if self.is_cut and (self.bbox is None or self.within is not None):
            message = "is_cut needs a bbox, and goes without `within`"
            raise ValueError(message)
        return self


class Variant(RuleVariant):
    """Another reading of the same run, answered beside the base from the same overlay.

    ``effects`` and ``hardness`` switch rules; ``change`` replaces fields of a rule (a distance, a threshold: that rule
    alone is computed again); ``limits`` replaces the limit that a measure must meet, wherever it is required;
    ``estimate`` takes the low or the high number of homes instead of the expected one; ``horizon_years``,
    ``term_years`` and ``preparation_years`` replace those of the time model.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label: Label
    change: dict[str, dict[str, Any]] = Field(default_factory=dict)
    limits: dict[str, Number] = Field(default_factory=dict)
    estimate: Estimate = "expected"
    horizon_years: Number | None = None
    term_years: Number | None = None
    preparation_years: Number | None = None

    @model_validator(mode="after")
    def _is_not_the_base(self) -> Self:
        if self.id == "base":
            message = "'base' is the run itself: give the variant another id"
            raise ValueError(message)
        return self


class Shortlist(Model):
    """Which sites are put first, and get a factsheet with the homes drawn on the land."""

    flexmilieus: tuple[str, ...] = ()
    n: int = Field(default=10, ge=1)
    owner_class: tuple[str, ...] = ()
    min_units: int = Field(default=1, ge=1)
    min_available_years: float | None = Field(default=None, ge=0)


class Run(Model):
    """What one run does.

    ``rules`` names a rule set (configs/rules/exclusion) or a file; ``own_rules`` go over it: the same id replaces a
    rule, another follows. ``flexmilieus`` are ids, in the order that breaks
    ties; empty: all that there are.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: Label
    about: Label | None = None
    pipeline: Pipeline
    reference_date: date
    area: Area = Area()
    world: World | None = None
    sources: Sources
    rules: str = "omgevingswet_2024"
    own_rules: tuple[Rule, ...] = ()
    roofs: bool | None = Field(default=None, description="assess roofs; null: where the pipeline is corporation_roofs")
    flexmilieus: tuple[str, ...] = ()
    variants: tuple[Variant, ...] = ()
    shortlist: Shortlist = Shortlist()
    anchors: str | None = Field(default=None, description="published answers (configs/anchors) to set the run beside")
    cell_size_m: float = Field(default=5000, ge=250, description="side of a cell; a whole multiple of 250 m is quick")
    max_sites_per_cell: int = Field(default=20_000, ge=1)
    notes: tuple[Label, ...] = Field(default=(), description="what a reader must know of this run; in the report")

    @property
    def assesses_parcels(self) -> bool:
        """Whether parcels are assessed."""
        return self.pipeline != "corporation_roofs"

    @property
    def assesses_roofs(self) -> bool:
        """Whether roofs are assessed."""
        return not self.assesses_parcels if self.roofs is None else self.roofs

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        ids = [variant.id for variant in self.variants]
        if len(set(ids)) < len(ids):
            message = f"variants: an id is used twice in {ids}"
            raise ValueError(message)
        if self.assesses_parcels and self.sources.parcels is None:
            message = f"sources.parcels is required by the pipeline {self.pipeline}"
            raise ValueError(message)
        if (
            self.assesses_roofs
            and self.sources.buildings.bag_panden is None
            and self.sources.buildings.roofs_3d is None
        ):
            message = "sources.buildings is required for roofs (bag_panden, roofs_3d, or both)"
            raise ValueError(message)
        on = self.world.timetable_on if self.world else None
        if on is not None and getattr(self.sources.stops.get(on), "reader", "gtfs") == "gtfs":
            without = [key for key, row in self.sources.stops.items() if row.reader != "gtfs"]
            message = f"world.timetable_on: '{on}' is none of the stops without a timetable ({', '.join(without)})"
            raise ValueError(message)
        return self
