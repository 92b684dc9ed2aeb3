"""The tool's own process: settings that must stand before torch starts, for it alone."""

from __future__ import annotations

import argparse
import os
import sys
import types
from pathlib import Path

import pytest

from headstart.cli import _parser, _prepare_process
from small_world import status


def test_what_is_written_is_named_by_one_letter_in_every_command() -> None:
    (commands,) = (action for action in _parser()._actions if isinstance(action, argparse._SubParsersAction))
    named = {
        name: action.option_strings
        for name, parser in commands.choices.items()
        for action in parser._actions
        if action.dest == "out"
    }
    assert {"fit", "predict", "explain"} <= named.keys()
    assert all(strings == ["-o", "--out"] for strings in named.values()), named


SETTINGS = {"THP_MEM_ALLOC_ENABLE": "1", "OMP_WAIT_POLICY": "PASSIVE"}


def test_a_command_sets_huge_pages_and_passive_threads(at_hand: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SETTINGS:
        monkeypatch.setenv(name, "")  # so that it is put back afterwards
        monkeypatch.delenv(name)
    assert status("models") == 0
    assert {name: os.environ.get(name) for name in SETTINGS} == SETTINGS


def test_what_a_person_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    monkeypatch.setenv("THP_MEM_ALLOC_ENABLE", "0")
    _prepare_process()
    assert os.environ["OMP_WAIT_POLICY"] == "ACTIVE"
    assert os.environ["THP_MEM_ALLOC_ENABLE"] == "0"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other C libraries have no arenas")
def test_all_threads_share_one_heap_unless_a_person_says_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []
    library = types.SimpleNamespace(mallopt=lambda *given: asked.append(given))
    monkeypatch.setattr("ctypes.CDLL", lambda name: library)
    monkeypatch.setenv("MALLOC_ARENA_MAX", "4")
    _prepare_process()
    assert not asked
    monkeypatch.delenv("MALLOC_ARENA_MAX")
    _prepare_process()
    assert asked == [(-8, 1)]
    monkeypatch.setattr("ctypes.CDLL", lambda name: types.SimpleNamespace())  # musl knows no such thing
    _prepare_process()
