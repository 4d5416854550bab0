"""Ways in which a file comes to be other than it was sent: cut off, spoilt, doubled, or with a strange word in it."""

from __future__ import annotations

import io
import random
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

WORDS = (
    b"",
    b"-1",
    b"0",
    b"1e297",
    b"NaN",
    b"inf",
    b"null",
    b"[]",
    b"{}",
    b"99991231",
    b"\xff\xfe",
    b"\x00",
    b"x" * 999,
)


def _cut_off(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(len(content) + 1)]


def _bits(content: bytes, chance: random.Random) -> bytes:
    spoilt = bytearray(content)
    for _ in range(chance.choice((1, 3, 30))):
        spoilt[chance.randrange(len(spoilt))] ^= 1 << chance.randrange(8)
    return bytes(spoilt)


def _block(content: bytes, chance: random.Random) -> bytes:
    at, length = chance.randrange(len(content)), chance.choice((1, 16, 512))
    other = chance.choice((b"\0" * length, chance.randbytes(length), b"", content[at : at + length] * 2))
    return content[:at] + other + content[at + length :]


def _word(content: bytes, chance: random.Random) -> bytes:
    """Put a strange word in the place of a number or a word."""
    found = list(re.finditer(rb"[\w.+-]+", content))
    if not found:
        return _bits(content, chance)
    one = chance.choice(found)
    return content[: one.start()] + chance.choice(WORDS) + content[one.end() :]


DAMAGES: tuple[Callable[[bytes, random.Random], bytes], ...] = (_cut_off, _bits, _block, _word)


def _inside(content: bytes, chance: random.Random) -> bytes:
    """Damage one file of an archive, and pack it again so that its check sum is right."""
    packed = zipfile.ZipFile(io.BytesIO(content))
    spoilt, again = chance.choice(packed.namelist()), io.BytesIO()
    with zipfile.ZipFile(again, "w", zipfile.ZIP_DEFLATED) as target:
        for name in packed.namelist():
            member = packed.read(name)
            target.writestr(name, chance.choice(DAMAGES)(member, chance) if name == spoilt and member else member)
    return again.getvalue()


def damage(path: Path, seed: int) -> None:
    """Damage a file in a way that the seed chooses."""
    chance, content = random.Random(seed), path.read_bytes()
    of_archives = (_inside, _inside, _inside) if zipfile.is_zipfile(path) else ()
    path.write_bytes(chance.choice((*DAMAGES, *of_archives))(content, chance))
