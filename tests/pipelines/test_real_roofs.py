"""Real buildings through the roof rules: Echt-Susteren from two formats, Den Haag and Voorburg without heights."""

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest

from tests.conftest import real_data
from tests.pipelines.real_runs import run_real
from tests.pipelines.small_run import told_by

ROOF_SURFACES = {"usable_roof_area", "roof_flat_share"}
MEASURED = (
    "usable_roof_area_m2", "largest_part_area_m2", "daylit_roof_area_m2", "usable_roof_source", "n_layout_low",
    "n_layout_expected", "n_layout_high",
)  # fmt: skip
"""What may rest on roof surfaces, which only the CityJSON has."""

DERIVED = ("verdict", "n_units_low", "n_units_expected", "n_units_high", "failed_rules", "missing_evidence")
"""What follows from those too."""


@pytest.fixture(scope="module")
def echt(tmp_path_factory):
    needs = "echt_susteren/limburg.city.json"
    return {name: run_real(f"echt_roofs_{name}", tmp_path_factory, needs=needs) for name in ("cityjson", "gpkg")}


def test_840_buildings_in_both_formats(echt):
    roofs = {name: run.table("roofs") for name, run in echt.items()}
    assert len(roofs["cityjson"]) == len(roofs["gpkg"]) == 840
    assert list(roofs["cityjson"]["bag_pand_id"]) == list(roofs["gpkg"]["bag_pand_id"])
    assert roofs["cityjson"]["n_dwellings"].isna().all()
    assert (roofs["cityjson"]["gemeente_code"] == "GM1711").all()


def test_attributes_are_the_same_in_both_formats(echt):
    one, other = (echt[name].table("roofs") for name in ("cityjson", "gpkg"))
    for column in one.columns.drop("geometry"):
        if column in (*MEASURED, *DERIVED, "footprint_area_m2"):
            continue
        if pd.api.types.is_float_dtype(one[column]):
            np.testing.assert_allclose(one[column], other[column], rtol=1e-9, err_msg=column)
        else:
            pd.testing.assert_series_equal(one[column], other[column])


def test_footprints_differ_only_where_the_files_do(echt):
    """The GeoPackage drew one part of two buildings that the CityJSON has whole, and rounds two more."""
    one, other = (echt[name].table("roofs")["footprint_area_m2"] for name in ("cityjson", "gpkg"))
    assert (~np.isclose(one, other, rtol=1e-9)).sum() == 4
    assert (one >= other - 0.001).all()


def test_every_rule_that_rests_on_attributes_gives_the_same(echt):
    one, other = (
        echt[name].table("roof_reasons").set_index(["bag_pand_id", "rule_id"]).sort_index()
        for name in ("cityjson", "gpkg")
    )
    assert one.index.equals(other.index)
    rules = one.index.get_level_values("rule_id")
    assert {"storeys_stec_2023", "storeys_load_1999", "roof_flat_share", "lift"} <= set(rules)
    on_attributes = rules != "usable_roof_area"
    assert (one["outcome"] == other["outcome"])[on_attributes].all()
    differs = ~(one["outcome"] == other["outcome"])
    assert differs.sum() <= 5, "the surfaces measure a few roofs smaller or larger, no more"


def test_roof_surfaces_are_used_where_the_file_has_them(echt):
    sources = {name: run.table("roofs")["usable_roof_source"].value_counts() for name, run in echt.items()}
    assert sources["cityjson"].get("surfaces", 0) > 0
    assert "surfaces" not in sources["gpkg"]
    assert sources["gpkg"]["footprint"] == sources["cityjson"]["surfaces"]


def test_where_no_surface_was_measured_verdicts_are_the_same(echt):
    one, other = (echt[name].table("roofs") for name in ("cityjson", "gpkg"))
    unmeasured = one["usable_roof_source"] != "surfaces"
    assert unmeasured.sum() > 800
    for column in DERIVED:
        pd.testing.assert_series_equal(one[column][unmeasured], other[column][unmeasured])


def test_without_functions_no_building_is_called_eligible(echt):
    """3DBAG has no verblijfsobjecten: a large flat roof may be a barn's. It is kept, unknown, and says what lacks."""
    roofs = echt["gpkg"].table("roofs")
    assert set(roofs["verdict"]) == {"excluded", "unknown"}
    open_ones = roofs[roofs["missing_evidence"].map(tuple) == ("unit_functions",)]
    assert len(open_ones) > 0
    assert not any(len(names) for names in open_ones["failed_rules"])
    assert open_ones["n_units_expected"].isna().all()
    assert (open_ones["n_units_high"] > 0).all()


@pytest.mark.parametrize("verdict", ["excluded", "unknown"])
def test_the_story_of_a_roof_can_be_told(echt, verdict):
    run = echt["gpkg"]
    roofs = run.table("roofs")
    one = roofs[roofs["verdict"] == verdict].iloc[0]
    told = told_by("explain", one.bag_pand_id, "--run", run.directory, "--lang", "en")
    assert f"Verdict: {verdict}" in told


PANDEN, UNITS = "denhaag_voorburg/pand.parquet", "denhaag_voorburg/verblijfsobject.parquet"
ABSENT, ROUNDED = "0518100000999999", "0518100000237000"


