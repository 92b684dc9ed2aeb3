"""Adding classes to a model: the old ones stay, the new ones are learnt, and both are judged apart."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

import headstart
from headstart.core.errors import InputError, UsageError
from headstart.core.progress import Progress
from headstart.core.timing import Stopwatch
from headstart.data.readers.base import Request
from headstart.experiment.extension import head as extended_head
from headstart.experiment.extension.forgetting import HeldBack
from headstart.experiment.extension.head import replay_weights
from headstart.experiment.old_examples import looked_at
from headstart.experiment.replaying import memory_of
from headstart.strategies._linear_head import fit_linear_head
from headstart.strategies._solved_head import solve_head
from headstart.strategies.base import Climbed, Prepared
from headstart.strategies.feature_extraction import FeatureExtraction, several_depths
from headstart.tasks import TASKS
from headstart.training.workbench import Workbench
from small_world import PROBE, WORDS, machine, paint, table, texts

pytestmark = pytest.mark.usefixtures("no_gains")

FRUIT = PROBE[1]
TWO = {"apple": 20, "lime": 20}


class AlwaysSeveral(FeatureExtraction):
    """A head on the features of all depths, whether or not that is better."""

    def climb(self, prepared: Prepared, bench: Workbench) -> Climbed:
        network = several_depths(prepared.network, bench)
        solve_head(network, bench)
        return Climbed(network, sum(parameter.numel() for parameter in network.head.parameters()))


@pytest.fixture(scope="module")
def of_two(tiny_backbones: Path, tmp_path_factory: pytest.TempPathFactory) -> headstart.Model:
    """A model of two fruits; not to be changed."""
    folder = tmp_path_factory.mktemp("two")
    photos = paint(folder / "photos", TWO)
    with machine(tiny_backbones, folder / "cache"):
        return headstart.fit(photos, backbone="tiny_resnet", strategy=FRUIT, quiet=True)


@pytest.fixture
def two_fruits(of_two: headstart.Model, at_hand: Path) -> headstart.Model:
    """Its own copy for each test, with the same ``photos`` at hand."""
    paint(at_hand / "photos", TWO)
    return copy.deepcopy(of_two)


def test_a_third_fruit(two_fruits: headstart.Model, at_hand: Path) -> None:
    new = paint(at_hand / "new", {"plum": 20, "lime": 10}, seed=1)
    model = headstart.extend(two_fruits, new, out=at_hand / "three", quiet=True)
    assert model.labels == ["apple", "lime", "plum"]
    found = model.result.extension
    assert found is not None
    assert found["added"] == ["plum"]
    assert found["unseen"]
    assert found["before"]["examples"] == found["after"]["examples"] == len(two_fruits.needed_guard.held_out)
    assert found["new"]["figures"]["accuracy"][0] == 1.0
    assert found["more"]["classes"] == 1
    assert (
        found["both"]["examples"] == found["after"]["examples"] + found["new"]["examples"] + found["more"]["examples"]
    )
    again = headstart.load(at_hand / "three")
    inputs = paint(at_hand / "more", {"apple": 6, "lime": 6, "plum": 6}, seed=2)
    assert again.evaluate(inputs)["accuracy"].value == 1.0
    np.testing.assert_allclose(again.predict_proba(inputs).sum(axis=1), 1, rtol=1e-6)
    assert all("plum" in held for held in again.predict_sets(inputs / "plum"))
    assert "plum" in (at_hand / "three" / "README.md").read_text()
    assert "plum" in (at_hand / "three" / "report.html").read_text()


def test_the_backbone_and_the_old_model_stay_as_they_are(two_fruits: headstart.Model, at_hand: Path) -> None:
    before = {name: each.clone() for name, each in two_fruits.network.state_dict().items()}
    model = headstart.extend(two_fruits, paint(at_hand / "new", {"plum": 12}, seed=1), quiet=True)
    for name, each in two_fruits.network.state_dict().items():
        assert torch.equal(each, before[name])
        assert name.startswith("head.") or torch.equal(each, model.network.state_dict()[name])
    assert two_fruits.labels == ["apple", "lime"]


@pytest.mark.usefixtures("elsewhere")
def test_a_network_that_was_run_on_another_device_is_back_when_its_head_is_asked(
    two_fruits: headstart.Model, at_hand: Path
) -> None:
    new = paint(at_hand / "new", {"plum": 20}, seed=1)
    two_fruits.predict(new)
    for old in (None, at_hand / "photos"):
        model = headstart.extend(two_fruits, new, old_data=old, quiet=True)
        assert model.labels == ["apple", "lime", "plum"]
    assert set(two_fruits.predict(at_hand / "photos" / "lime")) == {"lime"}


def test_what_the_model_has_met_is_left_out(two_fruits: headstart.Model, at_hand: Path) -> None:
    """Old and new examples in one folder: what is done most naturally. Nothing held out may be learnt from."""
    paint(at_hand / "plums", {"plum": 12}, seed=1)
    (at_hand / "plums" / "plum").rename(at_hand / "photos" / "plum")
    model = headstart.extend(two_fruits, at_hand / "photos", quiet=True)
    found = model.result.extension
    assert found is not None
    assert found["known"] == 40
    assert found["learnt_new"] + found["new"]["examples"] == 12
    assert found["more"] is None


def test_an_extended_model_is_extended_again(at_hand: Path) -> None:
    photos = paint(at_hand / "photos", {"apple": 12, "lime": 12})
    model = headstart.fit(photos, backbone="tiny_resnet", strategy="feature_extraction", quiet=True)
    for number, fruit in enumerate(("plum", "apple")):
        more = paint(at_hand / str(number), {fruit: 12}, seed=number + 1)
        if fruit == "apple":
            (more / fruit).rename(more / "red plum")
        model = headstart.extend(model, more, quiet=True)
    assert model.labels == ["apple", "lime", "plum", "red plum"]
    assert [list(model.needed_guard.targets).count(label) for label in model.labels] == model.task.describe()[
        "counts"
    ]


def test_heads_are_solved_until_one_is_enough(
    two_fruits: headstart.Model, at_hand: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Old classes lose too much by the first head and by no other: of four, two are solved."""
    solved: list[float] = []

    def counting(*given: Any) -> Any:
        solved.append(float(given[3].max()))
        return fit_linear_head(*given)

    monkeypatch.setattr(extended_head, "fit_linear_head", counting)
    monkeypatch.setattr(HeldBack, "enough", lambda self, old: len(solved) > 1)
    headstart.extend(two_fruits, paint(at_hand / "new", {"plum": 12}, seed=1), quiet=True)
    assert len(solved) == 2


