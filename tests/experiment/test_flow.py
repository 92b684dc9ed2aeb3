"""The whole flow from Python: the same request gives the same model, from the store, and from any kind of list."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import headstart
from headstart.core.errors import InputError, UsageError
from headstart.core.results import Figure
from headstart.diagnosis import Examination
from small_world import HUES, PROBE, paint, pixels, texts

TUNING = "fine_tuning:freeze_depth=3,epochs=2,views=2"


def state(model: headstart.Model) -> dict[str, torch.Tensor]:
    return dict(model.network.state_dict())


def segments(cache: Path) -> list[Path]:
    return sorted(cache.rglob("segment-*"))


@pytest.fixture
def cache(at_hand: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store that is empty."""
    monkeypatch.setenv("HEADSTART_CACHE", str(at_hand / "cache"))
    return at_hand / "cache"


def test_the_same_fit_twice_gives_the_same_model_and_reads_the_store(photos: Path, cache: Path) -> None:
    models, stored = [], []
    for name in ("one", "two"):
        models.append(headstart.fit(photos, backbone="tiny_resnet", strategy=TUNING, out=name, quiet=True))
        stored.append(segments(cache))
    assert Path("one/model.safetensors").read_bytes() == Path("two/model.safetensors").read_bytes()
    first, second = (model.result for model in models)
    assert first.test == second.test
    assert [rung.validation for rung in first.rungs] == [rung.validation for rung in second.rungs]
    assert [rung.curve for rung in first.rungs] == [rung.curve for rung in second.rungs]
    assert stored[0]
    assert stored[1] == stored[0]  # nothing had to be computed again
    assert second.seconds.forward < first.seconds.forward


def test_the_answer_is_the_same_without_the_store(photos: Path, cache: Path) -> None:
    with_store, without = (
        headstart.fit(photos, backbone="tiny_resnet", strategy=PROBE[1], store=store, quiet=True)
        for store in (True, False)
    )
    assert with_store.result.test == without.result.test
    for name, tensor in state(without).items():
        assert torch.equal(tensor, state(with_store)[name]), name


def test_another_seed_is_another_split(photos: Path, at_hand: Path) -> None:
    models = [
        headstart.fit(photos, backbone="tiny_resnet", strategy=PROBE[1], seed=seed, quiet=True) for seed in (0, 1)
    ]
    assert models[1].result.seed == 1
    one, other = (set(model.needed_guard.held_out_ids) for model in models)
    assert one != other
    assert not torch.equal(models[0].network.head.weight, models[1].network.head.weight)


@pytest.mark.parametrize("kind", ["arrays", "pictures", "paths"])
def test_pairs_of_lists(photos: Path, at_hand: Path, kind: str) -> None:
    paths = sorted(photos.rglob("*.png"))
    make = {"arrays": lambda p: np.asarray(Image.open(p)), "pictures": Image.open, "paths": str}[kind]
    inputs, targets = [make(path) for path in paths], [HUES[path.parent.name] for path in paths]
    model = headstart.fit(
        (inputs, targets), task="classification", backbone="tiny_resnet", strategy=PROBE[1], quiet=True
    )
    assert model.labels == [0, 1, 2]
    right = sum(said == truth for said, truth in zip(model.predict(inputs), targets, strict=True))
    assert right >= 39  # of 42; how the content is fingerprinted decides the split, and so the model
    assert all(type(label) is int for label in model.predict(inputs[:2]))
    assert not list(at_hand.iterdir())  # nothing is written that nobody asked for


def test_lists_of_texts_without_a_test_split(at_hand: Path) -> None:
    inputs, targets = zip(*texts(45), strict=True)
    model = headstart.fit(
        (list(inputs), list(targets)), backbone="tiny_bert", strategy=PROBE[1], test_share=0.0, quiet=True
    )
    assert model.result.test is None
    assert model.result.examples.test == 0
    assert model.predict(list(inputs)) == list(targets)
    assert "also helped to choose it" in model.report


def test_quiet_says_nothing_and_the_default_backbone_fits_the_modality(
    photos: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = headstart.fit(photos, strategy=PROBE[1], quiet=True)
    model.predict(photos)
    assert capsys.readouterr() == ("", "")
    assert model.result.backbone == "local/tiny_resnet"


def test_mistakes_are_exceptions_for_those_who_call(photos: Path, at_hand: Path) -> None:
    with pytest.raises(UsageError, match="no strategy 'linear'"):
        headstart.fit(photos, strategy="linear")
    with pytest.raises(InputError, match="There is no nowhere"):
        headstart.fit("nowhere")
    with pytest.raises(InputError, match="3 inputs but 2 targets"):
        headstart.fit((["a", "b", "c"], [0, 1]))


def test_diagnoses_are_told_how_good_it_is_on_its_training_examples(
    photos: Path, at_hand: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three classes by their colour are learned perfectly, so the training figures are 1."""
    told = []
    monkeypatch.setattr(Examination, "findings", lambda self, *given: told.append(given[0]) or [])
    headstart.fit(photos, backbone="tiny_resnet", strategy=PROBE[1], quiet=True)
    assert set(told[-1].figures) == {"train", "validation", "test"}
    assert told[-1].figures["train"]["accuracy"].value == 1.0
    assert isinstance(told[-1].figures["train"]["accuracy"], Figure)
    assert len(told[-1].targets["train"]) == 27


def test_a_file_name_that_is_no_utf8_loses_nothing(at_hand: Path, tmp_path: Path) -> None:
    photos = paint(tmp_path / "photos", {"apple": 12, "lime": 12, "plum": 12})
    try:
        for number, path in enumerate(sorted(photos.rglob("*.png"))):
            path.rename(path.with_name(f"caf\udce9 {number}.png"))
    except OSError:
        pytest.skip("file names are UTF-8 here")
    out = tmp_path / "model"
    headstart.fit(photos, backbone="tiny_resnet", strategy=PROBE[1], out=out, quiet=True)
    assert headstart.load(out).evaluate(photos)["accuracy"].value == 1.0
    report = (out / "report.html").read_bytes().decode()
    assert r"caf\udce9" in report


def test_pixels_of_the_small_world_are_apart() -> None:
    random = np.random.default_rng(0)
    assert [int(pixels(channel, random).mean((0, 1)).argmax()) for channel in range(3)] == [0, 1, 2]
