"""What modules assign at their top level, read from their source: listing what there is imports none of its libraries.

`BACKEND`, `SWEEP` and `REPORT` say what a module is; `OPERATORS` names the operators of one that has several.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from opbench.errors import UsageError, describe_exception


class NoSourceError(UsageError):
    """A module's file that is no Python source."""


def package_folder(package: str) -> Path:
    """Where the package lies. Raises UsageError where it cannot be found."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise UsageError(f"the package {package!r} cannot be found; run from the repository or install opbench")
    return Path(next(iter(spec.submodule_search_locations)))


def operator_packages(root: str) -> Iterator[tuple[Path, str]]:
    """Every `operator.py` below a package, and the name of the package that holds it."""
    base = package_folder(root)
    for file in sorted(base.rglob("operator.py")):
        yield file, ".".join((root, *file.parent.relative_to(base).parts))


def operator_names(file: Path) -> list[str]:
    """The keys of the module's `OPERATORS`, or the name of its folder."""
    several = _assigned(file).get("OPERATORS") if b"OPERATORS" in _bytes(file) else None
    if not isinstance(several, ast.Dict):
        return [file.parent.name]
    return [key.value for key in several.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]


def backend_modules(package: str, name: str = "BACKEND") -> dict[str, str]:
    """Modules of an operator's package, and of its folder `backends`, by file name, that assign `name`."""
    found = modules_assigning(package, name)
    if (package_folder(package) / "backends").is_dir():
        found |= modules_assigning(f"{package}.backends", name)
    return found


def modules_assigning(package: str, name: str, *, below: bool = False) -> dict[str, str]:
    """Modules of the package, by file name in alphabetical order, that assign `name` at their top level; none is
    imported.

    below: those in folders below it as well. Raises UsageError where two of these have the same file name.
    """
    base = package_folder(package)
    assigning: dict[str, Path] = {}
    for file in sorted(base.rglob("*.py") if below else base.glob("*.py"), key=lambda file: (file.stem, file)):
        if name.encode() in _bytes(file) and name in _assigned(file):
            if file.stem in assigning:
                both = f"{assigning[file.stem]} and {file}"
                raise UsageError(f"{both} assign {name} under one name, {file.stem!r}; rename one of the files")
            assigning[file.stem] = file
    return {stem: ".".join((package, *file.relative_to(base).parts[:-1], stem)) for stem, file in assigning.items()}


def look_of(file: Path) -> tuple[str, str] | None:
    """Colour and marker: the argument `look` of the call that the file assigns to `BACKEND`; None where there is none.

    Raises UsageError for one that is not written out.
    """
    if b"BACKEND" not in _bytes(file):
        return None
    call = _assigned(file).get("BACKEND")
    given = [keyword.value for keyword in call.keywords if keyword.arg == "look"] if isinstance(call, ast.Call) else []
    for value in given:
        match value:
            case ast.Tuple(elts=[ast.Constant(value=str(colour)), ast.Constant(value=str(marker))]):
                return colour, marker
        wanted = 'expected a colour and a marker written out, such as ("#0072B2", "o")'
        raise UsageError(f"{file}: the look is {ast.unparse(value)}; {wanted}")
    return None


@lru_cache(maxsize=512)
def _bytes(file: Path) -> bytes:
    """Parsing takes 3 ms a file (EPYC 9004), so what a module does not mention is looked for no further."""
    return file.read_bytes()


@lru_cache(maxsize=512)
def _assigned(file: Path) -> dict[str, ast.expr | None]:
    """What a module assigns at its top level: names to the expressions. Raises NoSourceError."""
    found: dict[str, ast.expr | None] = {}
    try:
        tree = ast.parse(_bytes(file), str(file))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as exc:  # the last two of deep nesting
        raise NoSourceError(f"{file} is no Python source ({describe_exception(exc)}); mend or remove it") from exc
    for node in _top_level(tree.body):
        if isinstance(node, ast.Assign):
            found |= {target.id: node.value for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found[node.target.id] = node.value
        elif isinstance(node, ast.ImportFrom):
            names = (alias.asname or alias.name for alias in node.names)
            found |= dict.fromkeys(name for name in names if name in {"BACKEND", "SWEEP", "REPORT"})
    return found


def _top_level(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """A module's statements, and those within `try` and `if`, one of which runs when it is imported."""
    for node in body:
        yield node
        if isinstance(node, ast.Try | ast.If):
            handlers = [statement for handler in getattr(node, "handlers", ()) for statement in handler.body]
            yield from _top_level([*node.body, *handlers, *node.orelse])
