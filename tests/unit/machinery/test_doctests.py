"""The examples in the benchmarks' machinery, which pytest does not collect there."""

from __future__ import annotations

import doctest

import pytest

from tests.benchmarks import measuring, registry, report


@pytest.mark.parametrize("module", [measuring, registry, report])
def test_examples_hold(module: object) -> None:
    outcome = doctest.testmod(module)  # type: ignore[arg-type]
    assert outcome.attempted > 0
    assert outcome.failed == 0
