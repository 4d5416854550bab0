"""A user's own tables of text: what is no table, or no number, is told in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from flexsites.errors import InputError
from flexsites.inputs.land.need import read_need
from flexsites.inputs.land.projects import read_projects

NEED = "gemeente_code,year,n_homes\nGM0363,2026,{}\n"


@pytest.mark.parametrize("read", [read_need, read_projects])
@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"x" * 999, b"a,b\n1,\xff", b"\n\n", b"a,b\n1,2,3\n4\n"])
def test_what_is_no_table_is_told(read: object, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"own\.csv"):
        read(path)  # type: ignore[operator]


@pytest.mark.parametrize("number", ["1e297", "-1", "0.5", "NaN", "inf", "tien", ""])
def test_a_need_that_is_no_number_of_homes_is_told(number: str, tmp_path: Path) -> None:
    path = tmp_path / "need.csv"
    path.write_text(NEED.format(number), encoding="utf-8")
    with pytest.raises(InputError, match=r"n_homes: an impossible n_homes \(1 row\)"):
        read_need(path)
