"""The charts of a report as pictures: they show what the page shows, and say what they are of."""

from __future__ import annotations

import html
import shutil
from pathlib import Path

import pytest

from flexsites.errors import MissingExtraError
from flexsites.reporting import open_results, write_charts
from flexsites.reporting.names import words_of
from flexsites.reporting.report.charts import Chart, charts_of, drawn
from flexsites.reporting.report.page import render_report
from flexsites.reporting.views import RangeView, StackView

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize("lang", ["nl", pytest.param("en", marks=pytest.mark.deep)])
def test_a_picture_tells_what_the_page_tells(lang: str, run_directory: Path, tmp_path: Path) -> None:
    place = Path(shutil.copytree(run_directory, tmp_path / "run"))
    results = open_results(place)
    words = words_of(results, lang)
    page = html.unescape(render_report(results, words))
    charts = {chart.name: chart for chart in charts_of(results, words)}
    assert {"homes", "suitability", "variants", "rules", "verdicts", "transit_1"} <= set(charts)
    written = write_charts(place, lang)
    assert len(written) == 2 * len(charts)
    ending = "" if lang == "nl" else ".en"
    for name, chart in charts.items():
        svg = html.unescape((place / "charts" / f"{name}{ending}.svg").read_text(encoding="utf-8"))
        assert (place / "charts" / f"{name}{ending}.png").read_bytes().startswith(PNG)
        assert results.manifest.run_id in svg
        assert words.text("report.screening") in svg
        for label, text in _told(chart.view):
            assert f">{label}<" in svg, (name, label)
            assert f">{text}<" in svg, (name, text)
            assert text in page


def test_what_has_no_bar_is_told_all_the_same(run_directory: Path) -> None:
    words = words_of(open_results(run_directory), "nl")
    view = StackView([("leeg", [], words.unknown)], [("ja", "#000000")])
    convert = pytest.importorskip("vl_convert")
    svg = convert.vegalite_to_svg(drawn(Chart("empty", "titel", view), "", words))
    assert ">leeg<" in svg
    assert f">{words.unknown}<" in svg


def test_parts_follow_each_other_to_the_whole(run_directory: Path) -> None:
    results = open_results(run_directory)
    words = words_of(results, "nl")
    stacks = [chart for chart in charts_of(results, words) if isinstance(chart.view, StackView)]
    assert stacks
    for chart in stacks:
        spec = drawn(chart, "", words)
        rows = next(iter(spec["datasets"].values())) if "datasets" in spec else spec["data"]["values"]
        for label in {row["label"] for row in rows}:
            own = [row for row in rows if row["label"] == label]
            assert [row["from"] for row in own] == pytest.approx([0.0, *(row["to"] for row in own[:-1])])
            assert own[-1]["to"] == pytest.approx(1.0)


def test_without_the_extra_it_says_which_to_install(run_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "vl_convert", None)
    with pytest.raises(MissingExtraError, match=r"flexsites\[charts\]"):
        write_charts(run_directory)


def _told(view: object) -> list[tuple[str, str]]:
    """Return the label of each row and what is written beside it, also where there is no bar."""
    if isinstance(view, StackView):
        return [(label, whole) for label, _, whole in view.bars]
    if isinstance(view, RangeView):
        return [(row.label, row.text) for row in view.rows]
    return [(bar["label"], bar["text"]) for bar in view]  # type: ignore[attr-defined]
