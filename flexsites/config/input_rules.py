"""What configs/inputs.yaml may say of how inputs are read: words, plausible years, signs of doubt; computes nothing."""

from __future__ import annotations

from functools import lru_cache

from pydantic import Field

from flexsites.config.base import Model, Number
from flexsites.config.load import configs_directory, read_model


class Vocabulary(Model):
    """The words that an attribute may hold, as rules write them."""

    words: tuple[str, ...] = Field(min_length=1)


class PlausibleYears(Model):
    """Which years are years; what lies outside stands for unknown.

    ``built_from`` is the first year a standing building may have; ``built_after_reference`` how many years after the
    reference date it may have been built; plans start and end from ``plan_from`` to ``plan_to``.
    """

    built_from: Number
    built_after_reference: Number
    plan_from: Number
    plan_to: Number


class Doubts(Model):
    """From where on rows are told to be doubtful.

    ``overlap_m2``: parcels that share more land are the same ground twice. Units and buildings may be of two places
    where ``units_elsewhere_share`` of the units lie in no building, and fewer than ``least_share_with_unit`` of the
    buildings have one.
    """

    overlap_m2: Number
    units_elsewhere_share: Number
    least_share_with_unit: Number


class InputRules(Model):
    """configs/inputs.yaml."""

    vocabularies: dict[str, Vocabulary]
    years: PlausibleYears
    doubts: Doubts


@lru_cache(maxsize=1)
def input_rules() -> InputRules:
    """Return what configs/inputs.yaml says."""
    return read_model(configs_directory() / "inputs.yaml", InputRules)
