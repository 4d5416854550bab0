"""ATOM download services (INSPIRE, PDOK): a feed of datasets, a feed per dataset, and in it files by form and system.

A feed is asked each time, because it says which edition there is; files come as any file does. What is ambiguous is
told with all that is offered: no file is guessed.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import PurePosixPath
from urllib.parse import urljoin, urlsplit

import requests

from flexsites.config.addresses import without_secrets
from flexsites.errors import Fault, InputError
from flexsites.inputs.formats.vector import Bounds
from flexsites.inputs.formats.web import Told, answer_of, is_web_page, require_same_reach
from flexsites.inputs.formats.windows import in_degrees
from flexsites.inputs.formats.xml import require_plain

_ATOM = "{http://www.w3.org/2005/Atom}"
_DATASET = "{http://inspire.ec.europa.eu/schemas/inspire_dls/1.0}spatial_dataset_identifier_code"
_FEED = "application/atom+xml"
_FILES = ("alternate", "section", "enclosure")
_MOST_FEEDS, _MOST_DEEP, _MOST_SHOWN = 25, 2, 8
_FORMS = {
    "application/geopackage": "gpkg",
    "application/gml+xml": "gml",
    "application/geo+json": "geojson",
    "application/vnd.apache.parquet": "parquet",
    "application/zip": "zip",
    "application/x-zip-compressed": "zip",
}
"""Forms by how a link's type begins, where the name of its file does not tell."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which file of a feed is wanted.

    Attributes
    ----------
    form
        The suffix of the file, such as gpkg.
    crs
        The reference system, in any spelling; of entries that state none, all count where none states it.
    title
        A pattern that the title of the file or of its entry fits; null: any.
    dataset
        A pattern that the title or the code of the dataset fits, in a service of several; null: any.
    """

    form: str
    crs: str
    title: str | None = None
    dataset: str | None = None


@dataclass(frozen=True, slots=True)
class AtomFile:
    """A file that a feed offers.

    Attributes
    ----------
    address
        Where it is.
    title
        What it is called.
    updated
        When its entry was updated, as the feed says; empty: it does not.
    n_bytes
        How long it is, as the feed says; null: it does not.
    """

    address: str
    title: str
    updated: str
    n_bytes: int | None


@dataclass(frozen=True, slots=True)
class _Link:
    file: AtomFile
    form: str
    rel: str
    box: Bounds | None


@dataclass(frozen=True, slots=True)
class _Entry:
    title: str
    code: str
    systems: frozenset[str]
    links: tuple[_Link, ...]
    feeds: tuple[str, ...]


def files_of_feed(
    url: str, wanted: Wanted, *, window: Bounds | None, session: requests.Session, told: Told | None = None
) -> tuple[AtomFile, ...]:
    """Return the file that is wanted, or its parts that meet a window, of a feed and the feeds that it leads to.

    Parameters
    ----------
    url
        The address of the feed.
    wanted
        Which file.
    window
        The window, in RD New; None: every part.
    session
        The session.
    told
        Told how many bytes of feeds came.

    Raises
    ------
    InputError
        If a feed cannot be read, leads elsewhere, offers nothing that is wanted, or several that may be.
    """
    where = without_secrets(url)
    entries = [one for one in _every_entry(url, wanted, session, told) if one.links]
    fitting = _of_system(entries, wanted)
    if not fitting:
        what = f"the feed offers no {wanted.form} in {_system(wanted.crs)}"
        raise InputError(Fault(f"{what}, but {_shown(entries)}", where, "change the door's format, crs or parameters"))
    if len(fitting) > 1:
        what = f"the feed offers {len(fitting):,} files that may be meant: {_shown(fitting)}"
        raise InputError(Fault(what, where, "name one in the door's parameters: `title: PATTERN`"))
    return _parts(fitting[0], window, where)


def _every_entry(url: str, wanted: Wanted, session: requests.Session, told: Told | None) -> Iterator[_Entry]:
    """Give the entries of a feed, and of the feeds of datasets that its entries lead to, each feed once."""
    waiting, seen = [(url, 0)], {url}
    while waiting:
        here, depth = waiting.pop(0)
        for entry in _entries(here, session, told):
            yield entry
            is_wanted = wanted.dataset is None or _fits(wanted.dataset, entry.title, entry.code)
            further = [one for one in entry.feeds if is_wanted and depth < _MOST_DEEP and one not in seen]
            seen.update(further)
            waiting += [(one, depth + 1) for one in further]
            if len(seen) > _MOST_FEEDS:
                what = f"the feed leads to more than {_MOST_FEEDS} feeds"
                remedy = "name the dataset in the door's parameters: `dataset: PATTERN`"
                raise InputError(Fault(what, without_secrets(url), remedy))


def _entries(url: str, session: requests.Session, told: Told | None) -> list[_Entry]:
    shown = without_secrets(url)
    content, _ = answer_of(session, url, told=told)
    if is_web_page(content):
        raise InputError(Fault("a web page (HTML) came instead of a feed", shown, "check the address"))
    try:
        require_plain(content, where=shown)
        feed = ET.fromstring(content)  # noqa: S314 - it declares no entities
    except ET.ParseError as error:
        raise InputError(Fault(f"the feed cannot be read ({error})", shown, "check the address")) from error
    if feed.tag != f"{_ATOM}feed":
        raise InputError(Fault(f"no ATOM feed, but <{feed.tag.rpartition('}')[2]}>", shown, "check the address"))
    return [_entry(one, url) for one in feed.iter(f"{_ATOM}entry")]


def _entry(entry: ET.Element, url: str) -> _Entry:
    title = (entry.findtext(f"{_ATOM}title") or "").strip()
    updated = (entry.findtext(f"{_ATOM}updated") or "").strip()
    links, feeds = dict[str, _Link](), dict[str, None]()
    for link in entry.iter(f"{_ATOM}link"):
        rel, kind = link.get("rel", "alternate"), link.get("type", "").lower()
        address = urljoin(url, link.get("href", ""))
        if rel not in _FILES or not link.get("href"):
            continue
        if kind.startswith(_FEED):
            require_same_reach(url, address)
            feeds[address] = None
        elif not kind.startswith("text/html"):
            length = link.get("length", "")
            named = AtomFile(address, link.get("title") or title, updated, int(length) if length.isdecimal() else None)
            links.setdefault(address, _Link(named, _form(address, kind), rel, _box(link.get("bbox", ""))))
    systems = frozenset(_system(one.get("term", "")) for one in entry.iter(f"{_ATOM}category"))
    code = (entry.findtext(_DATASET) or "").strip()
    return _Entry(title, code, systems, tuple(links.values()), tuple(feeds))


def _of_system(entries: Sequence[_Entry], wanted: Wanted) -> list[_Entry]:
    """Return the entries with files of the form, the system and the title that are wanted, and only those files."""
    fitting = []
    for entry in entries:
        is_named = wanted.title is None or _fits(wanted.title, entry.title)
        links = tuple(
            one
            for one in entry.links
            if one.form == wanted.form
            and (is_named or _fits(wanted.title or "*", one.file.title, PurePosixPath(one.file.address).name))
        )
        if links:
            fitting.append(_Entry(entry.title, entry.code, entry.systems, links, ()))
    stated = [one for one in fitting if _system(wanted.crs) in one.systems]
    return stated or [one for one in fitting if not one.systems]


def _parts(entry: _Entry, window: Bounds | None, where: str) -> tuple[AtomFile, ...]:
    """Return the whole file of an entry where it has one, else its parts that meet a window."""
    whole = [one for one in entry.links if one.rel != "section" and one.box is None]
    if len(whole) == 1:
        found = whole
    elif whole:
        what = f"the feed offers {len(whole):,} files that may be meant: {', '.join(one.file.title for one in whole)}"
        raise InputError(Fault(what[:400], where, "name one in the door's parameters: `title: PATTERN`"))
    else:
        box = None if window is None else in_degrees(window)
        found = [one for one in entry.links if box is None or one.box is None or _meets(one.box, box)]
    for one in found:
        require_same_reach(where, one.file.address)
    return tuple(one.file for one in found)


def _form(address: str, kind: str) -> str:
    """Return the form of a file, by its name or by the type of its link.

    Examples
    --------
    >>> _form("https://a.nl/b.gpkg", ""), _form("https://a.nl/b?id=1", "application/gml+xml;version=3.2")
    ('gpkg', 'gml')
    """
    suffix = PurePosixPath(urlsplit(address).path).suffix.lower().removeprefix(".")
    told = next((form for begin, form in _FORMS.items() if kind.startswith(begin)), "")
    return suffix if suffix in {*_FORMS.values(), "gz"} or not told else told


def _system(text: str) -> str:
    """Return the code of a reference system in any of its spellings.

    Examples
    --------
    >>> [_system(one) for one in ("EPSG:28992", "http://www.opengis.net/def/crs/EPSG/0/28992", "urn:x:EPSG::28992")]
    ['28992', '28992', '28992']
    """
    return re.split(r"[:/#]", text.strip())[-1].upper()


def _box(text: str) -> Bounds | None:
    """Return the box of a part in degrees, longitude first, whichever way the feed writes it.

    In the Netherlands a latitude (50 to 54) is larger than any longitude (3 to 8).

    Examples
    --------
    >>> _box("52.0 4.5 52.1 4.7"), _box("4.5,52.0,4.7,52.1"), _box("")
    ((4.5, 52.0, 4.7, 52.1), (4.5, 52.0, 4.7, 52.1), None)
    """
    numbers = re.findall(r"-?\d+(?:\.\d+)?", text)
    if len(numbers) != 4:  # noqa: PLR2004 - the sides of a box
        return None
    a, b, c, d = map(float, numbers)
    return (b, a, d, c) if a > b else (a, b, c, d)


def _meets(box: Bounds, other: Bounds) -> bool:
    return box[0] <= other[2] and box[2] >= other[0] and box[1] <= other[3] and box[3] >= other[1]


def _fits(pattern: str, *texts: str) -> bool:
    return any(fnmatch(text.lower(), pattern.lower()) for text in texts)


def _shown(entries: Sequence[_Entry]) -> str:
    offers = dict.fromkeys(
        f"{link.form or 'a file'} in {', '.join(sorted(one.systems)) or 'no stated system'} ({link.file.title})"
        for one in entries
        for link in one.links
    )
    shown, n_more = ", ".join(list(offers)[:_MOST_SHOWN]), len(offers) - _MOST_SHOWN
    return (f"{shown}, and {n_more:,} more" if n_more > 0 else shown) or "nothing"
