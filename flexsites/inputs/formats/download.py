"""Whole files of the web: resumable, within limits of size, and what they say they are.

Addresses are the user's configuration; nothing here is fetched unless a run or a command asks for it.
"""

from __future__ import annotations

import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import requests

from flexsites.config.addresses import without_secrets
from flexsites.digest import sha256 as sha256_of
from flexsites.errors import Fault, InputError
from flexsites.inputs.formats.kinds import require_file
from flexsites.inputs.formats.web import TIMEOUT_S, TROUBLE, Told, Unpacker, open_session, received, said_of

MOST_BYTES, MOST_UNTOLD_BYTES = 100_000_000_000, 2_000_000_000
"""No file of a register is bigger; and no file whose length the service does not say."""
_SPARE_BYTES = 100_000_000
_TURNS = 4
_WAIT_S = 0.5
_PARTIAL, _BEYOND = 206, 416
_REMEDY = "try again: it goes on where it broke off"


@dataclass(frozen=True, slots=True)
class Edition:
    """Which edition of a file came: what the service said of it, and its bytes.

    Attributes
    ----------
    etag, last_modified
        As the service states them; null: it does not.
    n_bytes
        How long the file is; null: not told (before it is fetched).
    """

    etag: str | None = None
    last_modified: str | None = None
    n_bytes: int | None = None

    @property
    def validator(self) -> str:
        """What tells that a file is still the same to the byte; empty: nothing does."""
        is_strong = self.etag is not None and not self.etag.startswith("W/")
        return (self.etag if is_strong else self.last_modified) or ""


def edition_of(answer: requests.Response) -> Edition:
    """Return what an answer says of the edition of its file; of a part, the length of the whole."""
    total = re.fullmatch(r"bytes .*/(\d+)", answer.headers.get("Content-Range", ""))
    length = total[1] if total else answer.headers.get("Content-Length", "")
    if answer.headers.get("Content-Encoding", "identity") != "identity" or not length.isdecimal():
        length = ""  # the length is that of what was packed
    told = (answer.headers.get("ETag") or None, answer.headers.get("Last-Modified") or None)
    return Edition(*told, int(length) if length else None)


def ask_edition(url: str, *, session: requests.Session) -> Edition:
    """Ask which edition a service has, and how long it is, without fetching it.

    Raises
    ------
    InputError
        If the service cannot be reached, or refuses.
    """
    try:
        with session.head(url, timeout=TIMEOUT_S, allow_redirects=True) as answer:
            answer.raise_for_status()
            return edition_of(answer)
    except TROUBLE as error:
        what = f"the service cannot be used ({said_of(error, url)})"
        raise InputError(Fault(what, without_secrets(url), "try later, or give a file")) from error


def fetch_file(
    url: str,
    target: Path,
    *,
    sha256: str | None = None,
    session: requests.Session | None = None,
    told: Told | None = None,
) -> Path:
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
    told
        Told how many bytes came, as they come.

    Raises
    ------
    InputError
        If it cannot be fetched, is shorter than the service said, is a web page, or has another SHA-256.
    """
    if not target.exists():
        download(url, target, sha256=sha256, session=session, told=told)
    return target


def download(
    url: str,
    target: Path,
    *,
    sha256: str | None = None,
    session: requests.Session | None = None,
    told: Told | None = None,
) -> Edition:
    """Fetch a file as :func:`fetch_file` does, also where one is there already, and return which edition came."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    session, shown = session or open_session(), without_secrets(url)
    edition = _whole(session, url, part, told)
    digest = sha256_of(part) if sha256 is not None else None
    if sha256 is not None and digest != sha256.lower():
        _forget(part)
        raise InputError(Fault(f"its SHA-256 is {digest}, not {sha256}", shown, "compare with the provider's"))
    try:
        require_file(part, target.name, where=shown)
    except InputError:
        _forget(part)
        raise
    part.replace(target)
    _forget(part)
    return edition


def _forget(part: Path) -> None:
    part.unlink(missing_ok=True)
    _memory(part).unlink(missing_ok=True)


