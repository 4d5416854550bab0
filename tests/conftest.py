"""What all tests share: where the real data is, how hypothesis draws, and golden files."""

from __future__ import annotations

import gc
import os
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from flexsites.cli.words import forget
from flexsites.tables import whole_files
from tests.deep_laws import Law
from tests.golden_files import Golden

PROJECT = Path(__file__).resolve().parents[1]

# Importing and collecting make much that stays: by default it is searched for garbage dozens of times.
gc.set_threshold(20_000, 10, 10)

# Hypothesis keeps caches in the working directory; pytest warns when it skips that folder, and warnings are errors.
os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(Path(tempfile.gettempdir()) / "flexsites-hypothesis"))

SHARE = {"ci": 0.2, "deep": 1.0, "long": 4.0}
"""Examples that hypothesis draws, as a share of the full number: few in .ci/run, all in .ci/deep, and a long fuzz."""

PROFILE = os.environ.get("FLEXSITES_HYPOTHESIS", "ci")


def examples(full: int, *, ci: int | None = None) -> settings:
    """Return settings that draw a law's own number of examples, or the share of it that the profile draws.

    Parameters
    ----------
    full
        The number that `.ci/deep` draws.
    ci
        How many .ci/run draws of a law of which each example is dear; None: its share.
    """
    if ci is not None and PROFILE == "ci":
        return settings(max_examples=ci)
    return settings(max_examples=max(5, round(full * SHARE[PROFILE])))


settings.register_profile(
    "full", derandomize=True, max_examples=50, deadline=None, database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
settings.register_profile(
    PROFILE, parent=settings.get_profile("full"), derandomize=PROFILE != "long", max_examples=round(50 * SHARE[PROFILE])
)
settings.load_profile(PROFILE)


@pytest.fixture(autouse=True)
def _no_language_asked() -> None:
    """Begin as a command does: an option of another test is not one of this."""
    forget()


bring_to_disk = whole_files._bring_to_disk


@pytest.fixture(autouse=True, scope="session")
def _no_power_cut() -> Iterator[None]:
    """Leave it to the system when files reach the disk: a run waits for some hundreds of them, which shows nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(whole_files, "_bring_to_disk", lambda _: None)
        yield


COLLECTED = pytest.StashKey[list[Law]]()


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


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Generator[None]:
    """Remember every law, before those that are asked for are chosen, and let each worker begin with whole runs."""
    config.stash[COLLECTED] = [Law.of(item) for item in items]
    yield
    if hasattr(config, "workerinput"):
        items[:] = whole_runs_first(items, config.workerinput["workercount"])


def whole_runs_first(items: list[pytest.Item], n_workers: int) -> list[pytest.Item]:
    """Return tests in the order in which each worker's share begins with whole runs: what is left in the end is small.

    Parameters
    ----------
    items
        In the order of their files. `--dist worksteal` deals them out in equal parts, one after the other.
    n_workers
        To how many.
    """
    runs = [item for item in items if "pipelines" in item.path.parts]
    others = [item for item in items if "pipelines" not in item.path.parts]
    dealt: list[pytest.Item] = []
    for n_left in range(n_workers, 0, -1):
        n_mine, n_runs = (len(items) - len(dealt)) // n_left, len(runs) // n_left
        while 0 < n_runs < len(runs) and runs[n_runs].path == runs[n_runs - 1].path:  # what a file shares is made once
            n_runs += 1
        n_others = max(0, n_mine - n_runs)
        dealt += [*runs[:n_runs], *others[:n_others]]
        runs, others = runs[n_runs:], others[n_others:]
    return dealt


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Keep what all tests share, libraries and collected tests, from being searched for garbage over and over."""
    gc.freeze()


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """
    Compare a result with a file under tests/golden, or rewrite that file with ``--update-golden``.

    ``golden.check_kept(result, "reasons.csv")`` takes a frame (.parquet, .csv), plain values (.json), text (.txt).
    """
    folder = PROJECT / "tests" / "golden"
    return Golden(folder, is_updating=bool(request.config.getoption("--update-golden")))
