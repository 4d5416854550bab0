"""An object store (S3, or whatever fsspec opens): whole objects by name, put and taken with patience.

An object is put whole or not at all, and what is taken is held to its SHA-256: bytes that came, or stand there, damaged
are never used. A store that is busy, or breaks off, is asked again, waiting longer each time.
"""

from __future__ import annotations

import random
import re
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import fsspec

from flexsites.config.addresses import without_secrets
from flexsites.digest import sha256
from flexsites.errors import Fault, MissingExtraError, RunError
from flexsites.tables.whole_files import whole_file

T = TypeVar("T")
R = TypeVar("R")

_WAITS_S = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""How long a store that does not answer well is left alone before each further try, about."""
_AT_ONCE = 8
"""How many objects are on their way at once."""
_FINAL = (FileNotFoundError, PermissionError, IsADirectoryError, NotImplementedError, TypeError)
"""What asking again does not change."""
_FINAL_NAMES = frozenset({"NoCredentialsError", "ParamValidationError", "NoSuchBucket"})
"""Of the errors that only the library of a store knows."""
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://.")


class Damaged(Exception):  # noqa: N818 - what it is, to be caught and mended, not told
    """An object is not what was put."""


@dataclass(frozen=True, slots=True)
class Store:
    """A place in an object store; a few letters, so that it travels to workers.

    Attributes
    ----------
    address
        ``s3://bucket/folder``, or another address that fsspec opens. Keys and endpoint are those of the environment
        (``AWS_ACCESS_KEY_ID``, ``AWS_ENDPOINT_URL``), on every machine.
    """

    address: str

    def require_open(self) -> None:
        """Put a small object and take it back, before hours of work whose results could not go there.

        Raises
        ------
        RunError
            If it cannot be reached, or not be written to.
        """
        at, token = self._at(f".reached-{uuid.uuid4().hex}"), uuid.uuid4().hex.encode()

        def there_and_back(files: Any) -> bytes:  # noqa: ANN401 - fsspec is untyped
            files.pipe_file(at, token)
            found = bytes(files.cat_file(at))
            files.rm_file(at)
            return found

        # A wrong address is told soon: nothing was done yet.
        if self._patiently(there_and_back, waits_s=_WAITS_S[:2]) != token:
            raise RunError(Fault("the store gives back something else than was put", self.shown, _REMEDY))

    @property
    def shown(self) -> str:
        """The address as it may be told."""
        return without_secrets(self.address)

    def put(self, path: Path, name: str) -> None:
        """Put a file, in the place of what may stand there."""
        self._patiently(lambda fs: fs.put_file(str(path), self._at(name)))

    def put_if_absent(self, path: Path, name: str) -> None:
        """Put a file whose name says its content; one of that name and length is there already."""
        size = self._patiently(lambda fs: _size(fs, self._at(name)))
        if size != path.stat().st_size:
            self.put(path, name)

    def take(self, name: str, path: Path, expected: str) -> None:
        """Take an object as a file, whole or not at all.

        Parameters
        ----------
        name, path
            The object, and the file it becomes.
        expected
            Its SHA-256.

        Raises
        ------
        Damaged
            If what came is something else twice, or there is nothing.
        """
        try:
            self._take(name, path, expected)
        except Damaged:
            self._take(name, path, expected)  # the way may damage it, too

    def _take(self, name: str, path: Path, expected: str) -> None:
        with whole_file(path) as temporary:
            try:
                self._patiently(lambda fs: fs.get_file(self._at(name), str(temporary)))
            except FileNotFoundError as error:
                raise Damaged(name) from error
            if sha256(temporary) != expected:
                raise Damaged(name)

    def write(self, name: str, content: bytes) -> None:
        """Put some bytes."""
        self._patiently(lambda fs: fs.pipe_file(self._at(name), content))

    def read(self, name: str) -> bytes | None:
        """Return the bytes of a small object; None: there is none."""
        try:
            return bytes(self._patiently(lambda fs: fs.cat_file(self._at(name))))
        except FileNotFoundError:
            return None

    def names(self, folder: str) -> list[str]:
        """Return the names of all objects below a folder, sorted."""
        try:
            found = self._patiently(lambda fs: fs.find(self._at(folder)))
        except FileNotFoundError:
            return []
        root = self._at("")
        return sorted(one.removeprefix(root) for one in found if one.startswith(root))

    def remove(self, names: Iterable[str]) -> None:
        """Remove objects; one that is gone already is no fault."""

        def one(name: str) -> None:
            try:
                self._patiently(lambda fs: fs.rm_file(self._at(name)))
            except FileNotFoundError:
                return

        at_once(one, names)

    def _at(self, name: str) -> str:
        _, root = _opened(self.address)
        return f"{root.rstrip('/')}/{name}"

    def _patiently(self, ask: Callable[[Any], T], *, waits_s: Sequence[float] = _WAITS_S) -> T:
        """Ask the store, and again when it is busy; tell in words when it stays so."""
        files, _ = _opened(self.address)
        for wait_s in (*waits_s, None):
            try:
                return ask(files)
            except FileNotFoundError:
                raise
            except Exception as error:  # every store has errors of its own
                if wait_s is None or isinstance(error, _FINAL) or type(error).__name__ in _FINAL_NAMES:
                    what = f"the store does not do what is asked ({type(error).__name__}: {error})"
                    raise RunError(Fault(what, self.shown, _REMEDY)) from error
            # No two workers that were refused together ask again together.
            time.sleep(wait_s * random.uniform(0.75, 1.25))  # noqa: S311 - no secret
        raise AssertionError  # the last try returns or raises


_REMEDY = "check the address, the keys and the endpoint in the environment, and continue with --resume"


def require_address(address: str) -> None:
    """Refuse what is no address of a store, or one that nothing installed here opens.

    Raises
    ------
    RunError
        If it is no address.
    MissingExtraError
        Naming the extra to install.
    """
    if not _SCHEME.match(address):
        raise RunError(
            Fault(f"'{address}' is no address of a store", "--store", "give one, such as s3://bucket/folder")
        )
    _opened(address)


def at_once(function: Callable[[T], R], asked: Iterable[T]) -> list[R]:
    """Call a function on each of several, some at a time; return what it gave, in their order."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(function, asked))


def _opened(address: str) -> tuple[Any, str]:
    """Return the file system of an address, and the path in it; it is kept by fsspec itself."""
    # Others write there meanwhile: what was listed a moment ago is not what is there.
    options: dict[str, Any] = {"use_listings_cache": False}
    if address.startswith(("file:", "local:")):
        options["auto_mkdir"] = True
    try:
        files, root = fsspec.core.url_to_fs(address, **options)
    except ImportError as error:
        scheme = address.partition(":")[0]
        message = (
            f"nothing is installed that opens {scheme}:// ({error}). Remedy: pip install 'flexsites[store]' for s3://, "
            "or the fsspec package of your store."
        )
        raise MissingExtraError(message) from error
    except ValueError as error:
        raise RunError(Fault(f"'{address}' is no address of a store ({error})", "--store", _REMEDY)) from error
    return files, str(root)


def _size(files: Any, path: str) -> int | None:  # noqa: ANN401 - fsspec is untyped
    try:
        return int(files.info(path)["size"])
    except FileNotFoundError:
        return None
