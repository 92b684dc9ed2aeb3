"""``headstart pretrain --method supervised`` on texts: what a text backbone learns from labels."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file

import headstart
from headstart.backbones import load
from headstart.core.errors import InputError
from headstart.data import several_sources
from headstart.data.read import read
from headstart.data.readers.base import Request
from killed_pretraining import looks_end
from language_folders import as_sentence_encoder, tiny_language
from small_world import PROBE, WORDS, status, table, texts

pytestmark = pytest.mark.usefixtures("no_gains")

BY_LABELS = ("--method", "supervised", "--target", "topic")


def opinions(count: int, seed: int) -> list[tuple[str, str]]:
    """(text, topic): one word among twenty others tells it, so that features at random say little of it."""
    random = np.random.default_rng(seed)
    fillers = [word for words in WORDS.values() for word in words if word not in ("good", "bad")]
    tells = [("good", "bad")[i % 2] for i in range(count)]
    words = [random.permutation([*random.choice(fillers, 20), tell]) for tell in tells]
    meant = {"good": "liked", "bad": "disliked"}
    return [(" ".join(each), meant[tell]) for each, tell in zip(words, tells, strict=True)]


@pytest.fixture
def labelled(at_hand: Path) -> Path:
    """A table of 360 texts, every sixth without a topic."""
    told = enumerate(opinions(360, seed=1))
    rows = [{"text": text, "topic": topic * (i % 6 > 0)} for i, (text, topic) in told]
    return table(at_hand / "labelled.csv", rows)


@pytest.fixture
def others(at_hand: Path) -> Path:
    """Other texts to probe on, too few for a head on features at random."""
    return table(at_hand / "others.csv", [{"text": text, "topic": topic} for text, topic in opinions(36, seed=9)])


@pytest.fixture
def encoder(at_hand: Path) -> str:
    """A sentence encoder that reads its first token alone, which tells little of a text before anything is learnt."""
    tiny_language("bert", at_hand / "encoder")
    made = as_sentence_encoder(at_hand / "encoder")
    file = at_hand / "encoder" / "1_Pooling" / "config.json"
    modes = json.loads(file.read_text()) | {"pooling_mode_mean_tokens": False, "pooling_mode_cls_token": True}
    file.write_text(json.dumps(modes))
    assert made.card.words
    return "encoder"


def test_features_get_better_and_the_folder_is_an_ordinary_one(
    labelled: Path, others: Path, encoder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    probe = ("--probe", others, "--probe-target", "topic")
    long = ("--epochs", 12, "--rate", "0.003")
    command = ("--backbone", encoder, *BY_LABELS, "--out", "mine", *long, *probe, "--json")
    assert status("pretrain", labelled, *command) == 0
    told = capsys.readouterr()
    found = json.loads(told.out)
    assert "Read 300 texts from labelled.csv." in told.err
    assert "Left out: 60 without a target." in told.err
    assert "2 classes" in told.err
    assert (found["method"], found["labelled"], found["texts"], found["passages"]) == ("supervised", True, 300, 300)
    assert found["losses"][-1] < 0.7 * found["losses"][0]
    assert found["probe"]["gain"][1] > 0, "surely better on texts that it has not learnt from"
    assert found["unmet"] is None
    assert json.loads(Path("mine/pretraining.json").read_text()) == found

    backbone = load("mine")
    assert backbone.card.pretraining == "local/encoder, then supervised on 300 labelled texts of labelled.csv"
    assert not backbone.card.words, "its cosines were not trained any more"
    assert backbone.pooling == "cls"
    assert "300 texts of labelled.csv, with their labels;" in Path("mine/README.md").read_text()
    assert Path("mine/tokenizer.json").is_file()
    assert not Path("mine/language_head.safetensors").exists()
    assert set(load_file("mine/model.safetensors")) == {
        name.removeprefix("network.") for name in load("encoder").state_dict()
    }, "the head is left behind"
    assert status("fit", others, "--target", "topic", "--backbone", "mine", *PROBE, "--out", "m") == 0
    assert headstart.load("m").evaluate(others)["accuracy"].value > 0.9


def test_without_a_probe_the_loss_on_labelled_texts_that_were_left_out_judges(at_hand: Path, encoder: str) -> None:
    rows = [{"text": text, "topic": topic} for text, topic in texts(400, seed=2)]
    many = table(at_hand / "many.csv", rows)
    result = headstart.pretrain(
        many, target="topic", backbone=encoder, method="supervised:smoothing=0", epochs=4, rate=0.003, out="mine",
        quiet=True,
    )  # fmt: skip
    assert result.passages == 380
    before, after = result.unmet
    assert after.value < 0.7 * before.value


def test_texts_that_were_handed_over_are_not_published(at_hand: Path, encoder: str) -> None:
    """A pair of lists has no name: it is told how many there are, and no text nor label of them is written."""
    said, topics = [f"{text} / told in confidence {i}" for i, (text, _) in enumerate(texts(36))], ["a/b", "c/d"] * 18
    how = {"backbone": encoder, "method": "supervised", "epochs": 1, "out": "mine", "quiet": True}
    result = headstart.pretrain((said, topics), **how)
    assert result.source == "36 Python objects"
    written = b"".join(path.read_bytes() for path in Path("mine").rglob("*") if path.is_file())
    assert b"36 labelled texts of 36 Python objects" in written
    assert b"confidence" not in written
    assert b"c/d" not in written


def test_a_killed_run_goes_on_to_the_same_bytes(
    labelled: Path, encoder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["pretrain", labelled, "--backbone", encoder, *BY_LABELS, "--epochs", 3]
    assert status(*command, "--out", "whole") == 0
    with looks_end(2, by=KeyboardInterrupt):
        assert status(*command, "--out", "killed") == 130
    before = labelled.read_text()
    labelled.write_text(before.replace(",disliked\n", ",liked\n", 1))
    assert status(*command, "--out", "killed", "--resume") == 1
    assert "targets changed since" in capsys.readouterr().err
    labelled.write_text(before)
    assert status(*command, "--out", "killed", "--resume") == 0
    assert "Going on with the unfinished pretraining" in capsys.readouterr().err
    for name in ("model.safetensors", "config.json"):
        assert Path("whole", name).read_bytes() == Path("killed", name).read_bytes(), name


def test_a_recurrent_network_learns_from_labels_out_of_random_weights(
    labelled: Path, others: Path, at_hand: Path
) -> None:
    sizes = "awd_lstm:embedding=32,hidden=48,layers=2,vocabulary=330,dropout=0.2"
    result = headstart.pretrain(
        labelled, target="topic", architecture=sizes, method="supervised", epochs=8, out="mine",
        probe=others, probe_target="topic", quiet=True,
    )  # fmt: skip
    assert (result.random_weights, result.labelled) == (True, True)
    assert result.losses[-1] < 0.9 * result.losses[0]
    assert result.probe.after.value >= result.probe.before.value
    assert load("mine").card.pretraining == "supervised on 300 labelled texts of labelled.csv"


def test_numbers_are_learnt_too(at_hand: Path, encoder: str) -> None:
    rows = [{"text": text, "price": {"animals": 1, "films": 2.5, "learning": 4}[topic]} for text, topic in texts(90)]
    priced = table(at_hand / "priced.csv", [{**row, "price": row["price"] + i / 1000} for i, row in enumerate(rows)])
    result = headstart.pretrain(
        priced, target="price", backbone=encoder, method="supervised", epochs=6, rate=0.003, out="mine", quiet=True
    )
    assert result.losses[-1] < 0.7 * result.losses[0]


def test_several_columns_are_learnt_where_some_cells_are_empty(at_hand: Path, encoder: str) -> None:
    rows = [
        {"text": text, "topic": topic * (i % 5 > 0), "price": (str(len(topic)) + ".5") * (i % 10 > 0)}
        for i, (text, topic) in enumerate(texts(60))
    ]
    result = headstart.pretrain(
        table(at_hand / "both.csv", rows), target="topic,price", backbone=encoder, method="supervised", epochs=6,
        rate=0.003, out="mine", quiet=True,
    )  # fmt: skip
    assert result.texts == 54, "a row without any target is left out"
    assert result.losses[-1] < result.losses[0]


def test_the_same_text_counts_once_for_each_label_of_it(at_hand: Path, encoder: str) -> None:
    rows = [{"text": text, "topic": topic} for text, topic in texts(30)]
    twice = [rows[0], {**rows[1], "topic": "animals"}]
    result = headstart.pretrain(
        table(at_hand / "twice.csv", rows + twice), target="topic", backbone=encoder, method="supervised", epochs=1,
        out="mine", quiet=True,
    )  # fmt: skip
    assert result.texts == 31


def test_missing_labels_are_said_with_what_to_do(
    labelled: Path, encoder: str, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(data: Path, *options: object) -> str:
        command = ("--backbone", encoder, "--method", "supervised", "--out", "mine", *options)
        assert status("pretrain", data, *command) == 1
        return capsys.readouterr().err

    lines = at_hand / "lines.txt"
    lines.write_text("\n".join(text for text, _ in texts(9)), encoding="utf-8")
    assert "target" in said(lines)
    assert "there is no column 'subject'" in said(labelled, "--target", "subject")
    rows = [{"text": text, "one": topic, "two": topic, "none": ""} for text, topic in texts(30)]
    several = table(at_hand / "several.csv", rows)
    assert "Say which column is the target" in said(several)
    assert "every cell is empty" in said(several, "--target", "none")
    alike = table(at_hand / "alike.csv", [{"text": text, "topic": "films"} for text, _ in texts(30)])
    assert "films" in said(alike, "--target", "topic")
    split = [{"text": text, "topic": topic * (i > 20), "split": ("train", "test")[i > 20]} for i, (text, topic) in
             enumerate(texts(30))]  # fmt: skip
    assert "nothing outside of its test split has a target" in said(
        table(at_hand / "split.csv", split), "--target", "topic"
    )
    assert not Path("mine").exists()
    assert not Path("mine.unfinished").exists()


def test_a_source_is_read_once(labelled: Path, encoder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Request] = []
    monkeypatch.setattr(several_sources, "read", lambda request: asked.append(request) or read(request))
    headstart.pretrain(
        [labelled], target="topic", backbone=encoder, method="supervised", epochs=1, out="mine", quiet=True
    )
    assert [request.source for request in asked] == [labelled]


def test_a_setting_of_crops_means_nothing_for_texts(
    labelled: Path, encoder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    crops = ("--method", "supervised:smallest=0.5", "--target", "topic")
    assert status("pretrain", labelled, "--backbone", encoder, *crops, "--out", "mine") == 2
    assert "supervised:smallest=0.5: smallest means nothing for texts; leave it out." in capsys.readouterr().err


def test_a_pair_of_lists_may_lack_targets_too(encoder: str) -> None:
    said, topics = zip(*texts(30), strict=True)
    pair = (list(said), [*topics[:24], *[None] * 6])
    result = headstart.pretrain(pair, backbone=encoder, method="supervised", epochs=1, out="mine", quiet=True)
    assert result.texts == 24
    with pytest.raises(InputError, match="no targets"):
        headstart.pretrain(list(said), backbone=encoder, method="supervised", out="other", quiet=True)
