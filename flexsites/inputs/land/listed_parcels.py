"""Parcels that rules list by id: each must be there, or what the user meant to leave out stays in unseen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from flexsites.config.rules import ExclusionRule, Listed
from flexsites.config.vetoes import OWN_VETOES
from flexsites.errors import Fault
from flexsites.tables.files import read_columns

__all__ = ["strangers"]

_PARCELS = ("parcels", "context_parcels")
_WHAT = "no parcel of this run, or beside it, has these ids"
_REMEDY = "write them as site_id has them in the results, and leave out what lies outside the area"


def strangers(rules: Iterable[ExclusionRule], tables: Mapping[str, Path]) -> list[Fault]:
    """Return a fault for each rule that lists parcels which there are not.

    Parameters
    ----------
    rules
        Those that list no parcels are passed over.
    tables
        Canonical tables, by name: the parcels of a run, and those around it.
    """
    listing = [rule for rule in rules if isinstance(rule, Listed)]
    if not listing:
        return []
    there = [read_columns(tables[name], ["site_id"])["site_id"] for name in _PARCELS if name in tables]
    known = pd.Index(pd.concat(there, ignore_index=True)) if there else pd.Index([])
    faults, told = [], set[str]()
    for rule in listing:  # a variant lists what the run does, and more
        if unknown := [one for one in rule.parcels if one not in known and one not in told]:
            faults.append(Fault(_WHAT, _place_of(rule), _REMEDY, len(unknown), unknown))
            told.update(unknown)
    return faults


def _place_of(rule: ExclusionRule) -> str:
    """Return where a run file lists the parcels of a rule: that of a variant bears its id."""
    own, _, variant = (rule.part_of or rule.rule_id).partition("__")
    place = "vetoes" if own == OWN_VETOES else f"rules.{own}.parcels"
    return f"variants.{variant}.{place}" if variant else place
