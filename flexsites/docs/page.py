"""A page of the documentation, and the few forms of Markdown that generated pages are made of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

NOTHING = "–"
"""What stands in a cell that has nothing to say; an empty cell is a fault."""

_ROLE = re.compile(r":[a-z:]+:`~?\.?([^`]+)`")
_SECTION = re.compile(r"^\w[\w ]*\n-{3,}$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Page:
    """One page.

    Attributes
    ----------
    name
        Its file name without a suffix: `method` is linked to as `method.md`.
    title
        What the list of pages calls it.
    group
        The part of the list that it stands in.
    text
        Markdown.
    """

    name: str
    title: str
    group: str
    text: str


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    r"""Return a table in Markdown.

    Examples
    --------
    >>> print(table(("key", "what it is"), [("`n`", "how many | few")]))
    | key | what it is |
    |---|---|
    | `n` | how many \| few |
    <BLANKLINE>
    """
    lines = [headings, ["---"] * len(headings), *([cell(one) for one in row] for row in rows)]
    first, rule, *rest = (" | ".join(line) for line in lines)
    return "\n".join([f"| {first} |", f"|{rule.replace(' ', '')}|", *(f"| {line} |" for line in rest), ""])


def cell(text: str) -> str:
    r"""Return a text on one line, fit for a cell.

    Examples
    --------
    >>> cell("one\n  or two")
    'one or two'
    """
    return " ".join(text.split()).replace("|", "\\|")


def prose(docstring: str | None) -> str:
    r"""Return what a docstring tells in sentences: without its sections, and with the code it names as Markdown.

    Examples
    --------
    >>> prose("A :class:`Figure` says so.\n\nExamples\n--------\n>>> 1 + 1")
    'A `Figure` says so.'
    """
    text = _SECTION.split(docstring or "")[0]
    return _ROLE.sub(r"`\1`", text).strip()


def first_sentence(docstring: str | None) -> str:
    r"""Return the first paragraph of a docstring on one line.

    Examples
    --------
    >>> first_sentence("A run: one file\nthat says so.\n\nMore.")
    'A run: one file that says so.'
    """
    return " ".join(prose(docstring).split("\n\n")[0].split())


def code(text: object) -> str:
    """Return a text as code.

    Examples
    --------
    >>> code("min_width_m")
    '`min_width_m`'
    """
    return f"`{text}`"


def one_of(texts: Iterable[object]) -> str:
    """Return the words of a closed list as code.

    Examples
    --------
    >>> one_of(["nl", "en"]), one_of("abc")
    ('`nl` or `en`', '`a`, `b` or `c`')
    """
    *before, last = map(code, texts)
    return f"{', '.join(before)} or {last}" if before else last
