"""QGIS styles (QML) of the layers: polygons by verdict, or outlines; names for columns and codes, labels, map tips."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET

_VERSION = "3.22.0"
_LABELS_FROM = 10_000
"""The scale from which labels are drawn: at a smaller one they would lie on each other."""
_OUTLINE = "255,255,255,160"


@dataclass(frozen=True, slots=True)
class LayerWords:
    """What a layer says of its features.

    Attributes
    ----------
    aliases
        Readable names of columns.
    display
        The column that names a feature.
    codes
        Per column of codes the name of each: QGIS shows the name, the file keeps the code.
    label
        The expression of its labels; empty: it has none.
    tip
        Columns that stand in the tip of a feature, after its name.
    said
        Per column of the tip the expression of what is said of it, where that is more than its value.
    """

    aliases: Mapping[str, str]
    display: str
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    label: str = ""
    tip: Sequence[str] = ()
    said: Mapping[str, str] = field(default_factory=dict)


def categorised_style(column: str, classes: Sequence[tuple[str, str, str]], words: LayerWords) -> str:
    """Return a style that colours polygons by the value of a column.

    Parameters
    ----------
    column
        The column with the class.
    classes
        Value, its name in the legend, its colour (#rrggbb).
    words
        What the layer says.

    Examples
    --------
    >>> words = LayerWords({}, "site_id")
    >>> 'attr="verdict"' in categorised_style("verdict", [("unknown", "onbekend", "#8064a8")], words)
    True
    """
    root = _root()
    renderer = ET.SubElement(
        root, "renderer-v2", type="categorizedSymbol", attr=column, enableorderby="0", forceraster="0", symbollevels="0"
    )
    categories, symbols = ET.SubElement(renderer, "categories"), ET.SubElement(renderer, "symbols")
    for i, (value, label, colour) in enumerate(classes):
        ET.SubElement(categories, "category", value=value, label=label, symbol=str(i), render="true", type="string")
        brush = "dense3" if value == "unknown" else "solid"  # told apart without colours too
        _fill_symbol(symbols, str(i), fill=colour, outline=_OUTLINE, width="0.1", brush=brush)
    return _finished(root, words)


def lined_style(outline: str, words: LayerWords, *, fill: str | None) -> str:
    """Return a style of outlines, filled or not."""
    root = _root()
    renderer = ET.SubElement(
        root, "renderer-v2", type="singleSymbol", enableorderby="0", forceraster="0", symbollevels="0"
    )
    _fill_symbol(ET.SubElement(renderer, "symbols"), "0", fill=fill, outline=_rgba(outline), width="0.26")
    return _finished(root, words)


def _root() -> ET.Element:
    return ET.Element("qgis", version=_VERSION, styleCategories="Symbology|Labeling|Fields|Forms|MapTips")


def _fill_symbol(
    symbols: ET.Element, name: str, *, fill: str | None, outline: str, width: str, brush: str = "solid"
) -> None:
    """Add a polygon symbol."""
    symbol = ET.SubElement(symbols, "symbol", name=name, type="fill", alpha="1", clip_to_extent="1", force_rhr="0")
    layer = ET.SubElement(symbol, "layer", attrib={"class": "SimpleFill", "enabled": "1", "locked": "0", "pass": "0"})
    options = {
        "color": _rgba(fill) if fill else "0,0,0,0",
        "style": brush if fill else "no",
        "outline_color": outline,
        "outline_style": "solid",
        "outline_width": width,
        "outline_width_unit": "MM",
        "joinstyle": "bevel",
    }
    mapped = ET.SubElement(layer, "Option", type="Map")
    for key, value in options.items():
        ET.SubElement(mapped, "Option", name=key, value=value, type="QString")
    for key, value in options.items():
        ET.SubElement(layer, "prop", k=key, v=value)


def _finished(root: ET.Element, words: LayerWords) -> str:
    """Add what the layer says, and the doctype."""
    if words.label:
        _add_labels(root, words.label)
    _add_codes(root, words.codes)
    named = ET.SubElement(root, "aliases")
    for i, (column, alias) in enumerate(words.aliases.items()):
        ET.SubElement(named, "alias", index=str(i), field=column, name=alias)
    ET.SubElement(root, "previewExpression").text = f'"{words.display}"'
    told = {one: words.said.get(one, f'"{one}"') for one in (words.display, *words.tip)}
    rows = "".join(
        f"<br>{html.escape(words.aliases[one])}: {_value(told[one])}" for one in words.tip if one in words.aliases
    )
    ET.SubElement(root, "mapTip").text = f"<b>{_value(told[words.display])}</b>{rows}"
    ET.SubElement(root, "layerGeometryType").text = "2"
    body = ET.tostring(root, encoding="unicode")
    return f"<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n{body}"


def _value(told: str) -> str:
    """Return what writes an expression in a tip: names of others' making stay text."""
    escaped = f"replace(replace(to_string(coalesce({told}, '–')), '&', '&amp;'), '<', '&lt;')"
    return f"[% {escaped} %]"


def _add_labels(root: ET.Element, expression: str) -> None:
    """Add labels within the polygons, from a scale on."""
    root.set("labelsEnabled", "1")
    settings = ET.SubElement(ET.SubElement(root, "labeling", type="simple"), "settings", calloutType="simple")
    style = {
        "fieldName": expression,
        "isExpression": "1",
        "fontSize": "8",
        "fontSizeUnit": "Point",
        "textColor": "22,34,46,255",
        "multilineHeight": "1",
    }
    text = ET.SubElement(settings, "text-style", style)
    ET.SubElement(
        text, "text-buffer", bufferDraw="1", bufferSize="0.8", bufferSizeUnits="MM", bufferColor="255,255,255,220"
    )
    ET.SubElement(settings, "placement", placement="1", centroidWhole="1", fitInPolygonOnly="0")
    ET.SubElement(settings, "rendering", scaleVisibility="1", scaleMax="1", scaleMin=str(_LABELS_FROM), drawLabels="1")


def _add_codes(root: ET.Element, codes: Mapping[str, Mapping[str, str]]) -> None:
    """Add the names of codes."""
    configured = ET.SubElement(root, "fieldConfiguration")
    for column, names in codes.items():
        widget = ET.SubElement(ET.SubElement(configured, "field", name=column), "editWidget", type="ValueMap")
        outer = ET.SubElement(ET.SubElement(widget, "config"), "Option", type="Map")
        listed = ET.SubElement(outer, "Option", name="map", type="List")
        for code, name in names.items():
            one = ET.SubElement(listed, "Option", type="Map")
            ET.SubElement(one, "Option", name=name, value=code, type="QString")


def _rgba(colour: str) -> str:
    """Return #rrggbb as QGIS writes it.

    Examples
    --------
    >>> _rgba("#1a7f6b")
    '26,127,107,255'
    """
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"{red},{green},{blue},255"
