"""What transfer gave is measured where there is time, on the examples that judge, and kept for the next fit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import headstart
from headstart.backbones.base import Backbone
from headstart.core.timing import Stopwatch
from headstart.experiment.fitting import gains, how_many
from headstart.experiment.fitting.contest import Contest, drawn, fewest_drawn
from headstart.experiment.fitting.gains import gain_over_scratch, gains_of
from headstart.experiment.looks import KeptLooks
from headstart.frozen.store import FrontierStore
from headstart.strategies._baselines import pretrained
from headstart.strategies._random_weights import RandomWeightsCost
from headstart.strategies.fine_tuning import FineTuning
from headstart.tasks.multi_task import MultiTask
from headstart.training.workbench import Workbench
from small_world import PROBE, texts
from toys import Direct, Said, toy_backbone, toy_bench, toy_pictures, toy_task


@pytest.fixture
def contest(tmp_path: Path) -> Contest:
    """40 pictures to learn from, 20 that judge, and a model that is right about all of them but two."""
    pictures, labels = toy_pictures(60)
    bench = toy_bench(
        toy_backbone(), tmp_path, pictures, labels, held_out=20, store=FrontierStore(tmp_path / "store")
    )
    bench = replace(bench, progress=Said())
    truth = bench.validation_targets
    outputs = torch.nn.functional.one_hot(truth, 2).float() * 8 - 4
    outputs[:2] *= -1
    return Contest(bench, labels[:40], bench.validation, truth, labels[40:], outputs, KeptLooks(None, Direct()))


def takes(monkeypatch: pytest.MonkeyPatch, each: float) -> None:
    """A network that takes `each` seconds an input: 16 to learn from, 16 that judge and 4 for statistics 36 times."""
    monkeypatch.setattr(how_many, "random_weights_cost", lambda *given: RandomWeightsCost(each, True, 4, 2))


def after(contest: Contest, seconds: float) -> Contest:
    """The same where the fit took so long by now, of 130 s."""
    stopwatch = Stopwatch()
    stopwatch.credit(seconds)
    return replace(contest, bench=replace(contest.bench, stopwatch=stopwatch, deadline=130.0))


def again(contest: Contest, folder: Path) -> Contest:
    """The same in another fit, with the store of the first."""
    return replace(contest, bench=replace(contest.bench, folder=folder))


def measured_before(bench: Workbench, backbone: Backbone, each: float | None) -> RandomWeightsCost:
    """What a fit finds that does not run the network to tell how long it takes."""
    assert each is not None
    return RandomWeightsCost(each, True, 4, 2)


def said(contest: Contest) -> str:
    return "\n".join(contest.bench.progress.lines)


def test_the_gain_is_the_difference_on_the_judging_examples(contest: Contest) -> None:
    reached, gain, *_ = contest.against(torch.zeros(20, 2))  # always the first label: right for half of them
    assert reached.value == 0.5
    assert gain.value == pytest.approx(0.9 - 0.5)
    assert gain.low < 0.4 < gain.high


def test_the_cheap_ones_are_always_measured_and_the_dear_one_where_there_is_time(
    contest: Contest, monkeypatch: pytest.MonkeyPatch
) -> None:
    takes(monkeypatch, 1.0)
    found = gains_of(contest, toy_backbone(), prove=False)
    # The pictures are arrays of no image's shape, so nothing shallow is known of them; the fit took next to no time.
    assert list(found) == ["majority"]
    assert "a linear model on shallow features is not compared with:" in said(contest)
    assert "random weights is not compared with: 16 examples alone would take about 36 s;" in said(contest)
    assert "--prove takes the time" in said(contest)


def test_a_short_fit_has_a_few_seconds_for_random_weights(contest: Contest, tmp_path: Path) -> None:
    assert list(gains_of(contest, toy_backbone(), prove=False)) == ["majority", "random_weights"]
    over = replace(contest, bench=replace(contest.bench, deadline=1e-9, folder=tmp_path / "over"))
    assert list(gains_of(over.among(30, 20), toy_backbone(), prove=False)) == ["majority"]


def test_random_weights_are_compared_with_a_head_that_learnt_from_the_same(
    contest: Contest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The finished model is right about 18 of 20; a head on the pretrained features of the few, here about 12."""
    truth = contest.encoded
    few_right = torch.nn.functional.one_hot(truth, 2).float()
    few_right[:8] = 1 - few_right[:8]
    monkeypatch.setattr(gains, "pretrained", lambda bench, backbone, inputs: few_right)
    monkeypatch.setattr(gains, "random_weights", lambda *given, **more: torch.zeros(20, 2))
    reached, gain, learnt, judged = gains_of(contest, toy_backbone(), prove=True)["random_weights"]
    assert (learnt, judged) == (40, 20)
    assert reached.value == 0.5
    assert gain.value == pytest.approx(0.6 - 0.5)


