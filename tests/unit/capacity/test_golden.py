"""The homes on eight named shapes, kept to be read: every flexmilieu, unknown and good transit."""

import pandas as pd

from flexsites.capacity.homes import fit
from flexsites.capacity.layouts import draw_layouts
from tests.golden_files import Golden
from tests.piece_shapes import (
    all_programmes,
    dwelling_types,
    layout_standard,
    named_shapes,
    pieces_table,
    programme,
    transit_table,
)


def test_units_of_named_shapes(golden: Golden) -> None:
    names = list(named_shapes())
    pieces = pieces_table(list(named_shapes().values()), piece_id=names, site_id=names)
    found = []
    for transit_class in (None, "A"):
        units = fit(
            pieces,
            transit_table(pieces, transit_class),
            programmes=all_programmes(),
            dwelling_types=dwelling_types(),
            layout=layout_standard(),
        )
        found.append(units.assign(transit_class=transit_class or "unknown"))
    golden.check_kept(pd.concat(found, ignore_index=True).drop(columns="site_id"), "capacity/units.csv")


def test_the_drawn_layout_of_an_l_shape(golden: Golden) -> None:
    pieces = pieces_table([named_shapes()["l_shape"]])
    layouts = draw_layouts(
        pieces,
        transit_table(pieces, "A"),
        programmes={"fietsstad": programme("fietsstad")},
        dwelling_types=dwelling_types(),
        layout=layout_standard(),
    )
    golden.check_kept(layouts, "capacity/layout_l_shape.csv")
