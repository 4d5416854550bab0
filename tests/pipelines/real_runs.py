"""Runs on real data, as they travel with the package, and what they are checked against: naive answers."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import yaml

from flexsites.config.load import configs_directory
from flexsites.config.study import Study, resolve
from flexsites.exclusion.constraints import constrain
from flexsites.inputs.prepared import Prepared
from flexsites.runs.prepare import prepare_inputs
from flexsites.runs.run import Options, Place, place_of
from flexsites.surroundings import halo_m
from flexsites.tables import CRS, Frame, Parcels
from pipelines import PIPELINES
from tests.conftest import real_data
from tests.made_once import make_once

Change = Callable[[dict[str, Any]], None]
TOLERANCE_M2 = 0.01


@dataclass(frozen=True)
class RealRun:
    """A finished run: its directory, what it was asked, and its prepared inputs."""

    directory: Path
    study: Study
    inputs: Prepared

    def table(self, name: str) -> Frame:
        """Return a table of results, with geometry where it has one."""
        path = self.directory / f"{name}.parquet"
        try:
            return gpd.read_parquet(path)
        except ValueError:
            return pd.read_parquet(path)


def run_real(
    name: str,
    factory: pytest.TempPathFactory,
    *,
    needs: str,
    change: Change | None = None,
    place: str = "",
    lender: RealRun | None = None,
    **environment: str,
) -> RealRun:
    """Run a configuration of configs/runs on the real data, or skip with the reason where the data is not there.

    Parameters
    ----------
    name
        The run; it is run once in a test run, whichever tests read its results.
    factory
        Pytest's own.
    needs
        A file of the real data without which nothing can be run.
    change
        What a test changes in the run file (its area, to be quick); paths stay those of the run.
    place
        What the changed run is called, where tests change one run in several ways.
    lender
        A run that reads the same sources of the same area: what it prepared is found, not read again.
    environment
        Variables that the run's paths ask for.
    """
    real_data(needs)

    def make(folder: Path) -> RealRun:
        # In this process: others would import everything first, on a machine that other tests keep busy as well.
        options = Options(folder / "outputs", scheduler="synchronous", workers=1, quiet=True)
        with pytest.MonkeyPatch.context() as patch:
            for key, value in ({"FLEXSITES_DATA": str(real_data(".").resolve())} | environment).items():
                patch.setenv(key, value)
            study = resolve(name if change is None else str(_changed(name, folder, change)))
            if lender is not None:
                shutil.copytree(lender.inputs.directory, place_of(study, options).canonical)
            directory = PIPELINES[study.run.pipeline](study, options)
            inputs = prepare_inputs(Place(directory, directory.name), study, options)
        return RealRun(directory, study, inputs)

    return make_once(factory, f"{name}_{place}", make)


def _changed(name: str, folder: Path, change: Change) -> Path:
    content = yaml.safe_load((configs_directory() / "runs" / f"{name}.yaml").read_text(encoding="utf-8"))
    change(content)
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def assert_areas_close(run: RealRun) -> None:
    """Per parcel: buildable area and attributed areas sum to its area; and so does the manifest."""
    sites = run.table("sites").set_index("site_id")
    taken = run.table("reasons").groupby("site_id")["attributed_area_m2"].sum().reindex(sites.index, fill_value=0.0)
    off = (sites["buildable_area_m2"] + taken - sites["parcel_area_m2"]).abs()
    assert (off <= np.maximum(TOLERANCE_M2, 1e-9 * sites["parcel_area_m2"])).all(), off.nlargest(3)
    parcels = run.inputs.parcels().set_index("site_id")
    assert sorted(parcels.index) == sorted(sites.index)
    np.testing.assert_allclose(sites["parcel_area_m2"], parcels.area.reindex(sites.index), rtol=1e-12)


def assert_remainder_is_that_of_a_naive_overlay(run: RealRun) -> int:
    """Per parcel: the pieces, valid or not, have the area that geopandas.overlay leaves; return how many were cut."""
    parcels = run.inputs.read("parcels", Parcels).sort_values("site_id", ignore_index=True)
    expected = naive_remainder_m2(parcels, run)
    pieces = run.table("pieces")
    first = pieces[pieces["is_with_consent"]]  # those of the second reading lie in these: land is counted once
    area = first.groupby("site_id")["piece_area_m2"].sum()
    left = area.reindex(parcels["site_id"], fill_value=0.0).to_numpy()
    off, area = np.abs(left - expected), parcels.area.to_numpy()
    worst = np.argsort(off)[-3:]
    assert (off <= np.maximum(TOLERANCE_M2, 1e-6 * area)).all(), (parcels["site_id"][worst], off[worst])
    return int(((expected < area - TOLERANCE_M2) & (expected > TOLERANCE_M2)).sum())


def naive_remainder_m2(parcels: Frame, run: RealRun) -> np.ndarray:
    """Return per parcel the area that geopandas.overlay leaves of it, less everything that the exclude rules cover."""
    base = run.study.base
    x0, y0, x1, y1 = parcels.total_bounds
    far = halo_m(run.study)
    layers = run.inputs.read_layers((x0 - far, y0 - far, x1 + far, y1 + far))
    assert not any(rule.effect == "include" and rule.layer_key in set(layers["layer"]) for rule in base.rules)
    rules = tuple(rule for rule in base.rules if rule.effect == "exclude")
    is_taken, shapes = np.zeros(len(parcels), dtype=bool), []
    own: list[list[Any]] = [[] for _ in range(len(parcels))]
    for one in constrain(parcels, layers.sort_values(["layer", "feature_id", "part"]), rules=rules, time=base.time):
        if one.is_whole:
            is_taken |= one.is_asked
        elif one.only_on is not None:
            for site, shape in zip(one.only_on, one.polygons, strict=True):
                own[site].append(shape)
        elif one.is_asked is not None:
            for site in np.flatnonzero(one.is_asked):
                own[site].extend(one.polygons[shapely.intersects(one.polygons, parcels.geometry[site])])
        else:
            shapes.extend(one.polygons)
    asked = gpd.GeoDataFrame(
        {"row": np.flatnonzero(~is_taken)}, geometry=parcels.geometry[~is_taken].to_numpy(), crs=CRS
    )
    limits = gpd.GeoDataFrame(geometry=shapely.get_parts(np.asarray(shapes, dtype=object)), crs=CRS)
    rest = gpd.overlay(asked, limits, how="difference", keep_geom_type=True)
    yards = np.array([shapely.union_all(own[row]) for row in rest["row"]], dtype=object)
    return np.bincount(rest["row"], shapely.area(shapely.difference(rest.geometry, yards)), minlength=len(parcels))
