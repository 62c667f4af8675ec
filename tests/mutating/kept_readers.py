"""What reads files that were kept for later: exported models, build notes of wheels and environments, pictures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import Path
from unittest import mock

import numpy as np
import torch
from PIL import Image

from impls import shipped
from impls.exported import onnx_file
from impls.exported.cached import exported
from impls.hadaptive.images.pictures import opened
from opbench import assignments
from opbench.cli.plain import plain
from opbench.gate.source.environment_build import STAMP, EnvironmentBuild
from tests.mutating.reader import Reader

SHAPE = (1, 3, 7, 5)


@lru_cache(maxsize=1)
def layer() -> torch.nn.Module:
    """Whose weights name the file; nobody exports it."""
    torch.manual_seed(0)
    return torch.nn.Conv2d(SHAPE[1], 5, 3).eval()


@lru_cache(maxsize=1)
def model_bytes() -> bytes:
    """A sum with seven weights, signed as every file of ours."""
    import onnx
    from onnx import TensorProto, helper

    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [7]) for name in ("x", "y")]
    weights = helper.make_tensor("w", TensorProto.FLOAT, [7], np.arange(7, dtype=np.float32).tobytes(), raw=True)
    graph = helper.make_graph([helper.make_node("Add", ["x", "w"], ["y"])], "sum", ends[:1], ends[1:], [weights])
    made: onnx.ModelProto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", onnx_file.OPSET)])
    onnx_file.complete(made, 0.25)
    content: bytes = made.SerializeToString()
    return content


def model(folder: Path) -> Path:
    file = folder / "layer.onnx"
    file.write_bytes(model_bytes())
    return file


def read_model(file: Path) -> None:
    """What is believed computes what was exported."""
    found = onnx_file.read(file)
    assert onnx_file.facts(found)[onnx_file.SUM] == onnx_file.digest(found)


def kept_model(folder: Path) -> Path:
    """In the cache, where it is looked for by its weights."""
    with mock.patch.dict("os.environ", OPBENCH_CACHE=str(folder / "cache")):
        file = exported(layer(), "layer", SHAPE, lambda _, path, __: path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(model_bytes())
    return file


def used_model(_: Path) -> None:
    """Whatever was in the cache, what is used is whole: made anew where it is not."""

    def make(_: torch.nn.Module, path: Path, __: Sequence[int]) -> Path:
        path.write_bytes(model_bytes())
        return path

    onnx_file.read(exported(layer(), "layer", SHAPE, make))


def about(folder: Path) -> Path:
    file = folder / shipped.ABOUT
    file.write_text(json.dumps({"torch": shipped.torch_release()}))
    return file


def came_along(file: Path) -> None:
    """Never raises: what cannot be used is not taken, and why is said in a line."""
    shipped.why_none.cache_clear()
    with mock.patch.object(shipped, "FOLDER", file.parent):
        why = shipped.why_none()
    shipped.why_none.cache_clear()
    print(plain(why or ""), end="")


def stamp(folder: Path) -> Path:
    environment(folder).python({})
    return folder / "venv" / STAMP


def environment(folder: Path) -> EnvironmentBuild:
    """None of whose commands runs anything: an interpreter is an empty file."""

    def run(*_: object) -> int:
        (folder / "venv" / "bin").mkdir(parents=True, exist_ok=True)
        (folder / "venv" / "bin" / "python").touch()
        return 0

    return EnvironmentBuild("head", folder, ["torch==2.13.0"], folder, lambda _: None, run)


def stamped(file: Path) -> None:
    """Taken as it is, or built anew: after either its stamp is right."""
    found = environment(file.parents[1])
    found.python({})
    assert file.read_text() == found._digest({})


def picture(folder: Path, form: str) -> Path:
    file = folder / f"picture.{form}"
    pixels = np.arange(7 * 5 * 3, dtype=np.uint8).reshape(7, 5, 3)
    Image.fromarray(pixels).save(file)
    return file


def read_picture(file: Path) -> None:
    assert opened(str(file)).mode == "RGB"


def module(folder: Path) -> Path:
    """The source of a backend."""
    file = folder / "eager.py"
    file.write_text('import torch\n\ntry:\n    OPERATORS = {"a": 1}\nexcept ValueError:\n    pass\nBACKEND = 3\n')
    return file


def listed(file: Path) -> None:
    """By its source alone; nothing of it runs."""
    assignments._assigned.cache_clear()
    assert all(isinstance(name, str) for name in assignments.operator_names(file))
    assignments.look_of(file)


READERS = (
    Reader("exported model", model, read_model, share=20),
    Reader("kept model", kept_model, used_model, share=15),
    Reader("about a wheel's libraries", about, came_along, share=10),
    Reader("an environment's stamp", stamp, stamped, share=5),
    *(
        Reader(f"a picture ({form})", partial(picture, form=form), read_picture, share=10)
        for form in ("png", "jpg", "bmp", "gif", "tiff", "webp")
    ),
    Reader("a module's source", module, listed, share=20),
)
