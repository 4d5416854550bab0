"""The table of demand: read as it is, and every fault of it told at once."""

import pytest

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
    assert found.values.tolist() == [["GM0363", "starters", 120], ["GM0363", "senioren", 0]]


def test_every_fault_is_told_at_once(tmp_path):
    text = (
        "gemeente_code,target_group,n_homes\n363,starters,10\nGM0363,reuzen,10\nGM0363,senioren,2.5\n"
        "GM0363,studenten,\nGM0363,starters,1\nGM0363,starters,2\n"
    )
    with pytest.raises(InputError) as caught:
        _read(tmp_path, text)
    told = str(caught.value)
    for part in ("demand.gemeente_code", "363", "demand.target_group", "reuzen", "demand.n_homes", "2.5", "said twice"):
        assert part in told


def test_a_missing_column_is_named(tmp_path):
    with pytest.raises(InputError, match="n_homes"):
        _read(tmp_path, "gemeente_code,target_group\nGM0363,starters\n", keep=["target_group"])
