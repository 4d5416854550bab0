"""Tell which tests take most of the processor: ``python -m pytest -p tests.processor_time``.

Seconds of processor (user + system) of a test and of the processes that it started and waited for: a machine that is
kept busy tells the same as an idle one. Kernels that are not kept yet are compiled by whichever test asks them first.
"""

from __future__ import annotations

import resource
from collections.abc import Generator

import pytest

_LEAST_S = 0.5
_MOST_LINES = 40
_TAKEN = pytest.StashKey[dict[str, float]]()


def _now_s() -> float:
    both = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in both)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Note what a test took, the making of its fixtures with it."""
    start = _now_s()
    try:
        return (yield)
    finally:
        item.config.stash.setdefault(_TAKEN, {})[item.nodeid] = _now_s() - start


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Tell the dearest tests, and all files by what their tests took; of one process only (``-n 0``)."""
    taken = config.stash.get(_TAKEN, {})
    files: dict[str, float] = {}
    for name, seconds in taken.items():
        files[name.partition("::")[0]] = files.get(name.partition("::")[0], 0.0) + seconds
    terminalreporter.section(f"seconds of processor: {sum(taken.values()):.0f}")
    for told in (files, taken):
        for name, seconds in sorted(told.items(), key=lambda one: -one[1])[:_MOST_LINES]:
            if seconds >= _LEAST_S:
                terminalreporter.write_line(f"{seconds:8.1f}  {name}")
