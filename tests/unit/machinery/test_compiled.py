"""Compiled kernels are kept, and what is kept is never stale."""

import ast
import importlib
import importlib.util
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

from filelock import FileLock

from flexsites import compiled
from flexsites.geometry import nesting

PACKAGE = Path(compiled.__file__).parent
CALLED = "from kept.compiled import kernel\n\n\n@kernel\ndef called(value):\n    return value + {}\n"
CALLER = (
    "from kept.called import called\nfrom kept.compiled import kernel\n\n\n"
    "@kernel\ndef caller(value):\n    return called(value)\n"
)


def answer(folder):
    """Call the kernel as a program that starts anew."""
    command = [sys.executable, "-c", "from kept.caller import caller; print(caller(1))"]
    environment = {**os.environ, "PYTHONPATH": str(folder), "NUMBA_CACHE_DIR": str(folder / "cache")}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()


def test_a_caller_of_another_file_does_not_keep_what_it_called(tmp_path):
    """The caller's own file is untouched: by the compiler's own rules its kept code would still be good."""
    package = tmp_path / "kept"
    package.mkdir()
    shutil.copy(compiled.__file__, package)
    (package / "caller.py").write_text(CALLER)
    (package / "called.py").write_text(CALLED.format(1))
    assert answer(tmp_path) == "2"
    first = set((tmp_path / "cache").rglob("*.nbc"))
    assert first
    assert answer(tmp_path) == "2"
    assert set((tmp_path / "cache").rglob("*.nbc")) == first, "kept code was compiled again"
    (package / "called.py").write_text(CALLED.format(10))
    assert answer(tmp_path) == "11"


def test_who_comes_while_another_compiles_waits_and_takes_what_it_kept(tmp_path):
    """Two loads of one file stand for two processes; what the first keeps appears while its lock is held."""
    (tmp_path / "own.py").write_text(CALLED.format(1).replace("kept.", "flexsites."))
    first, second = (load(tmp_path / "own.py") for _ in range(2))
    assert first.called(1) == 2
    folder = Path(first.called.stats.cache_path)
    kept = [path.rename(tmp_path / path.name) for path in folder.glob("*.called-*")]
    assert len(kept) == 2  # the index and one code

    answers = []
    with FileLock(folder / "own.called.lock"):
        caller = threading.Thread(target=lambda: answers.append(second.called(1)))
        caller.start()
        time.sleep(0.3)
        for path in kept:
            path.rename(folder / path.name)
    caller.join()
    assert answers == [2]
    assert second.called.stats.cache_hits
    assert not second.called.stats.cache_misses, "it compiled what another was compiling"


def load(path):
    """Execute a module's file, which no other load knows of."""
    found = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_kernels_are_kept_in_the_directory_of_their_source():
    lies = nesting._lies
    assert Path(lies.stats.cache_path).is_relative_to(compiled.CACHE_DIRECTORY)
    assert compiled.CACHE_DIRECTORY.name == compiled.source_digest(compiled.kernel_sources())


def test_kernels_use_nothing_whose_source_is_not_in_the_digest():
    """A constant of another file is compiled in as well: that file must be one of those that the digest reads."""
    inside = {f"flexsites.{'.'.join(path.relative_to(PACKAGE).with_suffix('').parts)}" for path in sources()}
    foreign = [
        f"{path.stem}.{function.name}: {module}"
        for path in sources()
        for function, modules in kernels_of(path)
        for module in modules
        if module not in inside
    ]
    assert len(inside) > 10
    assert not foreign


def sources():
    return compiled.kernel_sources()


def kernels_of(path):
    """Yield each kernel of a file, and the modules of this package that the names in its body come from."""
    tree = ast.parse(path.read_text())
    origin = {
        alias.asname or alias.name: node.module
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("flexsites")
        for alias in node.names
    }
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef):
            continue
        if not any(isinstance(one, ast.Name) and one.id == "kernel" for one in node.decorator_list):
            continue
        names = {one.id for part in node.body for one in ast.walk(part) if isinstance(one, ast.Name)}
        yield node, [module_of(origin[name], name) for name in sorted(names & set(origin))]


def module_of(module, name):
    """Return the module meant by ``from module import name``: a module itself, or the one that holds the name."""
    found = getattr(importlib.import_module(module), name)
    return f"{module}.{name}" if hasattr(found, "__file__") else module