def _whole(session: requests.Session, url: str, part: Path, told: Told | None) -> Edition:
    """Fetch until everything is there, going on as long as each turn brings more."""
    shown, what = without_secrets(url), ""
    for turn in range(_TURNS):
        time.sleep(_WAIT_S * turn)
        try:
            edition = _append(session, url, part, told)
        except requests.HTTPError as error:
            what = f"cannot be fetched ({said_of(error, url)})"
            raise InputError(Fault(what, shown, "check the address; or fetch the file yourself")) from error
        except TROUBLE as error:
            what = f"cannot be fetched ({said_of(error, url)})"
            if isinstance(error, requests.ConnectionError) and not part.exists():
                break  # nobody is there, and that was tried several times
            continue
        done = part.stat().st_size
        if edition.n_bytes is None or done == edition.n_bytes:
            return edition
        what = f"{done:,} of {edition.n_bytes:,} bytes came"
    raise InputError(Fault(what, shown, _REMEDY))


def _memory(part: Path) -> Path:
    """Return where it is kept which edition an unfinished file is of."""
    return part.with_name(f"{part.name}.edition")


def _append(session: requests.Session, url: str, part: Path, told: Told | None) -> Edition:
    """Fetch what is not there yet; return which edition it is of.

    What came before is gone on with only if the service can tell that the file is still the same (If-Range); else it
    begins again.
    """
    memory = _memory(part)
    done = part.stat().st_size if part.exists() and memory.exists() else 0
    before = memory.read_text(encoding="utf-8") if done else ""
    headers = {"Range": f"bytes={done}-", "If-Range": before} if done else {}
    with session.get(url, headers=headers, stream=True, timeout=TIMEOUT_S) as answer:
        if done and (answer.status_code == _BEYOND or not _goes_on(answer, done, before)):
            part.unlink()
            return _append(session, url, part, told)
        answer.raise_for_status()
        if answer.status_code == _PARTIAL and not done:
            what = "a part came (206) where the whole file was asked"
            raise InputError(Fault(what, without_secrets(url), "tell the provider; or fetch the file yourself"))
        edition = edition_of(answer)
        is_rest = answer.status_code == _PARTIAL
        if edition.validator:
            memory.write_text(edition.validator, encoding="utf-8")
        else:
            memory.unlink(missing_ok=True)
        _receive(answer, part, edition, done=done if is_rest else 0, shown=without_secrets(url), told=told)
    return edition


def _goes_on(answer: requests.Response, done: int, before: str) -> bool:
    """Whether an answer is the rest of the same file; a whole file (200) begins at the beginning, and is taken so."""
    if answer.status_code != _PARTIAL:
        return True
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        return False
    here = edition_of(answer)
    is_same = before in {here.etag, here.last_modified} or not (here.etag or here.last_modified)
    return is_same and answer.headers.get("Content-Range", "").startswith(f"bytes {done}-")


def _receive(
    answer: requests.Response, part: Path, edition: Edition, *, done: int, shown: str, told: Told | None
) -> None:
    """Write what comes, unless it is more than the disk holds, or comes without an end."""
    room = shutil.disk_usage(part.parent).free - _SPARE_BYTES
    if edition.n_bytes is not None and edition.n_bytes - done > room:
        what = f"it is {edition.n_bytes / 1e9:.1f} GB, and the disk has room for {max(room, 0) / 1e9:.1f} GB"
        raise InputError(Fault(what, shown, f"make room at {part.parent}"))
    most = min(MOST_UNTOLD_BYTES if edition.n_bytes is None else MOST_BYTES, max(room, 0))
    kind = answer.headers.get("Content-Encoding", "identity").lower()
    unpack = None if kind == "identity" else Unpacker(kind, shown, most_bytes=most)
    with part.open("ab" if done else "wb") as sink:
        for chunk in received(answer, shown, most_bytes=most, told=told):
            sink.write(chunk if unpack is None else unpack.add(chunk))
        if unpack is not None:
            sink.write(unpack.end())
