"""Parcels of a run recomputed by a script that knows nothing of flexsites: it finds the same, and sees what is not."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.benchmarks import _naive_rules, naive
from tests.pipelines.small_run import Small

Opened = tuple[dict[str, pd.DataFrame], _naive_rules.Naive]


@pytest.fixture(scope="module")
def opened(small: Small) -> Opened:
    """Return what the run says and what it is redone from: its sources are read once."""
    return naive.open_run(small.directory, small.path.parent)


def test_parcels_recomputed_alone_are_as_the_run_says(opened: Opened, capsys: pytest.CaptureFixture[str]) -> None:
    """Rules of every kind of geometry are among them: streets of OpenStreetMap, rasters, dwellings with their yards."""
    checked = naive.check(*opened, sample=10, seed=1)
    assert not checked.beyond
    assert not checked.not_redone
    assert checked.n > 1_000
    ruled = set(opened[0]["reasons"]["rule_id"])
    assert {"roads", "in_use_dwellings", "buildings_standing", "land_use", "flood"} <= ruled
    assert f"{checked.n} areas compared, 0 beyond the bar" in capsys.readouterr().out


CHANGES = [
    ("reasons", "covered_area_m2", "covered by", 0.1),
    ("reasons", "attributed_area_m2", "taken first by", 0.1),
    ("reasons", "unique_area_m2", "taken by .* alone", -0.1),
    ("pieces", "piece_area_m2", "left with consent", 0.1),
    ("sites", "buildable_area_m2", "buildable and attributed together", -0.1),
]


@pytest.mark.parametrize(("table", "column", "said", "change_m2"), CHANGES)
def test_a_changed_area_is_noticed(opened: Opened, table: str, column: str, said: str, change_m2: float) -> None:
    """A tenth of a square metre, of one parcel."""
    run = dict(opened[0])
    run[table] = run[table].copy()
    is_taking = run[table]["effect"] == "exclude" if table == "reasons" else True
    changed = run[table].index[np.flatnonzero((run[table][column] > 1.0) & is_taking)[0]]
    run[table].loc[changed, column] += change_m2
    site = str(changed if table == "sites" else run[table].loc[changed, "site_id"])
    checked = naive.Checked()
    naive.check_parcel(site, run, opened[1], checked)
    assert any(re.search(f"^{site}, {said}", one) for one in checked.beyond)
    before = naive.Checked()
    naive.check_parcel(site, opened[0], opened[1], before)
    assert not before.beyond


def test_a_rule_that_it_does_not_know_is_said_and_nothing_is_told_of_what_is_left(opened: Opened) -> None:
    run, known = opened
    rules = [dict(rule, where_layer={"layer": "nnn"}) if rule["rule_id"] == "water" else rule
             for rule in known.rule_set["rules"]]  # fmt: skip
    checked = naive.Checked()
    other = _naive_rules.Naive(known.files, dict(known.rule_set, rules=rules))
    naive.check_parcel(str(run["sites"].index[0]), run, other, checked)
    assert checked.not_redone == {"water": "it says where_layer (exclude)"}
    whole = naive.Checked()
    naive.check_parcel(str(run["sites"].index[0]), run, known, whole)
    assert 0 < checked.n < whole.n


def test_a_rule_that_the_run_has_and_that_is_not_in_force_is_noticed(opened: Opened) -> None:
    run, known = opened
    site = str(run["reasons"]["site_id"][run["reasons"]["rule_id"] == "land_use"].iloc[0])
    rules = [rule for rule in known.rule_set["rules"] if rule["rule_id"] != "land_use"]
    checked = naive.Checked()
    naive.check_parcel(site, run, _naive_rules.Naive(known.files, dict(known.rule_set, rules=rules)), checked)
    assert any("covered by land_use, which is not in force" in one for one in checked.beyond)


def test_it_ends_with_one_beyond_the_bar_or_if_nothing_was_compared(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n, beyond, code in ((9, ["some area"], 1), (9, [], 0), (0, [], 1)):
        found = naive.Checked(n=n, beyond=beyond)
        monkeypatch.setattr(naive, "check", lambda *_, found=found, **__: found)
        assert naive.main([str(small.directory), "--base", str(small.path.parent)]) == code


@pytest.mark.parametrize("module", [naive, _naive_rules])
def test_it_imports_nothing_of_flexsites(module: object) -> None:
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))  # type: ignore[attr-defined]
    names = [one.module or "" for one in ast.walk(tree) if isinstance(one, ast.ImportFrom)]
    names += [alias.name for one in ast.walk(tree) if isinstance(one, ast.Import) for alias in one.names]
    assert not [name for name in names if name.startswith("flexsites")]
