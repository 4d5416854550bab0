"""Numbers that no thing can have (a year 20260, fewer than no homes) are told, with where they stand and how many."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from flexsites.config.rule_sets import read_rule_set
from flexsites.config.shelf import Shelf
from flexsites.config.sources import DemandTable, Table
from flexsites.errors import InputError
from flexsites.inputs.formats.files import Places
from flexsites.inputs.land.demand import read_demand
from flexsites.inputs.land.facilities import read_facilities, read_residents
from flexsites.inputs.land.need import read_need
from flexsites.inputs.land.projects import read_projects
from flexsites.inputs.land.vacant import read_vacant
from flexsites.inputs.prepare import Request, check, prepare
from flexsites.inputs.rows.ingest import ReadReport
from flexsites.inputs.rows.numbers import Impossible
from flexsites.inputs.rows.validity import Ledger
from flexsites.inputs.stock.buildings import panden, verblijfsobjecten
from flexsites.inputs.stock.listed_dwellings import read_dwellings
from flexsites.inputs.stock.listed_gardens import read_gardens
from flexsites.inputs.stock.roofs_3d import roof_attributes
from flexsites.inputs.stock.tables import read_by_pand
from flexsites.reporting.told import translated
from flexsites.tables import Buildings
from tests.unit.inputs.makers import ABOUT, sources, squares, vector, write
from tests.unit.roofs.test_stock import A, B, V, pand, pand_rows, unit

RULES = {one.rule_id: one for one in read_rule_set(Shelf().files("rules/exclusion")["omgevingswet_2024"]).rules}
UNKNOWN = "values that cannot be, taken as unknown"


def test_a_plan_of_the_year_20260_and_of_minus_five_homes_is_told_before_a_run_and_with_it(tmp_path: Path) -> None:
    frame = squares(3).assign(hard="hard", start=[20260, 2028, 2029], homes=["-5", "10", "-3"])
    named = {"hard": "plan_hardness", "start": "plan_start_year", "homes": "n_dwellings"}
    given = sources(layers={"plans": vector(write(frame, tmp_path / "a.gpkg"), rename=named, coverage="run")})
    rule = RULES["plans_hard"].model_copy(update={"layer": "plans"})
    request = Request(rules=(rule,))
    found = prepare(given, directory=tmp_path / "out", base=tmp_path, request=request)
    again = prepare(given, directory=tmp_path / "out", base=tmp_path, request=request)
    told = [one for one in found.warnings if UNKNOWN in one]
    assert [one.partition(": mend")[0] for one in told] == [
        f"layers.plans (a.gpkg): start: {UNKNOWN} (1: 20260)",
        f"layers.plans (a.gpkg): homes: {UNKNOWN} (2: -5, -3)",
    ]
    assert found.warnings == check(given, base=tmp_path, request=request).warnings == again.warnings
    rows = found.read_layers()
    assert (rows["plan_start_year"].isna().sum(), rows["n_dwellings"].isna().sum()) == (1, 2)
    assert translated(told[0], "nl").startswith("layers.plans (a.gpkg): start: waarden die niet kunnen, opgevat als")


def test_homes_of_a_period_below_zero_are_told(tmp_path: Path) -> None:
    frame = squares(2).assign(hard="hard", y20=[-1, 5], loose=[0, -2])
    used = vector(
        write(frame, tmp_path / "a.gpkg"), rename={"hard": "plan_hardness"}, periods={"y20": [2020, 2029]},
        without_period=["loose"], coverage="run",
    )  # fmt: skip
    found = prepare(sources(layers={"plans": used}), directory=tmp_path / "out", base=tmp_path)
    assert [one.partition(": mend")[0] for one in found.warnings if UNKNOWN in one] == [
        f"layers.plans (a.gpkg): {column}: {UNKNOWN} (1: {n})" for column, n in (("y20", -1), ("loose", -2))
    ]
    assert found.read_layers()["n_dwellings"].isna().sum() == 1
    assert found.read_layers()["plan_start_year"].isna().all()


def test_a_registered_area_below_zero_is_unknown_and_told(tmp_path: Path) -> None:
    frame = squares(2).assign(grootte=[-9, 100])
    used = vector(write(frame, tmp_path / "p.gpkg"), id_column="id", rename={"grootte": "registered_area_m2"})
    found = prepare(sources(parcels=used), directory=tmp_path / "out", base=tmp_path)
    assert f"parcels (p.gpkg): grootte: {UNKNOWN} (1: -9)" in " ".join(found.warnings)


@pytest.mark.parametrize(("year", "is_told"), [(20260, True), ("20260", True), (1005, True), (9999, False)])
def test_a_year_of_five_figures_is_not_that_of_its_first_four(year: object, *, is_told: bool) -> None:
    impossible = Impossible()
    standing, _ = panden(pand_rows(pand(A, year=year), pand(B)), where="bag", impossible=impossible)
    assert standing["year_built"].isna().tolist() == [True, False]
    assert [one.partition(" (")[0] for one in impossible.told()] == (
        [f"bag: oorspronkelijkbouwjaar: {UNKNOWN}"] if is_told else []
    )


def test_areas_and_storeys_that_cannot_be_are_told() -> None:
    impossible = Impossible()
    units, _ = verblijfsobjecten(pd.DataFrame([unit(V, A, area=-75)]), where="bag", impossible=impossible)
    assert units["floor_area_m2"].isna().all()
    roofs = pd.DataFrame(
        {
            "identificatie": [A, B], "h_maaiveld": 0.0, "h_dak_50p": 9.0,
            "opp_dak_plat": [-1.0, 5.0], "bouwlagen": [2.5, 900.0],
        }
    )  # fmt: skip
    found = roof_attributes(roofs, where="3dbag", impossible=impossible)
    assert found["n_storeys"].isna().all()
    assert found["roof_flat_area_m2"].isna().tolist() == [True, False]
    assert [one.partition(": values")[0] for one in impossible.told()] == [
        "bag: oppervlakte", "3dbag: opp_dak_plat", "3dbag: bouwlagen",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("n_storeys", "-2"), ("n_storeys", "900"), ("n_storeys", "1e30"), ("year_built", "20260"),
        ("floor_area_m2", "-1"), ("consent_share", "70"), ("floor_area_m2", "inf"), ("roof_quality", "good"),
    ],
)  # fmt: skip
def test_what_an_owner_says_of_a_building_can_be(tmp_path: Path, column: str, value: str) -> None:
    path = tmp_path / "known.csv"
    path.write_text(f"id,{column}\n{A},{value}\n{B},\n", encoding="utf-8")
    row = Table.model_validate({"reader": "table", "about": ABOUT, "path": path.name, "key": "id", "keep": [column]})
    with pytest.raises(InputError, match=rf"known: known.csv.{column}: cannot be.* \(1 row: {value}\)\. Remedy: mend"):
        read_by_pand("known", row, path, Buildings.fields, Places(base=tmp_path, scratch=tmp_path))


LISTS: list[tuple[Callable[[Path], Any], str, str, str]] = [
    (read_projects, "project_id,x,y,n_homes,year\na,153000,414400,5,20210\n", "year", "1900 to 2100"),
    (read_projects, "project_id,x,y,n_homes\na,153000,414400,2.5\n", "n_homes", "a whole number"),
    (read_projects, "project_id,x,y,n_homes\na,153000,414400,1e30\n", "n_homes", "a whole number"),
    (read_projects, "project_id,x,y,n_homes\na,153000,414400,-5\n", "n_homes", "a whole number"),
    (read_projects, "project_id,x,y,n_homes\na,153000,414400,980\nb,153000,414400,1.250\n", "n_homes", "a whole"),
    (read_dwellings, "dwelling_id,dwelling_type,floor_area_m2,year_built\na,hoekwoning,72,20210\n", "year_built", "1"),
    (read_vacant, "building_id,function,floor_area_m2\na,kantoorfunctie,inf\n", "floor_area_m2", "square metres"),
    (read_gardens, "garden_id,is_corner,garden_area_m2,width_m,built_m2\na,yes,90,inf,1\n", "width_m", "metres"),
    (read_facilities, "facility_id,x,y,kind,capacity\na,190500,507200,gp,inf\n", "capacity", "a number, 0 or more"),
    (read_residents, "x,y,residents\n190500,507200,980\n190500,507200,1.250\n", "residents", "a number, 0 or more"),
    (read_need, "gemeente_code,year,n_homes\nGM0166,20260,3\n", "year", "2030"),
]  # fmt: skip


@pytest.mark.parametrize(("read", "text", "column", "remedy"), LISTS)
def test_a_number_of_a_list_that_cannot_be_is_told(
    tmp_path: Path, read: Callable[[Path], Any], text: str, column: str, remedy: str
) -> None:
    path = tmp_path / "list.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=rf"list.csv: {column}: .*1 row.* Remedy: .*{remedy}"):
        read(path)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("n_homes", "1e30"), ("n_homes", "-5"), ("household_size", "200"), ("years", "2028"), ("from_year", "20280"),
        ("max_homes_near", "1e12"),
    ],
)  # fmt: skip
def test_a_number_of_a_demand_that_cannot_be_is_told(tmp_path: Path, column: str, value: str) -> None:
    cells = {"gemeente_code": "GM0166", "target_group": "starters", "n_homes": "5", "near_m": "9"} | {column: value}
    if column != "max_homes_near":
        del cells["near_m"]
    (tmp_path / "demand.csv").write_text(f"{','.join(cells)}\n{','.join(cells.values())}\n", encoding="utf-8")
    row = DemandTable.model_validate(
        {"reader": "table", "about": ABOUT, "path": "demand.csv", "key": "gemeente_code", "keep": ["*"]}
    )
    with pytest.raises(InputError, match=rf"demand \(demand.csv\).{column}: no .* \(1 row: {value}\)"):
        read_demand(row, Places(base=tmp_path, scratch=tmp_path), ReadReport(Ledger("demand")))
