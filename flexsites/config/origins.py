"""From which file each part of a resolved run came, by the path that figures are listed with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Origins:
    """Files by the beginning of a path: ``flexmilieus.campus`` is of one file, all that stands below it too."""

    files: Mapping[str, str] = field(default_factory=dict)

    def of(self, path: str) -> str | None:
        """Return the file that the longest known beginning of a path is of; None where no beginning is known.

        Examples
        --------
        >>> origins = Origins({"rules": "configs/a.yaml", "rules.nnn": "own/b.yaml"})
        >>> origins.of("rules.nnn.distance_m"), origins.of("rules.rail.width_m"), origins.of("time")
        ('own/b.yaml', 'configs/a.yaml', None)
        """
        parts = path.split(".")
        beginnings = (".".join(parts[:n]) for n in range(len(parts), 0, -1))
        return next((self.files[one] for one in beginnings if one in self.files), None)

    def place(self, path: str) -> str:
        """Return where a path is written, for a fault: the file and the path."""
        return f"{self.of(path) or 'configuration'}: {path}"
