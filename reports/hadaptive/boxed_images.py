"""The first images of a set in COCO's form, with their boxes and classes, drawn.

    python -m reports.hadaptive.boxed_images INSTANCES.json IMAGES FIGURE.svg

Reads the annotations and the images of the folder that they are of, such as those that
`impls.hadaptive.detection.data.made` writes. Crowds have dashed boxes.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from PIL import Image

from opbench.cli.exit_code import exit_code
from opbench.errors import UsageError
from reports.layout.canvas import new_figure
from reports.layout.program_files import drawn, read, write
from reports.layout.style import PALETTE, luma, styled, to_svg

FORMAT = "COCO's instances"
SHOWN, COLUMNS = 8, 4
"""Images, and images in a row."""
THUMBNAIL = 128
"""Pixels of a longer edge."""
_WIDE = 2.15  # inches: an image
_COLOURS = PALETTE[1:]  # not black, which many images are


def boxed_images_figure(annotations: Mapping[str, Any], folder: Path) -> bytes:
    """SVG of at most SHOWN images. annotations: the file's content, checked by nobody yet; folder: of the images.

    Raises UsageError for no image and for one that cannot be read; LookupError, TypeError or ValueError where the
    content is of another form.
    """
    shown = annotations["images"][:SHOWN]
    if not shown:
        raise UsageError("no image to draw; expected at least one in `images`")
    names = {entry["id"]: str(entry["name"]) for entry in annotations["categories"]}
    colours = {number: _COLOURS[at % len(_COLOURS)] for at, number in enumerate(names)}
    with styled():
        rows = math.ceil(len(shown) / COLUMNS)
        figure = new_figure(_WIDE * COLUMNS, _WIDE * rows, w_pad=0.03, h_pad=0.03)
        axes = figure.subplots(rows, COLUMNS, squeeze=False).flatten().tolist()
        for ax in axes:
            ax.set_axis_off()
        for ax, image in zip(axes, shown, strict=False):
            _draw_image(ax, folder / image["file_name"])
            for box in annotations["annotations"]:
                if box["image_id"] == image["id"]:
                    _draw_box(ax, box, names[box["category_id"]], colours[box["category_id"]])
        return to_svg(figure)


def _draw_image(ax: Axes, path: Path) -> None:
    pixels, width, height = _thumbnail(path)
    ax.imshow(pixels, extent=(0, width, height, 0), interpolation="none")  # embedded as it is, not enlarged


def _thumbnail(path: Path) -> tuple[npt.NDArray[np.uint8], int, int]:
    """The image made small, (h, w, 3), and its own width and height, which boxes are in."""
    try:
        with Image.open(path) as image:
            width, height = image.size
            small = image.convert("RGB")
    except (OSError, SyntaxError, ValueError, TypeError, Image.DecompressionBombError) as exc:
        raise UsageError(f"{path} is not an image that can be read ({exc!s:.200}); name the folder of images") from exc
    small.thumbnail((THUMBNAIL, THUMBNAIL))
    return np.array(small), width, height


def _draw_box(ax: Axes, box: Mapping[str, Any], name: str, colour: str) -> None:
    x, y, width, height = box["bbox"]
    for line, drawn_colour in ((2.4, "white"), (1.2, colour)):
        dashes = "--" if box.get("iscrowd") else "-"
        ax.add_patch(Rectangle((x, y), width, height, fill=False, ec=drawn_colour, lw=line, ls=dashes))
    ink = "black" if luma(colour) > 0.5 else "white"
    ground = {"facecolor": colour, "edgecolor": "none", "pad": 0.6}
    right = x > 0.75 * ax.get_xlim()[1]  # where a name would run out of the image
    ax.text(
        x + width if right else x, y, name, fontsize=6, color=ink,
        ha="right" if right else "left", va="bottom" if y > 12 else "top", bbox=ground,
    )  # fmt: skip


def main(arguments: Sequence[str]) -> int:
    """Draw the figure. Exit code 0, or the error's with one line on what is wrong."""
    return exit_code("boxed_images", lambda: _work(arguments))


def _work(arguments: Sequence[str]) -> None:
    if len(arguments) != 3:
        raise UsageError(f"{len(arguments)} arguments; expected three: INSTANCES.json IMAGES FIGURE.svg")
    source, images, target = map(Path, arguments)
    annotations = read(source, "annotations in COCO's form")
    write(target, drawn(source, FORMAT, partial(boxed_images_figure, annotations, images)))
    print(target)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
