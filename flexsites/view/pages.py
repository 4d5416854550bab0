"""The pages of the viewer, and the files that they load."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlencode

import jinja2
from markupsafe import Markup

from flexsites.finished.made_by import is_of_other_code
from flexsites.reporting.files.portfolio_summary import rows_found
from flexsites.reporting.maps import library
from flexsites.reporting.presentation import presentation
from flexsites.reporting.report.page import environment
from flexsites.reporting.words import load_texts
from flexsites.view.downloads import files_of
from flexsites.view.kind import Kind
from flexsites.view.opened import Opened
from flexsites.view.tables import Page, names_of, title_of

_MAP = ("map/store.js", "map/paint.js", "map/panel.js", "map/main.js")
ASSETS = ("maplibre-gl.js", "maplibre-gl.css", "map.js", "view.js", "what_if.js", "style.css")
"""The names that a page may ask for."""


@cache
def asset(name: str) -> str:
    """Return a script or a style sheet."""
    if name == "maplibre-gl.js":
        return library.script()
    if name == "maplibre-gl.css":
        return library.style_sheet()
    if name == "style.css":
        return "\n".join([_of_reports("page.css"), _of_reports("map.css"), _own("view.css")])
    return "\n".join(_of_reports(one) for one in _MAP) if name == "map.js" else _own(name)


def index_page(run: Opened, kind: Kind, lang: str) -> str:
    """Return the page with the map of a kind."""
    named = load_texts(lang)["view"]["file_of"]
    kinds = {one.as_posix(): f"{one.name.partition('.')[0]}_{one.suffix[1:]}" for one in _first(run)}
    return _rendered(
        run, lang, "index.html.j2", kind, here="map", said=kind.said(run.words[lang]),
        downloads=[*kinds], file_names={one: named[what] for one, what in kinds.items() if what in named},
        rows_found=_rows_found(run, kind, lang),
        what_words=_script_words(lang), is_other=is_of_other_code(run.results.directory),
    )  # fmt: skip


def _rows_found(run: Opened, kind: Kind, lang: str) -> list[str]:
    """Return how many rows of a portfolio were found, and the reasons that most of the others were not."""
    told = rows_found(run.results, run.words[lang]) if kind.name == "roofs" else []
    return told[: 1 + int(presentation().lists.max_rows_open)]


def tables_page(run: Opened, lang: str) -> str:
    """Return the list of tables and files."""
    downloads = [one.as_posix() for one in files_of(run.results.directory)]
    return _rendered(run, lang, "tables.html.j2", here="tables", titles=_titles(run, lang), downloads=downloads)


def table_page(run: Opened, page: Page, lang: str) -> str:
    """Return a page of a table, with the addresses of those before and after it."""
    filters = {f"c.{column}": text for column, text in page.filters.items()}

    def address(offset: int) -> str:
        return "?" + urlencode({**filters, "lang": lang, "offset": offset, "limit": page.limit})

    last = page.offset + page.limit
    shown = {one.key: "" if one is run.first else f"show={one.name}&" for one in run.drawn}
    return _rendered(
        run, lang, "table.html.j2", here="tables", page=page, last=min(last, page.total), shown=shown,
        name=title_of(page.name, run.words[lang]),
        earlier=address(max(page.offset - page.limit, 0)) if page.offset else None,
        later=address(last) if last < page.total else None,
    )  # fmt: skip


def _titles(run: Opened, lang: str) -> list[tuple[str, str]]:
    """Return what each table is called and where it is: those of the run first, in the order of the alphabet."""
    told = [(title_of(name, run.words[lang]), name) for name in names_of(run.results)]
    return sorted(told, key=lambda one: ("/" in one[1], one[0].casefold()))


def _script_words(lang: str) -> Markup:
    """Return the words of the viewer as JSON that no text can end the script of."""
    return Markup(json.dumps(load_texts(lang)["view"], ensure_ascii=False).replace("<", "\\u003c"))  # noqa: S704 - escaped


def _first(run: Opened) -> list[Path]:
    return [one for one in files_of(run.results.directory) if one.suffix != ".parquet"]


def _rendered(run: Opened, lang: str, template: str, kind: Kind | None = None, **told: object) -> str:
    words = run.words[lang]
    made = environment(words, "/")
    made.loader = jinja2.ChoiceLoader([jinja2.FunctionLoader(_template), *([made.loader] if made.loader else [])])
    manifest = run.results.manifest
    title = words.label(manifest.title or manifest.name)
    return made.get_template(template).render(
        manifest=manifest, title=title, other="en" if lang == "nl" else "nl", maps=run.drawn, first=run.first,
        kind=kind or run.first, **told,
    )  # fmt: skip


@cache
def _template(name: str) -> str | None:
    path = files("flexsites.view").joinpath("templates", name)
    return path.read_text(encoding="utf-8") if path.is_file() else None


def _own(name: str) -> str:
    return _template(name) or ""


def _of_reports(name: str) -> str:
    return files("flexsites.reporting").joinpath("templates", name).read_text(encoding="utf-8")
