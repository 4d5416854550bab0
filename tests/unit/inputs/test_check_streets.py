"""What a run would refuse of its streets, a check tells; and streets on one line are streets."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest
import shapely
import yaml

from flexsites.config.study import resolve
from flexsites.inputs.prepare import prepare
from flexsites.runs.prepare import check_inputs
from tests.property.deliveries import request_of
from tests.unit.accessibility.maps import write_map
from tests.unit.inputs.makers import ABOUT, ORIGIN, sources, squares, vector, write


def lines(folder: Path, road_class: str, length_m: float) -> dict[str, object]:
    """Write one street from west to east."""
    x, y = ORIGIN
    frame = gpd.GeoDataFrame(
        {"cls": [road_class]}, geometry=[shapely.LineString([(x, y), (x + length_m, y)])], crs=28992
    )
    write(frame, folder / "streets.gpkg")
    return {"reader": "lines", "about": ABOUT, "path": "streets.gpkg", "class_column": "cls"}


@pytest.mark.parametrize(
    ("road_class", "length_m", "told"),
    [("footway", 5000.0, "no street for mode bicycle"), ("residential", 40.0, "do not join; parts: 1, each"),
     ("residential", 5000.0, None)],
)  # fmt: skip
def test_a_check_tells_that_nobody_can_go_over_the_streets(
    tmp_path: Path, road_class: str, length_m: float, told: str | None
) -> None:
    """Whether because of what they are, or because they are too short to be of a network."""
    write(squares(), tmp_path / "p.gpkg")
    given = {"parcels": vector("p.gpkg", id_column="id"), "streets": lines(tmp_path, road_class, length_m)}
    content = {"name": "t", "title": "t", "pipeline": "provincial_sweep", "reference_date": "2026-01-01"}
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(content | {"sources": given}))
    said = [str(one) for one in check_inputs(resolve(str(tmp_path / "run.yaml"))).faults]
    assert [told in one for one in said] == [True] if told else said == []


@pytest.mark.parametrize("box", [None, (5.0, 52.0, 6.0, 53.0)])
def test_a_map_of_one_straight_street_has_an_extent(
    tmp_path: Path, box: tuple[float, float, float, float] | None
) -> None:
    places = {1: (5.3872, 52.1552), 2: (5.42, 52.1552)}
    write_map(tmp_path / "m.osm.pbf", {1: ([1, 2], {"highway": "residential"})}, places=places, box=box)
    given = sources(streets={"reader": "osm_pbf", "about": ABOUT, "path": "m.osm.pbf"})
    found = prepare(given, directory=tmp_path / "out", base=tmp_path, request=request_of(given))
    extent = gpd.read_parquet(found.tables["coverages"]).geometry.iloc[0]
    assert extent.geom_type == "Polygon"
    assert 0 < extent.area < 1e5


def test_one_straight_line_has_an_extent(tmp_path: Path) -> None:
    given = sources(streets=lines(tmp_path, "residential", 5000.0))
    found = prepare(given, directory=tmp_path / "out", base=tmp_path, request=request_of(given))
    assert 0 < gpd.read_parquet(found.tables["coverages"]).geometry.area.iloc[0] < 5e4
