"""Ask the web: with patience (retries that wait longer each time), within limits, and never led elsewhere.

What is fetched is never executed. A redirect leads to no other scheme (but from http to https) and to no address within
the user's own network. What comes without an end, or drop by drop, is left.
"""

from __future__ import annotations

import ipaddress
import json
import socket
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from flexsites.config.addresses import said_without_secrets, without_secrets
from flexsites.errors import Fault, InputError

if TYPE_CHECKING:
    from urllib3.connectionpool import ConnectionPool

N_RETRIES = 5
_BACKOFF_S = 0.5
TIMEOUT_S = 60.0
CHUNK_BYTES = 1 << 16
LONGEST_WAIT_S = 120.0
LEAST_TIME_S, LEAST_BYTES_PER_S = 20.0, 2_000.0
"""What comes may take so long, and longer as long as some kilobytes come every second."""
MOST_ANSWER_BYTES = 1_000_000_000
"""No page of features is bigger."""
_AGAIN = (429, 500, 502, 503, 504)
_TRIES, _CONNECTS, _READS = 3, 2, 1
_MOST_SHOWN = 200
_MOST_REDIRECTS = 10

_SIGNS = {
    "Failed to resolve": "nobody is known by the name {host}",
    "Name or service not known": "nobody is known by the name {host}",
    "Connection refused": "nobody answers at {host}",
    "Network is unreachable": "this machine has no way to {host}",
    "asks for a pause": "{host} asks to be left alone for longer than is waited here: try again later",
    "too many 429": "{host} is asked too often: it answers 429 each time",
    "too many 503": "{host} is busy: it answers 503 each time",
    "CERTIFICATE_VERIFY_FAILED": "the certificate of {host} is not to be trusted",
}
TROUBLE = (requests.RequestException, urllib3.exceptions.HTTPError, OSError)
"""What a connection may raise, also in the middle of an answer."""

Told = Callable[[int], None]
"""Told how many bytes came, as they come."""


class Session(requests.Session):
    """A session that is not led elsewhere: every redirect is judged before it is followed."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Return where an answer leads, if it may lead there."""
        target = super().get_redirect_target(resp)
        if target is not None:
            require_same_reach(str(resp.url), urljoin(str(resp.url), target))
        return target


def open_session(*, n_retries: int = N_RETRIES, again: tuple[int, ...] = _AGAIN) -> requests.Session:
    """Return a session that asks again when a service is busy or breaks off, waiting longer each time.

    What the service says of waiting (`Retry-After`) is obeyed up to two minutes; one that asks for more is not asked
    again, and that is told. With `again` it is said at which statuses it is asked again, by default all that pass.
    """
    retry = _Patience(
        total=n_retries,
        connect=min(n_retries, _CONNECTS),
        read=min(n_retries, _READS),
        backoff_factor=_BACKOFF_S,
        status_forcelist=again,
        respect_retry_after_header=True,
        allowed_methods=None,  # what is posted asks for a download: asking twice harms nobody
    )
    session = Session()
    session.max_redirects = _MOST_REDIRECTS
    session.headers["Accept-Encoding"] = "identity"  # lengths and ranges are then those of the file itself
    session.headers["User-Agent"] = "flexsites (https://pypi.org/project/flexsites)"
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=retry))
    return session


class _Patience(Retry):
    """Waits as a service asks, but not for hours: it is then told at once that the service cannot be used now."""

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: urllib3.BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: ConnectionPool | None = None,
        _stacktrace: TracebackType | None = None,
    ) -> Self:
        """Count a try; end where the service asks for a longer pause than is waited."""
        wait = None if response is None else self.get_retry_after(response)
        if wait is not None and wait > LONGEST_WAIT_S:
            reason = urllib3.exceptions.ResponseError(f"asks for a pause of {wait:.0f} s")
            raise urllib3.exceptions.MaxRetryError(cast("ConnectionPool", _pool), url or "", reason)
        return super().increment(method, url, response, error, _pool, _stacktrace)


def require_same_reach(origin: str, target: str) -> None:
    """Refuse to be led from a configured address to another scheme, or to an address within the user's own network.

    Parameters
    ----------
    origin
        The address that was asked.
    target
        The address that the answer leads to: a redirect, a next page, a file that is ready.

    Raises
    ------
    InputError
        If it leads to a file, from https to http, or to an address that only this network knows.

    Examples
    --------
    >>> require_same_reach("http://127.0.0.1:80/a", "https://127.0.0.1:443/a")
    >>> require_same_reach("https://example.nl/a", "file:///etc/passwd")
    Traceback (most recent call last):
    flexsites.errors.InputError: https://example.nl/a: leads to another scheme (file:). Remedy: check the address.
    """
    shown, scheme = without_secrets(origin), urlsplit(target).scheme.lower()
    if scheme not in {urlsplit(origin).scheme.lower(), "https"}:
        raise InputError(Fault(f"leads to another scheme ({scheme}:)", shown, "check the address"))
    host, asked = urlsplit(target).hostname or "", urlsplit(origin).hostname or ""
    if host == asked:
        return
    reach, mine = _reach_of(host), _reach_of(asked)
    if reach not in ("public", mine):
        what = f"leads to an address of a {reach} network ({host})"
        raise InputError(Fault(what, shown, "check the address; name that address itself if it is meant"))


