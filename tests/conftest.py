"""What every test shares: the real material where it is present, and a store of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data sets and backbones; tests that need it skip where it is absent."""
    if not (SHARED / "data" / "INDEX.csv").exists():
        pytest.skip("the real data sets and backbones are not beside this checkout (../shared)")
    return SHARED


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stored activations never leak between a test run and the person's own cache."""
    monkeypatch.setenv("HEADSTART_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
    monkeypatch.delenv("HEADSTART_MODELS", raising=False)
