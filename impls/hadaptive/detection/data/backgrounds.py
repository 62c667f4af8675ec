"""What made images show behind their objects: crops of photographs that show none of these objects.

The left three fifths of each photograph are for training, the rest for validation: no pixel is in both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from impls.hadaptive.images import photos

if TYPE_CHECKING:
    import numpy.typing as npt

    Bytes = npt.NDArray[np.uint8]

NAMES = ("brick", "grass", "gravel", "hubble_deep_field", "immunohistochemistry", "moon", "retina")
"""Of scikit-image; with them scikit-learn's "china"."""
TRAINING = 0.6
"""Share of a photograph's width."""
_EDGE = 640  # pixels a photograph's height is reduced to, twice that of an image: larger ones only cost time


def backgrounds(*, training: bool) -> list[Bytes]:
    """The part of each photograph for one half, (h, w, 3). Raises MachineError without scikit-learn, scikit-image."""
    images = photos.bundled("skimage.data", "scikit-image")
    china = photos.bundled("sklearn.datasets", "scikit-learn").load_sample_image("china.jpg")
    every = [china, *(getattr(images, name)() for name in NAMES)]
    return [_part(_reduced(_coloured(image)), training=training) for image in every]


def crop(photograph: Bytes, edge: int, draw: np.random.Generator) -> Bytes:
    """A square of half to all of the shorter edge, mirrored or not, tinted and lit at random, (edge, edge, 3)."""
    from PIL import Image

    height, width = photograph.shape[:2]
    side = int(min(height, width) * draw.uniform(0.5, 1))
    top, left = (int(draw.integers(size - side + 1)) for size in (height, width))
    square = photograph[top : top + side, left : left + side]
    if draw.random() < 0.5:
        square = square[:, ::-1]
    resized = np.array(Image.fromarray(np.ascontiguousarray(square)).resize((edge, edge), Image.Resampling.BILINEAR))
    light = draw.uniform(0.5, 1.1) * draw.uniform(0.8, 1.2, 3)
    return np.clip(resized * light, 0, 255).astype(np.uint8)


def _coloured(image: Bytes) -> Bytes:
    return np.repeat(image[..., None], 3, axis=2) if image.ndim == 2 else image[..., :3]


def _reduced(image: Bytes) -> Bytes:
    step = max(1, image.shape[0] // _EDGE)
    return image[::step, ::step]


def _part(image: Bytes, *, training: bool) -> Bytes:
    edge = round(TRAINING * image.shape[1])
    return image[:, :edge] if training else image[:, edge:]
