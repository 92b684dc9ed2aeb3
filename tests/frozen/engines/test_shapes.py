"""Batches of other shapes, by hand."""

from __future__ import annotations

import torch

from headstart.frozen.engines._shapes import of_other_length, turned, two_examples

PIXELS = torch.arange(5.0).view(5, 1, 1, 1)
IDS = torch.arange(20).view(2, 10)


def test_two_examples_also_of_one() -> None:
    assert two_examples({"x": PIXELS})["x"].flatten().tolist() == [0, 1]
    assert two_examples({"x": PIXELS[3:4]})["x"].flatten().tolist() == [3, 3]


def test_turned_is_smaller_and_begins_at_the_end() -> None:
    assert turned({"x": PIXELS})["x"].flatten().tolist() == [4, 3]
    assert turned({"x": PIXELS[:2]})["x"].flatten().tolist() == [1]
    assert turned({"x": PIXELS[:1]})["x"].flatten().tolist() == [0, 0]


def test_only_whole_numbers_have_a_length() -> None:
    assert of_other_length({"x": PIXELS, "y": torch.ones(2, 4)}) is None
    other = of_other_length({"ids": IDS, "x": PIXELS})
    assert other is not None
    assert torch.equal(other["ids"], IDS[:, :5])
    assert other["x"] is PIXELS
    short = of_other_length({"ids": IDS[:, :3]})
    assert short is not None
    assert short["ids"].shape == (2, 6)