def _reach_of(host: str) -> str:
    """Return from where a host can be reached, the narrowest of its addresses; `public` where that is not known.

    Examples
    --------
    >>> [_reach_of(host) for host in ("127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "1.1.1.1")]
    ['local', 'private', 'private', 'local', 'public']
    """
    try:
        found = {str(one[4][0]).partition("%")[0] for one in socket.getaddrinfo(host, None)}
    except OSError:
        return "public"  # it cannot be connected to either
    places = [ipaddress.ip_address(one) for one in found]
    places = [getattr(one, "ipv4_mapped", None) or one for one in places]
    if any(one.is_loopback or one.is_unspecified for one in places):
        return "local"
    return "public" if all(one.is_global for one in places) else "private"


def received(
    answer: requests.Response, shown: str, *, most_bytes: int = MOST_ANSWER_BYTES, told: Told | None = None
) -> Iterator[bytes]:
    """Give what comes of an answer, as it was sent (packed, if it is), unless it comes without an end or in drops.

    Raises
    ------
    InputError
        If more comes than may, or too slowly; or if the length that was said is none, so that the end is not known
        while the connection stays open.
    """
    _require_length(answer, shown)
    began, done = time.monotonic(), 0
    while chunk := answer.raw.read1(CHUNK_BYTES, decode_content=False):
        done += len(chunk)
        took = time.monotonic() - began
        if done > most_bytes:
            what = f"more than {most_bytes / 1e9:.1f} GB come, and no end"
            raise InputError(Fault(what, shown, "check the address; or fetch the file yourself and name its path"))
        if took > max(LEAST_TIME_S, done / LEAST_BYTES_PER_S):
            what = f"it comes too slowly ({done} bytes in {took:.0f} s)"
            raise InputError(Fault(what, shown, "try again: it goes on where it broke off"))
        if told is not None:
            told(len(chunk))
        yield chunk


def _require_length(answer: requests.Response, shown: str) -> None:
    """Refuse an answer that says a length which is none (negative, a word); one said twice is one."""
    said = answer.headers.get("Content-Length")
    if said and not all(one.strip().isdecimal() for one in said.split(",")):
        what = f"the length that the service says is none ({said[:20]!r})"
        raise InputError(Fault(what, shown, "check the address; or fetch the file yourself and name its path"))


def said_of(error: BaseException | None, url: str) -> str:
    """Return what went wrong with a connection, in few words and without what an address may hold of secrets.

    Examples
    --------
    >>> said_of(requests.ConnectionError("Max retries: Failed to resolve 'a.nl' ([Errno -2])"), "https://a.nl/b")
    'nobody is known by the name a.nl'
    """
    said, host = str(error), urlsplit(url).hostname
    for sign, told in _SIGNS.items():
        if sign in said:
            return told.format(host=host)
    return said_without_secrets(said, url)


def answer_of(
    session: requests.Session,
    url: str,
    parameters: dict[str, str] | None = None,
    *,
    body: object = None,
    told: Told | None = None,
) -> tuple[bytes, requests.Response]:
    """Return a whole answer; one that breaks off is asked again.

    Parameters
    ----------
    session
        The session.
    url
        The address.
    parameters
        Of the query.
    body
        What is posted as JSON; None: nothing is, the answer is only got.
    told
        Told how many bytes came.

    Raises
    ------
    InputError
        If the service cannot be reached, refuses, breaks off each time, or never ends.
    """
    shown, trouble, content = without_secrets(url), None, b""
    for turn in range(_TRIES):
        time.sleep(_BACKOFF_S * turn)
        try:
            method = "GET" if body is None else "POST"
            common: dict[str, Any] = {"params": parameters, "json": body, "timeout": TIMEOUT_S, "stream": True}
            with session.request(method, url, **common) as answer:
                content = b"".join(received(answer, shown, told=told))
                answer.raise_for_status()
                require_whole(len(content), answer, shown)
                return unpacked(content, answer, shown), answer
        except requests.HTTPError as error:
            what = f"the service cannot be used ({said_of(error, url)}){_of_answer(content)}"
            raise InputError(Fault(what, shown, "try later, or give a file")) from error
        except (requests.exceptions.ChunkedEncodingError, urllib3.exceptions.ProtocolError, _CutOffError) as error:
            trouble = error  # broke off in the middle
        except TROUBLE as error:
            what = f"the service cannot be used ({said_of(error, url)})"
            raise InputError(Fault(what, shown, "try later, or give a file")) from error
    what = f"the answer broke off {_TRIES} times ({said_of(trouble, url)})"
    raise InputError(Fault(f"the service cannot be used: {what}", shown, "try later, or give a file"))


