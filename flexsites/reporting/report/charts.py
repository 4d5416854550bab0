"""The charts of a report as pictures of their own, for a memo or a slide: SVG and PNG, drawn by Vega-Altair.

What a picture shows is what the report shows: both are made of the same views. A picture travels alone, so below its
title stands what it is of: the run, its date, and that it is a screening.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flexsites.errors import require_extra
from flexsites.reporting.names import words_of
from flexsites.reporting.presentation import presentation
from flexsites.reporting.report import land, rules, transit, variants
from flexsites.reporting.results import Results, open_results
from flexsites.reporting.views import RangeView, StackView
from flexsites.reporting.words import Words
from flexsites.tables.manifest import Manifest
from flexsites.tables.whole_files import write_whole

FOLDER = "charts"
_WIDTH, _ROW = 620, 34
_PIXELS = 2.0
"""Of a PNG to one of the chart: sharp on paper."""
_INK, _LIGHT = "#16222e", "#ffffff"


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart: the name of its files, its title, and what it shows (of rules: as :func:`rules.drop` gives them)."""

    name: str
    title: str
    view: StackView | RangeView | Sequence[Mapping[str, Any]]


def charts_of(results: Results, words: Words) -> list[Chart]:
    """Return the charts of a report on parcels, in its order; of roofs alone it has none."""
    if not results.has_sites:
        return []
    milieus = land.flexmilieus(results, words)
    others = variants.variants(results, words)
    reaches = (transit.transit(results, words) or {}).get("charts", [])
    found = [
        Chart("homes", words.text("flexmilieus.chart"), milieus["homes"]),
        Chart("suitability", words.text("verdicts.suitability"), milieus["sites"]),
        *([Chart("variants", words.text("variants.chart"), others["chart"])] if others else []),
        Chart("rules", words.text("sections.drop"), rules.drop(results, words)["bars"]),
        Chart("verdicts", words.text("sections.verdicts"), land.verdicts(results, words)["bar"]),
        *(Chart(f"transit_{i}", f"{words.text('sections.transit')}: {one['title']}", one["stack"])
          for i, one in enumerate(reaches, start=1)),
    ]  # fmt: skip
    return [one for one in found if _rows(one.view)]


def write_charts(directory: Path | str, lang: str = "nl") -> list[Path]:
    """Write each chart of a run's report as SVG and as PNG into the folder ``charts`` beside it.

    Parameters
    ----------
    directory
        The run's directory.
    lang
        ``nl`` or ``en``.

    Returns
    -------
        The files, in the order of the report: ``homes.svg``, ``homes.png``, or ``homes.en.svg`` for English.

    Raises
    ------
    MissingExtraError
        When the extra ``charts`` is not installed.
    InputError
        When the directory holds no results.
    """
    convert: Any = require_extra("vl_convert", "charts")
    require_extra("altair", "charts")
    results = open_results(directory)
    words = words_of(results, lang)
    folder = results.directory / FOLDER
    folder.mkdir(exist_ok=True)
    told, written = _below(results.manifest, words), list[Path]()
    for chart in charts_of(results, words):
        spec = drawn(chart, told, words)
        stem = chart.name if lang == "nl" else f"{chart.name}.{lang}"
        for path, content in (
            (folder / f"{stem}.svg", convert.vegalite_to_svg(spec).encode()),
            (folder / f"{stem}.png", convert.vegalite_to_png(spec, scale=_PIXELS)),
        ):
            write_whole(path, content)
            written.append(path)
    return written


def drawn(chart: Chart, below: str, words: Words) -> dict[str, Any]:
    """Return a chart as a specification of Vega-Lite.

    Parameters
    ----------
    chart
        The chart.
    below
        What stands below its title.
    words
        The language.
    """
    alt: Any = require_extra("altair", "charts")
    view = chart.view
    if isinstance(view, StackView):
        made = _stacked(alt, view)
    elif isinstance(view, RangeView):
        made = _ranged(alt, view, words)
    else:
        made = _layered(alt, view, words)
    title = alt.TitleParams(chart.title, subtitle=below, anchor="start", color=_INK, subtitleColor="#5b6670", offset=14)
    return dict(
        made.properties(title=title, background=_LIGHT, padding=16)
        .configure_view(stroke=None)
        .configure_axis(labelColor=_INK, labelLimit=260, labelFontSize=12, grid=False, domain=False, ticks=False)
        .configure_legend(orient="bottom", title=None, labelFontSize=12, labelLimit=320, columns=3)
        .configure_title(fontSize=15, subtitleFontSize=11, limit=_WIDTH + 300)
        .to_dict()
    )


