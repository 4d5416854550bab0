from __future__ import annotations

import pytest

from flexsites.config.catalogue import CatalogueRow
from flexsites.inputs.rows.records import load_catalogue

# Every row of the method's list of sources.
THEMES = {
    "parcels", "buildings", "dwellings", "roofs", "nature", "land_use", "plans", "business_parks", "safety", "noise",
    "flood", "airports", "monuments", "transit", "streets", "areas", "ownership", "demand", "provincial",
}  # fmt: skip


def test_every_kind_of_source_is_in_the_catalogue() -> None:
    assert {row.theme for row in load_catalogue().values()} >= THEMES


@pytest.mark.parametrize("name", list(load_catalogue()))
def test_a_row_says_what_a_report_must(name: str) -> None:
    row: CatalogueRow = load_catalogue()[name]
    assert all((row.title, row.provider, row.licence, row.attribution, row.edition))
    assert name == "synthetic" or row.access
    for access in row.access:
        assert access.url is None or access.url.startswith("https://")
        if access.how == "ogc_features":
            assert access.crs is not None
            assert access.crs.endswith("/EPSG/0/28992")
