"""What the colours of the map say: classes of parcels, each by a condition that the map, the list and the server read.

A condition is an expression of MapLibre's style specification over a parcel's properties, so that a class is told once:
the map paints and hides by it, and :func:`holds` asks the same of a table. Source: MapLibre Style Spec, "Expressions".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from flexsites.reporting.presentation import presentation
from flexsites.reporting.words import Words
from flexsites.tables import Frame
from flexsites.tables.parcel_fields import owner_class

Condition = list[Any]
_VERDICT: Condition = ["get", "verdict"]
_OPEN: Condition = ["in", _VERDICT, ["literal", ["eligible", "conditional"]]]
_QUANTILES = (0.2, 0.4, 0.6, 0.8)
_HUNDREDTHS = 100


@dataclass(frozen=True, slots=True)
class Class:
    """A class: its key, its name, its colour, its pattern (empty: none), and the condition that makes a parcel one."""

    key: str
    label: str
    colour: str
    pattern: str
    where: Condition


@dataclass(frozen=True, slots=True)
class Colouring:
    """A way to colour the map: its key, what it shows, and its classes, which have no parcel in common."""

    key: str
    label: str
    classes: Sequence[Class]

    def told(self, properties: Frame) -> dict[str, Any]:
        """Return it ready for JSON, with the number of parcels in every class; classes without any are left out."""
        counted = [(one, int(holds(one.where, properties).sum())) for one in self.classes]
        return {"key": self.key, "label": self.label, "classes": [asdict(one) | {"n": n} for one, n in counted if n]}


def colourings(properties: Frame, flexmilieus: Sequence[str], words: Words) -> list[Colouring]:
    """Return the ways to colour a map of parcels.

    Parameters
    ----------
    properties
        What the map knows of a parcel: see :func:`flexsites.reporting.maps.parcels.properties_of`.
    flexmilieus
        Ids in the order of the legend.
    """
    found = [by_verdict(words), _by_flexmilieu(flexmilieus, words)]
    if "homes" in properties:
        found.append(by_homes(properties, words, words.text("map.by_units")))
    found.append(by_owner(words))
    return [*found, *(_by_score(one, words) for one in flexmilieus if f"m:{one}" in properties)]


def holds(where: Condition, properties: Frame) -> npt.NDArray[np.bool_]:
    """Return for which rows a condition holds, as MapLibre does; null is equal to null alone.

    Examples
    --------
    >>> parcels = pd.DataFrame({"verdict": ["eligible", "excluded"], "homes": [4.0, None]})
    >>> holds(["all", ["==", ["get", "verdict"], "eligible"], ["<=", ["coalesce", ["get", "homes"], -1], 5]], parcels)
    array([ True, False])
    """
    operator, *given = where
    if operator in ("all", "any"):
        parts = [holds(one, properties) for one in given]
        joined = np.logical_and.reduce(parts) if operator == "all" else np.logical_or.reduce(parts)
        return np.asarray(joined, dtype=bool)
    if operator == "!":
        return ~holds(given[0], properties)
    column, asked = _column(given[0], properties), given[1]
    if operator == "in":
        return column.isin(asked[1]).to_numpy(dtype=bool)
    if operator == "==":
        found = column.isna() if asked is None else column.eq(asked).fillna(value=False)
        return found.to_numpy(dtype=bool)
    numbers = column.to_numpy(dtype=np.float64)
    compared = {"<=": np.less_equal, ">=": np.greater_equal, "<": np.less, ">": np.greater}[operator](numbers, asked)
    return np.asarray(compared, dtype=bool)


def _column(asked: Condition, properties: Frame) -> pd.Series[Any]:
    """Return the column that an expression reads."""
    operator, first, *otherwise = asked
    if operator == "coalesce":
        return _column(first, properties).fillna(otherwise[0])
    if first not in properties:
        return pd.Series(np.nan, index=properties.index)
    found: pd.Series[Any] = properties[str(first)]
    return found


def is_(name: str, value: object) -> Condition:
    """Return that a property has a value; None: that it is null."""
    return ["==", ["get", name], value]


def of_verdict(key: str, words: Words, where: Condition | None = None) -> Class:
    """Return the class of a verdict; unknown has its own pattern, so that it is told from the rest without colours."""
    colour = presentation().colours.verdict[key]
    pattern = "dots" if key == "unknown" else ""
    return Class(key, words.name("verdict", key), colour, pattern, where or is_("verdict", key))


def _closed(words: Words, unknown: Condition) -> list[Class]:
    """Return the classes of parcels that are not available, and of which it is not known whether they suit."""
    return [of_verdict("unknown", words, ["any", is_("verdict", "unknown"), unknown]), of_verdict("excluded", words)]


def by_verdict(words: Words) -> Colouring:
    """Return a class per verdict."""
    classes = [of_verdict(key, words) for key in presentation().colours.verdict]
    return Colouring("verdict", words.text("map.by_verdict"), classes)


def _by_flexmilieu(flexmilieus: Sequence[str], words: Words) -> Colouring:
    series = presentation().colours.series
    none: Condition = ["all", _OPEN, is_("first", None)]
    classes = [
        Class(one, words.name("flexmilieu", one), series[i % len(series)], "", ["all", _OPEN, is_("first", one)])
        for i, one in enumerate(flexmilieus)
    ]
    not_suitable = Class(
        "none", words.text("map.not_suitable"), presentation().colours.missing, "", ["all", none, is_("suits", 0)]
    )
    unknown = _closed(words, ["all", none, is_("suits", None)])
    return Colouring("flexmilieu", words.text("map.by_best"), [*classes, not_suitable, *unknown])


def by_owner(words: Words) -> Colouring:
    """Return a class per class of owner."""
    colours = presentation().colours
    owners = [one for one in owner_class.values if one != "onbekend"]
    classes = [
        Class(one, words.name("owner", one), colours.series[i % len(colours.series)], "", is_("owner", one))
        for i, one in enumerate(owners)
    ]
    no_owner: Condition = ["any", is_("owner", None), is_("owner", "onbekend")]
    return Colouring(
        "owner",
        words.text("map.by_owner"),
        [*classes, Class("onbekend", words.unknown, colours.missing, "dots", no_owner)],
    )


def by_homes(properties: Frame, words: Words, label: str) -> Colouring:
    """Return classes of about as many available parcels each."""
    homes: Condition = ["coalesce", ["get", "homes"], -1]
    counted = properties["homes"].to_numpy(dtype=np.float64, na_value=np.nan)[holds(_OPEN, properties)]
    some = np.sort(counted[counted > 0])
    ends = list(dict.fromkeys(float(some[int(q * (len(some) - 1))]) for q in _QUANTILES)) if len(some) else []
    ramp = presentation().colours.ramp
    classes = []
    for i, (low, high) in enumerate(zip([0.0, *ends], [*ends, float("inf")], strict=True)):
        inside = some[(some > low) & (some <= high)]
        if not len(inside):
            continue
        label = words.number(inside[0])
        if inside[-1] > inside[0]:
            label = f"{label} – {words.number(inside[-1])}"
        where = ["all", _OPEN, [">", homes, low], *([] if high == float("inf") else [["<=", homes, high]])]
        classes.append(Class(f"homes{i}", label, ramp[i + len(ramp) - len(ends) - 1], "", where))
    none = Class(
        "no_homes", words.text("map.no_homes"), presentation().colours.missing, "", ["all", _OPEN, is_("homes", 0)]
    )
    return Colouring(
        "homes", words.text("map.by_units"), [*classes, none, *_closed(words, ["all", _OPEN, is_("homes", None)])]
    )


def _by_score(flexmilieu: str, words: Words) -> Colouring:
    colours = presentation().colours
    met, score = f"m:{flexmilieu}", ["coalesce", ["get", f"s:{flexmilieu}"], -1]
    suits: Condition = ["all", _OPEN, is_(met, 1)]
    step = _HUNDREDTHS / len(colours.ramp)
    classes = []
    for i, colour in enumerate(colours.ramp):
        low, high = i * step, (i + 1) * step
        top: Condition = ["<=" if i == len(colours.ramp) - 1 else "<", score, high]
        label = f"{words.number(low / _HUNDREDTHS, 1)} – {words.number(high / _HUNDREDTHS, 1)}"
        classes.append(Class(f"score{i}", label, colour, "", ["all", suits, [">=", score, low], top]))
    others = [
        Class("no_score", words.text("map.no_score"), colours.series[3], "", ["all", suits, ["<", score, 0]]),
        Class("none", words.text("map.not_suitable"), colours.missing, "", ["all", _OPEN, is_(met, 0)]),
    ]
    label = words.text("map.score_in", flexmilieu=words.name("flexmilieu", flexmilieu))
    return Colouring(f"score:{flexmilieu}", label, [*classes, *others, *_closed(words, ["all", _OPEN, is_(met, None)])])
