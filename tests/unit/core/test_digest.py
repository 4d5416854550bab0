"""Digests: a file that changed in one bit is another, and so is code that is imported, however deep."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from flexsites import digest as module
from flexsites.digest import are_as_written, code_digest, digests_of, imported_by
from flexsites.errors import RunError
from flexsites.runs import cells
from flexsites.runs.run import Place
from flexsites.tables.versions import computed_by


@pytest.mark.parametrize("bit", [0, 7, 8 * 500 + 3, 8 * 999 + 7])
def test_one_bit_is_found(tmp_path: Path, bit: int) -> None:
    path = tmp_path / "deep" / "part.parquet"
    path.parent.mkdir()
    path.write_bytes(bytes(1000))
    known = digests_of([path], tmp_path)
    assert list(known) == ["deep/part.parquet"]
    assert are_as_written(known, tmp_path)
    content = bytearray(1000)
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)
    assert not are_as_written(known, tmp_path)
    path.unlink()
    assert not are_as_written(known, tmp_path)


def test_the_code_of_a_cell_holds_its_kernels_and_tables_and_not_its_reports() -> None:
    names = {path.relative_to(module._PACKAGE).as_posix() for path in imported_by(*cells._CODE)}
    assert {
        "assess.py", "capacity/kernels/layout.py", "exclusion/kernels/faces.py", "geometry/robust.py",
        "accessibility/kernels/search.py", "suitability/kernels/criteria.py", "tables/files.py", "config/rules.py",
    } <= names  # fmt: skip
    assert not [name for name in names if name.startswith(("reporting/", "worlds/", "cli"))]


def test_code_that_changes_deep_down_has_another_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "flexsites"
    (package / "capacity" / "kernels").mkdir(parents=True)
    for name in ("__init__.py", "capacity/__init__.py", "capacity/kernels/__init__.py", "unused.py"):
        (package / name).write_text("", encoding="utf-8")
    (package / "assess.py").write_text("from flexsites.capacity import (\n    homes,\n)\n", encoding="utf-8")
    (package / "capacity" / "homes.py").write_text(
        "def fit():\n    from flexsites.capacity.kernels.density import n_units\n", encoding="utf-8"
    )
    kernel = package / "capacity" / "kernels" / "density.py"
    kernel.write_text("n_units = 1\n", encoding="utf-8")
    monkeypatch.setattr(module, "_PACKAGE", package)
    found = []
    for changed in (None, package / "unused.py", kernel):
        if changed is not None:
            changed.write_text("n_units = 2\n", encoding="utf-8")
        code_digest.cache_clear()
        found.append(code_digest("flexsites.assess"))
    code_digest.cache_clear()
    assert found[0] == found[1] != found[2]


def test_the_libraries_that_compute_are_known_by_their_versions() -> None:
    assert set(computed_by()) == {
        "python", "shapely", "geos", "pyproj", "proj", "pandas", "geopandas", "numpy", "numba", "scipy", "pyarrow",
    }  # fmt: skip
    assert "unknown" not in computed_by().values()


def test_a_worker_with_other_code_does_not_compute() -> None:
    cells._require_same(cells._made_by())
    with pytest.raises(RunError, match=r"computes with other code than the run.*same versions"):
        cells._require_same("what another version gives")


def test_parts_made_by_other_code_or_of_other_inputs_have_another_place(monkeypatch: pytest.MonkeyPatch) -> None:
    place, study = Place(Path("run"), "run-1"), SimpleNamespace(content={"run": {"name": "run"}})
    first = cells.keyed(place, study, SimpleNamespace(hashes={"parcels": "a"}))
    assert first == cells.keyed(place, study, SimpleNamespace(hashes={"parcels": "a"}))
    others = [cells.keyed(place, study, SimpleNamespace(hashes={"parcels": "b"}))]
    others.append(cells.keyed(place, SimpleNamespace(content={}), SimpleNamespace(hashes={"parcels": "a"})))
    monkeypatch.setattr(cells, "_made_by", lambda: "other code")
    others.append(cells.keyed(place, study, SimpleNamespace(hashes={"parcels": "a"})))
    assert len({one.parts for one in (first, *others)}) == 4
    assert {one.parts.parent for one in (first, *others)} == {Path("run/parts")}
