"""A page's scripts are all there is that may run in it, and every script is of some page."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest

from reports.history import case_page
from reports.layout.scripts import COMMON, FOLDER, policy, script
from reports.pages import difference_page, live_page, page, profile_page
from reports.pages.page import PAGE

from ..builders import record


def test_every_script_is_of_a_page() -> None:
    names = {*page.SCRIPTS, *difference_page.SCRIPTS, *profile_page.SCRIPTS, *case_page.SCRIPTS, *live_page.SCRIPTS}
    assert {file.stem for file in FOLDER.iterdir()} == names
    assert set(COMMON) < names


def test_the_policy_lets_the_text_of_the_one_script_run_and_nothing_else() -> None:
    text = PAGE([record()], [])
    (run,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(run.encode()).digest()).decode()
    (said,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert said.replace("&#39;", "'") == policy(run)
    assert f"script-src 'sha256-{digest}'" in policy(run)
    assert policy(run).startswith("default-src 'none'; ")


@pytest.mark.parametrize(
    "word", ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "fetch(", "import("]
)
def test_no_script_reads_text_as_html_or_loads_anything(word: str) -> None:
    for file in FOLDER.iterdir():
        assert word not in file.read_text(encoding="utf-8"), file.name


def test_no_script_ends_its_element() -> None:
    assert "</" not in script(page.SCRIPTS)


def test_a_script_that_is_none_is_refused() -> None:
    with pytest.raises(FileNotFoundError, match="nothing"):
        script(["nothing"])
