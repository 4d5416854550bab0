"""The pictures of the documentation, made small from those of the tasks in a browser (see tasks_in_browser.py).

``python .ci/tasks_in_browser.py DEMO ROOFS --pictures FOLDER``, on runs of demo and of demo_roofs, and then
``python .ci/pictures_of_docs.py FOLDER``: each picture is scaled and drawn in few colours, so that it weighs less than
100 kB in the package. It needs pillow.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

PICTURES = Path(__file__).parents[1] / "flexsites" / "docs" / "pictures"
SHOWN = {
    "demo": ("how_many", "where", "the_whole_story", "which_gemeente", "what_if"),
    "demo_roofs": ("which_complex", "on_a_telephone"),
}
"""The tasks that the pages show, by the run that they are done on."""
WIDTH, MOST_BYTES = 960, 100_000


def main(folder: Path) -> None:
    """Write the picture of each task that the pages show."""
    PICTURES.mkdir(exist_ok=True)
    for run, name in ((run, name) for run, names in SHOWN.items() for name in names):
        (taken,) = folder.glob(f"{run}-????????-??-{name}.png")
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
