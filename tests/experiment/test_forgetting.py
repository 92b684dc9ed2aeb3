"""The bound on what old classes lose: new ones are held back no more than needed, and figures are not flattered."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from headstart.experiment.extension.forgetting import HeldBack, OnDemand, cross_settled
from headstart.experiment.extension.result import HeldOut, right
from headstart.tasks import TASKS

TASK = TASKS.load("classification").from_targets(["a", "b", "c"])
NO_BOUND = HeldBack(2, 1.0, None)


def led_by(leads: list[float]) -> HeldOut:
    """Examples of class a, over which the new class c leads by so much; of the old classes a is always likelier."""
    outputs = torch.tensor([[1.0, 0.0, 1.0 + lead] for lead in leads])
    return HeldOut(outputs, torch.zeros(len(leads), dtype=torch.long))


@pytest.mark.parametrize(("bound", "expected"), [(0.0, 3.0), (0.2, 2.0), (0.4, 1.0), (0.6, 0.0), (1.0, 0.0)])
def test_the_least_offset(bound: float, expected: float) -> None:
    """Of five, all right before, two are right as it is; each fifth that must be kept costs the next lead."""
    old = led_by([-1.0, 2.0, -5.0, 1.0, 3.0])
    back = HeldBack(2, 1.0, bound)
    offset = back.offset(old)
    assert offset == pytest.approx(expected, abs=1e-3)
    kept = right(TASK, HeldOut(back.apply(old.outputs, offset), old.encoded)).mean()
    assert kept >= 1.0 - bound - 1e-9
    if expected:
        less = right(TASK, HeldOut(back.apply(old.outputs, offset - 0.01), old.encoded)).mean()
        assert less < 1.0 - bound


def test_what_is_wrong_among_the_old_classes_cannot_be_brought_back() -> None:
    old = led_by([1.0, 2.0])
    old.outputs[1, 1] = 9.0  # now b is likelier than a, and than c
    assert HeldBack(2, 1.0, 0.0).offset(old) == pytest.approx(1.0, abs=1e-3)
    assert NO_BOUND.offset(old) == 0.0


def right_in(share: float, label: int) -> HeldOut:
    """A hundred examples of one class, of which this share is right."""
    said = torch.tensor([label if place < 100 * share else 1 for place in range(100)])
    return HeldOut(torch.nn.functional.one_hot(said, 3).float(), torch.full((100,), label))


@pytest.mark.parametrize(
    ("old", "new", "bound", "expected"),
    [
        ([0.995, 1.0], [0.9, 0.9], None, 0),  # half a point is not noticed
        ([0.95, 0.98, 0.995, 1.0], [0.9, 0.9, 0.88, 0.86], None, 2),
        ([0.95, 0.96, 0.97, 0.98], [0.9, 0.9, 0.9, 0.9], None, 3),  # the last, where none is enough
        ([0.95, 0.96, 0.97, 0.98], [0.9, 0.87, 0.84, 0.8], None, 1),  # six points of the new classes are too many
        ([0.95, 0.96, 0.97, 0.98], [0.9, 0.87, 0.84, 0.8], 0.03, 2),  # but where a bound is named it is kept
        ([0.95, 0.98], [0.9, 0.9], 0.05, 0),
    ],
)
def test_old_examples_count_more_as_far_as_is_needed(
    old: list[float], new: list[float], bound: float | None, expected: int
) -> None:
    """Heads by which these shares of the old and of the new examples are right; before, all of the old were."""
    chosen = HeldBack(2, 1.0, bound).chosen([right_in(one, 0) for one in old], [right_in(one, 2) for one in new])
    assert chosen == expected


def test_no_head_is_asked_for_behind_the_one_that_ends_the_search() -> None:
    """Of old examples 90, 96, 100 and 100 % are right: the third head is enough for all, and for either half."""
    asked: list[int] = []

    def made(place: int) -> HeldOut:
        asked.append(place)
        said = torch.tensor([0 if row % 25 >= (10, 4, 0, 0)[place] / 4 else 2 for row in range(100)])
        return HeldOut(torch.nn.functional.one_hot(said, 3).float(), torch.zeros(100, dtype=torch.long))

    heads, sides = OnDemand(made, 4), np.array(["old"] * 100)
    assert NO_BOUND.settled(heads, sides, np.arange(100)) == (2, 0.0)
    cross_settled(TASK, heads, sides, 0, NO_BOUND)
    assert asked == [0, 1, 2]


def test_each_half_takes_the_head_that_the_other_chooses() -> None:
    """The second head has all old ones right; the first has those of one half, which chooses it for the other."""
    sides = np.array(["old"] * 20)
    order = np.random.default_rng(0).permutation(20)
    order = order[np.argsort(sides[order], kind="stable")]
    encoded = torch.zeros(20, dtype=torch.long)
    first = torch.tensor([[1.0, 0.0, 0.0]]).repeat(20, 1)
    first[torch.from_numpy(order[::2])] = torch.tensor([0.0, 0.0, 1.0])
    heads = [HeldOut(first, encoded), HeldOut(torch.tensor([[1.0, 0.0, 0.0]]).repeat(20, 1), encoded)]
    said = right(TASK, HeldOut(cross_settled(TASK, heads, sides, 0, NO_BOUND), encoded))
    assert said[order[::2]].tolist() == [0] * 10
    assert said[order[1::2]].tolist() == [1] * 10


def test_no_example_judges_what_it_has_settled() -> None:
    """One half has leads of 1, the other of 2: held back by the other half, only those led by 1 are right."""
    old = led_by([1.0] * 20)
    sides = np.array(["old"] * 20)
    order = np.random.default_rng(0).permutation(20)
    order = order[np.argsort(sides[order], kind="stable")]
    old.outputs[torch.from_numpy(order[::2]), 2] += 1.0
    settled = cross_settled(TASK, [old], sides, 0, HeldBack(2, 1.0, 0.0))
    said = right(TASK, HeldOut(settled, old.encoded))
    assert said[order[::2]].tolist() == [0] * 10
    assert said[order[1::2]].tolist() == [1] * 10


def test_each_half_is_calibrated_by_the_other() -> None:
    outputs = torch.tensor([[3.0, 0.0, 0.0]]).repeat(40, 1)
    encoded = (torch.rand(40, generator=torch.Generator().manual_seed(0)) < 0.3).long()
    given = cross_settled(TASK, [HeldOut(outputs, encoded)], np.array(["old", "new"] * 20), 0, NO_BOUND)
    scales = (given[:, 0] / 3).numpy().round(6)
    shares = {scale: encoded.numpy()[scales == scale].mean() for scale in set(scales.tolist())}
    assert len(shares) == 2
    # The half with more mistakes was calibrated by the one with fewer, and so is the surer one.
    assert shares[max(shares)] > shares[min(shares)]


def test_too_few_are_left_as_they_are() -> None:
    held = HeldOut(torch.randn(3, 3), torch.tensor([0, 1, 2]))
    assert torch.equal(cross_settled(TASK, [held], np.array(["old"] * 3), 0, NO_BOUND), held.outputs)
