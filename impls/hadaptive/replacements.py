"""Tables 5, 8 and 13: `python -m impls.hadaptive.replacements` prints what our replacements cost beside the paper's.

Costs are counted, not timed; no weights are loaded and nothing is trained. Needs timm, torchvision and transformers for
the tables that use them.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any

import typer

from impls.hadaptive.replacing import deviations
from impls.hadaptive.replacing.reported import reported
from impls.hadaptive.replacing.tables import BERTS, REPLACEMENTS, Row, Track, bert_line, bert_rows
from impls.hadaptive.replacing.tables import replacement_line as line
from impls.hadaptive.replacing.tables import replacement_rows as rows
from impls.hadaptive.training.command import application, numbers, run
from opbench.errors import unknown

WIDTH = 120
app = application()


@app.command(epilog="Example:  python -m impls.hadaptive.replacements --tables 5,8")
def replacements(tables: Annotated[str, typer.Option(help="Some of 5, 8 and 13.")] = "5,8,13") -> None:
    """Print parameters, MACs and FLOPs of models with ACH in them, ours beside the paper's."""
    chosen = [str(number) for number in numbers("--tables", tables)]
    for name in chosen:
        if name not in TABLES:
            raise unknown("table", name, TABLES, "of replacements")
    for name in chosen:
        TABLES[name](_shown(f"table {name}"))


def table5(track: Track) -> None:
    _print(
        "Table 5. The last two blocks replaced; 100 classes, one image of 224x224.",
        REPLACEMENTS,
        map(line, rows("table5", track)),
        deviations.table5(),
    )


def table8(track: Track) -> None:
    _print(
        "Table 8. The feed-forwards of the middle four encoders replaced; 100 classes, one image of 224x224.",
        REPLACEMENTS,
        map(line, rows("table8", track)),
        deviations.table8(),
    )


def table13(track: Track) -> None:
    rows: Iterable[Row] = bert_rows(track)
    _print(
        "Table 13. All feed-forwards of a BERT encoder replaced; one sequence of 128 tokens.",
        BERTS,
        map(bert_line, rows),
        deviations.table13(),
    )


TABLES: dict[str, Callable[[Track], None]] = {"5": table5, "8": table8, "13": table13}


def _print(title: str, head: str, lines: Iterable[str], sentences: Sequence[str]) -> None:
    body = list(lines)  # first: what is missing is to be said before half a table is out
    print(f"{title}\n\n{head}")
    for one in body:
        print(one)
    print(f"\n* {reported()['source']}\n")
    for sentence in sentences:
        print(textwrap.fill(sentence, WIDTH, initial_indent="- ", subsequent_indent="  "))
    print("\n")


def _shown(what: str) -> Track:
    """A bar on standard error while the models are counted, about a second each."""

    def track(models: Sequence[Any]) -> Iterable[Any]:
        from rich.console import Console
        from rich.progress import track as bar

        console = Console(stderr=True)
        return bar(models, f"counting {what}", console=console, transient=True, disable=not console.is_terminal)

    return track


if __name__ == "__main__":
    run(app, "replacements", "nothing was kept; it starts anew")
