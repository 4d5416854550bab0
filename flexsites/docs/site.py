"""All pages of the documentation, checked and written as a folder of HTML that opens without internet."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import typer

from flexsites import __version__
from flexsites.compiled import user_cache
from flexsites.config.presets import read_presets
from flexsites.config.shelf import Shelf
from flexsites.docs.checks import PICTURES, faults_of
from flexsites.docs.columns import columns, table_pages
from flexsites.docs.commands import command_page, commands_of
from flexsites.docs.configuration import configuration_pages, keys
from flexsites.docs.notebook import notebook_page
from flexsites.docs.page import Page, code, table
from flexsites.docs.rendering import render, whole_pages
from flexsites.errors import ContractError, raise_faults

PAGES = Path(__file__).parent / "pages"

_WRITTEN = {
    "index": ("Start", "Start"),
    "users": ("For whom: four users, with pictures", "Start"),
    "own_run": ("From a name to a map", "Start"),
    "method": ("The method, and where it stands in the code", "The method"),
    "readings": ("Where the method can be read in two ways", "The method"),
    "glossary": ("Words of the field, nl and en", "The method"),
    "fetch": ("Bring the sources", "Work with it"),
    "look": ("Look at a run", "Work with it"),
    "plans": ("What real plans take", "Work with it"),
    "variants": ("Variants, and what they cost", "Work with it"),
    "machines": ("Many machines", "Work with it"),
    "add": ("How to add something", "Work on it"),
}
"""The pages written by hand: their titles, and the group that each stands in."""


_NOTEBOOKS = {
    "municipality": "Notebook: a municipality",
    "own_frames": "Notebook: your own frames",
}
"""The executed notebooks, and what the list of pages calls them."""


def pages_of(app: typer.Typer) -> list[Page]:
    """Return all pages, in the order of the list of pages."""
    written = [
        Page(name, title, group, (PAGES / f"{name}.md").read_text(encoding="utf-8"))
        for name, (title, group) in _WRITTEN.items()
    ]
    written += [notebook_page(name, title, "Work with it") for name, title in _NOTEBOOKS.items()]
    return [*written, _presets_page(), command_page(app), _names_page(), *configuration_pages(), *table_pages()]


def build(app: typer.Typer, folder: Path | None = None) -> Path:
    """Write all pages into a folder, and return the first.

    Parameters
    ----------
    app
        The command line, whose commands are documented.
    folder
        Where to; made if it is not there. None: a folder of this version in the user's cache.

    Raises
    ------
    ContractError
        With everything that is wrong with the pages; nothing is written then.
    """
    rendered = [render(page) for page in pages_of(app)]
    raise_faults(faults_of(rendered, list(commands_of(app))), ContractError)
    folder = folder or user_cache() / "flexsites" / f"docs-{__version__}"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(PICTURES, folder / PICTURES.name, dirs_exist_ok=True)
    for name, html in whole_pages(rendered, __version__).items():
        (folder / name).write_text(html, encoding="utf-8")
    return (folder / "index.html").absolute()


def _presets_page() -> Page:
    """Return the page of presets: what each is for, how it comes, what is unknown without it."""
    rows = [
        (
            code(name),
            preset.label.en,
            ", ".join(code(place) for place in preset.serves),
            "; ".join(f"{door.kind}: {door.address or door.notes}" for door in preset.doors) or "those of its parts",
            preset.unknown_without.en if preset.unknown_without else "nothing that other sources do not tell",
        )
        for name, preset in read_presets(Shelf()).items()
    ]
    head = ("use", "what", "in a run", "doors", "without it is unknown")
    text = "# Presets\n\nRegisters that a run names in a line; [how](own_run.md#a-register-in-a-line).\n\n"
    return Page("presets", "Presets", "Reference", text + table(head, rows))


def _names_page() -> Page:
    """Return the page of all names, where a key or a column is found by its first letters."""
    text = (
        "# All names\n\nEvery key of the configuration and every column of a table, and where it is explained.\n\n"
        + table(("name", "where"), ((code(name), ", ".join(places)) for name, places in _places()))
    )
    return Page("names", "All names", "Reference", text)


def _places() -> Iterator[tuple[str, list[str]]]:
    found: dict[str, list[str]] = {}
    for name, holder, place in [*keys(), *columns()]:
        found.setdefault(name, []).append(f"[{holder}]({place})")
    yield from sorted(found.items())
