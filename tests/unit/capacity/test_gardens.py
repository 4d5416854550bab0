"""Back gardens: in which a home fits, in which none does whatever is not known, and what is not known."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flexsites.capacity.gardens import homes_in_gardens
from flexsites.capacity.kernels.gardens import may_be_built_on
from flexsites.config.gardens import Gardens
from flexsites.config.load import configs_directory, read_model
from flexsites.errors import InputError
from flexsites.inputs.stock.listed_gardens import GARDENS_TEMPLATE, read_gardens
from tests.pipelines.small_run import told_by

HEADER = "garden_id,is_corner,garden_area_m2,width_m,built_m2\n"
BANDS = (np.array([0.0, 100.0, 300.0]), np.array([0.5, 0.2, 0.1]), 150.0)


@pytest.fixture(scope="module")
def figures():
    return read_model(configs_directory() / "gardens.yaml", Gardens)


def _gardens(*rows):
    frame = pd.DataFrame(rows, columns=["is_corner", "garden_area_m2", "garden_width_m", "garden_built_m2"])
    numbers = dict.fromkeys(frame.columns[1:], "float64")
    ids = [f"{i:03}" for i in range(len(frame))]
    return frame.astype({"is_corner": "boolean"} | numbers).assign(garden_id=ids)


def test_what_may_be_built_on_is_what_the_law_says_of_outbuildings(figures):
    """Half of 100 m2; 50 and a fifth of what is above 100; 90 and a tenth of what is above 300; never above 150."""
    yards = np.array([60.0, 100.0, 250.0, 300.0, 700.0, 2_000.0])
    assert may_be_built_on(yards, *BANDS) == pytest.approx([30, 50, 80, 90, 130, 150])
    shipped = [(float(one.from_m2), float(one.share)) for one in figures.built_on]
    assert shipped == list(zip(*BANDS[:2], strict=True))
    assert float(figures.most_built_m2) == BANDS[2]


@given(st.floats(0, 1e4), st.floats(0, 1e3))
def test_a_larger_yard_is_never_built_on_less(yard, more):
    one, other = may_be_built_on(np.array([yard, yard + more]), *BANDS)
    assert 0 <= one <= other <= min(yard + more, 150.0)


def test_a_garden_is_judged_by_hand(figures):
    gardens = _gardens(
        (True, 185, 9.5, 12), (False, 500, 20, 0), (True, 185, 5.0, 12), (True, 90, 9.5, 30), (True, 120, 6.0, 10),
    )  # fmt: skip
    told = homes_in_gardens(gardens, figures=figures)
    assert told["garden_outcome"].tolist() == ["fits", "no_corner", "too_narrow", "too_full", "fits"]
    assert told.filter(like="n_that_fit").to_numpy().tolist() == [
        [1, 1, 1], [0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 1],
    ]  # fmt: skip
    assert told["garden_homes_expected"].tolist() == pytest.approx([0.1, 0, 0, 0, 0])


def test_what_is_not_known_decides_only_where_it_could(figures):
    """Every set of unknowns against every value that they may have: none fits only if none does at any of these."""
    values = {"is_corner": (True, False), "area": (40.0, 120.0, 400.0), "width": (3.0, 6.0, 12.0), "built": (0.0, 39.0)}
    known = list(product(*values.values()))
    whole = homes_in_gardens(_gardens(*known), figures=figures).filter(like="n_that_fit").to_numpy(dtype=float)
    asked = list(product(*((*one, None) for one in values.values())))
    told = homes_in_gardens(_gardens(*asked), figures=figures).filter(like="n_that_fit")
    for row, found in zip(asked, told.to_numpy(dtype=float, na_value=np.nan), strict=True):
        alike = [all(b in (None, a) for a, b in zip(one, row, strict=True)) for one in known]
        most = whole[alike].max(axis=0)
        expected = np.where(most == 0, 0.0, np.where([None in row] * 3, np.nan, most))
        np.testing.assert_array_equal(found, expected, err_msg=str(row))


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("a,maybe,90,6,0", "is_corner"), ("a,yes,-1,6,0", "garden_area_m2"), ("a,yes,90,0,0", "width_m"),
        ("a,yes,90,6,91", "no more than the garden_area_m2"), ("a,yes,90,6,0\na,no,90,6,0", "garden_id"),
        ("", "it has no rows"),
    ],
)  # fmt: skip
def test_a_list_that_cannot_be_read_says_why(row, told, tmp_path):
    (tmp_path / "g.csv").write_text(HEADER + row + "\n")
    with pytest.raises(InputError, match=told):
        read_gardens(tmp_path / "g.csv")


def test_figures_that_turn_round_are_refused(figures):
    content = figures.model_dump(mode="json", exclude_defaults=True)
    rising = content["willing_share"]
    falling = {name: rising[other] for name, other in zip(rising, reversed(rising), strict=True)}
    for changed, told in (
        ({"home_m2": rising}, "home_m2 falls"),
        ({"willing_share": falling}, "willing_share rises"),
        ({"built_on": content["built_on"][::-1]}, "built_on begins at 0"),
        (
            {"built_on": [content["built_on"][0] | {"share": {"value": 1.5, "source": "a test"}}]},
            "a share is",
        ),
    ):
        with pytest.raises(ValueError, match=told):
            Gardens.model_validate(content | changed)


def test_from_the_list_to_start_from_to_a_page(tmp_path):
    path = tmp_path / "g.csv"
    told_by("gardens", path, "--template")
    assert path.read_text(encoding="utf-8") == GARDENS_TEMPLATE
    said = told_by("gardens", path)
    assert "Van 3 achtertuinen is er in 1 plaats voor een kleine woning" in said
    assert "1 is te klein of te vol, 0 te smal, 1 hoort niet bij een hoekwoning" in said
    page = (tmp_path / "gardens" / "gardens.html").read_text(encoding="utf-8")
    assert "te klein of te vol" in page
