"""The house stands as the design says: floors, no circles, no branch on a plug-in's name, small rooms."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import headstart

ROOT = Path(headstart.__file__).parent
FLOORS = {
    "core": 1,
    "data": 2, "tasks": 2, "backbones": 2, "alignments": 2, "transferability": 2, "diagnosis": 2,
    "validators": 2,
    "model": 3, "frozen": 3,
    "training": 4, "delivery": 4, "explanations": 4,
    "strategies": 5, "pretraining": 5,
    "ladder": 6, "adaptations": 6,
    "experiment": 7,
    "cli": 8, "estimator": 8, "__main__": 9, "__init__": 9,
}  # fmt: skip
PLUGIN_FOLDERS = [
    "data/readers", "data/modalities", "tasks", "backbones", "diagnosis", "frozen/engines", "strategies", "cli",
    "explanations", "transferability", "alignments", "adaptations", "validators", "pretraining",
]  # fmt: skip
FILES = sorted(ROOT.rglob("*.py"))


def module_name(path: Path) -> str:
    parts = ["headstart", *path.relative_to(ROOT).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


KNOWN = frozenset(module_name(path) for path in FILES)


@cache
def imports(path: Path) -> list[tuple[str, bool]]:
    """Modules of headstart that a file imports, lazily or not; and whether only for type checking."""
    return list(_imports(path))


def _imports(path: Path) -> Iterator[tuple[str, bool]]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            if name.startswith("headstart"):
                yield name, id(node) in typing_only


def existing_module(name: str) -> str:
    """`headstart.core.errors.InputError` → `headstart.core.errors`."""
    while name not in KNOWN:
        name = name.rpartition(".")[0]
    return name


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_imports_run_downward_and_never_across_a_floor(path: Path) -> None:
    here = room(module_name(path))
    for name, _ in imports(path):
        there = room(existing_module(name))
        if there in (here, "__init__"):
            continue
        assert FLOORS[there] < FLOORS[here], f"{module_name(path)} (floor {FLOORS[here]}) imports {name}"


def test_every_room_has_a_floor() -> None:
    assert {room(module_name(path)) for path in FILES} <= FLOORS.keys()


def test_no_circle_of_imports() -> None:
    edges = {
        module_name(path): {
            there
            for name, typing_only in imports(path)
            if not typing_only and (there := existing_module(name)) != module_name(path)
        }
        for path in FILES
    }
    done: set[str] = set()

    def visit(module: str, above: tuple[str, ...]) -> None:
        assert module not in above, " → ".join([*above[above.index(module) :], module])
        if module not in done:
            for imported in edges[module]:
                visit(imported, (*above, module))
            done.add(module)

    for module in edges:
        visit(module, ())


@pytest.mark.parametrize("outer", ["backbones", "experiment", "tasks"])
def test_rooms_within_a_room_form_no_circle_and_import_no_plug_in(outer: str) -> None:
    inner = {path.parent.name for path in (ROOT / outer).glob("*/__init__.py")}
    edges: dict[str, set[str]] = {}
    for path in (ROOT / outer).rglob("*.py"):
        within = [existing_module(name).split(".")[2:] for name, _ in imports(path) if room(name) == outer]
        first = {parts[0] for parts in within if parts}
        if path.parent.name in inner:
            edges.setdefault(path.parent.name, set()).update(first & inner - {path.parent.name})
            assert outer == "experiment" or not first & plugin_names(), path.name
        elif outer == "experiment":
            assert not first & inner, f"{path.name} is what the rooms of experiment stand on"
    TopologicalSorter(edges).prepare()


def plugin_names() -> set[str]:
    return {
        path.stem
        for folder in PLUGIN_FOLDERS
        for path in (ROOT / folder).glob("*.py")
        if path.stem != "base" and not path.stem.startswith("_")
    }


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_nothing_branches_on_a_plugin_name(path: Path) -> None:
    if any(path.is_relative_to(ROOT / folder) for folder in PLUGIN_FOLDERS):
        return
    names = plugin_names()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Compare):
            words = [c.value for c in [node.left, *node.comparators] if isinstance(c, ast.Constant)]
            assert not names & {word for word in words if isinstance(word, str)}, ast.unparse(node)


@pytest.mark.parametrize("folder", PLUGIN_FOLDERS)
def test_plugins_import_the_contract_not_the_face_of_their_folder(folder: str) -> None:
    package = "headstart." + folder.replace("/", ".")
    for path in (ROOT / folder).glob("*.py"):
        if path.stem not in ("base", "__init__"):
            for name, _ in imports(path):
                assert existing_module(name) != package, f"{path.name} imports {package}"


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_rooms_are_small_and_have_a_caption(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 300, "over 300 lines: is this one idea?"
    assert ast.get_docstring(ast.parse(text)), "the first line should say what this file is"


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_users_never_meet_an_assert_a_pickle_or_a_swallowed_error(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        assert not isinstance(node, ast.Assert)
        if isinstance(node, ast.ExceptHandler):
            assert not all(isinstance(inner, ast.Pass) for inner in node.body), "an error swallowed in silence"
        if isinstance(node, ast.Call):
            call = ast.unparse(node)
            assert not call.startswith(("pickle.", "joblib.load", "eval(", "exec("))
            assert not call.startswith("torch.load(") or "weights_only=True" in call
            assert "trust_remote_code=True" not in call