def test_a_head_on_several_depths_is_solved_on_the_same(at_hand: Path) -> None:
    """The guard keeps what such a head reads; half precision changes no output by more than a thousandth or so."""
    photos = paint(at_hand / "photos", {"apple": 12, "lime": 12})
    model = headstart.fit(photos, backbone="tiny_resnet", strategy=AlwaysSeveral(), quiet=True)
    assert len(model.network.depths) > 2
    memory = memory_of(model)
    assert memory.learnt.read_by(model.network).shape == (19, model.network.head_features)
    assert memory.held_out.outputs(model.network).shape == (5, 2)
    extended = headstart.extend(model, paint(at_hand / "new", {"plum": 12}, seed=1), quiet=True)
    assert extended.network.depths == model.network.depths
    assert extended.evaluate(paint(at_hand / "more", {"apple": 4, "plum": 4}, seed=3))["accuracy"].value == 1.0


def test_texts(messages: Path, at_hand: Path) -> None:
    rows = [{"text": text, "topic": topic} for text, topic in texts(60)]
    known, new = list(WORDS)[:2], list(WORDS)[2]
    first = table(at_hand / "first.csv", [row for row in rows if row["topic"] in known])
    rest = table(at_hand / "rest.csv", [row for row in rows if row["topic"] == new])
    model = headstart.fit(first, backbone="tiny_bert", strategy=FRUIT, quiet=True)
    extended = headstart.extend(model, rest, quiet=True)
    assert extended.labels == [*known, new]
    assert extended.columns["target"] == "topic"
    found = extended.result.extension
    assert found is not None
    assert found["both"]["figures"]["accuracy"][0] > 0.9


def test_replayed_examples_stand_for_all_of_their_class() -> None:
    """Class a: 1 of 9 kept, b: 4 of 4. Balanced by 1/√N_c a class weighs √N_c in all: 3 and 2."""
    task = TASKS.load("classification")(["a", "b"], [9, 4])
    weights = replay_weights(task, torch.tensor([0, 1, 1, 1, 1]))
    expected = torch.tensor([3.0, 0.5, 0.5, 0.5, 0.5])
    torch.testing.assert_close(weights, expected)


def test_mistakes(two_fruits: headstart.Model, at_hand: Path) -> None:
    with pytest.raises(InputError, match="no class that is new to the model"):
        headstart.extend(two_fruits, paint(at_hand / "known", {"lime": 3}, seed=4), quiet=True)
    with pytest.raises(InputError, match="This model takes"):
        headstart.extend(two_fruits, (["a text"], ["plum"]), quiet=True)
    two_fruits.guard = None
    with pytest.raises(UsageError, match="guard"):
        headstart.extend(two_fruits, at_hand / "known", quiet=True)


