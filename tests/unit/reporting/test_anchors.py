"""A run beside published answers: every quantity, and what is unknown both ways."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from flexsites.config.anchors import Anchor, Anchors
from flexsites.config.base import Label
from flexsites.config.load import configs_directory, read_model
from flexsites.reporting.report.page import write_report
from flexsites.reporting.summaries.anchors import compare_anchors
from flexsites.tables.manifest import AnchorTold

SITES = pd.DataFrame(
    {
        "site_id": ["a", "b", "c", "d", "x"],
        "verdict": ["eligible", "conditional", "eligible", "unknown", "excluded"],
        "is_suitable": pd.array([True, True, False, True, True], dtype="boolean"),
        "location_id": ["L1", "L1", "L2", "L3", None],
        "gemeente_code": ["GM0400", "GM0363", "GM0363", "GM0400", "GM0400"],
        "owner_class": ["gemeente", None, "gemeente", "gemeente", "gemeente"],
    }
)
TOTALS = pd.DataFrame(
    {
        "area_kind": ["run"],
        "population": ["available"],
        "coverage_scope": ["all"],
        "n_common_low": [90.0],
        "n_common_high": [300.0],
        "n_common_unknown_high": [20.0],
    }
)


def _anchor(quantity: str, name: str = "it", **of_what: tuple[str, ...]) -> AnchorTold:
    label = Label(nl="iets", en="something")
    return AnchorTold(id=name, label=label, quantity=quantity, published=0.5, sense="about", note=label, **of_what)


def _transit(share: float) -> pd.DataFrame:
    row = {"share_falls": share, "share_falls_low": 0.2, "share_falls_high": 0.9}
    keys = [("reach_default", "locations"), ("reach_default", "sites"), ("reach_by_mode", "locations")]
    return pd.DataFrame([{"variant": v, "quantity": q, **row} for v, q in keys])


@pytest.mark.parametrize(
    ("anchor", "low", "high"),
    [
        (_anchor("homes_available"), 90, 320),
        (_anchor("share_of_locations_lost_to_transit"), 0.2, 0.9),
        # a is the municipality's, b of unknown owner; c is not suitable, d not known to be available, x excluded
        (_anchor("share_of_suitable_sites_of_owners", owners=("gemeente",)), 0.5, 1.0),
        (_anchor("n_suitable_sites_of_owners", owners=("corporatie",)), 0, 1),
        # L1 lies in both, L2 elsewhere
        (_anchor("share_of_available_locations_in_areas", gemeenten=("GM0400",)), 0.5, 0.5),
    ],
)
def test_each_quantity(anchor: AnchorTold, low: float, high: float) -> None:
    row = compare_anchors([anchor], TOTALS, _transit(0.3), SITES).iloc[0]
    assert (row["found_low"], row["found_high"]) == (low, high)


def test_what_a_run_does_not_tell_is_null() -> None:
    unowned = SITES.assign(owner_class=None)
    anchors = [
        _anchor("share_of_suitable_sites_of_owners", "owners", owners=("gemeente",)),
        _anchor("n_suitable_sites_of_owners", "corporations", owners=("corporatie",)),
        _anchor("share_of_locations_lost_to_transit", "transit"),
    ]
    for transit in (None, _transit(np.nan)):
        found = compare_anchors(anchors, TOTALS, transit, unowned)
        assert found[["found_low", "found_high"]].isna().all(axis=None)


def test_an_anchor_says_of_what() -> None:
    shipped = read_model(configs_directory() / "anchors" / "pbl_noord_holland.yaml", Anchors)
    owned = next(one for one in shipped.anchors if one.owners)
    with pytest.raises(ValidationError, match="needs `owners`"):
        Anchor(**(owned.model_dump() | {"owners": ()}))
    with pytest.raises(ValidationError, match="goes without `gemeenten`"):
        Anchor(**(owned.model_dump() | {"gemeenten": ("GM0400",)}))


@pytest.mark.parametrize(("lang", "words"), [("nl", "ten minste 2.000.000"), ("en", "at least 2,000,000")])
def test_the_report_sets_the_run_beside_the_publication(
    summed_run: Path, tmp_path: Path, lang: str, words: str
) -> None:
    directory = tmp_path / "run"
    shutil.copytree(summed_run, directory)
    manifest = json.loads((directory / "manifest.json").read_text(encoding="utf-8"))
    shipped = read_model(configs_directory() / "anchors" / "pbl_noord_holland.yaml", Anchors)
    rows = [one.model_dump() | {"published": float(one.published)} for one in shipped.anchors]
    told = {"id": shipped.id, "label": shipped.label.model_dump(), "about": shipped.about.model_dump(), "anchors": rows}
    (directory / "manifest.json").write_text(json.dumps(manifest | {"anchors": told, "seal": ""}), encoding="utf-8")
    html = write_report(directory, lang).read_text(encoding="utf-8")
    assert words in html
    assert 'id="anchors"' in html
