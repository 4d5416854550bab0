"""A street of buildings, one of every kind, kept as files that one can read."""

from __future__ import annotations

import pandas as pd

from flexsites.capacity.roofs import roof_reasons, roof_units, top_up
from flexsites.tables import Frame, RoofParts, empty
from tests.golden_files import Golden
from tests.unit.roofs.stock import buildings, flat_block, rules


def street() -> Frame:
    return buildings(
        flat_block(1),
        flat_block(2, year_built=1995, building_height_m=12.5, has_lift=None),
        flat_block(3, year_built=1958, n_storeys=4, n_storeys_source="owner"),
        flat_block(4, building_height_m=16.8, has_lift=True, is_monument=True),
        flat_block(5, roof_flat_area_m2=120.0, roof_sloped_area_m2=600.0),
        flat_block(6, length_m=14.0),
        flat_block(7, building_height_m=None, roof_flat_area_m2=None),
        flat_block(8, year_built=None, n_dwellings=None, owner_class=None),
        flat_block(9, is_parking_regulated=True, transit_class="A", plan_height_limit_m=12.0, consent_share=0.75),
    )


def test_roofs_units_and_reasons_of_a_street(golden: Golden) -> None:
    roofs = top_up(street(), empty(RoofParts), rules=rules())
    golden.check_kept(pd.DataFrame(roofs.drop(columns="geometry")), "roofs/roofs.csv")
    golden.check_kept(roof_units(roofs, rules=rules()), "roofs/roof_units.csv")
    golden.check_kept(roof_reasons(roofs, rules=rules()), "roofs/roof_reasons.csv")
