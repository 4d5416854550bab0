"""The synthetic municipality, written once for all tests of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from flexsites.worlds.municipality import write_municipality
from tests.pipelines.small_run import N_PARCELS


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the place's files; a test that changes one changes a copy."""
    folder = tmp_path_factory.mktemp("world")
    write_municipality(folder, seed=1, n_parcels=N_PARCELS)
    return folder
