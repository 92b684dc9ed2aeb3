"""Crops cut on the device: where they come from, how they are mixed, and that both networks see the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from headstart.backbones import SOURCES
from headstart.backbones.base import Backbone
from headstart.backbones.images.crops import same_crops
from headstart.core.timing import Stopwatch
from headstart.data.examples import Examples
from headstart.data.modalities import MODALITIES
from headstart.frozen.inputs import Inputs
from headstart.pretraining import METHODS, Course, Learner, Places, Plan, Streamed, said_by, shared_maps
from headstart.pretraining._cutting import cut, mixed, normalised
from headstart.pretraining._draws import Draws, draws
from headstart.pretraining._pool import Pool, pool_of

CPU = torch.device("cpu")
PLAN = Plan(crops=48, per_epoch=24, epochs=2, batch_size=8, rate=3e-3, streamed=True)


def plain(**changed: float) -> Draws:
    """One crop: the whole picture as it is, but for what is `changed`."""
    values = {"wide": 1.0, "high": 1.0, "x": 0.5, "y": 0.5, "side": 1.0, "brightness": 1.0, "contrast": 1.0}
    values |= {"saturation": 1.0, "blend": 1.0, "pasted": 0.0, "across": 0.5, "down": 0.5, **changed}
    return Draws(torch.tensor([0]), **{name: torch.tensor([value]) for name, value in values.items()})


def ramp() -> Pool:
    """A picture of 64 pixels whose red tells how far to the right one is, and green how far down."""
    across = torch.arange(64).repeat(64, 1) * 4
    return Pool(torch.stack([across, across.T, torch.full((64, 64), 128)])[None].to(torch.uint8), torch.ones(1))


def test_a_crop_shows_the_box_that_was_drawn() -> None:
    whole = cut(ramp(), plain(), 16)[0] * 255
    expected = torch.arange(16) * 16 + 6.0  # of four neighbouring pixels 0, 4, 8 and 12 the mean is 6
    assert torch.allclose(whole[0, 8], expected, atol=0.6)
    assert torch.allclose(whole[1, :, 8], expected, atol=0.6)
    mirrored = cut(ramp(), plain(side=-1.0), 16)[0] * 255
    assert torch.allclose(mirrored[0], whole[0].flip(1), atol=1e-3)
    quarter = cut(ramp(), plain(wide=0.5, high=0.5, x=0.75, y=0.25), 16)[0] * 255
    assert quarter[0].mean() == pytest.approx(0.75 * 256 - 2, abs=1)
    assert quarter[1].mean() == pytest.approx(0.25 * 256 - 2, abs=1)


def test_colours_by_hand() -> None:
    darker = cut(ramp(), plain(brightness=0.5), 16)
    assert torch.allclose(darker, cut(ramp(), plain(), 16) * 0.5, atol=1e-6)
    grey = cut(ramp(), plain(saturation=0.0), 16)
    assert torch.allclose(grey[:, 0], grey[:, 2], atol=1e-6)
    flat = cut(ramp(), plain(contrast=0.0), 16)
    assert flat.std() < 1e-6


def test_mixing_by_hand() -> None:
    crops = torch.stack([torch.zeros(3, 4, 4), torch.ones(3, 4, 4)])
    two = replace(plain(), blend=torch.tensor([0.75, 1.0]), pasted=torch.tensor([0.0, 0.5]),
                  across=torch.tensor([0.5, 0.25]), down=torch.tensor([0.5, 0.25]))  # fmt: skip
    blended, pasted = mixed(crops, two)
    assert torch.allclose(blended, torch.full((3, 4, 4), 0.25))
    assert torch.equal(pasted[0], torch.tensor([[0.0, 0, 1, 1], [0, 0, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1]]))


def test_boxes_lie_within_and_have_the_asked_for_size_and_shape() -> None:
    proportions = torch.tensor([0.5, 1.0, 2.0])
    made = draws(3000, proportions, (0.1, 0.6), 0.4, seed=3)
    for centre, extent in ((made.x, made.wide), (made.y, made.high)):
        assert (centre - extent / 2).min() >= -1e-6
        assert (centre + extent / 2).max() <= 1 + 1e-6
    shapes = made.wide / made.high * proportions[made.rows]
    assert 0.74 < shapes.min() < 0.77
    assert 1.30 < shapes.max() < 1.34
    areas = (made.wide * made.high)[made.rows == 1]
    assert areas.min() > 0.09
    assert areas.max() <= 0.6 + 1e-6
    assert all((made.rows[start : start + 3].sort().values == torch.arange(3)).all() for start in (0, 3, 2997))
    assert (made.saturation == 0).float().mean() == pytest.approx(0.1, abs=0.03)
    assert (made.side < 0).float().mean() == pytest.approx(0.5, abs=0.05)
    assert ((made.blend == 1) & (made.pasted == 0)).float().mean() == pytest.approx(0.5, abs=0.05)


def pictures(count: int = 6) -> list[Image.Image]:
    """Of a colour each, with some grain."""
    random, made = np.random.default_rng(0), []
    for number in range(count):
        values = random.uniform(40, 215, 3) + random.normal(0, 10, (70, 90 + number, 3))
        made.append(Image.fromarray(values.clip(0, 255).astype(np.uint8)))
    return made


def inputs(count: int = 6) -> Inputs:
    names = [str(number) for number in range(count)]
    return Inputs(Examples("image", pictures(count), names), MODALITIES.load("image")(), None, names, Stopwatch())


def two() -> tuple[Backbone, Backbone]:
    """A student, and a teacher that is frozen."""
    torch.manual_seed(0)
    student, teacher = (SOURCES.load("timm")().tiny(name) for name in ("densenet121", "resnet50"))
    return student, teacher.requires_grad_(False).eval()


def shown_of(student: Backbone, teacher: Backbone, maps: Sequence[str] = (), reduced: bool = False) -> Streamed:
    """What the student is shown, with what the teacher says of it, its `maps` included."""
    seen, taught = same_crops(student, teacher)
    return Streamed(inputs(), teacher, seen, taught, maps, 64, 0, CPU, most=1e9, reduced=reduced)


def course(reduced: bool = False, channels_last: bool = False) -> Course:
    student, teacher = two()
    shared = shared_maps(student, teacher)
    shown = shown_of(student, teacher, [other.name for _, other in shared], reduced)
    ((_, sample),) = shown.epoch(0, replace(PLAN, per_epoch=48, batch_size=48))
    lesson = METHODS.load("distillation")().lesson(student.feature_size, sample.features)
    places = Places([one.channels for one, _ in shared], sample.maps)
    plan, own = replace(PLAN, channels_last=channels_last), tuple(one.name for one, _ in shared)
    return Course(student, lesson, shown, plan, 0, CPU, places, 1.0, own, reduced)


def test_a_pool_holds_whole_pictures_and_their_proportions() -> None:
    pool = pool_of(inputs(), np.array([4, 1]), 32, CPU)
    assert pool.pixels.shape == (2, 3, 32, 32)
    assert torch.allclose(pool.proportions, torch.tensor([94 / 70, 91 / 70]))
    expected = np.asarray(pictures()[4].resize((32, 32), Image.Resampling.BILINEAR, reducing_gap=2.0))
    assert np.array_equal(pool.pixels[0].permute(1, 2, 0).numpy(), expected)


def test_the_teacher_answers_for_the_very_crops_that_are_shown() -> None:
    made = course()
    batch, wanted = next(iter(made.shown.epoch(1, PLAN)))
    seen, taught = made.shown.student_sees, made.shown.teacher_sees
    crops = batch["pixels"] * torch.tensor(seen.std).view(-1, 1, 1) + torch.tensor(seen.mean).view(-1, 1, 1)
    with torch.no_grad():
        expected = said_by(made.shown.teacher, {"pixels": normalised(crops, taught)}, made.shown.maps)
    assert torch.allclose(wanted.features, expected.features, atol=1e-4)
    assert len(wanted.maps) >= 3
    for one, another in zip(wanted.maps, expected.maps, strict=True):
        assert torch.allclose(one, another, atol=1e-4)


def test_an_epoch_is_the_same_every_time_and_no_other_one() -> None:
    shown = shown_of(*two())
    first, again, other = ([batch["pixels"] for batch, _ in shown.epoch(number, PLAN)] for number in (0, 0, 1))
    assert [len(batch) for batch in first] == [8, 8, 8]
    assert all(torch.equal(*pair) for pair in zip(first, again, strict=True))
    assert not torch.equal(first[0], other[0])


def test_pictures_that_do_not_all_fit_have_their_turns() -> None:
    shown = shown_of(*two())
    side = 102  # 1.6 times 64
    few = replace(shown, most=2.5 * 3 * side * side)
    met = [few.turns.pool(number) for number in range(3)]
    assert [len(pool) for pool in met] == [2, 2, 2]
    assert len({float(shape) for pool in met for shape in pool.proportions}) == 6


@pytest.mark.parametrize("reduced", [False, True])
def test_a_student_learns(reduced: bool) -> None:
    """In bfloat16 too, with pictures laid out as a GPU likes them; the weights stay in single precision."""
    made = course(reduced, channels_last=reduced)
    made.plan = replace(made.plan, per_epoch=64, epochs=8)
    learner, met = Learner(made), set()

    def note(module: nn.Module, given: tuple[torch.Tensor], output: torch.Tensor) -> None:
        met.add((output.dtype, given[0].is_contiguous(memory_format=torch.channels_last)))

    first = next(module for module in made.student.modules() if isinstance(module, nn.Conv2d))
    first.register_forward_hook(note)
    losses = [learner.epoch(number) for number in range(8)]
    assert losses[-1] < 0.8 * losses[0]
    assert met == {(torch.bfloat16, True) if reduced else (torch.float32, False)}
    assert {tensor.dtype for tensor in learner.both.parameters()} == {torch.float32}


def test_places_by_hand() -> None:
    """A channel of -1 and 1 once standardised; a map that says nothing is 1 off everywhere, smooth L1 of it 0.5."""
    wanted = torch.tensor([[[[3.0, 5.0], [5.0, 3.0]]]])
    places = Places([2], [wanted])
    with torch.no_grad():
        places.maps[0].weight.zero_()
        places.maps[0].bias.zero_()
    given = torch.ones(1, 2, 2, 2)
    assert places([given], [wanted]).item() == pytest.approx(0.5)
    with torch.no_grad():
        places.maps[0].weight[:, 0] = 1.0
    told = torch.stack([(wanted[0, 0] - 4), torch.zeros(2, 2)])[None]
    assert places([told], [wanted]).item() == pytest.approx(0.0, abs=1e-6)
    # On twice as fine a map the teacher's is smoothed from -1 to 1 by way of -1/2 and 1/2 in each direction, so of
    # 16 places 4 are as told, 8 are 1/2 off and 4 are 3/4 off.
    finer = nn.functional.interpolate(told, scale_factor=2, mode="nearest")
    expected = (8 * (1 / 2) ** 2 + 4 * (3 / 4) ** 2) / 2 / 16
    assert places([finer], [wanted]).item() == pytest.approx(expected)


def test_networks_share_the_maps_of_equal_strides() -> None:
    one, other = (SOURCES.load("timm")().tiny(name) for name in ("resnet50", "mobilenetv2_100"))
    shared = shared_maps(one, other)
    assert len(shared) >= 3
    assert all(first.stride == second.stride for first, second in shared)
    assert shared_maps(one, SOURCES.load("timm")().tiny("vit_tiny_patch16_224")) == []
