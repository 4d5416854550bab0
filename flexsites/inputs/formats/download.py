"""Fetch from public services: with patience (retries that wait longer each time), resumable, and checked.

Addresses are the user's configuration; nothing here is fetched unless a run or a command asks for it.
"""

from __future__ import annotations

import hashlib
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from flexsites.errors import Fault, InputError

N_RETRIES = 5
_BACKOFF_S = 0.5
_TIMEOUT_S = 60.0
_CHUNK_BYTES = 1 << 20
_AGAIN = (429, 500, 502, 503, 504)
_ATOM = "{http://www.w3.org/2005/Atom}"
_MOST_SHOWN = 200
_PARTIAL, _BEYOND = 206, 416


def open_session(*, n_retries: int = N_RETRIES, backoff_s: float = _BACKOFF_S) -> requests.Session:
    """Return a session that asks again when a service is busy or breaks off, waiting longer each time.

    What the service says of waiting (`Retry-After`) is obeyed.
    """
    retry = Retry(total=n_retries, backoff_factor=backoff_s, status_forcelist=_AGAIN, respect_retry_after_header=True)
    session = requests.Session()
    session.headers["User-Agent"] = "flexsites (https://pypi.org/project/flexsites)"
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=retry))
    return session


def get_json(
    session: requests.Session, url: str, parameters: dict[str, str] | None = None
) -> tuple[dict[str, Any], requests.Response]:
    """Return a JSON answer and the response it came in.

    Raises
    ------
    InputError
        If the service cannot be reached, refuses, or answers something else than JSON.
    """
    try:
        answer = session.get(url, params=parameters, timeout=_TIMEOUT_S)
        answer.raise_for_status()
        content = answer.json()
    except requests.exceptions.JSONDecodeError as error:
        what = f"the service answered no JSON but: {answer.text[:_MOST_SHOWN]!r}"
        raise InputError(Fault(what, url, "check the address")) from error
    except requests.RequestException as error:
        raise InputError(Fault(f"the service cannot be used ({error})", url, "try later, or give a file")) from error
    if not isinstance(content, dict):
        raise InputError(Fault("the service answered no JSON object", url, "check the address"))
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
    session = session or open_session()
    try:
        expected = _append(session, url, part)
    except requests.RequestException as error:
        remedy = "try again: it goes on where it broke off"
        raise InputError(Fault(f"cannot be fetched ({error})", url, remedy)) from error
    if expected is not None and part.stat().st_size != expected:
        what = f"{part.stat().st_size} of {expected} bytes came"
        raise InputError(Fault(what, url, "try again: it goes on where it broke off"))
    digest = hashlib.sha256(part.read_bytes()).hexdigest() if sha256 is not None else None
    if digest != sha256:
        part.unlink()
        raise InputError(Fault(f"its SHA-256 is {digest}, not {sha256}", url, "compare with the provider's"))
    part.replace(target)
    part.with_name(f"{part.name}.edition").unlink(missing_ok=True)
    return target


def _append(session: requests.Session, url: str, part: Path) -> int | None:
    """Fetch what is not there yet; return how long the whole is, or None if the service does not say.

    What came before is gone on with only if the file is still the same, where the service can tell (If-Range).
    """
    done = part.stat().st_size if part.exists() else 0
    edition = part.with_name(f"{part.name}.edition")
    headers = {"Range": f"bytes={done}-"} if done else {}
    if done and edition.exists():
        headers["If-Range"] = edition.read_text(encoding="utf-8")
    with session.get(url, headers=headers, stream=True, timeout=_TIMEOUT_S) as answer:
        if answer.status_code == _BEYOND:
            return done
        answer.raise_for_status()
        is_rest = answer.status_code == _PARTIAL
        told = answer.headers.get("ETag", "")
        told = answer.headers.get("Last-Modified", "") if told.startswith("W/") or not told else told
        edition.write_text(told, encoding="utf-8") if told else edition.unlink(missing_ok=True)
        length = answer.headers.get("Content-Length")
        with part.open("ab" if is_rest else "wb") as sink:
            for chunk in answer.iter_content(_CHUNK_BYTES):
                sink.write(chunk)
    return None if length is None else int(length) + (done if is_rest else 0)


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
