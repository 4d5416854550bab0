"""An object store (S3) on this machine, for tests: in memory, gone with the process, and busy when it is told to be."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import fsspec
import pytest
import requests
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

BUCKET = "s3://flexdam"
_BUSY = b"<Error><Code>ServiceUnavailable</Code><Message>busy</Message></Error>"

Busy = Callable[[int], bool]
"""Whether the store is busy at a request, by its number."""


class ObjectStore:
    """What answers as S3 does, at an address on loopback.

    Attributes
    ----------
    busy
        Asked at every request whether it is answered with 503.
    n_refused
        How many were.
    """

    def __init__(self) -> None:
        self.busy: Busy = lambda _: False
        self.n_refused = 0
        self._numbers = count()
        self._answers = DomainDispatcherApplication(create_backend_app)
        self.server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        self.address = f"http://127.0.0.1:{self.server.server_port}"

    def _answer(self, asked: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if self.busy(next(self._numbers)):
            self.n_refused += 1
            asked["wsgi.input"].read(int(asked.get("CONTENT_LENGTH") or 0))
            start("503 Service Unavailable", [("Content-Type", "application/xml"), ("Content-Length", str(len(_BUSY)))])
            return [_BUSY]
        return self._answers(asked, start)


def settings_of(store: ObjectStore) -> dict[str, str]:
    """Return what the environment says to whoever uses the store."""
    keys = {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none", "AWS_DEFAULT_REGION": "us-east-1"}
    return keys | {"AWS_ENDPOINT_URL": store.address}


@contextmanager
def an_object_store() -> Iterator[ObjectStore]:
    """Start a store with an empty bucket, as the environment says inside the block; stop it after."""
    store = ObjectStore()
    thread = threading.Thread(target=store.server.serve_forever, daemon=True)
    thread.start()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings_of(store).items():
            patch.setenv(name, value)
        requests.post(f"{store.address}/moto-api/reset", timeout=60)  # what it holds is its process's, not a server's
        files = type(fsspec.filesystem("s3"))
        files.clear_instance_cache()
        fsspec.filesystem("s3").mkdir(BUCKET)
        try:
            yield store
        finally:
            files.clear_instance_cache()
            store.server.shutdown()
            store.server.server_close()
            thread.join()
