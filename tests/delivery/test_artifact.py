"""A model in use: every kind of input, training's preprocessing, honest probabilities, and evaluation."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import headstart
from headstart.core.by_class import BY_CLASS
from headstart.core.errors import InputError, UsageError
from headstart.core.results import Figure
from headstart.delivery.guarded import Care
from small_world import HUES, result_of, texts

MOVED = """
import json, sys, headstart
pairs = zip(sys.argv[1::2], sys.argv[2::2])
print(json.dumps([headstart.load(model, device="cpu").predict_proba(data).tolist() for model, data in pairs]))
"""


@pytest.fixture(scope="module")
def images(photo_model: Path) -> headstart.Model:
    return headstart.load(photo_model, device="cpu")  # to the last bit


@pytest.fixture(scope="module")
def words(message_model: Path) -> headstart.Model:
    return headstart.load(message_model, device="cpu")


def test_paths_pictures_arrays_and_folders_predict_the_same(images: headstart.Model, photos: Path) -> None:
    paths = sorted((photos / "lime").iterdir())[:4]
    pictures = [Image.open(path) for path in paths]
    arrays = [np.asarray(picture) for picture in pictures]
    expected = images.predict_proba(paths)
    for inputs in ([str(path) for path in paths], pictures, arrays, np.stack(arrays)):
        assert np.array_equal(images.predict_proba(inputs), expected)
    # On many processors a batch of another size is divided among threads in another way.
    np.testing.assert_allclose(images.predict_proba(photos / "lime")[:4], expected, atol=1e-6)
    assert images.predict(paths) == ["lime"] * 4


def test_preprocessing_is_that_of_training(images: headstart.Model, photos: Path) -> None:
    """By hand: 32 × 32 by bicubic resizing, ImageNet's statistics, the network, the temperature, softmax."""
    path = photos / "plum" / "05.png"
    resized = np.asarray(Image.open(path).resize((32, 32), Image.Resampling.BICUBIC), np.float32) / 255
    normal = (resized - np.float32([0.485, 0.456, 0.406])) / np.float32([0.229, 0.224, 0.225])
    network = images.network
    with torch.no_grad():
        features = network.backbone.network(torch.from_numpy(normal).permute(2, 0, 1)[None])
        outputs = features @ network.head.weight.T + network.head.bias
    temperature = images.calibration["temperature"]
    expected = torch.softmax(outputs / temperature, 1).numpy()
    np.testing.assert_allclose(images.predict_proba([path]), expected, rtol=1e-4, atol=1e-6)


def test_sets_hold_the_labels_that_cannot_be_excluded(words: headstart.Model) -> None:
    inputs = [text for text, _ in texts(9)]
    sets = words.predict_sets(inputs, 0.8)
    columns = words.answer(inputs, care=Care(coverage=0.8)).predictions.columns
    assert ["|".join(labels) for labels in sets] == columns["set"]
    assert words.predict_sets(inputs, 0.999) == [words.labels] * 9
    with pytest.raises(UsageError, match="not between 0 and 1"):
        words.predict_sets(inputs, 1.5)


def test_what_is_familiar_and_what_is_not(images: headstart.Model, photos: Path) -> None:
    """A picture it was trained on is its own nearest; white noise is like no fruit."""
    path = next(path for path in sorted((photos / "lime").iterdir()) if f"lime/{path.name}" in images.guard.ids)
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 40, 3), np.uint8))
    columns = images.answer([Image.open(path), noise]).predictions.columns
    assert columns["nearest"][0][0] == f"lime/{path.name}"
    assert columns["unfamiliar"][1] > columns["unfamiliar"][0]
    assert columns["is_unfamiliar"] == [False, True]


def test_another_size_shape_and_mode_are_taken(images: headstart.Model) -> None:
    """A lime of any size is a lime, with an alpha channel too; a grey picture is no error."""
    lime = np.zeros((200, 90, 3), np.uint8)
    lime[..., HUES["lime"]] = 220
    picture = Image.fromarray(lime)
    assert images.predict([picture, picture.convert("RGBA"), picture.resize((7, 300))]) == ["lime"] * 3
    assert images.predict([picture.convert("L")])[0] in images.labels


def test_probabilities_are_those_of_the_labels(words: headstart.Model) -> None:
    inputs, topics = map(list, zip(*texts(9), strict=True))
    probabilities = words.predict_proba(inputs)
    assert words.labels == ["animals", "films", "learning"]
    assert probabilities.shape == (9, 3)
    np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-6)
    assert [words.labels[column] for column in probabilities.argmax(1)] == words.predict(inputs) == topics


