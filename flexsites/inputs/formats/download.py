"""Fetch from public services: with patience (retries that wait longer each time), resumable, and checked.

Addresses are the user's configuration; nothing here is fetched unless a run or a command asks for it.
"""

from __future__ import annotations

import shutil
import time
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from flexsites.digest import sha256 as sha256_of
from flexsites.errors import Fault, InputError

N_RETRIES = 5
_BACKOFF_S = 0.5
_TIMEOUT_S = 60.0
_CHUNK_BYTES = 1 << 16
_LONGEST_WAIT_S = 120.0
_LEAST_TIME_S, _LEAST_BYTES_PER_S = 300.0, 2_000.0
"""A file may take five minutes, and longer as long as some kilobytes come every second."""
_SPARE_BYTES = 100_000_000
_AGAIN = (429, 500, 502, 503, 504)
_ATOM = "{http://www.w3.org/2005/Atom}"
_MOST_SHOWN = 200
_PARTIAL, _BEYOND = 206, 416


def open_session(*, n_retries: int = N_RETRIES, backoff_s: float = _BACKOFF_S) -> requests.Session:
    """Return a session that asks again when a service is busy or breaks off, waiting longer each time.

    What the service says of waiting (`Retry-After`) is obeyed, up to two minutes.
    """
    retry = _Patience(
        total=n_retries, backoff_factor=backoff_s, status_forcelist=_AGAIN, respect_retry_after_header=True
    )
    session = requests.Session()
    session.headers["Accept-Encoding"] = "identity"  # lengths and ranges are then those of the file itself
    session.headers["User-Agent"] = "flexsites (https://pypi.org/project/flexsites)"
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=retry))
    return session


class _Patience(Retry):
    """Waits as a service asks, but not for hours: it is then told that the service cannot be used."""

    def parse_retry_after(self, retry_after: str) -> float:
        """Return how long to wait."""
        return min(super().parse_retry_after(retry_after), _LONGEST_WAIT_S)


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


def get_json(
    session: requests.Session, url: str, parameters: dict[str, str] | None = None
) -> tuple[dict[str, Any], requests.Response]:
    """Return a JSON answer and the response it came in.

    Raises
    ------
    InputError
        If the service cannot be reached, refuses, or answers something else than JSON.
    """
    shown = without_secrets(url)
    try:
        answer = session.get(url, params=parameters, timeout=_TIMEOUT_S)
        answer.raise_for_status()
        content = answer.json()
    except requests.exceptions.JSONDecodeError as error:
        what = f"the service answered no JSON but: {answer.text[:_MOST_SHOWN]!r}"
        raise InputError(Fault(what, shown, "check the address")) from error
    except requests.RequestException as error:
        what = f"the service cannot be used ({_said(error, url)})"
        raise InputError(Fault(what, shown, "try later, or give a file")) from error
    if not isinstance(content, dict):
        raise InputError(Fault("the service answered no JSON object", shown, "check the address"))
    return content, answer


def fetch_file(url: str, target: Path, *, sha256: str | None = None, session: requests.Session | None = None) -> Path:
    """Fetch a file, going on where an earlier attempt broke off; one that is there already is used again.

    Parameters
    ----------
    url
        Its address.
    target
        Where it goes; nothing stands there until everything is fetched.
    sha256
        What its SHA-256 must be; None: not compared.
    session
        The session; None: a new one.

    Raises
    ------
    InputError
        If it cannot be fetched, is shorter than the service said, or has another SHA-256.
    """
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    session, shown = session or open_session(), without_secrets(url)
    try:
        expected = _append(session, url, part)
    except requests.RequestException as error:
        remedy = "try again: it goes on where it broke off"
        raise InputError(Fault(f"cannot be fetched ({_said(error, url)})", shown, remedy)) from error
    if expected is not None and part.stat().st_size != expected:
        what = f"{part.stat().st_size} of {expected} bytes came"
        raise InputError(Fault(what, shown, "try again: it goes on where it broke off"))
    digest = sha256_of(part) if sha256 is not None else None
    if digest != sha256:
        part.unlink()
        raise InputError(Fault(f"its SHA-256 is {digest}, not {sha256}", shown, "compare with the provider's"))
    part.replace(target)
    part.with_name(f"{part.name}.edition").unlink(missing_ok=True)
    return target


