"""The notebooks of the documentation run as they stand, and hold what they gave."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flexsites.docs import notebook
from flexsites.docs.notebook import NOTEBOOKS, notebook_page
from flexsites.errors import ContractError
from tests.notebook_cells import execute, read
from tests.pipelines.small_run import Small

NAMES = ("municipality", "own_frames")


@pytest.fixture
def place(reported: Small, tmp_path: Path) -> Path:
    """Return a directory with a small run where a notebook expects that of the demo."""
    results = tmp_path / "outputs" / "municipal_shortlist"
    results.mkdir(parents=True)
    (results / "demo-small").symlink_to(reported.directory)
    return tmp_path


def _given(cells: list[dict[str, object]]) -> list[object]:
    return [cell.get("outputs") for cell in cells]


def test_that_of_a_municipality_runs_on_a_small_run(place: Path) -> None:
    found = execute(read("municipality"), place)
    assert all(cell["outputs"] for cell in found["cells"] if cell["cell_type"] == "code")
    assert "<html" in (place / "map.html").read_text(encoding="utf-8")


def test_that_of_own_frames_gives_what_it_holds(tmp_path: Path) -> None:
    kept = read("own_frames")
    assert _given(execute(kept, tmp_path)["cells"]) == _given(kept["cells"])


def test_there_are_no_others() -> None:
    assert {path.stem for path in NOTEBOOKS.glob("*.ipynb")} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_holds_no_path_of_a_machine(name: str) -> None:
    text = (NOTEBOOKS / f"{name}.ipynb").read_text(encoding="utf-8")
    assert not re.findall(r"(?:/(?:home|root|tmp|work|Users)/|[A-Z]:\\\\)\S*", text)


@pytest.mark.parametrize("outputs", [None, [{"output_type": "error"}]], ids=["not_executed", "failed"])
def test_a_cell_without_its_answer_is_a_fault(
    outputs: list[object] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = "null" if outputs is None else "1"
    cell = f'{{"cell_type": "code", "source": ["1 / 0"], "execution_count": {number}, "outputs": {outputs or []}}}'
    (tmp_path / "broken.ipynb").write_text(f'{{"cells": [{cell}]}}'.replace("'", '"'), encoding="utf-8")
    monkeypatch.setattr(notebook, "NOTEBOOKS", tmp_path)
    with pytest.raises(ContractError, match="not executed, or failed"):
        notebook_page("broken", "Broken", "")
