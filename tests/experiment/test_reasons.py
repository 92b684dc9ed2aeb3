"""The explanations in a report: which predictions, within which time, and what is said of those left out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from headstart.core.errors import MissingDependency
from headstart.core.kept import Kept
from headstart.delivery.artifact import load
from headstart.experiment.presentation.evidence import _seconds_left
from headstart.experiment.presentation.kept_reasons import KeptReasons
from headstart.experiment.presentation.reasons import Candidate, reasons_for, worth_explaining
from headstart.explanations.grad_cam import GradCam


def candidates(folder: Path, count: int) -> list[Candidate]:
    files = sorted(folder.rglob("*.png"))[:count]
    return [Candidate(file, file.name, "apple", "apple", i % 2 == 1, 0.5) for i, file in enumerate(files)]


def test_wrong_and_right_predictions_take_turns() -> None:
    # Places 4 and 1 are wrong, 4 worse. The model took them for b and c, so a right b and a right c come before a.
    wrong = np.array([0, 0.2, 0, 0, 0.9, 0])
    predicted = ["a", "c", "b", "c", "b", "a"]
    chosen = worth_explaining(wrong, predicted, seed=0)
    assert chosen[0] == 4
    assert chosen[2] == 1
    assert {chosen[1], chosen[3]} == {2, 3}
    assert predicted[chosen[4]] == "a"
    assert len(chosen) == 5


def test_without_mistakes_only_right_predictions_of_different_labels() -> None:
    chosen = worth_explaining(np.zeros(9), list("aaabbbccc"), seed=3)
    assert sorted("aaabbbccc"[place] for place in chosen) == ["a", "b", "c"]
    assert worth_explaining(np.zeros(0), [], seed=0) == []


def test_pictures_are_explained_by_one_map_and_by_neighbours(photo_model: Path, photos: Path) -> None:
    model = load(photo_model)
    before = {name: tensor.clone() for name, tensor in model.network.state_dict().items()}
    found = reasons_for(model, candidates(photos, 2), 600, 600, seed=0)
    assert found.missing == ""
    assert [each.right for each in found.explained] == [False, True]
    methods = [reason.method for reason in found.explained[0].reasons]
    assert methods == ["grad_cam", "nearest_examples"]
    shown, near = found.explained[0].reasons
    assert shown.html.startswith("<img src=")
    assert len(shown.checks) == 2
    assert 1 <= len(near.near) <= 4
    assert near.near[0].similarity >= near.near[-1].similarity
    assert all(bool((tensor == before[name]).all()) for name, tensor in model.network.state_dict().items())


def test_no_time_left_is_said(photo_model: Path, photos: Path) -> None:
    found = reasons_for(load(photo_model), candidates(photos, 2), -1.0, -1.0, seed=0)
    assert found.explained == []
    assert "No prediction is explained here: the budget was spent. `headstart explain" in found.missing


def test_the_first_two_have_time_of_their_own(photo_model: Path, photos: Path) -> None:
    found = reasons_for(load(photo_model), candidates(photos, 4), 0.0, 600, seed=0)
    assert [each.right for each in found.explained] == [False, True]
    assert "2 of 4 predictions are explained here" in found.missing


def test_what_was_explained_is_kept_for_the_same_input_and_network(
    photo_model: Path, photos: Path, tmp_path: Path
) -> None:
    model, kept = load(photo_model), Kept(tmp_path / "kept")
    first, second = [replace(each, fingerprint=each.id) for each in candidates(photos, 2)]
    made = reasons_for(model, [first], 600, 600, 0, kept).explained
    assert reasons_for(model, [first, second], -1, -1, 0, kept).explained == made
    assert reasons_for(model, [replace(first, fingerprint="changed")], -1, -1, 0, kept).explained == []
    assert reasons_for(model, [first], -1, -1, 1, kept).explained == []
    model.network.head.bias.data += 1
    assert reasons_for(model, [first], -1, -1, 0, kept).explained == []


def test_a_fit_soon_over_has_seconds_for_the_first_two() -> None:
    def left(budget: float, taken: float, prove: bool = False) -> tuple[float, float]:
        model = SimpleNamespace(result=SimpleNamespace(seconds=SimpleNamespace(total=taken)))
        return _seconds_left(model, SimpleNamespace(spec=SimpleNamespace(budget=budget, prove=prove)))  # type: ignore[arg-type]

    assert left(600, 18) == pytest.approx((0.9, 15))
    assert left(600, 400) == pytest.approx((20, 20))
    assert left(20, 16) == pytest.approx((0.8, 4))
    assert max(left(20, 21)) < 0


def test_that_maps_would_take_long_is_said_once(
    photo_model: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    took = iter(range(10, 100))
    monkeypatch.setattr("headstart.experiment.presentation.reasons._seconds_of", lambda *_: float(next(took)))
    found = reasons_for(load(photo_model), candidates(photos, 3), 5.0, 5.0, seed=0)
    assert found.missing.count("What speaks for an answer is not marked here: it would take 10 s a prediction.") == 1
    assert "it would take" not in found.missing.replace("it would take 10 s", "")
    assert found.missing.endswith("`headstart explain MODEL INPUT` explains any.")
    assert found.missing.count("headstart explain") == 1


def test_what_costs_more_than_the_time_there_is_is_not_begun(
    photo_model: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any) -> None:
        raise AssertionError("a map was drawn")

    monkeypatch.setattr("headstart.experiment.presentation.reasons._timed", lambda work: 10.0)
    monkeypatch.setattr(GradCam, "map", never)
    monkeypatch.setattr("headstart.explanations.integrated_gradients.IntegratedGradients.map", never)
    found = reasons_for(load(photo_model), candidates(photos, 2), 60.0, 60.0, seed=0)
    # Seven batches of 10 s each are too long for a map, and the 10 s of the nearest examples are not.
    assert {reason.method for each in found.explained for reason in each.reasons} == {"nearest_examples"}
    assert "What speaks for an answer is not marked here: it would take" in found.missing
    found = reasons_for(load(photo_model), candidates(photos, 2), 5.0, 5.0, seed=0)
    assert found.explained == []
    assert "they had 5.0 s of the budget" in found.missing


def test_a_missing_library_is_said_once_and_the_rest_is_explained(
    photo_model: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: Any) -> None:
        raise MissingDependency("Maps need 'x': pip install 'headstart[explain]'")

    monkeypatch.setattr(GradCam, "explain", missing)
    monkeypatch.setattr("headstart.explanations.integrated_gradients.IntegratedGradients.explain", missing)
    found = reasons_for(load(photo_model), candidates(photos, 2), 600, 600, seed=0)
    assert [reason.method for each in found.explained for reason in each.reasons] == ["nearest_examples"] * 2
    assert found.missing.count("headstart[explain]") == 1


def test_a_picture_that_is_gone_is_said_and_the_rest_is_explained(photo_model: Path, photos: Path) -> None:
    first, last = candidates(photos, 2)
    gone = replace(first, reference=photos / "gone.png", id="gone.png")
    found = reasons_for(load(photo_model), [first, gone, last], 600, 600, seed=0)
    assert [each.id for each in found.explained] == [first.id, last.id]
    assert found.missing.startswith("gone.png is not explained: ")


def test_a_device_without_room_costs_an_explanation_and_no_model(
    photo_model: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise RuntimeError("out of memory\nand much more")

    monkeypatch.setattr(GradCam, "explain", full)
    (one,) = candidates(photos, 1)
    found = reasons_for(load(photo_model), [one], 600, 600, seed=0)
    assert found.explained == []
    assert found.missing == f"{one.id} is not explained: out of memory."


def test_boxes_of_one_picture_are_kept_apart(tmp_path: Path) -> None:
    """Two cells of equal score differ in where they lie alone."""
    kept = KeptReasons(Kept(tmp_path / "kept"), "a model")
    one, other = (
        Candidate("a.png", "a.png", "RBC", "RBC", True, 0.9731, "content", {"edges": (left, 0.1, left + 0.2, 0.4)})
        for left in (0.1, 0.6)
    )
    kept.keep(one.told, one.key)
    assert kept.read(one.told, one.key) == one.told
    assert kept.read(other.told, other.key) is None


def test_a_text_of_one_word_is_never_taken_for_a_file(message_model: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    one = Candidate(str(tmp_path / "secret"), "row 1", "films", "films", True)
    (told,) = reasons_for(load(message_model), [one], 600, 600, seed=0).explained
    assert [reason.method for reason in told.reasons][-1] == "nearest_examples"
