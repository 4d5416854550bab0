"""One's own rows as a table: nothing that is not given is made up, and no land outside the country is taken."""

from __future__ import annotations

import geopandas as gpd
import pytest
import shapely

from flexsites.errors import ContractError, CrsError
from flexsites.tables import Parcels, Pieces
from flexsites.tables.own import own

FIELD = shapely.box(150_000, 450_000, 150_100, 450_050)


def test_what_may_not_be_null_must_be_given() -> None:
    with pytest.raises(ContractError, match="parcel_area_m2"):
        own(Parcels, [FIELD], site_id=["a"])
    with pytest.raises(ContractError, match="is_valid"):
        own(Pieces, [FIELD], piece_id=["a#1"], site_id="a")


def test_columns_of_a_frame_are_taken_by_row_whatever_its_index() -> None:
    frame = gpd.GeoDataFrame({"name": ["b", "a"]}, geometry=[FIELD, shapely.affinity.translate(FIELD, 200)], crs=28992)
    frame.index = [7, 3]
    table = own(Parcels, frame.geometry, site_id=frame["name"], parcel_area_m2=frame.area)
    assert table["site_id"].tolist() == ["b", "a"]
    assert table["parcel_area_m2"].tolist() == [5000.0, 5000.0]
    assert table["owner_class"].isna().all()


def test_degrees_are_refused_whether_they_are_said_or_not() -> None:
    degrees = shapely.box(5.38, 52.15, 5.39, 52.16)
    with pytest.raises(CrsError, match="degrees"):
        own(Parcels, [degrees], site_id=["a"], parcel_area_m2=1.0)
    with pytest.raises(CrsError, match="4326"):
        own(Parcels, gpd.GeoSeries([degrees], crs=4326), site_id=["a"], parcel_area_m2=1.0)
