"""A whole ranking, and a fit that takes its pick."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from headstart.backbones import Card, load
from headstart.backbones.base import Backbone
from headstart.cli.rank import conclusion
from headstart.core.errors import HeadstartError, UsageError
from headstart.core.progress import Progress
from headstart.core.spec import FitSpec
from headstart.core.timing import Stopwatch
from headstart.experiment.material import find, prepare
from headstart.experiment.selection import probe
from headstart.experiment.selection.candidates import Candidate
from headstart.experiment.selection.halving import drawn, stratified_order
from headstart.experiment.selection.probe import TooSlow, _fetchable
from headstart.experiment.selection.ranking import rank
from headstart.experiment.selection.selector import with_chosen_backbone
from language_folders import entailment_folder
from small_world import HUES, paint, table, texts
from toys import Said


@pytest.fixture
def two(tiny_backbones: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with two backbones for pictures alone, one of which lost the weights of its last stage."""
    import torch
    from safetensors.torch import load_file, save_file

    folder = tmp_path / "models"
    for name in ("sound", "broken"):
        shutil.copytree(tiny_backbones / "tiny_resnet", folder / name)
    state = load_file(folder / "broken" / "model.safetensors")
    state = {name: torch.zeros_like(t) if name.startswith("layer4") else t for name, t in state.items()}
    save_file(state, folder / "broken" / "model.safetensors")
    monkeypatch.setenv("HEADSTART_MODELS", str(folder))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("headstart.backbones.embedded.Embedded.cards", lambda source: [])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_better_of_two_is_picked(two: Path, photos: Path) -> None:
    ranking = rank(photos, engine="eager", scores=["log_me", "leep"], quiet=True)
    assert (ranking.pick, ranking.given) == ("local/sound", "local/sound")
    first, second = ranking.candidates
    assert (first.backbone, second.backbone) == ("local/sound", "local/broken")
    assert first.score.value > 0.9 > second.score.value
    assert first.score.low <= first.score.value <= first.score.high
    assert ranking.static_pick == "local/broken"  # they are equal on paper, and the alphabet decides
    assert {one.static_rank for one in ranking.candidates} == {1, 2}
    assert first.examples == 34  # 42 less the eight that a fit would hold out for its test
    assert set(first.scores) == {"log_me", "leep"}
    assert first.scores["leep"] < 0
    assert ranking.silent == []
    assert first.scores["log_me"] > second.scores["log_me"]


