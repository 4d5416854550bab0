"""The pictures of the documentation, made small from those of the tasks in a browser (see tasks_in_browser.py).

``python .ci/tasks_in_browser.py DEMO --pictures FOLDER`` and then ``python .ci/pictures_of_docs.py FOLDER``: each
picture is scaled and drawn in few colours, so that it weighs less than 100 kB in the package. It needs pillow.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

PICTURES = Path(__file__).parents[1] / "flexsites" / "docs" / "pictures"
SHOWN = ("how_many", "where", "the_whole_story", "which_gemeente", "what_if", "on_a_telephone")
WIDTH, MOST_BYTES = 960, 100_000


def main(folder: Path) -> None:
    """Write the picture of each task that the pages show."""
    PICTURES.mkdir(exist_ok=True)
    for name in SHOWN:
        (taken,) = folder.glob(f"*-{name}.png")
        picture = Image.open(taken).convert("RGB")
        width = min(WIDTH, picture.width)
        small = picture.resize((width, picture.height * width // picture.width), Image.Resampling.LANCZOS)
        path = PICTURES / f"{name}.png"
        for n_colours in (64, 32, 16):
            small.quantize(n_colours, dither=Image.Dither.NONE).save(path, optimize=True)
            if path.stat().st_size < MOST_BYTES:
                break
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB, {n_colours} colours")  # noqa: T201 - a script


if __name__ == "__main__":
    main(Path(sys.argv[1]))
