"""Who may ask: a browser on this machine that was sent to this address, and nobody through it.

A page elsewhere can have its own name point at this machine (DNS rebinding), or ask in the name of its reader. The
first is refused by the name asked for, the second by the origin that a browser states.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any
from urllib.parse import urlsplit

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LOOPBACK = ("127.0.0.1", "localhost", "::1")
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


class Guard:
    """Refuses what does not come from this machine's own address, and everything that would change something.

    Parameters
    ----------
    app
        What is guarded.
    policy
        The content security policy of every answer: what a page may load.
    questions
        The paths that are asked by POST, because a question is longer than an address; they change nothing either.
    """

    def __init__(self, app: App, policy: str, *, questions: Collection[str] = ()) -> None:
        self.app, self._headers = app, (*_HEADERS, (b"content-security-policy", policy.encode()))
        self._questions = frozenset(questions)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse in a few words."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        is_visit = (headers.get(b"sec-fetch-mode"), headers.get(b"sec-fetch-dest")) == ("navigate", "document")
        asked = headers.get(b"host", ""), headers.get(b"origin"), headers.get(b"sec-fetch-site")
        is_question = scope["path"] in self._questions
        if refused := refusal(scope["method"], *asked, is_visit=is_visit, is_question=is_question):
            await _refuse(send, *refused)
            return

        async def with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self._headers]
            await send(message)

        await self.app(scope, receive, with_headers)


def refusal(
    method: str,
    host: str,
    origin: str | None,
    fetched_from: str | None = None,
    *,
    is_visit: bool = False,
    is_question: bool = False,
) -> tuple[int, str] | None:
    """Return why a request is refused, as a status and a text; None: it is not.

    Parameters
    ----------
    method, host, origin
        As the request states them; None: it states no origin, as when an address is typed.
    fetched_from
        Where a browser says a request was made (Sec-Fetch-Site).
    is_visit
        Whether it opens a page of its own: another site may link here, and no more than that.
    is_question
        Whether what is asked may be asked by POST: then by a page of this address alone, which states its origin.

    Examples
    --------
    >>> refusal("GET", "127.0.0.1:8040", None), refusal("GET", "[::1]:8040", "http://[::1]:8040")
    (None, None)
    >>> refusal("GET", "evil.example:8040", None)
    (403, 'this address is not served: ask for 127.0.0.1')
    >>> refusal("GET", "127.0.0.1:8040", "http://evil.example")
    (403, 'pages of other sites may not ask here')
    >>> refusal("POST", "127.0.0.1:8040", "http://127.0.0.1:8040", is_question=True)
    >>> refusal("POST", "127.0.0.1:8040", None, is_question=True)
    (403, 'a question is asked by a page of this address')
    """
    is_posted = method == "POST" and is_question
    if method not in ("GET", "HEAD") and not is_posted:
        return 405, "nothing can be changed here: only GET and HEAD"
    if _name(f"//{host}") not in LOOPBACK:
        return 403, "this address is not served: ask for 127.0.0.1"
    if is_posted and origin is None:
        return 403, "a question is asked by a page of this address"
    if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
        return 403, "pages of other sites may not ask here"
    if fetched_from in ("cross-site", "same-site") and not is_visit:
        return 403, "pages of other sites may not ask here"
    return None


def _name(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


async def _refuse(send: Send, status: int, why: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), *_HEADERS]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": f"{why}\n".encode()})
