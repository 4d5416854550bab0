"""The compiler of kernels: ``@kernel`` compiles a function once and keeps the result, never a stale one.

Numba keeps what it compiled per file, and compiles again when that file changes. But a kernel holds the compiled code
of the kernels it calls, and those may stand in other files: after an upgrade, or a change here, the kept code of an
unchanged caller would run the old code of what it calls. So the kept code lies in a directory named by a digest of the
source of every kernel of this package, and of the modules that kernels import from: other source, other directory.
Directories of earlier sources are not removed; they may be, at any time.

Processes that come to a kernel at the same time compile it once: the first does, the others wait for what it keeps.
By Numba alone each would compile it, and of two that do for different types the code of one may be kept as the other's.
"""

from __future__ import annotations

import gc
import hashlib
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

import numba
import numba.core.config
from filelock import FileLock, Timeout
from numba.core.compiler_lock import global_compiler_lock

__all__ = ["CACHE_DIRECTORY", "kernel", "kernel_sources", "source_digest", "user_cache"]

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


class _Kernel(Protocol):
    """What is used here of what the compiler makes of a function."""

    compile: Callable[[object], object]
    stats: Any


def kernel_sources() -> list[Path]:
    """Return the files of this package that hold kernels, and those they import from (constants are compiled in)."""
    package = Path(__file__).parent
    # By name, level by level: a search of the whole tree would list what lies in __pycache__ as well.
    paths = [*package.glob("*.py"), *package.glob("*/*.py"), *package.glob("*/*/*.py")]
    kernels = {path: content for path in paths if b"@kernel" in (content := path.read_bytes())}
    imports = re.compile(rf"^from {package.name}\.([\w.]+) import".encode(), re.MULTILINE)
    modules = {name.decode() for content in kernels.values() for name in imports.findall(content)}
    imported = {package.joinpath(*name.split(".")).with_suffix(".py") for name in modules}
    return sorted({*kernels, *(imported & set(paths))})


def source_digest(paths: list[Path]) -> str:
    """Return a digest of files, by their names and content.

    Examples
    --------
    >>> source_digest([]) == source_digest([Path(__file__)])
    False
    """
    found = hashlib.sha256()
    for path in paths:
        content = path.read_bytes()
        found.update(f"{path.parent.name}/{path.name} {len(content)}\n".encode() + content)
    return found.hexdigest()[:16]


def user_cache() -> Path:
    """Return where this user's programs keep what they can make again."""
    home = Path.home()
    if sys.platform == "darwin":
        return home / "Library" / "Caches"
    named = os.environ.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME")
    return Path(named) if named else home / ".cache"


_SETTINGS: Any = numba.core.config

CACHE_DIRECTORY = Path(_SETTINGS.CACHE_DIR or user_cache()) / "flexsites" / source_digest(kernel_sources())
"""Where compiled kernels are kept: below ``NUMBA_CACHE_DIR`` if that is set, else in the user's cache."""


_PATIENCE_S = 300.0
"""How long to wait for who compiles the same kernel, before compiling it oneself: no kernel takes a tenth of this."""


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the lock of a file inside the block; where it cannot be had go on without: the same may be done twice."""
    lock = FileLock(path)
    with suppress(OSError, Timeout, NotImplementedError):
        lock.acquire(timeout=_PATIENCE_S)
    try:
        yield
    finally:
        lock.release()


@contextmanager
def no_search_for_garbage() -> Iterator[None]:
    """Let nothing search for garbage inside the block, of what lives until it is done: all else is gone through too.

    Examples
    --------
    >>> with no_search_for_garbage():
    ...     gc.isenabled()
    False
    >>> gc.isenabled()
    True
    """
    was_searched = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_searched:
            gc.enable()


def _compile_once(kernel: _Kernel, name: str) -> None:
    """Let one process at a time look for what is kept of a kernel, and compile and keep it where nothing is."""
    compile_or_load = kernel.compile
    path = Path(kernel.stats.cache_path) / f"{name}.lock"

    def compile_alone(signature: object) -> object:
        # The compiler's own lock first: who holds that of the file never waits for a thread that waits for the file.
        with global_compiler_lock, _alone(path), no_search_for_garbage():
            return compile_or_load(signature)

    kernel.compile = compile_alone


def kernel(function: FunctionT) -> FunctionT:
    """Compile a function of numbers and arrays when it is first called; calls let other threads run meanwhile.

    Where ``CACHE_DIRECTORY`` cannot be written Numba keeps the result in a place of its own, by its own rules.

    Notes
    -----
    Law: the result of a call does not depend on what an earlier version of this package compiled.
    """
    own, _SETTINGS.CACHE_DIR = _SETTINGS.CACHE_DIR, str(CACHE_DIRECTORY)
    try:
        compiled: Any = numba.njit(cache=True, nogil=True)(function)
    finally:
        _SETTINGS.CACHE_DIR = own
    _compile_once(compiled, f"{function.__module__}.{function.__qualname__}")
    return cast("FunctionT", compiled)
