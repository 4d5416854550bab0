"""Homes that may be split: what they become, what stays one, and what is not known."""

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from flexsites.capacity.kernels.splitting import homes_when_split
from flexsites.capacity.splitting import split_dwellings
from flexsites.config.load import configs_directory, read_model, read_yaml
from flexsites.config.splitting import Splitting
from flexsites.errors import InputError
from flexsites.inputs.stock.listed_dwellings import DWELLINGS_TEMPLATE, read_dwellings
from flexsites.reporting.report.listed import write_listed
from flexsites.tables.splitting_tables import dwelling_type
from tests.pipelines.small_run import told_by

HEADER = "dwelling_id,dwelling_type,floor_area_m2,year_built"
ESTIMATES = ("low", "expected", "high")


@pytest.fixture(scope="module")
def figures():
    return read_model(configs_directory() / "splitting.yaml", Splitting)


def _dwellings(*rows):
    columns = ("dwelling_id", "dwelling_type", "dwelling_area_m2", "dwelling_year_built")
    frame = pd.DataFrame(rows, columns=columns)
    return frame.astype({"dwelling_area_m2": "float64", "dwelling_year_built": "Int64"})


@given(st.floats(0, 1e4), st.integers(1, 6), st.floats(0, 1e3), st.integers(0, 3), st.floats(18, 80))
def test_more_floor_area_never_makes_fewer_homes_nor_more_than_fit(area, most, more, further, home):
    one, other = homes_when_split(np.array([area, area + more]), np.array([float(most), float(most + further)]), home)
    assert 1 <= one <= other <= most + further
    assert other == 1 or other * home <= area + more + 1e-5


def test_the_range_rises_for_every_type(figures):
    rows = [(str(i), name, 150.0, 1955) for i, name in enumerate(dwelling_type.values)]
    told = split_dwellings(_dwellings(*rows), figures=figures).set_index("dwelling_type")
    for columns in ("n_when_split", "extra_homes"):
        low, expected, high = (told[f"{columns}_{one}"] for one in ESTIMATES)
        assert (low <= expected).all()
        assert (expected <= high).all()
    assert told.loc["portiekwoning", "n_when_split_expected"] == 4
    assert told.loc["portiekwoning", "extra_homes_expected"] == pytest.approx(3 * 0.7)
    assert told.loc["hoekwoning", "extra_homes_expected"] == pytest.approx(0.4)
    assert told.loc["eengezinswoning", "extra_homes_expected"] == pytest.approx(0.2)
    assert told.loc["overig", ["splitting_outcome", "n_when_split_high", "extra_homes_high"]].tolist() == [
        "other_type", 1, 0.0,
    ]  # fmt: skip


def test_what_is_not_known_is_not_one_home(figures):
    rows = [
        ("type", None, 90.0, 1960), ("area", "hoekwoning", np.nan, 1960), ("year", "hoekwoning", 90.0, None),
        ("recent", "hoekwoning", np.nan, 2005), ("other", "overig", np.nan, None), ("small", "hoekwoning", 40.0, 1960),
    ]  # fmt: skip
    told = split_dwellings(_dwellings(*rows), figures=figures).set_index("dwelling_id")
    unknown = told.loc[["type", "area", "year"]]
    assert unknown["splitting_outcome"].isna().all()
    assert unknown.filter(regex="^(n_when_split|extra_homes)_").isna().all(axis=None)
    assert told.loc[["recent", "other", "small"], "splitting_outcome"].tolist() == [
        "too_recent", "other_type", "too_small",
    ]  # fmt: skip
    assert (told.loc[["recent", "other", "small"], "n_when_split_high"] == 1).all()
    assert (told.loc[["recent", "other", "small"], "extra_homes_high"] == 0).all()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("dwelling_id,dwelling_type,floor_area_m2\na,hoekwoning,90\n", "no column year_built"),
        (HEADER + "\na,house,90,1950\n", "dwelling_type"),
        (HEADER + "\na,hoekwoning,-1,1950\n", "floor_area_m2"),
        (HEADER + "\na,hoekwoning,90,19\n", "year_built"),
        (
            HEADER + "\na,hoekwoning,9,1950\na,hoekwoning,9,1950\n",
            "dwelling_id",
        ),
        (HEADER + "\n", "it has no rows"),
    ],
)
def test_a_list_that_cannot_be_read_says_why(text, told, tmp_path):
    (tmp_path / "d.csv").write_text(text)
    with pytest.raises(InputError, match=told):
        read_dwellings(tmp_path / "d.csv")


def test_figures_that_turn_round_are_refused(figures):
    content = figures.model_dump(mode="json", exclude_defaults=True)
    with pytest.raises(ValueError, match="home_m2 falls"):
        Splitting.model_validate(content | {"home_m2": content["by_type"]["hoekwoning"]["suitable_share"]})
    falling = {one: {"value": 0.9 - i / 10, "source": "a test"} for i, one in enumerate(ESTIMATES)}
    most = content["by_type"]["hoekwoning"]["most_homes"]
    turned = {"most_homes": most, "suitable_share": falling}
    with pytest.raises(ValueError, match=r"by_type\.hoekwoning\.suitable_share rises"):
        Splitting.model_validate(content | {"by_type": {"hoekwoning": turned}})
    share = content["by_type"]["hoekwoning"]["suitable_share"]
    for homes in (1, 2.5):
        few = {"most_homes": {"value": homes, "source": "a test"}, "suitable_share": share}
        with pytest.raises(ValueError, match=r"by_type\.hoekwoning\.most_homes is a whole number"):
            Splitting.model_validate(content | {"by_type": {"hoekwoning": few}})


def test_from_the_list_to_start_from_to_a_page(figures, tmp_path):
    path = tmp_path / "d.csv"
    told_by("splitting", path, "--template")
    assert path.read_text(encoding="utf-8") == DWELLINGS_TEMPLATE
    said = told_by("splitting", path, "--lang", "en")
    assert "Of 3 homes 3 are large and old enough to be split" in said
    assert "about 1.3 more (0.2 – 1.6)" in said
    page, lead = write_listed("splitting", tmp_path, split_dwellings(read_dwellings(path), figures=figures), "nl")
    assert "circa 1,3 bij" in lead
    written = page.read_text(encoding="utf-8")
    assert "hoekwoning" in written
    assert ">1931<" in written, "a year is no amount"


def test_figures_of_ones_own_beside_the_list_count(tmp_path):
    path, own = tmp_path / "d.csv", tmp_path / "flexsites_config" / "splitting.yaml"
    told_by("splitting", path, "--template")
    own.parent.mkdir()
    ours = {one: {"value": 100, "unit": "m2", "source": "ours"} for one in ESTIMATES}
    content = read_yaml(configs_directory() / "splitting.yaml") | {"home_m2": ours}
    own.write_text(yaml.safe_dump(content), encoding="utf-8")
    assert "Of 3 homes 0 are large and old enough" in told_by("splitting", path, "--lang", "en")
