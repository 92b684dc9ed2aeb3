"""LSTM networks in folders without a config.json: told by their tensors, over bytes or over listed characters."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn

from headstart.backbones import SOURCES, load
from headstart.backbones.base import Backbone, collate
from headstart.backbones.texts.lstm_backbone import LONGEST
from headstart.backbones.texts.lstm_stack import along, backward
from headstart.cli import main
from headstart.core.errors import HeadstartError, UsageError
from small_world import texts

LETTERS = {letter: place + 1 for place, letter in enumerate("abcdefghijklmnopqrstuvwxyz .\n")}
VOCABULARY = {**LETTERS, "<s>": len(LETTERS) + 1}


class OverBytes(nn.Module):
    """The published form: one LSTM of PyTorch in both directions, its mean, and layers that answer."""

    def __init__(self, layers: int = 2) -> None:
        super().__init__()
        self.embedding = nn.Embedding(256, 6)
        self.lstm = nn.LSTM(6, 10, layers, batch_first=True, bidirectional=True)
        self.mlp = nn.Sequential(nn.Linear(20, 7), nn.ReLU(), nn.Linear(7, 3))

    def encode(self, text: str) -> Tensor:
        """(1, L) bytes → (1, 20)."""
        ids = torch.tensor([list(text.encode())])
        return self.lstm(self.embedding(ids))[0].mean(1)


class OverCharacters(nn.Module):
    """The published form: two LSTMs, and attention over vector and states of each character."""

    def __init__(self) -> None:
        super().__init__()
        known = len(VOCABULARY) + 1
        self.embedding = nn.Embedding(known, 6)
        self.rnn_1, self.rnn_2 = nn.LSTM(6, 10, batch_first=True), nn.LSTM(10, 12, batch_first=True)
        self.attention, self.output = nn.Linear(28, 1, bias=False), nn.Linear(28, known)

    def encode(self, text: str) -> Tensor:
        """The mean of what is attended to, (1, 28)."""
        vectors = self.embedding(torch.tensor([[VOCABULARY["<s>"], *(VOCABULARY[letter] for letter in text)]]))
        first = self.rnn_1(vectors)[0]
        return torch.cat([vectors, first, self.rnn_2(first)[0]], dim=-1).mean(1)


def written(network: nn.Module, folder: Path, **files: object) -> Path:
    """`network` as a folder of weights, with JSON `files`."""
    folder.mkdir()
    save_file({name: tensor.clone() for name, tensor in network.state_dict().items()}, folder / "model.safetensors")
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    return folder


@pytest.fixture
def over_bytes(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    return written(OverBytes(), tmp_path / "bytes", labels=["a", "b", "c"])


@pytest.fixture
def over_characters(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    return written(OverCharacters(), tmp_path / "characters", vocab=VOCABULARY)


def changed(folder: Path, **tensors: Tensor | None) -> Path:
    """`folder` with some tensors replaced, or left out; a double underscore stands for a dot."""
    file = folder / "model.safetensors"
    given = {name.replace("__", "."): tensor for name, tensor in tensors.items()}
    state = {**load_file(file), **given}
    save_file({name: tensor for name, tensor in state.items() if tensor is not None}, file)
    return folder


def features(backbone: Backbone, *several: str) -> Tensor:
    with torch.no_grad():
        return backbone.features(collate([backbone.preprocess(text) for text in several]))


def test_features_over_bytes_are_the_published_networks_whatever_stands_beside_a_text(over_bytes: Path) -> None:
    reference = OverBytes()
    reference.load_state_dict(load_file(over_bytes / "model.safetensors"))
    backbone, several = load(over_bytes), ("a short one", "größer – 日本", "a text of many more words " * 3)
    expected = torch.cat([reference.encode(text) for text in several])
    torch.testing.assert_close(features(backbone, *several), expected)
    assert [stage.name for stage in backbone.stages()] == ["embedding", "layers.0", "layers.1"]
    assert sum(p.numel() for p in backbone.parameters()) == sum(
        p.numel() for p in [*reference.embedding.parameters(), *reference.lstm.parameters()]
    ), "the layers that answer are left out"


def test_features_over_characters_are_the_mean_of_what_is_attended_to(over_characters: Path) -> None:
    reference = OverCharacters()
    reference.load_state_dict(load_file(over_characters / "model.safetensors"))
    backbone, several = load(over_characters), ("a fox.", "many more words\nthan that one has")
    expected = torch.cat([reference.encode(text) for text in several])
    torch.testing.assert_close(features(backbone, *several), expected)
    assert backbone.feature_size == 28


def test_bytes_are_the_ids_and_a_text_is_cut(over_bytes: Path) -> None:
    preprocess = load(over_bytes).preprocess
    for text in (" A fox\r\n\t\0~", "größer – 日本 🚲"):
        example = preprocess(text)
        said = example["input_ids"][example["attention_mask"] == 1]
        assert bytes(said.tolist()) == text.encode()
    assert len(preprocess("ab" * LONGEST)["input_ids"]) == LONGEST
    assert preprocess("")["attention_mask"].sum() == 1


def test_characters_that_are_not_listed_are_nought(over_characters: Path) -> None:
    example = load(over_characters).preprocess("aZ\nb<s>")
    said = example["input_ids"][example["attention_mask"] == 1].tolist()
    assert said == [VOCABULARY["<s>"], 1, 0, LETTERS["\n"], 2, 0, LETTERS["s"], 0]


def test_a_text_turned_round_twice_is_itself() -> None:
    mask = torch.tensor([[1, 1, 1, 0], [1, 0, 0, 0], [1, 1, 1, 1]])
    hidden = torch.arange(12.0).view(3, 4, 1)
    turned = along(hidden, backward(mask))
    assert turned[..., 0].tolist() == [[2, 1, 0, 3], [4, 7, 6, 5], [11, 10, 9, 8]]
    assert torch.equal(along(turned, backward(mask)), hidden)


def test_it_is_listed_and_never_the_first(over_bytes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADSTART_MODELS", str(over_bytes.parent))
    (card,) = SOURCES.load("local_folder")().cards()
    assert (card.name, card.modality) == ("local/bytes", "text")
    assert card.rank < 50


@pytest.mark.parametrize(
    ("tensors", "said"),
    [
        ({"lstm__weight_hh_l1_reverse": None}, r"lstm\.weight_hh_l1_reverse is missing"),
        ({"lstm__weight_ih_l0": None}, r"lstm\.weight_ih_l0 is missing"),
        ({"lstm__weight_ih_l1": torch.zeros(40, 10)}, r"lstm\.weight_ih_l1 is \(40, 10\), not \(40, 20\)"),
        ({"lstm__bias_ih_l0": torch.zeros(30)}, r"lstm\.bias_ih_l0 is \(30,\), not \(40,\)"),
        ({"conv__weight": torch.zeros(6, 6, 3)}, r"conv\.weight is not known"),
        ({"embedding__weight": torch.zeros(300, 6)}, r"knows 300 tokens; without vocab\.json"),
        ({"attention__weight": torch.zeros(1, 20)}, r"attention\.weight is \(1, 20\), not \(1, 46\)"),
    ],
)
def test_what_does_not_fit_is_named(over_bytes: Path, tensors: dict[str, Tensor | None], said: str) -> None:
    with pytest.raises(HeadstartError, match=said):
        load(changed(over_bytes, **tensors))


@pytest.mark.parametrize(
    ("vocabulary", "said"),
    [
        (["a", "b"], "holds a JSON list, where a dict is meant"),
        ({"a": 1, "b": 99}, "'b' has the id 99; ids lie between 1 and 30"),
        ({"a": 1, "b": 0}, "'b' has the id 0; ids lie between 1"),
        ({"a": "1"}, "'a' has the id '1'"),
        ({"a": 1, "b": 1}, "an id stands for two characters"),
    ],
)
def test_a_list_of_characters_that_makes_no_sense_is_refused(
    over_characters: Path, vocabulary: object, said: str
) -> None:
    (over_characters / "vocab.json").write_text(json.dumps(vocabulary))
    with pytest.raises(HeadstartError, match=rf"vocab\.json: .*{said}"):
        load(over_characters)


def test_it_has_no_names_of_its_own() -> None:
    with pytest.raises(UsageError, match="give the path of one"):
        SOURCES.load("stacked_lstm")().load("bytes")


@pytest.mark.parametrize(
    ("kind", "strategy"),
    [("over_bytes", "gradual_unfreezing:epochs=1"), ("over_characters", "fine_tuning:epochs=1")],
)
def test_a_fitted_model_needs_its_own_folder_alone(
    kind: str, strategy: str, request: pytest.FixtureRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, table, out = request.getfixturevalue(kind), tmp_path / "texts.csv", tmp_path / "model"
    with table.open("w", newline="") as stream:
        csv.writer(stream).writerows([("text", "topic"), *texts(36)])
    asked = ["fit", str(table), "--target", "topic", "--backbone", str(folder), "--strategy", strategy]
    assert main([*asked, "--out", str(out)]) == 0
    shutil.rmtree(folder)
    capsys.readouterr()
    assert main(["predict", str(out), str(table)]) == 0
    assert len(capsys.readouterr().out.strip().splitlines()) == 37
    assert load(out).describe()["source"] == "stacked_lstm", "and it is a backbone itself"


def test_it_cannot_learn_from_texts_alone(
    over_bytes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "lines.txt"
    file.write_text("\n".join(text for text, _ in texts(40)))
    assert main(["pretrain", str(file), "--backbone", str(over_bytes), "--out", str(tmp_path / "on")]) == 2
    assert "cannot learn from texts alone" in capsys.readouterr().err


# -- the real ones ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["reddit_byte_bilstm", "textgenrnn_char_lstm"])
def test_a_real_network_tells_topics_better_than_with_random_weights(name: str, shared: Path) -> None:
    """A linear head on 300 headlines of AG News, judged on 300 others (the byte network's own figures for 100 and
    2,000 to learn from: 52.7 against 39.4 %, and 68.3 against 59.6 %)."""
    folder = shared / "backbones" / name
    if not folder.is_dir():
        pytest.skip(f"the backbone {name} is not beside this checkout (../shared/backbones)")
    with (shared / "data" / "ag_news" / "train.csv").open(newline="") as stream:
        rows = [row for row, _ in zip(csv.DictReader(stream), range(600), strict=False)]
    torch.manual_seed(0)
    source = SOURCES.load("local_folder")()
    learnt, random = (_told(source.load(str(folder), pretrained), rows) for pretrained in (True, False))
    assert learnt > random + 0.02
    assert learnt > 0.45


def _told(backbone: Backbone, rows: list[dict[str, str]]) -> float:
    """The share of the second half of `rows` that a linear head tells which learnt from the first."""
    found = torch.cat([features(backbone, *(row["text"] for row in rows[at : at + 50])) for at in range(0, 600, 50)])
    numbers, labels = found.numpy(), np.array([row["label"] for row in rows])
    scaled = (numbers - numbers[:300].mean(0)) / (numbers[:300].std(0) + 1e-6)
    head = LogisticRegression(C=0.01, max_iter=300).fit(scaled[:300], labels[:300])
    return float(head.score(scaled[300:], labels[300:]))
