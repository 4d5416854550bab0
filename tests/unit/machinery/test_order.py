"""Each worker of a test run begins with whole runs, and a file of them stays with one worker."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.conftest import whole_runs_first


@pytest.mark.parametrize("n_workers", [1, 2, 3, 40])
def test_every_share_begins_with_whole_runs_and_no_file_of_them_is_parted(n_workers: int) -> None:
    names = [*("a" * 50), *(f"pipelines/{i // 7}" for i in range(30)), *("z" * 73)]
    items: list[Any] = [SimpleNamespace(path=Path(name)) for name in names]
    found = [str(one.path) for one in whole_runs_first(items, n_workers)]
    assert sorted(found) == sorted(names)
    shares, at = [], 0
    for n_left in range(n_workers, 0, -1):
        shares.append(found[at : at + (len(found) - at) // n_left])
        at += len(shares[-1])
    runs = [[one for one in share if "pipelines" in one] for share in shares]
    assert all(share[: len(own)] == own for share, own in zip(shares, runs, strict=True))
    if n_workers <= 3:
        assert all(runs)
        assert sum(len(set(own)) for own in runs) == 5