def test_a_target_that_none_of_the_few_has_is_no_mistake(contest: Contest) -> None:
    """Two targets of which the second is known for two examples to learn from, neither among those that are drawn."""
    few_of_it = [place for place in range(40) if place not in drawn(contest.kinds, 30, 0)][:2]
    seconds = {place: f"o{i}" for i, place in enumerate(few_of_it)}
    targets = [{"kind": kind, "other": seconds.get(place)} for place, kind in enumerate(contest.kinds)]
    task = MultiTask({"kind": contest.bench.task, "other": toy_task(["o0", "o1"])})
    judged = task.encode([{"kind": kind, "other": None} for kind in contest.judged_kinds])
    bench = replace(contest.bench, task=task, targets=task.encode(targets), validation=None, validation_targets=None)
    few = replace(contest, bench=bench, encoded=judged, outputs=torch.zeros(20, 4)).among(30, 20)
    assert [len(part.rows) for part in task.parts(few.bench.targets)] == [30, 0]
    found = gains_of(few, toy_backbone(), prove=True)
    assert list(found) == ["majority", "random_weights"]


def test_a_network_that_learnt_nothing_gains_nothing_over_itself(contest: Contest) -> None:
    backbone = toy_backbone()
    own = pretrained(contest.bench, backbone, contest.inputs)
    _, gain, *_ = contest.against(own, pretrained(contest.bench, backbone, contest.inputs))
    assert gain == (0, 0, 0)


def test_proving_takes_the_time(contest: Contest) -> None:
    found = gains_of(contest, toy_backbone(), prove=True)
    assert list(found) == ["majority", "random_weights"]
    found = gain_over_scratch(contest, replace(contest.bench, deadline=2.0), toy_backbone(), FineTuning(epochs=1))
    assert list(found) == ["from_scratch"]


def test_what_was_measured_is_kept(contest: Contest, monkeypatch: pytest.MonkeyPatch) -> None:
    first = gains_of(contest, toy_backbone(), prove=True)
    monkeypatch.setattr(gains, "random_weights", lambda *given, **more: pytest.fail("computed twice"))
    assert gains_of(contest, toy_backbone(), prove=False) == first
    other = contest.among(30, 20)
    with pytest.raises(pytest.fail.Exception, match="computed twice"):
        gains_of(other, toy_backbone(), prove=True)


