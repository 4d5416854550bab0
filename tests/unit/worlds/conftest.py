"""One written municipality for all tests of this folder."""

from __future__ import annotations

import pytest

from flexsites.worlds.municipality import World
from tests.invented_place import invented_place


@pytest.fixture(scope="session")
def flexdam(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Return the municipality that whole runs read; a test that changes it changes a copy."""
    return invented_place(tmp_path_factory)
