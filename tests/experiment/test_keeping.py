"""An old task while its backbone is tuned to another: what it loses is measured, and kept within a bound."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import headstart
from headstart.backbones import load
from headstart.core.errors import HeadstartError, UsageError
from headstart.core.results import Figure
from headstart.experiment import keeping
from headstart.experiment.keeping import Kept, finding
from masked_pictures import scenes
from small_world import PROBE, machine, paint, result_of, status, table, texts
from toys import same_state

pytestmark = pytest.mark.usefixtures("no_gains")

HEEDLESS = "fine_tuning:freeze_depth=0,epochs=4,learning_rate=0.2,statistics=true"
"""So high a rate that the old head understands nothing any more."""


@pytest.fixture(scope="module")
def made(tiny_backbones: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a model of two fruits, ``old``, lies beside the ``photos`` it was made from; not to be written to."""
    folder = tmp_path_factory.mktemp("made")
    photos = paint(folder / "photos", {"apple": 40, "lime": 40})
    with machine(tiny_backbones, folder / "cache"):
        headstart.fit(photos, backbone="tiny_resnet", strategy=PROBE[1], out=folder / "old", quiet=True)
    return folder


@pytest.fixture
def old(made: Path, at_hand: Path) -> tuple[Path, Path]:
    """A model of two fruits, and the pictures it was made from."""
    for name in ("old", "photos"):
        shutil.copytree(made / name, at_hand / name)
    return at_hand / "old", at_hand / "photos"


def test_a_fit_starts_from_the_backbone_of_a_finished_model(old: tuple[Path, Path], at_hand: Path) -> None:
    """Tuned weights, not those that were loaded first; the next model does without the folder."""
    folder, _ = old
    photos = paint(at_hand / "more", {"apple": 20, "plum": 20}, seed=3)
    first = headstart.fit(photos, backbone=str(folder), strategy=HEEDLESS, out=at_hand / "tuned", quiet=True)
    again = load(at_hand / "tuned")
    assert same_state(again, first.network.backbone)
    assert not same_state(again, load(folder))
    assert again.card.name == "local/tuned"
    second = headstart.fit(photos, backbone=str(at_hand / "tuned"), strategy=PROBE[1], out=at_hand / "b", quiet=True)
    assert same_state(second.network.backbone, again)
    np.testing.assert_allclose(
        headstart.load(at_hand / "b").predict_proba(photos), second.predict_proba(photos), atol=1e-5
    )
    (folder / "model.json").write_text("{}")
    with pytest.raises(HeadstartError, match="the model folder is damaged"):
        load(folder)


def test_what_an_old_task_loses_is_bounded(old: tuple[Path, Path], at_hand: Path) -> None:
    folder, photos = old
    new = paint(at_hand / "new", {"plum": 30, "lime": 30}, seed=1)
    given = {"backbone": str(folder), "strategy": HEEDLESS, "old": str(photos), "quiet": True}
    heedless = headstart.fit(new, **given).result.forgetting
    assert heedless is not None
    assert heedless["examples"] == 16, "the fifth that the old fit had held out"
    assert heedless["unseen"]
    assert heedless["before"][0] == 1.0
    assert heedless["lost"][0] > 0.2
    assert heedless["within"], "nothing was asked"
    result = headstart.fit(new, **given, forgetting="2%", out=at_hand / "kept").result
    assert result.forgetting is not None
    assert result.forgetting["bound"] == 0.02
    assert result.forgetting["lost"][2] <= 0.02
    assert result.rungs[0].tuned_share < 1
    assert result_of(at_hand / "kept")["forgetting"]["lost"] == list(result.forgetting["lost"])
    assert any("within the 2 % allowed" in each.summary for each in result.findings)
    assert headstart.load(at_hand / "kept").result.forgetting is not None


