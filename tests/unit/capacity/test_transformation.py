"""Vacant buildings: what is counted, what becomes no homes, and what is not known."""

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from flexsites.capacity.kernels.transformation import transformed_homes
from flexsites.capacity.transformation import transform
from flexsites.config.load import configs_directory, read_model, read_yaml
from flexsites.config.transformation import Transformation
from flexsites.errors import InputError
from flexsites.inputs.land.vacant import VACANT_TEMPLATE, read_vacant
from flexsites.inputs.stock.bag_words import UNIT_FUNCTIONS
from flexsites.reporting.report.listed import write_listed
from flexsites.tables.transformation_tables import building_function
from tests.pipelines.small_run import told_by


@pytest.fixture(scope="module")
def figures():
    return read_model(configs_directory() / "transformation.yaml", Transformation)


def _buildings(*rows):
    columns = ("building_id", "building_function", "vacant_area_m2")
    frame = pd.DataFrame(rows, columns=columns)
    return frame.astype({"vacant_area_m2": "float64"})


@given(st.floats(0, 1e5), st.floats(0, 1), st.floats(0, 1e3), st.floats(20, 80))
def test_more_floor_area_never_holds_fewer_homes_nor_more_than_fit(area, share, more, home):
    one, other = transformed_homes(np.array([area, area + more]), np.array([share] * 2), home, min_floor_area_m2=200.0)
    assert one <= other
    assert other * home <= (area + more) * share + 1e-6


def test_the_range_rises_and_each_building_is_told_once(figures):
    told = transform(
        _buildings(*[(str(i), name, 1_500.0) for i, name in enumerate(sorted(UNIT_FUNCTIONS))]), figures=figures
    )
    assert len(told) == len(UNIT_FUNCTIONS) == len(building_function.values)
    low, expected, high = (told[f"n_transformed_{one}"] for one in ("low", "expected", "high"))
    assert (low <= expected).all()
    assert (expected <= high).all()
    is_counted = told["building_function"].isin(list(figures.usable_share))
    assert (told["transformation_outcome"] == "homes").eq(is_counted).all()
    assert (expected[~is_counted] == 0).all()
    assert (expected[is_counted] > 0).all()


def test_what_is_not_known_is_not_nothing(figures):
    told = transform(
        _buildings(("a", None, 900.0), ("b", "kantoorfunctie", np.nan), ("c", "kantoorfunctie", 150.0)), figures=figures
    ).set_index("building_id")
    assert told.loc[["a", "b"], "n_transformed_expected"].isna().all()
    assert told.loc[["a", "b"], "transformation_outcome"].isna().all()
    assert told.loc["c", ["transformation_outcome", "n_transformed_high"]].tolist() == ["too_small", 0]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("building_id,function\na,kantoorfunctie\n", "no column floor_area_m2"),
        ("building_id,function,floor_area_m2\na,office,100\n", "function"),
        ("building_id,function,floor_area_m2\na,kantoorfunctie,-1\n", "floor_area_m2"),
        ("building_id,function,floor_area_m2\na,kantoorfunctie,1\na,kantoorfunctie,2\n", "building_id"),
        ("building_id,function,floor_area_m2\n", "it has no rows"),
    ],
)
def test_a_list_that_cannot_be_read_says_why(text, told, tmp_path):
    (tmp_path / "v.csv").write_text(text)
    with pytest.raises(InputError, match=told):
        read_vacant(tmp_path / "v.csv")


def test_figures_that_turn_round_are_refused(figures):
    content = figures.model_dump(mode="json", exclude_defaults=True)
    falling = {
        name: {"value": value, "source": "a test"} for name, value in (("low", 0.8), ("expected", 0.7), ("high", 0.6))
    }
    with pytest.raises(ValueError, match="home_m2"):
        Transformation.model_validate(content | {"home_m2": content["usable_share"]["kantoorfunctie"]})
    with pytest.raises(ValueError, match=r"usable_share\.kantoorfunctie rises"):
        Transformation.model_validate(content | {"usable_share": {"kantoorfunctie": falling}})


def test_from_the_list_to_start_from_to_a_page(figures, tmp_path):
    path = tmp_path / "v.csv"
    told_by("transformation", path, "--template")
    assert path.read_text(encoding="utf-8") == VACANT_TEMPLATE
    said = told_by("transformation", path, "--lang", "en")
    assert "Of 2 buildings 2 may become about 62 homes (36 – 104)" in said
    page, lead = write_listed("transformation", tmp_path, transform(read_vacant(path), figures=figures), "nl")
    assert "samen circa 62 woningen" in lead
    assert "onderwijs" in page.read_text(encoding="utf-8")


def test_figures_of_ones_own_beside_the_list_count(tmp_path):
    path, own = tmp_path / "v.csv", tmp_path / "flexsites_config" / "transformation.yaml"
    told_by("transformation", path, "--template")
    own.parent.mkdir()
    content = read_yaml(configs_directory() / "transformation.yaml")
    ours = {name: dict(figure, value=2 * figure["value"]) for name, figure in content["home_m2"].items()}
    own.write_text(yaml.safe_dump(content | {"home_m2": ours}), encoding="utf-8")
    assert "about 31 homes (18 – 52)" in told_by("transformation", path, "--lang", "en")
