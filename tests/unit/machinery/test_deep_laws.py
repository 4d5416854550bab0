"""No law loses its last way in .ci/run: whatever is marked deep has a sibling that is not."""

from __future__ import annotations

import pytest

from tests.conftest import COLLECTED
from tests.deep_laws import Law, without_sibling


def test_every_law_marked_deep_has_a_way_that_is_not(request: pytest.FixtureRequest) -> None:
    """Of all that was collected beside this test: the whole suite, when all is run."""
    laws = request.config.stash[COLLECTED]
    assert any(law.function == "test_every_law_marked_deep_has_a_way_that_is_not" for law in laws)
    assert not without_sibling(laws)


def test_a_sibling_is_of_the_same_file_and_not_deep_itself() -> None:
    quick = Law("a.py::one", "a.py", "one")
    named = Law("a.py::two", "a.py", "two", is_deep=True, sibling="one")
    elsewhere = Law("b.py::two", "b.py", "two", is_deep=True, sibling="one")
    in_a_ring = Law("a.py::three", "a.py", "three", is_deep=True, sibling="two")
    assert without_sibling([quick, named, elsewhere, in_a_ring]) == ["b.py::two", "a.py::three"]
