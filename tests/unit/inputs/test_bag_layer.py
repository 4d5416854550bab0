"""The BAG as a layer: which buildings hold a dwelling follows from their units, not from the buildings."""

from __future__ import annotations

import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from flexsites.config.rules import ExclusionRule, InUse
from flexsites.errors import InputError
from flexsites.inputs.prepare import Request, prepare
from flexsites.inputs.prepared import Prepared
from tests.conftest import real_data
from tests.unit.inputs.makers import ABOUT, ORIGIN, sources, squares, vector, write

LABEL = {"nl": "r", "en": "r"}


def pand_id(number: int) -> str:
    return f"0344100000{number:06d}"


def stock(folder: Path) -> dict[str, object]:
    """Five panden on four squares: a home, a shop, a shed, a demolished home, two that share a home; and a new one."""
    x, y = ORIGIN
    standing, gone, new = "Pand in gebruik", "Pand gesloopt", "Bouw gestart"
    rows = [
        (1, standing, shapely.box(x + 10, y + 10, x + 20, y + 20)),
        (2, standing, shapely.box(x + 110, y + 10, x + 120, y + 20)),
        (3, standing, shapely.box(x + 30, y + 10, x + 33, y + 13)),
        (4, gone, shapely.box(x + 210, y + 10, x + 220, y + 20)),
        (5, standing, shapely.box(x + 310, y + 10, x + 320, y + 20)),
        (6, standing, shapely.box(x + 320, y + 10, x + 322, y + 12)),
        (7, new, shapely.box(x + 250, y + 10, x + 260, y + 20)),
    ]
    panden = gpd.GeoDataFrame(
        {
            "identificatie": [pand_id(n) for n, _, _ in rows],
            "status": [status for _, status, _ in rows],
            "bouwjaar": 1970,
        },
        geometry=[shape for _, _, shape in rows],
        crs=28992,
    )
    lived, sold, both = "{woonfunctie}", "{winkelfunctie}", "{woonfunctie,kantoorfunctie}"
    in_panden = [(1,), (2,), (4,), (5, 6), (2,)]
    units = pd.DataFrame(
        {
            "identificatie": [f"0344010000{n:06d}" for n in range(1, 6)],
            "status": [*["Verblijfsobject in gebruik"] * 4, "Verblijfsobject ingetrokken"],
            "gebruiksdoel": [lived, sold, lived, both, lived],
            "oppervlakte": 80,
            "pandref": [f"{{{','.join(map(pand_id, numbers))}}}" for numbers in in_panden],
        }
    )
    panden.to_parquet(folder / "pand.parquet")
    points = gpd.GeoDataFrame(units, geometry=gpd.points_from_xy([x] * 5, [y] * 5), crs=28992)
    points.to_parquet(folder / "vbo.parquet")
    return {
        "reader": "bag",
        "about": ABOUT,
        "coverage": "run",
        "bag_panden": vector(folder / "pand.parquet"),
        "verblijfsobjecten": vector(folder / "vbo.parquet"),
    }


def in_use(**where: object) -> ExclusionRule:
    return InUse.model_validate(
        {"kind": "in_use", "rule_id": "homes", "label": LABEL, "effect": "exclude", "layer": "buildings"}
        | {"where": where or {"has_dwelling": [True]}, "source": "x"}
    )


def made(folder: Path, row: dict[str, object], rule: ExclusionRule) -> Prepared:
    given = sources(parcels=vector(write(squares(), folder / "p.gpkg"), id_column="id"), layers={"buildings": row})
    return prepare(given, directory=folder / "out", base=folder, request=Request(rules=(rule,), halo_m=10))


@pytest.mark.parametrize("form", ["({n}:{ids})", "[{ids}]", "{ids}"])
def test_lists_of_panden_are_read_however_they_are_written(tmp_path: Path, form: str) -> None:
    """GDAL writes a list as (2:a,b) where a form of file has none; its first member is one as well."""
    row = stock(tmp_path)
    units = gpd.read_parquet(tmp_path / "vbo.parquet")

    def written(cell: str) -> str:
        found = cell.strip("{}")
        return form.format(n=found.count(",") + 1, ids=found)

    units["pandref"], units["gebruiksdoel"] = units["pandref"].map(written), units["gebruiksdoel"].map(written)
    units.to_parquet(tmp_path / "vbo.parquet")
    layers = made(tmp_path, row, in_use()).read_layers().set_index("feature_id")
    assert [bool(layers.loc[pand_id(n), "has_dwelling"]) for n in (1, 2, 5, 6)] == [True, False, True, True]


