"""An extract that ends nearer to the area than what is reached from it is told before a run."""

from __future__ import annotations

from pathlib import Path

import osmium

from flexsites.inputs.formats.files import Places
from flexsites.inputs.osm.margins import short_margins
from tests.unit.inputs.makers import ABOUT, sources

AREA = (180_000.0, 500_000.0, 182_000.0, 502_000.0)


def extract(path: Path, box: tuple[float, float, float, float] | None) -> Path:
    header = osmium.io.Header()
    if box is not None:
        header.add_box(osmium.osm.Box(*box))
    osmium.SimpleWriter(str(path), header=header).close()
    return path


def told(folder: Path, box: tuple[float, float, float, float] | None, **more: object) -> list[str]:
    path = extract(folder / "streets.osm.pbf", box)
    row = {"reader": "osm_pbf", "about": ABOUT, "path": str(path), **more}
    given = sources(streets=row, layers={"water": {**row, "reader": "osm_layer", "tags": {"natural": ["water"]}}})
    return short_margins(given, AREA, reach_m=15_000.0, places=Places(folder, folder))


def test_an_extract_that_is_large_enough_is_not_told(tmp_path: Path) -> None:
    assert told(tmp_path, (4.0, 51.0, 7.0, 54.0)) == []


def test_an_extract_that_ends_near_the_area_is_told_by_side(tmp_path: Path) -> None:
    (line,) = told(tmp_path, (5.0, 51.0, 7.0, 52.5))
    assert line.startswith("streets: the file ends within 15 km of the area; asked is")
    assert line.endswith("further north")
    assert "south" not in line


def test_an_extract_that_does_not_say_where_it_ends_is_told(tmp_path: Path) -> None:
    assert told(tmp_path, None) == ["streets: the file does not say where it ends"]


def test_an_extract_whose_outline_is_stated_speaks_for_itself(tmp_path: Path) -> None:
    assert told(tmp_path, (5.5, 52.4, 5.6, 52.5), coverage={"provincies": ["PV23"]}) == []
