"""Which rung is kept, where each begins, when climbing stops, and that nothing finished is done again."""

from __future__ import annotations

import itertools
import json
import time
from dataclasses import replace
from typing import Any

import pytest
import torch

from headstart.core.errors import WordsUnread
from headstart.core.results import RungResult
from headstart.ladder.ladder import Ascent, Ladder
from headstart.ladder.landing import Landing
from headstart.ladder.step import place_of
from headstart.strategies.base import Prepared, Rung
from headstart.training.ending import Ending
from scripted_ladder import Playground, Scripted, Step, answers, wrong_at

TRUTH = [0, 1] * 50


def step(name: str, mistakes: range | list[int], **settings) -> Step:
    return Step(name, wrong_at(TRUTH, list(mistakes)), **settings)


def test_the_simplest_rung_within_one_standard_error_of_the_best_is_kept(playground):
    # Tuned: three examples won and two lost, +0.01 with a standard error of √5 / 100 = 0.022. Full: four and two.
    ascent, _ = playground().climb(
        step("probe", range(20), trained=False),
        step("tuned", [*range(3, 20), 30, 31]),
        step("full", [*range(4, 20), 30, 31]),
    )
    assert [landing.result.kept for landing in ascent.landings] == [True, False, False]
    assert ascent.landings[0].result.reason.startswith("the simplest rung within one standard error of the best: ")
    assert "accuracy −2.0 points (−" in ascent.landings[0].result.reason
    assert ascent.landings[2].result.reason.endswith("against probe, not worth the dearer rung")


def test_a_rung_that_clearly_gains_is_kept(playground):
    # Ten won and none lost: +0.10, with a standard error of √(0.1 · 0.9 / 100) = 0.03.
    ascent, _ = playground().climb(step("probe", range(30), trained=False), step("tuned", range(20)))
    assert ascent.chosen == 1
    assert ascent.landings[1].result.reason.startswith("the best on the held-out examples")
    assert "accuracy −10.0 points (−" in ascent.landings[0].result.reason
    assert ascent.stopped_because == "every rung was climbed"


# 160 common and 40 rare examples. The probe confuses 60 of the common; the tuned one loses the rare class.
UNEQUAL = [0] * 160 + [1] * 40
PROBE = Step("probe", wrong_at(UNEQUAL, range(60)), trained=False)
RUINED = Step("ruined", answers([0] * 200))


def test_a_rung_that_loses_a_rare_class_is_not_kept_although_its_accuracy_is_higher(playground):
    ascent, _ = playground(UNEQUAL).climb(PROBE, RUINED)
    probe, ruined = (landing.result.validation for landing in ascent.landings)
    assert (probe["accuracy"].value, ruined["accuracy"].value) == (0.7, 0.8)
    # Macro-F1 by hand: (200/260 + 80/140) / 2 and (320/360 + 0) / 2.
    assert probe["macro_f1"].value == pytest.approx((200 / 260 + 80 / 140) / 2)
    assert ruined["macro_f1"].value == pytest.approx(320 / 360 / 2)
    assert ascent.chosen == 0
    assert "makes macro F1 significantly worse than probe" in ascent.landings[1].result.reason
    assert "of the best: " not in ascent.landings[0].result.reason, "the ruined rung is not the best"


def test_no_rung_starts_from_one_that_lost_a_rare_class(playground):
    later = Step("later", wrong_at(UNEQUAL, range(40)))
    ascent, strategy = playground(UNEQUAL).climb(PROBE, RUINED, later)
    assert strategy.started_from["later"] == 1.0
    assert ascent.chosen == 2


@pytest.mark.parametrize(("mistakes", "climbed"), [(1, ["probe"]), (8, ["probe"]), (9, ["probe", "tuned"])])
def test_it_stops_where_there_is_nothing_left_to_gain(playground, mistakes: int, climbed: list[str]):
    ascent, strategy = playground().climb(step("probe", range(mistakes), trained=False), step("tuned", range(2)))
    assert [name for name in strategy.climbed if "on all" not in name] == climbed
    left = {1: "1 mistake", 8: "8 mistakes"}.get(mistakes)
    stopped = f"probe leaves {left} on 100 held-out examples: too few for a dearer rung to show a gain"
    assert ascent.stopped_because == (stopped if left else "every rung was climbed")


