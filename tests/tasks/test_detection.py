"""Detection: boxes as tensors and back, the loss that finds them, figures, and answers in a person's words."""

import json
import math
from typing import Any

import numpy as np
import pytest
import torch

from headstart.core.boxes import Box, Boxes
from headstart.core.errors import InputError, UsageError
from headstart.core.maps import Map
from headstart.core.placement import WHOLE, Placement
from headstart.core.statistics import bootstrap_draws
from headstart.tasks import choose_task, detection, task_from_description
from headstart.tasks.detection import Detection
from headstart.tasks.finding.fcos import EXTRA, FcosHead, owners
from headstart.tasks.shapes.box_encoding import CROWD, DIFFICULT, FOUND_LABEL, LABEL, SCORE
from headstart.tasks.shapes.box_matching import Matched, match

SIZE = (128, 96)
TARGETS = [
    Boxes((Box(8, 8, 40, 40, "cat"), Box(64, 16, 124, 90, "dog")), SIZE),
    Boxes((Box(20, 30, 50, 70, "cat"),), SIZE),
    Boxes((), SIZE),
    Boxes((Box(0, 0, 30, 30, "dog", crowd=True), Box(60, 40, 100, 80, "cat")), SIZE),
]
MAPS = [Map("fine", 16, 8), Map("middle", 24, 16), Map("coarse", 32, 32)]


def task() -> Detection:
    return Detection.from_targets(TARGETS)


def maps(count: int, frame: tuple[int, int]) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {
        each.name: torch.randn(
            count, each.channels, frame[1] // each.stride, frame[0] // each.stride, generator=generator
        )
        for each in MAPS
    }


def perfect(own: Detection, targets: list[Boxes]) -> torch.Tensor:
    """Kept outputs that say the truth, with the score 0.9."""
    found = torch.zeros(len(targets), 5, own.outputs)
    found[:, :, FOUND_LABEL] = -1
    for row, target in enumerate(targets):
        for slot, box in enumerate(target):
            shares = [edge / length for edge, length in zip(box.corners, target.size * 2, strict=True)]
            found[row, slot] = torch.tensor([*shares, 0.9, own.labels.index(box.label)])
    return found


def test_boxes_are_what_it_is_for() -> None:
    own, why = choose_task(TARGETS)
    assert own.name == "detection"
    assert why == "detection: boxes of 2 classes found"
    assert own.describe()["counts"] == [3, 1]  # a crowd is no box to learn from
    again = task_from_description(json.loads(json.dumps(own.describe())))
    assert again.describe() == own.describe()
    assert torch.equal(again.encode(TARGETS), own.encode(TARGETS))
    with pytest.raises(InputError, match="Detection needs boxes"):
        choose_task(["cat", "dog"], "detection")
    with pytest.raises(InputError, match="None of the 1 pictures to learn from holds a box"):
        Detection.from_targets([TARGETS[2]])


@pytest.mark.parametrize(
    ("sizes", "frame"),
    [
        ([(416, 312)], (384, 288)),
        ([(1000, 1000)] * 3, (320, 320)),
        ([(128, 96)], (128, 96)),
        ([(40, 40)], (96, 96)),
        ([(0, 0)], (320, 320)),
    ],
)
def test_the_frame_has_the_proportions_of_the_pictures(sizes, frame) -> None:
    assert Detection.from_targets([Boxes(TARGETS[0].marked, size) for size in sizes]).frame == frame


def test_a_target_that_cannot_be_used_is_named() -> None:
    own = task()
    assert own.problem(TARGETS[0]) is None
    assert own.problem(None) == "there are no boxes"
    strange = Boxes((Box(0, 0, 1, 1, "cats"),), SIZE)
    assert own.problem(strange) == "the class 'cats' was not among the 2 of training. Did you mean 'cat'?"
    with pytest.raises(InputError, match="1 of 1 targets cannot be used"):
        own.encode([strange])


def test_a_class_that_is_nowhere_asked_for_is_left_out() -> None:
    region, hard = Box(0, 0, 20, 20, "ignored", crowd=True), Box(9, 9, 30, 30, "blur", difficult=True)
    cat, crowd = Box(8, 8, 40, 40, "cat"), Box(0, 0, 30, 30, "cat", crowd=True)
    targets = [Boxes((region, cat, hard, crowd), SIZE), Boxes((cat,), SIZE), Boxes((hard,), SIZE)]
    own = Detection.from_targets(targets)
    assert own.labels == ["cat"]
    assert own.problems(list("abc"), targets) == []
    encoded = own.encode(targets)
    assert encoded.shape == (3, 4, 9)
    assert encoded[..., LABEL].tolist() == [[0, 0, -1, -1], [0, -1, -1, -1], [-1] * 4]
    assert encoded[0, :2, CROWD].tolist() == [0, 1]
    assert own.strata(targets) == ["cat", "cat", "nothing"]


