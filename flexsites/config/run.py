"""A run: one YAML file that says which pipeline, which area, which sources, which rules, and which variants."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from flexsites.config.base import Label, Model, Number
from flexsites.config.certainty import Draws
from flexsites.config.places import GemeenteName, ProvincieName
from flexsites.config.rule_sets import RuleVariant
from flexsites.config.rules import Effect, Rule
from flexsites.config.sources import Sources
from flexsites.config.units import ANY, Unit

Pipeline = Literal["provincial_sweep", "municipal_shortlist", "corporation_roofs"]
Estimate = Literal["low", "expected", "high"]
DemandObjective = Literal["elsewhere", "consent", "not_municipal", "parcels", "locations", "score"]

DEMAND_ORDER: tuple[DemandObjective, ...] = ("elsewhere", "consent", "not_municipal", "parcels", "locations")
"""What goes before what where places are chosen for a demand: homes in another municipality, parcels that need consent,
parcels that are not the municipality's, the number of parcels, the number of locations (METHOD 9)."""


class World(Model):
    """What the run invents first; its files are the sources ``world://...``.

    Either a whole synthetic municipality, or (``timetable_on``) nothing but a timetable on the real stops of one of
    the run's sources: ``world://timetable.zip``. Those stops are then read from the timetable alone, not twice.
    """

    seed: int = 1
    """The seed of the invention; the same seed gives the same place."""
    n_parcels: int | None = Field(default=None, ge=3_000, le=8_000)
    """How many parcels the municipality is laid out with; left out: the generator's own number."""
    timetable_on: str | None = None
    """A key of `sources.stops`: the run is real but for an invented timetable on these stops."""

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

    gemeenten: tuple[GemeenteName, ...] = ()
    """Municipalities, by name or by code (Ede, GM0228)."""
    provincies: tuple[ProvincieName, ...] = ()
    """Provinces, by name or by code (Noord-Holland, PV27)."""
    bbox: tuple[float, float, float, float] | None = None
    """A box in RD New: xmin, ymin, xmax, ymax."""
    is_cut: bool = False
    """Whether sites are cut off at the edge of the box, instead of taken whole."""
    within: str | None = None
    """A layer at whose polygons sites are cut off."""

    @model_validator(mode="after")
    def _cuts_once(self) -> Self:
        if self.is_cut and (self.bbox is None or self.within is not None):
            message = "is_cut needs a bbox, and goes without `within`"
            raise ValueError(message)
        return self


class Variant(RuleVariant):
    """Another reading of the same run, answered beside the base from the same overlay.

    ``effects`` and ``hardness`` switch rules; ``change`` and ``limits`` are short for what is changed most; ``replace``
    reaches everything else that decides an answer.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    """The id of the variant: the name of its folder in the results."""
    label: Label
    """What reports call the variant."""
    change: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Per rule the fields that differ (a distance, a threshold); that rule alone is computed again."""
    vetoes: tuple[str, ...] = ()
    """Parcels, by id, that stay out of the answer besides those that the run vetoes."""
    limits: Annotated[dict[str, Number], Unit(ANY)] = Field(default_factory=dict)
    """Another limit per measure, wherever a target group requires it."""
    replace: dict[str, Any] = Field(default_factory=dict)
    """By path, as the report lists figures, what stands there instead: `{pieces.min_width_m: {value: 12, ...}}`.

    Whole values, nothing is merged. Rules, times, piece tests, target groups, flexmilieus, dwelling types and the
    layout are answered from the same inputs; measures, transit, streets, amenities, roofs (`optoppen`), locations and
    sources are prepared and assessed anew.
    """
    estimate: Estimate = "expected"
    """Which estimate of the homes is counted as the expected one."""
    horizon_years: Number | None = None
    """Another horizon than the time model's."""
    term_years: Number | None = None
    """Another term than the time model's."""
    preparation_years: Number | None = None
    """Another time of preparation than the time model's."""
    bridging: str | None = None
    """Until the homes that are planned stand: land under a hard plan counts for this flexmilieu, where the plan starts
    within the horizon but no sooner than the flexmilieu's least term and the preparation. It alone is answered; parcels
    keep the verdict of the run, which flags them (`bridged_for`). Left out: such land does not count."""

    @model_validator(mode="after")
    def _is_not_the_base(self) -> Self:
        if self.id == "base":
            message = "'base' is the run itself: give the variant another id"
            raise ValueError(message)
        return self


class Shortlist(Model):
    """Which sites are put first, and get a factsheet with the homes drawn on the land."""

    flexmilieus: tuple[str, ...] = ()
    """Only sites for these flexmilieus; left out: the best of each."""
    n: int = Field(default=10, ge=1)
    """How many sites."""
    owner_class: tuple[str, ...] = ()
    """Only land of these classes of owner; left out: of any."""
    min_units: int = Field(default=1, ge=1)
    """Only sites that hold at least so many homes."""
    min_available_years: float | None = Field(default=None, ge=0)
    """Only sites known to be free for so many years; left out: any."""
    apart_m: float = Field(default=0.0, ge=0)
    """Only sites that lie at least so many metres from every better one of the same list; 0: any."""
    without_rules: tuple[str, ...] = ()
    """Only sites on which none of these rules asks consent or attention (many homes of social rent about, a soft
    soil), and where their sources say so; left out: any."""