@pytest.fixture(scope="module")
def bag():
    return gpd.read_parquet(real_data(PANDEN)), gpd.read_parquet(real_data(UNITS))


@pytest.fixture(scope="module")
def portfolio(bag):
    """A corporation's list by BAG id: sixty flats, a unit, and rows that cannot be matched, each for its own reason."""
    panden, units = bag
    refs = units["pandref"].str.strip("{}").str.split(",").explode().str.removeprefix("NL.IMBAG.Pand.")
    stands = panden[panden["status"] == "Pand in gebruik"]["identificatie"].str.removeprefix("NL.IMBAG.Pand.")
    flats = refs[refs.isin(stands)].value_counts().sort_index().loc[lambda n: n >= 12].index[:60]
    wrong = panden[panden["status"] == "Pand ten onrechte opgevoerd"]["identificatie"].iloc[0]
    elsewhere = (units["status"] == "Verblijfsobject in gebruik") & ~units["pandref"].str[-17:-1].isin(flats)
    in_use = units[elsewhere & ~units["pandref"].str.contains(",")].iloc[0]
    rows = [{"BAG id": one, "complex": f"C{i // 6:02d}"} for i, one in enumerate(flats)]
    rows += [
        {"BAG id": in_use["identificatie"].removeprefix("NL.IMBAG.Verblijfsobject."), "complex": "C99"},
        {"BAG id": wrong.removeprefix("NL.IMBAG.Pand."), "complex": "X"},
        {"BAG id": ABSENT, "complex": "X"},
        {"BAG id": ROUNDED, "complex": "X"},
        {"BAG id": "12345", "complex": "X"},
        {"BAG id": "", "complex": ""},
    ]
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def denhaag(portfolio, tmp_path_factory):
    folder = tmp_path_factory.mktemp("denhaag")
    path = folder / "bezit.csv"
    portfolio.to_csv(path, sep=";", index=False)
    return run_real("denhaag_portfolio", tmp_path_factory, needs=PANDEN, FLEXSITES_PORTFOLIO=str(path))


def test_a_roof_without_height_is_unknown_and_says_so_unless_its_year_or_footprint_fails(denhaag):
    roofs = denhaag.table("roofs")
    assert len(roofs) == 61
    fails = (roofs["year_built"] < 1965) | (roofs["footprint_area_m2"] < 200)
    assert (roofs["verdict"][fails] == "excluded").all()
    roofs = roofs[~fails]
    assert len(roofs) > 0
    assert set(roofs["verdict"]) == {"unknown"}
    assert set(map(tuple, roofs["missing_evidence"])) == {("building_height", "roof_area")}
    assert roofs["n_units_expected"].isna().all()
    told = told_by("explain", roofs["bag_pand_id"].iloc[0], "--run", denhaag.directory, "--lang", "en")
    assert "Verdict: unknown" in told
    assert "height (m): unknown" in told


def test_dwellings_are_counted_by_status_function_and_shared_buildings(denhaag, bag):
    _, units = bag
    counts = units["status"].isin(["Verblijfsobject in gebruik", "Verbouwing verblijfsobject"])
    homes = units[counts & units["gebruiksdoel"].str.contains("woonfunctie")]
    refs = homes["pandref"].str.strip("{}").str.split(",").map(lambda ids: [one[-16:] for one in ids])
    alone = refs[refs.str.len() == 1].str[0].value_counts()
    shared = refs[refs.str.len() > 1].explode().value_counts()
    roofs = denhaag.table("roofs").set_index("bag_pand_id")["n_dwellings"]
    least = alone.reindex(roofs.index, fill_value=0)
    assert (roofs >= least).all()
    assert (roofs <= least + shared.reindex(roofs.index, fill_value=0)).all()
    only_own = ~roofs.index.isin(shared.index)
    assert only_own.sum() > 30
    assert (roofs[only_own] == least[only_own]).all()
    assert roofs.sum() > 600


def test_rows_that_match_nothing_keep_their_reason(denhaag, portfolio):
    matches = pd.read_parquet(denhaag.directory / "canonical" / "portfolio_matches.parquet")
    lost = pd.read_parquet(denhaag.directory / "canonical" / "portfolio_unmatched.parquet")
    assert sorted({*matches["portfolio_row"], *lost["portfolio_row"]}) == list(range(1, len(portfolio) + 1))
    why = lost.set_index("portfolio_row")["unmatched_reason"].to_dict()
    n = len(portfolio)
    assert len(why) == 5
    assert "does not count" in why[n - 4]
    assert why[n - 3] == "no building of the stock has this BAG id"
    assert "a spreadsheet may have rounded it" in why[n - 2]
    assert "16 digits" in why[n - 1]
    assert "no BAG id, no house number and no complex code" in why[n]


def test_the_workbook_opens_and_holds_every_row(denhaag):
    for name in ("workbook.xlsx", "portfolio.xlsx"):
        book = openpyxl.load_workbook(denhaag.directory / name)
        assert book.sheetnames, name
    text = {
        str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row if cell is not None
    }
    assert set(denhaag.table("roofs")["bag_pand_id"]) <= text
    assert ABSENT in text, "rows that match nothing are given back"