def test_it_stops_after_two_trained_rungs_in_a_row_without_a_gain(playground):
    ascent, strategy = playground().climb(
        step("probe", range(30), trained=False),
        step("other probe", range(30), trained=False),
        step("last", range(20)),
        step("half", range(20)),
        step("deeper", range(21)),
        step("full", range(5)),
    )
    assert "full" not in strategy.climbed
    assert "deeper" in strategy.climbed
    assert ascent.stopped_because == "the last 2 trained rungs gained no more than their standard error"
    assert ascent.landings[ascent.chosen].result.name == "last"


def test_what_would_read_names_is_left_out_where_they_cannot_be_read(playground, monkeypatch: pytest.MonkeyPatch):
    prepare = Scripted.prepare

    def reading(self: Scripted, rung: Rung, *given: Any) -> Prepared:
        if rung.name == "names":
            raise WordsUnread("its tokenizer could not be read")
        return prepare(self, rung, *given)

    monkeypatch.setattr(Scripted, "prepare", reading)
    ground = playground()
    named, probe = step("names", range(10), trained=False), step("probe", range(30), trained=False)
    strategy = ground.strategy(named, probe)
    ladder = Ladder([strategy, Scripted([])], ground.bench)
    assert [landing.result.name for landing in ladder.climb(ground.start).landings] == ["probe"]
    with pytest.raises(WordsUnread):
        Ladder([strategy], ground.bench).climb(ground.start)


def test_a_gain_in_between_lets_it_climb_on(playground):
    _, strategy = playground().climb(
        step("probe", range(50), trained=False),
        step("last", range(50)),
        step("half", range(35)),
        step("deeper", range(35)),
        step("full", range(20)),
    )
    assert "full" in strategy.climbed


def test_it_stops_before_the_budget_is_overrun_and_says_so(playground):
    ascent, strategy = playground().climb(
        step("probe", range(30), trained=False), step("tuned", range(10), cost=4000.0), budget=600.0
    )
    assert "tuned" not in strategy.climbed
    assert ascent.stopped_because.startswith("tuned would take about 1 h 7 min; ")
    assert ascent.stopped_because.endswith("of the budget of 10 min are spent")
    assert ascent.chosen == 0


def test_what_cannot_be_shortened_so_far_is_not_begun(playground, monkeypatch: pytest.MonkeyPatch):
    # 400 s for four epochs: two fit into 300 s, but the strategy makes no fewer than three of them, or 300 s.
    shorten = Scripted.again
    monkeypatch.setattr(Scripted, "again", lambda self, prepared, epochs: shorten(self, prepared, max(epochs, 3)))
    ascent, strategy = playground().climb(
        step("probe", range(30), trained=False), step("tuned", range(10), cost=400.0, epochs=4), budget=300.0
    )
    assert "tuned" not in strategy.climbed
    assert ascent.stopped_because.startswith("tuned would take about 5 min; ")


def test_time_is_kept_for_judging_the_kept_rung(playground, monkeypatch: pytest.MonkeyPatch):
    # Judging 100 held-out examples takes a second here, and 60,000 more will be judged at the end: 601 s of 600 s.
    ground = playground()
    ground.bench = replace(ground.bench, ending=Ending(answered=60_000))
    clock = itertools.count(time.perf_counter())
    monkeypatch.setattr("headstart.ladder.judging.time.perf_counter", lambda: next(clock))
    ascent, strategy = ground.climb(step("probe", range(30), trained=False), step("tuned", range(10)), budget=600.0)
    assert "tuned" not in strategy.climbed
    assert ascent.stopped_because.startswith("tuned would take more than ")
    assert ascent.stopped_because.endswith("are spent, and judging what is kept takes 10 min")
    other = type(ground)(ground.folder.with_name("few"), TRUTH)
    other.bench = replace(other.bench, ending=Ending(answered=100))
    assert "tuned" in other.climb(*steps()[:1], step("tuned", range(10)), budget=600.0)[1].climbed


