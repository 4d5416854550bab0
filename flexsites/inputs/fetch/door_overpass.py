"""Through Overpass: what the sources of a run look for in OpenStreetMap, within the window."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import requests

from flexsites.config.presets import Door
from flexsites.errors import Fault, InputError, counted
from flexsites.inputs.fetch.cache import Answer, Cache
from flexsites.inputs.formats.facts import facts_of
from flexsites.inputs.formats.vector import Bounds
from flexsites.inputs.formats.web import Told
from flexsites.inputs.osm.overpass import ask_status, fetch_overpass, n_questions, slot_wait_s, target_of
from flexsites.inputs.osm.selectors import without_repeats

Selectors = Mapping[str, tuple[str, ...]]
"""What a source looks for in OpenStreetMap, by its dotted name (`flexsites.inputs.osm.selectors`)."""


def bring_of_overpass(
    door: Door, names: Iterable[str], window: Bounds | None, cache: Cache, *, selectors: Selectors, told: Told | None
) -> Answer:
    """Return an extract of what sources look for.

    Raises
    ------
    InputError
        If none of them looks for anything, there is no window, or the service cannot be used.
    """
    assert door.address is not None  # noqa: S101 - judged before it opens
    every = list(names)
    asked = without_repeats(one for name in every for one in selectors.get(name, ()))
    if not asked or any(name not in selectors for name in every):
        raise InputError(Fault("it is not known what is looked for in OpenStreetMap", every[0], "take another door"))
    if cache.refresh and window is not None:
        target_of(door.address, asked, cache.folder, bounds=window).unlink(missing_ok=True)
    with cache.alone_at(door.address):
        path = fetch_overpass(every[0], door.address, asked, cache.folder, bounds=window, told=told)
    facts = facts_of(path)
    if facts is None:
        path.unlink()  # broken off before it was known what it is
        return bring_of_overpass(door, every, window, cache, selectors=selectors, told=told)
    return Answer((path,), (facts,), "overpass")


def size_of_overpass(door: Door, window: Bounds | None, *, session: requests.Session) -> str:
    """Return in how many questions a window would come; it is not told before how much there is.

    Raises
    ------
    InputError
        If nobody answers.
    """
    if window is None:
        return "the whole country is not to be had in this way"
    status = ask_status(door.address or "", session)
    turn = "" if status is None else f"; the first turn in {slot_wait_s(status):.0f} s"
    return f"{counted(n_questions(window), 'question', 'questions')}, one after the other{turn}"
