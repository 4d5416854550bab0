from __future__ import annotations

import pytest

from flexsites.reporting.summaries.variants import compare_variants
from tests.reporting_fixture import FLEXMILIEUS, make_tables, stricter


def test_changes_are_against_the_base() -> None:
    base = make_tables()
    strict = stricter(base)
    found = compare_variants(
        {
            "base": (base["sites"], base["suitability"], base["clusters"]),
            "strict": (strict["sites"], strict["suitability"], strict["clusters"]),
        },
        flexmilieu_order=FLEXMILIEUS,
    ).set_index(["variant", "population"])
    n_conditional = (base["sites"]["verdict"] == "conditional").sum()
    assert found.loc[("strict", "available"), "n_sites_lost"] == n_conditional
    assert found.loc[("strict", "available"), "n_sites_gained"] == 0
    assert found.loc[("strict", "available"), "change_n_sites"] == -n_conditional
    assert (
        found.loc["base", ["change_n_sites", "change_n_common_expected", "change_n_spread_expected"]].fillna(0) == 0
    ).all(axis=None)
    assert (found.loc["strict", "change_n_common_expected"].dropna() <= 0).all()
    assert found.loc[("strict", "available"), "change_n_common_expected"] < 0


def test_the_base_must_be_there() -> None:
    tables = make_tables()
    with pytest.raises(KeyError):
        compare_variants({"other": (tables["sites"], tables["suitability"], None)})
