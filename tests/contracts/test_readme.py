"""What the README says can be typed, can be typed; and what a wheel must carry, it carries."""

from __future__ import annotations

import importlib.util
import re
import shlex
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import typer

from flexsites.cli.app import app
from tests.conftest import PROJECT

README = (PROJECT / "README.md").read_text(encoding="utf-8")
TOP = typer.main.get_command(app)


def _commands() -> list[str]:
    """Return every command of flexsites in a code block or between back quotes, its comment left out."""
    blocks = re.findall(r"^```[a-z]*\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)
    lines = [line.partition(" #")[0].strip() for block in blocks for line in block.splitlines()]
    prose = re.sub(r"^```.*?^```", "", README, flags=re.MULTILINE | re.DOTALL)
    lines += [line.strip() for line in re.findall(r"`(flexsites [^`]+)`", prose)]
    return sorted({line for line in lines if line.startswith("flexsites ")})


def test_the_readme_has_commands() -> None:
    assert len(_commands()) >= 5
    assert "flexsites demo" in _commands()


@pytest.mark.parametrize("line", _commands())
def test_every_command_is_a_real_one_with_real_options(line: str) -> None:
    """The line is read as the command line would read it; nothing is run."""
    _, name, *arguments = shlex.split(line)
    command = TOP.commands.get(name)  # type: ignore[attr-defined]
    assert command is not None, f"there is no command {name}; there are {sorted(TOP.commands)}"  # type: ignore[attr-defined]
    try:
        command.make_context(name, list(arguments), parent=typer.Context(TOP))
    except Exception as error:  # noqa: BLE001 - typer brings its own click
        pytest.fail(f"{line}: {error}")


def test_every_option_named_is_one_of_ours() -> None:
    known = {name for command in TOP.commands.values() for option in command.params for name in option.opts}  # type: ignore[attr-defined]
    lines = [line for line in README.splitlines() if "flexsites " in line]
    named = {option for line in lines for option in re.findall(r"(?<![\w-])--[a-z][a-z-]+", line)}
    assert named
    assert named <= known | {"--version", "--help"}


def test_files_it_links_to_are_there() -> None:
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", README) + re.findall(
        r"<img[^>]*src=\"(?!https?://)([^\"]+)\"", README
    )
    missing = [link for link in links if not (PROJECT / link).exists()]
    assert not missing


@pytest.mark.slow
def test_a_wheel_carries_pipelines_configs_labels_and_templates(tmp_path: Path) -> None:
    if importlib.util.find_spec("hatchling") is None:
        pytest.skip("hatchling, which builds the wheel, is not installed")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    built = subprocess.run(command, cwd=PROJECT, check=False, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        carried = set(packed.namelist())
    wanted = {
        str(path.relative_to(PROJECT))
        for folder in ("flexsites", "pipelines")
        for path in (PROJECT / folder).rglob("*")
        if path.is_file() and not any(part.startswith((".", "__pycache__")) for part in path.relative_to(PROJECT).parts)
    }
    wanted |= {f"flexsites/_{path.relative_to(PROJECT)}" for path in (PROJECT / "configs").rglob("*.yaml")}
    assert wanted <= carried, sorted(wanted - carried)[:5]
    assert any(name.startswith("flexsites/reporting/templates/") for name in carried)
    strange = [name for name in carried if name.startswith(("tests/", "outputs/")) or "_cache" in name]
    assert not strange
    _works_outside_a_checkout(wheel, tmp_path / "installed")


def _works_outside_a_checkout(wheel: Path, folder: Path) -> None:
    """Unpack it, and let a process that sees nothing of the checkout list the bundled runs."""
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder)
    script = (
        f"import sys; sys.path.insert(0, {str(folder)!r})\n"
        "from pathlib import Path\n"
        "import flexsites, pipelines\n"
        "from flexsites.config.load import available, configs_directory\n"
        "from flexsites.config.study import resolve\n"
        "from flexsites.cli.app import app\n"
        "from flexsites.docs.site import build\n"
        f"assert flexsites.__file__.startswith({str(folder)!r}) and pipelines.__file__.startswith({str(folder)!r})\n"
        f"assert str(configs_directory()).startswith({str(folder)!r})\n"
        f"assert build(app, Path({str(folder / 'docs')!r})).is_file()\n"
        "print(len(resolve('demo').base.rules), *available('runs'))\n"
    )
    told = subprocess.run([sys.executable, "-c", script], cwd=folder, check=False, capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    assert int(told.stdout.split()[0]) > 20
    assert "demo" in told.stdout.split()
