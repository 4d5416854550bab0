"""Suitability of pieces and sites: a small world that one can check in the head."""

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from flexsites.config.load import available, read_model
from flexsites.config.suitability import Flexmilieu, TargetGroup
from flexsites.geometry.cluster_sizes import Sizes
from flexsites.suitability.judgement import judge, judge_pieces
from flexsites.suitability.sites import gather
from tests.piece_rows import pieces_of


def _told(column):
    """Return a column as plain values by key, null as None."""
    return {key: None if pd.isna(value) else value for key, value in column.items()}


LABEL = {"nl": "x", "en": "x"}


def _figure(value):
    return {"value": value, "assumption": True, "why": "test"}


@pytest.fixture(scope="module")
def flexmilieus():
    programme = read_model(available("flexmilieus")["campus"], Flexmilieu).programme
    made = []
    for name, groups in (("stad", ("autoloos",)), ("groen_tiny", ("tiny",))):
        weighted = [{"measure": "d", "weight": _figure(1), "full_at": _figure(0), "zero_at": _figure(1000)}]
        content = {
            "id": name, "label": LABEL, "description": LABEL, "target_groups": groups, "weighted": weighted,
            "programme": programme,
        }  # fmt: skip
        made.append(Flexmilieu.model_validate(content))
    return tuple(made)


@pytest.fixture(scope="module")
def groups():
    stop = {"id": "stop", "label": LABEL, "any_of": [{"measure": "d", "at_most": _figure(500)}]}
    common = {"label": LABEL, "needs": LABEL, "source": "test"}
    return {
        "autoloos": TargetGroup.model_validate({**common, "id": "autoloos", "has_car": False, "requirements": [stop]}),
        "tiny": TargetGroup.model_validate({**common, "id": "tiny", "has_car": True}),
    }


def _pieces(names):
    columns = {"piece_id": names, "site_id": [name.split("#")[0] for name in names]}
    return pieces_of(columns, [shapely.box(0, 0, 40, 50)] * len(names))


def _access(rows):
    frame = pd.DataFrame(rows, columns=["piece_id", "value", "status"])
    frame["why"] = None
    return frame.assign(
        site_id=frame["piece_id"].str.split("#").str[0], measure="d", is_truncated=False, complete_to_m=None
    )


