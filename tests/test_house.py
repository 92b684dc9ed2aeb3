"""The house stands as the design says: floors, no circles, no branch on a plug-in's name, small rooms."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import headstart
from documents import registries

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
FILES = sorted(ROOT.rglob("*.py"))


def module_name(path: Path) -> str:
    parts = ["headstart", *path.relative_to(ROOT).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


KNOWN = frozenset(module_name(path) for path in FILES)


@dataclass(frozen=True)
class Facts:
    """What the rules ask of one file.

    ``imports`` are the modules of headstart that it imports, lazily or not, and whether only for type checking;
    ``compared`` are its comparisons, each with the words that it compares with; ``offences`` is what no file may do.
    """

    imports: list[tuple[str, bool]]
    compared: list[tuple[str, set[str]]]
    lines: int
    captioned: bool
    offences: list[str]


@cache
def facts(path: Path) -> Facts:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    nodes = list(ast.walk(tree))
    return Facts(
        list(_imports(nodes)),
        [(ast.unparse(node), words) for node in nodes if (words := _compared(node))],
        text.count("\n"),
        bool(ast.get_docstring(tree)),
        [what for node in nodes if (what := offence(node))],
    )


def imports(path: Path) -> list[tuple[str, bool]]:
    return facts(path).imports


def _imports(nodes: list[ast.AST]) -> Iterator[tuple[str, bool]]:
    typing_only = {
        id(inner)
        for node in nodes
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    for node in nodes:
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            if name.startswith("headstart"):
                yield name, id(node) in typing_only


def _compared(node: ast.AST) -> set[str]:
    """The words that a comparison names, alone or in a literal collection."""
    if isinstance(node, ast.MatchValue):
        sides = [node.value]
    elif isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
    else:
        return set()
    listed = [side.elts if isinstance(side, (ast.Tuple, ast.List, ast.Set)) else [side] for side in sides]
    constants = [each.value for several in listed for each in several if isinstance(each, ast.Constant)]
    return {word for word in constants if isinstance(word, str)}


def offence(node: ast.AST) -> str:
    """What `node` does that no file of the house may do; empty for nothing."""
    if isinstance(node, ast.Assert):
        return "an assert, which a user may meet"
    if isinstance(node, ast.ExceptHandler) and all(isinstance(inner, ast.Pass) for inner in node.body):
        return "an error swallowed in silence"
    if isinstance(node, ast.ImportFrom) and node.level:
        return "a relative import, which hides its floor"
    if not isinstance(node, ast.Call):
        return ""
    function = ast.unparse(node.func)
    given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
    runs_code = function.startswith(("pickle.", "joblib.load")) or function in ("eval", "exec")
    unpickles = function == "torch.load" and given.get("weights_only") != "True"
    if runs_code or unpickles or given.get("trust_remote_code") == "True":
        return f"{function}, which runs code that comes with data"
    return ""


def existing_module(name: str) -> str:
    """`headstart.core.errors.InputError` → `headstart.core.errors`."""
    while name not in KNOWN:
        name = name.rpartition(".")[0]
    return name


def test_imports_run_downward_and_never_across_a_floor() -> None:
    upward = []
    for path in FILES:
        here = room(module_name(path))
        for name, _ in imports(path):
            there = room(existing_module(name))
            if there not in (here, "__init__") and FLOORS[there] >= FLOORS[here]:
                upward.append(f"{module_name(path)} (floor {FLOORS[here]}) imports {name}")
    assert upward == []


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


@cache
def plugin_folders() -> list[Path]:
    return [ROOT.joinpath(*registry.package.split(".")[1:]) for registry in registries()]


@cache
def plugin_names() -> set[str]:
    return {
        path.stem
        for folder in plugin_folders()
        for path in folder.glob("*.py")
        if path.stem != "base" and not path.stem.startswith("_")
    }


def test_nothing_branches_on_a_plugin_name() -> None:
    outside = [path for path in FILES if not any(path.is_relative_to(folder) for folder in plugin_folders())]
    branches = [(path, text) for path in outside for text, words in facts(path).compared if words & plugin_names()]
    assert [f"{module_name(path)}: {text}" for path, text in branches] == []


def test_plugins_import_the_contract_not_the_face_of_their_folder() -> None:
    plugins = [
        path for folder in plugin_folders() for path in folder.glob("*.py") if path.stem not in ("base", "__init__")
    ]
    faces = [
        f"{module_name(path)} imports {name}"
        for path in plugins
        for name, _ in imports(path)
        if existing_module(name) == module_name(path.with_name("__init__.py"))
    ]
    assert faces == []


def test_rooms_are_small() -> None:
    """Over 300 lines: is this one idea?"""
    assert [f"{module_name(path)}: {facts(path).lines} lines" for path in FILES if facts(path).lines > 300] == []


def test_rooms_have_a_caption() -> None:
    """The first line should say what a file is."""
    assert [module_name(path) for path in FILES if not facts(path).captioned] == []


def test_users_never_meet_an_assert_a_pickle_or_a_swallowed_error() -> None:
    assert [f"{module_name(path)}: {what}" for path in FILES for what in facts(path).offences] == []


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        ("assert x", "an assert"),
        ("try:\n    x()\nexcept OSError:\n    pass", "swallowed"),
        ("from .base import Task", "relative"),
        ("pickle.loads(x)", "pickle.loads"),
        ("torch.load(f(x, weights_only=True))", "torch.load"),
        ("torch.load(x, weights_only=False)", "torch.load"),
        ("load(x, trust_remote_code=True)", "load"),
        ("eval(x)", "eval"),
    ],
)
def test_an_offence_is_seen(line: str, seen: str) -> None:
    assert seen in "".join(offence(node) for node in ast.walk(ast.parse(line)))


@pytest.mark.parametrize("line", ["torch.load(x, weights_only=True)", "network.eval()", "from headstart import fit"])
def test_what_is_allowed_is_no_offence(line: str) -> None:
    assert [offence(node) for node in ast.walk(ast.parse(line)) if offence(node)] == []


@pytest.mark.parametrize("line", ['x == "a"', 'x in ("a", "b")', 'x not in ["b", "a"]', 'x in {"a"}', '"a" != x'])
def test_a_compared_word_is_seen(line: str) -> None:
    assert "a" in set().union(*[_compared(node) for node in ast.walk(ast.parse(line))])
