"""`opbench new file`: what is written and what to do next; packages are another test's."""

from __future__ import annotations

from pathlib import Path

import pytest

from opbench.commands import new


def test_a_file_is_named_with_the_commands_that_take_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder := tmp_path / "a folder").mkdir()
    assert new.run("file", "gated", folder) == 0
    said, check, sweep = capsys.readouterr().out.splitlines()
    file = folder / "gated.py"
    compile(file.read_text(), str(file), "exec")
    assert said == f"{file}: an operator with two backends"
    assert (check, sweep) == (f"  opbench check '{file}'", f"  opbench sweep '{file}'")
