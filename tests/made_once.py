"""What many tests need and is dear to make: made by the first worker of a test run that asks, found by all others.

Every worker of pytest-xdist has fixtures of its own, so a fixture of the session is made once per worker. What is made
here is a folder below the temporary folder that the workers share; a lock lets one make it while others wait. Tests
read it; a test that changes something works on a copy.
"""

from __future__ import annotations

import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from filelock import FileLock

AnswerT = TypeVar("AnswerT")


def make_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], AnswerT]) -> AnswerT:
    """Return what ``make`` returned for its folder, which it is called for once in a test run, whoever asks.

    Parameters
    ----------
    factory
        Pytest's own: it knows the temporary folder of the test run.
    name
        Of the folder, unique in the test run.
    make
        Told an empty folder; what it returns must be small and can be pickled (paths, counts). If it fails, or skips,
        it is called again for the next who asks, so that every test tells the same.
    """
    root = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    folder = root / "made_once" / name
    folder.parent.mkdir(exist_ok=True)
    answer = folder.with_name(f"{name}.answer")
    with FileLock(folder.with_name(f"{name}.lock")):
        if not answer.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            answer.write_bytes(pickle.dumps(make(folder)))
        found: AnswerT = pickle.loads(answer.read_bytes())  # noqa: S301 - this test run wrote it
    return found