def _stacked(alt: Any, view: StackView) -> Any:  # noqa: ANN401 - the library, and what it makes
    """Return stacked bars, each the whole of its own amounts, with the whole written beside it."""
    rows: list[dict[str, Any]] = []
    for label, parts, whole in view.bars:
        begin = 0.0
        if not parts:  # of nothing there is no bar, and its word is told all the same
            rows.append({"label": label, "whole": whole})
        for part in parts:
            rows.append({
                "label": label, "part": part.name, "from": begin, "to": begin + part.share, "whole": whole,
                "middle": begin + part.share / 2, "text": part.text if part.is_told else "",
                "is_light": part.is_light,
            })  # fmt: skip
            begin += part.share
    names, colours = [name for name, _ in view.legend], [colour for _, colour in view.legend]
    base = alt.Chart(alt.Data(values=rows)).encode(y=_label(alt, view.bars))
    bars = base.mark_bar(height=_ROW * 0.68).encode(
        x=alt.X("from:Q", axis=None, scale=alt.Scale(domain=[0, 1])), x2="to:Q",
        color=alt.Color("part:N", scale=alt.Scale(domain=names, range=colours)),
    )  # fmt: skip
    inside = base.mark_text(fontSize=11).encode(
        x="middle:Q", text="text:N", color=alt.condition("datum.is_light", alt.value(_INK), alt.value(_LIGHT))
    )
    return _sized(alt.layer(bars, inside, _beside(alt, base, "whole")), view.bars)


def _ranged(alt: Any, view: RangeView, words: Words) -> Any:  # noqa: ANN401
    """Return ranges with their middle on one axis from zero; what is not known has its word alone."""
    rows = [
        {"label": row.label, "text": row.text, "colour": row.colour,
         **dict(zip(("low", "middle", "high"), row.amounts or (None, None, None), strict=True))}
        for row in view.rows
    ]  # fmt: skip
    written = [{"at": view.end * i / 4, "text": words.number(view.end * i / 4)} for i in range(5)]
    named = " : ".join(f"datum.value == {one['at']!r} ? '{one['text']}'" for one in written) + " : ''"
    axis = alt.Axis(values=[one["at"] for one in written], labelExpr=named, title=None, orient="bottom")
    scale = alt.Scale(domain=[0, view.end])
    base = alt.Chart(alt.Data(values=rows)).encode(y=_label(alt, [(row.label, (), "") for row in view.rows]))
    colour = alt.Color("colour:N", scale=None)
    spans = base.mark_bar(height=8, opacity=0.45).encode(
        x=alt.X("low:Q", axis=axis, scale=scale), x2="high:Q", color=colour
    )
    middles = base.mark_point(size=110, filled=True, opacity=1).encode(x=alt.X("middle:Q", scale=scale), color=colour)
    return _sized(alt.layer(spans, middles, _beside(alt, base, "text")), view.rows)


def _layered(alt: Any, bars: Sequence[Mapping[str, Any]], words: Words) -> Any:  # noqa: ANN401
    """Return what each rule takes: three measures over each other, the narrower the less."""
    colours = presentation().colours.rule
    names = {key: words.text(f"drop.{key}") for key in colours}
    end = max(bar["areas_m2"]["covered"] for bar in bars)
    rows = [
        {"label": bar["label"], "text": bar["text"], "of": names[key], "key": key, "area": bar["areas_m2"][key]}
        for bar in bars
        for key in colours
    ]
    base = alt.Chart(alt.Data(values=rows)).encode(y=_label(alt, [(bar["label"], (), "") for bar in bars]))
    colour = alt.Color("of:N", scale=alt.Scale(domain=list(names.values()), range=list(colours.values())))
    x = alt.X("area:Q", axis=None, scale=alt.Scale(domain=[0, end]))
    layers = [
        base.transform_filter(alt.datum.key == key).mark_bar(height=_ROW * part).encode(x=x, color=colour)
        for key, part in zip(colours, (0.68, 0.42, 0.18), strict=True)
    ]
    return _sized(alt.layer(*layers, _beside(alt, base, "text")), bars)


def _label(alt: Any, rows: Sequence[Any]) -> Any:  # noqa: ANN401
    """Return the axis of labels, in the order of the rows."""
    return alt.Y("label:N", sort=[row[0] for row in rows], axis=alt.Axis(title=None, labelPadding=10))


def _beside(alt: Any, base: Any, field: str) -> Any:  # noqa: ANN401
    """Return what is written to the right of each bar, once."""
    once = base.transform_aggregate(groupby=["label", field])
    return once.mark_text(align="left", dx=10, fontSize=12, color=_INK).encode(x=alt.value(_WIDTH), text=f"{field}:N")


def _sized(chart: Any, rows: Sequence[Any]) -> Any:  # noqa: ANN401
    return chart.properties(width=_WIDTH, height=_ROW * len(rows))


def _below(manifest: Manifest, words: Words) -> str:
    """Return what a picture is of: run, date, and that it is a screening, of an invented place where it is."""
    parts = [
        words.label(manifest.title or manifest.name),
        words.text("report.screening"),
        *([words.text("report.synthetic")] if manifest.is_synthetic else []),
        f"{words.text('report.run')} {manifest.run_id}",
        *([f"{words.text('report.reference_date')} {manifest.reference_date}"] if manifest.reference_date else []),
    ]
    return " · ".join(parts)


def _rows(view: StackView | RangeView | Sequence[Mapping[str, Any]]) -> Sequence[Any]:
    if isinstance(view, StackView):
        return view.bars
    return view.rows if isinstance(view, RangeView) else view
