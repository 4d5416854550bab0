"""What is asked of a shortlist: unknown never passes and is never lost in silence; a word that is none is refused."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from flexsites.config.run import Shortlist
from flexsites.errors import InputError, NotFoundError
from flexsites.reporting import shortlist_lines
from flexsites.reporting.results import Results
from flexsites.runs.shortlist import choose, draw
from flexsites.tables.manifest import Manifest

SITES = pd.DataFrame(
    {
        "site_id": ["a", "b", "c", "d", "e"],
        "available_years_expected": [12.0, 12.0, 12.0, None, 2.0],
        "verdict": ["eligible", "conditional", "conditional", "eligible", "unknown"],
    }
)
LOCATIONS = pd.DataFrame(
    {
        "location_id": ["A", "B", "C", "D", "E"],
        "gemeente_code": "GM0001",
        "owner_class_largest": ["gemeente", None, "particulier", "onbekend", "gemeente"],
        "core_area_m2": 1000.0,
        "verdict": ["eligible", "conditional", "eligible", "eligible", "unknown"],
    }
)
SERVED = pd.DataFrame(
    {
        "location_id": ["A", "B", "C", "D", "E", "A"],
        "site_id": ["a", "b", "c", "d", "e", "a"],
        "flexmilieu": ["tiny", "tiny", "tiny", "tiny", "tiny", "campus"],
        "rank": pd.array([5, 4, 3, 2, 1, 1], dtype="Int64"),
        "score": 0.5,
        "n_per_cluster_low": 1,
        "n_per_cluster_expected": [10, 20, 30, 40, 50, 60],
        "n_per_cluster_high": 99,
        "n_per_cluster_without_consent_low": 0,
        "n_per_cluster_without_consent_expected": 0,
        "n_per_cluster_without_consent_high": 0,
    }
)


@pytest.fixture
def run(tmp_path: Path) -> Results:
    names = [
        {"id": name, "label": {"nl": name, "en": name}, "is_undemanding": name == "tiny"} for name in ("tiny", "campus")
    ]
    of_rule = {"kind": "layer", "source": "x", "effect": "flag"}
    rules = [
        {"rule_id": name, "label": {"nl": name, "en": name}, **of_rule} for name in ("social", "social__daar", "noise")
    ]
    manifest = Manifest(flexmilieus=names, rules=rules)
    return Results(tmp_path, manifest, {"sites": SITES, "locations": LOCATIONS, "location_suitability": SERVED})


def test_with_nothing_asked_the_available_by_rank_in_the_order_of_the_run(run: Results) -> None:
    found = choose(run, Shortlist())
    assert found.rows[["flexmilieu", "site_id"]].values.tolist() == [
        ["tiny", "d"], ["tiny", "c"], ["tiny", "b"], ["tiny", "a"], ["campus", "a"]
    ]  # fmt: skip
    assert found.n_unknown == {"verdict": 1}


def test_an_unknown_owner_does_not_pass_and_is_counted(run: Results) -> None:
    found = choose(run, Shortlist(flexmilieus=("tiny",), owner_class=("gemeente",)))
    assert found.rows["site_id"].tolist() == ["a"]
    assert found.n_unknown == {"verdict": 1, "owner_class_largest": 2}


def test_one_may_ask_for_land_of_unknown_owners(run: Results) -> None:
    found = choose(run, Shortlist(flexmilieus=("tiny",), owner_class=("onbekend",)))
    assert found.rows["site_id"].tolist() == ["d", "b"]
    assert found.n_unknown == {}


def test_unknown_years_do_not_pass_and_are_counted(run: Results) -> None:
    """d has no years known; e has too few, whatever its verdict: it is no candidate."""
    found = choose(run, Shortlist(flexmilieus=("tiny",), min_available_years=10))
    assert found.rows["site_id"].tolist() == ["c", "b", "a"]
    assert found.n_unknown == {"available_years_expected": 1}


def test_equal_ranks_are_listed_by_owner_then_homes_then_id(run: Results) -> None:
    """All four share rank 1: the municipality first, unknown owners last; of those, b by its id before d by homes."""
    tied = SERVED.assign(rank=pd.array([1] * len(SERVED), dtype="Int64"))
    found = choose(Results(run.directory, run.manifest, run._cache | {"location_suitability": tied}), Shortlist())
    mine = found.rows[found.rows["flexmilieu"] == "tiny"]
    assert mine["site_id"].tolist() == ["a", "c", "d", "b"]


def test_as_many_as_asked_per_flexmilieu_and_no_smaller_than_asked(run: Results) -> None:
    found = choose(run, Shortlist(n=1, min_units=20))
    assert found.rows[["flexmilieu", "site_id"]].values.tolist() == [["tiny", "d"], ["campus", "a"]]


def test_sites_on_which_a_rule_bears_are_left_out_and_those_not_checked_counted(run: Results) -> None:
    """b lies in a flagged neighbourhood, c under a local rule of that name; of d nobody said."""
    none: list[tuple[str, ...]] = [()] * 5
    sites = SITES.assign(
        flags=pd.Series([("noise",), ("social",), (), (), ()], dtype=object),
        restrictions=pd.Series([*none[:2], ("social__daar",), *none[:2]], dtype=object),
        rule_coverage_id=["all", "all", "all", "some", "all"],
    )
    # As a run writes it: without rows for what is checked everywhere.
    coverage = pd.DataFrame({"rule_coverage_id": ["some"], "rule_id": "social", "coverage": ["partly"]})
    told = Results(run.directory, run.manifest, run._cache | {"sites": sites, "rule_coverage": coverage})
    found = choose(told, Shortlist(flexmilieus=("tiny",), without_rules=("social",)))
    assert (found.rows["site_id"].tolist(), found.n_unknown) == (["a"], {"flags": 1, "verdict": 1})
    # Noise is checked on every parcel.
    found = choose(told, Shortlist(flexmilieus=("tiny",), without_rules=("noise",)))
    assert ("a" in found.rows["site_id"].tolist(), found.n_unknown) == (False, {"verdict": 1})
    with pytest.raises(NotFoundError, match="no rule soft_soil holds in the run"):
        choose(told, Shortlist(without_rules=("soft_soil",)))


@pytest.mark.parametrize(
    ("asked", "told"), [(Shortlist(owner_class=("gemente",)), "gemente"), (Shortlist(flexmilieus=("tinyy",)), "tinyy")]
)
def test_a_word_that_is_none_is_refused_with_those_that_are(run: Results, asked: Shortlist, told: str) -> None:
    with pytest.raises(NotFoundError, match=told) as caught:
        choose(run, asked)
    assert "use one of" in str(caught.value)


def test_what_is_shown_is_in_words(run: Results) -> None:
    (run.directory / "manifest.json").write_text('{"run_id": "r"}', encoding="utf-8")
    SITES.to_parquet(run.directory / "sites.parquet")
    suits = SERVED[["site_id", "flexmilieu"]].assign(is_suitable=pd.array([True, True, True, None, True, True]))
    suits.to_parquet(run.directory / "suitability.parquet")
    found = choose(run, Shortlist(flexmilieus=("tiny",), n=3))
    listed, notes = shortlist_lines(run.directory, found.rows, found.n_unknown, "en")
    assert [one.rank for one in listed] == ["2", "3", "4"]
    assert "owner of the largest piece: unknown" in listed[0].lines[0]
    assert "20 (1 – 99)" in listed[2].lines[0]
    # Where the parcel that is shown is judged otherwise than its place.
    assert [one.lines[0].partition(";")[0] for one in listed] == [
        "eligible (this parcel: unknown)",
        "eligible (this parcel: conditional)",
        "conditional",
    ]
    assert notes == ["Left out only because something is unknown (verdict); locations: 1."]


def test_a_run_of_another_version_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text("flexmilieus: [{id: campus}]\n", encoding="utf-8")
    with pytest.raises(InputError, match="another version of flexsites"):
        draw(tmp_path, SITES, tmp_path)
