"""The manifest: what a run writes is what its readers read, and what they cannot read is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from flexsites.config.base import Figure, Label
from flexsites.config.origins import Origins
from flexsites.errors import InputError
from flexsites.runs.manifest import balance, figures_by_origin
from flexsites.tables.manifest import CellTold, Manifest, Named, Source, read_manifest, write_manifest

NAME = Label(nl="streng", en="strict")
FULL = Manifest(
    run_id="r-1",
    title=NAME,
    sources=(Source(id="parcels", n_features=3, unused_reasons={"no geometry": 2}),),
    variants=(Named(id="strict", label=NAME),),
    cells=(CellTold(cell="0_0_500", kind="roofs", seconds=1.5, n_sites=3, stages={"capacity.roofs.top_up": 0.5}),),
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    for manifest in (FULL, Manifest()):
        write_manifest(manifest, tmp_path)
        assert read_manifest(tmp_path) == manifest


def test_a_manifest_does_not_change_under_its_readers() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        FULL.run_id = "r-2"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "no manifest.json.*--resume"),
        ("", "cannot be read as JSON"),
        ('{"run_id": "r"', "cannot be read as JSON"),
        ("{}", "it is not what the run wrote"),
        ('{"rulez": []}', "rulez is not as this version"),
        ('{"cells": [{"cell": "c"}]}', r"cells\.0\.kind is not as this version"),
    ],
)
def test_what_cannot_be_read_is_told(tmp_path: Path, text: str | None, told: str) -> None:
    if text is not None:
        (tmp_path / "manifest.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=told):
        read_manifest(tmp_path)


def test_a_manifest_that_says_another_number_than_was_written_is_told(tmp_path: Path) -> None:
    write_manifest(FULL, tmp_path)
    path = tmp_path / "manifest.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"n_features": 3', '"n_features": 2'), encoding="utf-8")
    with pytest.raises(InputError, match=r"not what the run wrote.*--resume"):
        read_manifest(tmp_path)


def test_the_areas_of_parcels_add_up_whatever_other_cells_there_are() -> None:
    cell = {"cell": "0_0_500", "seconds": 1.0, "n_sites": 1}
    areas = {"area_in_m2": 10.0, "buildable_area_m2": 6.0, "attributed_area_m2": 3.0}
    found = balance([CellTold(kind="parcels", **cell, **areas), CellTold(kind="roofs", **cell)])
    assert json.loads(found.model_dump_json()) == {**areas, "difference_m2": 1.0}


def test_a_figure_is_an_assumption_or_sourced_and_told_once() -> None:
    guessed = Figure(value=15, unit="m", assumption=True, why="two rows and a path")
    known = Figure(value=1125, unit="m", source="[R]")
    assumed, sourced = figures_by_origin([("a", guessed), ("b", known), ("a", guessed)], Origins())
    assert [(one.path, one.why, one.source) for one in assumed] == [("a", "two rows and a path", None)]
    assert [(one.path, one.why, one.source) for one in sourced] == [("b", None, "[R]")]
