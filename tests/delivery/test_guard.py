"""The guard: whom it keeps, what it knows, and that it is read back the same."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from headstart.delivery.guard import (
    Compared,
    Guard,
    Seen,
    balanced,
    chosen_depths,
    drawn,
    guard_of,
    most_computed,
    most_familiar,
)
from headstart.delivery.guard_files import read_guard, write_guard
from headstart.tasks import TASKS

LABELS = ["ham", "spam"]


def guard(task_name: str = "classification", count: int = 40, **changes: object) -> Guard | None:
    """Two clusters of features; a held-out example of each kind is predicted right, with a confidence of 0.88."""
    words = task_name == "classification"
    targets = [LABELS[i % 2] if words else float(i) for i in range(count)]
    task = TASKS.load(task_name).from_targets(targets)
    centres = torch.tensor([[5.0, 0.0, 0.0], [0.0, 5.0, 0.0]])[torch.arange(count) % 2]
    features = centres + torch.randn((count, 3), generator=torch.Generator().manual_seed(0))
    outputs = torch.tensor([[1.0, -1.0], [-1.0, 1.0]])[torch.arange(count) % 2][:, : task.outputs]
    both = {"middle": features[:, :2], "last": features}
    given = {
        "familiar": both,
        "ids": [f"{i}.txt" for i in range(count)],
        "targets": targets,
        "reference": Seen(
            {name: each[:10] for name, each in both.items()}, outputs[:10], list("abcdefghij"), targets
        ),
        "compared": Compared(outputs[:10], task.encode(targets[:10])),
    }
    return guard_of(task, {}, **{**given, **changes})


def test_depths_half_way_up_and_last() -> None:
    assert chosen_depths(["a", "b", "c", "d", "e", "f"]) == ["d", "f"]
    assert chosen_depths(["a", "b", "c"]) == ["b", "c"]
    assert chosen_depths(["a", "b"]) == ["a", "b"]
    assert chosen_depths(["a"]) == ["a"]


def test_the_rare_are_kept_before_the_last_of_the_common() -> None:
    strata = ["common"] * 90 + ["rare"] * 10
    kept = balanced(strata, 40, seed=0)
    assert Counter(strata[i] for i in kept) == {"common": 30, "rare": 10}
    assert sorted(kept.tolist()) == kept.tolist()
    assert balanced(strata, 1000, seed=0).tolist() == list(range(100))
    assert balanced(strata, 40, seed=1).tolist() != kept.tolist()


def test_no_more_than_fits() -> None:
    assert most_familiar([1280, 96]) == 5000
    assert most_familiar([4096, 4096]) == 2**24 // (2 * 8192)


def test_what_it_knows_of_held_out_examples() -> None:
    made = guard()
    assert made is not None
    # The softmax of (1, -1): 1 / (1 + e^-2).
    sure = 1 / (1 + np.exp(-2))
    np.testing.assert_allclose(made.confidence, sure, rtol=1e-6)
    np.testing.assert_allclose(made.scores, 1 - sure, rtol=1e-6)
    assert made.right.tolist() == [1.0] * 10
    assert made.held_out_places.tolist() == [0, 1] * 5
    assert made.shares.tolist() == [0.5, 0.5]
    assert made.agreement == 1.0
    assert made.targets[:2] == LABELS
    assert made.held_out_ids == list("abcdefghij")
    assert made.held_out_classes.tolist() == [0, 1] * 5
    assert made.held_out_deeper["middle"].shape == (10, 2)
    assert made.deeper == {}


def test_it_tells_the_strange_from_the_familiar() -> None:
    made = guard()
    assert made is not None
    near, far = torch.tensor([[5.0, 0.1, 0.0]]), torch.tensor([[-1.0, -1.0, -5.0]])
    for features, strange in ((near, False), (far, True)):
        scores, nearest = made.look({"middle": features[:, :2], "last": features})
        assert (scores[0] > made.threshold) == strange
        assert nearest.shape == (1, 10)
        if not strange:
            assert (nearest[0] % 2 == 0).all()  # the cluster around (5, 0, 0) holds the even places


def test_a_task_of_numbers_has_no_sets() -> None:
    made = guard("regression")
    assert made is not None
    assert len(made.scores) == len(made.confidence) == len(made.classes) == len(made.held_out_places) == 0


def test_too_few_examples_have_no_guard() -> None:
    assert guard(reference=Seen({"middle": torch.zeros(0, 2), "last": torch.zeros(0, 3)}, torch.zeros(0, 2))) is None


def test_it_is_read_back_the_same(tmp_path: Path) -> None:
    made = guard()
    assert made is not None
    write_guard(made, tmp_path)
    again = read_guard(tmp_path)
    assert again is not None
    for name, value in vars(made).items():
        if name == "familiar":
            assert all(np.array_equal(a, b) for a, b in zip(value, again.familiar, strict=True))
        elif isinstance(value, dict):
            assert value.keys() == getattr(again, name).keys()
            assert all(np.array_equal(each, getattr(again, name)[depth]) for depth, each in value.items())
        elif not name.startswith("_"):
            assert np.array_equal(getattr(again, name), value), name
    assert again.familiar[0].dtype == np.float16


def test_what_the_head_reads_besides_is_kept_too() -> None:
    made = guard(depths=["last"])
    assert made is not None
    assert made.depths == ["last"]
    assert len(made.familiar) == 1
    assert made.deeper["middle"].shape == (40, 2)
    assert made.deeper["middle"].dtype == np.float16


def test_a_guard_of_an_older_headstart_is_read(tmp_path: Path) -> None:
    """What such a folder lacks is empty; nothing else changes."""
    made = guard()
    assert made is not None
    write_guard(made, tmp_path)
    words = json.loads((tmp_path / "guard.json").read_text())
    del words["held_out_ids"]
    (tmp_path / "guard.json").write_text(json.dumps(words))
    arrays = load_file(tmp_path / "guard.safetensors")
    older = {
        name: each for name, each in arrays.items() if not name.startswith(("held_out_classes", "held_out_deeper"))
    }
    assert len(older) < len(arrays)
    save_file(older, tmp_path / "guard.safetensors")
    again = read_guard(tmp_path)
    assert again is not None
    assert len(again.held_out_ids) == len(again.held_out_classes) == len(again.held_out_deeper) == 0
    assert np.array_equal(again.held_out, made.held_out)


def test_of_many_held_out_examples_some_are_drawn_from_all_over() -> None:
    places = drawn(1000, 100)
    assert places.tolist() == sorted(set(places.tolist()))
    assert len(places) == 100
    assert places.min() < 100
    assert places.max() > 900
    assert drawn(5, 100).tolist() == [0, 1, 2, 3, 4]


def test_more_are_computed_for_many_classes() -> None:
    assert most_computed(2) == 500
    assert most_computed(77) == 3080
    assert most_computed(1000) == 5000


def test_half_a_guard_is_damage(tmp_path: Path) -> None:
    assert read_guard(tmp_path) is None
    made = guard()
    assert made is not None
    write_guard(made, tmp_path)
    (tmp_path / "guard.safetensors").unlink()
    with pytest.raises(OSError, match=r"guard\.safetensors"):
        read_guard(tmp_path)


def test_numbers_too_large_for_half_precision_are_kept_finite() -> None:
    both = {"middle": torch.full((4, 2), 1e9), "last": torch.full((4, 3), -1e9)}
    made = guard(familiar=both, ids=list("abcd"), targets=["ham", "spam", "ham", "spam"])
    assert made is not None
    assert made.familiar[0].max() == 65504
    assert made.familiar[1].min() == -65504


def test_training_examples_that_stand_in_for_held_out_ones_are_judged_by_the_others() -> None:
    """Too few to hold any out: of an example among its own neighbours the nearest would be as near as can be."""
    seen = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    outputs, targets, names = torch.zeros((4, 2)), ["ham", "spam", "ham", "spam"], list("abcd")
    task = TASKS.load("classification").from_targets(targets)
    given = task, {}, {"last": seen}, names, targets, Seen({"last": seen}, outputs, names, targets)
    made = guard_of(*given, Compared(outputs, task.encode(targets)), unseen=False, nothing_held_out=True)
    assert made is not None
    assert made.threshold == pytest.approx(0, abs=1e-5), "each as far from its three others as is usual"
    assert made.reference == "training"
    assert guard() is not None
    assert guard().reference == "held-out"  # type: ignore[union-attr]