@pytest.mark.parametrize(("ending", "epochs"), [(Ending(100, 200, 2.0, 0.1), 8), (Ending(), 10)])
def test_what_comes_after_training_is_set_aside_before_the_first_rung(playground, ending: Ending, epochs: int):
    # 100 answers of 2 s and 20 s of figures: of 600 s 30 and 220 are not for training, and 350 hold 8 epochs of 40 s.
    ground = playground()
    ground.bench = replace(ground.bench, ending=ending)
    _, strategy = ground.climb(step("tuned", range(10), cost=400.0, epochs=10), budget=600.0)
    assert strategy.epochs["tuned"] == epochs


def test_a_rung_is_not_even_tried_where_a_cheaper_one_would_not_fit(playground):
    # Two epochs of the first rung, 300 s each, are more than the 570 s; one of them is not, and is trained.
    ascent, strategy = playground().climb(
        step("last", range(30), cost=300.0), step("full", range(10), cost=1.0), budget=600.0
    )
    assert strategy.tried == ["last"]
    assert ascent.stopped_because.startswith("full would take more than 10 min; ")


def test_a_rung_is_tried_once(playground):
    _, strategy = playground().climb(
        step("probe", range(60), trained=False), step("last", range(40)), step("full", range(20))
    )
    # Whether the full one needs the time of the last is asked first, from the probe; then it starts from the last.
    assert strategy.tried == ["probe", "last", "full", "full"]


def test_the_first_rung_is_climbed_whatever_it_costs(playground):
    ascent, strategy = playground().climb(step("probe", range(30), cost=4000.0), budget=600.0)
    assert "probe" in strategy.climbed
    assert ascent.landings[0].result.reason == "the only rung"
    assert ascent.landings[0].result.predicted_seconds == 4000


def test_each_rung_starts_from_the_best_below(playground):
    _, strategy = playground().climb(
        step("probe", range(60), trained=False),
        step("last", range(40)),
        step("half", range(45)),
        step("fresh", range(30), needs_start=False),
        step("full", range(20)),
    )
    # Marks: 0 the untrained start, 1 the probe, 2 the last, … ; half was no gain, so fresh starts anew, full from it.
    assert [strategy.started_from[name] for name in ("probe", "last", "half", "fresh", "full")] == [0, 1, 2, 0, 4]


def test_a_head_that_reads_several_depths_is_no_start(playground):
    ascent, strategy = playground().climb(
        step("probe", range(60), trained=False, depths=("block1", "block3")), step("last", range(40))
    )
    assert strategy.started_from["last"] == 0
    assert ascent.landings[1].start is None


def test_the_kept_rung_and_those_it_grew_from_are_trained_once_more_on_everything(playground):
    ascent, strategy = playground().climb(
        step("probe", range(60), trained=False), step("last", range(40)), step("full", [*range(1, 40), 70])
    )
    assert [name for name in strategy.climbed if "on all" in name] == ["probe on all", "last on all"]
    assert strategy.started_from["probe on all"] == 0
    assert strategy.started_from["last on all"] == 101
    assert strategy.epochs["last on all"] == 2, "as many epochs as were worth it"
    assert ascent.trained_on_all
    assert ascent.network.head.bias[0].item() == 102


def test_rungs_lie_in_order_of_cost_and_some_only_when_asked_for_alone(playground):
    ground = playground()
    one = ground.strategy(step("a", []), step("b", [], by_default=False))
    assert [rung.name for _, rung in Ladder([one], ground.bench).rungs(ground.start)] == ["a", "b"]
    two = ground.strategy(step("c", []), step("d", []))
    names = [rung.name for _, rung in Ladder([one, two], ground.bench).rungs(ground.start)]
    assert names == ["a", "c", "d"]


def test_what_is_made_for_few_goes_before_what_trains_less_of_the_backbone() -> None:
    rungs = [Rung("last", "a", 1, 0.2), Rung("few", "b", 0, 1.0, for_few=True), Rung("probe", "c", 2)]
    rungs.append(Rung("zero_shot", "d", 2, learns=False))
    assert [rung.name for rung in sorted(rungs, key=place_of)] == ["zero_shot", "probe", "few", "last"]


def steps() -> list[Step]:
    return [step("probe", range(60), trained=False), step("last", range(40)), step("full", range(20))]


@pytest.fixture(scope="module")
def whole_ascent(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ascent, Scripted]:
    """A ladder that nothing interrupts."""
    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEADSTART_CACHE", str(folder / "cache"))
        return Playground(folder / "fit", TRUTH).climb(*steps())


