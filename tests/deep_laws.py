"""Laws that have more ways than .ci/run has time for: which tests are marked deep, and whether a sibling is not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pytest


@dataclass(frozen=True)
class Law:
    """One collected test: where it stands, the function it calls, and, if it is marked deep, whose sibling it is."""

    node_id: str
    file: str
    function: str
    is_deep: bool = False
    sibling: str | None = None

    @classmethod
    def of(cls, item: pytest.Item) -> Law:
        """Return what is to be known of a collected test."""
        mark = item.get_closest_marker("deep")
        function = getattr(item, "originalname", None) or item.name
        sibling = mark.kwargs.get("sibling") if mark else None
        return cls(item.nodeid, item.nodeid.partition("::")[0], function, mark is not None, sibling)


def without_sibling(laws: Iterable[Law]) -> list[str]:
    """Return the deep laws of which the same file has no way that is not deep: none of .ci/run's tests would miss them.

    Examples
    --------
    >>> quick, dear = Law("a.py::t[1]", "a.py", "t"), Law("a.py::t[2]", "a.py", "t", is_deep=True)
    >>> without_sibling([quick, dear]), without_sibling([dear])
    ([], ['a.py::t[2]'])
    """
    every = list(laws)
    quick = {(law.file, law.function) for law in every if not law.is_deep}
    return [law.node_id for law in every if law.is_deep and (law.file, law.sibling or law.function) not in quick]
