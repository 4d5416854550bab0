"""The benchmark registry: what it measures, writes and refuses."""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.benchmarks import measuring, registry
from tests.benchmarks.__main__ import main
from tests.benchmarks.measuring import Peer, find_peers
from tests.benchmarks.registry import Absent, Comparison, Measurements, Timing
from tests.benchmarks.report import lines, report


def fill(mebibytes: int) -> None:
    """Hold so much memory, touched."""
    np.ones(mebibytes * 131_072)


def fill_one() -> None:
    """Hold a mebibyte."""
    fill(1)


GROWN: list[int] = []


def grow(by: int) -> None:
    """Change this module where it is called."""
    GROWN.append(by)


def stumble() -> None:
    """Fail."""
    raise RuntimeError("no luck today")


def test_peak_is_of_the_fresh_process_not_of_this_one() -> None:
    ballast = np.ones(300 * 131_072)
    small, large = measuring.measure_peak(fill, 1), measuring.measure_peak(fill, 200)
    assert ballast[-1] == 1.0
    assert small.peak_mib < 250
    assert 180 < large.peak_mib - small.peak_mib < 230
    assert 0 < large.imports_mib <= large.peak_mib


def test_a_failure_in_the_fresh_process_says_why() -> None:
    with pytest.raises(RuntimeError, match="no luck today"):
        measuring.measure_peak(stumble)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere it is a fresh process all the same")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_where_only_is_asked_whether_they_run_a_copy_of_this_process_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails in it fails here, and what it does to itself changes nothing here."""
    monkeypatch.setattr(measuring, "ONCE_ABOVE_S", 0.0)
    assert measuring.measure_peak(grow, 1).peak_mib > 0
    assert not GROWN
    with pytest.raises(RuntimeError, match="no luck today"):
        measuring.measure_peak(stumble)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], str]:
    """Return what installs a module of some text, for this process and those it starts."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))

    def install(name: str, text: str) -> str:
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
        importlib.invalidate_caches()
        return name

    return install


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            'raise ImportError("no libghost.so.3\\nof a second line")',
            "ImportError: no libghost.so.3",
        ),
        ("raise ValueError", "ValueError"),
        ("import os\nos.abort()", "ended by SIGABRT"),
    ],
)
def test_a_peer_that_cannot_be_imported_is_absent_with_why(
    installed: Callable[[str, str], str], text: str, why: str
) -> None:
    broken = Peer("broken", installed("broken_peer", text), "broken-peer")
    assert find_peers([broken, Peer("sums", "math", "math")]) == (
        ("sums",),
        (Absent("broken", "broken-peer", f"does not work: {why}"),),
    )


def test_a_peer_that_is_imported_and_does_not_work_is_absent_with_why() -> None:
    """Nothing it needs is loaded until it is asked to work; of a module that is imported already too."""
    assert find_peers([Peer("sums", "math", "math", stumble), Peer("arrays", "numpy", "numpy", fill_one)]) == (
        ("arrays",),
        (Absent("sums", "math", "does not work: RuntimeError: no luck today"),),
    )


def test_a_peer_that_hangs_is_absent_with_why(
    installed: Callable[[str, str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "ATTEMPT_S", 0.5)
    slow = installed("slow_peer", "import time\ntime.sleep(60)")
    assert find_peers([Peer("slow", slow, "slow-peer")])[1][0].why == "does not work: not done in 0 s"


def test_a_nested_function_cannot_be_measured_alone() -> None:
    with pytest.raises(ValueError, match="cannot import it"):
        measuring.measure_peak(lambda: None)


def test_contenders_take_turns_with_a_rotating_start() -> None:
    order: list[str] = []
    contenders = {name: lambda name=name: order.append(name) for name in "abc"}
    measuring.interleave(contenders, repeats=3, warm=False)
    assert "".join(order) == "abcbcacab"


def test_a_slow_contender_runs_once() -> None:
    def slow() -> None:
        time.sleep(0.02)

    timings = measuring.interleave({"slow": slow, "fast": int}, repeats=3, once_above_s=0.01)
    assert len(timings["slow"].seconds) == 1
    assert len(timings["fast"].seconds) == 3
    assert timings["slow"].median_s >= 0.02


def test_where_only_is_asked_whether_they_run_each_runs_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "ONCE_ABOVE_S", 0.0)
    timings = measuring.interleave({"one": int, "two": int}, repeats=3)
    assert [len(one.seconds) for one in timings.values()] == [1, 1]


def test_report_has_the_ratio_the_absent_peer_and_the_version() -> None:
    comparison = Comparison(
        "sum", {"flexsites": Timing((2.0, 1.0, 3.0)), "naive": Timing((8.0,))}, absent=(Absent("ghost", "ghost-lib"),)
    )
    subject = registry.Benchmark("sum", (10,), "numbers", lambda _: Measurements((comparison,)))
    written = report(subject, 10, Measurements((comparison,), packages=("ghost-lib",)))
    assert written["median_seconds"] == 2.0
    assert written["ratios"] == {"naive": 4.0}
    assert written["absent"] == [{"name": "ghost", "pip": "ghost-lib", "why": "not installed"}]
    assert written["versions"]["ghost-lib"] is None
    assert written["versions"]["numpy"] == np.__version__
    assert any("pip install ghost-lib" in line for line in lines(json.loads(json.dumps(written))))


def test_a_comparison_without_the_subject_is_refused() -> None:
    with pytest.raises(ValueError, match="was not measured"):
        Comparison("sum", {"naive": Timing((1.0,))})


@pytest.mark.parametrize("sizes", [(), (10, 5), (5, 5), (0, 1)])
def test_sizes_must_ascend(sizes: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="ascending"):
        registry.benchmark(name="wrong", sizes=sizes, unit="parcels")


def test_an_unknown_subject_is_named_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["no_such_subject"])
    assert "no benchmark 'no_such_subject'; there are:" in capsys.readouterr().err


@pytest.mark.parametrize("asked", [["layout", "--repeats", "3"], ["national", "--repeats", "0"]])
def test_only_whole_runs_are_asked_to_repeat(asked: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(asked)
    assert "--repeats must be positive and is of national" in capsys.readouterr().err
    assert measuring.WHOLE_RUNS == 1


@pytest.mark.parametrize("name", registry.subjects())
def test_every_subject_says_what_it_measures(name: str) -> None:
    """They are run by .ci/run, each at its smallest size: here again they would take a quarter of the tests' time."""
    subject = registry.load(name)
    assert subject.name == name
    assert list(subject.sizes) == sorted(set(subject.sizes))
    assert subject.unit
    assert subject.summary
