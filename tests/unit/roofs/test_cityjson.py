"""CityJSON in its versions and forms: the same house, the same surfaces."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flexsites.errors import CrsError, InputError
from flexsites.inputs.stock.cityjson import face_slope, read_cityjson
from flexsites.inputs.stock.roofs_3d import roof_attributes

ID = "NL.IMBAG.Pand.0518100000000001"
# A house of 10 x 8 m: flat over 6 x 8 m at 6 m, and a lean-to roof that falls 4 m over the other 4 m (45 degrees).
CORNERS = [
    (0, 0, 0),
    (10, 0, 0),
    (10, 8, 0),
    (0, 8, 0),
    (0, 0, 6),
    (6, 0, 6),
    (6, 8, 6),
    (0, 8, 6),
    (10, 0, 2),
    (10, 8, 2),
]
GROUND, FLAT, SLOPED, WALL = [[3, 2, 1, 0]], [[4, 5, 6, 7]], [[5, 8, 9, 6]], [[1, 2, 9, 8]]
VALUES = [0, 1, 1, 2]


RD_WITH_HEIGHTS = "https://www.opengis.net/def/crs/EPSG/0/7415"


def house(version: str = "1.1", kind: str = "Solid", system: str | None = RD_WITH_HEIGHTS) -> dict[str, Any]:
    faces, values = [GROUND, FLAT, SLOPED, WALL], VALUES
    nested: tuple[Any, Any] = {
        "MultiSurface": (faces, values),
        "Solid": ([faces], [values]),
        "MultiSolid": ([[faces]], [[values]]),
    }[kind]
    surfaces = [{"type": "GroundSurface"}, {"type": "RoofSurface"}, {"type": "WallSurface"}]
    shape = {
        "type": kind,
        "lod": "2.2",
        "boundaries": nested[0],
        "semantics": {"surfaces": surfaces, "values": nested[1]},
    }
    attributes = {
        "identificatie": ID,
        "b3_h_maaiveld": 0.0,
        "b3_h_dak_50p": 6.0,
        "b3_opp_dak_plat": 48.0,
        "b3_opp_dak_schuin": 45.3,
    }
    return {
        "type": "CityJSON",
        "version": version,
        "metadata": {"referenceSystem": system} if system else {},
        "transform": {"scale": [0.001, 0.001, 0.001], "translate": [80_000.0, 450_000.0, 0.0]},
        "CityObjects": {
            ID: {"type": "Building", "attributes": attributes, "children": [f"{ID}-0"]},
            f"{ID}-0": {"type": "BuildingPart", "parents": [ID], "geometry": [shape]},
        },
        "vertices": [[1000 * value for value in corner] for corner in CORNERS],
    }


def write(document: dict[str, Any], path: Path) -> Path:
    path.write_text(json.dumps(document))
    return path


@pytest.mark.parametrize("version", ["1.0", "1.1", "2.0"])
@pytest.mark.parametrize("kind", ["MultiSurface", "Solid", "MultiSolid"])
def test_roof_surfaces_come_out_with_their_slopes(tmp_path: Path, version: str, kind: str) -> None:
    model = read_cityjson(write(house(version, kind), tmp_path / "house.city.json"))
    assert model.roof_parts["slope_deg"].round(6).tolist() == [0.0, 45.0]
    assert model.roof_parts["roof_part_area_m2"].tolist() == pytest.approx([48.0, 32.0])
    assert model.roof_parts["roof_part_height_m_nap"].tolist() == pytest.approx([6.0, 4.0])
    assert model.roof_parts["bag_pand_id"].unique().tolist() == ["0518100000000001"]
    assert model.buildings.geometry.area.tolist() == pytest.approx([80.0])
    assert roof_attributes(model.buildings, where="house")["building_height_m"].tolist() == [6.0]


def test_a_sequence_and_a_compressed_file_give_the_same(tmp_path: Path) -> None:
    whole = house()
    head = {**whole, "CityObjects": {}, "vertices": []}
    feature = {"type": "CityJSONFeature", "id": ID, "CityObjects": whole["CityObjects"], "vertices": whole["vertices"]}
    sequence = tmp_path / "house.city.jsonl"
    sequence.write_text(f"{json.dumps(head)}\n{json.dumps(feature)}\n")
    packed = tmp_path / "house.city.json.gz"
    packed.write_bytes(gzip.compress(json.dumps(whole).encode()))
    expected = read_cityjson(write(whole, tmp_path / "house.city.json")).roof_parts
    for path in (sequence, packed):
        assert read_cityjson(path).roof_parts.equals(expected)


def test_other_levels_of_detail_and_surfaces_without_meaning_are_not_read(tmp_path: Path) -> None:
    document = house()
    shape = document["CityObjects"][f"{ID}-0"]["geometry"][0]
    block = {**shape, "lod": "1.2"}
    mute = {key: value for key, value in shape.items() if key != "semantics"}
    document["CityObjects"][f"{ID}-0"]["geometry"] = [block, mute]
    assert len(read_cityjson(write(document, tmp_path / "a.city.json")).roof_parts) == 0


@pytest.mark.parametrize(
    ("system", "message"), [(None, "CRS is missing"), ("https://www.opengis.net/def/crs/EPSG/0/4326", "4326")]
)
def test_a_missing_or_other_reference_system_is_refused(tmp_path: Path, system: str | None, message: str) -> None:
    with pytest.raises(CrsError, match=message):
        read_cityjson(write(house(system=system), tmp_path / "a.city.json"))


def test_the_urn_of_older_versions_is_understood(tmp_path: Path) -> None:
    path = write(house("1.0", system="urn:ogc:def:crs:EPSG::7415"), tmp_path / "a.city.json")
    assert len(read_cityjson(path).roof_parts) == 2


@pytest.mark.parametrize("text", ["{", '{"type": "FeatureCollection"}', '{"type": "CityJSON", "version": "9.0"}'])
def test_what_is_not_cityjson_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.city.json"
    path.write_text(text)
    with pytest.raises(InputError):
        read_cityjson(path)


def test_a_wall_stands_and_a_line_has_no_slope() -> None:
    wall = np.array([[0.0, 0, 0], [1, 0, 0], [1, 0, 3], [0, 0, 3]])
    assert face_slope([wall]) == 90.0
    assert np.isnan(face_slope([np.array([[0.0, 0, 0], [1, 0, 0], [2, 0, 0]])]))
