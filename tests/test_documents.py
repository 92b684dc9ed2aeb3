"""The documents tell the truth: rooms, paths, flags and constants exist, and every example plug-in works."""

from __future__ import annotations

import argparse
import ast
import re
import shlex
import subprocess
from pathlib import Path

import pytest

import headstart
from documents import HOUSE, PAGES, PROJECT, blocks, code_spans, registries, text_of
from headstart.cli import _parser

DOCUMENTS = [PROJECT / "README.md", PROJECT / "ARCHITECTURE.md", PROJECT / "docs" / "README.md", *PAGES]


# -- README ------------------------------------------------------------------------------------------------


def shell_lines() -> list[str]:
    return [line for block in blocks(PROJECT / "README.md", "sh") for line in block.splitlines()]


def first_and_second() -> tuple[str, str]:
    chained = [line for line in shell_lines() if line.startswith("python3 -m venv")]
    assert len(chained) == 2
    return chained[0], chained[1]


def test_readme_has_the_two_commands_in_one_line_each() -> None:
    fit, test = first_and_second()
    assert "headstart fit examples/support_messages.csv" in fit
    assert test.endswith("-m pytest -n auto")
    assert len(text_of(PROJECT / "README.md").splitlines()) <= 190


def test_the_extras_that_readme_installs_exist() -> None:
    extras = text_of(PROJECT / "pyproject.toml").split("[project.optional-dependencies]")[1].split("\n[")[0]
    for command in first_and_second():
        (listed,) = re.findall(r"'\.\[([\w,]+)\]'", command)
        for extra in listed.split(","):
            assert re.search(rf"^{extra} = ", extras, re.MULTILINE), extra


ASKED_FOR_ALL = {"fit": ["strategies"], "explain": ["explanations"]}
"""Rooms whose plug-ins a command asks without having been told which."""

BY_ENDING = {".parquet": "parquet"}


def extras_of(room: str) -> set[str]:
    """The extras that the plug-ins of a room ask for: what stands second in their ``require(…)``."""
    calls = [
        node
        for path in (HOUSE / room).glob("*.py")
        for node in ast.walk(ast.parse(text_of(path)))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "require"
    ]
    return {ast.literal_eval(call.args[1]) for call in calls}


def commands_to_try() -> list[list[str]]:
    """The commands of README's first section, as lines and in the text."""
    section = text_of(PROJECT / "README.md").split("## Try it")[1].split("To set up")[0]
    spans = re.findall(r"(?<!`)`(headstart [^`]+)`(?!`)", section)
    lines = [line for block in re.findall(r"```sh\n(.*?)```", section, re.DOTALL) for line in block.splitlines()]
    return [arguments for line in [*lines, *spans] for arguments in commands_of(line)]


def test_readme_installs_the_extras_that_its_commands_need() -> None:
    (listed,) = re.findall(r"'\.\[([\w,]+)\]'", first_and_second()[0])
    tried = commands_to_try()
    assert {arguments[0] for arguments in tried} >= {"fit", "predict", "explain", "compare"}
    needed = {"offline"}  # none of them names a backbone
    for command, *rest in tried:
        needed |= {extra for room in ASKED_FOR_ALL.get(command, []) for extra in extras_of(room)}
        needed |= {BY_ENDING[Path(word).suffix] for word in rest if Path(word).suffix in BY_ENDING}
    assert needed >= {"explain", "lora"}
    assert needed <= set(listed.split(","))


BY_NAME_ALONE = {"ultralytics"}
"""Extras whose licence binds what is made with them: nobody gets them who has not asked."""


def test_the_extra_all_is_all_that_asks_for_nothing() -> None:
    extras = text_of(PROJECT / "pyproject.toml").split("[project.optional-dependencies]")[1].split("\n[")[0]
    names = set(re.findall(r"^(\w+) = ", extras, re.MULTILINE)) - {"all", "dev"} - BY_NAME_ALONE
    (everything,) = re.findall(r'^all = \["headstart\[([\w,]+)\]"\]', extras, re.MULTILINE)
    assert set(everything.split(",")) == names


def test_the_check_of_the_project_runs_the_second_command_last() -> None:
    script = PROJECT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    assert "set -euo pipefail" in text_of(script)
    assert text_of(script).splitlines()[-1] == first_and_second()[1]


def test_the_check_of_the_project_demands_the_browser_that_it_installs() -> None:
    from browser import DEMANDED

    assert f"export {DEMANDED}=" in text_of(PROJECT / ".ci" / "run")


def commands_of(line: str) -> list[list[str]]:
    """The headstart commands of a shell line, each as its arguments."""
    words = shlex.split(line, comments=True)
    starts = [i for i, word in enumerate(words) if Path(word).name == "headstart"]
    return [words[i + 1 :] for i in starts]


