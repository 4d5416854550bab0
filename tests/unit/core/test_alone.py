"""One run at a time in a directory; and a killed one stands in nobody's way."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from flexsites.errors import RunError
from flexsites.runs.run import Options
from flexsites.tables.run_directory import HELD, alone
from tests.conftest import PROJECT

CHILD = """
import sys, time
from pathlib import Path
from flexsites.tables.run_directory import alone
with alone(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""
HALF = """
import sys, time
from pathlib import Path
from flexsites.tables.run_directory import alone
from flexsites.tables.whole_files import whole_file
with alone(Path(sys.argv[1])), whole_file(Path(sys.argv[1]) / "parts" / "c1" / "sites.parquet") as half:
    half.write_bytes(b"half")
    print("half", flush=True)
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


def test_what_a_killed_run_left_half_written_is_removed_by_the_next(tmp_path: Path) -> None:
    """Only names that it gives itself: what belongs to somebody else stays, whatever it is called."""
    ours = (".sites.gpkg.17.part", "canonical/.p.buckets.17.part/1.arrow")
    theirs = (
        "canonical/p.parquet",
        ".git/HEAD",
        ".~lock.workbook.xlsx#",
        ".qgis/.x.1.part",
        ".notes.part",
        "a.17.part",
    )
    for name in (*ours, *theirs):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    with subprocess.Popen([sys.executable, "-c", HALF, str(tmp_path)], cwd=PROJECT, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"half\n"
        (half,) = tmp_path.glob("parts/c1/.*")
        with pytest.raises(RunError), alone(tmp_path):
            pytest.fail("two at once")
        assert half.exists(), "it is of a run that is on its way"
        child.send_signal(signal.SIGKILL)
        child.wait(timeout=60)
    assert half.exists()
    with alone(tmp_path):
        left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
        assert left == {HELD, *theirs}


@pytest.mark.parametrize("outputs", ["s3://bucket/results", "memory://results"])
def test_outputs_are_local(outputs: str) -> None:
    with pytest.raises(RunError, match=r"results cannot be written to .*a local folder"):
        Options(Path(outputs))