def test_a_unit_that_names_no_pand_of_the_register_is_told(tmp_path: Path) -> None:
    row = stock(tmp_path)
    units = gpd.read_parquet(tmp_path / "vbo.parquet")
    units.loc[0, "pandref"] = f"{pand_id(1)} {pand_id(2)}"
    units.to_parquet(tmp_path / "vbo.parquet")
    with pytest.raises(InputError, match=r"pandref: identifications that are not the register's 16 digits \(1 row"):
        made(tmp_path, row, in_use())


def test_a_building_holds_a_dwelling_if_a_unit_in_use_is_one(tmp_path: Path) -> None:
    prepared = made(tmp_path, stock(tmp_path), in_use())
    layer = prepared.read_layers().set_index("feature_id")
    # demolished and not yet built do not stand there; the dwelling of 5 and 6 is in both, and counted in the larger
    assert layer["has_dwelling"].to_dict() == {
        pand_id(1): True,
        pand_id(2): False,
        pand_id(3): False,
        pand_id(5): True,
        pand_id(6): True,
    }
    counted = {1: 1, 2: 0, 3: 0, 5: 1, 6: 0}
    assert layer["n_dwellings"].to_dict() == {pand_id(number): count for number, count in counted.items()}
    record = next(one for one in prepared.records if one.id == "layers.buildings")
    assert (record.n_read, record.n_features, record.n_left_out) == (7, 5, 2)
    assert "4 verblijfsobjecten in use" in record.notes


def test_a_unit_of_unknown_function_leaves_it_unknown(tmp_path: Path) -> None:
    row = stock(tmp_path)
    units = gpd.read_parquet(tmp_path / "vbo.parquet")
    units.loc[1, "gebruiksdoel"] = None
    units.to_parquet(tmp_path / "vbo.parquet")
    layer = made(tmp_path, row, in_use()).read_layers().set_index("feature_id")
    assert layer["has_dwelling"].isna().to_dict() == {pand_id(n): n == 2 for n in (1, 2, 3, 5, 6)}


def test_it_is_read_again_only_when_a_file_changes(tmp_path: Path) -> None:
    row = stock(tmp_path)
    first = made(tmp_path, row, in_use()).layers["buildings"]
    assert first is not None
    before = first.stat().st_mtime_ns
    assert made(tmp_path, row, in_use()).layers["buildings"].stat().st_mtime_ns == before
    units = gpd.read_parquet(tmp_path / "vbo.parquet")
    units.assign(gebruiksdoel="{winkelfunctie}").to_parquet(tmp_path / "vbo.parquet")
    assert not made(tmp_path, row, in_use()).read_layers()["has_dwelling"].any()


def test_what_a_rule_asks_and_the_register_does_not_tell_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=re.escape("no column owner, which a rule asks for")):
        made(tmp_path, stock(tmp_path), in_use(owner=["x"]))


def test_a_missing_file_and_a_strange_status_are_faults(tmp_path: Path) -> None:
    row = stock(tmp_path)
    panden = gpd.read_parquet(tmp_path / "pand.parquet")
    panden.assign(status="Pand in de wolken").to_parquet(tmp_path / "pand.parquet")
    with pytest.raises(InputError, match="pand in de wolken"):
        made(tmp_path, row, in_use())
    (tmp_path / "vbo.parquet").unlink()
    with pytest.raises(InputError, match=r"vbo\.parquet"):
        made(tmp_path, row, in_use())


def test_den_haag_and_voorburg_hold_the_dwellings_of_their_register(tmp_path: Path) -> None:
    folder = real_data("denhaag_voorburg")
    row = {"reader": "bag", "about": ABOUT, "coverage": "run", "bag_panden": vector(folder / "pand.parquet")}
    row["verblijfsobjecten"] = vector(folder / "verblijfsobject.parquet")
    buurten = vector(folder / "buurten.parquet", id_column="buurtcode")
    given = sources(parcels=buurten, layers={"buildings": row})
    layer = prepare(
        given, directory=tmp_path / "out", base=tmp_path, request=Request(rules=(in_use(),), halo_m=2000)
    ).read_layers()
    homes = pd.read_parquet(folder / "verblijfsobject.parquet", columns=["gebruiksdoel", "pandref", "status"])
    used = homes[~homes["status"].str.contains("ingetrokken|gevormd|gerealiseerd|opgevoerd")]
    lived = used[used["gebruiksdoel"].str.contains("woonfunctie")]
    named = set(lived["pandref"].str.findall(r"\d{16}").explode())
    found = layer.drop_duplicates("feature_id").set_index("feature_id")["has_dwelling"]
    assert len(found) > 14_000
    assert np.array_equal(found.to_numpy(dtype=bool), found.index.isin(named))
    assert 0.5 < found.mean() < 0.99
