"""The command line shows names and ids as they are, whatever signs they hold, and never acts on them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import pipelines
from flexsites import cli
from flexsites.inputs.prepare import Checked

ODD = ("b[/red]c", "odd [v2]", "[bold]x[/bold]", "a[link=x]b", "\x1b[31mred\x1b[0m", "\x9b2J", "tab\u202ebat")
SHOWN = (*ODD[:4], "[31mred[0m", "2J", "tabbat")
PAIRS = list(zip(ODD, SHOWN, strict=True))


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    """Run the command line and return what it ends with."""
    monkeypatch.setattr(sys, "argv", ["flexsites", *map(str, arguments)])
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)


@pytest.mark.parametrize(("name", "shown"), PAIRS)
def test_the_folder_of_a_finished_run_is_shown_as_it_is(
    name: str, shown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(pipelines.PIPELINES, "provincial_sweep", lambda _, options: options.outputs / "run")
    assert run(monkeypatch, "run", "demo_province", "--outputs", tmp_path / name) == 0
    told = capsys.readouterr()
    assert told.err == ""
    assert told.out.splitlines() == [
        f"Results: {tmp_path}/{shown}/run",
        f"Report:  {tmp_path}/{shown}/run/report.html",
    ]


@pytest.mark.parametrize(("name", "shown"), PAIRS)
def test_what_is_wrong_is_shown_as_it_is(
    name: str, shown: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "explain", "x", "--run", name) == 2
    told = capsys.readouterr()
    assert told.err.startswith(f"flexsites: {shown}: no such directory.")
    assert "\x1b" not in told.err


def test_an_id_is_no_markup_in_a_table(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    site_id = "99010035940000[red]x[/red]"

    class Source:
        reader, path = "vector[/]", f"{site_id}.gpkg"

    monkeypatch.setattr("flexsites.runs.prepare.check_inputs", lambda *_, **__: Checked([], ()))
    monkeypatch.setattr("flexsites.config.sources.Sources.rows", lambda _: {"[b]": Source()})
    assert run(monkeypatch, "check", "demo_province") == 0
    told = capsys.readouterr().out
    assert f"{site_id}.gpkg" in told
    assert "vector[/]" in told
    assert "[b]" in told


def test_shells_complete_its_commands(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    assert run(monkeypatch, "--show-completion", "bash") == 0
    assert "_FLEXSITES_COMPLETE" in capsys.readouterr().out