@pytest.mark.parametrize("killed_at", ["probe", "last", "full", "probe on all", "full on all"])
def test_what_was_finished_before_a_kill_is_not_done_again(
    playground, whole_ascent: tuple[Ascent, Scripted], killed_at: str
):
    whole, uninterrupted = whole_ascent
    order = uninterrupted.climbed
    assert order == ["probe", "last", "full", "probe on all", "last on all", "full on all"]
    killed = playground()
    with pytest.raises(KeyboardInterrupt):
        killed.climb(*steps(), killed_at=killed_at)
    resumed, strategy = killed.climb(*steps())
    assert strategy.climbed == order[order.index(killed_at) :]
    assert resumed.chosen == whole.chosen
    assert resumed.stopped_because == whole.stopped_because
    assert [landing.start for landing in resumed.landings] == [landing.start for landing in whole.landings]
    for a, b in zip(resumed.landings, whole.landings, strict=True):
        assert torch.equal(a.outputs, b.outputs)
        assert (a.result.name, a.result.validation, a.result.kept) == (
            b.result.name,
            b.result.validation,
            b.result.kept,
        )
        assert a.result.reason == b.result.reason
    assert resumed.network.head.bias[0].item() == whole.network.head.bias[0].item() == 103


def test_a_ladder_without_held_out_examples_is_a_mistake(playground):
    ground = playground()
    with pytest.raises(ValueError, match="held-out"):
        Ladder([ground.strategy(step("a", []))], ground.bench.whole())


def test_epochs_are_left_out_to_make_room_for_training_once_more_on_everything(playground):
    # 100 are held out for 8 that are learnt from: one epoch over all, the fewest, takes as long as 13.5 and, with
    # 10 % in hand, 14.85 of 5 s. 114 s hold 22.8, so 7 are left.
    tuned = step("tuned", range(60), cost=50.0, epochs=10)
    _, strategy = playground().climb(step("probe", range(30), trained=False), tuned, budget=120.0)
    assert strategy.epochs["tuned"] == 7


@pytest.mark.parametrize(("choosing", "epochs"), [(150.0, {"epochs": [1]}), (0.0, {"epochs": None})])
def test_ways_that_were_not_taken_do_not_count_to_training_on_everything(
    playground, choosing: float, epochs: dict[str, list[int] | None]
):
    # Three epochs of 100 s: one over 13.5 times the examples, 10 % in hand, takes 1,485 s, and there are 1,425 s.
    # Without the 150 s that were for choosing it takes half.
    ground = playground()
    ladder = Ladder([ground.strategy(step("tuned", []))], replace(ground.bench, deadline=1500.0))
    curve = [{"epoch": 1.0}] * 3
    result = RungResult("tuned", "scripted", 2, 1.0, 300.0, 1, {}, curve=curve)
    landing = Landing(ground.start, torch.zeros(100, 2), result, 2, None, choosing=choosing)
    decided = ground.folder / "epochs.json"
    assert {"epochs": ladder._epochs_on_all(decided, [landing])} == epochs == json.loads(decided.read_text())


def test_a_rung_is_left_out_where_the_dearest_needs_its_time(playground):
    # Full and once more on all: 30 s × 15.85 = 476 s of 570 s; with 300 s for the last stage gone it no longer fits.
    probe = step("probe", range(60), trained=False)
    last, full = step("last", range(50), cost=300.0), step("full", range(20), cost=30.0)
    play = playground()
    ascent, strategy = play.climb(probe, last, full, budget=600.0)
    assert [landing.result.name for landing in ascent.landings] == ["probe", "full"]
    assert strategy.climbed == ["probe", "full", "probe on all", "full on all"]
    assert ascent.network.head.bias[0].item() == 103
    _, resumed = play.climb(probe, replace(last, cost=1.0), full, budget=600.0)
    assert resumed.climbed == [], "a resumed fit decides as it did before"


def test_no_rung_is_left_out_where_time_is_plenty(playground):
    probe = step("probe", range(60), trained=False)
    last, full = step("last", range(50), cost=300.0), step("full", range(20), cost=30.0)
    assert len(playground().climb(probe, last, full)[0].landings) == 3