def test_boxes_follow_the_view() -> None:
    own = task()
    encoded = own.encode(TARGETS)
    assert encoded.shape == (4, 2, 9)
    assert own.placed(encoded, [WHOLE] * 4) is encoded
    half = Placement(0.25, 0.25, 0.5, mirrored=True)
    moved = own.placed(encoded, [half] * 4)
    # The cat reaches from 1/16 to 5/16: of the half from 1/4 to 3/4 that is -3/8 to 1/8, of which a quarter shows.
    assert moved[0, 0, [0, 2]].tolist() == pytest.approx([7 / 8, 1.0])
    assert moved[0, 0, [1, 3]].tolist() == pytest.approx([0.0, 1 / 3])
    assert moved[0, 0, DIFFICULT] == 1
    # The dog reaches from 1/2 to 31/32: 1/2 to 23/16, cut at 1 and mirrored.
    assert moved[0, 1, [0, 2]].tolist() == pytest.approx([0.0, 0.5])
    assert moved[0, 1, [1, 3]].tolist() == pytest.approx([0.0, 1.0])
    assert moved[0, 1, DIFFICULT] == 0
    outside = own.placed(encoded, [Placement(0.5, 0.0, 0.5)] * 4)
    assert outside[0, 0, LABEL] == -1
    assert encoded[0, 0, LABEL] == 0


def test_the_outputs_that_fit_best_say_the_boxes() -> None:
    own = task()
    encoded = own.encode(TARGETS)
    raw = own.map_head(MAPS)(maps(4, own.frame)).detach()
    assert raw.shape == (4, 16 * 12 + 8 * 6 + 4 * 3, 2 + EXTRA)
    moving = raw[..., : 2 + EXTRA - 3].clone().requires_grad_(True)
    optimizer = torch.optim.Adam([moving], 0.3)
    for _ in range(150):
        optimizer.zero_grad()
        own.loss(torch.cat([moving, raw[..., -3:]], dim=2), encoded).backward()
        optimizer.step()
    found = own.kept(torch.cat([moving.detach(), raw[..., -3:]], dim=2))
    assert own.value("map", found, encoded) > 0.95
    calibration = own.calibrate(found, encoded)
    assert own.decode(found, calibration).columns["label"][:3] == ["1 × cat, 1 × dog", "1 × cat", "nothing"]


def test_a_head_learns() -> None:
    torch.manual_seed(0)
    own = task()
    encoded, given = own.encode(TARGETS), maps(4, own.frame)
    head = own.map_head(MAPS)
    assert isinstance(head, FcosHead)
    optimizer = torch.optim.AdamW(head.parameters(), 3e-3)
    losses = []
    for _ in range(60):
        optimizer.zero_grad()
        loss = own.loss(head(given), encoded)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]
    assert own.value("map50", own.kept(head(given)), encoded) > 0.9


def test_the_loss_is_linear_in_the_weights() -> None:
    own = task()
    encoded, raw = own.encode(TARGETS), own.map_head(MAPS)(maps(4, own.frame))
    a, b = torch.rand(2, 4, generator=torch.Generator().manual_seed(1))
    assert torch.allclose(own.loss(raw, encoded, torch.ones(4)), own.loss(raw, encoded))
    apart = 2 * own.loss(raw, encoded, a) + 3 * own.loss(raw, encoded, b)
    assert torch.allclose(own.loss(raw, encoded, 2 * a + 3 * b), apart)


def test_pictures_of_nothing_alone_have_a_loss() -> None:
    own = task()
    raw = own.map_head(MAPS)(maps(1, own.frame))
    loss = own.loss(raw, own.encode([TARGETS[2]]))
    loss.backward()
    assert math.isfinite(loss.item())


def test_a_place_finds_boxes_of_its_size() -> None:
    places = torch.tensor([[20.0, 20.0], [20.0, 20.0], [100.0, 20.0]])
    strides = torch.tensor([8.0, 16.0, 8.0])
    boxes = torch.tensor([[10.0, 10.0, 30.0, 30.0], [0.0, 0.0, 45.0, 80.0], [5.0, 5.0, 40.0, 40.0]])
    # The farthest edge of the first is 10 away, that of the second 60: for a stride of 16 it must be 64 at least.
    assert owners(places, strides, boxes).tolist() == [0, -1, -1]
    large = torch.tensor([[10.0, 10.0, 30.0, 120.0]])
    assert owners(torch.tensor([[20.0, 64.0]] * 2), torch.tensor([8.0, 16.0]), large).tolist() == [0, -1]
    larger = torch.tensor([[10.0, 0.0, 30.0, 140.0]])
    assert owners(torch.tensor([[20.0, 64.0]] * 2), torch.tensor([8.0, 16.0]), larger).tolist() == [-1, 0]


