"""The files of the invented place: those that whole runs read, for who asks them alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flexsites.worlds.municipality import World, write_municipality
from tests.made_once import make_once
from tests.pipelines.small_run import N_PARCELS


def invented_place(factory: pytest.TempPathFactory) -> World:
    """Return the place under the name that the fixture `world` of the pipelines has: whoever asks first writes it."""

    def make(folder: Path) -> Path:
        write_municipality(folder, seed=1, n_parcels=N_PARCELS)
        return folder

    folder = make_once(factory, "world", make)
    paths = {path.name.partition(".")[0]: path for path in folder.iterdir() if path.is_file()}
    return World(paths | {"osm": paths.pop("flexdam")}, json.loads(paths["truth"].read_text(encoding="utf-8")))
