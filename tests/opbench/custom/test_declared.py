"""An operator declared in a file is known to every command, and a file that is wrong is one line."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from opbench import Case, Point, catalog, operator_files
from opbench.errors import UsageError
from opbench.measure.point import PointMeasurement
from opbench.planning.plan import plan
from opbench.planning.request import file_sweep
from opbench.vocabulary.record import Check, Failed, Outcome, Unavailable
from opbench.vocabulary.settings import Settings

HEAD = "import torch\nimport opbench\n"
ROWSUM = """
@opbench.operator(axes={"rows": 3, "kept": True, "kind": "sum"}, check=[{"rows": 5}])
def NAME(x, keep, kind):
    return getattr(x, kind)(-1, keepdim=keep)

@NAME.inputs
def _(rows, kept, kind):
    return torch.randn(rows, 7), kept, kind
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delenv(operator_files.VARIABLE, raising=False)
    known = set(sys.modules)
    yield tmp_path
    os.environ.pop(operator_files.VARIABLE, None)
    operator_files._declared.cache_clear()
    for name in set(sys.modules) - known:
        del sys.modules[name]


def written(folder: Path, name: str, text: str) -> str:
    path = folder / f"{name}.py"
    path.write_text(HEAD + text.replace("NAME", name))
    return str(path)


def verdicts(name: str) -> dict[str, Check | Outcome]:
    operator = catalog.operator(name)
    point = Point(name, operator.complete({}))
    cases = [Case(point, backend) for backend in catalog.backend_names(name)]
    return PointMeasurement(point, cases, Settings(), lambda *_: None).verify(operator)


def test_the_operators_of_a_file_are_known_with_their_axes_and_backends(folder: Path) -> None:
    more = """
@NAME.backend("prepared", prepares=True)
def prepared(x, keep, kind):
    return lambda: NAME(x, keep, kind)

@NAME.backend("absent")
def absent(x, keep, kind):
    import nowhere_to_be_found

@NAME.backend("gpu", device="cuda")
def gpu(x, keep, kind):
    return x

@NAME.backend("nothing", prepares=True)
def nothing(x, keep, kind):
    return x
"""
    file = written(folder, "own_rowsum", ROWSUM + more)
    assert operator_files.use(file) == ["own_rowsum"]
    operator = catalog.operator("own_rowsum")
    assert operator.complete({"kind": "mean"}) == {"rows": 3, "kept": True, "kind": "mean"}
    assert catalog.backend_names("own_rowsum") == ["absent", "eager", "gpu", "nothing", "prepared"]
    found = verdicts("own_rowsum")
    assert isinstance(found["eager"], Check)
    assert isinstance(found["prepared"], Check)
    assert found["absent"] == Unavailable("nowhere_to_be_found is not installed")
    assert found["gpu"] == Unavailable("runs on cuda, not on cpu")
    wrong = found["nothing"]
    assert isinstance(wrong, Failed)
    assert "expected the function to be timed" in wrong.reason
    assert os.environ[operator_files.VARIABLE] == file


