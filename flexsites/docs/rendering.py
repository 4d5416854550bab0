"""From Markdown to HTML: headings and rows of tables can be linked to, links between pages become links of files."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import jinja2
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from flexsites.docs.page import Page

_TEMPLATES = Path(__file__).parent / "templates"
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")
_NOT_OF_A_NAME = re.compile(r"[^\w]+")


@dataclass(slots=True)
class Rendered:
    """A page as HTML, and what its checks look at.

    Attributes
    ----------
    page
        The page.
    html
        Its body.
    anchors
        What can be linked to, and how often it is there.
    sections
        The anchor and the words of each heading of the second level, in order.
    links
        Every target of a link, as it is written.
    pictures
        Every picture that is shown, by the file's name, and whether it is told in words.
    codes
        Every text that is written as code on a line.
    n_empty_cells
        How many cells of tables hold no word.
    """

    page: Page
    html: str = ""
    anchors: Counter[str] = field(default_factory=Counter)
    sections: list[tuple[str, str]] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    pictures: dict[str, bool] = field(default_factory=dict)
    codes: list[str] = field(default_factory=list)
    n_empty_cells: int = 0


def anchor_of(words: str) -> str:
    """Return the anchor of a heading.

    Examples
    --------
    >>> anchor_of("How to add a rule"), anchor_of("`flexsites run`")
    ('how-to-add-a-rule', 'flexsites-run')
    """
    return _NOT_OF_A_NAME.sub("-", words.lower()).strip("-")


def render(page: Page) -> Rendered:
    """Make HTML of a page.

    A heading has the anchor of its words; a row of a table whose first cell is code has that of the heading above it,
    a dot and the code: `tables.md#sites.verdict`.
    """
    found = Rendered(page)
    tokens = _MARKDOWN.parse(page.text)
    above = ""
    for i, token in enumerate(tokens):
        inline = tokens[i + 1] if i + 1 < len(tokens) else None
        if token.type == "heading_open" and inline is not None:
            above = anchor_of(inline.content)
            _mark(token, above, found)
            if token.tag == "h2":
                found.sections.append((above, inline.content.replace("`", "")))
        elif token.type == "tr_open":
            if (name := _code_of_row(tokens, i)) is not None:
                _mark(token, f"{above}.{name}", found)
        elif token.type == "inline":
            found.n_empty_cells += tokens[i - 1].type == "td_open" and not token.content.strip()
            _look_at(token, found)
    found.html = str(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}))
    return found


def _mark(token: Token, anchor: str, found: Rendered) -> None:
    token.attrSet("id", anchor)
    found.anchors[anchor] += 1


def _code_of_row(tokens: Sequence[Token], row: int) -> str | None:
    """Return the code that alone fills the first cell of a row."""
    if tokens[row + 1].type != "td_open":
        return None
    parts = tokens[row + 2].children or []
    return parts[0].content if len(parts) == 1 and parts[0].type == "code_inline" else None


def _look_at(inline: Token, found: Rendered) -> None:
    for token in _with_children(inline):
        if token.type == "code_inline":
            found.codes.append(token.content)
        elif token.type == "image":
            found.pictures[str(token.attrGet("src"))] = bool(token.content.strip())
        elif token.type == "link_open":
            target = str(token.attrGet("href"))
            found.links.append(target)
            token.attrSet("href", re.sub(r"^([\w-]+)\.md", r"\1.html", target))


def _with_children(token: Token) -> Iterator[Token]:
    yield token
    for child in token.children or ():
        yield from _with_children(child)


def whole_pages(rendered: Sequence[Rendered], version: str) -> dict[str, str]:
    """Return the pages as whole HTML files, by file name, each with the list of all."""
    loader = jinja2.FileSystemLoader(_TEMPLATES)
    template = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined).get_template(
        "page.html.j2"
    )
    groups: dict[str, list[Page]] = {}
    for one in rendered:
        groups.setdefault(one.page.group, []).append(one.page)
    style = Markup((_TEMPLATES / "page.css").read_text(encoding="utf-8"))  # noqa: S704 - our own file
    return {
        f"{one.page.name}.html": template.render(
            one=one, body=Markup(one.html), groups=groups, style=style, version=version  # noqa: S704 - made without HTML
        )
        for one in rendered
    }  # fmt: skip
