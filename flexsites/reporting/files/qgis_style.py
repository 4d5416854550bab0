"""QGIS styles (QML) of the layers: polygons by verdict, or outlines; with readable names for the columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.etree import ElementTree as ET

_VERSION = "3.22.0"
_OUTLINE = "255,255,255,160"


def categorised_style(
    column: str, classes: Sequence[tuple[str, str, str]], aliases: Mapping[str, str], *, display: str
) -> str:
    """Return a style that colours polygons by the value of a column.

    Parameters
    ----------
    column
        The column with the class.
    classes
        Value, its name in the legend, its colour (#rrggbb).
    aliases
        Readable names of columns.
    display
        The column that names a feature.

    Examples
    --------
    >>> 'attr="verdict"' in categorised_style("verdict", [("unknown", "onbekend", "#8064a8")], {}, display="site_id")
    True
    """
    root = _root()
    renderer = ET.SubElement(
        root, "renderer-v2", type="categorizedSymbol", attr=column, enableorderby="0", forceraster="0", symbollevels="0"
    )
    categories, symbols = ET.SubElement(renderer, "categories"), ET.SubElement(renderer, "symbols")
    for i, (value, label, colour) in enumerate(classes):
        ET.SubElement(categories, "category", value=value, label=label, symbol=str(i), render="true", type="string")
        _fill_symbol(symbols, str(i), fill=colour, outline=_OUTLINE, width="0.1")
    return _finished(root, aliases, display)


def lined_style(outline: str, aliases: Mapping[str, str], *, fill: str | None) -> str:
    """Return a style of outlines, filled or not."""
    root = _root()
    renderer = ET.SubElement(
        root, "renderer-v2", type="singleSymbol", enableorderby="0", forceraster="0", symbollevels="0"
    )
    _fill_symbol(ET.SubElement(renderer, "symbols"), "0", fill=fill, outline=_rgba(outline), width="0.26")
    return _finished(root, aliases, "piece_id")


def _root() -> ET.Element:
    return ET.Element("qgis", version=_VERSION, styleCategories="Symbology|Fields|Forms|MapTips")


def _fill_symbol(symbols: ET.Element, name: str, *, fill: str | None, outline: str, width: str) -> None:
    """Add a polygon symbol."""
    symbol = ET.SubElement(symbols, "symbol", name=name, type="fill", alpha="1", clip_to_extent="1", force_rhr="0")
    layer = ET.SubElement(symbol, "layer", attrib={"class": "SimpleFill", "enabled": "1", "locked": "0", "pass": "0"})
    options = {
        "color": _rgba(fill) if fill else "0,0,0,0",
        "style": "solid" if fill else "no",
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


def _finished(root: ET.Element, aliases: Mapping[str, str], display: str) -> str:
    """Add the readable names and the doctype."""
    named = ET.SubElement(root, "aliases")
    for i, (column, alias) in enumerate(aliases.items()):
        ET.SubElement(named, "alias", index=str(i), field=column, name=alias)
    ET.SubElement(root, "previewExpression").text = f'"{display}"'
    ET.SubElement(root, "layerGeometryType").text = "2"
    body = ET.tostring(root, encoding="unicode")
    return f"<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n{body}"


def _rgba(colour: str) -> str:
    """Return #rrggbb as QGIS writes it.

    Examples
    --------
    >>> _rgba("#1a7f6b")
    '26,127,107,255'
    """
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"{red},{green},{blue},255"
