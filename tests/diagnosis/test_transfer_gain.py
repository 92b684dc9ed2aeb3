"""What transfer gave, from gains set by hand."""

from dataclasses import replace

import numpy as np

from headstart.core.results import Figure, Gain
from headstart.diagnosis.base import Evidence
from headstart.diagnosis.transfer_gain import TransferGain, without

CLEAR = Gain(Figure(0.5, 0.45, 0.55), Figure(0.4, 0.3, 0.5))
UNCLEAR = Gain(Figure(0.88, 0.8, 0.93), Figure(0.02, -0.01, 0.05))
WORSE = Gain(Figure(0.95, 0.9, 0.98), Figure(-0.05, -0.08, -0.02))


def said(judged=("test",), learnt=None, model=0.9, count=0, train=0, **gains):
    figures = {split: {"accuracy": Figure(model, model - 0.05, model + 0.04)} for split in judged}
    if learnt is not None:
        figures["train"] = {"accuracy": Figure(learnt, learnt - 0.01, learnt)}
    targets = {"train": ["a"] * train} | {split: ["a"] * count for split in judged}
    known = Evidence(targets, {}, {}, figures, {}, {}, "accuracy", {"accuracy": True}, gains=gains)
    return TransferGain().examine(known)


def test_a_gain_is_said_with_its_interval():
    (finding,) = said(majority=CLEAR)
    assert finding.severity == "info"
    assert finding.summary == (
        "The model's accuracy on the test examples is 90.0 %. That is 40.0 points better (95 % interval of the "
        "gain +30.0 to +50.0 points) than one and the same answer for every input, which reaches 50.0 %."
    )


def test_being_worse_is_serious_and_comes_first():
    (finding,) = said(majority=CLEAR, shallow=UNCLEAR, from_scratch=WORSE)
    assert finding.severity == "serious"
    assert finding.summary.startswith("Transfer hurt here: the same network trained from random weights does better.")
    assert "5.0 points worse (95 % interval of the gain −8.0 to −2.0 points)" in finding.summary
    assert "pretrained on inputs more like yours" in finding.next_step


def test_what_may_be_chance_is_a_warning():
    (finding,) = said(majority=CLEAR, shallow=UNCLEAR)
    assert finding.severity == "warning"
    assert "cannot be told from chance: a linear model on words and pairs of words" in finding.summary
    assert "without a network" in finding.next_step


def test_the_model_without_a_network_is_named_by_what_it_reads():
    """Only pictures have sketches."""
    texts = Evidence({}, {}, {}, {}, {}, {}, "accuracy", {"accuracy": True})
    pictures = replace(texts, sketches={"train": np.ones((2, 256), np.float32)})
    assert without("shallow", texts) == "a linear model on words and pairs of words, without any network"
    assert without("shallow", pictures) == "a linear model on colours and edges, without any network"
    assert without("last_year", texts) == "last year"


def test_an_error_is_no_share():
    figures = {"test": {"mae": Figure(2.5, 2.0, 3.0)}}
    gains = {"majority": Gain(Figure(3.75, 3.0, 4.0), Figure(1.25, 1.0, 1.5))}
    known = Evidence({}, {}, {}, figures, {}, {}, "mae", {"mae": False}, gains=gains)
    (finding,) = TransferGain().examine(known)
    assert "The model's mean absolute error on the test examples is 2.50. That is 1.25 better" in finding.summary


def test_why_transfer_hurt_follows_from_the_training_examples():
    (by_heart,) = said(learnt=1.0, shallow=WORSE)
    assert "Why it may be so: it reaches 100.0 % on the examples it learned from, part of it learned by heart." in (
        by_heart.summary
    )
    (blind,) = said(learnt=0.91, shallow=WORSE)
    assert "hardly better on the examples it learned from (91.0 %), so what this backbone has learned to see" in (
        blind.summary
    )
    assert "pretraining may have taught it to overlook" in said(shallow=WORSE)[0].summary


def test_of_several_that_are_better_the_clearest_comes_first():
    (finding,) = said(shallow=WORSE, from_scratch=Gain(Figure(0.99, 0.98, 1), Figure(-0.09, -0.12, -0.05)))
    assert "hurt here: the same network trained from random weights does better" in finding.summary


def test_why_a_gain_is_unclear():
    (few,) = said(learnt=0.91, count=150, shallow=UNCLEAR)
    assert few.summary.endswith("150 test examples cannot show a difference below about 3.0 points.")
    (easy,) = said(learnt=1.0, model=0.96, shallow=UNCLEAR)
    assert "so easy to tell apart that simpler models do it too" in easy.summary


def test_it_reads_the_test_split_before_the_validation_split():
    assert "on the test examples" in said(("validation", "test"), majority=CLEAR)[0].summary
    assert "on the validation examples" in said(("validation",), majority=CLEAR)[0].summary


def test_without_gains_it_is_silent():
    assert said() == []
    assert said((), majority=CLEAR) == []


def test_an_unknown_comparison_is_named_as_it_is():
    assert "than last_year" not in said(last_year=CLEAR)[0].summary
    assert "than last year," in said(last_year=CLEAR)[0].summary


def test_it_says_what_stood_in_for_the_model_and_on_how_many_examples():
    (finding,) = said(random_weights=CLEAR._replace(learnt=34, judged=20))
    assert finding.summary == (
        "The model's accuracy on the test examples is 90.0 %. A linear head on its pretrained features is 40.0 "
        "points better (95 % interval of the gain +30.0 to +50.0 points) than a linear head on the same network with "
        "random weights, which reaches 50.0 %: both learnt from the same 34 examples and were judged on 20."
    )
    (finding,) = said(random_weights=CLEAR._replace(learnt=34, judged=34))
    assert "learnt from the same 34 examples and were judged on as many." in finding.summary


def test_what_few_examples_cannot_tell_decides_nothing():
    few = UNCLEAR._replace(learnt=17, judged=17)
    (finding,) = said(train=400, count=150, majority=CLEAR, random_weights=few)
    assert finding.severity == "info"
    assert finding.next_step == "Nothing: transfer paid."
    assert "were judged on as many, too few to tell." in finding.summary
    (alone,) = said(train=400, count=150, random_weights=few)
    assert alone.severity == "info"
    (all_there_are,) = said(train=17, count=17, majority=CLEAR, random_weights=few)
    assert all_there_are.severity == "warning"
    (enough,) = said(train=4000, count=1500, random_weights=UNCLEAR._replace(learnt=500, judged=300))
    assert enough.severity == "warning"
    assert "300 test examples cannot show a difference below about 3.0 points." in enough.summary
    (worse,) = said(train=400, count=150, majority=CLEAR, random_weights=WORSE._replace(learnt=17, judged=17))
    assert worse.severity == "warning"
    assert worse.summary.startswith("Transfer may hurt here: a linear head on the same network with random weights")
    assert "A linear head on its pretrained features is 5.0 points worse" in worse.summary
    assert worse.next_step.startswith("Compare them on all examples (--prove). Where it stays so: take a backbone")
    (both,) = said(train=400, count=150, shallow=WORSE, random_weights=WORSE._replace(learnt=17, judged=17))
    assert both.severity == "serious"
    assert both.summary.startswith("Transfer hurt here: a linear model on words")
    (sure,) = said(train=4000, count=1500, random_weights=WORSE._replace(learnt=500, judged=300))
    assert sure.severity == "serious"
    assert sure.summary.startswith("Transfer hurt here: ")
