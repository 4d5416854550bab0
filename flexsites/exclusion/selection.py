"""Which features of a layer a rule means, and of which that is unknown: a null attribute is never a no."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import shapely

from flexsites.arrays import BoolArray, FloatArray, GeometryArray, IntArray
from flexsites.config.places import NumberTest, Place, Value, Where, WhereNumber
from flexsites.config.rule_parts import ByClass
from flexsites.config.rules import (
    ExclusionRule,
    FeatureRule,
    InUse,
    LandUse,
    PlannedCapacity,
    WithinDistance,
)
from flexsites.errors import Fault, InputError
from flexsites.exclusion.kernels.pieces import Plans
from flexsites.tables import Frame

_AREA = 2
UNKNOWN_OWNER = "onbekend"
"""The class of owner that says that the class is not known."""


def select(layers: Frame, layer: str, where: Where, *, rule_id: str, where_number: WhereNumber | None = None) -> Frame:
    """Return the rows of a layer that a where-clause means; a null number is not among those that count.

    Numbers and the texts of numbers are the same value (zone 1 is zone "1"); 0 and 1 are false and true.

    Raises
    ------
    InputError
        If the clause names an attribute that no layer has, or asks for true or false where texts stand.
    """
    # Of the many columns of all layers only those that are asked are looked at; rows are taken once.
    at = np.flatnonzero(is_of_layer(layers, layer))
    if len(at):
        for name, values in where.items():
            at = at[is_listed(_attribute_at(layers, at, name, layer, rule_id), values, layer, rule_id)]
        for name, test in (where_number or {}).items():
            at = at[passes(_attribute_at(layers, at, name, layer, rule_id), test, layer, rule_id)]
    return _at(layers, at)


def _at(layers: Frame, at: IntArray) -> Frame:
    """Return rows by position; those that follow each other as a slice, which copies none of the many columns."""
    if len(at) and at[-1] - at[0] != len(at) - 1:
        return layers.iloc[at]
    return layers.iloc[at[0] : at[-1] + 1] if len(at) else layers.iloc[:0]


def is_of_layer(layers: Frame, layer: str | None) -> BoolArray:
    """Return which rows are of a layer, shape (n,)."""
    # On the array: every rule asks it in every cell, and a column takes twice as long as what it asks.
    return np.asarray(layers["layer"].array == layer, dtype=bool)


def of_share(rows: Frame, rule: ExclusionRule) -> Frame:
    """Return the rows that a rule is of by the share of its land that each takes; all where it asks for none.

    Raises
    ------
    InputError
        If the source lacks the attribute, or holds what is no share in it.
    """
    if not isinstance(rule, FeatureRule) or rule.share is None or rule.share_part is None or not len(rows):
        return rows
    name, whole = rule.share.attribute, rule.share.whole
    found = attribute_of(rows, name, rule.layer_key or "", rule.rule_id)
    share = pd.to_numeric(found, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan) / whole
    is_wrong = (np.isnan(share) & found.notna().to_numpy(dtype=bool)) | (share < 0.0) | (share > 1.0)
    if is_wrong.any():
        said = ", ".join(map(str, found[is_wrong].unique()[:3]))
        what = f"rule {rule.rule_id} asks a share from 0 to {whole:g} of '{name}', and it holds {said}"
        remedy = "say in the rule on which scale it is (share.scale), or recode it in the source's entry"
        raise InputError(Fault(what, f"{rule.layer_key}.{name}", remedy, int(is_wrong.sum())))
    parts = {"whole": share == 1.0, "partly": (share > 0.0) & (share < 1.0), "unknown": np.isnan(share)}
    chosen: Frame = rows[parts[rule.share_part]]
    return chosen


def passes(found: pd.Series[Any], test: NumberTest, layer: str, rule_id: str) -> BoolArray:
    """Return which numbers a test means; null is not.

    Raises
    ------
    InputError
        If the attribute holds texts that are no numbers.
    """
    numbers = pd.to_numeric(found, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = found[np.isnan(numbers) & found.notna().to_numpy(dtype=bool)]
    if len(wrong):
        what = f"rule {rule_id} asks a number of '{found.name}', and it holds {', '.join(map(str, wrong.unique()[:3]))}"
        raise InputError(Fault(what, f"{layer}.{found.name}", "recode it in the source's entry", len(wrong)))
    low = -np.inf if test.at_least is None else float(test.at_least)
    high = np.inf if test.below is None else float(test.below)
    return np.asarray((numbers >= low) & (numbers < high), dtype=bool)


def bears_on(parcels: Frame, rule: ExclusionRule) -> tuple[BoolArray, BoolArray]:
    """Return on which parcels a rule holds, and of which that is unknown; shape (n,) each.

    A rule told apart by place names the parcels that it is for and those that it is not for. A parcel without a
    municipality or province, or of an unknown owner, may be one of them or not: unknown is never read as no.

    Examples
    --------
    >>> from flexsites.config.places import Place
    >>> from flexsites.config.rules import Inside
    >>> label = {"nl": "a", "en": "a"}
    >>> rule = Inside(rule_id="a", kind="inside", label=label, effect="flag", layer="a", source="a test",
    ...     only=Place(gemeenten=("GM0363",)))
    >>> codes = pd.DataFrame({"gemeente_code": ["GM0363", "GM0014", None]})
    >>> [mask.tolist() for mask in bears_on(codes, rule)]
    [[True, False, False], [False, False, True]]
    """
    holds, may = np.ones(len(parcels), dtype=bool), np.ones(len(parcels), dtype=bool)
    if rule.only is not None:
        holds, may = _is_of(parcels, rule.only)
    for place in rule.not_in:
        is_there, may_be = _is_of(parcels, place)
        holds, may = holds & ~may_be, may & ~is_there
    return holds, may & ~holds


def _is_of(parcels: Frame, place: Place) -> tuple[BoolArray, BoolArray]:
    """Return which parcels surely are of a place, and which may be (those too)."""
    surely, may = np.ones(len(parcels), dtype=bool), np.ones(len(parcels), dtype=bool)
    for column, names in _asked_of(place).items():
        found = parcels[column]
        is_listed_there = found.isin(list(names)).to_numpy(dtype=bool)
        is_open = (found.isna() | (found == UNKNOWN_OWNER).fillna(value=False)).to_numpy(dtype=bool)
        surely, may = surely & is_listed_there, may & (is_listed_there | is_open)
    return surely, may


def _asked_of(place: Place) -> dict[str, tuple[str, ...]]:
    """Return the columns of parcels that a place asks, with the values that are of it."""
    asked = {"gemeente_code": place.gemeenten, "provincie_code": place.provincies, "owner_class": place.owners}
    return {column: names for column, names in asked.items() if names}


def select_bound(layers: Frame, rule: ExclusionRule) -> tuple[GeometryArray, GeometryArray]:
    """Return the polygons that a rule is bound to, and those of which a null attribute leaves open whether it is.

    Raises
    ------
    InputError
        If the layer holds lines or points, or lacks an attribute that is asked.
    """
    bound = rule.where_layer
    nothing = np.array([], dtype=object)
    if bound is None:
        return nothing, nothing
    here = layers[is_of_layer(layers, bound.layer)]
    found = areas_of(select(layers, bound.layer, bound.where, rule_id=rule.rule_id), rule)
    is_possible, is_open = np.ones(len(here), dtype=bool), np.zeros(len(here), dtype=bool)
    for name, values in bound.where.items() if len(here) else ():
        is_null = attribute_of(here, name, bound.layer, rule.rule_id).isna().to_numpy(dtype=bool)
        is_open |= is_null
        is_possible &= is_null | is_listed(here[name], values, bound.layer, rule.rule_id)
    return found, geometry_of(here[is_possible & is_open])


def select_plans(layers: Frame, rule: PlannedCapacity) -> tuple[GeometryArray, FloatArray, FloatArray]:
    """Return the polygons of the plans that a rule counts, their start and their completion year (NaN: unknown)."""
    rows = of_share(select(layers, rule.layer, {"plan_hardness": rule.plan_hardness}, rule_id=rule.rule_id), rule)
    if not len(rows):
        return np.array([], dtype=object), np.zeros(0), np.zeros(0)
    years = [_number(rows, name, rule) for name in ("plan_start_year", "plan_completion_year")]
    return areas_of(rows, rule), years[0], years[1]


def open_plans(layers: Frame, rules: Sequence[PlannedCapacity], *, reference: float) -> Plans:
    """Return the plans that rules count and that are not completed before a reference year, in the rules' order.

    ``plan_chance`` is an attribute that a source may give: the chance in [0, 1] that a soft plan goes on.
    """
    found = []
    for rule in rules:
        for hardness in rule.plan_hardness:
            one = rule.model_copy(update={"plan_hardness": (hardness,)})
            shapes, start, completion = select_plans(layers, one)
            rows = of_share(select(layers, rule.layer, {"plan_hardness": (hardness,)}, rule_id=rule.rule_id), one)
            has_chance = "plan_chance" in rows.columns
            chance = _number(rows, "plan_chance", rule) if has_chance else np.full(len(shapes), np.nan)
            is_open = ~(completion < np.floor(reference))
            is_hard = np.full(len(shapes), hardness == "hard")
            found.append((shapes[is_open], start[is_open], is_hard[is_open], chance[is_open]))
    if not found:
        return Plans(np.array([], dtype=object), np.zeros(0), np.zeros(0, dtype=bool), np.zeros(0))
    return Plans(*(np.concatenate(columns) for columns in zip(*found, strict=True)))


def select_unknown(layers: Frame, rule: ExclusionRule) -> GeometryArray:
    """Return the features of which a null attribute leaves open whether the rule means them, shape (n,).

    A feature that another attribute rules out is not among them; nor is one whose null class has a figure of its own.
    """
    asked = [name for name in dict.fromkeys([*_conditions(rule), *rule.number_tests]) if name in layers.columns]
    if not asked:
        return np.array([], dtype=object)
    is_here = is_of_layer(layers, rule.layer_key)
    if not is_here.any():
        return np.array([], dtype=object)
    rows = layers.loc[is_here, [*asked, "geometry"]]
    is_possible, is_open = np.ones(len(rows), dtype=bool), np.zeros(len(rows), dtype=bool)
    for name, values in _conditions(rule).items():
        if name in rows.columns:
            is_null = rows[name].isna().to_numpy() & ~_has_own_width(rows, rule, name)
            is_open |= is_null
            if values is not None:
                is_possible &= is_null | is_listed(rows[name], values, str(rule.layer_key), rule.rule_id)
    for name, test in rule.number_tests.items():
        if name in rows.columns:
            is_null = rows[name].isna().to_numpy(dtype=bool)
            is_open |= is_null
            is_possible &= is_null | passes(rows[name], test, str(rule.layer_key), rule.rule_id)
    return geometry_of(rows[is_possible & is_open])


def _has_own_width(rows: Frame, rule: ExclusionRule, name: str) -> BoolArray:
    """Return which features need no class: lines get the width of theirs, land is as wide as it is drawn."""
    is_asked = isinstance(rule, InUse) and rule.width_m is not None and rule.width_m.attribute == name
    return (shapely.get_dimensions(geometry_of(rows)) >= _AREA) & is_asked


def _conditions(rule: ExclusionRule) -> dict[str, Sequence[Value] | None]:
    """Return the attributes that decide whether a rule means a feature, with the values listed; None: any value."""
    asked: dict[str, Sequence[Value] | None] = dict(getattr(rule, "where", {}))
    if isinstance(rule, PlannedCapacity):
        asked["plan_hardness"] = rule.plan_hardness
    if isinstance(rule, LandUse):
        asked[rule.attribute] = None
    figures = rule.by_class if isinstance(rule, WithinDistance) else rule.width_m if isinstance(rule, InUse) else None
    if figures is not None and figures.other is None:
        asked[figures.attribute] = None
    return asked


def _attribute_at(layers: Frame, at: IntArray, name: str, layer: str, rule_id: str) -> pd.Series[Any]:
    """Return an attribute of some rows, as ``attribute_of`` does, without making a table of those rows."""
    if name not in layers.columns:
        return attribute_of(layers.iloc[at], name, layer, rule_id)
    return layers[name].iloc[at]


def attribute_of(rows: Frame, name: str, layer: str, rule_id: str) -> pd.Series[Any]:
    """Return an attribute of a layer.

    Raises
    ------
    InputError
        If the layer does not have it.
    """
    if name not in rows.columns:  # all null is no fault: a cell may hold only features of which it is unknown
        known = [column for column in rows.columns if column not in ("layer", "feature_id", "part", "geometry")]
        known = [column for column in known if rows[column].notna().any()]
        remedy = f"keep it in the source's entry, or use one of {', '.join(known) or '(none)'}"
        raise InputError(Fault(f"rule {rule_id} asks for '{name}', which this layer does not have", layer, remedy))
    return rows[name]


def is_listed(found: pd.Series[Any], values: Sequence[Value], layer: str, rule_id: str) -> BoolArray:
    """Return which values are among those listed; null is not.

    Raises
    ------
    InputError
        If true or false is asked of texts, which no text equals.
    """
    distinct = found.dropna().unique()
    if any(isinstance(value, bool) for value in values):
        texts = sorted(str(value) for value in distinct if isinstance(value, str))
        if texts:
            what = f"rule {rule_id} asks whether '{found.name}' is true or false, and it holds {', '.join(texts[:3])}"
            remedy = "recode it in the source's entry, or list these texts in the rule"
            raise InputError(Fault(what, f"{layer}.{found.name}", remedy))
        return found.isin(list(values)).to_numpy()
    wanted = {_as_text(value) for value in values}
    return found.isin([value for value in distinct if _as_text(value) in wanted]).to_numpy()


def _as_text(value: object) -> str:
    """Return a value as text; a whole number without its fraction, so that 2.0 is "2"."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)


