"""The recipe of the embedded backbone: it takes no test picture, draws others, and packs what was learnt in half."""

from __future__ import annotations

import hashlib
import importlib
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from headstart.backbones import load
from headstart.experiment.pretraining import plan as pretraining_plan

RECIPES = Path(__file__).resolve().parents[2] / "recipes"


@pytest.fixture
def recipe(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(RECIPES))
    module = importlib.import_module("embedded_backbone")
    monkeypatch.setattr(module, "GENERATED", 6)
    return module


@pytest.fixture
def data(recipe: ModuleType, tmp_path: Path) -> Path:
    """For each set three train pictures as the recipe expects them, one too large, and one of its test split."""
    random = np.random.default_rng(0)
    for pattern, _ in recipe.TAKEN.values():
        for split in ("train", "test"):
            folder = tmp_path / "data" / pattern.replace("/*", "/x").rpartition("/")[0].replace("train", split)
            folder.mkdir(parents=True)
            for number in range(3 if split == "train" else 1):
                values = random.integers(0, 255, (600 if number == 1 else 90, 100, 3), np.uint8)
                Image.fromarray(values).save(folder / f"{split}{number}.jpg")
    return tmp_path / "data"


def contents(folder: Path) -> set[str]:
    return {hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*.jpg")}


def test_no_test_picture_is_gathered_and_none_is_large(recipe: ModuleType, data: Path, tmp_path: Path) -> None:
    assert all("train" in pattern.split("/") for pattern, _ in recipe.TAKEN.values())
    recipe.gather(data, pictures := tmp_path / "pictures")
    assert {folder.name for folder in pictures.iterdir()} == {*recipe.TAKEN, "generated"}
    assert all(len(list((pictures / name).iterdir())) == 3 for name in recipe.TAKEN)
    sizes = [Image.open(path).size for path in pictures.rglob("*.jpg")]
    assert max(max(size) for size in sizes) == recipe.LONGEST
    tested = {hashlib.sha256(path.read_bytes()).hexdigest() for path in data.rglob("test0.jpg")}
    assert len(tested) == len(recipe.TAKEN)
    assert not tested & contents(pictures)
    with pytest.raises(SystemExit, match="exists already"):
        recipe.gather(data, pictures)


def test_scenes_are_repeatable_and_all_different(recipe: ModuleType, tmp_path: Path) -> None:
    import scenes

    for name, seed in (("a", 0), ("again", 0), ("b", 1)):
        scenes.write_scenes(tmp_path / name, 12, 48, seed)
    first, again, other = (contents(tmp_path / name) for name in ("a", "again", "b"))
    assert len(first) == 12
    assert first == again
    assert not first & other
    assert {path.stem.partition("_")[2] for path in (tmp_path / "a").iterdir()} == set(scenes.KINDS)


def test_what_is_packed_is_the_backbone_in_half_precision(
    recipe: ModuleType, photos: Path, at_hand: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pretraining_plan, "ENOUGH", 64)
    teacher = Path(load("tiny_resnet").card.path)
    recipe.train(
        SimpleNamespace(
            pictures=photos, teacher=teacher, out=Path("made"), budget="1s", course="streamed", size=32, resume=False
        )
    )
    packed, whole = load("made/packed"), load("made/backbone")
    stored = load_file("made/packed/model.safetensors")
    assert {tensor.dtype for tensor in stored.values() if tensor.dim() > 1} == {torch.float16}
    for name, tensor in whole.state_dict().items():
        assert torch.allclose(packed.state_dict()[name], tensor, rtol=2e-3, atol=1e-4), name
