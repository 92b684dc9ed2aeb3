"""What transfer gave, from gains set by hand."""

from headstart.core.results import Figure
from headstart.diagnosis.base import Evidence
from headstart.diagnosis.transfer_gain import TransferGain

CLEAR = (Figure(0.5, 0.45, 0.55), Figure(0.4, 0.3, 0.5))
UNCLEAR = (Figure(0.88, 0.8, 0.93), Figure(0.02, -0.01, 0.05))
WORSE = (Figure(0.95, 0.9, 0.98), Figure(-0.05, -0.08, -0.02))


def said(judged=("test",), **gains):
    figures = {split: {"accuracy": Figure(0.9, 0.85, 0.94)} for split in judged}
    return TransferGain().examine(Evidence({}, {}, {}, figures, {}, {}, "accuracy", {"accuracy": True}, gains=gains))


def test_a_gain_is_said_with_its_interval():
    (finding,) = said(majority=CLEAR)
    assert finding.severity == "info"
    assert finding.summary == (
        "The model's accuracy on the test examples is 0.9. It is 0.4 better (95 % interval of the gain 0.3 to 0.5) "
        "than one and the same answer for every input, which reaches 0.5."
    )


def test_being_worse_is_serious_and_comes_first():
    (finding,) = said(majority=CLEAR, shallow=UNCLEAR, from_scratch=WORSE)
    assert finding.severity == "serious"
    assert finding.summary.startswith("Transfer hurt here: the same network trained from random weights does better.")
    assert "0.05 worse (95 % interval of the gain -0.08 to -0.02)" in finding.summary
    assert "pretrained on inputs more like yours" in finding.next_step


def test_what_may_be_chance_is_a_warning():
    (finding,) = said(majority=CLEAR, shallow=UNCLEAR)
    assert finding.severity == "warning"
    assert "cannot be told from chance: a linear model on shallow features" in finding.summary
    assert "shallow model" in finding.next_step


def test_it_reads_the_test_split_before_the_validation_split():
    assert "on the test examples" in said(("validation", "test"), majority=CLEAR)[0].summary
    assert "on the validation examples" in said(("validation",), majority=CLEAR)[0].summary


def test_without_gains_it_is_silent():
    assert said() == []
    assert said((), majority=CLEAR) == []


def test_an_unknown_comparison_is_named_as_it_is():
    assert "than last_year" not in said(last_year=CLEAR)[0].summary
    assert "than last year," in said(last_year=CLEAR)[0].summary
