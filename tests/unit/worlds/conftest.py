"""One written municipality for all tests of this folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from flexsites.worlds.municipality import World, write_municipality

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def flexdam(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Return the municipality at its usual size."""
    directory: Path = tmp_path_factory.mktemp("flexdam")
    return write_municipality(directory)