def test_a_pick_says_that_the_first_of_the_static_list_was_not_probed(
    two: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_the_first(name: str) -> Backbone:
        if "broken" in name:
            raise HeadstartError("it cannot be read")
        return load(name)

    monkeypatch.setattr(probe, "load", without_the_first)
    ranking = rank(photos, engine="eager", quiet=True)
    assert (ranking.pick, ranking.static_pick) == ("local/sound", "local/broken")
    unprobed = "no other could be probed; local/broken, the first of the static list, was not probed"
    assert ranking.why == unprobed


def test_source_probabilities_are_those_of_the_whole_network(two: Path) -> None:
    """LEEP and NCE read what the folder's own classifier says; timm's whole network says the same."""
    import timm
    import torch
    from safetensors.torch import load_file

    from headstart.backbones import load
    from headstart.experiment.selection.probe import _source

    folder = two / "models" / "sound"
    backbone = load(folder)
    arguments = json.loads((folder / "config.json").read_text())["model_args"]
    whole = timm.create_model("resnet18", **arguments).eval()
    whole.load_state_dict(load_file(folder / "model.safetensors"))
    pixels = torch.randn(3, 3, 32, 32)
    with torch.no_grad():
        said = _source(backbone, backbone.features({"pixels": pixels}))
        assert said is not None
        assert torch.allclose(said, whole(pixels).softmax(dim=1), atol=1e-6)


def test_scores_that_cannot_answer_say_so(at_hand: Path) -> None:
    data = ([text for text, _ in texts(45)], [topic for _, topic in texts(45)])
    ranking = rank(data, backbones=["tiny_bert"], engine="eager", scores=["log_me", "leep", "nce"], quiet=True)
    assert set(ranking.candidates[0].scores) == {"log_me"}
    why = "leep and nce for local/tiny_bert: it has no classifier of its own on its last features"
    assert ranking.silent == [why]
    assert f"No score:    {why}." in conclusion(ranking, "data")


def test_of_several_targets_at_once_no_score_says_anything(at_hand: Path) -> None:
    """Class numbers, and which targets are known, are no targets that LogME could read."""
    rows = [{"text": text, "topic": topic, "long": str(len(text) % 2)} for text, topic in texts(45)]
    data = table(at_hand / "two.csv", rows)
    ranking = rank(
        data, input="text", target="topic,long", backbones=["tiny_bert"], engine="eager", scores=["all"], quiet=True
    )
    assert ranking.candidates[0].scores == {}
    assert "log_me" in " ".join(ranking.silent)
    several = "there are several targets, and it reads one"
    own = "it has no classifier of its own on its last features"
    assert {sentence.partition(": ")[2] for sentence in ranking.silent} <= {several, own}


def test_fetching_is_no_part_of_what_the_next_round_takes(
    two: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a clock that stands still but for a load, which takes a hundred seconds."""
    clock = SimpleNamespace(now=0.0, perf_counter=lambda: clock.now)

    def slowly(name: str) -> Backbone:
        clock.now += 100.0
        return load(name)

    monkeypatch.setattr(probe, "load", slowly)
    monkeypatch.setattr(probe, "time", clock)
    spec, quiet = FitSpec(photos, engine="eager"), Progress(quiet=True)
    material = prepare(find(spec, quiet), spec, Stopwatch(), quiet)
    some = drawn(material, stratified_order(material, 0), 0)
    prober = probe.Prober(material, spec, Stopwatch(), two / "kept")
    found = [
        prober.probe(Candidate("local/sound", Card("local/sound", "image", at_hand=here), 1), some, 1e9)
        for here in (True, False)
    ]
    assert [(one.seconds, one.loading, one.solving) for one in found] == [(100.0, 100.0, 0.0), (100.0, 0.0, 0.0)]


def test_the_published_keys(two: Path, photos: Path) -> None:
    plain = json.loads(json.dumps(rank(photos, engine="eager", quiet=True).to_json()))
    assert {"candidates", "pick", "static_pick", "seconds"} <= plain.keys()
    for one in plain["candidates"]:
        assert {"backbone", "score", "seconds", "static_rank"} <= one.keys()
        assert len(one["score"]) == 3


def test_a_given_test_split_is_not_even_decoded(two: Path) -> None:
    paint(two / "data" / "train", dict.fromkeys(HUES, 10))
    for name in HUES:
        (two / "data" / "test" / name).mkdir(parents=True)
        for number in range(4):
            (two / "data" / "test" / name / f"{number}.png").write_bytes(b"no picture")
    ranking = rank(two / "data", engine="eager", quiet=True)
    assert ranking.candidates[0].examples == 30


def test_a_fit_takes_the_pick_and_says_so(two: Path, photos: Path) -> None:
    said = Said()
    spec = FitSpec(photos, backbone="auto", engine="eager", budget=60)
    chosen = with_chosen_backbone(spec, find(spec, said), Stopwatch(), said)
    assert chosen.backbone == "local/sound"
    assert "Choosing a backbone, for at most 12 s." in said.lines
    assert said.lines[-1].startswith("  picked local/sound: better than every other by more than chance")
    assert said.lines[-1].endswith("The static list would have picked local/broken.")


def test_a_fit_without_time_for_a_ranking_takes_the_default(two: Path, photos: Path) -> None:
    said = Said()
    spec = FitSpec(photos, backbone="auto", engine="eager", budget=1e-6)
    assert with_chosen_backbone(spec, find(spec, said), Stopwatch(), said).backbone is None
    assert said.lines[-1].endswith("So the default of what is at hand is taken.")


def test_without_time_a_fit_keeps_to_what_it_was_asked_to_choose_from(two: Path, photos: Path) -> None:
    said = Said()
    spec = FitSpec(photos, backbone="auto", backbones=("sound", "broken"), engine="eager", budget=1e-6)
    assert with_chosen_backbone(spec, find(spec, said), Stopwatch(), said).backbone == "broken"
    assert said.lines[-1].endswith("So the first of them on the static list is taken, local/broken.")
    few = replace(spec, backbones=(), most_parameters=10)
    with pytest.raises(UsageError, match="more than 10 parameters"):
        with_chosen_backbone(few, find(few, said), Stopwatch(), said)


def test_two_folders_that_end_alike_keep_their_names_apart(two: Path, photos: Path) -> None:
    folders = [str(shutil.copytree(two / "models" / name, two / name / "net")) for name in ("sound", "broken")]
    ranking = rank(photos, engine="eager", backbones=folders, quiet=True)
    assert {one.backbone for one in ranking.candidates} == set(folders)
    assert ranking.pick == ranking.given == folders[0]


def test_a_classifier_of_pairs_is_ranked_as_it_reads_names(at_hand: Path) -> None:
    """Beside a backbone of another kind: its features are what it says of each name."""
    entailment_folder(at_hand / "entails")
    data = ([text for text, _ in texts(45)], [topic for _, topic in texts(45)])
    ranking = rank(data, backbones=["tiny_bert", str(at_hand / "entails")], engine="eager", quiet=True)
    assert ranking.left_out == []
    assert {one.backbone for one in ranking.candidates} == {"local/tiny_bert", "local/entails"}
    coded = (data[0], [str(len(topic)) for topic in data[1]])
    (left_out,) = rank(coded, backbones=["tiny_bert", str(at_hand / "entails")], engine="eager", quiet=True).left_out
    assert "give --labels FILE to `headstart fit`" in left_out.why


def test_a_ranking_sees_stacks_as_the_fit_will(two: Path, photos: Path) -> None:
    spec, quiet = FitSpec(photos, engine="eager"), Progress(quiet=True)
    material = prepare(find(spec, quiet), spec, Stopwatch(), quiet)
    some = drawn(material, stratified_order(material, 0)[:16], 0)
    candidate = Candidate("sound", Card("local/sound", "image", at_hand=True), 1)
    operations = [
        probe.Prober(material, replace(spec, stack=stack), Stopwatch(), two / f"{stack}")
        .probe(candidate, some, 1e9)
        .operations
        for stack in (None, 5)
    ]
    assert operations[1] > operations[0], "the first layer reads five channels instead of three"


def test_a_fit_that_is_resumed_keeps_its_backbone(two: Path, photos: Path) -> None:
    folder = two / "model.unfinished"
    folder.mkdir()
    (folder / "request.json").write_text(json.dumps({"backbone": "local/broken"}))
    spec = FitSpec(photos, backbone="auto", out=two / "model", resume=True)
    found = find(spec, Progress(quiet=True))
    assert with_chosen_backbone(spec, found, Stopwatch(), Progress(quiet=True)).backbone == "local/broken"


@pytest.mark.parametrize(
    ("targets", "figure"),
    [
        ([len(text) + i / 7 for i, (text, _) in enumerate(texts(45))], "mae"),
        ([[topic, "short"] for _, topic in texts(45)], "macro_f1"),
    ],
)
def test_numbers_and_sets_of_labels(at_hand: Path, targets: list[Any], figure: str) -> None:
    data = ([text for text, _ in texts(45)], targets)
    ranking = rank(data, backbones=["tiny_bert"], engine="eager", scores=["all"], quiet=True)
    (only,) = ranking.candidates
    assert ranking.figure == figure
    assert only.score.low <= only.score.value <= only.score.high
    assert set(only.scores) == {"log_me"}, "the others read classes"
    assert ranking.silent
    assert all(sentence.endswith("for local/tiny_bert: the targets are no classes") for sentence in ranking.silent)


def test_a_fit_chooses_among_what_it_is_told(two: Path, photos: Path) -> None:
    said = Said()
    spec = FitSpec(photos, backbone="auto", backbones=("broken",), engine="eager", budget=60)
    chosen = with_chosen_backbone(spec, find(spec, said), Stopwatch(), said)
    assert (chosen.backbone, chosen.backbones) == ("broken", ())
    few = replace(spec, backbones=(), most_parameters=10)
    with pytest.raises(UsageError, match="All 2 backbones have more than 10 parameters"):
        with_chosen_backbone(few, find(spec, said), Stopwatch(), said)
    with pytest.raises(UsageError, match="need --backbone auto"):
        FitSpec(photos, hub=True)


def test_a_download_that_may_not_end_in_time_is_not_begun(two: Path, photos: Path) -> None:
    """80 MB at 2 MB a second take 40 s."""
    candidate = Candidate("zoo/net", Card("zoo/net", "image", bytes=80_000_000, at_hand=False), 1)
    _fetchable(candidate, 41.0)
    with pytest.raises(TooSlow, match="fetching its 80 MB may take 40 s, and 39 s are left for it"):
        _fetchable(candidate, 39.0)
    _fetchable(replace(candidate, card=replace(candidate.card, at_hand=True)), 0.0)


def test_mistakes(two: Path, photos: Path) -> None:
    with pytest.raises(UsageError, match=r"no transferability score 'logme'.* Did you mean 'log_me'"):
        rank(photos, scores=["logme"], quiet=True)
    with pytest.raises(UsageError, match=r"name the backbone .* or the column of the groups"):
        rank(photos, group="auto", quiet=True)
