"""What all tests share: where the real data is, how hypothesis draws, and golden files."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.golden_files import Golden

PROJECT = Path(__file__).resolve().parents[1]

# Hypothesis keeps caches in the working directory; pytest warns when it skips that folder, and warnings are errors.
os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(Path(tempfile.gettempdir()) / "flexsites-hypothesis"))

settings.register_profile(
    "bounded", derandomize=True, max_examples=50, deadline=None, database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
settings.register_profile("thorough", parent=settings.get_profile("bounded"), derandomize=False, max_examples=1000)
settings.load_profile(os.environ.get("FLEXSITES_HYPOTHESIS", "bounded"))


def real_data(path: str) -> Path:
    """
    Return a file or folder of the real data, or skip the test (or the module, at import) with the reason.

    Parameters
    ----------
    path
        Relative to the data folder: the environment variable FLEXSITES_TEST_DATA, else ../shared/data from the
        project's root.
    """
    set_by_user = os.environ.get("FLEXSITES_TEST_DATA")
    folder = Path(set_by_user) if set_by_user else PROJECT.parent / "shared" / "data"
    found = folder / path
    if not found.exists():
        pytest.skip(f"real data {path} is not in {folder} (set FLEXSITES_TEST_DATA)", allow_module_level=True)
    return found


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that rewrites golden files."""
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden files instead of comparing")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """
    Compare a result with a file under tests/golden, or rewrite that file with ``--update-golden``.

    ``golden.check_kept(result, "reasons.csv")`` takes a frame (.parquet, .csv), plain values (.json), text (.txt).
    """
    folder = PROJECT / "tests" / "golden"
    return Golden(folder, is_updating=bool(request.config.getoption("--update-golden")))
