"""Whether other code made a run than answers."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from flexsites.finished import made_by


@pytest.mark.parametrize(
    ("made_of", "is_other"),
    [(SimpleNamespace(code=made_by.code_of_runs()), False), (SimpleNamespace(code="another"), True), (None, True)],
)
def test_a_run_of_other_code_is_known_by_its_manifest(
    made_of: object, *, is_other: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That of an earlier version tells nothing of its code."""
    monkeypatch.setattr(made_by, "read_manifest", lambda _: SimpleNamespace(made_of=made_of))
    assert made_by.is_of_other_code(tmp_path) is is_other
