"""What would mislead a reader is a fault: a link to nowhere, a name that the code does not have, an empty cell."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from flexsites.config.load import configs_directory
from flexsites.docs.rendering import Rendered
from flexsites.errors import Fault

_ROOT = Path(__file__).resolve().parents[2]
PICTURES = Path(__file__).parent / "pictures"
"""What the pages show, made by ``.ci/pictures_of_docs.py``."""
_NAME = re.compile(r"^(?P<module>(?:flexsites|pipelines)(?:\.\w+)*):(?P<name>\w+(?:\.\w+)*)$")
_FILE = re.compile(r"^(?P<folder>flexsites|pipelines|configs)/(?P<rest>[\w./*-]*)$")


def faults_of(rendered: Sequence[Rendered], commands: Sequence[str]) -> list[Fault]:
    """Return everything that is wrong with the pages.

    Parameters
    ----------
    rendered
        All pages.
    commands
        The commands that there are.
    """
    pages = {one.page.name: one for one in rendered}
    return [fault for one in rendered for fault in _faults_of(one, pages, commands)]


def _faults_of(one: Rendered, pages: Mapping[str, Rendered], commands: Sequence[str]) -> Iterator[Fault]:
    where = f"{one.page.name}.md"
    for anchor, n in one.anchors.items():
        if n > 1:
            yield Fault(f"the anchor {anchor} is there {n:,} times", where, "give each heading words of its own")
    for link in one.links:
        if not _leads_somewhere(link, one, pages):
            yield Fault(f"the link {link} leads nowhere", where, "name a page, and a heading or row that it has")
    yield from _of_pictures(one, where)
    for text in one.codes:
        if not _is_there(text):
            yield Fault(f"there is no {text}", where, "name what the code has now")
        if text.startswith("flexsites ") and not _is_command(text, commands):
            yield Fault(f"there is no command '{text}'", where, f"use one of {', '.join(commands)}")
    if one.n_empty_cells:
        yield Fault("a cell of a table without a word", where, "describe it where it is defined", one.n_empty_cells)


def _of_pictures(one: Rendered, where: str) -> Iterator[Fault]:
    for picture, is_told in one.pictures.items():
        if not (PICTURES.parent / picture).is_file():
            yield Fault(f"there is no picture {picture}", where, "make it with .ci/pictures_of_docs.py")
        if not is_told:
            yield Fault(f"the picture {picture} is not told in words", where, "say what it shows")


def _leads_somewhere(link: str, one: Rendered, pages: Mapping[str, Rendered]) -> bool:
    """Return whether a link between pages has its target; addresses on the internet are not visited."""
    if link.startswith(("https://", "http://")):
        return True
    name, _, anchor = link.partition("#")
    target = pages.get(name.removesuffix(".md")) if name else one
    is_page = not name or name.endswith(".md")
    return is_page and target is not None and (not anchor or anchor in target.anchors)


def _is_command(text: str, commands: Sequence[str]) -> bool:
    """Return whether what is typed begins with a command, or is a group of them or an option of the whole.

    Examples
    --------
    >>> [_is_command(f"flexsites {text}", ["run", "config show"]) for text in ("run a.yaml", "config", "ran", "--help")]
    [True, True, False, True]
    """
    typed = text.removeprefix("flexsites ") + " "
    return typed.startswith("--") or any(typed.startswith(f"{one} ") or f"{one} ".startswith(typed) for one in commands)


def _is_there(text: str) -> bool:
    """Return whether a name or a file of ours that is written as code is there; other code is not looked at.

    Examples
    --------
    >>> _is_there("flexsites.errors:Fault"), _is_there("flexsites.errors:Fold"), _is_there("x + 1")
    (True, False, True)
    >>> _is_there("configs/measures.yaml"), _is_there("flexsites/errors/")
    (True, False)
    """
    if match := _NAME.match(text):
        path = _ROOT.joinpath(*match["module"].split("."))
        source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        return source.is_file() and match["name"] in _names_of(source)
    if match := _FILE.match(text):
        folder = configs_directory() if match["folder"] == "configs" else _ROOT / match["folder"]
        rest = match["rest"].rstrip("/")
        return any(True for _ in folder.glob(rest)) if rest else folder.is_dir()
    return True


@cache
def _names_of(source: Path) -> frozenset[str]:
    """Return what a module defines, and of its classes the methods, without importing it."""
    names: set[str] = set()
    for node in ast.parse(source.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}.{one.name}" for one in node.body if isinstance(one, ast.FunctionDef)}
        if isinstance(node, ast.Assign):
            names |= {one.id for one in node.targets if isinstance(one, ast.Name)}
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return frozenset(names)
