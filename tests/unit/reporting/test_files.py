from __future__ import annotations

import json
import re
import shutil
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path
from textwrap import wrap
from xml.etree import ElementTree as ET

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely

from flexsites.errors import NotFoundError
from flexsites.reporting import (
    explain,
    results,
    write_all,
    write_factsheets,
    write_geopackage,
    write_portfolio,
    write_workbook,
)
from flexsites.reporting.files import sheets, workbook
from flexsites.reporting.names import words_of
from flexsites.reporting.presentation import presentation
from flexsites.reporting.report.drawing import draw
from flexsites.reporting.results import open_results
from flexsites.reporting.summaries.portfolio import complexes_table
from flexsites.reporting.why import main_reasons
from flexsites.reporting.words import Words
from flexsites.tables import LocationSuitability, Sites
from flexsites.tables.files import read, read_chunks, write_table
from tests.reporting_fixture import FLEXMILIEUS, NASTY_OWNER_TEXT, make_tables, write_results


def test_geopackage_opens_styled(run_directory: Path) -> None:
    path = write_geopackage(run_directory)
    assert gpd.list_layers(path)["name"].tolist()[:3] == ["sites", "pieces", "roofs"]
    sites = gpd.read_file(path, layer="sites")
    assert len(sites) == 120
    assert sites.crs.to_epsg() == 28992
    assert {f"score_{one}" for one in FLEXMILIEUS} <= set(sites.columns)
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT f_table_name, f_geometry_column, useAsDefault, styleQML FROM layer_styles")
        styles = {name: (column, default, ET.fromstring(qml.split("\n", 1)[1])) for name, column, default, qml in rows}  # noqa: S314
        columns = dict(connection.execute("SELECT table_name, column_name FROM gpkg_geometry_columns").fetchall())
        contents = {row[0] for row in connection.execute("SELECT table_name FROM gpkg_contents")}
    assert "layer_styles" in contents
    for name, (column, default, root) in styles.items():
        assert columns[name] == column
        assert default == 1
        assert root.find("renderer-v2") is not None
    sites_style = styles["sites"][2]
    assert [one.get("value") for one in sites_style.iter("category")] == [
        "eligible",
        "conditional",
        "unknown",
        "excluded",
    ]
    assert {one.get("field"): one.get("name") for one in sites_style.iter("alias")}[
        "buildable_area_m2"
    ] == "bebouwbaar (m²)"


