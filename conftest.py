"""What doctests need: a finished run, for those that look at one."""

from __future__ import annotations

from typing import Any

import pytest
from _pytest.doctest import DoctestItem

from tests.reporting_fixture import write_results

_LOOKS_AT_A_RUN = "flexsites.api"


@pytest.fixture(autouse=True)
def _finished_run(request: pytest.FixtureRequest) -> None:
    """Give ``finished_run``, the directory of a small run, to the doctests of the Python interface."""
    if isinstance(request.node, DoctestItem) and request.node.name.startswith(_LOOKS_AT_A_RUN):
        namespace: dict[str, Any] = request.getfixturevalue("doctest_namespace")
        namespace["finished_run"] = write_results(request.getfixturevalue("tmp_path") / "run")
