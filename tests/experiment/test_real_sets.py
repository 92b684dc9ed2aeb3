"""Small parts of the real sets with the real backbones: the figures are worth having."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest

from small_world import PROBE, result_of, status

pytestmark = pytest.mark.usefixtures("few_reasons")


@pytest.fixture
def real(shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HEADSTART_MODELS", str(shared / "backbones"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.chdir(tmp_path)
    return shared


def some(source: Path, target: Path, counts: dict[str, int]) -> None:
    """The first few files of every class of every split."""
    for split, count in counts.items():
        for folder in sorted(path for path in (source / split).iterdir() if path.is_dir()):
            (target / split / folder.name).mkdir(parents=True)
            for path in sorted(folder.iterdir())[:count]:
                shutil.copy(path, target / split / folder.name)


def test_flowers_by_a_linear_head_on_squeezenet(real: Path) -> None:
    """Five kinds of flowers, 20 pictures each to learn from: always saying one kind would be right one in five."""
    some(real / "data" / "flowers", Path("flowers"), {"train": 20, "test": 8})
    assert status("fit", "flowers", "--backbone", "torchvision_squeezenet1_1", "--out", "m", *PROBE) == 0
    result = result_of(Path("m"))
    assert result["examples"] == {"train": 80, "validation": 20, "test": 40, "set_aside": 0}
    assert result["test"]["accuracy"][0] > 0.6


def test_spam_by_a_tiny_language_model(real: Path) -> None:
    """240 messages: better than a coin on both classes, which saying ham is not."""
    with (real / "data" / "sms_spam" / "train.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    kept = [row for label in ("spam", "ham") for row in [r for r in rows[1:] if r[1] == label][:120]]
    with Path("sms.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([rows[0], *kept])
    assert status("fit", "sms.csv", "--backbone", "llama_stories260k", "--out", "m", *PROBE) == 0
    assert result_of(Path("m"))["test"]["balanced_accuracy"][0] > 0.75


def test_a_real_cache_is_not_needed_twice(real: Path) -> None:
    """The test split's activations lie in the store too: a second fit computes none."""
    some(real / "data" / "vehicles", Path("vehicles"), {"train": 5, "test": 2})
    seconds = []
    for name in ("one", "two"):
        assert status("fit", "vehicles", "--backbone", "torchvision_squeezenet1_1", "--out", name, *PROBE) == 0
        seconds.append(result_of(Path(name))["seconds"])
    assert result_of(Path("one"))["test"] == result_of(Path("two"))["test"]
    assert seconds[1]["forward"] < 0.2 * seconds[0]["forward"]
