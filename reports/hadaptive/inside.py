"""What `python -m impls.hadaptive.inspect` found, drawn: Grad-CAM by layer, channels chosen, temperatures.

    python -m reports.hadaptive.inside FOLDER [PICTURE ...]

Writes `grad_cam.svg`, `selection.svg` and `temperatures.svg` into FOLDER; pictures named are the ones shown.
"""

from __future__ import annotations

import json
import sys
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from opbench.cli.exit_code import exit_code
from opbench.errors import UsageError
from reports.hadaptive.channel_choices import channel_choices_figure
from reports.hadaptive.layer_maps import layer_maps_figure
from reports.hadaptive.temperature_curves import temperature_figure
from reports.layout.program_files import drawn, write

FORMAT, FILE = "opbench.hadaptive.inside/1", "inside.json"


def draw(folder: Path, names: Sequence[str] = ()) -> list[Path]:
    """Draw three figures into the folder; returns the files.

    Raises UsageError for a folder of something else, MachineError where it cannot write.
    """
    inside, arrays = _read(folder)
    figures: dict[str, Callable[[], bytes]] = {
        "grad_cam.svg": lambda: layer_maps_figure(inside, arrays, names),
        "selection.svg": lambda: channel_choices_figure(inside),
        "temperatures.svg": lambda: temperature_figure(inside),
    }
    made = {name: drawn(folder / FILE, FORMAT, figure) for name, figure in figures.items()}
    for name, figure in made.items():
        write(folder / name, figure)
    return [folder / name for name in made]


def _read(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        inside = json.loads((folder / FILE).read_text(encoding="utf-8"))
        # Opened here: NumPy leaves the file open where the archive is damaged.
        with (folder / "maps.npz").open("rb") as file, np.load(file, allow_pickle=False) as maps:
            arrays = {name: maps[name] for name in ("pictures", "network", "twin")}
    except FileNotFoundError as exc:
        raise UsageError(f"no file {exc.filename}; expected a folder of impls.hadaptive.inspect") from exc
    except (*(ValueError, KeyError, RuntimeError, OSError, EOFError), zlib.error, zipfile.BadZipFile) as exc:
        raise UsageError(f"{folder} is damaged ({exc}); look again with impls.hadaptive.inspect") from exc
    if not isinstance(inside, dict) or inside.get("format") != FORMAT:
        raise UsageError(f"{folder / FILE} is of another format; expected {FORMAT!r}")
    return inside, arrays


def main(arguments: Sequence[str]) -> int:
    """Draw what a folder holds. Exit code 0, or the error's with one line on what is wrong."""
    return exit_code("inside", lambda: _work(arguments))


def _work(arguments: Sequence[str]) -> None:
    if not arguments:
        raise UsageError("no folder; expected FOLDER [PICTURE ...], as impls.hadaptive.inspect names it")
    for path in draw(Path(arguments[0]), arguments[1:]):
        print(path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
