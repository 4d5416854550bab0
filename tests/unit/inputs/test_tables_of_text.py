"""Tables as people write and export them: each is read as it stands, or what is wrong with it is told."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from openpyxl import Workbook

from flexsites.config.sources import Table
from flexsites.errors import InputError
from flexsites.inputs.formats.cells import read_text
from flexsites.inputs.formats.files import Places
from flexsites.inputs.formats.workbook import read_sheet
from flexsites.inputs.rows.selection import Unlisted
from flexsites.inputs.rows.user_table import read_table
from flexsites.inputs.stock.portfolio import read_portfolio
from tests.unit.inputs.makers import ABOUT

ID = "900719925474099301"


def read(path: Path) -> pd.DataFrame:
    row = {"reader": "table", "about": ABOUT, "path": str(path), "key": "perceel", "keep": ["eigenaar"]}
    return read_table("ownership", Table.model_validate(row), Places(path.parent, path.parent), Unlisted())


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("heading", ["perceel,eigenaar", "\nperceel,eigenaar"])
def test_a_separator_is_that_of_the_heading(tmp_path: Path, separator: str, heading: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{heading}\n0012,gemeente\n{ID},\n".replace(",", separator), encoding="utf-8-sig")
    found = read(path)
    assert found["perceel"].tolist() == ["0012", ID]
    assert found["eigenaar"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        # One cell more in every row: the cells were taken for those of the column to their left.
        ("perceel,eigenaar\n0012,gemeente,x\n0013,rijk,y\n", "Expected 2 fields in line 2, saw 3"),
        ("perceel,eigenaar\n0012,gemeente,\n", "Expected 2 fields in line 2, saw 3"),
        ("perceel,eigenaar,eigenaar\n0012,gemeente,rijk\n", "two columns of one name.*eigenaar"),
        ('perceel,eigenaar\n0012,gemeente\n"0013,rijk\n', "cannot be read"),
        ("perceel,eigenaar\n9.00719925474099E+17,rijk\n", "a spreadsheet has rounded.*9.00719925474099E"),
        ("perceel;eigenaar\n9,00719925474099E+17;rijk\n", "a spreadsheet has rounded.*9,00719925474099E"),
    ],
)
def test_what_nobody_can_tell_is_told(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=told):
        read(path)


def workbook(path: Path, *rows: list[object]) -> Path:
    pd.DataFrame(rows).to_excel(path, index=False, header=False)
    return path


def test_a_workbook_keeps_what_it_holds_and_tells_what_it_rounded(tmp_path: Path) -> None:
    sound = workbook(tmp_path / "a.xlsx", ["perceel", "eigenaar"], ["0012", "rijk"], [1234100000000001, None])
    found = read(sound)
    assert found["perceel"].tolist() == ["0012", "1234100000000001"]
    rounded = workbook(tmp_path / "b.xlsx", ["perceel", "eigenaar"], ["0012", "rijk"], [int(ID), "rijk"])
    with pytest.raises(InputError, match="a spreadsheet has rounded"):
        read(rounded)
    twice = workbook(tmp_path / "c.xlsx", ["perceel", "eigenaar", "perceel"], ["0012", "rijk", "0013"])
    with pytest.raises(InputError, match=r"two columns of one name.*perceel"):
        read(twice)


def never_computed(path: Path, *rows: list[object]) -> Path:
    """Write a workbook as a program does that has no values for its formulas."""
    book = Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def test_a_formula_that_was_never_computed_is_told_and_not_read_as_empty(tmp_path: Path) -> None:
    """Some programs write no value for a formula, some 0; both say that all is to be computed."""
    heading: list[object] = ["perceel", "eigenaar", "opmerking"]
    for write in (workbook, never_computed):
        path = write(tmp_path / "a.xlsx", heading, ["0012", '="ri"&"jk"', "=1/0"], ["0013", "rijk", None])
        with pytest.raises(
            InputError, match=r"a\.xlsx.*formulas of column eigenaar \(sheet \w+\) have no.*: B2"
        ) as told:
            read(path)
        assert "opmerking" not in str(told.value), "of what is not read nothing is asked"
    broken = never_computed(tmp_path / "b.xlsx", heading, ["0012", "#REF!", None], ["0013", "#N/A", None])
    with pytest.raises(InputError, match=r"column eigenaar \(sheet Sheet\) holds errors.*\(1 row: B2 #REF!\)"):
        read(broken)
    complexes = workbook(tmp_path / "c.xlsx", ["complex", "postcode", "huisnummer"], ["C1", "1234AB", "=1+1"])
    with pytest.raises(InputError, match="formulas of column huisnummer"):
        read_portfolio(complexes)


def test_a_portfolio_is_read_in_the_same_way(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("complex;postcode;huisnummer\nC1;1234AB;1;x\n", encoding="utf-8")
    with pytest.raises(InputError, match="Expected 3 fields in line 2, saw 4"):
        read_portfolio(path)


def test_cells_that_are_empty_are_null_or_texts_as_is_asked(tmp_path: Path) -> None:
    text, book = tmp_path / "a.csv", workbook(tmp_path / "a.xlsx", ["a", "b"], ["1", None], ["NA", 2.5])
    text.write_text("a,b\n1,\nNA,2.5\n", encoding="utf-8")
    for found in (read_text(text, "a"), read_sheet(book, None, where="a")):
        assert found.isna().to_numpy().tolist() == [[False, True], [True, False]]
    for found in (read_text(text, "a", is_empty_null=False), read_sheet(book, None, where="a", is_empty_null=False)):
        assert found.to_numpy().tolist() == [["1", ""], ["NA", "2.5"]]
