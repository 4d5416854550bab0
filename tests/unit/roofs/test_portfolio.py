"""A corporation's list in: every row is matched or told why not."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from flexsites.errors import InputError
from flexsites.inputs.stock.buildings import verblijfsobjecten
from flexsites.inputs.stock.portfolio import (
    PortfolioMatch,
    addresses,
    match_portfolio,
    read_portfolio,
    require_matches,
)
from flexsites.reporting.told import told_error
from flexsites.tables import Addresses, Buildings, Frame, empty
from tests.unit.roofs.stock import buildings, flat_block

P1, P2, P3, GONE = "0518100000000001", "0518100000000002", "0518100000000003", "0518100000000009"
V1, V2 = "0518010000000001", "0518010000000002"


def stock() -> Frame:
    return buildings(
        *({**flat_block(number), "bag_pand_id": pand} for number, pand in enumerate((P1, P2, P3), start=1))
    )


def register() -> Frame:
    rows = [
        (V1, P1, "2513AA", 12, None, None),
        (V2, P1, "2513AA", 12, "A", None),
        ("0518010000000003", P2, "2513AA", 14, "B", "3"),
        ("0518010000000004", P3, "2513AB", 1, None, "HS"),
        ("0518010000000005", P2, "2513AB", 3, None, None),
        ("0518010000000005", P3, "2513AB", 3, None, None),
    ]
    names = ["identificatie", "pandref", "postcode", "huisnummer", "huisletter", "toevoeging"]
    units = pd.DataFrame(rows, columns=names).assign(
        status="Verblijfsobject in gebruik", gebruiksdoel="woonfunctie", oppervlakte=70
    )
    units = units.groupby(["identificatie"], as_index=False).agg(
        {**dict.fromkeys(units.columns[2:], "first"), "pandref": lambda refs: "{" + ",".join(refs) + "}"}
    )
    return addresses(verblijfsobjecten(units, where="units")[0])


def match(tmp_path: Path, text: str, complexes: Frame | None = None) -> PortfolioMatch:
    path = tmp_path / "portfolio.csv"
    path.write_text(text, encoding="utf-8")
    left_out = pd.DataFrame({"bag_pand_id": [GONE], "pand_status": ["Pand gesloopt"], "reason": ["demolished"]})
    return match_portfolio(read_portfolio(path), stock(), register(), left_out=left_out, complex_buildings=complexes)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("2513AA;12;", [P1]),
        ("2513 aa;12;", [P1]),
        ("2513AA;12;A", [P1]),
        ("2513AA;12A;", [P1]),
        ("2513AA;12 a;", [P1]),
        ("2513AA;14;B3", [P2]),
        ("2513AA;14;b-3", [P2]),
        ("2513AA;14-B;3", [P2]),
        ("2513AB;1;hs", [P3]),
        ("2513\u00a0ab;1 HS;", [P3]),
        (" 2513AB ;1-hs;", [P3]),
        ("2513AA;12.0;", [P1]),  # what a spreadsheet makes of a number
        ("2513AB;3;", [P2, P3]),  # one home in two buildings
    ],
)
def test_addresses_are_found_however_they_are_written(tmp_path: Path, line: str, found: list[str]) -> None:
    result = match(tmp_path, f"Postcode;Huisnummer;Toevoeging\n{line}\n")
    assert result.matches["bag_pand_id"].tolist() == found
    assert result.unmatched.empty


DATE = "the house number is a date: a spreadsheet may have read a number with an addition as one; format it as text"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("2513AA;14;", "no such addition at this number; the register has: B3"),
        ("2513AA;12;C", "no such addition at this number; the register has: (none), A"),
        ("2513AA;99;", "no such house number at this postcode"),
        ("9999ZZ;1;", "the postcode is not in the register of addresses"),
        ("251AA;1;", "the postcode is not four digits and two letters"),
        ("2513AA;twelve;", "the house number is not a number"),
        ("2513AA;A12;", "the house number is not a number"),  # not 12
        ("2513AA;12.5;", "the house number is not a number"),  # not 12-5
        ("2513AA;123456;", "the house number is not a number"),  # not 12345-6
        ("2513AA;2026-05-12 00:00:00;", DATE),
        ("2513AA;12-mei;", DATE),
        (";12;", "no postcode"),
    ],
)
def test_an_address_that_is_not_found_says_why(tmp_path: Path, line: str, reason: str) -> None:
    result = match(tmp_path, f"Postcode;Huisnummer;Toevoeging\n{line}\n")
    assert result.matches.empty
    assert result.unmatched["unmatched_reason"].tolist() == [reason]


@pytest.mark.parametrize(
    ("written", "found", "reason"),
    [
        (P1, [P1], None),
        (P1.lstrip("0"), [P1], None),
        (f"NL.IMBAG.Pand.{P1}", [P1], None),
        (V2, [P1], None),
        ("0518010000000005", [P2, P3], None),
        (GONE, [], "the building does not count: demolished"),
        ("0518100000099991", [], "no building of the stock has this BAG id"),
        ("0518010000099991", [], "no unit in use has this BAG id"),
        ("0518200000000001", [], "the BAG id is that of an address: give the unit's or the building's"),
        ("0518990000000001", [], "the BAG id is not that of a building, a unit or an address"),
        ("block 7", [], "the BAG id is not 16 digits"),
    ],
)
def test_bag_ids_are_found_or_say_why_not(tmp_path: Path, written: str, found: list[str], reason: str | None) -> None:
    result = match(tmp_path, f"bag_id\n{written}\n")
    assert result.matches["bag_pand_id"].tolist() == found
    assert result.unmatched["unmatched_reason"].tolist() == ([] if reason is None else [reason])


def test_an_id_that_a_spreadsheet_rounded_is_recognised(tmp_path: Path) -> None:
    reason = match(tmp_path, "bag_id\n1916100000099990\n").unmatched.loc[0, "unmatched_reason"]
    assert "rounded" in reason


def test_a_complex_code_stands_for_the_buildings_that_other_rows_or_a_list_name(tmp_path: Path) -> None:
    listed = pd.DataFrame({"owner_complex_code": ["C2"], "bag_pand_id": [P3]})
    text = f"complex,bag_id\nC1,{P1}\nC1,{P2}\nC1,\nC2,\nC3,\n,\n"
    result = match(tmp_path, text, listed)
    assert result.matches.groupby("portfolio_row")["bag_pand_id"].agg(list).to_dict() == {
        1: [P1], 2: [P2], 3: [P1, P2], 4: [P3],
    }  # fmt: skip
    assert result.unmatched.set_index("portfolio_row")["unmatched_reason"].to_dict() == {
        5: "no row and no list says which buildings this complex has",
        6: "the row has no BAG id, no house number and no complex code",
    }


def test_no_row_is_lost(tmp_path: Path) -> None:
    lines = ["2513AA;12;;;", f";;;{GONE};", ";;;;C9", ";;;;", "2513AA;14;;;", f";;;{P1};C1", ";;;;C1"]
    result = match(tmp_path, "postcode;huisnummer;toevoeging;bag_id;complex\n" + "\n".join(lines) + "\n")
    rows = set(result.matches["portfolio_row"]) | set(result.unmatched["portfolio_row"])
    assert rows == set(range(1, 8))
    assert result.n_rows == 7
    assert not set(result.matches["portfolio_row"]) & set(result.unmatched["portfolio_row"])


def test_a_workbook_reads_as_its_csv(tmp_path: Path) -> None:
    rows = pd.DataFrame({"Postcode": ["2513AA", "2513AA"], "Nummer": [12, 14], "Toevoeging": ["", "B3"]})
    rows.to_excel(tmp_path / "a.xlsx", index=False)
    rows.to_csv(tmp_path / "a.csv", index=False)
    pd.testing.assert_frame_equal(read_portfolio(tmp_path / "a.xlsx"), read_portfolio(tmp_path / "a.csv"))


def test_columns_may_be_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"gebouw,naam\n{P1},Torenflat\n")
    assert read_portfolio(path, columns={"bag_id": "gebouw"})["bag_id"].tolist() == [P1]
    with pytest.raises(InputError, match="pandnr"):
        read_portfolio(path, columns={"bag_id": "pandnr"})
    with pytest.raises(InputError, match="nothing to look buildings up by"):
        read_portfolio(path)


def test_an_empty_portfolio_and_an_empty_register(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("bag_id\n")
    with pytest.raises(InputError, match="no rows"):
        read_portfolio(path)
    path.write_text(f"bag_id\n{P1}\n")
    nothing = match_portfolio(read_portfolio(path), empty(Buildings), empty(Addresses))
    assert nothing.unmatched["unmatched_reason"].tolist() == ["no building of the stock has this BAG id"]


def test_a_register_without_postcodes_matches_nothing_and_says_so(tmp_path: Path) -> None:
    """A join takes null for equal to null: rows without number or postcode must not find homes without either."""
    path = tmp_path / "a.csv"
    path.write_text("postcode;huisnummer\n2513AA;12\n;twelve\n")
    bare = register().assign(postcode=np.nan, house_number=pd.NA, house_addition="")
    result = match_portfolio(read_portfolio(path), stock(), bare.astype({"postcode": "str", "house_number": "Int64"}))
    assert result.matches.empty
    assert result.unmatched["unmatched_reason"].tolist() == [
        "there is no register of addresses with postcodes: use BAG ids",
        "the house number is not a number",
    ]


def test_ten_thousand_addresses_match_in_seconds() -> None:
    """Among 200,000 in the register; every third is written with its addition behind the number."""
    n = 200_000
    number = np.arange(n)
    postcode = pd.Series(1000 + number // 40 % 9000).astype("str") + np.where(number % 2 == 0, "AB", "CD")
    ids = pd.Series(number).astype("str").str.zfill(10)
    known = pd.DataFrame(
        {
            "address_id": ids,
            "bag_verblijfsobject_id": "051801" + ids,
            "bag_pand_id": "051810" + (pd.Series(number) // 8).astype("str").str.zfill(10),
            "postcode": postcode,
            "house_number": number % 40 + 1,
            "house_addition": np.where(number % 3 == 0, "A", ""),
        }
    )
    rng = np.random.default_rng(1)
    chosen = known.iloc[rng.choice(n, 10_000, replace=False)].reset_index(drop=True)
    asked = pd.DataFrame(
        {
            "postcode": chosen["postcode"],
            "house_number": chosen["house_number"].astype("str") + chosen["house_addition"].str.lower(),
            "house_letter": pd.Series(np.nan, index=chosen.index, dtype="str"),
            "house_addition": pd.Series(np.nan, index=chosen.index, dtype="str"),
            "bag_id": pd.Series(np.nan, index=chosen.index, dtype="str"),
            "owner_complex_code": pd.Series(np.nan, index=chosen.index, dtype="str"),
            "portfolio_row": np.arange(1, 10_001),
        }
    )
    standing = pd.DataFrame({"bag_pand_id": known["bag_pand_id"].unique()})
    start = time.process_time()
    result = match_portfolio(asked, standing, known)
    assert time.process_time() - start < 10
    assert result.unmatched.empty
    first = result.matches.drop_duplicates("portfolio_row")["bag_pand_id"]
    assert set(first) <= set(standing["bag_pand_id"])
    right = result.matches.merge(
        chosen.assign(portfolio_row=np.arange(1, 10_001))[["portfolio_row", "bag_pand_id"]],
        on=["portfolio_row", "bag_pand_id"],
    )
    assert len(right) == 10_000


def test_a_portfolio_of_which_nothing_is_found_says_why_in_the_readers_language(tmp_path: Path) -> None:
    found = match(tmp_path, "BAG id\n123\n456\n0518020000000001\n")
    with pytest.raises(InputError) as caught:
        require_matches(found, Path("portfolio.csv"))
    assert str(caught.value).startswith(
        "portfolio.csv: no row of the portfolio was found (the BAG id is not 16 digits: 2; "
    )
    assert told_error(caught.value, "nl").startswith(
        "portfolio.csv: geen enkele rij van de portefeuille is gevonden (het BAG-id heeft geen 16 cijfers: 2; "
    )
