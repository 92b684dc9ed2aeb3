"""Integrated gradients against linear networks, where they are the difference times the weight."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from headstart.backbones import SOURCES
from headstart.explanations._output_aim import OutputAim
from headstart.explanations._parting import parts_of
from headstart.explanations.base import Asked
from headstart.explanations.integrated_gradients import IntegratedGradients
from toys import toy_backbone, toy_network, toy_task

pytest.importorskip("captum")

TEXT = "the quick brown fox"


def linear() -> Asked:
    """Outputs that are weighted sums of all pixels."""

    class Flat(nn.Module):
        def forward(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
            return torch.stack([(batch["pixels"] * weight).sum((1, 2, 3)) for weight in weights], dim=1)

    generator = torch.Generator().manual_seed(0)
    weights = torch.randn(2, 3, 8, 8, generator=generator)
    example = {"pixels": torch.randn(3, 8, 8, generator=generator)}
    asked = Asked(Flat(), example, OutputAim(toy_task(["a", "b"]), {}, 0, "a"))  # type: ignore[arg-type]
    asked.network.weights = weights
    parts = parts_of(example, None, toy_backbone().preprocess)
    return Asked(asked.network, example, asked.aim, parts)


def test_a_linear_network_gives_the_difference_times_the_weight() -> None:
    asked = linear()
    weight = asked.network.weights[0] - asked.network.weights[1]  # type: ignore[operator, index]
    assert asked.parts is not None
    expected = ((asked.example["pixels"] - asked.parts.emptied(asked.example)["pixels"]) * weight).sum(0)
    assert torch.allclose(IntegratedGradients().map(asked), expected, atol=1e-4)


def text_question() -> Asked:
    torch.manual_seed(0)
    task = toy_task(["a", "b"])
    backbone = SOURCES.load("transformers_text")().tiny("bert")
    network = toy_network(backbone, task).eval().requires_grad_(False)
    example = network.backbone.preprocess(TEXT)
    return Asked(network, example, OutputAim(task, {}, 0, "a"), parts_of(example, TEXT, network.backbone.preprocess))


def test_on_tokens_it_adds_up_to_the_difference_from_the_emptied_text() -> None:
    """The completeness axiom: Σ attributions = y(x) - y(x')."""
    asked = text_question()
    assert asked.parts is not None
    emptied = {name: tensor[None] for name, tensor in asked.parts.emptied(asked.example).items()}
    with torch.no_grad():
        outputs = torch.cat([asked.network(asked.batch), asked.network(emptied)])
    before, after = asked.aim.evidence(outputs).tolist()
    assert float(IntegratedGradients().map(asked).sum()) == pytest.approx(before - after, abs=1e-3)


def test_special_tokens_and_padding_get_nothing() -> None:
    """[CLS], four words, [SEP], and padding up to eight."""
    given = IntegratedGradients().map(text_question())
    assert (given != 0).tolist() == [False, True, True, True, True, False, False, False]
