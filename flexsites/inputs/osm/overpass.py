"""OpenStreetMap of a window from Overpass: asked politely, in quarters where a window is too large, and never in part.

Overpass answers 200 also where it gave up: what it says of that (`remark`) is read before anything else. A window that
takes too long or too much memory there is asked in quarters. Pieces stay until all are there, so that a fetch that
broke off goes on where it was.
"""

from __future__ import annotations

import datetime as dt
import re
import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import requests

from flexsites.config.addresses import known_by, without_secrets
from flexsites.digest import digest
from flexsites.errors import Fault, InputError
from flexsites.inputs.formats.facts import Facts, keep_facts
from flexsites.inputs.formats.vector import Bounds
from flexsites.inputs.formats.web import (
    LONGEST_WAIT_S,
    TROUBLE,
    Told,
    is_web_page,
    open_session,
    received,
    said_of,
    unpacked,
)
from flexsites.inputs.formats.windows import in_degrees, quarters
from flexsites.inputs.formats.xml import require_plain
from flexsites.inputs.osm.extracts import write_extract
from flexsites.tables.whole_files import write_whole

TIMEOUT_S, MEMORY_BYTES = 180, 512 * 1024**2
"""What a question may take there: the service's own defaults, said because they are its measure of a fair share."""
_PATIENCE_S = 60.0
LARGEST_M, SMALLEST_M = 16_000.0, 1_000.0
"""A window wider than this is asked in quarters at once; one narrower than that is not quartered any more."""
MOST_QUESTIONS = 64
"""A window that takes more (a province is about so large) is not what a public service is for."""
WAITS_S = (5.0, 20.0, 60.0, 120.0)
_MOST_UNREACHED = 2
_OLD_S = 24 * 3600.0
_OK, _BAD_QUESTION, _TOO_OFTEN = 200, 400, 429
_BUSY_STATUSES = (500, 502, 503, 504)
_REMARK = re.compile(rb"<remark>(.*?)</remark>", re.DOTALL)
_TOO_MUCH = ("timed out", "out of memory")
_TOO_BUSY = ("rate_limited", "too busy", "quota", "request_read_and_idx")
_SLOT_NOW, _SLOT_AFTER = re.compile(r"(\d+) slots? available now"), re.compile(r"in (-?\d+) seconds")
_BASE = re.compile(rb'osm_base="([^"]+)"')


class _TooMuchError(Exception):
    """A window takes more time or memory than a question may."""


class _BusyError(Exception):
    """The service has no room now."""


def fetch_overpass(
    name: str, url: str, selectors: Sequence[str], folder: Path, *, bounds: Bounds | None, told: Told | None = None
) -> Path:
    """Ask for what selectors name within a window, and return it as one `.osm.pbf`.

    Parameters
    ----------
    name
        The source's name, for errors.
    url
        The interpreter of an Overpass service.
    selectors
        What is asked (`flexsites.inputs.osm.selectors`).
    folder
        Where files are kept; the same question is not asked twice.
    bounds
        The window in RD New.
    told
        Told how many bytes came.

    Raises
    ------
    InputError
        If no window is given, the service has no room, refuses, breaks off, or gives up on the smallest window.
    """
    where = f"{name} ({without_secrets(url)})"
    if bounds is None:
        what = "the whole country is not to be had in this way"
        raise InputError(Fault(what, where, "give the run an area, or name the file of the whole country"))
    target = target_of(url, selectors, folder, bounds=bounds)
    if target.exists():
        return target
    if (n := n_questions(bounds)) > MOST_QUESTIONS:
        what = (
            f"the window takes {n:,} questions, and a public service is asked no more than {MOST_QUESTIONS} of one run"
        )
        raise InputError(Fault(what, where, "take a file of the province or the country"))
    pieces = target.with_suffix("")
    if pieces.exists() and time.time() - pieces.stat().st_mtime > _OLD_S:
        shutil.rmtree(pieces)  # pieces of two days may be of two maps
    pieces.mkdir(parents=True, exist_ok=True)
    asking = _Asking(url, selectors, pieces, where, told)
    answers = asking.every(bounds)
    n_elements = write_extract(answers, target, box=in_degrees(bounds), selectors=selectors, where=where)
    bases = sorted({base for path in answers if (base := base_of(path))})
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    notes = (f"only what was asked: {', '.join(sorted(selectors))}", *asking.notes)
    n_sent = sum(path.stat().st_size for path in answers)
    facts = Facts(
        now,
        last_modified=bases[0] if bases else None,
        n_rows=n_elements,
        n_bytes_sent=n_sent,
        window=bounds,
        notes=tuple(dict.fromkeys(notes)),
    )
    keep_facts(target, facts)
    shutil.rmtree(pieces, ignore_errors=True)
    return target


