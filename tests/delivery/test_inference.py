"""A finished network in use: outputs and features of one pass, and features that are looked at and let go."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from headstart.core.progress import Progress
from headstart.data.examples import Examples
from headstart.delivery.inference import PART, Inference, WholeNetwork
from headstart.model.network import Network
from toys import Direct, toy_backbone, toy_pictures

DEPTHS = {"last": (), "several": ("block1", "block3")}


def network(kind: str) -> Network:
    backbone = toy_backbone()
    width = 14 if DEPTHS[kind] else 8
    return Network(backbone, nn.Linear(width, 2), DEPTHS[kind]).eval()


@pytest.mark.parametrize("kind", DEPTHS)
def test_outputs_are_the_same_beside_features(kind: str) -> None:
    whole, batch = network(kind), {"pixels": torch.randn(5, 3, 8, 8)}
    with torch.inference_mode():
        alone, beside = WholeNetwork(whole)(batch), WholeNetwork(whole, ["block1", "block3"])(batch)
        by_depth = whole.backbone.depth_features(batch)
    assert list(alone) == ["outputs"]
    assert list(beside) == ["outputs", "block1", "block3"]
    assert torch.equal(alone["outputs"], beside["outputs"])
    assert torch.equal(beside["block1"], by_depth["block1"])
    assert torch.equal(beside["block3"], whole.backbone.features(batch))


def test_features_are_looked_at_part_by_part() -> None:
    whole = network("last")
    pictures, _ = toy_pictures(PART + 3)
    examples = Examples("image", pictures, [str(i) for i in range(len(pictures))])
    inference = Inference(whole, Direct(), torch.device("cpu"), "eager", Progress(quiet=True), ["block3"])
    found = inference.run(examples, lambda features: features["block3"].shape)
    assert found.looked == [(PART, 8), (3, 8)]
    assert found.outputs.shape == (PART + 3, 2)
    assert inference.run(examples).looked == []
