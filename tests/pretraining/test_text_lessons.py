"""The losses of pretraining on texts: by hand, and beside those of transformers."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional

from headstart.backbones import load
from headstart.backbones.texts.language import LanguageBackbone
from headstart.backbones.texts.language_head import FILE, language_head, write_head
from headstart.backbones.texts.recurrent_text import begun
from headstart.backbones.texts.tied_decoder import can_decode
from headstart.core.errors import UsageError
from headstart.pretraining import METHODS, Passages, Plan, passages_of
from headstart.pretraining._passages import like_lengths
from headstart.pretraining._tokens import said_tokens
from headstart.pretraining.causal_language_modelling import CausalLanguageModelling
from headstart.pretraining.masked_language_modelling import MaskedLanguageModelling, drawn, hidden
from headstart.pretraining.simcse import Simcse, contrast
from headstart.pretraining.tsdae import Tsdae, left_over
from language_folders import tiny_language
from small_world import texts

WORDS = [text for text, _ in texts(12)]

NOTHING = torch.zeros(0, 0)
"""The targets of methods that ask for none."""


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> LanguageBackbone:
    """A miniature that nobody trains and whose folder nobody writes to."""
    return tiny_language("bert", tmp_path_factory.mktemp("read") / "bert")


def passages(student: LanguageBackbone, seed: int = 0) -> Passages:
    return Passages(passages_of(WORDS, student.preprocess), seed)


def with_head_of_transformers(family: str, folder: Path) -> tuple[LanguageBackbone, torch.nn.Module]:
    """A miniature whose folder has weights as transformers writes them for masked language models, and that model."""
    from transformers import AutoConfig, AutoModelForMaskedLM

    tiny_language(family, folder)
    config = AutoConfig.from_pretrained(folder)
    torch.manual_seed(1)
    whole = AutoModelForMaskedLM.from_config(config).eval()
    whole.save_pretrained(folder)
    loaded = load(folder)
    assert isinstance(loaded, LanguageBackbone)
    return loaded, whole


@pytest.mark.parametrize("family", ["bert", "roberta", "distilbert", "deberta-v2"])
def test_the_head_of_a_folder_gives_the_scores_of_transformers(family: str, tmp_path: Path) -> None:
    student, whole = with_head_of_transformers(family, tmp_path / family)
    batch = passages(student).batch(range(4))
    head = language_head(student).eval()
    with torch.no_grad():
        scores = head(student.states(batch).flatten(0, 1), student.token_vectors())
        wanted = whole(**batch).logits.flatten(0, 1)
    told = batch["attention_mask"].bool().flatten()
    assert torch.allclose(scores[told], wanted[told], atol=1e-5)


def test_a_decoders_head_gives_the_scores_of_transformers(tmp_path: Path) -> None:
    from transformers import AutoConfig, AutoModelForCausalLM

    tiny_language("llama", tmp_path / "llama")
    config = AutoConfig.from_pretrained(tmp_path / "llama")
    config.tie_word_embeddings = False
    torch.manual_seed(1)
    whole = AutoModelForCausalLM.from_config(config).eval()
    whole.save_pretrained(tmp_path / "llama")
    student = load(tmp_path / "llama")
    assert isinstance(student, LanguageBackbone)
    batch = passages(student).batch(range(4))
    labels = batch["input_ids"].masked_fill(batch["attention_mask"] == 0, -100)
    lesson = METHODS.load("causal_language_modelling")().lesson(student, None)
    with torch.no_grad():
        assert float(lesson(student, batch, NOTHING)) == pytest.approx(
            float(whole(**batch, labels=labels).loss), rel=1e-5
        )


def test_a_written_head_is_read_again_and_a_new_one_uses_the_backbones_own_vectors(tmp_path: Path) -> None:
    student = tiny_language("bert", tmp_path / "bert")
    torch.manual_seed(0)
    head = language_head(student)
    assert head.table is None
    write_head(head, tmp_path / "bert")
    assert set(load_file(tmp_path / "bert" / FILE)) == set(head.state_dict())
    torch.manual_seed(5)
    again = language_head(student)
    assert all(
        torch.equal(a, b) for a, b in zip(head.state_dict().values(), again.state_dict().values(), strict=True)
    )
    short = {name: tensor[..., :3] for name, tensor in head.state_dict().items()}
    save_file({name: tensor.contiguous() for name, tensor in short.items()}, tmp_path / "bert" / FILE)
    assert language_head(student).bias.shape == head.bias.shape, "one of another shape is not taken"


def test_passages_of_unknown_words_alone_teach_nothing(tmp_path: Path) -> None:
    """None of their tokens is hidden: the loss is 0 and moves nothing; a mean over nothing would be no number."""
    student = tiny_language("bert", tmp_path / "bert")
    lesson = MaskedLanguageModelling().lesson(student, None)
    (unknown,) = passages_of(["zyzzyva qoph zyzzyva"], student.preprocess)
    batch = {name: tensor[None] for name, tensor in unknown.items()}
    assert not said_tokens(batch, student.tokenizer).any()
    loss = lesson(student, batch, NOTHING)
    loss.backward()
    assert loss.item() == 0.0
    moved = [parameter.grad for parameter in student.parameters() if parameter.grad is not None]
    assert all(float(grad.abs().max()) == 0.0 for grad in moved)


def test_masking_hides_fifteen_percent_as_bert_does() -> None:
    torch.manual_seed(0)
    ids = torch.full((200, 100), 7)
    said = torch.zeros((200, 100), dtype=torch.bool)
    said[:, 1:60] = True
    chosen = drawn(said, 0.15)
    assert not (chosen & ~said).any()
    assert chosen.sum() / said.sum() == pytest.approx(0.15, abs=0.01)
    seen = hidden(ids, chosen, mask=3, known=1000)
    assert torch.equal(seen[~chosen], ids[~chosen])
    assert (seen[chosen] == 3).float().mean() == pytest.approx(0.8, abs=0.02)
    assert (seen[chosen] == 7).float().mean() == pytest.approx(0.1, abs=0.02)
    one = torch.zeros((2, 5), dtype=torch.bool)
    one[1, 2] = True
    assert drawn(one, 1e-9).sum() == 1, "never none, or the loss would be no number"


def test_special_tokens_and_padding_say_nothing(bert: LanguageBackbone) -> None:
    batch = Passages(passages_of(["the quick fox", "the"], bert.preprocess), 0).batch([0, 1])
    assert said_tokens(batch, bert.tokenizer).sum(dim=1).tolist() == [3, 1]


def test_masked_loss_is_that_of_the_hidden_tokens_alone(bert: LanguageBackbone) -> None:
    batch = passages(bert).batch(range(6))
    lesson = MaskedLanguageModelling(rate=0.3).lesson(bert, None)
    torch.manual_seed(4)
    loss = lesson(bert, batch, NOTHING)
    torch.manual_seed(4)
    chosen = drawn(said_tokens(batch, bert.tokenizer), 0.3)
    mask = bert.tokenizer.mask_token_id
    seen = hidden(batch["input_ids"], chosen, mask, len(bert.token_vectors()))
    states = bert.states({**batch, "input_ids": seen})
    scores = lesson.lasting()(states.flatten(0, 1), bert.token_vectors()).unflatten(0, chosen.shape)
    each = -functional.log_softmax(scores, dim=-1).gather(2, batch["input_ids"][..., None])[..., 0]
    assert float(loss) == pytest.approx(float(each[chosen].mean()), rel=1e-5)


def test_contrast_by_hand() -> None:
    """Two vectors at a right angle: a text finds itself with cosine 1 among cosines 1 and 0."""
    vectors = torch.tensor([[2.0, 0.0], [0.0, 3.0]])
    wanted = -math.log(math.exp(2) / (math.exp(2) + 1))
    assert float(contrast(vectors, vectors, temperature=0.5)) == pytest.approx(wanted)


def test_simcse_needs_dropout(tmp_path: Path) -> None:
    student = tiny_language("bert", tmp_path / "bert", dropout=0.0)
    assert Simcse.suits(student) == 0
    with pytest.raises(UsageError, match="has no dropout"):
        Simcse().lesson(student, None)
    with pytest.raises(UsageError, match="temperature"):
        Simcse(temperature=0.0).check()


@pytest.mark.parametrize("dropout", [1.0, 0.0])
def test_simcse_knows_what_a_recurrent_network_drops(dropout: float) -> None:
    """Words, weights and channels, none of it by a module of its own."""
    student = begun(f"awd_lstm:embedding=8,hidden=8,layers=1,vocabulary=300,dropout={dropout}", WORDS)
    batch, _ = next(passages(student).epoch(0, Plan(len(WORDS), len(WORDS), 1, len(WORDS), 1e-3)))
    student.train()
    assert torch.equal(student.features(batch), student.features(batch)) == (dropout == 0)
    if not dropout:
        with pytest.raises(UsageError, match="has no dropout"):
            Simcse().lesson(student, None)
        return
    assert 0 < Simcse.suits(student) < CausalLanguageModelling.suits(student)
    Simcse().lesson(student, None)(student, batch, NOTHING).backward()
    assert float(student.network.layers[0].weight_hh.grad.abs().max()) > 0


def test_deletion_keeps_order_marks_and_one_token() -> None:
    ids = torch.tensor([[2, 10, 11, 12, 13, 3, 0, 0], [2, 20, 3, 0, 0, 0, 0, 0]])
    batch = {"input_ids": ids, "attention_mask": (ids > 0).long()}
    said = ids >= 10
    torch.manual_seed(0)
    for _ in range(20):
        left = left_over(batch, said, 0.6)
        rows = [
            row[mask.bool()].tolist() for row, mask in zip(left["input_ids"], left["attention_mask"], strict=True)
        ]
        assert [row[0] for row in rows] == [2, 2]
        assert [row[-1] for row in rows] == [3, 3]
        assert rows[1] == [2, 20, 3]
        inner = rows[0][1:-1]
        assert inner == sorted(inner)
        assert len(inner) >= 1
        assert left["input_ids"].shape[1] == max(map(len, rows))


def test_the_decoder_has_the_encoders_weights_and_sees_no_token_ahead(tmp_path: Path) -> None:
    student = tiny_language("bert", tmp_path / "bert")
    lesson = Tsdae().lesson(student, None)
    of_student = {id(parameter) for parameter in student.parameters()}
    own = [name for name, p in lesson.decoder.named_parameters() if id(p) not in of_student]
    assert own
    assert all("crossattention" in name for name in own)
    batch = passages(student).batch(range(3))
    changed = {**batch, "input_ids": batch["input_ids"].clone()}
    changed["input_ids"][:, 4] = 9
    vectors = torch.randn(3, student.feature_size)
    with torch.no_grad():
        one, other = (lesson.eval().decoder(each, vectors) for each in (batch, changed))
        elsewhere = lesson.decoder(batch, vectors + 1)
    assert torch.equal(one[:, :4], other[:, :4])
    assert not torch.allclose(one[:, 4:], other[:, 4:])
    assert not torch.allclose(one, elsewhere), "what it attends to tells"


def test_what_makes_no_decoder_is_refused(tmp_path: Path) -> None:
    student = tiny_language("distilbert", tmp_path / "distilbert")
    assert not can_decode(student)
    with pytest.raises(UsageError, match="makes no decoder"):
        Tsdae().lesson(student, None)


def test_long_texts_become_several_passages_and_short_ones_none(bert: LanguageBackbone, tmp_path: Path) -> None:
    longest = bert.preprocess.max_length
    long = " ".join(["fox"] * (2 * longest))
    found = passages_of([long, "the fox"], bert.preprocess)
    ids = [each["input_ids"][each["attention_mask"].bool()].tolist() for each in found]
    said = bert.tokenizer.convert_tokens_to_ids("fox")
    assert sum(row.count(said) for row in ids) == 2 * longest + 1, "not a word is lost"
    assert all(len(row) <= longest for row in ids)
    gpt = tiny_language("gpt2", tmp_path / "gpt2")
    gpt.tokenizer.backend_tokenizer.post_processor = None  # no marks around a text
    assert passages_of(["fox"], gpt.preprocess) == []


def test_an_epoch_goes_on_where_the_last_one_ended(bert: LanguageBackbone) -> None:
    found = passages(bert)
    plan = Plan(12, 5, 12, 2, 1e-3)
    rows = np.concatenate([found.rows(number, plan) for number in range(12)])
    assert len(rows) == 60
    for start in range(0, 60, 12):
        assert sorted(rows[start : start + 12]) == list(range(12)), "each pass meets every passage once"
    assert [len(batch["input_ids"]) for batch, _ in found.epoch(3, plan)].count(2) == 2
    long = Plan(12, 30, 2, 4, 1e-3)
    assert np.bincount(found.rows(0, long)).tolist().count(3) == 6


def test_batches_hold_like_lengths() -> None:
    lengths = np.random.default_rng(0).integers(3, 200, 400)
    batches = like_lengths(np.arange(400), lengths, 8, np.random.default_rng(1))
    assert sorted(np.concatenate(batches)) == list(range(400))
    assert max(np.ptp(lengths[batch]) for batch in batches) < 20


def test_the_folder_of_a_sentence_encoder_says_so(bert: LanguageBackbone) -> None:
    files = bert.folder_files(sentences=True)
    assert [module["path"] for module in files["modules.json"]] == ["", "1_Pooling"]
    assert "modules.json" not in bert.folder_files(sentences=False)
    assert json.loads(json.dumps(files["1_Pooling/config.json"]))["pooling_mode_mean_tokens"] is True