def target_of(url: str, selectors: Sequence[str], folder: Path, *, bounds: Bounds) -> Path:
    """Return the file in which the answer to a question is kept."""
    key = digest([known_by(url), sorted(selectors), bounds], length=16)
    return folder / "services" / f"{key}.osm.pbf"


def question(selectors: Sequence[str], bounds: Bounds) -> str:
    """Return a question in Overpass QL: the objects, the members of areas and ferries, and the nodes of all of them.

    Of values what holds the word comes, in any capitals: readers of the answer know lists (`supermarket;bakery`).

    Examples
    --------
    >>> asked = question(["highway", "n:shop=bakery", "n:shop=farm", "route=ferry"], (120e3, 486e3, 121e3, 487e3))
    >>> print(asked.replace("52.3607761,4.8732880,52.3698262,4.8880719", "BOX"))
    [out:xml][timeout:180][maxsize:536870912];
    (
      way["highway"](BOX);
      relation["highway"]["type"~"^(multipolygon|boundary)$"](BOX);
      node["shop"~"bakery|farm",i](BOX);
      way["route"~"ferry",i](BOX);
      relation["route"~"ferry",i]["type"~"^(multipolygon|boundary|route)$"](BOX);
    );
    (._;>;);
    out body;
    """
    west, south, east, north = in_degrees(bounds)
    box = f"({south:.7f},{west:.7f},{north:.7f},{east:.7f})"
    values: dict[str, list[str]] = {}
    for one in selectors:
        key, equals, value = one.partition("=")
        values.setdefault(key, []).extend([value] if equals else [])
    lines = []
    for key, some in values.items():
        plain = key.removeprefix("n:")
        words = f"~{_quoted('|'.join(map(re.escape, some)))},i" if some else ""
        tag = f"[{_quoted(plain)}{words}]"
        if key != plain:
            lines.append(f"  node{tag}{box};")
            continue
        areas = "multipolygon|boundary|route" if plain == "route" else "multipolygon|boundary"
        lines += [f"  way{tag}{box};", f'  relation{tag}["type"~"^({areas})$"]{box};']
    head = f"[out:xml][timeout:{TIMEOUT_S}][maxsize:{MEMORY_BYTES}];"
    return "\n".join([head, "(", *lines, ");", "(._;>;);", "out body;"])


def n_questions(bounds: Bounds) -> int:
    """Return in how many questions a window is asked, if none of them is too large.

    Examples
    --------
    >>> n_questions((0, 0, 16_000, 16_000)), n_questions((0, 0, 40_000, 20_000))
    (1, 16)
    """
    if max(bounds[2] - bounds[0], bounds[3] - bounds[1]) <= LARGEST_M:
        return 1
    return sum(map(n_questions, quarters(bounds)))


def base_of(path: Path) -> str | None:
    """Return the moment of the map that an answer shows."""
    with path.open("rb") as stream:
        found = _BASE.search(stream.read(4096))
    return None if found is None else found[1].decode("ascii", "replace")


def slot_wait_s(status: str) -> float:
    """Return how long to wait for a turn, as the service's status says; at most two minutes.

    Examples
    --------
    >>> slot_wait_s("Rate limit: 2, 1 slots available now.")
    0.0
    >>> slot_wait_s("Slot available after: 2026-11-27T08:00:00Z, in 42 seconds. Slot ..., in 90 seconds.")
    42.0
    """
    if any(int(n) > 0 for n in _SLOT_NOW.findall(status)):
        return 0.0
    waits = [float(one) for one in _SLOT_AFTER.findall(status)]
    return min(max(0.0, min(waits, default=0.0)), LONGEST_WAIT_S)


def ask_status(url: str, session: requests.Session) -> str | None:
    """Return what a service says of its turns; None: it does not.

    Raises
    ------
    InputError
        If nobody answers.
    """
    if not url.rstrip("/").endswith("interpreter"):
        return None
    try:
        with session.get(url.rstrip("/").removesuffix("interpreter") + "status", timeout=_PATIENCE_S) as answer:
            return answer.text if answer.ok and len(answer.content) < 1 << 16 else None
    except TROUBLE as error:
        what = f"the service cannot be used ({said_of(error, url)})"
        raise InputError(Fault(what, without_secrets(url), "try later, or give a file")) from error


