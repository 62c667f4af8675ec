"""The site's pages that lie elsewhere in the repository, and those of the reference, which docstrings fill."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

ELSEWHERE = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "CHANGELOG.md": "changelog.md",
    "tests/README.md": "tests.md",
}
"""By their paths in the repository, the names these pages have on the site."""

REFERENCE = {
    "opbench": ("opbench",),
    "cross_hadamard": ("impls.cross_hadamard.functional",),
    "networks": ("impls.hadaptive.network", "impls.hadaptive.replacing"),
    "export": ("impls.exported.export", "impls.exported.session"),
}
"""By page, the modules whose docstrings it shows."""

IMAGE = re.compile(r"\]\(docs/figures/")
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)#:]+)(#[^)]*)?\)")


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages that do not lie in the folder of documents."""
    root = Path(config.docs_dir).parent
    for source, page in ELSEWHERE.items():
        text = (root / source).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=rewritten(text, Path(source))))
    for page, modules in REFERENCE.items():
        blocks = "\n\n".join(f"::: {module}" for module in modules)
        files.append(File.generated(config, f"reference/{page}.md", content=blocks))
    return files


def on_page_markdown(markdown: str, *, page: object, **_: object) -> str:
    """Links of the documents to pages that lie elsewhere in the repository."""
    del page
    return rewritten(markdown, Path("docs", "page.md"))


def rewritten(text: str, source: Path) -> str:
    """The text with links to pages as they are named on the site, and without those to files that are no pages.

    source: where in the repository the text is from.
    """

    def on_site(link: re.Match[str]) -> str:
        path = os.path.normpath(source.parent / link[2])
        if path in ELSEWHERE:
            return f"[{link[1]}]({ELSEWHERE[path]}{link[3] or ''})"
        if path.startswith("docs/"):
            return f"[{link[1]}]({path.removeprefix('docs/')}{link[3] or ''})"
        return link[1]

    return IMAGE.sub("](figures/", LINK.sub(on_site, text))
