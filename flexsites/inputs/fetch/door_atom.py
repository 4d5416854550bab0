"""Through an ATOM feed: the file of the door's form and reference system, or the parts of it that meet the window."""

from __future__ import annotations

from dataclasses import replace

import requests

from flexsites.config.presets import Door
from flexsites.errors import Fault, InputError
from flexsites.inputs.fetch.cache import Answer, Cache
from flexsites.inputs.formats.atom import AtomFile, Wanted, files_of_feed
from flexsites.inputs.formats.vector import Bounds
from flexsites.inputs.formats.web import Told, open_session


def bring_of_feed(door: Door, name: str, window: Bounds | None, cache: Cache, *, told: Told | None) -> Answer:
    """Return what a feed offers of the form that is wanted.

    Raises
    ------
    InputError
        If the feed offers no such file, several, or none that meets the window; or it cannot be fetched.
    """
    assert door.address is not None  # noqa: S101 - its kind has one
    with cache.alone_at(door.address):
        offered = offered_by(door, window, session=open_session(), told=told)
    if not offered:
        raise InputError(Fault("no part that the feed offers meets the window", name, "take another door"))
    answers = [cache.file(one.address, told=told) for one in offered]
    files = tuple(path for answer in answers for path in answer.files)
    facts = tuple(_with_edition(answer, one) for answer, one in zip(answers, offered, strict=True))
    return Answer(files, tuple(fact.facts[0] for fact in facts), "atom")


def _with_edition(answer: Answer, offered: AtomFile) -> Answer:
    """Return an answer that says of when the feed says its file is."""
    if not offered.updated:
        return answer
    note = f"the feed says it was updated at {offered.updated}"
    return replace(answer, facts=(replace(answer.facts[0], notes=(*answer.facts[0].notes, note)),))


def offered_by(
    door: Door, window: Bounds | None, *, session: requests.Session, told: Told | None = None
) -> tuple[AtomFile, ...]:
    """Return the files that a feed offers of the form that is wanted."""
    assert door.address is not None  # noqa: S101 - its kind has one
    patterns = {key: str(door.parameters[key]) for key in ("title", "dataset") if key in door.parameters}
    wanted = Wanted(door.format, door.crs, **patterns)
    return files_of_feed(door.address, wanted, window=window, session=session, told=told)
