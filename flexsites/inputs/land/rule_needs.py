"""What rules need of the layers they read: attributes, their words, true or false, and polygons.

What a rule could not read in a cell is told here, before a run, and of the whole source: a layer that lacks it is a
fault, a row that lacks it is set apart or is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from flexsites.config.input_rules import input_rules
from flexsites.config.places import Value, Where, WhereLayer
from flexsites.config.rules import (
    ExclusionRule,
    FeatureRule,
    Inside,
    InUse,
    LandUse,
    PlannedCapacity,
)
from flexsites.config.source_rows import Selection
from flexsites.config.sources import Sources
from flexsites.inputs.land.parcels import OPTIONAL_COLUMNS
from flexsites.inputs.rows.ingest import ReadReport, Rows, set_apart
from flexsites.inputs.rows.selection import asked_columns, matches
from flexsites.inputs.rows.words import booleans, by_word, nearly, strangers

_AREA = 2
PLAN_HARDNESS = "plan_hardness"
PLAN_YEARS = ("plan_start_year", "plan_completion_year")
_HOMES = "n_dwellings"
NUMBERS = (*PLAN_YEARS, _HOMES)
LAND_USE = "land_use"


@dataclass(slots=True)
class RuleNeeds:
    """What the rules that read one layer need of it.

    Attributes
    ----------
    needed
        Attributes that must be there.
    optional
        Attributes that are read if they are there, and null where they are not.
    booleans
        Attributes of which rules ask whether they are true.
    words
        Per attribute the words it may hold; another word is a fault, or unknown where the list is open.
    listed
        Per attribute the words that rules list; other words are not meant, but a word that is nearly one is a fault.
    polygons
        Rules that need polygons, and of which rows: id, and the words that rows must hold.
    no_lines
        Rules that need polygons or points, the same.
    """

    needed: dict[str, None] = field(default_factory=dict)
    optional: dict[str, None] = field(default_factory=dict)
    booleans: set[str] = field(default_factory=set)
    words: dict[str, set[str]] = field(default_factory=dict)
    listed: dict[str, set[str]] = field(default_factory=dict)
    polygons: dict[str, Where] = field(default_factory=dict)
    no_lines: dict[str, Where] = field(default_factory=dict)

    def key(self) -> Any:  # noqa: ANN401 - JSON
        """Return what a canonical file depends on."""
        shapes = [
            [rule, *sorted((name, *map(str, values)) for name, values in where.items())]
            for rule, where in (*self.polygons.items(), *self.no_lines.items())
        ]
        years = input_rules().years.model_dump(mode="json")
        names = [list(self.needed), list(self.optional), sorted(self.booleans)]
        return [*names, by_word(self.words), by_word(self.listed), shapes, years]

    def are_met_by(self, prepared: RuleNeeds) -> bool:
        """Whether a layer that was prepared for other rules also serves these: its columns, their types and words.

        A word that was not listed then was not held to those of the source: a slip of the pen would match nothing.

        Examples
        --------
        >>> RuleNeeds(listed={"status": {"nnn"}}).are_met_by(RuleNeeds(listed={"status": {"nnn", "zoekgebied"}}))
        True
        >>> RuleNeeds(listed={"status": {"nm"}}).are_met_by(RuleNeeds(listed={"status": {"nnn"}}))
        False
        """
        has_columns = self.needed.keys() <= prepared.needed.keys() and self.optional.keys() <= prepared.optional.keys()
        has_words = all(
            words <= theirs.get(name, set())
            for mine, theirs in ((self.listed, prepared.listed), (self.words, prepared.words))
            for name, words in mine.items()
        )
        return has_columns and has_words and self.booleans <= prepared.booleans

    def add(self, rule: ExclusionRule) -> None:
        """Add what a rule needs of the layer whose features it covers."""
        where = dict(getattr(rule, "where", {}))
        if isinstance(rule, PlannedCapacity):
            where[PLAN_HARDNESS] = rule.plan_hardness
            self.optional |= dict.fromkeys(NUMBERS)
        if isinstance(rule, InUse):
            self.optional |= dict.fromkeys(("n_dwellings", "has_dwelling"))
        for name, values in where.items():
            self._add_listed(name, values)
        self.needed |= dict.fromkeys(rule.number_tests)
        if isinstance(rule, FeatureRule) and rule.share is not None:
            self.needed[rule.share.attribute] = None
        figures = getattr(rule, "by_class", None) or getattr(rule, "width_m", None)
        if figures is not None:
            self._add_listed(figures.attribute, tuple(figures.values), is_whole=figures.other is None)
        if isinstance(rule, LandUse):
            self._add_listed(rule.attribute, rule.candidates)
        if isinstance(rule, Inside | PlannedCapacity | LandUse):
            self.polygons[rule.rule_id] = where
        if isinstance(rule, InUse) and rule.width_m is None:  # a dwelling may be a point, of which a yard is made
            has_yard = rule.yard_layer is not None or rule.yard_buffer_m is not None
            (self.no_lines if has_yard else self.polygons)[rule.rule_id] = where

    def add_bound(self, rule_id: str, bound: WhereLayer) -> None:
        """Add what a rule needs of the layer that it is bound to."""
        for name, values in bound.where.items():
            self._add_listed(name, values)
        self.polygons[rule_id] = bound.where

    def add_land_use(self, rule: InUse) -> None:
        """Add what a rule needs of the layer that says which parcels it asks."""
        self._add_listed(LAND_USE, rule.on_land_use)
        self.polygons[rule.rule_id] = {LAND_USE: rule.on_land_use}

    def _add_listed(self, name: str, values: Sequence[Value], *, is_whole: bool = False) -> None:
        """Add the words that a rule lists; `is_whole`: a word that is not listed has no figure, and no meaning."""
        self.needed[name] = None
        if any(isinstance(value, bool) for value in values):
            self.booleans.add(name)
            return
        texts = set(map(str, values))
        self.listed.setdefault(name, set()).update(texts)
        known = input_rules().vocabularies.get(name)
        if known is not None:
            self.words.setdefault(name, set()).update(known.words, texts)
        elif is_whole:
            self.words.setdefault(name, set()).update(texts)


def needs_of(rules: Iterable[ExclusionRule]) -> dict[str, RuleNeeds]:
    """Return, per layer, what rules need of it.

    Examples
    --------
    >>> needs_of(())
    {}
    """
    found: dict[str, RuleNeeds] = {}
    for rule in rules:
        if rule.where_layer is not None:
            found.setdefault(rule.where_layer.layer, RuleNeeds()).add_bound(rule.rule_id, rule.where_layer)
        if rule.layer_key is None:
            continue
        found.setdefault(rule.layer_key, RuleNeeds()).add(rule)
        if isinstance(rule, InUse) and rule.land_use_layer is not None:
            found.setdefault(rule.land_use_layer, RuleNeeds()).add_land_use(rule)
        if isinstance(rule, InUse) and rule.yard_layer is not None:
            found.setdefault(rule.yard_layer, RuleNeeds()).polygons[rule.rule_id] = {}
    return found


def columns_asked(sources: Sources, rules: Iterable[ExclusionRule]) -> dict[str, tuple[str, ...] | None]:
    """Return, per source of parcels and layers, the columns that may be read of it; None: all of them.

    Examples
    --------
    >>> columns_asked(Sources(), ())
    {}
    """
    needs = needs_of(rules)
    asked: dict[str, tuple[str, ...] | None] = {}
    if isinstance(sources.parcels, Selection):
        asked["parcels"] = asked_columns(sources.parcels, OPTIONAL_COLUMNS)
    for name, row in sources.layers.items():
        if isinstance(row, Selection):
            of_rules = needs.get(name, RuleNeeds())
            asked[f"layers.{name}"] = asked_columns(row, (*of_rules.needed, *of_rules.optional))
    return asked


def as_rules_read(
    rows: Rows, needs: RuleNeeds, report: ReadReport, *, is_open: bool, theirs: Mapping[str, str] | None = None
) -> Rows:
    """Return rows as rules can read them; what they could not is told, and set apart or made unknown.

    Codes that rules list as whole numbers are numbers: `0265` in a file is 265. Fewer than no homes is unknown.

    Parameters
    ----------
    rows
        Sound rows of a source, their columns by our names.
    needs
        What the rules need.
    report
        Told what was found.
    is_open
        The source's words are an open list (OpenStreetMap): a word outside is unknown and counted, not a fault.
    theirs
        Our names: how the source calls them, where it calls them otherwise.
    """
    columns = dict(rows.columns.items())
    for name in sorted(needs.booleans & set(columns)):
        found, is_strange = booleans(columns[name])
        report.strange(name, columns[name][is_strange], "recode it to true or false", is_open=is_open)
        columns[name] = found.set_axis(rows.columns.index)
    for name in sorted((set(needs.words) | set(needs.listed)) & set(columns) - needs.booleans):
        words = needs.words.get(name)
        if all(word.isdecimal() and word == str(int(word)) for word in needs.listed.get(name, ("",))):
            columns[name] = _as_numbers_are_written(columns[name])
        is_wrong = nearly(columns[name], needs.listed[name]) if words is None else strangers(columns[name], words)
        if is_wrong.any():
            known = ", ".join(sorted(needs.listed[name] if words is None else words))
            report.strange(name, columns[name][is_wrong], f"recode it to one of: {known}", is_open=is_open)
            columns[name] = columns[name].mask(is_wrong)
    for name in (name for name in NUMBERS if name in columns):
        wrong = columns[name] < 0 if name == _HOMES else _is_no_year(columns[name])
        columns[name] = report.impossible.left_out(columns[name], wrong, (theirs or {}).get(name, name))
    changed = Rows(rows.ids, pd.DataFrame(columns, index=rows.columns.index), rows.geometry)
    return set_apart(changed, _unreadable(changed, needs), report)


def _as_numbers_are_written(column: pd.Series) -> pd.Series:
    """Return a column of codes without the zeros that stand before them.

    Examples
    --------
    >>> _as_numbers_are_written(pd.Series(["0265", "26", None, "x0"])).tolist()
    ['265', '26', nan, 'x0']
    """
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column
    return column.astype("str").str.replace(r"^0+(?=\d+$)", "", regex=True)


def _is_no_year(column: pd.Series) -> pd.Series[bool]:
    """Return which years no plan can have, or are none (2027.5)."""
    years = input_rules().years
    is_outside = (column < float(years.plan_from)) | (column > float(years.plan_to))
    return (is_outside | (column % 1 != 0)) & column.notna()


def _unreadable(rows: Rows, needs: RuleNeeds) -> NDArray[np.object_]:
    """Return per row why a rule that means it cannot read it; null: all can."""
    reason = np.full(len(rows.ids), None, dtype=object)
    dimension = shapely.get_dimensions(rows.geometry)
    for asked, is_wrong, what in (
        (needs.polygons, dimension < _AREA, "not a polygon"),
        (needs.no_lines, dimension == _AREA - 1, "a line"),
    ):
        for rule_id, where in asked.items() if is_wrong.any() else ():
            is_meant = is_wrong.copy()
            for name, values in where.items():
                is_meant &= matches(rows.columns[name], values) if name in rows.columns else False
            reason[is_meant] = f"{what}, which rule {rule_id} cannot read"
    return reason
