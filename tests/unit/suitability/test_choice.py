"""The parts of a score sum to it; a site that is beaten in all respects is not shown as one that is not."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from flexsites.config.load import configs_directory, read_model
from flexsites.config.suitability import Flexmilieu
from flexsites.suitability.choice import tell_scores, unbeaten_sites
from flexsites.suitability.kernels.criteria import linear_value, weighted_mean
from flexsites.suitability.kernels.pareto import pareto_front
from flexsites.tables import Exploitation, Sites, Suitability
from flexsites.worlds.plain import plain, plot
from tests.reporting_fixture import make_tables

CAMPUS = read_model(configs_directory() / "flexmilieus" / "campus.yaml", Flexmilieu)


def test_contributions_sum_to_the_score():
    tables = make_tables()
    access, suitability = tables["accessibility"], tables["suitability"]
    own = suitability[suitability["flexmilieu"] == "campus"].set_index("site_id").sort_index()
    measures = [one.measure for one in CAMPUS.weighted]
    wide = {name: one.set_index("site_id").reindex(own.index) for name, one in access.groupby("measure")}
    worth = []
    for one in CAMPUS.weighted:
        if one.measure not in wide:
            worth.append(np.full(len(own), np.nan))
            continue
        rows = wide[one.measure]
        unreached = rows["status"].eq("unreached").to_numpy(dtype=bool)
        found = linear_value(
            rows["value"].to_numpy(dtype=float), unreached, full_at=one.full_at.value, zero_at=one.zero_at.value
        )
        worth.append(np.where(rows["status"].eq("unknown"), np.nan, found))
    score, _ = weighted_mean(np.array(worth), np.array([one.weight.value for one in CAMPUS.weighted]))
    judged = own.assign(score=score).reset_index()
    parts = tell_scores(judged[suitability.columns], access, flexmilieus=(CAMPUS,))
    assert set(parts["measure"]) <= set(measures)
    summed = parts.groupby("site_id")["contribution"].sum()
    np.testing.assert_allclose(summed, judged.set_index("site_id")["score"].reindex(summed.index), atol=6e-4)
    np.testing.assert_allclose(parts.groupby("site_id")["weight_share"].sum(), 1.0)


def test_of_every_flexmilieu_the_best_score_is_never_beaten():
    tables = make_tables()
    told = unbeaten_sites(tables["sites"], tables["suitability"], tables["exploitation"])
    assert 0 < len(told) < tables["suitability"]["rank"].notna().sum()
    there = tables["sites"].loc[tables["sites"]["verdict"].isin(["eligible", "conditional"]), "site_id"]
    ranked = tables["suitability"].dropna(subset=["rank"])
    ranked = ranked[ranked["site_id"].isin(there) & (ranked["n_per_cluster_expected"] > 0)]
    assert (told.groupby("flexmilieu")["score"].max() == ranked.groupby("flexmilieu")["score"].max()).all()


@given(st.lists(st.tuples(*[st.one_of(st.integers(0, 3), st.none())] * 3), max_size=8))
def test_the_front_is_what_nothing_beats(rows):
    values = np.array([[np.nan if one is None else one for one in row] for row in rows], dtype=float).reshape(
        len(rows), 3
    )
    known = np.nan_to_num(values, nan=-1.0)
    beaten = [any((b >= a).all() and (b > a).any() for b in known) for a in known]
    assert pareto_front(values).tolist() == [not one for one in beaten]


def test_a_low_rank_stays_for_what_it_is_better_in_and_no_consent_is_worth_something():
    """Ranks follow verdict and score; cents of a shortfall tell nothing, and a better score does not undo consent."""
    ids = ["first", "many", "worse", "consent", "cents"]
    sites = plain(Sites, [plot(200 * i) for i in range(5)], site_id=ids, available_years_expected=15.0)
    sites = sites.assign(verdict=["eligible", "eligible", "eligible", "conditional", "eligible"])
    judged = plain(
        Suitability, site_id=ids, flexmilieu="campus", n_per_cluster_expected=[30, 60, 30, 30, 30],
        score=[0.8, 0.2, 0.7, 0.9, 0.8], rank=[1, 105, 3, 400, 1],
    )  # fmt: skip
    shortfall = [20_000.3, 21_000.0, 20_000.3, 20_000.3, 20_000.1]
    costs = plain(Exploitation, site_id=ids, flexmilieu="campus", shortfall_eur_home=shortfall)
    told = unbeaten_sites(sites, judged, costs).set_index("site_id")
    assert told["better_in"].to_dict() == {"cents": (), "first": (), "many": ("homes",), "consent": ("score",)}
