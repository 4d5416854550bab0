"""What 3DBAG states of its own reconstruction, in every way that it is written."""

from __future__ import annotations

import pandas as pd
import pytest

from flexsites.inputs.stock.roof_quality import roof_quality
from flexsites.inputs.stock.roofs_3d import roof_attributes

SOUND = {"b3_bag_bag_overlap": 0.0, "b3_val3dity_lod22": "[]", "b3_pw_selectie_reden": "PREFERRED_AND_LATEST"}


def quality_of(**stated: object) -> object:
    found = roof_quality(pd.DataFrame([stated]), where="3DBAG")["roof_quality"].iloc[0]
    return None if pd.isna(found) else found


@pytest.mark.parametrize(
    ("written", "quality"),
    [(True, "sound"), ("true", "sound"), ("TRUE", "sound"), (1, "sound"),
     (False, "doubtful"), ("false", "doubtful"), (0, "doubtful"), (None, None), ("", None)],
)  # fmt: skip
def test_the_indicator_is_read_however_it_is_written(written: object, quality: str | None) -> None:
    assert quality_of(b3_kwaliteitsindicator=written) == quality
    assert quality_of(kwaliteitsindicator=written) == quality


@pytest.mark.parametrize(
    ("stated", "quality"),
    [
        ({}, "sound"),
        ({"b3_bag_bag_overlap": 0.4}, "doubtful"),
        ({"b3_val3dity_lod22": "[302]"}, "doubtful"),
        ({"b3_val3dity_lod22": [302, 303]}, "doubtful"),
        ({"b3_val3dity_lod22": []}, "sound"),
        ({"b3_pw_selectie_reden": "_LATEST_BUT_OUTDATED"}, "doubtful"),
        ({"b3_pw_selectie_reden": "_HIGHEST_YET_INSUFFICIENT_COVERAGE"}, "doubtful"),
        ({"b3_pw_selectie_reden": "_LATEST"}, "sound"),
        ({"b3_bag_bag_overlap": None}, None),  # a term is missing and none fails
        ({"b3_bag_bag_overlap": None, "b3_val3dity_lod22": "[302]"}, "doubtful"),  # a known failure decides
        ({"b3_reconstructie_onvolledig": True}, "doubtful"),
    ],
)
def test_without_the_indicator_its_own_formula_is_applied(stated: dict[str, object], quality: str | None) -> None:
    assert quality_of(**{**SOUND, **stated}) == quality


def test_the_indicator_stands_before_the_formula_and_an_incomplete_model_before_both() -> None:
    assert quality_of(**SOUND, b3_kwaliteitsindicator="false") == "doubtful"
    assert quality_of(**SOUND, b3_kwaliteitsindicator="true", b3_reconstructie_onvolledig=True) == "doubtful"


def test_the_share_without_points_is_that_of_the_cloud_that_was_used() -> None:
    rows = pd.DataFrame(
        {
            "identificatie": [f"NL.IMBAG.Pand.051810000000000{n}" for n in range(3)],
            "b3_h_maaiveld": 0.0,
            "b3_h_dak_50p": 9.0,
            "b3_rmse_lod22": [0.05, None, 0.9],
            "b3_pw_bron": ["AHN3", "AHN4", None],
            "b3_nodata_fractie_ahn3": 0.3,
            "b3_nodata_fractie_ahn4": 0.1,
        }
    )
    found = roof_attributes(rows, where="3DBAG")
    assert found["roof_nodata_share"].fillna(-1).tolist() == [0.3, 0.1, -1]
    assert found["roof_rmse_m"].fillna(-1).tolist() == [0.05, -1, 0.9]
    assert found["roof_quality"].isna().all(), "nothing was stated that decides"