def test_layers_written_some_rows_at_a_time_are_those_written_at_once(
    run_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Path(shutil.copytree(run_directory, tmp_path / "whole"))
    parts = Path(shutil.copytree(run_directory, tmp_path / "parts"))
    once = write_geopackage(whole)
    monkeypatch.setattr(results, "read_chunks", partial(read_chunks, rows=7))
    batches = write_geopackage(parts)
    names = gpd.list_layers(once)["name"].tolist()
    assert gpd.list_layers(batches)["name"].tolist() == names == [*names[:-1], "layer_styles"]
    for name in names[:-1]:  # the last are the styles, which tell when they were written
        pd.testing.assert_frame_equal(gpd.read_file(batches, layer=name), gpd.read_file(once, layer=name))
    with closing(sqlite3.connect(once)) as one, closing(sqlite3.connect(batches)) as other:
        styles = [db.execute("SELECT f_table_name, styleQML FROM layer_styles").fetchall() for db in (one, other)]
        types = [db.execute("SELECT sql FROM sqlite_master WHERE name = 'sites'").fetchall() for db in (one, other)]
    assert styles[0] == styles[1]
    assert types[0] == types[1]


def test_a_layer_has_one_kind_of_shape_wherever_the_one_of_several_parts_stands(
    run_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Path(shutil.copytree(run_directory, tmp_path / "run"))
    sites = read(place / "sites.parquet")
    shapes = sites["geometry"].to_numpy().copy()
    shapes[-1] = shapely.multipolygons([shapes[-1], shapely.box(0, 0, 1, 1)])
    write_table(sites.set_geometry(gpd.GeoSeries(shapes, crs=sites.crs)), Sites, place / "sites.parquet")
    monkeypatch.setattr(results, "require_as_written", lambda *_: None)
    monkeypatch.setattr(results, "read_chunks", partial(read_chunks, rows=7))
    layers = gpd.list_layers(path := write_geopackage(place)).set_index("name")
    assert layers["geometry_type"]["sites"] == "MultiPolygon"
    assert set(gpd.read_file(path, layer="sites").geom_type) == {"MultiPolygon"}


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_a_sheet_tells_that_it_does_not_show_all(
    lang: str, summed_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Path(shutil.copytree(summed_run, tmp_path / "run"))
    shown = presentation()
    few = shown.lists.model_copy(update={"max_sheet_rows": shown.lists.max_sheet_rows.model_copy(update={"value": 24})})
    for module in (workbook, sheets):
        monkeypatch.setattr(module, "presentation", lambda: shown.model_copy(update={"lists": few}))
    book = openpyxl.load_workbook(write_workbook(place, lang))
    words = Words(lang).texts["workbook"]
    rows = list(book[words["sites"]].iter_rows(values_only=True))
    every = pd.read_parquet(place / "sites.parquet", columns=["site_id", "n_common_expected"])
    most = every.sort_values(["n_common_expected", "site_id"], ascending=[False, True]).head(24)
    assert rows[0][0] == Words(lang).text("workbook.sites_limited", shown=24, n=len(every))
    at = next(i for i, name in enumerate(rows[1]) if rows[2][i] in set(every["site_id"]))
    assert [row[at] for row in rows[2:]] == sorted(most["site_id"])
    best = list(book[words["shortlist"]].iter_rows(values_only=True))
    assert f" {words['rows_limited'].split('{')[0]}" in best[0][0]
    assert len(best) - 2 <= 24
    assert len({row[0] for row in best[2:]}) > 1, "the best of every flexmilieu, not of the first"


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_of_every_sheet_the_first_page_is_printed_and_the_page_says_what_is_not(lang: str, written) -> None:
    most = int(presentation().lists.max_printed_rows)
    summary, *rest = openpyxl.load_workbook(written(write_workbook, lang))
    assert summary.page_setup.paperSize == sheets.A4
    # A page holds one column as it is, of the widest letters too: 17.4 cm between the margins, a digit of 9 px.
    assert summary.column_dimensions["A"].width * 9 / 96 * 2.54 < 17.4
    for row in summary.iter_rows(min_row=4):
        lines = len(str(row[0].value or "")) / summary.column_dimensions["A"].width
        assert lines <= 1 or summary.row_dimensions[row[0].row].height >= 15 * lines, row[0].value
    cut = {}
    for sheet in rest:
        (columns, rows) = re.fullmatch(r".*!\$A\$1:\$([A-Z]+)\$(\d+)", sheet.print_area).groups()
        heading = int(sheet.print_title_rows.split("$")[-1])
        assert int(rows) - heading <= most, sheet.title
        widths = {i: one.width for one in sheet.column_dimensions.values() for i in range(one.min, one.max + 1)}
        n_columns = openpyxl.utils.column_index_from_string(columns)
        assert sum(widths[i] - 1 for i in range(1, n_columns + 1)) <= 2 * 190, sheet.title
        assert (sheet.page_setup.paperSize, sheet.page_setup.orientation) == (sheets.A4, "landscape")
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert sheet.page_setup.fitToWidth in (None, 2)  # one page is not written
        is_whole = (int(rows), n_columns) == (sheet.max_row, sheet.max_column)
        assert bool(sheet.oddHeader.left.text) is not is_whole, sheet.title
        cut[sheet.title] = sheet.oddHeader.left.text
    told = Words(lang).texts["workbook"]
    assert f"{most} " in cut[told["sites"]]
    assert "120" in cut[told["sites"]]
    assert cut[told["requirements"]] is None


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_the_workbook_tells_of_every_parcel_what_takes_most_of_it(lang: str, summed_run: Path, written) -> None:
    words, reasons = words_of(open_results(summed_run), lang), pd.read_parquet(summed_run / "reasons.parquet")
    heading, *rows = openpyxl.load_workbook(written(write_workbook, lang))[words.texts["workbook"]["sites"]].values
    told = {row[0]: row[list(heading).index(words.texts["columns"]["what_takes_most"])] for row in rows}
    largest = main_reasons(reasons, most=1).set_index("site_id")["rule_id"]
    assert 20 < len(largest) < len(told)
    for site_id, why in told.items():
        rule = largest.get(site_id)
        assert why is None if rule is None else why.startswith(f"{words.name('rule', rule)} "), site_id
        assert why is None or why.endswith("m²")


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_the_headings_of_a_sheet_are_read_whole(lang: str, written) -> None:
    """They stood in two lines whatever they say, and what followed was cut."""
    _, *rest = openpyxl.load_workbook(written(write_workbook, lang))
    for sheet in rest:
        first = int(sheet.print_title_rows.split("$")[-1])
        widths = {i: one.width for one in sheet.column_dimensions.values() for i in range(one.min, one.max + 1)}
        lines = max(len(wrap(cell.value, int(widths[cell.column]) - 2)) for cell in sheet[first] if cell.value)
        assert sheet.row_dimensions[first].height >= 15 * lines, sheet.title


def test_a_list_of_places_says_that_its_homes_are_those_of_the_whole_place(written) -> None:
    """A place in aanmerking had 273 homes, and the factsheet of its one parcel 195: those without consent."""
    words = Words("nl")
    sheet = openpyxl.load_workbook(written(write_workbook, "nl"))[words.text("workbook.shortlist")]
    note, headings = sheet.iter_rows(max_row=2, values_only=True)
    assert note[0].startswith(words.text("shortlist.place_note"))
    assert {"woningen van de hele plek", "ruimte van de hele plek", "score van de plek"} <= set(headings)
    assert words.heading("n_per_cluster_expected") not in headings
    homes = [one for one in LocationSuitability.fields if "_per_" in one.name]
    free = [one for one in homes if "without_consent" in one.name]
    meant, meant_free = (
        [words.meaning(one, "LocationSuitability") for one in some]
        for some in ([one for one in homes if one not in free], free)
    )
    assert all("hele plek, met grond waarvoor toestemming nodig is" in one for one in meant)
    assert all("de grond van de plek waarvoor geen toestemming nodig is" in one for one in meant_free)
    assert len(meant) == len(meant_free) == 3
    assert "woningen zonder toestemming" in headings


def test_no_sheet_shows_a_key_that_a_person_can_do_nothing_with(written) -> None:
    """The parcels had the hash of a combination of coverages; in words it stands beside, as what was not checked."""
    words, book = Words("nl"), openpyxl.load_workbook(written(write_workbook, "nl"))
    headings = {cell for sheet in book for row in sheet.iter_rows(max_row=2, values_only=True) for cell in row}
    assert words.heading("unchecked_rules") in headings
    assert {words.heading("rule_coverage_id"), words.heading("demand_id")} & headings == set()


def test_layouts_become_a_layer(tmp_path: Path) -> None:
    place = write_results(tmp_path / "run", with_roofs=False)
    pieces = make_tables()["pieces"].head(2)
    layouts = gpd.GeoDataFrame(
        {
            "piece_id": pieces["piece_id"], "site_id": pieces["site_id"], "flexmilieu": "campus", "part": 0,
            "layout_kind": "module", "n_stacked": 2, "is_expected": [True, False],
        },
        geometry=pieces.geometry.buffer(-20), crs=28992,
    )  # fmt: skip
    both = pd.concat([layouts, layouts.assign(flexmilieu="werk_nabij")], ignore_index=True)
    path = write_geopackage(place, layouts=gpd.GeoDataFrame(both, crs=28992))
    layers = set(gpd.list_layers(path)["name"])
    assert {"layouts_campus", "layouts_werk_nabij"} <= layers, "alternatives for one site are never drawn together"
    assert len(gpd.read_file(path, layer="layouts_campus")) == 1, "what is placed beyond the expected is not drawn"


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_workbook_has_no_formula_whatever_the_texts(summed_run: Path, tmp_path: Path, lang: str) -> None:
    place = Path(shutil.copytree(summed_run, tmp_path / "run"))
    sites = gpd.read_parquet(place / "sites.parquet")
    nasty = (NASTY_OWNER_TEXT, "+31 6", "-1", "@SUM(A1)", "=1+1|cmd")
    sites["flags"] = [(text,) for text in nasty] + [()] * (len(sites) - len(nasty))
    for i, text in enumerate(nasty):
        sites.loc[i, "buurt_code"] = text
    sites.to_parquet(place / "sites.parquet")
    manifest = json.loads((place / "manifest.json").read_text(encoding="utf-8"))
    manifest["seal"], manifest["warnings"] = "", ["=1+1"]
    manifest["title"] = {"nl": "=A1", "en": "=A1"}
    manifest["sources"][0]["title"] = "@x"
    (place / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    book = openpyxl.load_workbook(write_workbook(place, lang))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert [cell.coordinate for cell in cells if cell.data_type == "f"] == []
    assert [cell.coordinate for cell in cells if cell.hyperlink] == []
    texts = {cell.value for cell in cells if isinstance(cell.value, str)}
    assert {NASTY_OWNER_TEXT, "+31 6", "-1", "@SUM(A1)", "=1+1", "=A1", "@x"} <= texts


def test_every_heading_of_the_workbooks_is_in_its_language(written) -> None:
    texts = Words("nl").texts
    known = {
        *(text for part in texts.values() if isinstance(part, dict) for text in part.values() if isinstance(text, str)),
    }
    for path in (written(write_workbook, "nl"), written(write_portfolio, "nl")):
        for sheet in openpyxl.load_workbook(path).worksheets:
            if sheet.freeze_panes is None:
                continue
            row = int("".join(c for c in sheet.freeze_panes if c.isdigit())) - 1
            headings = [str(cell.value) for cell in sheet[row] if cell.value is not None]
            assert {heading.split(": ")[0] for heading in headings} <= known, sheet.title


def test_workbook_says_unknown_and_freezes_its_headings(written) -> None:
    book = openpyxl.load_workbook(written(write_workbook, "nl"))
    sheet = book["Percelen"]
    assert sheet.freeze_panes == "B2"
    heads = [cell.value for cell in sheet[1]]
    owners = [sheet.cell(row, heads.index("eigenaar") + 1).value for row in range(2, sheet.max_row + 1)]
    given = make_tables()["sites"].sort_values("site_id")["owner_class"]
    assert owners.count("onbekend") == given.isna().sum() > 0
    assert len(owners) == 120
    units = [sheet.cell(row, heads.index("gemeenschappelijk programma verwacht") + 1) for row in range(2, 122)]
    assert sum(cell.value for cell in units) == pytest.approx(make_tables()["sites"]["n_common_expected"].sum())
    assert {cell.number_format for cell in units} == {"#,##0"}
    shortlist = book["Shortlist"]
    assert shortlist.max_row > 50


def test_portfolio_ranks_complexes(written) -> None:
    book = openpyxl.load_workbook(written(write_portfolio, "nl"))
    assert "Complexen" in book.sheetnames
    assert book["Complexen"].max_row == 9


def test_complexes_count_every_building_once() -> None:
    buildings = pd.DataFrame(
        {
            "bag_pand_id": ["1", "2", "3", "4"],
            "complex": ["c1", "c1", "3", "c2"],
            "verdict": ["eligible", "unknown", "excluded", "unknown"],
            "n_units_low": pd.array([4, None, 0, None], dtype="Int64"),
            "n_units_expected": pd.array([5, None, 0, None], dtype="Int64"),
            "n_units_high": pd.array([6, None, 0, None], dtype="Int64"),
            "flags": [("monument",), ("monument", "parking"), (), None],
        }
    )
    found = complexes_table(buildings).set_index("complex")
    assert found["rank"].dropna().to_dict() == {"c1": 1, "3": 2}
    assert found.index[-1] == "c2", "of which nothing is known: last, and without a rank"
    assert found["n_units_expected"].dropna().to_dict() == {"c1": 5, "3": 0}
    assert found.loc["c1", "flags"] == ("monument", "parking")
    verdicts = found[["n_eligible", "n_conditional", "n_unknown", "n_excluded"]].sum(axis=1)
    assert (verdicts == found["n_buildings"]).all()


def test_explain_tells_every_rule_and_every_flexmilieu(run_directory: Path) -> None:
    tables = make_tables()
    busy = tables["reasons"]["site_id"].value_counts().index[0]
    told = explain(run_directory, busy, "nl")
    n_rules = (tables["reasons"]["site_id"] == busy).sum()
    assert told.count("]: bedekt ") == n_rules
    open_site = tables["pieces"]["site_id"].iloc[0]
    told = explain(run_directory, open_site, "en")
    for name in ("Urban, by transit", "Campus", "Cycling town", "Care nearby", "Work nearby", "Green and tiny"):
        assert name in told
    assert "nan" not in told.lower().replace("finance", "")


def test_explain_says_unknown_is_not_no(run_without_timetable: Path) -> None:
    site = make_tables()["pieces"]["site_id"].iloc[0]
    told = explain(run_without_timetable, site, "nl")
    assert "onbekend (geen dienstregeling)" in told
    assert "onbekend; ontbreekt: loopafstand tot station" in told


def test_explain_a_roof(run_directory: Path) -> None:
    told = explain(run_directory, "9901000000000004", "nl")
    assert told.startswith("# Gebouw 9901000000000004")
    assert "bouwjaar: onbekend" in told


def test_a_near_id_is_offered(run_directory: Path) -> None:
    with pytest.raises(NotFoundError, match=r"near it: .*WDM00A00041"):
        explain(run_directory, "00041", "nl")
    with pytest.raises(NotFoundError, match="no such site"):
        write_factsheets(run_directory, ["nowhere"])


def test_everything_at_once(tmp_path: Path) -> None:
    place = write_results(tmp_path / "run")
    written = {path.name for path in write_all(place, lang="nl", quiet=True)}
    assert {"report.html", "workbook.xlsx", "sites.gpkg", "totals.parquet", "drop.parquet"} <= written
    assert all((place / name).stat().st_size > 0 for name in written)


def test_what_lies_outside_a_drawing_does_not_end_its_path() -> None:
    """A street cut to nothing left a lone M, at which a browser stops drawing: later streets were lost."""
    nothing = dict.fromkeys(("pieces", "ground", "modules", "neighbours"), np.array([], dtype=object))
    streets = shapely.linestrings([[(900, 0), (950, 0)], [(0, 50), (100, 50)]])
    drawn = draw(shapely.box(0, 0, 100, 100), **nothing, streets=streets)
    assert re.fullmatch(r"(M-?[\d.]+ -?[\d.]+(L-?[\d.]+ -?[\d.]+)+)+", drawn.streets), drawn.streets


def test_a_factsheet_is_one_a4_that_tells_where_what_is_against_and_what_was_not_checked(summed_run: Path) -> None:
    sites = open_results(summed_run).table("sites")
    site = sites[sites["verdict"].eq("eligible")]["site_id"].iloc[0]
    html = write_factsheets(summed_run, [site], "nl").read_text(encoding="utf-8")
    sheet, _, further = html.partition('<div class="further">')
    for told in ("Wat het meeste wegneemt", "Niet getoetst", "Procedure", 'class="inset"', 'class="where"'):
        assert told in sheet, told
    for told in ("Regels op dit perceel", "Bereikbaarheid", "Percelen in de buurt"):
        assert told in further, told
    assert ".further { display: none; }" in html.replace("header.mast, footer, .on-map, ", "")


def test_a_factsheet_draws_the_homes_of_the_flexmilieu_it_was_chosen_for(tmp_path: Path) -> None:
    """A site shortlisted for another flexmilieu than its best shows that drawing, and says for which it is."""
    place = write_results(tmp_path / "run", with_roofs=False)
    sites = pd.DataFrame(gpd.read_parquet(place / "sites.parquet"))
    pieces = gpd.read_parquet(place / "pieces.parquet")
    pieces = pieces[pieces["is_valid"].astype(bool)]
    site = sites[sites["site_id"].isin(pieces["site_id"]) & sites["flexmilieu_first"].ne("campus")].iloc[0]
    own = pieces[pieces["site_id"] == site["site_id"]].head(1)
    layouts = gpd.GeoDataFrame(
        {
            "piece_id": own["piece_id"], "site_id": own["site_id"], "flexmilieu": "campus", "part": 0,
            "layout_kind": "module", "n_stacked": 2, "is_expected": True,
        },
        geometry=own.geometry.buffer(-5), crs=28992,
    )  # fmt: skip
    layouts.to_parquet(place / "layouts.parquet")
    html = write_factsheets(place, [site["site_id"]], "en").read_text(encoding="utf-8")
    assert "modules placed for campus (blue, storeys: 2)" in html.lower()
