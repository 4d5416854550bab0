"""A store is asked with patience, and what it gives is held to its hash."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from flexsites.errors import MissingExtraError, RunError
from flexsites.runs import store as module
from flexsites.runs.run import Options
from flexsites.runs.store import Damaged, Store

WORD, OTHER = b"a part", b"a pert"
HASH = hashlib.sha256(WORD).hexdigest()


@pytest.fixture
def store() -> Store:
    return Store(f"memory://{uuid.uuid4().hex}")


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return how long the store was left alone, instead of waiting so long."""
    waited: list[float] = []
    monkeypatch.setattr(module.time, "sleep", waited.append)
    return waited


def _failing(monkeypatch: pytest.MonkeyPatch, name: str, errors: list[Exception]) -> None:
    """Let an operation of the store fail, once per error, before it does what is asked."""
    does: Callable[..., Any] = getattr(MemoryFileSystem, name)

    def fails(*arguments: Any, **options: Any) -> Any:
        if errors:
            raise errors.pop(0)
        return does(*arguments, **options)

    monkeypatch.setattr(MemoryFileSystem, name, fails)


def test_what_is_put_is_taken(store: Store, tmp_path: Path) -> None:
    (tmp_path / "here").write_bytes(WORD)
    store.put(tmp_path / "here", "parts/one")
    store.take("parts/one", tmp_path / "there" / "one", HASH)
    assert (tmp_path / "there" / "one").read_bytes() == WORD
    assert store.read("parts/one") == WORD
    assert store.names("parts") == ["parts/one"]
    store.remove(["parts/one", "parts/none"])
    assert (store.read("parts/one"), store.names("parts")) == (None, [])


def test_what_is_there_is_not_put_again(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").write_bytes(WORD)
    store.put_if_absent(tmp_path / "here", HASH)
    _failing(monkeypatch, "put_file", [PermissionError("put again")])
    store.put_if_absent(tmp_path / "here", HASH)
    store.write("cut", WORD[:3])
    with pytest.raises(RunError, match="put again"):
        store.put_if_absent(tmp_path / "here", "cut")


@pytest.mark.parametrize("content", [OTHER, b"", None])
def test_what_is_damaged_or_gone_is_never_taken(store: Store, content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        store.write("one", content)
    with pytest.raises(Damaged):
        store.take("one", tmp_path / "one", HASH)
    assert not list(tmp_path.iterdir())


def test_a_busy_store_is_asked_again_after_a_longer_while(
    store: Store, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write("one", WORD)
    _failing(monkeypatch, "cat_file", [OSError("503 Slow Down"), TimeoutError(), ConnectionResetError()])
    assert store.read("one") == WORD
    assert len(waits) == 3
    assert waits[0] < waits[1] < waits[2], "it is not left alone longer each time"


def test_a_store_that_stays_busy_is_told_in_words(
    store: Store, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    _failing(monkeypatch, "cat_file", [OSError("503 Slow Down")] * 100)
    with pytest.raises(RunError, match=r"the store does not do what is asked \(OSError: 503 Slow Down\)"):
        store.read("one")
    assert 20 < sum(waits) < 120


def test_what_asking_again_does_not_change_is_told_at_once(
    store: Store, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    _failing(monkeypatch, "cat_file", [PermissionError("403 Forbidden")])
    with pytest.raises(RunError, match="403 Forbidden"):
        store.read("one")
    assert waits == []


def test_a_store_that_cannot_be_written_to_is_told_before_the_work(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.require_open()
    assert store.names("") == []
    _failing(monkeypatch, "pipe_file", [PermissionError("403 Forbidden")])
    with pytest.raises(RunError, match="403 Forbidden"):
        store.require_open()


@pytest.mark.parametrize("address", ["somewhere", "/a/folder", "s3:", "nothing://a/b"])
def test_what_is_no_address_of_a_store_is_told(address: str, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="is no address of a store"):
        Options(tmp_path, store=address)


def test_the_extra_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lacks(*_: Any, **__: Any) -> None:
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr(module.fsspec.core, "url_to_fs", lacks)
    with pytest.raises(MissingExtraError, match=r"pip install 'flexsites\[store\]'"):
        Options(tmp_path, store="s3://bucket/folder")
