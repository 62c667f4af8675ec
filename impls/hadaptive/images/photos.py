"""Which photograph is this crop of? Seven that come with scikit-learn, scikit-image and matplotlib, no download.

Small crops of each, mirrored and with colours changed, are its class. What is tested are other crops of the same
photographs: it shows that a network has learnt them, and says nothing about images it has never seen. It is here to
have something to look into (`impls.hadaptive.inspect`) where no other pictures are at hand.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from impls.hadaptive.images.data import DataSet
from impls.hadaptive.images.digits import Labelled
from impls.hadaptive.images.pictures import DEVIATION, MEAN
from impls.hadaptive.images.vision import torchvision
from opbench.errors import MachineError

if TYPE_CHECKING:
    import numpy.typing as npt

CROPS, TESTED = 64, 20
"""Of each photograph: crops an epoch, and crops that are tested."""
SCALE = (0.08, 0.5)
"""Area of a crop over the photograph's."""

NAMES = ("china", "flower", "astronaut", "chelsea", "coffee", "rocket", "grace_hopper")


class Crops(Dataset[tuple[Tensor, int]]):
    """CROPS of every photograph, another one every time it is read."""

    def __init__(self, photographs: list[Any], edge: int) -> None:
        self.photographs, self.crop = photographs, _training(edge)

    def __len__(self) -> int:
        return CROPS * len(self.photographs)

    def __getitem__(self, at: int) -> tuple[Tensor, int]:
        label = at % len(self.photographs)
        return self.crop(self.photographs[label]), label


def load(root: Path, edge: int) -> DataSet:
    """Crops enlarged to `edge`; `root` is not looked at.

    Raises MachineError without torchvision, scikit-learn or scikit-image.
    """
    del root
    transforms = torchvision().transforms
    photographs = [transforms.functional.to_pil_image(picture) for picture in pictures().values()]
    return DataSet("photos", NAMES, 3, edge, Crops(photographs, edge), _tested(photographs, edge))


def pictures() -> dict[str, npt.NDArray[np.uint8]]:
    """The photographs by name, (H, W, 3) uint8. Raises MachineError without scikit-learn or scikit-image."""
    samples = bundled("sklearn.datasets", "scikit-learn").load_sample_image
    images = bundled("skimage.data", "scikit-image")
    by_name = {name: samples(f"{name}.jpg") for name in NAMES[:2]}
    by_name |= {name: getattr(images, name)() for name in NAMES[2:6]}
    by_name[NAMES[6]] = _grace_hopper()
    return by_name


def centred(picture: npt.NDArray[np.uint8], edge: int) -> Tensor:
    """The middle square of a photograph in `edge` pixels, (3, edge, edge) uint8."""
    transforms = torchvision().transforms
    image = transforms.functional.to_pil_image(picture)
    small = transforms.CenterCrop(edge)(transforms.Resize(edge, antialias=True)(image))
    return torch.from_numpy(np.array(small)).permute(2, 0, 1)


def normalised(image: Tensor) -> Tensor:
    """uint8 as `centred` gives it to what the network is trained on, float32."""
    return (image / 255 - torch.tensor(MEAN)[:, None, None]) / torch.tensor(DEVIATION)[:, None, None]


def _training(edge: int) -> Any:
    """Colours are changed, and in half of the crops taken away: otherwise they alone would tell photographs apart."""
    transforms = torchvision().transforms
    return transforms.Compose(
        [
            transforms.RandomResizedCrop(edge, scale=SCALE, antialias=True),
            transforms.RandomHorizontalFlip(),
            transforms.ColorJitter(0.4, 0.4, 0.4, 0.1),
            transforms.RandomGrayscale(0.5),
            transforms.ToTensor(),
            transforms.Normalize(MEAN, DEVIATION),
        ]
    )


def _tested(photographs: list[Any], edge: int) -> Labelled:
    """Always the same crops, colours as they are."""
    transforms = torchvision().transforms
    crop = transforms.Compose(
        [
            transforms.RandomResizedCrop(edge, scale=SCALE, antialias=True),
            transforms.ToTensor(),
            transforms.Normalize(MEAN, DEVIATION),
        ]
    )
    with torch.random.fork_rng(range(torch.cuda.device_count())):
        torch.manual_seed(0)
        images = [crop(photograph) for photograph in photographs for _ in range(TESTED)]
    return Labelled(torch.stack(images), torch.arange(len(photographs)).repeat_interleave(TESTED))


def _grace_hopper() -> npt.NDArray[np.uint8]:
    from matplotlib import cbook
    from PIL import Image

    with Image.open(str(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False))) as image:
        return np.array(image.convert("RGB"))


def bundled(name: str, package: str) -> Any:
    """The module that photographs come with. Raises MachineError, saying what to install, where there is none."""
    try:
        return import_module(name)
    except ModuleNotFoundError as exc:
        if exc.name is None or exc.name.partition(".")[0] != name.partition(".")[0]:
            raise
        raise MachineError(
            f'{package} is not installed, and some of the photographs come with it; python -m pip install ".[models]"'
        ) from exc