def figures_by_class(rows: Frame, figures: ByClass, layer: str, rule_id: str) -> FloatArray:
    """Return one figure per row, NaN for a class that does not count (or is unknown and has no ``other``)."""
    classes = attribute_of(rows, figures.attribute, layer, rule_id)
    other = float(figures.other) if figures.other else np.nan
    known = {name: float(figure) for name, figure in figures.values.items()}
    return np.array([known.get(_as_text(value), other) for value in classes], dtype=np.float64)


def geometry_of(rows: Frame) -> GeometryArray:
    """Return the geometries of rows, shape (n,)."""
    return np.asarray(rows["geometry"].array, dtype=object)


def areas_of(rows: Frame, rule: ExclusionRule) -> GeometryArray:
    """Return the geometries of rows, which must be polygons.

    Raises
    ------
    InputError
        If some are lines or points.
    """
    geometry = geometry_of(rows)
    is_area = shapely.get_dimensions(geometry) >= _AREA
    if not is_area.all():
        ids = list(rows["feature_id"][~is_area].head(3))
        what = f"rule {rule.rule_id} ({rule.kind}) needs polygons"
        remedy = "use within_distance, or in_use with width_m for lines"
        raise InputError(Fault(what, str(rule.layer_key), remedy, int((~is_area).sum()), ids))
    return geometry


def _number(rows: Frame, name: str, rule: PlannedCapacity) -> FloatArray:
    if name not in rows.columns:
        remedy = "keep it in the source's entry (null where it is unknown)"
        raise InputError(Fault(f"rule {rule.rule_id} needs '{name}'", rule.layer, remedy))
    return np.asarray(rows[name].astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)
