"""The workbook of a portfolio: opened again and read, cell by cell where it matters."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import openpyxl
import pandas as pd
import shapely
import yaml

from flexsites.capacity.complexes import find_lookalikes, group_complexes, link_neighbours
from flexsites.capacity.roofs import roof_reasons, roof_units, top_up
from flexsites.inputs.stock.portfolio import match_portfolio, read_portfolio
from flexsites.reporting import open_results, write_portfolio
from flexsites.reporting.summaries.portfolio import buildings_table, complexes_table
from flexsites.reporting.words import Words
from flexsites.tables import (
    Addresses,
    Complexes,
    Frame,
    Lookalikes,
    PortfolioMatches,
    PortfolioUnmatched,
    References,
    RoofParts,
    RoofReasons,
    Roofs,
    RoofUnits,
    empty,
)
from flexsites.tables.files import write_table
from tests.conftest import real_data
from tests.unit.roofs.stock import buildings, flat_block, pand_id, rules
from tests.unit.roofs.test_complexes import porch
from tests.unit.roofs.test_portfolio import GONE, match
from tests.unit.roofs.test_real_stock import den_haag


def run_of(directory: Path, stock: Frame, age_rule: str = "stec_2023", roof_variant: str = "corporation_cost") -> Path:
    """Write what a run of roofs writes."""
    roofs = top_up(stock, empty(RoofParts), rules=rules())
    links = link_neighbours(roofs, rules=rules().complexes)
    complexes = group_complexes(roofs, links, rules=rules().complexes)
    lookalikes = find_lookalikes(roofs, complexes, empty(References), rules=rules().complexes)
    directory.mkdir(parents=True)
    for name, frame, table in (
        ("roofs", roofs, Roofs),
        ("roof_units", roof_units(roofs, rules=rules()), RoofUnits),
        ("roof_reasons", roof_reasons(roofs, rules=rules()), RoofReasons),
        ("complexes", complexes, Complexes),
        ("lookalikes", lookalikes, Lookalikes),
    ):
        write_table(frame, table, directory / f"{name}.parquet")
    content = rules().model_dump(mode="json", exclude_defaults=True)
    content["headline"] = {"age_rule": age_rule, "roof_variant": roof_variant}
    (directory / "run.yaml").write_text(yaml.safe_dump({"optoppen": content}), encoding="utf-8")
    manifest = {
        "run_id": "portfolio",
        "name": "portfolio",
        "pipeline": "corporation_roofs",
        "title": {"nl": "Daken", "en": "Roofs"},
    }
    manifest |= {
        "sources": [],
        "assumptions": [{"path": "optoppen.lift.margin_m", "value": 0.5, "unit": "m", "why": "as measured"}],
        "figures": [{"path": "optoppen.lift.limit_m", "value": 12.5, "unit": "m", "source": "[R]"}],
    }
    (directory / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return directory


def workbook(tmp_path: Path, stock: Frame, text: str, left_out: Frame | None = None) -> Path:
    asked = tmp_path / "portfolio.csv"
    asked.write_text(text, encoding="utf-8")
    found = match_portfolio(read_portfolio(asked), stock, empty(Addresses), left_out=left_out)
    mine = stock[stock["bag_pand_id"].isin(found.matches["bag_pand_id"])].reset_index(drop=True)
    codes = found.matches.drop_duplicates("bag_pand_id").set_index("bag_pand_id")["owner_complex_code"]
    mine = mine.assign(owner_complex_code=codes.reindex(mine["bag_pand_id"]).array)
    directory = run_of(tmp_path / "run", mine)
    write_table(found.matches, PortfolioMatches, directory / "canonical" / "portfolio_matches.parquet")
    write_table(found.unmatched, PortfolioUnmatched, directory / "canonical" / "portfolio_unmatched.parquet")
    return write_portfolio(directory, "en")


def table_of(path: Path, sheet: str) -> pd.DataFrame:
    return pd.read_excel(path, sheet_name=sheet, keep_default_na=False, dtype={"BAG building": "str"})


def summary_of(path: Path) -> str:
    return "\n".join(map(str, pd.read_excel(path, sheet_name="Summary", header=None)[0].dropna()))


def test_a_workbook_has_its_sheets_and_every_row_somewhere(tmp_path: Path) -> None:
    stock = buildings(*(flat_block(number) for number in (1, 2, 3)))
    lines = [
        f"{pand_id(1)},North",
        f"{pand_id(2)},North",
        f"{pand_id(3)},South",
        "0518100000000404,South",
        "tower,South",
    ]
    path = workbook(tmp_path, stock, "bag_id,complex\n" + "\n".join(lines) + "\n")
    book = openpyxl.load_workbook(path)
    assert book.sheetnames[:4] == ["Summary", "Complexes", "Roofs", "Not found"]
    assert table_of(path, "Roofs")["BAG building"].tolist() == [pand_id(n) for n in (1, 2, 3)]
    assert table_of(path, "Not found")["row (first below the heading is 1)"].tolist() == [4, 5]
    complexes = table_of(path, "Complexes")
    assert complexes["complex"].tolist() == ["North", "South"]
    assert complexes["homes expected"].tolist() == [16, 8]
    assert complexes["rank"].tolist() == [1, 2]
    told = summary_of(path)
    assert "Portfolio: 5 rows, of which 3 were found and 2 were not" in told
    assert "3 buildings in 2 complexes, with 96 existing homes" in told
    figures = table_of(path, "Assumptions").set_index("path in the configuration")
    assert figures.loc["optoppen.lift.margin_m", "kind"] == "assumption"
    assert figures.loc["optoppen.lift.limit_m", "kind"] == "figure with a source"


def test_every_reason_has_words_in_both_languages_and_keeps_what_it_quotes(tmp_path: Path) -> None:
    """One row for each thing that can be wrong with a row."""
    lines = [
        ";;;block 7;", ";;;0518990000000001;", ";;;0518200000000001;", ";;;0518010000099991;", ";;;0518100000099991;",
        ";;;1916100000099990;", ";12;;;", "251AA;1;;;", "9999ZZ;1;;;", "2513AA;twelve;;;", "2513AA;12-mei;;;",
        "2513AA;99;;;", "2513AA;12;C_1;;", ";;;;C9", ";;;;", f";;;{GONE};",
    ]  # fmt: skip
    lost = match(tmp_path, "postcode;huisnummer;toevoeging;bag_id;complex\n" + "\n".join(lines) + "\n").unmatched
    assert len(lost) == lost["unmatched_reason"].nunique() == len(lines)
    dutch = lost["unmatched_reason"].map(Words("nl").said)
    assert not (dutch == lost["unmatched_reason"]).any()
    assert dutch.str.endswith("; het adressenbestand heeft: (none), A").sum() == 1
    assert dutch.iloc[-1] == "het pand telt niet mee: gesloopt"
    assert lost["unmatched_reason"].map(Words("en").said).tolist() == lost["unmatched_reason"].tolist()


def test_homes_under_the_other_age_rule_stand_beside_those_of_the_headline(tmp_path: Path) -> None:
    path = workbook(tmp_path, buildings(flat_block(1)), f"bag_id,complex\n{pand_id(1)},North\n")
    label = next(rule.label.get("en") for rule in rules().age_rules if rule.id == "load_1999")
    for sheet in ("Complexes", "Roofs"):
        assert f"homes expected: {label}" in table_of(path, sheet).columns


def test_what_the_user_writes_is_never_a_formula(tmp_path: Path) -> None:
    evil = ['=HYPERLINK("http://x","y")', "+1+1", "-2+3", "@SUM(A1)", "=1+1|cmd"]
    quoted = ['"' + one.replace('"', '""') + '"' for one in evil]
    lines = [f"{pand_id(i)},{one}" for i, one in enumerate(quoted, 1)] + [f"{one},x" for one in quoted]
    stock = buildings(*(flat_block(i) for i in range(1, len(evil) + 1)))
    path = workbook(tmp_path, stock, "bag_id,complex\n" + "\n".join(lines) + "\n")
    book = openpyxl.load_workbook(path)
    cells = [book["Complexes"][f"B{row}"] for row in range(2, len(evil) + 2)]
    assert sorted(cell.value for cell in cells) == sorted(evil)
    assert {cell.data_type for cell in cells} == {"s"}
    assert [book["Not found"][f"B{row}"].value for row in range(2, len(evil) + 2)] == evil
    with zipfile.ZipFile(path) as packed:
        sheets = [packed.read(name).decode() for name in packed.namelist() if name.startswith("xl/worksheets/")]
    assert not any("<f>" in sheet for sheet in sheets)


def test_unknown_is_written_as_unknown_and_ranked_last(tmp_path: Path) -> None:
    stock = buildings(flat_block(1, building_height_m=None), flat_block(2), flat_block(3, year_built=1950))
    path = workbook(tmp_path, stock, "bag_id,complex\n" + "".join(f"{pand_id(n)},C{n}\n" for n in (1, 2, 3)))
    complexes = table_of(path, "Complexes")
    assert complexes["complex"].tolist() == ["C2", "C3", "C1"]
    assert complexes["rank"].tolist() == [1, 2, "unknown"], "of C1 nothing is known: it has no rank"
    assert complexes["homes expected"].tolist() == [8, 0, "unknown"]
    assert complexes["verdict"].tolist() == ["eligible", "excluded", "unknown"]
    assert complexes["missing evidence"].tolist() == ["none", "none", "height"]


def test_a_complex_sums_what_is_known_and_counts_what_is_not(tmp_path: Path) -> None:
    wide = [shapely.box(x, 400_000, x + 30, 400_012) for x in (100_000, 100_030, 100_060)]
    first, second = (porch(n + 1, 0, geometry=wide[n]) for n in (0, 1))
    stock = buildings(first, second, porch(3, 0, geometry=wide[2], building_height_m=None))
    found = buildings_table(open_results(run_of(tmp_path / "run", stock, "load_1999", "maisonette")))
    row = complexes_table(found).iloc[0]
    assert (row["n_buildings"], row["n_unknown"], row["n_dwellings"]) == (3, 1, 24)
    assert row["complex"] == pand_id(1)
    assert row["missing_evidence"] == ("building_height",)


def test_the_stock_of_den_haag_as_a_portfolio_by_bag_id(tmp_path: Path) -> None:
    """Unknown for want of heights, unless year or footprint decide; the dwellings are those of the register."""
    real_data("denhaag_voorburg")
    stock = den_haag()
    flats = stock.buildings[stock.buildings["n_dwellings"] >= 4]
    gone = stock.left_out["bag_pand_id"].head(3).tolist()
    ids = [*flats["bag_pand_id"], *gone]
    path = workbook(tmp_path, stock.buildings, "bag_id\n" + "\n".join(ids) + "\n", stock.left_out)
    found = table_of(path, "Roofs")
    assert len(found) == 1_940
    lists = found[["verdict", "missing evidence", "homes expected"]].drop_duplicates().to_numpy().tolist()
    assert sorted(map(str, lists)) == [
        "['excluded', 'none', 0]",
        "['unknown', 'height, flat and sloped roof area', 'unknown']",
    ]
    n_unknown = int((found["verdict"] == "unknown").sum())
    fails = (flats["year_built"] < 1965) | (flats.geometry.area < 200)
    assert n_unknown == int((~fails).sum())
    assert found["existing homes"].sum() == flats["n_dwellings"].sum()
    told = summary_of(path)
    assert f"{n_unknown} buildings: height." in told
    assert "1,940 were found and 3 were not" in told
    assert table_of(path, "Not found")["reason"].str.startswith("the building does not count").all()
