"""What configs/inputs.yaml may say of how inputs are read: words, plausible years, signs of doubt; computes nothing."""

from __future__ import annotations

from functools import lru_cache

from pydantic import Field

from flexsites.config.base import Model, Number
from flexsites.config.load import configs_directory, read_model


class Vocabulary(Model):
    """The words that an attribute may hold, as rules write them."""

    words: tuple[str, ...] = Field(min_length=1)
    """The words."""


class Spellings(Model):
    """What the words of a register mean, however they are written: capitals, signs and spaces do not count.

    A value means a word if it is one of its spellings, or begins with one of its codes (`1a` of "1A Onherroepelijk").
    """

    means: dict[str, tuple[str, ...]] = Field(min_length=1)
    """Per word the spellings that mean it."""
    codes: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Per word the codes that mean it, where a value begins with one."""
    unknown: tuple[str, ...] = ()
    """Spellings that say that it is not known."""
    source: str | None = None
    """Where the table is from; or `assumption: true`."""
    assumption: bool = False
    """Whether the table is a choice of ours."""
    why: str | None = None
    """Why it was chosen so."""


class PlausibleYears(Model):
    """Which years are years; what lies outside stands for unknown."""

    built_from: Number
    """The first year that a standing building may be of."""
    built_after_reference_years: Number
    """How many years after the reference date a standing building may be of."""
    plan_from: Number
    """The first year in which a plan may start or end."""
    plan_to: Number
    """The last."""


class PlausibleHeights(Model):
    """Which heights are heights; what lies outside stands for unknown."""

    nap_from_m: Number
    """The least height of ground and roofs."""
    nap_to_m: Number
    """The greatest."""
    most_storeys: Number
    """The most storeys that a building has."""


class Doubts(Model):
    """From where on rows are told to be doubtful."""

    overlap_m2: Number
    """Parcels that share more land than this are the same ground twice."""
    units_elsewhere_share: Number
    """Units and buildings may be of two places where at least this share of the units lies in no building..."""
    least_share_with_unit: Number
    """...and fewer than this share of the buildings have one."""
    same_amenity_m: Number
    """Amenities of a kind of two sources that lie no farther apart may be one."""


class FetchRules(Model):
    """How far around a run `flexsites fetch` looks."""

    reach_m: Number
    """How far around the area streets, stops and amenities matter."""


class InputRules(Model):
    """configs/inputs.yaml: how inputs are read."""

    vocabularies: dict[str, Vocabulary]
    """Per attribute, by our name, the words that it may hold."""
    spellings: dict[str, Spellings] = Field(default_factory=dict)
    """Tables that sources name in `spelled`."""
    years: PlausibleYears
    """Which years are years."""
    heights: PlausibleHeights
    """Which heights are heights."""
    doubts: Doubts
    """What makes rows doubtful."""
    fetch: FetchRules
    """How much is fetched around a run."""


@lru_cache(maxsize=1)
def input_rules() -> InputRules:
    """Return what configs/inputs.yaml says."""
    return read_model(configs_directory() / "inputs.yaml", InputRules)