class _Asking:
    """One fetch: windows asked one after the other, each when it is this machine's turn."""

    def __init__(self, url: str, selectors: Sequence[str], pieces: Path, where: str, told: Told | None) -> None:
        self.url, self.selectors, self.pieces, self.where = url, selectors, pieces, where
        self.told: Told = told or (lambda _: None)
        self.session = open_session(n_retries=0, again=())
        self.session.headers["Accept-Encoding"] = "gzip"
        self.notes: list[str] = []

    def every(self, bounds: Bounds) -> list[Path]:
        """Return the answers that make up a window."""
        side = max(bounds[2] - bounds[0], bounds[3] - bounds[1])
        piece = self.pieces / f"{digest(bounds, length=16)}.osm"
        too_much = piece.with_suffix(".quarters")
        if piece.exists():
            return [piece]
        if side > LARGEST_M or too_much.exists():
            return [one for quarter in quarters(bounds) for one in self.every(quarter)]
        try:
            write_whole(piece, self._ask(bounds))
        except _TooMuchError as error:
            if side < 2.0 * SMALLEST_M:
                what = f"the service gives up even on {side:.0f} m ({error})"
                raise InputError(Fault(what, self.where, "try later, or give a file")) from error
            write_whole(too_much, b"")
            return [one for quarter in quarters(bounds) for one in self.every(quarter)]
        return [piece]

    def _ask(self, bounds: Bounds) -> bytes:
        """Ask for a window until its answer is there."""
        asked, trouble, n_unreached = question(self.selectors, bounds), "", 0
        for wait in (0.0, *WAITS_S):
            self._sleep(wait)
            self._await_turn()
            try:
                return self._judged(*self._post(asked))
            except _BusyError as error:
                trouble = str(error)
            except TROUBLE as error:
                trouble = said_of(error, self.url)
                n_unreached += isinstance(error, requests.ConnectionError)
                if n_unreached == _MOST_UNREACHED:
                    break
        if trouble.startswith("504"):
            raise _TooMuchError(trouble)  # a gateway says so of a question that takes long, too
        what = f"the service has no room now ({trouble})"
        raise InputError(Fault(what, self.where, "try later: it goes on where it was; or give a file"))

    def _sleep(self, seconds: float) -> None:
        """Wait, unless the fetch is stopped meanwhile."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.told(0)
            time.sleep(min(left, 1.0))

    def _await_turn(self) -> None:
        status = None
        with suppress(InputError):  # the question itself tells, if nobody is there
            status = ask_status(self.url, self.session)
        if status is not None:
            self._sleep(slot_wait_s(status))

    def _post(self, asked: str) -> tuple[int, bytes, str]:
        """Return status, content and what is wrong with its length."""
        data = {"data": asked}
        with self.session.post(self.url, data=data, timeout=TIMEOUT_S + _PATIENCE_S, stream=True) as answer:
            content = b"".join(received(answer, self.where, told=self.told))
            length = answer.headers.get("Content-Length", "")
            is_short = length.isdecimal() and len(content) != int(length)
            told = f"{len(content):,} of {int(length):,} bytes came" if is_short else ""
            return answer.status_code, content if is_short else unpacked(content, answer, self.where), told

    def _judged(self, status: int, content: bytes, short: str) -> bytes:
        """Return an answer that is whole and says of nothing that it gave up."""
        text = _plain(content)
        if status == _TOO_OFTEN or status in _BUSY_STATUSES:
            raise _BusyError(f"{status}: {_shown(text)}")
        if status != _OK:
            kind = "refuses the question" if status == _BAD_QUESTION else f"answers {status}"
            raise InputError(Fault(f"the service {kind}: {_shown(text)}", self.where, "check the door's address"))
        if short:
            raise _BusyError(short)
        if is_web_page(content) or not content.lstrip().startswith(b"<?xml"):
            if any(sign in text for sign in _TOO_BUSY):
                raise _BusyError(_shown(text))
            what = f"the service answered no OpenStreetMap but: {_shown(text)}"
            raise InputError(Fault(what, self.where, "check the door's address"))
        require_plain(content, where=self.where)
        self._heed([one.decode("utf-8", "replace").strip() for one in _REMARK.findall(content)])
        if not content.rstrip().endswith(b"</osm>"):
            raise _BusyError(f"the answer breaks off after {len(content):,} bytes")
        return content

    def _heed(self, remarks: Sequence[str]) -> None:
        for remark in remarks:
            if "error" not in remark:
                self.notes.append(f"Overpass remarks: {remark}")
            elif any(sign in remark for sign in _TOO_MUCH):
                raise _TooMuchError(remark)
            elif any(sign in remark for sign in _TOO_BUSY):
                raise _BusyError(remark)
            else:
                raise InputError(Fault(f"the service gave up: {remark}", self.where, "try later, or give a file"))


def _plain(content: bytes) -> str:
    text = re.sub(r"<(style|script).*?</\1>", " ", content[:20_000].decode("utf-8", "replace"), flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def _shown(text: str) -> str:
    found = re.search(r"(runtime error|parse error|static error|Error): .*", text)
    return (found[0] if found else text)[:200]


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