def _units(pieces, expected):
    rows = [
        (piece, piece.split("#")[0], name, "studio:1.00", *[n] * 7, float(n), n, False, "layout", 0)
        for piece, n in zip(pieces, expected, strict=True)
        for name in ("stad", "groen_tiny")
    ]
    columns = [
        "piece_id", "site_id", "flexmilieu", "dwelling_mix", "n_room_low", "n_room_expected", "n_room_high",
        "n_per_cluster_low", "n_per_cluster_expected", "n_per_cluster_high", "n_room_clusters",
        "n_units_density", "n_units_layout", "is_layout_least", "bound_by", "n_parking",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


COMMON = ("n_common_low", "n_common_expected", "n_common_high")
NAMES = ["a#1", "a#2", "b#1", "c#1", "d#1"]
UNITS = [10, 20, 5, 5, 0]
SIZES = dict.fromkeys(("stad", "groen_tiny"), Sizes((6, 6, 6), (25, 25, 25), 6))


@pytest.fixture
def judged(flexmilieus, groups):
    access = _access([("a#1", 400.0, "reached"), ("a#2", 900.0, "reached"), ("b#1", None, "unreached")])
    return judge_pieces(_pieces(NAMES), access, flexmilieus=flexmilieus, groups=groups)


def test_each_piece_has_its_own_entrance(judged):
    stad = judged[judged["flexmilieu"] == "stad"].set_index("piece_id")
    assert _told(stad["is_suitable"]) == {"a#1": True, "a#2": False, "b#1": False, "c#1": None, "d#1": None}
    assert stad.loc["a#2", "failed_criterion"] == "stop"
    assert stad.loc["a#2", "failed_by"] == 400.0
    assert pd.isna(stad.loc["b#1", "failed_by"])  # not reached at all
    assert stad.loc["c#1", "unknown_criteria"] == ("stop",)  # never measured: unknown, not a no


def test_homes_decide_nothing_of_whom_a_piece_suits(judged):
    """No home fits on d#1, and tiny houses ask nothing of it: it suits, with no room."""
    tiny = judged[judged["flexmilieu"] == "groen_tiny"].set_index("piece_id")
    assert tiny["is_suitable"].all()


def test_scores_are_rounded_when_they_are_made(flexmilieus, groups):
    access = _access([("a#1", 333.3333, "reached"), ("b#1", 333.4, "reached"), ("c#1", 332.6, "reached")])
    found = judge_pieces(_pieces(["a#1", "b#1", "c#1"]), access, flexmilieus=flexmilieus, groups=groups)
    assert found.query("flexmilieu == 'stad'")["score"].tolist() == [0.667, 0.667, 0.667]


def test_a_site_has_the_room_of_all_its_pieces_and_holds_no_more_than_one_place(judged):
    stad = judge(judged, _units(NAMES, UNITS), sizes=SIZES).query("flexmilieu == 'stad'").set_index("site_id")
    assert _told(stad["is_suitable"]) == {"a": True, "b": False, "c": None, "d": None}
    assert stad["n_room_expected"].to_dict() == {"a": 30, "b": 5, "c": 5, "d": 0}
    assert stad["n_per_cluster_expected"].to_dict() == {"a": 25, "b": 0, "c": 0, "d": 0}
    assert stad.loc["a", "score"] == pytest.approx(0.6)


def test_a_site_is_labelled_with_the_first_flexmilieu_that_suits(judged):
    ids = ["a", "b", "c", "d", "e", "f"]  # e is excluded; of f no way in is known, so that it has no valid piece yet
    n = len(ids)
    parcels = gpd.GeoDataFrame(
        {
            "site_id": ids, "parcel_area_m2": [2000.0] * n, "registered_area_m2": [None] * n,
            "gemeente_code": [None] * n, "provincie_code": [None] * n, "buurt_code": [None] * n,
            "owner_class": [None] * n, "tenure": [None] * n, "land_use": [None] * n,
        },
        geometry=[shapely.box(0, 0, 40, 50)] * n, crs="EPSG:28992",
    )  # fmt: skip
    exclusions = pd.DataFrame(
        {
            "site_id": ids, "buildable_area_m2": [2000.0, 2000, 2000, 2000, 0, 2000], "n_pieces": [2, 1, 1, 1, 0, 0],
            "buildable_without_consent_m2": [2000.0, 2000, 2000, 2000, 0, 2000], "n_rules_checked": [1] * n,
            "n_rules_excluding": [1] * n, "unchecked_rules": [()] * n, "rule_coverage_id": "all",
            "verdict": ["eligible"] * 4 + ["excluded", "unknown"], "plan_coverage": ["covered"] * n,
            **{f"available_years_{one}": [10.0] * n for one in ("low", "expected", "high")},
            "provincial_coverage": ["covered"] * n, "restrictions": [()] * n, "flags": [()] * n,
        }
    )  # fmt: skip
    sites = gather(
        parcels,
        exclusions,
        judge(judged, _units(NAMES, UNITS), sizes=SIZES),
        pd.DataFrame({"site_id": ids, "programme_area_m2": 0.0} | dict.fromkeys(COMMON, 0.0)),
        undemanding=frozenset({"groen_tiny"}),
        precedence=("groen_tiny", "stad"),
    )
    sites = sites.set_index("site_id")
    assert set(sites["flexmilieu_first"].dropna()) == {"groen_tiny"}, "a label by precedence, not by score"
    assert _told(sites["is_suitable_demanding"]) == {
        "a": True, "b": False, "c": None, "d": None, "e": False, "f": None,
    }  # fmt: skip
    assert _told(sites["is_suitable"])["f"] is None, "unknown is never no"


@pytest.mark.parametrize(
    ("years", "coverage", "serves"),
    [
        (15.0, "covered", {"stad": True, "groen_tiny": True}),
        (10.0, "covered", {"stad": True, "groen_tiny": True}),
        (9.9, "covered", {"stad": False, "groen_tiny": True}),
        (4.0, "covered", {"stad": False, "groen_tiny": False}),
        (None, "covered", {"stad": None, "groen_tiny": None}),  # a plan of unknown start
        (None, "not", {"stad": True, "groen_tiny": True}),  # the term is not checked there: never a no, nor unknown
        (4.0, "partly", {"stad": True, "groen_tiny": True}),
    ],
)
def test_a_least_term_is_asked_of_the_expected_years_where_plans_are_known(
    flexmilieus, groups, years, coverage, serves
):
    terms = {"stad": 10, "groen_tiny": 5}
    asking = tuple(
        Flexmilieu.model_validate(one.model_dump() | {"least_term_years": _figure(terms[one.id])})
        for one in flexmilieus
    )  # fmt: skip
    pieces = _pieces(["a#1"]).assign(available_years_expected=years, plan_coverage=coverage)
    pieces["available_years_expected"] = pieces["available_years_expected"].astype("float64")
    access = _access([("a#1", 100.0, "reached")])
    found = judge_pieces(pieces, access, flexmilieus=asking, groups=groups).set_index("flexmilieu")
    assert _told(found["is_suitable"]) == serves
    if serves["stad"] is False:
        assert found.loc["stad", "failed_criterion"] == "available_years"
        assert found.loc["stad", "failed_by"] == pytest.approx(10 - years)
