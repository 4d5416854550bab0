"""Executed notebooks as pages: what is told, the code as it stands, and what it gave."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from flexsites.docs.page import NOTHING, Page, table
from flexsites.errors import ContractError, Fault

NOTEBOOKS = Path(__file__).parent / "notebooks"


def notebook_page(name: str, title: str, group: str) -> Page:
    """Return the page of a notebook of this folder.

    Raises
    ------
    ContractError
        If a cell of code was not executed, or failed.
    """
    path = NOTEBOOKS / f"{name}.ipynb"
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return Page(
        f"notebook_{name}", title, group, "\n\n".join(part for cell in cells for part in _parts(cell, path.name))
    )


def _parts(cell: Mapping[str, Any], where: str) -> Iterator[str]:
    """Yield what a cell is on a page."""
    source = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        yield source
        return
    if cell["execution_count"] is None or any(one["output_type"] == "error" for one in cell["outputs"]):
        fault = Fault("a cell that was not executed, or failed", where, "python -m tests.notebook_cells", ids=[source])
        raise ContractError(fault)
    yield f"```python\n{source}\n```"
    for output in cell["outputs"]:
        found = output.get("data", {})
        if "text/html" in found:
            yield as_markdown("".join(found["text/html"]))
        else:
            yield f"```text\n{''.join(output.get('text') or found['text/plain']).rstrip()}\n```"


def as_markdown(html: str) -> str:
    """Return a table of HTML, as pandas writes it, as a table of Markdown.

    Examples
    --------
    >>> print(as_markdown("<table><tr><th></th><th>n</th></tr><tr><th>a</th><td>1</td></tr></table>"))
    | – | n |
    |---|---|
    | a | 1 |
    <BLANKLINE>
    """
    head, *rows = _Rows(html).rows
    return table(head, rows)


class _Rows(HTMLParser):
    """The words of each cell of a table, row by row."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._is_cell = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the parser's own
        """Begin a row or a cell."""
        if tag == "tr":
            self.rows.append([])
        elif tag in ("th", "td"):
            self.rows[-1].append(NOTHING)
            self._is_cell = True

    def handle_endtag(self, tag: str) -> None:
        """End a cell."""
        self._is_cell = self._is_cell and tag not in ("th", "td")

    def handle_data(self, data: str) -> None:
        """Take the words of a cell."""
        if self._is_cell and data.strip():
            self.rows[-1][-1] = data.strip()
