"""The bar of the house, measured: small functions, small files, full docstrings, no forbidden names, short prose."""

import ast
import statistics
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ["weather", "buildings", "sim", "optimiser", "scripts"]
FILES = [ROOT / "vocabulary.py", ROOT / "datafile.py", ROOT / "netcdf.py"]
FILES += [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
TEXTS = sorted(ROOT.glob("*.md"))
TEXTS += [path for room in [*ROOMS, "docs", "tests"] for path in sorted((ROOT / room).rglob("*.md"))]
BANNED = {"utils", "helpers", "common", "core", "manager", "misc", "new"}


def functions(path):
    tree = ast.parse(path.read_text())
    return [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]


def body_lines(node):
    """Lines of the body without its docstring."""
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def own_raises(node):
    """Tell whether a function itself raises an error; `typer.Exit` is how a command ends, not an error."""
    stack, found = list(node.body), False
    while stack:
        item = stack.pop()
        if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            continue
        found |= isinstance(item, ast.Raise) and item.exc is not None and "typer.Exit" not in ast.unparse(item.exc)
        stack.extend(ast.iter_child_nodes(item))
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_file_is_small_and_well_named(path):
    assert len(path.read_text().splitlines()) <= 400
    assert path.stem not in BANNED


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_function_above_sixty_lines(path):
    long = {n.name: body_lines(n) for n in functions(path) if body_lines(n) > 60}
    assert long == {}


def test_median_function_is_below_ten_lines():
    assert statistics.median(body_lines(n) for path in FILES for n in functions(path)) < 10


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_public_functions_that_raise_say_so(path):
    silent = [
        n.name
        for n in functions(path)
        if not n.name.startswith("_") and own_raises(n) and "Raises" not in (ast.get_docstring(n) or "")
    ]
    assert silent == []


def prose(path):
    """Number and text of the lines outside of code blocks and tables."""
    inside = False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        fence = line.lstrip().startswith("```")
        inside ^= fence
        if not (inside or fence or line.lstrip().startswith("|")):
            yield number, line


@pytest.mark.parametrize("path", TEXTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_prose_is_wrapped(path):
    assert [number for number, line in prose(path) if len(line) > 120] == []
