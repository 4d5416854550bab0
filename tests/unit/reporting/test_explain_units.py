"""The story of a site or a roof gives each figure its unit, and a year is a year."""

from __future__ import annotations

import re
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import yaml

from flexsites.reporting import explain
from flexsites.reporting.words import Words
from tests.conftest import PROJECT
from tests.reporting_fixture import write_results

ROOF = "9901000000000004"


def _asks(measure: str, limit: float, unit: str) -> dict[str, object]:
    return {"measure": measure, "at_most": {"value": limit, "unit": unit}}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return write_results(tmp_path / "run")


@pytest.mark.parametrize(
    ("asked", "by", "told"),
    [
        ([_asks("walk_distance_gp_m", 1000.0, "m")], 250.8, "(scheelt 250,8 m)"),
        ([_asks("area_urbanity_class", 3.0, "1")], 2.0, "(scheelt 2,0)"),
        ([_asks("a_min", 30.0, "min"), _asks("b_m", 900.0, "m")], 12.0, "(scheelt 12,0 min)"),
        ([_asks("a_min", 30.0, "min"), _asks("b_m", 900.0, "m")], 400.0, "(scheelt 400,0 m)"),
        # neither is missed by that: no unit is better than a wrong one
        ([_asks("a_min", 30.0, "min"), _asks("b_m", 900.0, "m")], 7.0, "(scheelt 7,0)"),
    ],
)
def test_what_falls_short_has_its_unit(asked: list[dict[str, object]], by: float, told: str, place: Path) -> None:
    criterion = {"id": "near", "label": {"nl": "dichtbij", "en": "near"}, "any_of": asked}
    content = {"target_groups": {"senioren": {"id": "senioren", "requirements": [criterion]}}}
    (place / "run.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    reached = pd.read_parquet(place / "accessibility.parquet")
    site = reached["site_id"].iloc[0]
    first = reached[reached["site_id"] == site].iloc[[0]]
    more = [first.assign(measure="a_min", value=42.0), first.assign(measure="b_m", value=1300.0)]
    pd.concat([reached, *more], ignore_index=True).to_parquet(place / "accessibility.parquet")
    suitability = pd.read_parquet(place / "suitability.parquet")
    row = suitability.index[suitability["site_id"] == site][0]
    suitability["is_suitable"] = suitability["is_suitable"].astype("boolean")
    suitability.loc[row, ["is_suitable", "failed_criterion", "failed_by"]] = [False, "near", by]
    suitability.to_parquet(place / "suitability.parquet")
    assert f"dichtbij {told}" in explain(place, site, "nl")


def test_a_year_and_what_rules_of_roofs_ask_are_written_as_they_are(place: Path) -> None:
    roofs = gpd.read_parquet(place / "roofs.parquet")
    roofs["year_built"] = 1974.0
    roofs.to_parquet(place / "roofs.parquet")
    rows = [("lift", 7.9, 12.5), ("dwellings_min", 1.0, 4.0), ("roof_flat_share", 0.5, 0.75), ("monument", 1.0, None)]
    reasons = pd.DataFrame(rows, columns=["rule_id", "observed", "limit"])
    reasons.assign(bag_pand_id=ROOF, effect="flag", outcome="failed", evidence=None).to_parquet(
        place / "roof_reasons.parquet"
    )
    told = explain(place, ROOF, "nl").splitlines()
    assert "- bouwjaar: 1974" in told
    ends = [line.partition("]: ")[2].partition(": ")[2] for line in told if "]: " in line]
    assert ends == ["7,90 m / 12,50 m", "1 / 4", "50,0% / 75,0%", ""]


def test_a_rule_named_for_what_is_wrong_says_whether_it_is_and_no_figure_that_does_not_decide(place: Path) -> None:
    """A roof without a demolition permit does not 'meet' a demolition permit; 0 storeys of 1 is not unknown."""
    rows = [("demolition_permit", None, None, "met"), ("monument", 1.0, None, "failed")]
    rows += [("storeys_load_1999", 0.0, 1.0, "unknown"), ("roof_quality", 0.25, None, "unknown")]
    reasons = pd.DataFrame(rows, columns=["rule_id", "observed", "limit", "outcome"])
    reasons.assign(bag_pand_id=ROOF, effect="flag", evidence=None).to_parquet(place / "roof_reasons.parquet")
    told = [line.partition("]: ")[2] for line in explain(place, ROOF, "nl").splitlines() if "]: " in line]
    assert told == ["nee", "ja", "onbekend", "onbekend: 0,25 m"]


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_every_reason_why_a_measure_is_unknown_has_words(lang: str) -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in (PROJECT / "flexsites/accessibility").glob("*.py"))
    reasons = set(re.findall(r'"(no_source|no_timetable|no_access_point|data_edge|not_snapped|service_unknown)"', code))
    assert len(reasons) == 6
    assert reasons <= set(Words(lang).texts["names"]["why"])
