"""YAML read and written by LibYAML, several times as fast as PyYAML's own code, which serves where LibYAML is not."""

from __future__ import annotations

from typing import Any

import yaml

__all__ = ["FastLoader", "load_plain", "write_plain"]

FastLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""A safe loader; what it says of text that is no YAML has the line, and not the text itself."""

_FastDumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def load_plain(text: str) -> Any:  # noqa: ANN401 - YAML is anything
    """Return what a text of this package's own says: its labels, or what a run wrote.

    Examples
    --------
    >>> load_plain("a: [1, x]")
    {'a': [1, 'x']}
    """
    return yaml.load(text, Loader=FastLoader)  # noqa: S506 - a safe loader


def write_plain(content: object, *, width: int = 80) -> str:
    r"""Return plain values as YAML, in their order.

    Examples
    --------
    >>> write_plain({"b": [1], "a": "café"})
    'b:\n- 1\na: café\n'
    """
    text: str = yaml.dump(content, Dumper=_FastDumper, sort_keys=False, allow_unicode=True, width=width)
    return text
