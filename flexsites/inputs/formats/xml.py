"""XML of others: read without what it may declare (entities, outside files), which no register needs."""

from __future__ import annotations

import re

from flexsites.errors import Fault, InputError

_DECLARES = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
_HEAD_BYTES = 65_536


def require_plain(content: bytes, *, where: str) -> None:
    """Refuse XML that declares a document type: entities in it may name files, or grow without end.

    Parameters
    ----------
    content
        The document, or its beginning: a declaration stands before the first element.
    where
        What to name in an error.

    Raises
    ------
    InputError
        If it declares one.

    Examples
    --------
    >>> require_plain(b'<?xml version="1.0"?><a/>', where="feed")
    >>> require_plain(b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', where="feed")
    Traceback (most recent call last):
    flexsites.errors.InputError: feed: the XML declares a document type, as no register does. Remedy: ask the provider.
    """
    if _DECLARES.search(content[:_HEAD_BYTES]):
        raise InputError(Fault("the XML declares a document type, as no register does", where, "ask the provider"))
