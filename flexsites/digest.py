"""The digests by which equal content is recognised."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path


def digest(content: object, *, length: int = 64) -> str:
    """Return the SHA-256 of something JSON can say, keys sorted.

    Examples
    --------
    >>> digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    True
    """
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def sha256(path: Path) -> str:
    """Return the SHA-256 of one file.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile() as empty:
    ...     sha256(Path(empty.name))[:8]
    'e3b0c442'
    """
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