def test_a_file_is_a_sweep_of_its_operators_that_the_command_line_widens(folder: Path) -> None:
    text = ROWSUM.replace("NAME", "first_of_two") + ROWSUM.replace("NAME", "second_of_two")
    file = written(folder, "own_two", text)
    assert {case.backend for task in plan(file_sweep(file), "cpu", "wall") for case in task.cases} == {"eager"}
    assert [task.point.operator for task in plan(file_sweep(file), "cpu", "wall")] == ["first_of_two", "second_of_two"]
    assert len(list(plan(file_sweep(f"{file}:second_of_two"), "cpu", "wall"))) == 1
    with pytest.raises(UsageError, match=r"declares first_of_two, second_of_two; name one, such as .*own_two.py:first"):
        operator_files.one_operator(file)
    with pytest.raises(UsageError, match="no operator 'third'"):
        operator_files.use(f"{file}:third")


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("own_a", "def broken(:\n", r"own_a.py cannot be imported: SyntaxError: .* \(line 3\)"),
        ("own_b", "\nraise ValueError('not today')\n", r"cannot be imported: ValueError: not today \(line 4\)"),
        ("own_c", "raise SystemExit(3)\n", r"ends the process when it is imported \(exit code 3\)"),
        (
            "own_j",
            "\nraise SystemExit('no\\nGPU')\n",
            r"ends the process when it is imported \('no'\) \(line 4\); guard",
        ),
        ("own_k", "import sys\nsys.exit()\n", r"\(exit code 0\) \(line 4\); guard that by __name__"),
        ("own_l", "x = '\0'\n", r"own_l.py cannot be imported: .*null bytes"),
        ("own_d", "import nowhere_to_be_found\n", "No module named 'nowhere_to_be_found'"),
        ("own_e", "x = 3\n", "declares no operator; expected a function under @opbench.operator"),
        (
            "own_f",
            ROWSUM.partition("@NAME.inputs")[0],
            "operator 'own_f' has no inputs; expected a function under @own_f.inputs",
        ),
        ("own_g", ROWSUM + ROWSUM.replace("NAME", "other").replace("])\n", "], name='own_g')\n"), "two operators"),
        ("own_h", ROWSUM + "@NAME.backend('eager')\ndef f(x): ...\n", "has a backend 'eager' already"),
        ("own_i", ROWSUM + "@NAME.backend('x', device='tpu')\ndef f(x): ...\n", "device of backend 'x' is 'tpu'"),
        ("json", ROWSUM, "'json' is .*give the file another name"),
        ("two-words", ROWSUM, "cannot be imported under the name 'two-words'"),
    ],
)
def test_a_file_that_is_wrong_is_one_line(name: str, text: str, says: str, folder: Path) -> None:
    with pytest.raises(UsageError, match=says) as refused:
        operator_files.use(written(folder, name, text))
    assert "\n" not in str(refused.value)


def test_what_a_file_prints_when_it_is_imported_stays_out_of_what_a_command_prints(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(folder, "own_printing", "print('\\nloading\\x1b[2J')\nprint('...')\n" + ROWSUM)
    assert operator_files.use(file) == ["own_printing"]
    told = capsys.readouterr()
    assert told.out == ""
    (line,) = told.err.splitlines()
    assert line == rf"{file} prints when it is imported, 'loading\x1b[2J' first; guard that by __name__"


def test_a_file_that_is_no_text_is_one_line(folder: Path) -> None:
    (folder / "own_bytes.py").write_bytes(b"x = '\xff\xfe'\n")
    with pytest.raises(UsageError, match=r"own_bytes.py cannot be imported: SyntaxError: [^\n]*utf-8[^\n]*$"):
        operator_files.use(str(folder / "own_bytes.py"))
    (folder / "own_folder.py").mkdir()
    with pytest.raises(UsageError, match=r"there is no file .*own_folder.py"):
        operator_files.use(str(folder / "own_folder.py"))


def test_a_file_that_is_not_there_is_named(folder: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no file .*absent.py; expected one that declares operators"):
        operator_files.use(str(folder / "absent.py"))


@pytest.mark.parametrize(
    ("text", "file"),
    [
        ("my_ops.py", True),
        ("a/b.py:c", True),
        ("package.module", True),
        ("channels", False),
        ("results/x", False),
        (".x", False),
    ],
)
def test_files_and_modules_are_told_from_names(text: str, file: bool) -> None:
    assert operator_files.is_file(text) is file
    if not file:
        assert operator_files.one_operator(text) == text


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a/my_ops.py", "my_ops"),
        ("my_ops.py:rmsnorm", "my_ops"),
        ("package.module", "package.module"),
        ("package.module:rmsnorm", "package.module"),
        ("channels", "channels"),
    ],
)
def test_runs_are_kept_under_the_file_or_the_whole_name(text: str, name: str) -> None:
    assert operator_files.run_name(text) == name
