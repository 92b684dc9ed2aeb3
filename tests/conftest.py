"""What every test shares: the real material where it is present, a store of its own, and a small world to fit in."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

# Before torch starts: the networks here are so small that a second thread only waits, and spins while it does.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data sets and backbones; tests that need it skip where it is absent."""
    if not (SHARED / "data" / "INDEX.csv").exists():
        pytest.skip("the real data sets and backbones are not beside this checkout (../shared)")
    return SHARED


@pytest.fixture(scope="session", autouse=True)
def cache_of_the_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What is fitted once for many tests does not reach the person's own cache either."""
    with pytest.MonkeyPatch.context() as patch:
        _as_if_new(patch, tmp_path_factory.getbasetemp() / "cache")
        yield


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stored activations never leak between a test run and the person's own cache."""
    _as_if_new(monkeypatch, tmp_path_factory.getbasetemp() / "cache")


@pytest.fixture(autouse=True)
def drawn_alike() -> None:
    """What torch or Python draws without a seed of the test hangs neither on the tests before nor on the worker."""
    import random

    import torch

    random.seed(0)
    torch.manual_seed(0)


def _as_if_new(patch: pytest.MonkeyPatch, cache: Path) -> None:
    """As on a machine where nobody has set anything but where the cache lies."""
    patch.setenv("HEADSTART_CACHE", str(cache))
    for name in ("HEADSTART_MODELS", "HEADSTART_CACHE_LIMIT"):
        patch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def tiny_backbones(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for HEADSTART_MODELS: ``tiny_resnet`` in timm's layout, ``tiny_bert`` in transformers'."""
    from small_world import tiny_bert, tiny_resnet

    folder = tmp_path_factory.mktemp("backbones")
    tiny_resnet(folder / "tiny_resnet")
    tiny_bert(folder / "tiny_bert")
    return folder


@pytest.fixture
def at_hand(tiny_backbones: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without a network, with the two miniature backbones; the working folder, which is empty."""
    from small_world import alone_with

    alone_with(monkeypatch, tiny_backbones)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Class folders of 3 × 14 pictures; not to be written to."""
    from small_world import HUES, paint

    return paint(tmp_path_factory.mktemp("data") / "photos", dict.fromkeys(HUES, 14))


@pytest.fixture(scope="session")
def messages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of 45 texts with the columns ``text`` and ``topic``; not to be written to."""
    from small_world import table, texts

    rows = [{"text": text, "topic": topic} for text, topic in texts(45)]
    return table(tmp_path_factory.mktemp("data") / "messages.csv", rows)


@pytest.fixture(scope="session")
def fitted(tiny_backbones: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """``fitted(data, *options)`` fits once per session and returns the model folder; not to be written to."""
    from small_world import machine, status

    done: dict[tuple[str, ...], Path] = {}

    def fit(data: Path, *options: str) -> Path:
        asked = (str(data), *options)
        if asked not in done:
            done[asked] = tmp_path_factory.mktemp("models") / "model"
            with machine(tiny_backbones, tmp_path_factory.getbasetemp() / "cache", reasons=1):
                assert status("fit", *asked, "--out", done[asked]) == 0
        return done[asked]

    return fit


@pytest.fixture(scope="session")
def photo_model(fitted: Callable[..., Path], photos: Path) -> Path:
    """The folder of a model of the three fruits."""
    from small_world import PHOTO_PROBE

    return fitted(photos, *PHOTO_PROBE)


@pytest.fixture(scope="session")
def message_model(fitted: Callable[..., Path], messages: Path) -> Path:
    """The folder of a model of the three topics."""
    from small_world import TEXT_PROBE

    return fitted(messages, "--target", "topic", *TEXT_PROBE)


@pytest.fixture
def short_heads(monkeypatch: pytest.MonkeyPatch) -> None:
    """New heads are trained for two epochs: for tests of what is done under them, not of how good they become."""
    monkeypatch.setattr("headstart.strategies._trained_head.FEWEST_EPOCHS", 2)
    monkeypatch.setattr("headstart.strategies._trained_head.MOST_EPOCHS", 2)


@pytest.fixture(scope="module")
def few_draws() -> Iterator[None]:
    """A hundred draws for an interval of which the width is not looked at; a thousand take most of a short fit."""
    from headstart.core import statistics

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(statistics, "_MOST_INDICES", 1)
        yield


@pytest.fixture(scope="module")
def no_gains() -> Iterator[None]:
    """A fit is not compared with models that transfer nothing, which takes a third of a short one.

    For modules whose tests look neither at what transfer gave nor at how it is measured.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("headstart.experiment.fitting.finishing.gains_of", lambda *_: {})
        yield


@pytest.fixture(scope="module")
def narrow_masks() -> Iterator[None]:
    """New mask layers of 32 channels; with 64 they take most of a fit on a miniature."""
    from headstart.tasks.finding import mask_branches

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mask_branches, "CHANNELS", 32)
        yield


@pytest.fixture(scope="module")
def small_batches() -> Iterator[None]:
    """The frozen part runs 8 examples at once: with up to 32, batches of a few are filled up to as many."""
    from headstart.frozen import _batching

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_batching, "MOST", _batching.LEAST)
        yield


@pytest.fixture
def one_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all that is found in a picture the surest alone is explained."""
    monkeypatch.setattr("headstart.explanations._aims.MOST", 1)


@pytest.fixture
def few_removals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Explanations are checked by a few runs of the network, which tell nothing but that the checks were made."""
    monkeypatch.setattr("headstart.explanations._removal.FEW_DRAWS", 2)
    monkeypatch.setattr("headstart.explanations._randomisation.NETWORKS", 2)


@pytest.fixture
def few_reasons(monkeypatch: pytest.MonkeyPatch) -> None:
    """A report explains what fits into its share of a short fit, which is next to nothing."""
    monkeypatch.setattr("headstart.experiment.presentation.evidence.FOR_THE_FIRST", 0.0)


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine with a GPU: whatever runs a finished network leaves it on another device.

    There it has no values that tensors on the CPU could be computed with (the device ``meta``), until it is brought
    back.
    """
    import torch

    from headstart.delivery.inference import Inference
    from headstart.model.network import Network

    run, prepare = Inference.run, Inference.__init__

    def prepared(self: Inference, network: Network, *given: Any, **named: Any) -> None:
        vars(self)["runs"] = network
        prepare(self, network, *given, **named)

    def weights(network: Network) -> dict[str, torch.Tensor]:
        every = (network.named_parameters, network.named_buffers)
        return {name: tensor.data for named in every for name, tensor in named(remove_duplicate=False)}

    def run_and_leave(self: Inference, *given: Any, **named: Any) -> Any:
        made = run(self, *given, **named)
        network = vars(self)["runs"]
        vars(network)["left"] = {name: tensor.clone() for name, tensor in weights(network).items()}
        torch.nn.Module.to(network, "meta")
        return made

    def back(network: Network, *_: object, **__: object) -> Network:
        left = vars(network).pop("left", None)
        if left is not None and next(network.parameters()).is_meta:
            network.to_empty(device="cpu")
            for name, tensor in weights(network).items():
                tensor.copy_(left[name])
        return network

    monkeypatch.setattr(Inference, "__init__", prepared)
    monkeypatch.setattr(Inference, "run", run_and_leave)
    monkeypatch.setattr(Network, "to", back)
    monkeypatch.setattr(Network, "cpu", back)
