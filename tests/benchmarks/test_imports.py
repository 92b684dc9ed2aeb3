"""What the benchmarks, recipes and examples import of headstart is there, within functions too."""

from __future__ import annotations

import ast
import importlib
import importlib.util
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
SCRIPTS = sorted(
    path for folder in ("benchmarks", "recipes", "examples") for path in (PROJECT / folder).rglob("*.py")
)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_what_it_imports_of_headstart_is_there(script: Path) -> None:
    """A name that has moved is noticed here, not hours into a measurement."""
    for node in ast.walk(ast.parse(script.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "headstart":
            module = importlib.import_module(str(node.module))
            for name in (alias.name for alias in node.names):
                assert hasattr(module, name) or importlib.util.find_spec(f"{node.module}.{name}"), name
