"""Addresses of the web as they may be shown and kept: keys, users and passwords in them are the user's alone."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

_ADDRESS = re.compile(r"^[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_SECRET = re.compile(
    r"(^|[_-])(access|api|auth|code|credential|key|pass(word|wd)?|pwd|secret|sig(nature)?|sas|session|token|user)"
    r"([_-]|$)|apikey|token|password|^s[epvrkti]{1,2}$|^x-amz-",
    re.IGNORECASE,
)
_SHORTEST_SECRET = 3


def is_address(text: str) -> bool:
    """Return whether a text is an address with a scheme: a file of the web or of a store, not of this machine.

    Examples
    --------
    >>> is_address("https://example.nl/a.gpkg"), is_address("data/a.gpkg")
    (True, False)
    """
    return bool(_ADDRESS.match(text))


def without_secrets(url: str) -> str:
    """Return an address as it may be shown: without user, password and query, which may hold a key.

    Examples
    --------
    >>> without_secrets("https://me:secret@example.nl/data.gpkg?token=abc")
    'https://example.nl/data.gpkg?...'
    """
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "..." if parts.query else "", ""))


def known_by(url: str) -> str:
    """Return what an address is known by: its query counts, but no user, no password and no key in it.

    Examples
    --------
    >>> known_by("https://me:secret@example.nl/wfs?map=a&token=abc")
    'https://example.nl/wfs?map=a&token=...'
    >>> known_by("https://example.nl/wfs?map=a")
    'https://example.nl/wfs?map=a'
    """
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    if not any(_SECRET.search(name) for name, _ in pairs):
        return url if host == parts.netloc else urlunsplit((parts.scheme, host, *parts[2:]))
    kept = [(name, "..." if _SECRET.search(name) else value) for name, value in pairs]
    return urlunsplit((parts.scheme, host, parts.path, urlencode(kept, safe="."), ""))


def without_keys(content: Any) -> Any:  # noqa: ANN401 - what JSON can say
    """Return a configuration in which every address is what it is known by: as it is written beside results and hashed.

    Examples
    --------
    >>> without_keys({"path": ["https://me:secret@example.nl/a.gpkg", "b.gpkg"]})
    {'path': ['https://example.nl/a.gpkg', 'b.gpkg']}
    """
    if isinstance(content, dict):
        return {key: without_keys(one) for key, one in content.items()}
    if isinstance(content, (list, tuple)):
        return [without_keys(one) for one in content]
    return known_by(content) if isinstance(content, str) and is_address(content) else content


def said_without_secrets(text: str, url: str) -> str:
    """Return what an error says without what an address in it may hold of secrets.

    Examples
    --------
    >>> said_without_secrets("404 for url: https://me:secret@a.nl/b?key=1&f=json", "https://me:secret@a.nl/b?key=1")
    '404 for url: https://a.nl/b?...'
    """
    parts = urlsplit(url)
    named = [one for one in (parts.username, parts.password) if one and len(one) >= _SHORTEST_SECRET]
    kept = [value for name, value in parse_qsl(parts.query) if _SECRET.search(name) and len(value) >= _SHORTEST_SECRET]
    text = re.sub(r"(?<=://)[^/@\s'\"]+@", "", text)
    text = re.sub(r"(?<=[^\s?])\?[^\s'\"()]+", "?...", text)
    for secret in {*named, *kept}:
        for written in {secret, unquote(secret), quote(secret, safe="")}:
            text = text.replace(written, "...")
    return text
