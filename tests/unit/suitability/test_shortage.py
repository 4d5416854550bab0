"""Homes that homeless people lack: from a count by type to the demand of a run."""

import pandas as pd
import pytest

from flexsites.config.homelessness import TYPES, Homelessness
from flexsites.config.load import available, configs_directory, read_model
from flexsites.config.sources import DemandTable
from flexsites.errors import InputError
from flexsites.inputs.formats.files import Places
from flexsites.inputs.land.demand import read_demand
from flexsites.inputs.land.homelessness import COUNTS_TEMPLATE, read_counts
from flexsites.inputs.rows.ingest import ReadReport
from flexsites.inputs.rows.records import Ledger
from flexsites.suitability.shortage import demand_of, homes_short
from tests.pipelines.small_run import told_by

HEADER = "gemeente_code,homelessness_type,n_people,target_group,n_homes_planned\n"


@pytest.fixture(scope="module")
def figures():
    return read_model(configs_directory() / "homelessness.yaml", Homelessness)


def _counted(tmp_path, *rows):
    path = tmp_path / "c.csv"
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return read_counts(path)


def test_people_less_what_is_planned_by_hand(figures, tmp_path):
    """20 x 0.7 / 1.1 - 10 = 2.7; 30 x 0.75 / 1.2 = 18.75; a plan larger than the need leaves nothing short."""
    counts = _counted(
        tmp_path, "GM0166,shelter,20,,10", "GM0166,family_or_friends,30,,", "GM0166,family_or_friends,8,bankslapers,9",
        "GM0363,public_space,,,4",
    )  # fmt: skip
    told = homes_short(counts, figures=figures).set_index(["gemeente_code", "homelessness_type", "target_group"])
    shelter = told.loc[("GM0166", "shelter", "uitstromers")]
    assert shelter.filter(like="n_homes_short").tolist() == [0, 3, 8]
    assert told.loc[("GM0166", "family_or_friends", "economisch_daklozen"), "n_homes_short_expected"] == 19
    assert told.loc[("GM0166", "family_or_friends", "bankslapers"), "shortage_outcome"] == "enough"
    unknown = told.loc[("GM0363", "public_space", "uitstromers")]
    assert unknown.filter(like="n_homes_short").isna().all()
    assert pd.isna(unknown["shortage_outcome"])
    asked = demand_of(told.reset_index())
    assert asked.to_numpy().tolist() == [["GM0166", "economisch_daklozen", 19], ["GM0166", "uitstromers", 3]]


def test_the_range_rises_for_every_type_and_groups_are_those_of_the_configuration(figures, tmp_path):
    told = homes_short(_counted(tmp_path, *(f"GM0166,{name},100,," for name in TYPES)), figures=figures)
    assert len(told) == len(TYPES)
    low, expected, high = (told[f"n_homes_short_{one}"] for one in ("low", "expected", "high"))
    assert ((low < expected) & (expected < high)).all()
    assert set(told["target_group"]) <= set(available("target_groups"))


def test_a_row_that_names_the_group_of_its_type_is_added_and_unknown_spreads(figures, tmp_path):
    counts = _counted(
        tmp_path, "GM0166,shelter,20,,", "GM0166,shelter,20,uitstromers,5", "GM0363,shelter,9,,",
        "GM0363,shelter,,uitstromers,",
    )  # fmt: skip
    told = homes_short(counts, figures=figures).set_index("gemeente_code")
    assert told.loc["GM0166", ["n_people", "n_homes_planned"]].tolist() == [40, 5]
    assert pd.isna(told.loc["GM0363", "n_homes_short_expected"])


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("0166,shelter,9,,", "a code such as GM0166"), ("GM0166,tent,9,,", "homelessness_type"),
        ("GM0166,shelter,9,students,", "target_group"), ("GM0166,shelter,1.5,,", "n_people"),
        ("GM0166,shelter,9,,-1", "n_homes_planned"), ("GM0166,shelter,9,,\nGM0166,shelter,8,,", "each type"),
    ],
)  # fmt: skip
def test_a_count_that_cannot_be_read_says_why(row, told, tmp_path):
    with pytest.raises(InputError, match=told):
        _counted(tmp_path, row)


def test_figures_that_turn_round_are_refused(figures):
    content = figures.model_dump(mode="json", exclude_defaults=True)
    types = content["by_type"]
    shelter = types["shelter"]
    needing = shelter["needing_share"]
    falling = needing | {"low": needing["high"], "high": needing["low"]}
    turned = {"needing_share": falling}, {"adults_per_home": needing}
    for changed, told in zip(turned, ("needing_share rises", "adults_per_home falls"), strict=True):
        with pytest.raises(ValueError, match=told):
            Homelessness.model_validate({"by_type": types | {"shelter": shelter | changed}})
    with pytest.raises(ValueError, match="by_type gives each of"):
        Homelessness.model_validate({"by_type": {"shelter": shelter}})


def test_from_the_count_to_start_from_to_the_demand_of_a_run(tmp_path):
    path = tmp_path / "c.csv"
    told_by("homelessness", path, "--template")
    assert path.read_text(encoding="utf-8") == COUNTS_TEMPLATE
    said = told_by("homelessness", path)
    assert "95 getelde volwassenen komen circa" in said
    demand = tmp_path / "homelessness" / "demand.csv"
    assert demand.name in said
    table = DemandTable(
        reader="table", about="demand", path=str(demand), key="gemeente_code", keep=("target_group", "n_homes")
    )
    read = read_demand(table, Places(base=tmp_path, scratch=tmp_path), ReadReport(Ledger("demand")))
    assert set(read["target_group"]) == {"uitstromers", "economisch_daklozen", "bankslapers"}
    assert (read["n_homes_asked"] > 0).all()
