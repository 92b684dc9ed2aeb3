"""The file name is the plug-in's name; listing imports nothing; outside packages join by entry point."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest

from headstart.core.errors import UsageError
from headstart.core.registry import Registry, class_name
from headstart.strategies import STRATEGIES


def test_names_are_the_files_of_the_folder_without_contract_and_parts():
    import headstart.strategies

    files = {path.stem for path in Path(headstart.strategies.__file__).parent.glob("*.py")}
    assert set(STRATEGIES.names()) == {name for name in files if name != "base" and not name.startswith("_")}
    assert STRATEGIES.names() == sorted(STRATEGIES.names())


def test_listing_imports_neither_the_plugins_nor_torch():
    code = (
        "import sys; from headstart.strategies import STRATEGIES; assert STRATEGIES.names(); "
        "sys.exit('torch' in sys.modules or 'headstart.strategies.fine_tuning' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_plugin_is_the_class_named_after_its_file():
    assert STRATEGIES.load("fine_tuning").__name__ == "FineTuning" == class_name("fine_tuning")


def test_an_unknown_name_is_answered_with_the_nearest_and_all():
    with pytest.raises(UsageError, match=r"'fine_tunning'\. Did you mean 'fine_tuning'\? Available: .*low"):
        STRATEGIES.load("fine_tunning")


def test_an_entry_point_joins_the_listed(monkeypatch: pytest.MonkeyPatch):
    point = importlib.metadata.EntryPoint("from_outside", "collections:OrderedDict", "headstart.strategies")

    def points(group: str) -> list[importlib.metadata.EntryPoint]:
        return [point] if group == "headstart.strategies" else []

    monkeypatch.setattr(importlib.metadata, "entry_points", points)
    registry = Registry("headstart.strategies", "strategy")
    assert "from_outside" in registry.names()
    assert registry.load("from_outside").__name__ == "OrderedDict"
    assert "from_outside" not in Registry("headstart.tasks", "task").names()