def test_a_guard_of_an_older_headstart(two_fruits: headstart.Model, at_hand: Path) -> None:
    guard = two_fruits.needed_guard
    object.__setattr__(guard, "held_out_classes", np.zeros(0, np.int64))
    with pytest.raises(UsageError, match="older headstart"):
        headstart.extend(two_fruits, paint(at_hand / "new", {"plum": 3}), quiet=True)


def test_numbers_have_no_classes_to_add(at_hand: Path) -> None:
    rows = [{"text": text, "length": len(text) + 0.5} for text, _ in texts(30)]
    model = headstart.fit(
        table(at_hand / "t.csv", rows), target="length", backbone="tiny_bert", strategy=FRUIT, quiet=True
    )
    with pytest.raises(UsageError, match="model for regression"):
        headstart.extend(model, (["one"], ["plum"]), quiet=True)


def test_old_classes_lose_no_more_than_they_may(at_hand: Path) -> None:
    """New "limes" look like the old: without a bound some old ones are taken for new, with 0 % hardly one is."""
    photos = paint(at_hand / "photos", {"apple": 60, "lime": 60})
    model = headstart.fit(photos, backbone="tiny_resnet", strategy=FRUIT, quiet=True)
    new = paint(at_hand / "new", {"lime": 80}, seed=1)
    (new / "lime").rename(new / "lemon")
    free = headstart.extend(model, new, quiet=True).result.extension
    bound = headstart.extend(model, new, forgetting="0%", quiet=True).result.extension
    assert free is not None
    assert bound is not None
    assert free["taken_for_new"] > 0
    assert (free["bound"], free["held_back"]) == (None, 0.0)
    assert bound["bound"] == 0.0
    assert (free["counted"], bound["counted"] > 1) == (1.0, True), "look-alikes would pay too much without a bound"
    assert bound["taken_for_new"] < free["taken_for_new"]
    assert free["free"] is None
    assert bound["free"]["new"] == free["new"]
    assert bound["free"]["change"] == free["change"]
    paid = bound["new"]["figures"]["accuracy"][0] - free["new"]["figures"]["accuracy"][0]
    assert bound["free"]["cost"][0] == pytest.approx(paid)
    assert paid < 0
    with pytest.raises(UsageError, match="not a share"):
        headstart.extend(model, new, forgetting="a little", quiet=True)


def test_all_old_examples_where_they_are_still_there(two_fruits: headstart.Model, at_hand: Path) -> None:
    """The guard forgets all but four examples; from the old data they are all learnt from, divided as they were."""
    guard = two_fruits.needed_guard
    held_out = sorted(guard.held_out_ids)
    for name, value in (
        ("familiar", [each[:4] for each in guard.familiar]), ("classes", guard.classes[:4]), ("ids", guard.ids[:4]),
        ("held_out_classes", np.zeros(0, np.int64)),
    ):  # fmt: skip
        object.__setattr__(guard, name, value)
    new = paint(at_hand / "new", {"plum": 12}, seed=1)
    with pytest.raises(UsageError, match="--old"):
        headstart.extend(two_fruits, new, quiet=True)
    model = headstart.extend(two_fruits, new, old_data=at_hand / "photos", seed=0, quiet=True)
    found = model.result.extension
    assert found is not None
    assert found["unseen"]
    learnt = f"a head solved anew on {found['learnt_old']} old examples (photos, read again) and"
    assert model.result.rungs[0].reason.startswith(learnt)
    assert "the guard of the model" not in (model.report or "")
    assert f"old_data=&#x27;{at_hand / 'photos'}&#x27;, seed=0)" in (model.report or "")
    assert found["learnt_old"] == found["kept_of"] == 40 - len(held_out)
    assert [name for name in sorted(model.needed_guard.held_out_ids) if "plum" not in name] == held_out
    other = headstart.extend(
        two_fruits, new, old_data=paint(at_hand / "others", {"apple": 9, "lime": 9}, 7), quiet=True
    )
    assert other.result.extension is not None
    assert not other.result.extension["unseen"]
    with pytest.raises(InputError, match="do not fit this model"):
        headstart.extend(two_fruits, new, old_data=new, quiet=True)
    counts = two_fruits.result.examples
    two_fruits.result = replace(two_fruits.result, examples=replace(counts, test=counts.test - 1))
    shared_out_anew = headstart.extend(two_fruits, new, old_data=at_hand / "photos", quiet=True)
    assert shared_out_anew.result.extension is not None
    assert not shared_out_anew.result.extension["unseen"]