def get_json(
    session: requests.Session,
    url: str,
    parameters: dict[str, str] | None = None,
    *,
    body: object = None,
    told: Told | None = None,
) -> tuple[dict[str, Any], requests.Response]:
    """Return a JSON answer and the response it came in; see :func:`answer_of`.

    Raises
    ------
    InputError
        If the service cannot be used, or answers something else than JSON.
    """
    shown = without_secrets(url)
    for turn in range(_TRIES):
        content, answer = answer_of(session, url, parameters, body=body, told=told)
        try:
            found = json.loads(content)
        except ValueError as error:
            if _breaks_off(content, answer) and turn < _TRIES - 1:
                continue
            raise InputError(Fault(_no_json(content, answer), shown, "check the address")) from error
        if not isinstance(found, dict):
            raise InputError(Fault("the service answered no JSON object", shown, "check the address"))
        return found, answer
    raise AssertionError


def _breaks_off(content: bytes, answer: requests.Response) -> bool:
    """Whether an answer without a length may have ended before its end: it begins as JSON does."""
    return "Content-Length" not in answer.headers and content.lstrip()[:1] in (b"{", b"[")


def _no_json(content: bytes, answer: requests.Response) -> str:
    text = content[:_MOST_SHOWN].decode("utf-8", "replace")
    if is_web_page(content):
        return f"the service answered no JSON but a web page (HTML, status {answer.status_code}): {text!r}"
    if _breaks_off(content, answer):
        return f"the service answered no JSON: it breaks off after {len(content):,} bytes, {_TRIES} times"
    return f"the service answered no JSON but: {text!r}"


def _of_answer(content: bytes) -> str:
    text = "" if is_web_page(content) else content[:_MOST_SHOWN].decode("utf-8", "replace").strip()
    return f": {text}" if text.isprintable() and text else ""


def is_web_page(content: bytes) -> bool:
    """Return whether a file or an answer is a page for people, which services give for an error or a login.

    Examples
    --------
    >>> is_web_page(b"<!DOCTYPE html><p>Log in"), is_web_page(b'<?xml version="1.0"?><gml>')
    (True, False)
    """
    head = content[:1024].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    return head.startswith((b"<!doctype html", b"<html", b"<head", b"<body")) or (
        head.startswith(b"<?xml") and b"<html" in head
    )


class _CutOffError(Exception):
    """An answer ended before the end that it told."""


def require_whole(n_bytes: int, answer: requests.Response, shown: str) -> None:
    """Refuse an answer that is shorter than it said."""
    length = answer.headers.get("Content-Length", "")
    if length.isdecimal() and n_bytes != int(length):
        raise _CutOffError(f"{n_bytes:,} of {int(length):,} bytes came of {shown}")


def unpacked(content: bytes, answer: requests.Response, shown: str) -> bytes:
    """Return an answer as it was before it was packed for the way, whole and within limits."""
    kind = answer.headers.get("Content-Encoding", "identity").lower()
    if kind == "identity" or not content:
        return content
    unpack = Unpacker(kind, shown)
    return unpack.add(content) + unpack.end()


class Unpacker:
    """Unpacks what was packed for the way (gzip, deflate), piece by piece; knows whether it came whole.

    Parameters
    ----------
    kind
        As `Content-Encoding` names it.
    shown
        What to name in an error.
    most_bytes
        No more may come out of it.
    """

    def __init__(self, kind: str, shown: str, *, most_bytes: int = MOST_ANSWER_BYTES) -> None:
        import zlib  # noqa: PLC0415 - few services pack unasked

        if kind not in {"gzip", "x-gzip", "deflate"}:
            raise InputError(Fault(f"it comes packed as {kind}, which was not asked", shown, "give a file"))
        self._zlib, self._shown, self._most, self.n_bytes = zlib, shown, most_bytes, 0
        self._packed = zlib.decompressobj(zlib.MAX_WBITS | 32)

    def add(self, content: bytes) -> bytes:
        """Return what a piece unpacks to."""
        found = b""
        try:
            while content:
                found += self._packed.decompress(content, CHUNK_BYTES * 16)
                content = self._packed.unconsumed_tail
                if self.n_bytes + len(found) > self._most:
                    what = f"it unpacks to more than {self._most / 1e9:.1f} GB"
                    raise InputError(Fault(what, self._shown, "check the address"))
        except self._zlib.error as error:
            raise InputError(Fault(f"it cannot be unpacked ({error})", self._shown, "try again")) from error
        self.n_bytes += len(found)
        return found

    def end(self) -> bytes:
        """Return what is left; refuse what broke off."""
        left = self._packed.flush()
        if not self._packed.eof:
            raise InputError(Fault("it breaks off: what was packed has no end", self._shown, "try again"))
        return left
