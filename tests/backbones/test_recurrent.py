"""Recurrent backbones: what is dropped, how features are pooled, and folders that are read again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from headstart.backbones import SOURCES, load, write_folder, written_as
from headstart.backbones.base import collate
from headstart.backbones.texts.awd_lstm import AwdLstm, DroppedEmbedding, DroppedLstm, Sizes
from headstart.backbones.texts.lstm_stack import Layer
from headstart.backbones.texts.recurrent_text import RecurrentText, begun
from headstart.backbones.texts.word_pieces import word_pieces
from headstart.core.errors import HeadstartError, UsageError
from small_world import texts

WORDS = [text for text, _ in texts(40)]
SMALL = "awd_lstm:embedding=16,hidden=24,layers=3,vocabulary=320"


def test_a_layer_in_use_is_pytorchs_own_lstm() -> None:
    torch.manual_seed(0)
    layer = DroppedLstm(5, 7, 0.5, 0.5, 0.5).eval()
    reference = torch.nn.LSTM(5, 7, batch_first=True)
    reference.load_state_dict({f"{name}_l0": value for name, value in layer.state_dict().items()})
    hidden = torch.randn(3, 9, 5)
    assert torch.allclose(layer(hidden), reference(hidden)[0], atol=1e-6)


@pytest.mark.parametrize("layer", [DroppedLstm(5, 7, 0.5, 0.5, 0.5), Layer(5, 7, True)], ids=["dropped", "both ways"])
def test_it_runs_as_in_training_where_gradients_may_be_asked(
    layer: torch.nn.Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    """cuDNN refuses to go back through what ran in evaluation, as frozen and explained layers do."""
    as_in_training: list[object] = []
    plain = torch.lstm

    def watched(*given: object) -> object:
        as_in_training.append(given[6])
        return plain(*given)

    monkeypatch.setattr(torch, "lstm", watched)
    hidden, mask = torch.randn(2, 4, 5), torch.ones(2, 4, dtype=torch.long)
    inputs = (hidden, mask) if isinstance(layer, Layer) else (hidden,)
    with_gradients = layer.eval()(*inputs)
    assert set(as_in_training) == {True}
    as_in_training.clear()
    with torch.no_grad():
        assert torch.allclose(layer(*inputs), with_gradients, atol=1e-6)
    assert set(as_in_training) == {False}


def test_dropped_weights_are_dropped_for_the_whole_batch_and_trained() -> None:
    torch.manual_seed(0)
    layer = DroppedLstm(5, 7, 0.0, 0.5, 0.0).train()
    same = torch.randn(1, 6, 5).expand(4, 6, 5)
    states = layer(same)
    assert torch.allclose(states[0], states[3]), "one mask for all texts of a batch"
    assert not torch.allclose(states, layer(same)), "another one for the next batch"
    assert torch.allclose(states[:, 0], layer.eval()(same)[:, 0], atol=1e-6), "the first state has no state before it"
    layer.train()(same).sum().backward()
    assert (layer.weight_hh.grad == 0).float().mean() > 0.3
    assert layer.weight_hh.grad.abs().sum() > 0


def test_channels_are_dropped_for_a_whole_text() -> None:
    torch.manual_seed(0)
    layer = DroppedLstm(5, 40, 0.0, 0.0, 0.5).train()
    gone = layer(torch.randn(2, 6, 5)) == 0
    assert torch.equal(gone.all(dim=1), gone.any(dim=1))
    assert 0.2 < gone.float().mean() < 0.8
    assert not torch.equal(gone[0], gone[1])


def test_words_are_dropped_wherever_they_stand() -> None:
    torch.manual_seed(0)
    table = DroppedEmbedding(50, 4, 0.5).train()
    found = table(torch.arange(50).repeat(2, 1))
    gone = (found == 0).all(dim=2)
    assert torch.equal(gone[0], gone[1])
    assert 10 < gone[0].sum() < 40
    kept = ~gone[0]
    assert torch.allclose(found[0][kept], 2 * table.weight[kept])


def test_features_are_last_largest_and_mean_of_the_tokens_alone() -> None:
    tiny = SOURCES.load("recurrent")().tiny("awd_lstm")
    states = torch.tensor([[[1.0, -5.0], [3.0, -2.0], [9.0, 9.0]]])
    pooled = tiny.pool(states, torch.tensor([[1, 1, 0]]))
    assert pooled.tolist() == [[3.0, -2.0, 3.0, -2.0, 2.0, -3.5]]


def test_padding_changes_nothing() -> None:
    tiny = SOURCES.load("recurrent")().tiny("awd_lstm")
    short, long = (tiny.preprocess(text) for text in ("the fox", " ".join(["the fox"] * 12)))
    with torch.no_grad():
        together, alone = tiny.features(collate([short, long]))[0], tiny.features(collate([short]))[0]
    assert torch.allclose(together, alone, atol=1e-6)


def test_a_state_tells_of_what_stands_before_it_alone() -> None:
    tiny = SOURCES.load("recurrent")().tiny("awd_lstm")
    batch = collate([tiny.preprocess("the quick brown fox")])
    changed = {**batch, "input_ids": batch["input_ids"].clone()}
    changed["input_ids"][0, 3] = 5
    with torch.no_grad():
        one, other = tiny.states(batch), tiny.states(changed)
    assert torch.equal(one[0, :3], other[0, :3])
    assert not torch.equal(one[0, 3:], other[0, 3:])


def test_pieces_spell_every_text_and_stay_within_the_bound() -> None:
    tokenizer = word_pieces(WORDS, 320)
    assert len(tokenizer) <= 320
    ids = tokenizer("The QUICK fox – ĳ 日本")["input_ids"]
    assert (ids[0], ids[-1]) == (tokenizer.bos_token_id, tokenizer.eos_token_id)
    assert tokenizer.decode(ids, skip_special_tokens=True).strip() == "the quick fox – ij 日本"
    assert word_pieces(WORDS, 320).get_vocab() == tokenizer.get_vocab()


def test_a_folder_is_read_again(tmp_path: Path) -> None:
    torch.manual_seed(0)
    made = begun(SMALL, WORDS)
    folder = tmp_path / "lm"
    folder.mkdir()
    made.save_assets(folder)
    config = {**written_as(made), "license": "mit", "pretraining": "by hand"}
    write_folder(made, folder, config, "licence: mit\n")
    again = load(folder)
    assert isinstance(again, RecurrentText)
    batch = collate([made.preprocess(text) for text in WORDS[:3]])
    with torch.no_grad():
        assert torch.equal(made.features(batch), again.features(batch))
    assert (again.card.licence, again.card.pretraining, again.card.modality) == ("mit", "by hand", "text")
    assert again.card.rank < 50, "it is not what a fit takes unasked"
    (folder / "config.json").write_text(json.dumps({**config, "sizes": {"embeding": 16}}))
    with pytest.raises(HeadstartError, match=r"config\.json.*embeding"):
        load(folder)
    (folder / "config.json").write_text(json.dumps({**config, "sizes": {**config["sizes"], "hidden": 32}}))
    with pytest.raises(HeadstartError, match="do not fit the architecture"):
        load(folder)


def test_sizes_that_cannot_be_are_refused() -> None:
    for asked, said in (
        ("awd_lstn", "Did you mean"),
        ("awd_lstm:hiden=4", "is no setting of awd_lstm"),
        ("awd_lstm:layers=0", "layers must be at least 1"),
        ("awd_lstm:vocabulary=9,dropout=9", "vocabulary must be at least 300; dropout must lie"),
    ):
        with pytest.raises(UsageError, match=said):
            begun(asked, WORDS)
    with pytest.raises(UsageError, match="lie in folders"):
        load("recurrent/awd_lstm")


def test_the_widths_run_from_the_tokens_back_to_the_tokens() -> None:
    network = AwdLstm(Sizes(embedding=6, hidden=10, layers=3), known=30)
    assert [(layer.weight_ih.shape[1], layer.out) for layer in network.layers] == [(6, 10), (10, 10), (10, 6)]
    assert AwdLstm(Sizes(embedding=6, hidden=10, layers=1), known=30)(torch.zeros(2, 4, dtype=torch.long)).shape == (
        2, 4, 6
    )  # fmt: skip
