"""What calibrates a model: every example out of fold where few were held out, and a solved head allows it."""

from __future__ import annotations

from pathlib import Path

import pytest

import headstart
from headstart.experiment.fitting import calibrating
from small_world import PROBE, paint

pytestmark = pytest.mark.usefixtures("no_gains")

FEW = {"apple": 20, "lime": 20}


def fitted(folder: Path, strategy: str = PROBE[1], out: Path | None = None):
    """A model of 40 photos: 32 learnt from, of which 6 or 7 were held out, and 8 for the test."""
    photos = folder / "photos" if (folder / "photos").exists() else paint(folder / "photos", FEW)
    return headstart.fit(photos, backbone="tiny_resnet", strategy=strategy, quiet=True, out=out)


def test_all_that_was_learnt_from_tells_how_sure_to_be(at_hand: Path, tmp_path: Path) -> None:
    model = fitted(tmp_path, out=tmp_path / "model")
    counts = model.result.examples
    assert model.guard is not None
    assert len(model.guard.scores) == len(model.guard.confidence) == counts.train + counts.validation
    assert "every example, out of fold" in (tmp_path / "model" / "report.html").read_text(encoding="utf-8")


def test_no_example_has_a_say_in_its_own_answer(
    at_hand: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A photo under a wrong label convinces the head that learnt from it, but not the one out of its fold."""
    paint(tmp_path / "photos", FEW)
    for number in range(2):
        (tmp_path / "photos" / "lime" / f"0{number}.png").rename(tmp_path / "photos" / "apple" / f"wrong{number}.png")
    made = {}
    original = calibrating.unseen

    def listening(*given):
        made["compared"] = original(*given)
        return made["compared"]

    monkeypatch.setattr("headstart.experiment.fitting.finishing.unseen", listening)
    headstart.fit(tmp_path / "photos", backbone="tiny_resnet", strategy=PROBE[1], quiet=True, test_share=0.0)
    compared = made["compared"]
    assert compared.out_of_fold
    assert len(compared.outputs) == len(compared.encoded) == 40
    wrong = (compared.outputs.argmax(dim=1) != compared.encoded).sum()
    assert wrong >= 2


def test_held_out_examples_do_where_they_are_many(
    at_hand: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calibrating, "ENOUGH", 2)
    model = fitted(tmp_path)
    assert model.guard is not None
    assert len(model.guard.scores) == model.result.examples.validation


def test_a_trained_backbone_is_calibrated_on_what_was_held_out(at_hand: Path, tmp_path: Path) -> None:
    """To train it once a fold would take several times as long as the fit."""
    model = fitted(tmp_path, strategy="fine_tuning:epochs=1")
    assert model.guard is not None
    assert len(model.guard.scores) == model.result.examples.validation


def test_the_next_fit_solves_no_fold_again_and_says_the_same(
    at_hand: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = fitted(tmp_path)
    monkeypatch.setattr(calibrating, "out_of_fold", lambda *given: pytest.fail("solved again"))
    again = fitted(tmp_path)
    assert again.calibration == first.calibration
    assert (again.guard.scores == first.guard.scores).all()
