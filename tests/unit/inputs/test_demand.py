"""The table of demand: read as it is, and every fault of it told at once."""

import pandas as pd
import pytest

from flexsites.config.presets import read_presets
from flexsites.config.shelf import Shelf
from flexsites.config.sources import DemandTable
from flexsites.errors import InputError
from flexsites.inputs.formats.files import Places
from flexsites.inputs.land.demand import read_demand
from flexsites.inputs.rows.ingest import ReadReport
from flexsites.inputs.rows.validity import Ledger


def _read(folder, text, **changes):
    (folder / "demand.csv").write_text(text, encoding="utf-8")
    about = {"title": "x", "provider": "x", "licence": "x", "attribution": "x", "edition": "x"}
    content = {"reader": "table", "about": about, "path": "demand.csv", "key": "gemeente_code"}
    row = DemandTable.model_validate(content | {"keep": ["target_group", "n_homes"]} | changes)
    return read_demand(row, Places(base=folder, scratch=folder), ReadReport(Ledger("demand")))


def test_words_of_the_user_are_renamed(tmp_path):
    text = "gemeente;groep;aantal\nGM0363;starters;120\nGM0363;senioren;0\n"
    found = _read(
        tmp_path, text, key="gemeente", keep=["groep", "aantal"], rename={"groep": "target_group", "aantal": "n_homes"}
    )
    asked = found[["gemeente_code", "target_group", "n_homes_asked"]]
    assert asked.values.tolist() == [["GM0363", "starters", 120], ["GM0363", "senioren", 0]]
    nothing = [
        "household_size",
        "years_asked",
        "from_year",
        "is_level_asked",
        "most_share",
        "most_homes_near",
        "near_m",
    ]
    assert found[nothing].isna().all(axis=None)
    assert found["also_in"].tolist() == [(), ()]


def test_every_fault_is_told_at_once(tmp_path):
    text = (
        "gemeente_code,target_group,n_homes\n363,starters,10\nGM0363,reuzen,10\nGM0363,senioren,2.5\n"
        "GM0363,studenten,\nGM0363,starters,1\nGM0363,starters,2\n"
    )
    with pytest.raises(InputError) as caught:
        _read(tmp_path, text)
    told = str(caught.value)
    for part in (".gemeente_code: ", "363", ".target_group: ", "reuzen", "demand (demand.csv).n_homes: ", "2.5"):
        assert part in told


def test_a_missing_column_is_named(tmp_path):
    with pytest.raises(InputError, match="n_homes"):
        _read(tmp_path, "gemeente_code,target_group\nGM0363,starters\n", keep=["target_group"])


FULL = (
    "gemeente_code,target_group,n_homes,household_size,years,from_year,level_access,max_share,max_homes_near,near_m,"
    "also_in"
)


def test_what_else_is_asked_is_read(tmp_path):
    text = f"{FULL}\nGM0363,starters,120,3,10,2028,ja,0.5,20,400,GM0384|aangrenzend\nGM0363,starters,10,,,,nee,,,,\n"
    found = _read(tmp_path, text, keep=["*"])
    first, second = found.to_dict("records")
    names = ("household_size", "years_asked", "from_year", "is_level_asked", "most_share", "most_homes_near", "near_m")
    assert [first[name] for name in names] == [3, 10, 2028, True, 0.5, 20, 400.0]
    assert first["also_in"] == ("GM0384", "adjoining")
    assert (first["demand_id"], second["demand_id"]) == (
        "GM0363 starters 3p 10y 2028 level", "GM0363 starters any-level",
    )  # fmt: skip
    assert second["also_in"] == ()


def test_every_fault_of_what_else_is_asked_is_told_at_once(tmp_path):
    rows = ["GM0363,starters,1,0,,,,,,,", "GM0363,senioren,1,,tien,,,,,,", "GM0363,studenten,1,,,12,,,,,"]
    rows += ["GM0363,uitstromers,1,,,,misschien,,,,", "GM0363,bankslapers,1,,,,,1.5,,,", "GM0363,senioren,1,2,,,,,5,,"]
    rows += ["GM0363,senioren,1,3,,,,,5,-1,", "GM0363,senioren,1,4,,,,,,,Amsterdam"]
    with pytest.raises(InputError) as caught:
        _read(tmp_path, "\n".join([FULL, *rows]), keep=["*"])
    told = str(caught.value)
    columns = (
        "household_size",
        "years",
        "from_year",
        "level_access",
        "max_share",
        "max_homes_near",
        "near_m",
        "also_in",
    )
    for column in columns:
        assert f"demand (demand.csv).{column}" in told
    for word in ("tien", "misschien", "1.5", "Amsterdam", "go together"):
        assert word in told


def test_the_same_homes_asked_twice_are_a_fault(tmp_path):
    with pytest.raises(InputError, match="asked twice"):
        _read(tmp_path, "gemeente_code,target_group,n_homes\nGM0363,starters,1\nGM0363,starters,2\n")


def test_the_template_of_the_preset_is_read_by_the_preset(tmp_path):
    """Every column that the template has is read, and an empty cell asks nothing."""
    preset = read_presets(Shelf())["demand"]
    names = list(preset.template.columns)
    full = {
        "gemeente_code": "GM0363", "target_group": "senioren", "n_homes": "30", "household_size": "2", "years": "12",
        "from_year": "2028", "level_access": "true", "max_share": "0.5", "max_homes_near": "60", "near_m": "250",
        "also_in": "adjoining",
    }  # fmt: skip
    bare = {"gemeente_code": "GM0363", "target_group": "starters", "n_homes": "120"}
    lines = [",".join(row.get(name, "") for name in names) for row in (full, bare)]
    found = _read(tmp_path, "\n".join([",".join(names), *lines]), **dict(preset.serves["demand"][0].entry))
    assert set(full) == set(names)
    assert found["n_homes_asked"].tolist() == [30, 120]
    asked = found.drop(columns=["demand_id", "gemeente_code", "target_group", "n_homes_asked"], errors="ignore")
    given, nothing = (asked.iloc[i] for i in (0, 1))
    assert all(len(value) > 0 if isinstance(value, tuple | list) else pd.notna(value) for value in given)
    assert all(len(value) == 0 if isinstance(value, tuple | list) else pd.isna(value) for value in nothing)