def test_a_frozen_backbone_loses_nothing_and_it_is_said(
    old: tuple[Path, Path], at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, photos = old
    new = paint(at_hand / "new", {"plum": 15, "lime": 15}, seed=1)
    words = ["--backbone", folder, "--old", photos, "--forgetting", "2%", *PROBE, "--out", at_hand / "kept", "--json"]
    assert status("fit", new, *words) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["forgetting"]["lost"] == [0.0, 0.0, 0.0]
    assert "judged by 16 old examples that it had not learnt from" in said.err
    assert "it takes 189 (--old) to be sure of 2 %" in said.err


def test_what_cannot_be_kept_is_refused(old: tuple[Path, Path], at_hand: Path) -> None:
    folder, photos = old
    with pytest.raises(UsageError, match="--forgetting needs --old DATA"):
        headstart.fit(photos, forgetting="2%")
    for backbone, named in (
        (None, "none was given"),
        ("tiny_resnet", "tiny_resnet is no such folder"),
        ("auto", "auto is no such folder"),
    ):
        with pytest.raises(UsageError, match=f"--old needs --backbone MODEL.*{named}"):
            headstart.fit(photos, backbone=backbone, old=photos, forgetting=0.02)
    with pytest.raises(UsageError, match="set_fit: it cannot go part of the way back"):
        headstart.fit(photos, backbone=str(folder), old=photos, forgetting=0.02, strategy="set_fit", quiet=True)
    blocks = scenes(at_hand / "blocks", 12)
    with pytest.raises(UsageError, match="segmentation says where things lie in a picture: leave out --old"):
        headstart.fit(blocks, backbone=str(folder), old=photos, quiet=True)
    headstart.fit(
        blocks, backbone="tiny_resnet", strategy="head_training:epochs=1,views=0", out=at_hand / "m", quiet=True
    )
    with pytest.raises(UsageError, match="is a model for segmentation; what is lost is measured as the share"):
        headstart.fit(photos, backbone=str(at_hand / "m"), old=blocks, quiet=True)
    rows = [{"text": text, "topic": topic, "size": len(text) + 0.5} for text, topic in texts(40)]
    numbers = table(at_hand / "numbers.csv", rows)
    given = {"input": "text", "strategy": PROBE[1], "quiet": True}
    headstart.fit(numbers, target="size", task="regression", backbone="tiny_bert", out=at_hand / "n", **given)
    with pytest.raises(UsageError, match="is a model for regression"):
        headstart.fit(numbers, target="topic", backbone=str(at_hand / "n"), old=numbers, **given)


def test_few_old_examples_are_said_to_prove_little() -> None:
    """By Wilson's interval of 0 in n, which ends at 3.84 / (n + 3.84): 0.19 of 16, and 0.0199 of 189."""
    unchanged = Figure(1.0, 0.8, 1.0), Figure(1.0, 0.8, 1.0), Figure(0.0, 0.0, 0.0)
    said = finding(Kept(0.02, *unchanged, 16, True))
    assert said.severity == "info"
    assert "within the 2 % allowed" in said.summary
    assert said.next_step == (
        "16 old examples may all be right as before while up to 19 % of such are lost: it takes 189 (--old) to be "
        "sure of 2 %."
    )
    assert "up to 2 % of such are lost" in keeping.too_few(188, 0.02)
    assert keeping.too_few(189, 0.02) == keeping.too_few(16, None) == ""


def test_a_loss_beyond_the_bound_is_a_warning() -> None:
    figures = Figure(0.9, 0.8, 0.95), Figure(0.85, 0.7, 0.9), Figure(0.05, 0.01, 0.09)
    kept = Kept(0.02, *figures, 100, True)
    said = finding(kept)
    assert said.severity == "warning"
    assert "lost +5.0 points of accuracy (+1.0 to +9.0), more than the 2 % allowed" in said.summary
    assert not kept.to_json()["within"]
    assert finding(Kept(None, *figures, 100, True)).severity == "info"
    nothing = Kept(0.02, *figures[:2], Figure(-0.0, -0.0, 1e-9), 100, True)
    assert "it lost +0.0 points of accuracy (+0.0 to +0.0), within" in finding(nothing).summary
