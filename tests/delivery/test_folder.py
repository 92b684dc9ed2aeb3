"""The model folder: whole or absent, and read back without running, unpickling or trusting anything in it."""

from __future__ import annotations

import json
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file

import headstart
from headstart.core.errors import InputError
from headstart.delivery.folder import is_model_folder


class Bomb:
    """Unpickling it would make a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


def described(**changes: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        description = json.loads((folder / "model.json").read_text())
        for name, value in changes.items():
            description.pop(name) if value is None else description.update({name: value})
        (folder / "model.json").write_text(json.dumps(description))

    return change


def written(name: str, content: bytes) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes(content)


def cut_short(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])


def without_a_tensor(folder: Path) -> None:
    state = load_file(folder / "model.safetensors")
    state.pop("head.bias")
    save_file(state, folder / "model.safetensors")


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (lambda folder: (folder / "model.safetensors").unlink(), r"missing: model\.safetensors"),
        (lambda folder: (folder / "result.json").unlink(), r"missing: result\.json"),
        (lambda folder: (folder / "guard.json").unlink(), r"missing: guard\.json"),
        (lambda folder: (folder / "guard.safetensors").unlink(), r"missing: guard\.safetensors"),
        (lambda folder: shutil.rmtree(folder), "no such model folder"),
        (cut_short, "damaged.*SafetensorError"),
        (without_a_tensor, r"damaged.*head\.bias"),
        (described(format=2), "written in model format 2; this headstart reads up to 1. Upgrade"),
        (described(format="new"), "not readable as a model description"),
        (described(modality=None), "damaged.*modality"),
        (described(head=None), "damaged.*head"),
        (described(calibration=None), "damaged.*calibration"),
        (described(task={"name": "jumping"}), "made with something that is not installed here.*'jumping'"),
        (written("model.json", b"{"), "not readable as a model description"),
        (written("model.json", b"[]"), "not readable as a model description"),
        (written("model.json", b"\xff\xfe"), "not readable as a model description"),
        (written("result.json", b"{}"), "damaged.*rungs"),
        (written("model.safetensors", b""), "damaged"),
    ],
)
def test_damage_is_told_apart(photo_model: Path, tmp_path: Path, damage: Callable[[Path], None], named: str) -> None:
    folder = Path(shutil.copytree(photo_model, tmp_path / "m"))
    damage(folder)
    with pytest.raises(InputError, match=named) as raised:
        headstart.load(folder)
    assert str(folder) in str(raised.value)


def test_nothing_is_unpickled(photo_model: Path, tmp_path: Path) -> None:
    folder, crater = Path(shutil.copytree(photo_model, tmp_path / "m")), tmp_path / "crater"
    bomb = pickle.dumps(Bomb(crater))
    for name in ("pytorch_model.bin", "model.pt", "model.pkl", "head.joblib"):
        (folder / name).write_bytes(bomb)
    (folder / "modeling.py").write_text(f"import os; os.mkdir({str(crater)!r})")
    headstart.load(folder)
    (folder / "model.safetensors").write_bytes(bomb)
    with pytest.raises(InputError, match="damaged"):
        headstart.load(folder)
    assert not crater.exists()
    pickle.loads(bomb)
    assert crater.exists()  # the bomb was a live one


def test_a_model_is_replaced_as_a_whole_and_nothing_else_is(photo_model: Path, tmp_path: Path) -> None:
    model = headstart.load(photo_model)
    for folder in ("absent", "empty"):
        (tmp_path / "empty").mkdir(exist_ok=True)
        assert is_model_folder(model.save(tmp_path / folder))
    (tmp_path / "absent" / "old.txt").write_text("")
    model.save(tmp_path / "absent")
    assert not (tmp_path / "absent" / "old.txt").exists()
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "mine.jpg").write_text("")
    with pytest.raises(InputError, match="photos exists already and is not overwritten"):
        model.save(tmp_path / "photos")
    assert (tmp_path / "photos" / "mine.jpg").exists()
    assert {path.name for path in tmp_path.iterdir()} == {"absent", "empty", "photos"}


def test_a_text_model_brings_its_tokenizer(message_model: Path) -> None:
    assert any("tokenizer" in path.name for path in message_model.iterdir())


def test_the_card_reads_well(photo_model: Path) -> None:
    front, text = (photo_model / "README.md").read_text().removeprefix("---\n").split("\n---\n", 1)
    assert 'license: "apache-2.0"' in front
    assert 'pipeline_tag: "image-classification"' in front
    assert "\n# photos: classification of images\n" in text
    assert "Takes images and predicts the class of each." in text
    assert "It tells apart: apple, lime, plum." in text
    assert "| balanced accuracy |" in text
    assert "headstart predict MODEL new.png -o predictions.csv" in text
    for junk in ("next step", "noun", "\\_"):
        assert junk not in text


def test_it_does_not_say_where_the_backbone_lay(photo_model: Path, message_model: Path, tiny_backbones: Path) -> None:
    for folder in (photo_model, message_model):
        for name in ("model.json", "result.json", "README.md", "report.html"):
            text = (folder / name).read_text(encoding="utf-8")
            # The report lets long words break, and the card marks characters that Markdown would take for its own.
            assert str(tiny_backbones) not in text.replace("<wbr>", "").replace("\\", ""), name
