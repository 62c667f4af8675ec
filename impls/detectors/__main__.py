"""A trained detector's checkpoint as an ONNX file.

    python -m impls.detectors results/detection/made-hadaptive_net_s-lite-0/checkpoint.pt ssd.onnx --nms

`python -m impls.hadaptive.detection train` writes checkpoints, in results/detection/DATA-BACKBONE-HEAD-SEED where no
other folder is asked for.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from impls.detectors.exporting import export
from impls.hadaptive.detection.data.target import SIZE
from impls.hadaptive.detection.training import checkpoint
from opbench.cli.exit_code import exit_code


def main(words: Sequence[str] | None = None) -> int:
    """Exit codes: 0 done, 2 wrong usage, 3 the machine cannot do it."""
    parser = argparse.ArgumentParser(prog="python -m impls.detectors", description=__doc__.split("\n")[0])
    parser.add_argument("checkpoint", type=Path, help="of a training of impls.hadaptive.detection")
    parser.add_argument("file", type=Path, help="the ONNX file to write")
    parser.add_argument(
        "--nms", action="store_true", help="decode and suppress boxes inside: one output (batch, 100, 6)"
    )
    parser.add_argument("--size", type=int, default=SIZE, help="edge of the images in pixels, a multiple of 64")
    given = parser.parse_args(words)
    return exit_code("detectors", lambda: _run(given.checkpoint, given.file, given.size, nms=given.nms))


def _run(source: Path, file: Path, size: int, *, nms: bool) -> None:
    detector, classes = checkpoint.load(source)
    path = export(detector, file, size, nms=nms)
    print(f"{path}: x (batch, 3, {size}, {size}) from 0 to 1; classes {', '.join(classes)}")


if __name__ == "__main__":
    sys.exit(main())