def test_where_not_all_fit_as_many_are_compared_as_there_is_time_for(
    contest: Contest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With 5 % of the budget, 6.5 s, there is no time for all, 40 + 20 and 10 for statistics at 0.1 s; in 4 % of the
    time so far, 4.72 s, there is for 22 + 20 + 5, but not for 23 + 20 + 5.
    """
    takes(monkeypatch, 0.1)
    _, _, learnt, judged = gains_of(after(contest, 118.0), toy_backbone(), prove=False)["random_weights"]
    assert (learnt, judged) == (22, 20)


def test_below_the_fewest_it_is_left_out(contest: Contest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """16 of each, and 4 for statistics, take 3.6 s, which is 6 % of 60 s, and 4 % of 90 s."""
    takes(monkeypatch, 0.1)
    assert "random_weights" not in gains_of(after(contest, 59.0), toy_backbone(), prove=False)
    assert "16 examples alone would take about 3.6 s" in said(contest)
    for number, seconds in ((16, 61.0), (16, 91.0), (17, 96.0)):  # 17 take 3.8 s
        enough = again(after(contest, seconds), tmp_path / str(seconds))
        assert gains_of(enough, toy_backbone(), prove=False)["random_weights"].learnt == number


def test_a_second_is_there_for_a_few_however_short_the_fit_was(
    contest: Contest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At 0.025 s an input 17 + 17 + 4, with two heads, take less than a second, 18 + 18 + 4 more, and all 1.75 s."""
    takes(monkeypatch, 0.025)
    short = replace(contest, bench=replace(contest.bench, deadline=20.0))
    monkeypatch.setattr(how_many, "AT_LEAST", 1.5)
    assert gains_of(short, toy_backbone(), prove=False)["random_weights"].learnt == 17


def test_a_resumed_fit_takes_as_many_as_it_did_before(contest: Contest, monkeypatch: pytest.MonkeyPatch) -> None:
    takes(monkeypatch, 0.1)
    with monkeypatch.context() as patch:
        patch.setattr(gains, "random_weights", lambda *given, **more: pytest.fail("killed"))
        with pytest.raises(pytest.fail.Exception, match="killed"):
            gains_of(after(contest, 118.0), toy_backbone(), prove=False)
    takes(monkeypatch, 0.0)  # all would be compared now
    assert gains_of(contest, toy_backbone(), prove=False)["random_weights"].learnt == 22


def test_what_was_left_out_stays_so_in_a_resumed_fit(contest: Contest, monkeypatch: pytest.MonkeyPatch) -> None:
    takes(monkeypatch, 1e9)
    assert "random_weights" not in gains_of(contest, toy_backbone(), prove=False)
    takes(monkeypatch, 0.0)
    assert "random_weights" not in gains_of(contest, toy_backbone(), prove=False)


def test_a_fit_from_the_store_takes_as_many_as_the_first(
    contest: Contest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is over at once, so that nothing would fit into a share of its time; more time gives more."""
    with monkeypatch.context() as patch:
        takes(patch, 0.1)
        first = gains_of(after(contest, 118.0), toy_backbone(), prove=False)
        patch.setattr(how_many, "random_weights_cost", measured_before)
        patch.setattr(gains, "random_weights", lambda *given, **more: pytest.fail("computed twice"))
        assert gains_of(again(contest, tmp_path / "second"), toy_backbone(), prove=False) == first
    longer = after(contest, 1000.0)
    longer = again(replace(longer, bench=replace(longer.bench, deadline=4000.0)), tmp_path / "third")
    assert gains_of(longer, toy_backbone(), prove=False)["random_weights"].learnt == 40


def test_a_fit_from_the_store_leaves_out_what_the_first_did(
    contest: Contest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    takes(monkeypatch, 1.0)
    assert "random_weights" not in gains_of(contest, toy_backbone(), prove=False)
    monkeypatch.setattr(how_many, "random_weights_cost", measured_before)
    assert "random_weights" not in gains_of(again(contest, tmp_path / "second"), toy_backbone(), prove=False)


def test_the_fewest_have_two_of_the_rarest_kind() -> None:
    kinds = ["a"] * 60 + ["b"] * 30 + ["c"] * 10
    assert fewest_drawn(kinds, 2) == 16  # 9 + 5 + 2, whose shares of their kind are at most 1.5 / 10
    for number, of_the_rarest in ((16, 2), (14, 1)):
        assert sum(kinds[place] == "c" for place in drawn(kinds, number, seed=0)) == of_the_rarest
    assert fewest_drawn(["a"] * 3 + ["b"], 2) == 3  # one b is all there are


def test_few_are_drawn_in_proportion() -> None:
    kinds = ["a"] * 60 + ["b"] * 30 + ["c"] * 10
    places = drawn(kinds, 20, seed=0)
    assert (np.diff(places) > 0).all()
    counts = {kind: sum(kinds[place] == kind for place in places) for kind in "abc"}
    assert counts == {"a": 12, "b": 6, "c": 2}
    assert drawn(kinds, 100, seed=0).tolist() == list(range(100))


def test_a_fit_says_what_transfer_gave(at_hand: Path) -> None:
    inputs, targets = zip(*texts(60), strict=True)
    model = headstart.fit((list(inputs), list(targets)), backbone="tiny_bert", strategy=PROBE[1], quiet=True)
    (finding,) = [f for f in model.result.findings if f.diagnosis == "transfer_gain"]
    assert "than one and the same answer for every input" in finding.summary
    assert "than a linear model on words and pairs of words" in finding.summary
    assert {"majority", "shallow"} <= set(model.result.gains)
    assert model.result.to_json()["gains"]["majority"].keys() == {"figure", "difference"}


def test_a_fit_can_be_asked_to_prove_it(at_hand: Path, photos: Path) -> None:
    model = headstart.fit(photos, backbone="tiny_resnet", strategy=PROBE[1], budget=4, prove=True, quiet=True)
    (finding,) = [f for f in model.result.findings if f.diagnosis == "transfer_gain"]
    assert "the same network with random weights" in finding.summary
    assert "the same network trained from random weights" in finding.summary


def test_asked_to_prove_it_nothing_is_left_out(contest: Contest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gains, "shallow_seconds", lambda *arguments: 1e9)
    monkeypatch.setattr(gains, "shallow", lambda bench, learnt, judged: torch.zeros(20, 2))
    assert "shallow" in gains_of(contest, toy_backbone(), prove=True)