def _said(error: Exception, url: str) -> str:
    """Return what an error says without what an address may hold of secrets."""
    parts = urlsplit(url)
    secrets = [url, parts.query, *filter(None, (parts.username, parts.password))]
    said = str(error)
    for secret in filter(None, secrets):
        said = said.replace(secret, "...")
    return said


def _append(session: requests.Session, url: str, part: Path) -> int | None:
    """Fetch what is not there yet; return how long the whole is, or None if the service does not say.

    What came before is gone on with only if the service can tell that the file is still the same (If-Range); else it
    begins again.
    """
    edition = part.with_name(f"{part.name}.edition")
    done = part.stat().st_size if part.exists() and edition.exists() else 0
    headers = {"Range": f"bytes={done}-", "If-Range": edition.read_text(encoding="utf-8")} if done else {}
    with session.get(url, headers=headers, stream=True, timeout=_TIMEOUT_S) as answer:
        if done and (answer.status_code == _BEYOND or not _goes_on(answer, done)):
            part.unlink()
            return _append(session, url, part)
        answer.raise_for_status()
        is_rest = answer.status_code == _PARTIAL
        told = answer.headers.get("ETag", "")
        told = answer.headers.get("Last-Modified", "") if told.startswith("W/") or not told else told
        edition.write_text(told, encoding="utf-8") if told else edition.unlink(missing_ok=True)
        length = answer.headers.get("Content-Length")
        _receive(answer, part, mode="ab" if is_rest else "wb", shown=without_secrets(url))
    if answer.headers.get("Content-Encoding", "identity") != "identity" or length is None:
        return None  # the length is that of what was packed
    return int(length) + (done if is_rest else 0)


def _goes_on(answer: requests.Response, done: int) -> bool:
    """Whether an answer begins where it was asked to; a whole file (200) begins at the beginning, and is taken so."""
    if answer.status_code != _PARTIAL:
        return True
    return answer.headers.get("Content-Range", "").startswith(f"bytes {done}-")


def _receive(answer: requests.Response, part: Path, *, mode: str, shown: str) -> None:
    """Write what comes, unless it comes without an end: more than the disk holds, or for longer than a day."""
    began, room = time.monotonic(), shutil.disk_usage(part.parent).free
    done = 0
    with part.open(mode) as sink:
        for chunk in answer.iter_content(_CHUNK_BYTES):
            done += len(chunk)
            if done > room - _SPARE_BYTES:
                what = f"{done / 1e9:.1f} GB came, and the disk is full"
                raise InputError(Fault(what, shown, f"make room at {part.parent}"))
            if time.monotonic() - began > max(_LEAST_TIME_S, done / _LEAST_BYTES_PER_S):
                what = f"it comes too slowly ({done} bytes in {time.monotonic() - began:.0f} s)"
                raise InputError(Fault(what, shown, "try again: it goes on where it broke off"))
            sink.write(chunk)


def atom_files(url: str, *, session: requests.Session | None = None) -> list[tuple[str, str]]:
    """Return the files that an ATOM download service offers: title and address, in the feed's order.

    Raises
    ------
    InputError
        If the feed cannot be read.
    """
    session = session or open_session()
    try:
        answer = session.get(url, timeout=_TIMEOUT_S)
        answer.raise_for_status()
        feed = ET.fromstring(answer.content)  # noqa: S314 - expat refuses the entity bombs this rule is about
    except (requests.RequestException, ET.ParseError) as error:
        raise InputError(Fault(f"the feed cannot be read ({error})", url, "check the address")) from error
    found: list[tuple[str, str]] = []
    for entry in feed.iter(f"{_ATOM}entry"):
        title = entry.findtext(f"{_ATOM}title", default="")
        links = [
            link for link in entry.iter(f"{_ATOM}link") if link.get("rel") in ("section", "enclosure", "alternate")
        ]
        found.extend((link.get("title") or title, link.get("href", "")) for link in links)
    return found