def test_every_command_in_readme_is_understood() -> None:
    parsed = [arguments for line in shell_lines() for arguments in commands_of(line)]
    assert {arguments[0] for arguments in parsed} >= {"fit", "predict", "evaluate"}
    for arguments in parsed:
        assert callable(_parser().parse_args(arguments).run)


def subcommands() -> dict[str, argparse.ArgumentParser]:
    actions = _parser()._actions
    return dict(next(action for action in actions if isinstance(action, argparse._SubParsersAction)).choices)


def test_every_flag_named_in_a_document_exists() -> None:
    known = {flag for parser in subcommands().values() for flag in parser._option_string_actions}
    for path in DOCUMENTS:
        named = {flag for span in code_spans(path) for flag in re.findall(r"(?<![\w-])--?[a-z][a-z-]*", span)}
        own = {"--import-mode"}
        assert named - own <= known, path.name


def test_the_table_of_options_is_complete() -> None:
    table = text_of(PROJECT / "README.md").split("| option of `fit` |")[1].split("\n\n")[0]
    flags = {flag for flag in subcommands()["fit"]._option_string_actions if flag.startswith("--")}
    assert flags - {"--help"} == set(re.findall(r"--[a-z][a-z-]*", table))


def test_the_result_has_the_keys_that_readme_names() -> None:
    from headstart.core.results import ExampleCounts, FitResult, Seconds

    paragraph = text_of(PROJECT / "README.md").split("`result.json`, and")[1].split("every figure")[0]
    made = FitResult("", "", "", 0, [], "", None, Seconds(), ExampleCounts()).to_json()
    assert set(re.findall(r"`(\w+)`", paragraph)) == set(made)


def test_python_in_readme_compiles_and_names_what_exists() -> None:
    for block in blocks(PROJECT / "README.md", "python"):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) in ("headstart", "model"):
                owner = headstart if ast.unparse(node.value) == "headstart" else headstart.Model
                assert hasattr(owner, node.attr), node.attr
    for name in re.findall(r"headstart\.(Headstart\w+)", text_of(PROJECT / "README.md")):
        assert name in headstart.__all__


# -- ARCHITECTURE and the links of all ---------------------------------------------------------------------


def rooms() -> set[str]:
    folders = {path.parent.relative_to(HOUSE).as_posix() for path in HOUSE.rglob("*.py")} - {"."}
    return folders | {path.name for path in HOUSE.glob("*.py") if not path.stem.startswith("__")}


def floors_table() -> dict[str, tuple[bool, int]]:
    rows = re.findall(r"^\| `([\w/.]+)`( \*)? \| (\d) \|", text_of(PROJECT / "ARCHITECTURE.md"), re.MULTILINE)
    return {name: (bool(mark), int(floor)) for name, mark, floor in rows}


def test_architecture_names_every_room_and_no_other() -> None:
    assert set(floors_table()) == rooms()


def test_architecture_has_the_floors_that_are_enforced() -> None:
    tree = ast.parse(text_of(PROJECT / "tests" / "test_house.py"))
    made = {ast.unparse(node.targets[0]): node.value for node in tree.body if isinstance(node, ast.Assign)}
    enforced = ast.literal_eval(made["FLOORS"])
    for name, (_, floor) in floors_table().items():
        assert enforced[name.split("/")[0].removesuffix(".py")] == floor, name


def test_architecture_marks_the_plugin_folders() -> None:
    marked = {name for name, (is_plugin_folder, _) in floors_table().items() if is_plugin_folder}
    assert marked == {r.package.removeprefix("headstart.").replace(".", "/") for r in registries()}


def test_every_path_named_in_architecture_exists() -> None:
    for span in code_spans(PROJECT / "ARCHITECTURE.md"):
        if re.fullmatch(r"[\w/]+/[\w]+\.py", span):
            assert (HOUSE / span).is_file() or (PROJECT / span).is_file(), span


def test_every_constant_in_architecture_has_that_value() -> None:
    stated = [span for span in code_spans(PROJECT / "ARCHITECTURE.md") if " = " in span]
    assert len(stated) >= 3
    for span in stated:
        file, assignment = span.split(": ")
        assert assignment in text_of(HOUSE / file).splitlines(), span


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(PROJECT).as_posix())
def test_every_link_leads_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", text_of(path)):
        assert (path.parent / target).exists(), target


# -- licence and check --------------------------------------------------------------------------------------


def test_the_licence_is_the_one_that_the_project_names() -> None:
    licence = text_of(PROJECT / "LICENSE")
    assert "Apache License" in licence.splitlines()[1]
    assert "END OF TERMS AND CONDITIONS" in licence
    assert 'license = "Apache-2.0"' in text_of(PROJECT / "pyproject.toml")


def test_the_check_of_the_project_is_sound_shell() -> None:
    subprocess.run(["bash", "-n", str(PROJECT / ".ci" / "run")], check=True)