def test_figures_of_the_truth_and_of_nothing() -> None:
    own = task()
    encoded, found = own.encode(TARGETS), perfect(task(), TARGETS)
    figures = own.metrics(found, encoded)
    assert own.watched in figures
    assert set(figures) <= set(own.higher_is_better)
    assert figures["map"] == (1.0, 1.0, 1.0)
    assert (own.mistakes(found, encoded) == 0).all()
    nothing = found.clone()
    nothing[:, :, FOUND_LABEL] = -1
    assert own.metrics(nothing, encoded)["map50"].value == 0
    assert own.mistakes(nothing, encoded).tolist() == [0.5, 0.5, 0.0, 0.5]
    assert own.measure("map", found, encoded, bootstrap_draws(4, count=7)).shape == (7,)
    assert not np.isnan(own.measure("map", found, encoded, np.array([[2, 2]]))).any()
    with pytest.raises(UsageError, match="no figure 'accuracy'"):
        own.measure("accuracy", found, encoded, np.array([[0]]))


def test_a_false_alarm_is_worse_than_a_miss() -> None:
    own = task()
    encoded, found = own.encode(TARGETS), perfect(task(), TARGETS)
    found[2, 0] = torch.tensor([0.1, 0.1, 0.5, 0.5, 0.8, 0])
    assert own.mistakes(found, encoded)[2] == pytest.approx(0.8)
    cat, dog = own.per_label(found, encoded)
    assert (cat["label"], cat["objects"], cat["found"], cat["missed"], cat["false_alarms"]) == ("cat", 3, 3, 0, 1)
    assert (dog["label"], dog["objects"]) == ("dog", 1)  # the crowd is not asked for
    assert cat["average_precision_50"] == pytest.approx(1.0)  # the false alarm ranks last


def test_scores_are_bent_so_that_one_half_decides() -> None:
    own = task()
    found = perfect(own, TARGETS)
    found[0, 0, SCORE], found[0, 1, SCORE] = 0.2, 0.1
    bent = own.calibrated(found, {"threshold": 0.2})
    assert bent[0, :2, SCORE].tolist() == pytest.approx([0.5, 0.25])
    (first, *_) = own.decode(found, {"threshold": 0.2}).columns["boxes"]
    assert [box["label"] for box in first] == ["cat"]
    assert first[0]["edges"] == pytest.approx([8 / 128, 8 / 96, 40 / 128, 40 / 96], abs=1e-4)
    json.dumps(own.decode(found, {}).rows())


def test_strata_and_summary() -> None:
    own = task()
    assert own.strata(TARGETS) == ["dog the rarest", "cat the rarest", "nothing", "dog the rarest"]
    assert own.summary(TARGETS) == [("cat", 3), ("dog", 2)]
    assert own.say(TARGETS[0]) == "1 × cat, 1 × dog"


def test_of_one_class_alone_none_is_the_rarest() -> None:
    alone = Detection.from_targets([TARGETS[1]] * 2)
    assert alone.strata(TARGETS[1:3]) == [alone.labels[0], "nothing"]


def test_what_boxes_are_not_is_said_in_words() -> None:
    with pytest.raises(UsageError, match="A model for detection predicts boxes; it has no class probabilities"):
        task().probabilities(perfect(task(), TARGETS), {})


def test_maps_of_the_usual_strides_are_read_or_made_of_the_only_one() -> None:
    with pytest.raises(UsageError, match="maps of two strides at least"):
        task().map_head([])
    made = task().map_head([Map("tokens", 24, 16)])
    assert [each.name for each in made.maps] == ["tokens"]
    outputs = made({"tokens": torch.randn(2, 24, 6, 8)})
    assert outputs.shape == (2, 12 * 16 + 6 * 8 + 3 * 4, len(task().labels) + 8)  # strides 8, 16 and 32
    assert [each.stride for each in task().map_head([Map("a", 8, 2), Map("b", 8, 4), *MAPS]).maps] == [8, 16, 32]
    assert [each.stride for each in task().map_head([Map("a", 8, 2), Map("b", 8, 4)]).maps] == [2, 4]


def test_the_same_answers_are_matched_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many figures are made of them; answers and targets that differ are others, wherever they lie."""
    matched: list[int] = []

    def counted(*given: Any) -> list[Matched]:
        matched.append(len(given[0]))
        return match(*given)

    monkeypatch.setattr(detection, "match", counted)
    own = task()
    outputs, encoded = perfect(own, TARGETS), own.encode(TARGETS)
    for judge in (own.metrics, own.mistakes, own.per_label, own.trade_offs, own.calibrate):
        judge(outputs.clone(), encoded.clone())
    assert matched == [4]
    outputs[..., SCORE] = 0.4
    own.mistakes(outputs, encoded)
    assert own.mistakes(outputs[:2], encoded[:2]).tolist() == [0.5, 0.5], "all boxes of both are missed"
    fewer = own.encode([Boxes((), SIZE), *TARGETS[1:]])
    own.mistakes(outputs, fewer)
    assert matched == [4, 4, 2, 4]