def test_the_company_of_an_input_does_not_matter(images: headstart.Model, photos: Path) -> None:
    paths = sorted(photos.rglob("*.png"))
    alone = np.concatenate([images.predict_proba([path]) for path in paths[:3]])
    np.testing.assert_allclose(alone, images.predict_proba(paths)[:3], atol=1e-5)


def test_evaluate_repeats_the_test_figures(
    images: headstart.Model, photo_model: Path, photos: Path, tmp_path: Path
) -> None:
    """The photos' own test examples again: told by training with the seed's split, handed over as class folders."""
    from headstart.core.progress import Progress
    from headstart.core.spec import FitSpec
    from headstart.core.timing import Stopwatch
    from headstart.experiment.material import find, prepare

    spec, quiet = FitSpec(photos), Progress(quiet=True)
    material = prepare(find(spec, quiet), spec, Stopwatch(), quiet)
    for row in material.split.test:
        path = Path(material.examples.references[row])
        (tmp_path / path.parent.name).mkdir(exist_ok=True)
        shutil.copy(path, tmp_path / path.parent.name)
    figures = images.evaluate(tmp_path)
    told = result_of(photo_model)["test"]
    assert list(figures) == [name for name in told if name not in BY_CLASS]
    by_class = images.judge(tmp_path).by_class
    assert by_class is not None
    for name in BY_CLASS[:3]:
        assert by_class[name].keys() == told[name].keys()
        for label, figure in by_class[name].items():
            np.testing.assert_allclose(figure, told[name][label], atol=1e-6)
    assert by_class["operating_point"].keys() == told["operating_point"].keys()
    for name, figure in figures.items():
        assert isinstance(figure, Figure)
        np.testing.assert_allclose(figure, told[name], atol=1e-6)


def test_evaluate_takes_lists_and_tables(words: headstart.Model, messages: Path) -> None:
    inputs, topics = map(list, zip(*texts(45), strict=True))
    assert words.evaluate((inputs, topics)) == words.evaluate(messages)
    with pytest.raises(InputError, match="no targets"):
        words.evaluate(inputs)
    with pytest.raises(InputError, match="the class 'weather' was not among the 3 of training"):
        words.evaluate((inputs, ["weather", *topics[1:]]))
    with pytest.raises(InputError) as strange:
        words.evaluate((inputs, ["weather"] * 5 + topics[5:]))
    first, *rest = str(strange.value).splitlines()
    assert first == "5 of 45 targets do not fit this model, which knows 'animals', 'films', 'learning':"
    assert len(rest) == 1  # once, whatever the number of its rows
    assert "and 2 more: the class 'weather' was not among the 3 of training" in rest[0]


def test_what_cannot_be_read_is_named(images: headstart.Model, photos: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"")
    paths = sorted(photos.rglob("*.png"))
    with pytest.raises(InputError, match=r"broken\.png: the file is empty"):
        images.predict([*paths, broken])
    answer = images.answer([*paths, broken])
    assert len(answer.ids) == len(answer.predictions) == len(paths)
    assert [problem.where for problem in answer.set_aside] == [str(broken)]
    with pytest.raises(InputError, match="This model takes images"):
        images.predict(["a text", "another text"])


def test_a_device_that_is_not_there(photo_model: Path) -> None:
    with pytest.raises(UsageError, match="no device 'gpu'"):
        headstart.load(photo_model, device="gpu")


def test_a_saved_model_is_the_same(words: headstart.Model, tmp_path: Path) -> None:
    words.save(tmp_path / "copy")
    inputs = [text for text, _ in texts(9)]
    again = headstart.load(tmp_path / "copy", device="cpu")
    assert np.array_equal(again.predict_proba(inputs), words.predict_proba(inputs))
    assert again.result == words.result
    assert again.columns == words.columns == {"input": "text", "target": "topic"}


def test_moved_to_a_machine_without_backbones_or_network_it_predicts_the_same(
    images: headstart.Model, photo_model: Path, words: headstart.Model, message_model: Path, photos: Path,
    messages: Path, tmp_path: Path,
) -> None:  # fmt: skip
    hidden = ("HEADSTART_MODELS", "HEADSTART_CACHE", "HF_HOME")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    environment |= {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "nothing"), "OMP_NUM_THREADS": "1"}
    pairs = [(images, photo_model, photos), (words, message_model, messages)]
    arguments = []
    for number, (_, folder, data) in enumerate(pairs):
        shutil.copytree(folder, tmp_path / str(number))
        arguments += [str(tmp_path / str(number)), str(data)]
    done = subprocess.run(
        [sys.executable, "-c", MOVED, *arguments],
        env=environment, capture_output=True, text=True, timeout=300, check=True,
    )  # fmt: skip
    for moved, (model, _, data) in zip(json.loads(done.stdout), pairs, strict=True):
        np.testing.assert_allclose(moved, model.predict_proba(data), atol=1e-6)  # one thread there, several here
