"""WFS 2.0: pages of GML, from the window that was asked; in quarters where a service pages no further.

Features are taken out of their pages as they are written, byte for byte, and put into one document: nothing is
interpreted here. A document type in an answer, which no register declares, is refused.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

import requests
import shapely

from flexsites.config.sources import Wfs
from flexsites.errors import CrsError, Fault, InputError
from flexsites.inputs.formats.pages import JsonPages, Member, Pages, boxes_of
from flexsites.inputs.formats.projection import coordinate_faults
from flexsites.inputs.formats.vector import Bounds
from flexsites.inputs.formats.web import Told, answer_of, is_web_page
from flexsites.inputs.formats.windows import quarters
from flexsites.tables.whole_files import read_state

_MEMBERS = ("member", "featureMember")
_BESIDE = {"boundedBy", "additionalObjects", "metaDataProperty", "description", "name", "identifier"}
"""What may stand beside the features of a collection, and is none of them."""
_COLLECTION = "FeatureCollection"
_ID = "gml:id"
_SMALLEST_M = 100.0
_SHOWN = 300


@dataclass(slots=True)
class Document:
    """What one answer of a WFS holds.

    Attributes
    ----------
    root
        Its outermost element.
    attributes
        Of that element: namespaces and counts.
    encoding
        Of the text.
    members
        The features, as they are written.
    """

    root: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    encoding: str = "UTF-8"
    members: list[Member] = field(default_factory=list)


def read_document(content: bytes, *, where: str) -> Document:
    """Return what an answer of a WFS holds.

    Raises
    ------
    InputError
        If it is no XML, declares a document type, is a web page, says what went wrong, or is no collection of
        features of which every part is known: what is not known may be features.

    Examples
    --------
    >>> page = b'<FeatureCollection><b:member xmlns:b="x"><c gml:id="c.1"/></b:member></FeatureCollection>'
    >>> read_document(page, where="").members[0].id
    'c.1'
    """
    if is_web_page(content):
        text = content[:120].decode("utf-8", "replace")
        raise InputError(Fault(f"the service answered a web page (HTML): {text!r}", where, "check the address"))
    scan = _Scan(content, where)
    try:
        scan.parser.Parse(content, True)  # noqa: FBT003 - expat's own
    except expat.ExpatError as error:
        raise InputError(Fault(f"the answer is no whole XML ({error})", where, "fetch again")) from error
    if scan.document.root.endswith("ExceptionReport"):
        text = html.unescape(re.sub(rb"<[^>]*>", b" ", content).decode("utf-8", "replace"))
        what = f"the service refused ({' '.join(text.split())[:_SHOWN]})"
        raise InputError(Fault(what, where, "check url and type_name"))
    if strange := scan.strange:
        what = f"the service answered <{strange}> where a collection of features is asked"
        raise InputError(Fault(what, where, "check url and type_name; or give a file"))
    return scan.document


class _Scan:
    """Finds features in a document: where each begins and ends."""

    def __init__(self, content: bytes, where: str) -> None:
        self.content, self.where, self.document = content, where, Document()
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.XmlDeclHandler = self._declared
        self.parser.StartDoctypeDeclHandler = self._refuse
        self._path: list[str] = []
        self._id: str | None = None
        self._begin, self._is_first = -1, False
        self.strange: str | None = None

    def _declared(self, _version: str, encoding: str | None, _alone: int) -> None:
        self.document.encoding = encoding or "UTF-8"

    def _refuse(self, *_: object) -> None:
        raise InputError(Fault("the XML declares a document type, as no service does", self.where, "tell the provider"))

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if not self._path:
            self.document.root, self.document.attributes = name, attributes
            self.strange = None if local == _COLLECTION else name
        elif len(self._path) == 1 and local in _MEMBERS:
            self._begin, self._id, self._is_first = self.parser.CurrentByteIndex, None, True
        elif len(self._path) == 1 and local not in _BESIDE:
            self.strange = self.strange or name
        elif len(self._path) == 2 and self._is_first:  # noqa: PLR2004 - within a member of the root
            self._id, self._is_first = attributes.get(_ID) or attributes.get("fid"), False
        self._path.append(name)

    def _end(self, _name: str) -> None:
        self._path.pop()
        if len(self._path) == 1 and self._begin >= 0:
            end = self.content.index(b">", self.parser.CurrentByteIndex) + 1
            self.document.members.append(Member(self._id, self.content[self._begin : end]))
            self._begin = -1


class GmlPages(Pages):
    """Pages of GML: each a document as it came."""

    suffix = ".gml"

    def members(self, content: bytes) -> list[Member]:
        """Return the features of a page."""
        return read_document(content, where=str(self.folder)).members

    def frame(self, folders: Sequence[Pages]) -> tuple[bytes, bytes, bytes]:
        """Return the frame of one document that holds the features of all: with the namespaces of every page."""
        spaces: dict[str, str] = {}
        encodings = set()
        for pages in folders:
            for number in range(pages.n_pages):
                document = read_document(pages.path(number).read_bytes(), where=str(self.folder))
                encodings.add(document.encoding.upper())
                for name, value in document.attributes.items():
                    if name.startswith("xmlns") and spaces.setdefault(name, value) != value:
                        what = f"two pages mean other things by {name}"
                        raise InputError(Fault(what, str(self.folder), "tell the provider"))
        if len(encodings) > 1:
            raise InputError(Fault("pages are of several encodings", str(self.folder), "tell the provider"))
        encoding = next(iter(encodings), "UTF-8")
        spaces.setdefault("xmlns:wfs", "http://www.opengis.net/wfs/2.0")
        written = " ".join(f"{name}={quoteattr(value)}" for name, value in spaces.items())
        head = f'<?xml version="1.0" encoding="{encoding}"?>\n<wfs:{_COLLECTION} {written}>\n'
        return head.encode(), b"\n", f"\n</wfs:{_COLLECTION}>\n".encode()


def parameters_of(row: Wfs, bounds: Bounds | None) -> dict[str, str]:
    """Return what a WFS is asked, of every page alike."""
    asked = {"service": "WFS", "version": "2.0.0", "request": "GetFeature"}
    asked |= {"typeNames": row.type_name, "srsName": row.srs_name}
    if row.sort_by is not None:
        asked["sortBy"] = row.sort_by
    if bounds is not None:
        asked["bbox"] = ",".join([*(f"{b:.3f}" for b in bounds), row.srs_name])
    return asked


def count_hits(
    row: Wfs, session: requests.Session, bounds: Bounds | None, *, where: str, told: Told | None = None
) -> int | None:
    """Return how many features a service says there are in a window; None: it does not say.

    Raises
    ------
    InputError
        If it cannot be used, or answers something else.
    """
    content, _ = answer_of(session, row.url, {**parameters_of(row, bounds), "resultType": "hits"}, told=told)
    said = read_document(content, where=where).attributes.get("numberMatched", "unknown")
    return int(said) if said.isdecimal() else None


def fetch_pages(
    row: Wfs,
    folder: Path,
    session: requests.Session,
    bounds: Bounds | None,
    *,
    where: str,
    told: Told | None = None,
) -> list[Pages]:
    """Fetch all pages of a window, in quarters of it where the service has more features than it pages through.

    Raises
    ------
    InputError
        If the service cannot be used, repeats a page, or gives another number of features than it said.
    """
    expected = count_hits(row, session, bounds, where=where, told=told)
    if expected is not None and expected > row.most_hits:
        if bounds is None or min(bounds[2] - bounds[0], bounds[3] - bounds[1]) < _SMALLEST_M:
            what = f"the service has {expected:,} features there, and pages through {row.most_hits:,}"
            raise InputError(Fault(what, where, "give a file, or a smaller area"))
        return [
            pages
            for number, quarter in enumerate(quarters(bounds))
            for pages in fetch_pages(row, folder / f"{number}", session, quarter, where=where, told=told)
        ]
    pages: Pages = GmlPages(folder) if row.format == "gml" else JsonPages(folder)
    if read_state(folder / "state.json") is None or pages.next is not None:
        _fetch_all(row, pages, session, bounds, expected, where=where, told=told)
    if expected is not None and pages.n_features != expected:
        pages.forget()
        what = f"the service said {expected:,} features and gave {pages.n_features:,}"
        raise InputError(Fault(what, where, "fetch again; it may have changed meanwhile"))
    if expected is not None and (n_distinct := pages.count_distinct()) < expected:
        pages.forget()
        what = f"the service said {expected:,} features and gave {n_distinct:,}, some of them again"
        raise InputError(Fault(what, where, "give `sort_by`: the pages of this service are not stable without"))
    return [pages]


def _fetch_all(
    row: Wfs,
    pages: Pages,
    session: requests.Session,
    bounds: Bounds | None,
    expected: int | None,
    *,
    where: str,
    told: Told | None,
) -> None:
    """Fetch page after page, until as many features are there as there are, or none come any more.

    A last page that is full or names a next one is not yet the end, whatever the service counted; nor is one that is
    not full where it counted nothing: it may give fewer at once than it is asked.
    """
    is_last = False
    while not is_last:
        page = {"count": str(row.limit), "startIndex": str(pages.n_features)}
        page |= {} if row.format == "gml" else {"outputFormat": "application/json"}
        content, _ = answer_of(session, row.url, {**parameters_of(row, bounds), **page}, told=told)
        content, n_members, goes_on = _page_of(row, content, where)
        n_now = pages.n_features + n_members
        is_last = n_members == 0 or (n_now == expected and n_members < row.limit and not goes_on)
        pages.add(content, None if is_last else f"#{n_now}", where=where)
        if expected is not None and n_now > expected:
            pages.forget()
            what = f"the service said {expected:,} features, and more and more come"
            raise InputError(Fault(what, where, "tell the provider"))


def _page_of(row: Wfs, content: bytes, where: str) -> tuple[bytes, int, bool]:
    """Return a page as it is kept, how many features it holds, and whether it names a page after it.

    Raises
    ------
    InputError
        If it holds another number than it says, or is not in the form that was asked.
    """
    if row.format == "gml":
        document = read_document(content, where=where)
        said, n_members = document.attributes.get("numberReturned", ""), len(document.members)
        goes_on = "next" in document.attributes
    else:
        try:
            found = json.loads(content)
            features = found["features"]
            said, n_members = str(found.get("numberReturned", "")), len(features)
            goes_on = any(link["rel"] == "next" for link in found.get("links", []))
            boxes = boxes_of(features)
        except (ValueError, LookupError, TypeError, AttributeError, shapely.errors.ShapelyError) as error:
            read_document(content, where=where)  # which tells what went wrong, where the service says it in XML
            what = f"the service answered no GeoJSON ({type(error).__name__}: {error})"
            raise InputError(Fault(what, where, "take `format: gml`")) from error
        if wrong := coordinate_faults(boxes, "EPSG:28992", where=where):
            raise CrsError(wrong)
        content = json.dumps(features).encode()
    if said.isdecimal() and int(said) != n_members:
        what = f"a page says {int(said):,} features and holds {n_members:,}"
        raise InputError(Fault(what, where, "fetch again: it goes on where it broke off"))
    return content, n_members, goes_on
