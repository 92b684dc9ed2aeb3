"""``headstart.explanations.explain`` on finished models: maps, neighbours, checks, files and JSON."""

from __future__ import annotations

import gc
import json
import re
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from headstart.core.errors import InputError, UsageError
from headstart.data.modalities import image
from headstart.delivery.artifact import Model
from headstart.delivery.artifact import load as load_model
from headstart.explanations import explain
from headstart.explanations.base import Known


def load(folder: Path) -> Model:
    """The model, as if it had kept no training examples: the tests that want some hand them over."""
    model = load_model(folder)
    model.guard = None
    return model


TEXT = "the quick brown fox jumps over the dog"


def test_a_picture_is_explained_by_each_method_asked_for(photo_model: Path, photos: Path, tmp_path: Path) -> None:
    model = load(photo_model)
    features = np.random.default_rng(0).normal(size=(9, model.network.backbone.feature_size))
    known = Known(features, [str(i) for i in range(9)], ["apple", "lime", "plum"] * 3)
    made = explain(model, photos / "lime" / "00.png", ["grad_cam", "nearest_examples"], known=known)
    (one,) = made.inputs
    assert (one.name, one.label) == ("00.png", "lime")
    assert [answer.method for answer in one.answers] == ["grad_cam", "nearest_examples"]
    page, picture = made.write(tmp_path / "out")
    assert picture.name == "00.grad_cam.png"
    assert Image.open(picture).width == 300
    with pytest.raises(InputError, match="out exists already and is not overwritten"):
        made.write(tmp_path / "out")
    assert "00.grad_cam.png" in page.read_text(encoding="utf-8")
    plain = json.loads(json.dumps(made.to_json(), allow_nan=False))
    assert [each["method"] for each in plain["explanations"]] == ["grad_cam", "nearest_examples"]
    assert {check["name"] for each in plain["explanations"] for check in each["checks"]} == {
        "removal", "randomisation", "same_label",
    }  # fmt: skip
    of_the_map = plain["explanations"][0]
    passed = {check["name"]: check["passed"] for check in of_the_map["checks"]}
    assert passed.keys() == {"removal", "randomisation"}
    assert of_the_map["trusted"] is passed["randomisation"]
    assert len(plain["explanations"][1]["neighbours"]) == 9


def test_pictures_are_decoded_in_full_one_by_one_as_they_are_written(
    photo_model: Path, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand photos at their full size have no room in memory, and need none before they are shown."""
    pytest.importorskip("captum")
    full = []
    plain = image.Image.decode

    def noted(self: image.Image, reference: Path, size_hint: int | None = None) -> object:
        if size_hint is None:
            full.append(Path(reference).name)
        return plain(self, reference, size_hint)

    monkeypatch.setattr(image.Image, "decode", noted)
    both = [photos / "lime" / "00.png", photos / "plum" / "01.png"]
    made = explain(load(photo_model), both, ["grad_cam", "integrated_gradients"])
    assert full == []
    made.write(tmp_path / "out")
    assert full == ["00.png", "01.png"]


def test_the_tensors_of_an_input_are_let_go_when_it_is_explained(
    photo_model: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a thousand inputs those of the last are held, until the next has its own."""
    model = load_model(photo_model, device="cpu")
    kind = type(model.network.backbone.preprocess)
    plain, made, held = kind.__call__, [], []

    def noted(self: Any, raw: Any) -> Any:
        gc.collect()
        held.append(sum(tensor() is not None for tensor in made))
        batch = plain(self, raw)
        made.extend(weakref.ref(tensor) for tensor in batch.values())
        return batch

    monkeypatch.setattr(kind, "__call__", noted)
    said = explain(model, [photos / "lime" / f"0{number}.png" for number in range(4)], ["grad_cam"])
    assert held == [0, 1, 1, 1]
    gc.collect()
    assert not any(tensor() is not None for tensor in made)
    assert len(said.inputs) == 4


def test_a_text_given_directly_and_a_label_of_choice(message_model: Path, tmp_path: Path) -> None:
    pytest.importorskip("captum")
    made = explain(load(message_model), [TEXT, TEXT + " <b>"], label="films")
    assert [one.name for one in made.inputs] == [TEXT, TEXT + " <b>"]
    assert {one.label for one in made.inputs} == {"films"}
    assert [answer.method for answer in made.inputs[0].answers] == ["integrated_gradients"]
    assert set(made.left_out) == {"grad_cam", "nearest_examples"}
    (page,) = made.write(tmp_path / "out")
    text = page.read_text(encoding="utf-8")
    assert "&lt;b&gt;" in text
    assert "<b>" not in text
    assert not re.search(r'(?:src|href)="https?:', text)
    words = made.to_json()["explanations"][0]["words"]
    assert [word for word, _ in words] == TEXT.split()


def test_the_texts_of_a_table(message_model: Path, messages: Path) -> None:
    pytest.importorskip("captum")
    from headstart.explanations._subject import read_inputs

    examples = read_inputs(load(message_model), [str(messages), TEXT])
    assert len(examples) == 46
    assert examples.ids[0] == "messages.csv row 2"
    assert examples.ids[-1] == TEXT


def test_mistakes_say_what_to_do(photo_model: Path, message_model: Path, photos: Path, tmp_path: Path) -> None:
    model = load(photo_model)
    with pytest.raises(UsageError, match=r"no explanation 'grad_camp'\. Did you mean 'grad_cam'"):
        explain(model, photos, ["grad_camp"])
    with pytest.raises(UsageError, match="'nearest_examples' has nothing to say here: the model holds no"):
        explain(model, photos / "lime" / "00.png", ["nearest_examples"])
    with pytest.raises(UsageError, match=r"no label 'lim'\. Did you mean 'lime'"):
        explain(model, photos / "lime" / "00.png", ["grad_cam"], label="lim")
    with pytest.raises(UsageError, match="'grad_cam' has nothing to say here: it marks places in pictures"):
        explain(load(message_model), TEXT, ["grad_cam"])
    with pytest.raises(InputError, match=r"There is no nowhere\.png"):
        explain(model, "nowhere.png")
    with pytest.raises(InputError, match=r"There is no messages\.csv"):
        explain(load(message_model), "messages.csv")
    for given in ("", [" ", TEXT]):
        with pytest.raises(InputError, match="The text is empty"):
            explain(load(message_model), given)
    with pytest.raises(InputError, match="No data are named"):
        explain(model, "")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"broken\.png: the file is no image"):
        explain(model, tmp_path / "broken.png", ["grad_cam"])


def test_what_cannot_be_read_is_set_aside(photo_model: Path, photos: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"no picture")
    made = explain(load(photo_model), [tmp_path / "broken.png", photos / "lime" / "00.png"], ["grad_cam"])
    assert [one.name for one in made.inputs] == ["00.png"]
    assert [problem.where for problem in made.set_aside] == ["broken.png"]
    assert made.to_json()["set_aside"][0]["input"] == "broken.png"


def test_the_training_examples_that_the_model_keeps_are_named(photo_model: Path, photos: Path) -> None:
    model = load_model(photo_model)
    assert model.guard is not None
    made = explain(model, photos / "lime" / "00.png", ["nearest_examples"])
    (answer,) = made.inputs[0].answers
    nearest = answer.explained.neighbours[0]
    assert nearest.label == "lime"
    assert nearest.id in model.guard.ids
    assert [check.name for check in answer.checks] == ["same_label"]
    assert answer.trusted
