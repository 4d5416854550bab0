"""Land under a hard plan counts for who is gone before it starts; the verdict of its parcel stays (METHOD 0)."""

from __future__ import annotations

from pathlib import Path

import pytest

from flexsites.config.study import resolve
from flexsites.errors import ConfigError
from flexsites.tables import Frame
from flexsites.tables.contract import is_true
from flexsites.tables.files import read
from tests.pipelines.added_runs import own_directory
from tests.pipelines.small_run import Content, write_run

LABEL = {"nl": "v", "en": "v"}


@pytest.fixture(scope="module")
def directory(bridged: Path) -> Path:
    return own_directory(bridged)


def _gained(directory: Path, variant: str) -> Frame:
    """Return the parcels that are excluded in the run and not in the variant."""
    base = read(directory / "sites.parquet").set_index("site_id")
    sites = read(directory / f"variants/{variant}/sites.parquet").set_index("site_id")
    found: Frame = sites[(base["verdict"] == "excluded") & (sites["verdict"] != "excluded")]
    return found


def test_what_starts_when_the_term_ends_is_bridged_and_what_starts_sooner_is_not(directory: Path) -> None:
    """Four years and one of preparation end when the plan starts; with five years there is no room before it."""
    assert _gained(directory, "five_years").empty
    gained = _gained(directory, "four_years")
    assert len(gained) > 0
    assert set(gained["available_years_expected"]) == {4.0}
    suits = read(directory / "variants/four_years/suitability.parquet").set_index("site_id")
    assert set(suits["flexmilieu"]) == {"groen_tiny"}
    assert (suits.loc[gained.index, "n_room_expected"] > 0).all()


def test_parcels_keep_their_verdict_and_are_flagged(directory: Path) -> None:
    sites = read(directory / "sites.parquet").set_index("site_id")
    flagged = sites[sites["bridged_for"].map(len) > 0]
    suits = read(directory / "variants/four_years/suitability.parquet").set_index("site_id")
    gained = _gained(directory, "four_years").index
    assert set(gained[is_true(suits.loc[gained, "is_suitable"])]) <= set(flagged.index)
    assert {tuple(told) for told in flagged["bridged_for"]} == {("groen_tiny",)}
    assert (sites.loc[gained, "verdict"] == "excluded").all()


@pytest.mark.parametrize(
    ("flexmilieu", "what"), [("campus", "nothing to bridge"), ("nergens", "use some of")]
)  # fmt: skip
def test_what_cannot_be_bridged_is_told(world: Path, tmp_path: Path, flexmilieu: str, what: str) -> None:
    def change(content: Content) -> None:
        content["variants"] = [{"id": "v", "label": LABEL, "bridging": flexmilieu}]

    with pytest.raises(ConfigError, match=what):
        resolve(str(write_run(tmp_path, world, change)))
