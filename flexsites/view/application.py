"""The app: pages, the answers that the map asks for, tables, downloads, and OGC API Features. Nothing is changed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from markdown_it import MarkdownIt
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from flexsites.errors import ConfigError, Fault, FlexsitesError, InputError, NotFoundError
from flexsites.reporting.presentation import presentation
from flexsites.reporting.told import translated
from flexsites.reporting.words import LANGUAGES
from flexsites.view import features
from flexsites.view.downloads import file_of
from flexsites.view.guard import App, Guard
from flexsites.view.kind import Kind
from flexsites.view.opened import Opened
from flexsites.view.pages import ASSETS, asset, index_page, table_page, tables_page
from flexsites.view.tables import ROWS, page_of
from flexsites.view.what_if import Asked
from flexsites.view.what_if_roofs import AskedRoofs

_MARKDOWN = MarkdownIt("commonmark", {"html": False})
_MOST_LISTED = 200
_SECONDS_KEPT = 3600
_LONGEST_QUESTION = 65_536
_LOOK_AGAIN = "check that the run is whole (flexsites status), and open it again with flexsites view"
WHAT_IF = "/api/what_if"
"""Where figures are asked for (GET), and asked about (POST)."""


@dataclass(frozen=True)
class _Answers:
    """What is answered about one run."""

    run: Opened
    asked: Asked
    asked_roofs: AskedRoofs

    def page(self, request: Request) -> Response:
        """Answer the page with the map of what is asked."""
        kind = self.kind(request)
        if kind.drawn is None:
            drawn = ", ".join(one.name for one in self.run.drawn)
            raise NotFoundError(Fault(f"'{kind.name}' has no map of its own", "show", f"use one of {drawn}"))
        return HTMLResponse(index_page(self.run, kind, _lang(request)))

    def kind(self, request: Request) -> Kind:
        """Return of what something is asked: by its path, or by ``show``; else what the run shows first."""
        asked = request.path_params.get("kind") or request.query_params.get("show")
        return self.run.kind(asked) if asked else self.run.first

    def asset(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in ASSETS:
            return PlainTextResponse("no such file\n", 404)
        return Response(asset(name), media_type="text/css" if name.endswith(".css") else "text/javascript")

    def settings(self, request: Request) -> Response:
        return _json(self.run.settings(_lang(request), self.kind(request)))

    def areas(self, _: Request) -> Response:
        return _json(self.run.areas)

    def listed(self, request: Request) -> Response:
        """Answer which of a kind are found by what is asked, and not hidden."""
        asked, kind = request.query_params, self.kind(request)
        hidden = self.run.conditions(asked.get("colour", ""), asked.get("hide", ""), _lang(request), kind)
        found = self.run.index_of(kind).found(asked.get("q", ""), hidden, asked.get("sort", ""))
        offset, limit = _whole(request, "offset", 0), min(_whole(request, "limit", ROWS), _MOST_LISTED)
        page = found.iloc[offset : offset + limit].drop(columns=[*kind.unlisted])
        rows = json.loads(page.to_json(orient="records"))
        listed = [
            {
                "street": row.pop("street"),
                "place": row.pop("place"),
                "properties": {name: value for name, value in row.items() if value is not None},
            }
            for row in rows
        ]
        return _json({"total": len(found), "rows": listed})

    def one(self, request: Request) -> Response:
        return _json(self.run.facts(request.path_params["id"], _lang(request), self.kind(request)))

    def story(self, request: Request) -> Response:
        told = self.run.story(request.path_params["id"], _lang(request), self.kind(request))
        return HTMLResponse(_MARKDOWN.render(told))

    def what_if_form(self, request: Request) -> Response:
        return _json(self._asked(request).form(self.run.words[_lang(request)]))

    def what_if(self, request: Request, body: bytes) -> Response:
        """Answer what if some figures were other ones; what is wrong with the question, in the words of its form."""
        asked = self._asked(request)
        try:
            return _json(asked.answer(body))
        except ConfigError as error:
            is_dutch = request.query_params.get("lang") == "nl"
            words, said = self.run.words["nl" if is_dutch else "en"], _in_dutch if is_dutch else str
            told = asked.told(error, body, words, said)
            return _json({"code": type(error).__name__, "description": "\n".join(told), "faults": told}, 400)

    def _asked(self, request: Request) -> Asked | AskedRoofs:
        """Return who answers what if of what is shown."""
        return self.asked if self.kind(request).name == "parcels" else self.asked_roofs

    def places(self, request: Request) -> Response:
        return _json(self.run.places(request.query_params.get("q", "")))

    def tile(self, request: Request) -> Response:
        """Answer a vector tile of a layer; nothing where there is none, or not yet."""
        z, x, y = (request.path_params[name] for name in "zxy")
        tiles = self.run.tiles.of(request.path_params["layer"], z)
        found = tiles.tile(z, x, y) if tiles else None
        if found is None:
            return Response(status_code=204, headers={"cache-control": "no-store"})
        headers = {"content-encoding": "gzip", "cache-control": f"max-age={_SECONDS_KEPT}"}
        return Response(found, media_type="application/vnd.mapbox-vector-tile", headers=headers)

    def coming(self, _: Request) -> Response:
        """Answer which layers of the map are still being made, or zooms of them."""
        return _json(self.run.tiles.coming)

    def tables(self, request: Request) -> Response:
        return HTMLResponse(tables_page(self.run, _lang(request)))

    def table(self, request: Request) -> Response:
        """Answer a page of a table, filtered."""
        name, lang = request.path_params["name"], _lang(request)
        filters = {key[2:]: value for key, value in request.query_params.items() if key.startswith("c.")}
        offset, limit = _whole(request, "offset", 0), _whole(request, "limit", ROWS)
        words = self.run.words[lang]
        page = page_of(self.run.results, name, words, offset=offset, limit=limit, filters=filters)
        if request.query_params.get("f") == "json":
            headings = [heading for heading, _, _ in page.view.headings]
            return _json({"total": page.total, "columns": page.columns, "headings": headings, "rows": page.view.rows})
        return HTMLResponse(table_page(self.run, page, lang))

    def download(self, request: Request) -> Response:
        path = file_of(self.run.results.directory, request.path_params["path"])
        is_page = path.suffix == ".html"
        return FileResponse(path, filename=None if is_page else path.name)

    def ogc(self, request: Request) -> Response:
        """Answer OGC API Features; the path says what is asked."""
        base = f"{request.base_url}ogc"
        parts = [one for one in request.path_params.get("path", "").split("/") if one]
        fixed: dict[tuple[str, ...], Callable[[], dict[str, Any]]] = {
            (): lambda: features.landing(base, self.run),
            ("api",): lambda: features.definition(base, self.run.kinds),
            ("conformance",): lambda: {"conformsTo": features.CONFORMANCE},
            ("collections",): lambda: features.collections(base, self.run),
        }
        if tuple(parts) in fixed:
            return _json(fixed[tuple(parts)]())
        kind = self.run.kinds.get(parts[1]) if parts[0] == "collections" else None
        found = None
        if kind is not None and len(parts) == 2:  # noqa: PLR2004 - collections/{name}
            return _json(features.collection(base, self.run, kind))
        if kind is not None and parts[2:] == ["items"]:
            found = features.items(base, self.run, kind, dict(request.query_params))
        elif kind is not None and parts[2] == "items":
            found = features.item(base, self.run, kind, "/".join(parts[3:]))
        if found is None:
            return _json({"code": "NotFound", "description": "there is no such thing"}, 404)
        return _json(found, kind="application/geo+json")


def application(run: Opened, asked: Asked | None = None, asked_roofs: AskedRoofs | None = None) -> App:
    """Return the app of one run, guarded; what if is answered by what was opened to be asked, if it was."""
    place = run.results.directory
    answers = _Answers(run, asked or Asked(place), asked_roofs or AskedRoofs(place))
    site: dict[str, Callable[[Request], Response]] = {
        "/": answers.page,
        "/assets/{name}": answers.asset,
        "/api/settings": answers.settings,
        "/api/areas": answers.areas,
        "/api/places": answers.places,
        "/api/coming": answers.coming,
        "/tiles/{layer}/{z:int}/{x:int}/{y:int}": answers.tile,
        "/tables": answers.tables,
        "/tables/{name:path}": answers.table,
        "/files/{path:path}": answers.download,
        WHAT_IF: answers.what_if_form,
        "/api/{kind}": answers.listed,
        "/api/{kind}/{id:path}/story": answers.story,
        "/api/{kind}/{id:path}": answers.one,
        "/ogc": answers.ogc,
        "/ogc/{path:path}": answers.ogc,
    }
    routes = [Route(path, _told_apart(answer)) for path, answer in site.items()]
    routes.insert(0, Route(WHAT_IF, _answered(answers.what_if), methods=["POST"]))
    app = Starlette(
        routes=routes, exception_handlers={FlexsitesError: _fault, OSError: _unread, pa.ArrowException: _unread}
    )
    return Guard(app, policy(), questions=(WHAT_IF,))


def policy() -> str:
    """Return what pages may load: from here alone, and pictures of the base map for who asks for it."""
    scheme, _, rest = presentation().map.base_map.url.partition("://")
    base = f"{scheme}://{rest.partition('/')[0]}"
    return (
        f"default-src 'self'; img-src 'self' data: blob: {base}; connect-src 'self' {base}; worker-src blob:; "
        "style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline'; frame-ancestors 'none'; "
        "form-action 'self'; base-uri 'none'"
    )


def _told_apart(answer: Callable[[Request], Response]) -> Callable[[Request], Any]:
    """Return the answer, worked out beside the loop: reading a table holds nobody up."""

    async def answered(request: Request) -> Response:
        """Answer beside the loop."""
        return await run_in_threadpool(answer, request)

    return answered


def _answered(answer: Callable[[Request, bytes], Response]) -> Callable[[Request], Any]:
    """Return the answer to a question that is sent as JSON, and is no longer than a question is."""

    async def answered(request: Request) -> Response:
        """Answer a question beside the loop, or say why it is none."""
        if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            return _json({"code": "NotJson", "description": "send application/json"}, 415)
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > _LONGEST_QUESTION:
                return _json({"code": "TooLong", "description": f"more than {_LONGEST_QUESTION} bytes"}, 413)
        return await run_in_threadpool(answer, request, body)

    return answered


async def _unread(request: Request, error: Exception) -> Response:
    """Answer that a file of the run was taken away, or written over, while it was looked at."""
    del error  # it names files and offsets of a library
    path = request.url.path
    return await _fault(request, InputError(Fault("a file of the run can no longer be read", path, _LOOK_AGAIN)))


async def _fault(request: Request, error: Exception) -> Response:
    """Answer what is wrong, in Dutch where a page asks in Dutch."""
    status = 404 if isinstance(error, NotFoundError) else 400
    faults = error.faults if isinstance(error, FlexsitesError) else ()
    said = _in_dutch if request.query_params.get("lang") == "nl" else str
    told = [one.told(said) if isinstance(one, Fault) else said(one) for one in faults]
    description = error.told(said) if isinstance(error, FlexsitesError) else str(error)
    if "text/html" in request.headers.get("accept", "") and not request.url.path.startswith(("/api/", "/ogc")):
        return PlainTextResponse(f"{description}\n", status)  # who opened a page reads it
    return _json({"code": type(error).__name__, "description": description, "faults": told}, status)


def _in_dutch(text: str) -> str:
    return translated(text, "nl", of="faults")


def _json(content: Mapping[str, Any] | list[Any], status: int = 200, kind: str = "application/json") -> Response:
    return JSONResponse(content, status, media_type=kind)


def _lang(request: Request) -> str:
    asked = request.query_params.get("lang", "nl")
    return asked if asked in LANGUAGES else "nl"


def _whole(request: Request, name: str, otherwise: int) -> int:
    text = request.query_params.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else otherwise  # noqa: PLR2004