class Run(Model):
    """What one run does.

    ``rules`` names a rule set (configs/rules/exclusion) or a file; ``own_rules`` go over it: the same id replaces a
    rule, another follows. ``flexmilieus`` are ids, in the order that breaks
    ties; empty: all that there are.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    """The name of the run: the first part of the name of its results."""
    title: Label
    """The title of its report."""
    about: Label | None = None
    """What the run is for, in the report."""
    pipeline: Pipeline
    """What is made of the results: a sweep, a shortlist with factsheets, or a corporation's workbook."""
    reference_date: date
    """The day on which rules, plans and timetables are read."""
    area: Area = Area()
    """Which sites are assessed."""
    world: World | None = None
    """What the run invents first; left out: nothing."""
    sources: Sources
    """Which outside data is read."""
    config: str | None = None
    """A folder of one's own configuration, relative to this file; left out: `flexsites_config` beside it, if there."""
    rules: str = "omgevingswet_2024"
    """The rule set: a name of configs/rules/exclusion, or a file."""
    own_rules: tuple[Rule, ...] = ()
    """Rules over the set: the same id takes the place of a rule, another id follows."""
    vetoes: tuple[str, ...] = ()
    """Parcels, by id (`site_id`), that stay out of the answer whatever else allows them: the rule `own_vetoes`, after
    all others."""
    effects: dict[str, Literal[Effect, "off"]] = Field(default_factory=dict)
    """Another effect for a rule of the set in this run, or `off`; to name a rule that is off turns it on."""
    assess: tuple[Literal["parcels", "roofs"], ...] = Field(default=("parcels",), min_length=1)
    """What is assessed: parcels, roofs, or both. Left out: parcels, and roofs where the pipeline writes about roofs."""
    flexmilieus: tuple[str, ...] = ()
    """The flexmilieus, in the order that breaks ties; left out: all that there are."""
    variants: tuple[Variant, ...] = ()
    """Other readings of the same run, answered beside it."""
    shortlist: Shortlist = Shortlist()
    """Which sites are put first and get a factsheet."""
    demand_order: tuple[DemandObjective, ...] = DEMAND_ORDER
    """Where the run has demand: what is kept small first, once as much demand as possible is met. `score` prefers sites
    that score well; what is left out does not count."""
    anchors: str | None = None
    """Published answers (a name of configs/anchors, or a file) to set the run beside."""
    certainty: Draws | None = None
    """How many draws of the figures tell how sure the answers are; left out: none are made."""
    cell_size_m: float | None = Field(default=None, ge=250)
    """The side of a cell; no result depends on it. Left out: cells of about equal number of sites, which is quicker."""
    max_sites_per_cell: int = Field(default=20_000, ge=1)
    """A cell has no more sites than this, about; no result depends on it. Fewer ask less memory and more time."""
    notes: tuple[Label, ...] = ()
    """What a reader must know of this run; in the report."""
    is_synthetic: bool = False
    """Whether the files it reads are invented: every page of its results says so, as of a place the run invents."""

    @property
    def assesses_parcels(self) -> bool:
        """Whether parcels are assessed."""
        return "parcels" in self.assess

    @property
    def assesses_roofs(self) -> bool:
        """Whether roofs are assessed."""
        return "roofs" in self.assess

    @model_validator(mode="before")
    @classmethod
    def _assesses_what_its_pipeline_writes_about(cls, content: Any) -> Any:  # noqa: ANN401 - what a file says, not yet looked at
        if isinstance(content, dict) and content.get("pipeline") == "corporation_roofs":
            return {"assess": ["roofs"]} | content
        return content

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        ids = [variant.id for variant in self.variants]
        if len(set(ids)) < len(ids):
            message = f"variants: an id is used twice in {ids}"
            raise ValueError(message)
        if len(set(self.demand_order)) < len(self.demand_order):
            message = f"demand_order names one thing twice: {', '.join(self.demand_order)}"
            raise ValueError(message)
        if len(set(self.assess)) < len(self.assess):
            message = f"assess names one thing twice: {', '.join(self.assess)}"
            raise ValueError(message)
        if self.pipeline == "corporation_roofs" and not self.assesses_roofs:
            message = "the pipeline corporation_roofs writes about roofs: add `assess: [roofs]`"
            raise ValueError(message)
        if self.assesses_parcels and self.sources.parcels is None:
            message = "sources.parcels is required for parcels (or write `assess: [roofs]`)"
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
