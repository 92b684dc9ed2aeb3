"""The project's documents, as the tests that hold them against the code read them."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import headstart
from headstart.core.registry import Registry

PROJECT = Path(__file__).resolve().parents[1]
HOUSE = Path(headstart.__file__).parent
PAGES = sorted((PROJECT / "docs" / "write-your-own").glob("*.md"))


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def blocks(path: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text_of(path), re.DOTALL | re.MULTILINE)


def code_spans(path: Path) -> list[str]:
    prose = re.sub(r"^```.*?^```$", "", text_of(path), flags=re.DOTALL | re.MULTILINE)
    return re.findall(r"`([^`\n]+)`", prose)


def registries() -> list[Registry]:
    """Every registry that a file of the source names, ``NAME = Registry("package", "kind")``."""
    return [Registry(package, kind) for package, kind in _named()]


@cache
def _named() -> list[tuple[str, str]]:
    calls = [
        node.value
        for path in sorted(HOUSE.rglob("*.py"))
        for node in ast.parse(text_of(path)).body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
    ]
    made = [call for call in calls if ast.unparse(call.func) == "Registry"]
    return [(ast.literal_eval(call.args[0]), ast.literal_eval(call.args[1])) for call in made]
