"""One run at a time in a directory; and a killed one stands in nobody's way."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from flexsites.errors import RunError
from flexsites.parts import alone
from flexsites.runs import Options
from tests.conftest import PROJECT

CHILD = """
import sys, time
from pathlib import Path
from flexsites.parts import alone
with alone(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_second_run_is_refused_until_the_first_has_ended(tmp_path: Path) -> None:
    with alone(tmp_path / "run"), pytest.raises(RunError, match="another run is writing here"), alone(tmp_path / "run"):
        pytest.fail("two at once")
    with alone(tmp_path / "run"), alone(tmp_path / "other"):
        pass


def test_a_killed_run_holds_nothing(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", CHILD, str(tmp_path)], cwd=PROJECT, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"held\n"
        with pytest.raises(RunError, match=r"another run.*--outputs"), alone(tmp_path):
            pytest.fail("two at once")
        child.send_signal(signal.SIGKILL)
        child.wait(timeout=60)
    with alone(tmp_path):
        pass


@pytest.mark.parametrize("outputs", ["s3://bucket/results", "memory://results"])
def test_outputs_are_local(outputs: str) -> None:
    with pytest.raises(RunError, match=r"results cannot be written to .*a local folder"):
        Options(Path(outputs))
