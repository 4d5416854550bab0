"""How results are shown, as data: colours, what a report can carry, and the reaches of the transit diagnostic."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Annotated

from flexsites.config.base import Model, Number
from flexsites.config.plain_yaml import load_plain
from flexsites.config.units import Unit


class Colours(Model):
    """Colours as #rrggbb, shared by the report and the QGIS style."""

    verdict: dict[str, str]
    outcome: dict[str, str]
    transit: dict[str, str]
    rule: dict[str, str]
    series: tuple[str, ...]
    ramp: tuple[str, ...]
    unknown_ramp: tuple[str, ...]
    missing: str


class BaseMap(Model):
    """A base map that is fetched from its provider, only when a reader asks for it."""

    url: str
    attribution: str
    max_zoom: int


class MapBudget(Model):
    """What the report's map can carry, the layers of its background, and the base map that may take their place."""

    max_sites: Number
    max_streets: Number
    max_buildings: Number
    max_water: Number
    nearest_street_m: Number
    background: dict[str, tuple[str, ...]]
    base_map: BaseMap
    finest_simplification_m: Number
    coarsest_simplification_m: Number
    extent_per_simplification: Number


class Lists(Model):
    """How long lists may be."""

    max_shortlist: Number
    max_factsheets: Number
    max_rows_open: Number
    max_sheet_rows: Number
    max_printed_rows: Number


class TransitDiagnostic(Model):
    """The measures by mode, and the reach in m by mode of each variant of the diagnostic."""

    measures: dict[str, str]
    reaches: Annotated[dict[str, dict[str, Number]], Unit("m")]


class Scale(Model):
    """Figures given for scale."""

    national_shortage_homes: Number


class Presentation(Model):
    """The content of presentation.yaml."""

    colours: Colours
    map: MapBudget
    lists: Lists
    transit: TransitDiagnostic
    scale: Scale


@cache
def presentation() -> Presentation:
    """Return the presentation that the package carries.

    Examples
    --------
    >>> float(presentation().transit.reaches["reach_default"]["transit"])
    1125.0
    """
    text = files("flexsites.reporting").joinpath("presentation.yaml").read_text(encoding="utf-8")
    return Presentation.model_validate(load_plain(text))
