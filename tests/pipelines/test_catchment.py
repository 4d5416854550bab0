"""Facilities with a capacity held beside a finished run: from two tables of text to a table and a page."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from flexsites.config.load import configs_directory, read_yaml
from flexsites.tables import valid
from flexsites.tables.files import read
from tests.pipelines.small_run import Small, told_by


def test_facilities_are_told_on_the_places_of_a_run(reported: Small, tmp_path: Path) -> None:
    directory = reported.copy_to(tmp_path)
    pieces = valid(read(directory / "pieces.parquet"))
    at = pieces[pieces["access_x_m"].notna()]
    middle = at[["access_x_m", "access_y_m"]].median()
    facilities, residents = tmp_path / "facilities.csv", tmp_path / "residents.csv"
    rows = [f"{i},{middle['access_x_m'] + 300 * i},{middle['access_y_m']},gp,{100 * (i + 1)}" for i in range(3)]
    facilities.write_text("facility_id,x,y,kind,capacity\n" + "\n".join(rows) + "\n", encoding="utf-8")
    homes = [f"{x},{y},10" for x, y in at[["access_x_m", "access_y_m"]].head(200).itertuples(index=False)]
    residents.write_text("x,y,residents\n" + "\n".join(homes) + "\n", encoding="utf-8")
    said = told_by("catchment", facilities, "--residents", residents, "--run", directory, "--lang", "en")
    told = read(directory / "catchment" / "catchment.parquet")
    assert set(told["site_id"]) == set(pieces["site_id"])
    known = told["capacity_per_1000"].dropna()
    assert (known > 0).any()
    assert told.loc[told["n_facilities"] == 0, "capacity_per_1000"].eq(0).all()
    assert float(known.max()) <= 1000.0 * 600.0 / 10.0
    assert "gp: at the middle of" in said
    assert f"{np.count_nonzero(told['n_facilities'].isna())}" in said or told["n_facilities"].notna().all()
    page = (directory / "catchment" / "catchment.en.html").read_text(encoding="utf-8")
    assert f"{read_yaml(configs_directory() / 'catchment.yaml')['cutoff_m']['value'] / 1000:.1f} km by bicycle" in page
    # A reach of one's own beside the facilities.
    own = tmp_path / "flexsites_config" / "catchment.yaml"
    own.parent.mkdir()
    own.write_text('mode: walk\ncutoff_m: {value: 50, unit: m, source: "ours"}\n', encoding="utf-8")
    told_by("catchment", facilities, "--residents", residents, "--run", directory, "--lang", "en")
    nearer = read(directory / "catchment" / "catchment.parquet")
    assert nearer["n_facilities"].sum() < told["n_facilities"].sum()


def test_tables_to_start_from_are_written(tmp_path: Path) -> None:
    facilities, residents = tmp_path / "f.csv", tmp_path / "r.csv"
    told_by("catchment", facilities, "--residents", residents, "--template")
    assert facilities.read_text(encoding="utf-8").startswith("facility_id,x,y,kind,capacity")
    assert residents.read_text(encoding="utf-8").startswith("x,y,residents")
    facilities.write_text("mine", encoding="utf-8")
    with pytest.raises(AssertionError):
        told_by("catchment", facilities, "--template")
    assert facilities.read_text(encoding="utf-8") == "mine"