def test_a_class_that_the_old_data_lack_is_learnt_from_the_guard(
    two_fruits: headstart.Model, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As that which a model was extended by before: the data of its first fit hold none of it."""
    three = headstart.extend(two_fruits, paint(at_hand / "plums", {"plum": 12}, seed=1), quiet=True)
    new = paint(at_hand / "berries", {"apple": 12}, seed=2)
    (new / "apple").rename(new / "berry")
    four = headstart.extend(three, new, old_data=at_hand / "photos", test_share=0.2)
    assert "they hold none of plum; what the model's guard keeps is taken" in capsys.readouterr().err
    assert four.labels == ["apple", "lime", "plum", "berry"]
    assert set(four.needed_guard.classes.tolist()) == set(four.needed_guard.held_out_classes.tolist()) == {0, 1, 2, 3}
    found, plums_of_three = four.result.extension, int((three.needed_guard.classes == 2).sum())
    assert found is not None
    old = len(list((at_hand / "photos").rglob("*.png"))) - len(two_fruits.needed_guard.held_out_ids)
    assert (found["learnt_old"], found["kept_of"]) == (old + plums_of_three, old + plums_of_three)
    plums = sorted((at_hand / "plums" / "plum").iterdir())
    assert four.predict([str(plum) for plum in plums]).count("plum") > len(plums) / 2
    guard = three.needed_guard
    kept = guard.classes != 2
    for name, value in (
        ("familiar", [each[kept] for each in guard.familiar]), ("classes", guard.classes[kept]),
        ("ids", [name for name, own in zip(guard.ids, kept, strict=True) if own]),
    ):  # fmt: skip
        object.__setattr__(guard, name, value)
    with pytest.raises(InputError, match="old examples hold none of plum, and the model's guard keeps none"):
        headstart.extend(three, new, old_data=at_hand / "photos", quiet=True)


def test_new_examples_that_all_belong_together_are_learnt_from_and_judge_nothing(
    two_fruits: headstart.Model, at_hand: Path
) -> None:
    """Of one patient, as it were: fewer of them would not be held out either."""
    paint(at_hand / "new", {"plum": 12}, seed=1)
    rows = [{"image": f"plum/{i:02}.png", "label": "plum", "patient": "p1"} for i in range(12)]
    new = table(at_hand / "new" / "new.csv", rows)
    model = headstart.extend(two_fruits, new, group="patient", quiet=True)
    assert model.labels == ["apple", "lime", "plum"]
    assert model.result.extension is not None
    assert model.result.extension["learnt_new"] == 12
    assert any("No example of plum could be held out" in finding.summary for finding in model.result.findings)


def test_a_tuned_model_is_extended_on_its_tuned_features(at_hand: Path) -> None:
    photos = paint(at_hand / "photos", {"apple": 20, "lime": 20})
    strategy = "fine_tuning:freeze_depth=3,epochs=2,interpolate=true"
    model = headstart.fit(photos, backbone="tiny_resnet", strategy=strategy, quiet=True)
    assert 0 < model.result.rungs[0].tuned_share <= 1
    extended = headstart.extend(model, paint(at_hand / "new", {"plum": 12}, seed=1), quiet=True)
    found = extended.result.extension
    assert found is not None
    assert found["tuned"]
    assert any("tuned to the old classes" in finding.summary for finding in extended.result.findings)
    for name, each in model.network.backbone.state_dict().items():
        assert torch.equal(each, extended.network.backbone.state_dict()[name])
    assert extended.evaluate(paint(at_hand / "more", {"apple": 4, "plum": 4}, seed=3))["accuracy"].value == 1.0


def test_patients_stay_together_in_new_examples_unless_told_otherwise(at_hand: Path) -> None:
    pairs = [(patient, number) for patient in range(12) for number in range(3)]
    rows = [(f"visit {number} of number {patient}", "ill", f"P{patient}") for patient, number in pairs]
    lines = [",".join(row) for row in [("text", "label", "patient"), *rows]]
    (at_hand / "new.csv").write_text("\n".join(lines), encoding="utf-8")
    model: Any = SimpleNamespace(modality="text")

    def groups(group: str | None) -> list[str] | None:
        request = Request(at_hand / "new.csv", "text", "label", group, fits=False)
        found = looked_at(model, request, Progress(True), Stopwatch()).examples.groups
        return None if found is None else list(found)

    together = groups(None)
    assert together is not None
    assert len(set(together)) == 12
    assert groups("none") is None


def test_no_groups_are_inferred_for_new_examples() -> None:
    with pytest.raises(UsageError, match="name a column, or `none`"):
        headstart.extend("model", "new.csv", group="auto", quiet=True)
