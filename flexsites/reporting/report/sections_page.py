"""A page of one answer: a lead, and tables under headings; for questions asked of finished runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from flexsites.reporting.report.page import environment, write_text
from flexsites.reporting.table_view import TableView
from flexsites.reporting.words import Words

__all__ = ["Section", "write_sections"]


@dataclass(frozen=True, slots=True)
class Section:
    """A table under its heading, with what must be known to read it."""

    heading: str
    table: TableView
    note: str = ""


def write_sections(
    path: Path,
    words: Words,
    *,
    title: str,
    of: str,
    intro: str,
    lead: str,
    sections: Sequence[Section],
    drawing: str = "",
) -> Path:
    """Write the page, whole or not at all.

    Parameters
    ----------
    path
        Where it goes.
    words
        The language.
    title, of
        What it is, and of which run.
    intro, lead
        How it was found, and the answer in a sentence.
    sections
        The tables.
    drawing
        A drawing as safe SVG; empty: none.
    """
    template = environment(words).get_template("sections.html.j2")
    picture = Markup(drawing)  # noqa: S704 - drawn by this package from numbers
    return write_text(
        path, template.render(title=title, of=of, intro=intro, lead=lead, sections=sections, drawing=picture)
    )
