"""``headstart adapt``: a model for new inputs without labels, or the old one and why."""

from __future__ import annotations

import csv
import io
import json
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas
import pytest

import headstart
from headstart.adaptations import ADAPTATIONS
from headstart.adaptations.base import Adaptation, Adapted, Domains
from headstart.alignments import ALIGNMENTS
from headstart.experiment.adaptation import trying
from headstart.strategies import feature_extraction
from small_world import HUES, machine, paint, pixels, result_of, status, table

pytestmark = pytest.mark.usefixtures("no_gains")

EVENING, DUSK = (0.45, 0.3, 0.3), (0.2, 0.2, 0.5)
"""How much of the red, green and blue light is left."""


def dark(folder: Path, count: int = 20, seed: int = 7, light: tuple[float, float, float] = EVENING) -> Path:
    """Pictures of the same fruits in the evening: a third of the light, and a reddish cast; or in another light."""
    from PIL import Image

    random = np.random.default_rng(seed)
    folder.mkdir()
    for name, channel in HUES.items():
        for number in range(count):
            made = pixels(channel, random) * np.array(light)
            Image.fromarray(made.astype(np.uint8)).save(folder / f"{name}-{number:02}.png")
    return folder


def right(model: Path, folder: Path) -> float:
    paths = sorted(folder.glob("*.png"))
    told = headstart.load(model).predict([str(path) for path in paths])
    return float(np.mean([label == path.name.split("-")[0] for label, path in zip(told, paths, strict=True)]))


def test_nothing_is_done_where_nothing_differs(
    photo_model: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = paint(at_hand / "new", {"apple": 8, "lime": 8, "plum": 8}, seed=5)
    assert status("adapt", photo_model, new, "--out", "m", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found)[:6] == ["method", "kept", "mismatch", "validators", "tried", "reason"]
    assert found["kept"] is False
    assert found["method"] is None
    assert found["mismatch"]["found"] is False
    assert "no difference" in found["reason"]
    assert headstart.load("m").predict(str(new / "lime" / "00.png")) == headstart.load(photo_model).predict(
        str(new / "lime" / "00.png")
    )
    assert result_of(Path("m"))["adaptation"]["kept"] is False


def test_a_shift_is_found_and_what_is_kept_is_no_worse(
    photo_model: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = dark(at_hand / "new")
    assert status("adapt", photo_model, new, "--methods", "all", "--out", "m", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["mismatch"]["found"] is True
    assert found["kept"] is True
    assert {one["method"] for one in found["tried"]} >= {"source model", "standardise", "self_training", "coral"}
    aligned = {f"deep_alignment:{settings}" for settings in ADAPTATIONS.load("deep_alignment").every()}
    assert len(aligned) == len(ALIGNMENTS.names())
    assert found["left_out"].keys() == {"few_labels", *aligned}
    assert right(Path("m"), new) >= right(photo_model, new)
    told = result_of(Path("m"))["adaptation"]
    assert told["kept"] is found["kept"]
    assert told["reason"] == found["reason"]


class Taught(NamedTuple):
    """A model that was adapted by four labels of each fruit, the pictures that are new to it, and the JSON of it."""

    model: Path
    new: Path
    told: dict[str, Any]


@pytest.fixture(scope="module")
def taught(photo_model: Path, tiny_backbones: Path, tmp_path_factory: pytest.TempPathFactory) -> Taught:
    folder = tmp_path_factory.mktemp("taught")
    new = dark(folder / "new")
    few = given(new, folder / "few.csv", each=4)
    with machine(tiny_backbones, folder / "cache"), redirect_stdout(io.StringIO()) as said:
        assert status("adapt", photo_model, new, "--labels-for", few, "--out", folder / "m", "--json") == 0
    return Taught(folder / "m", new, json.loads(said.getvalue()))


def test_an_adapted_model_is_familiar_with_the_new_and_promises_no_sets(taught: Taught, at_hand: Path) -> None:
    from headstart.core.errors import UsageError

    assert taught.told["kept"] is True
    model, new = headstart.load(taught.model), taught.new
    answer = model.answer(str(dark(at_hand / "more", seed=8)))
    assert "set" not in answer.predictions.columns
    assert np.mean(answer.predictions.columns["is_unfamiliar"]) < 0.3
    with pytest.raises(UsageError, match="adapted to inputs without labels"):
        model.predict_sets(str(new))
    assert model.result.test is None
    assert "What it cannot promise" in model.report
    assert "It was adapted by 12 labels, so nobody has measured it" in model.report
    for told in (model.report, model.card):
        assert "without labels" not in told, "twelve chose it, and taught it"
    assert "It was not measured" in model.card
    comparison = model.compare(str(dark(at_hand / "third", seed=9)))
    assert comparison.estimated_accuracy is None
    with pytest.raises(
        UsageError, match=rf"adapted to other inputs \({taught.told['method']}\).*Extend the model that it"
    ):
        headstart.extend(taught.model, new, quiet=True)


def test_what_becomes_familiar_is_drawn_at_random_and_the_old_stays(
    photo_model: Path, at_hand: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is room for ten: five are old ones, and five not just the first in the order of the files."""
    monkeypatch.setattr("headstart.experiment.adaptation.adapted_model.most_familiar", lambda widths: 10)
    new = dark(at_hand / "new")
    few = pandas.read_csv(given(new, at_hand / "few.csv", each=4)).astype({"label": "category"})
    assert few["label"].isna().any(), "one is left open"
    adaption = headstart.adapt(photo_model, new, labels_for=few, quiet=True)
    assert adaption.kept
    guard = adaption.model.needed_guard
    fresh = [name for name, told in zip(guard.ids, guard.targets, strict=True) if told.endswith("(predicted)")]
    assert (len(guard.ids), len(fresh)) == (10, 5)
    assert len({Path(name).name.split("-")[0] for name in fresh}) > 1


def given(folder: Path, path: Path, each: int) -> Path:
    """A table of some labels, as a person would fill it in."""
    rows = [
        {"id": place.name, "label": name} for name in HUES for place in sorted(folder.glob(f"{name}-*.png"))[:each]
    ]
    return table(path, [*rows, {"id": sorted(folder.glob("plum-*.png"))[-1].name, "label": ""}])


def test_a_few_labels_choose_and_teach(photo_model: Path, taught: Taught) -> None:
    assert "of 12 labelled inputs" in taught.told["reason"]
    assert "few_labels" in {one["method"] for one in taught.told["tried"]}
    assert taught.told["kept"] is True
    assert all(one["may_be_kept"] for one in taught.told["tried"]), "labels choose between all"
    assert right(taught.model, taught.new) >= max(right(photo_model, taught.new), 0.9)


def test_labels_that_cannot_be_used_are_named_together(
    photo_model: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = dark(at_hand / "new")
    table(at_hand / "few.csv", [{"id": "aple-00.png", "label": "apple"}, {"id": "lime-00.png", "label": "lemon"}])
    assert status("adapt", photo_model, new, "--labels-for", "few.csv", "--out", "m") == 1
    said = capsys.readouterr().err
    assert "2 labels cannot be used" in said
    assert "'aple-00.png' is none of the new inputs (Did you mean" in said
    assert "lemon" in said
    assert not Path("m").exists()
    twice = [{"id": "lime-00.png", "label": label} for label in ("lime", "lime", "plum")]
    table(at_hand / "few.csv", twice)
    assert status("adapt", photo_model, new, "--labels-for", "few.csv", "--out", "m") == 1
    assert "row 4: 'lime-00.png' is 'lime' in a row above, and 'plum' here" in capsys.readouterr().err
    table(at_hand / "few.csv", [{"id": str(number), "label": "apple"} for number in range(3)])
    assert status("adapt", photo_model, new, "--labels-for", "few.csv", "--out", "m") == 1
    assert capsys.readouterr().err.count("an id looks like ") == 1
    with (at_hand / "few.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["name", "label"], ["lime-00.png", "lime"]])
    assert status("adapt", photo_model, new, "--labels-for", "few.csv", "--out", "m") == 1
    assert "the column id is missing" in capsys.readouterr().err
    assert status("adapt", photo_model, new, "--labels-for", "fewer.csv", "--out", "m") == 1
    assert "Did you mean 'few.csv'" in capsys.readouterr().err


def test_foreign_classes_of_a_source_are_named_once(
    photo_model: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = paint(at_hand / "other", {"apple": 2, "lime": 3, "plum": 2})
    (other / "lime").rename(other / "kiwi")
    assert status("adapt", photo_model, dark(at_hand / "new"), "--source", other, "--out", "m") == 1
    said = capsys.readouterr().err
    assert "3 targets of" in said
    assert "do not fit this model, which knows apple, lime, plum" in said
    assert said.count("the class 'kiwi' was not among the 3 of training") == 1
    assert " and 2 more: the class" in said


def test_wrong_use_is_said_before_anything_is_computed(
    photo_model: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = dark(at_hand / "new", count=2)
    assert status("adapt", photo_model, new, "--out", "m") == 1
    assert "6 new inputs are too few" in capsys.readouterr().err
    assert status("adapt", photo_model, new, "--methods", "corall", "--out", "m") == 2
    assert "Did you mean 'coral'" in capsys.readouterr().err
    wrong = "deep_alignment:alignment=mmmd"
    assert status("adapt", photo_model, new, "--methods", wrong, "--out", "m") == 2
    assert "Did you mean 'mmd'" in capsys.readouterr().err
    assert status("adapt", photo_model, new, "--methods", "deep_alignment:loss=mmd,coral", "--out", "m") == 2
    assert "'loss=mmd' is no setting of deep_alignment" in capsys.readouterr().err


def test_all_that_move_features_are_tried_unasked(photo_model: Path, at_hand: Path) -> None:
    adaption = headstart.adapt(photo_model, dark(at_hand / "new"), quiet=True)
    tried = {one.name for one in adaption.tried} | adaption.left_out.keys()
    shallow = {name for name in ADAPTATIONS.names() if ADAPTATIONS.load(name).depth == 1} - {"few_labels"}
    assert tried == {"source model", "self_training", *shallow}
    trusted = {one.name for one in adaption.tried[1:] if one.may_be_kept}
    assert trusted == {name for name in ADAPTATIONS.names() if ADAPTATIONS.load(name).trusted}
    assert adaption.method in {"", *trusted}


def test_the_table_says_what_may_be_kept(
    photo_model: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status("adapt", photo_model, dark(at_hand / "new"), "--out", "m") == 0
    said = capsys.readouterr().out
    head, *rows = said.partition("\n\n")[0].splitlines()
    assert head.endswith("  may be kept")
    told = {row.removeprefix(">").split()[0]: row for row in rows}
    assert told["standardise"].endswith("  yes")
    assert told["coral"].endswith("  if named")
    assert "few_labels" not in said, "nobody asked for what a few labels teach"


def test_what_was_found_is_told_where_nothing_is_kept(
    photo_model: Path, at_hand: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plums seem to be missing: no answers are made even; the result, the card and the page of the model say so."""
    room = "headstart.experiment.adaptation"
    for place in ("trying", "class_shares"):
        monkeypatch.setattr(f"{room}.{place}.rare_among", lambda domains, answers: np.array([2]))
    monkeypatch.setattr(f"{room}.choice._agree", lambda votes: False)
    adaption = headstart.adapt(photo_model, dark(at_hand / "new"), out="m", quiet=True)
    assert not adaption.kept
    assert "some hardly appear" in adaption.left_out["self_training"]
    told = [each["diagnosis"] for each in result_of(Path("m"))["findings"]]
    assert told.count("partial_overlap") == 1
    for page in ("README.md", "report.html"):
        assert "seem to be: plum" in (Path("m") / page).read_text(encoding="utf-8")


def test_what_there_is_no_time_for_is_said_and_the_model_is_usable(
    photo_model: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = dark(at_hand / "new")
    assert status("adapt", photo_model, new, "--budget", "0.001s", "--out", "m") == 0
    table, _, words = capsys.readouterr().out.partition("\n\n")
    untried = [row.split()[0] for row in table.splitlines() if "not tried: no time" in row]
    assert {"standardise", "coral"} <= set(untried)
    assert "Not tried: standardise: " in words
    assert "of the budget of 0.0 s are spent" in words
    assert "Took:     " in words
    assert f"; for want of time (--budget) not tried: {', '.join(untried)}." in words
    assert right(Path("m"), new) == right(photo_model, new)
    assert status("adapt", photo_model, new, "--budget", "0.001s", "--out", "n", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["method"] for one in found["tried"]] == ["source model"]
    assert list(found["not_tried"]) == untried
    assert found["reason"].endswith(f"for want of time (--budget) not tried: {', '.join(untried)}")
    assert found["seconds"] > 0.001
    assert status("adapt", photo_model, new, "--budget", "soon", "--out", "o") == 2
    assert "'soon' is not a duration" in capsys.readouterr().err


def test_the_shallow_are_tried_and_what_trains_for_too_long_is_not(
    photo_model: Path, at_hand: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its trial promises an hour, and the next a minute."""
    for name, seconds in (("shot", 3600.0), ("tent", 60.0)):
        monkeypatch.setattr(ADAPTATIONS.load(name), "predicted_seconds", lambda *_, seconds=seconds: seconds)
    asked = {"methods": ["standardise", "shot", "tent"], "budget": "10m", "quiet": True}
    adaption = headstart.adapt(photo_model, dark(at_hand / "new"), **asked)
    assert [one.name for one in adaption.tried] == ["source model", "standardise", "tent"]
    assert list(adaption.not_tried) == ["shot"]
    assert adaption.not_tried["shot"].startswith("it would take about 1 h 0 min; ")
    assert "of the budget of 10 min are spent" in adaption.not_tried["shot"]


def test_a_head_on_several_depths_keeps_them(photos: Path, at_hand: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default fit chooses between the last features and those of all depths; here it is made to take all."""
    monkeypatch.setattr(feature_extraction, "_least", lambda losses: len(losses) - 1)
    model = headstart.fit(photos, backbone="local/tiny_resnet", strategy="feature_extraction", out="deep", quiet=True)
    depths, width = model.network.depths, model.network.head_features
    assert width > model.network.backbone.feature_size
    new = dark(at_hand / "new")
    few = given(new, at_hand / "few.csv", each=4)
    adaption = headstart.adapt("deep", new, out="m", labels_for=few, quiet=True)
    assert adaption.kept
    assert {one.adapted.network.depths for one in adaption.tried} == {depths}
    assert {one.adapted.target.shape[1] for one in adaption.tried} == {width}
    assert right(Path("m"), new) > 0.9
    third = dark(at_hand / "third", seed=9, light=DUSK)
    again = headstart.adapt("m", third, methods=["standardise", "tent"], quiet=True)  # an adapted model once more
    assert again.model.network.depths in (depths, ())
    tried = {one.name: one for one in again.tried}
    assert tried.keys() == {"source model", "standardise", "tent"}
    assert tried["tent"].adapted.network.depths == ()


def test_every_alignment_trains(
    photo_model: Path, photos: Path, at_hand: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But for those whose library is not installed."""
    monkeypatch.setattr("headstart.adaptations._deep.STEPS", 4)
    methods = [f"deep_alignment:alignment={alignment}" for alignment in ALIGNMENTS.names()]
    adaption = headstart.adapt(
        photo_model, dark(at_hand / "new", count=8), source=photos, methods=methods, quiet=True
    )
    assert all("which is not installed: pip install" in why for why in adaption.left_out.values())
    installed = [method for method in methods if method not in adaption.left_out]
    assert {one.name for one in adaption.tried} == {"source model", *installed}
    for one in adaption.tried:
        assert np.isfinite(one.probable).all(), one.name


def test_sources_are_moved_one_by_one(photo_model: Path, photos: Path, at_hand: Path) -> None:
    new = dark(at_hand / "new")
    adaption = headstart.adapt(photo_model, new, source=[photos], methods=["standardise"], quiet=True)
    assert [one.name for one in adaption.tried] == ["source model", "standardise"]
    assert len(adaption.tried[1].adapted.source) == 42, "what the model keeps of them counts once"
    other = dark(at_hand / "other", count=4, light=(0.9, 0.9, 0.9))
    further = table(
        at_hand / "other.csv",
        [{"path": f"other/{p.name}", "label": p.name.split("-")[0]} for p in sorted(other.glob("*.png"))],
    )
    adaption = headstart.adapt(photo_model, new, source=[photos, further], methods=["standardise"], quiet=True)
    assert len(adaption.tried[1].adapted.source) == 42 + 12
    kept = headstart.load(photo_model).needed_guard
    adaption = headstart.adapt(photo_model, new, source=further, methods=["standardise"], quiet=True)
    assert len(adaption.tried[1].adapted.source) == len(kept.ids) + 12


def test_a_source_may_hold_one_class_and_its_mistakes_are_told_before_anything_is_computed(
    photo_model: Path, at_hand: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    new = dark(at_hand / "new", count=8)
    for name, label in (("limes", "lime"), ("pears", "pear")):
        rows = [{"path": f"new/{path.name}", "label": label} for path in sorted(new.glob("lime-*.png"))]
        table(at_hand / f"{name}.csv", rows)
    adaption = headstart.adapt(photo_model, new, source="limes.csv", methods=["standardise"], quiet=True)
    assert len(adaption.tried) == 2
    monkeypatch.setattr("headstart.experiment.adaptation.adapting.seen_at_depths", lambda *given: 1 / 0)
    assert status("adapt", photo_model, new, "--source", "pears.csv", "--out", "m") == 1
    assert "targets of pears.csv do not fit this model, which knows apple, lime, plum" in capsys.readouterr().err
    assert status("adapt", photo_model, new, "--labels-for", "absent.csv", "--out", "m") == 1
    assert "There is no table" in capsys.readouterr().err


def test_what_trains_the_backbone_runs_to_its_end(
    photo_model: Path,
    photos: Path,
    at_hand: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(trying, "NOTICED", 0.0)
    new = dark(at_hand / "new", count=8)
    methods = ["batch_norm", "tent", "shot", "deep_alignment"]
    adaption = headstart.adapt(photo_model, new, source=photos, methods=methods)
    said = capsys.readouterr().err
    assert all(f"  {name}: about " in said for name in methods), "each by a trial"
    assert {one.name for one in adaption.tried} == {"source model", *methods}, adaption.left_out
    before = headstart.load(photo_model).network.state_dict()
    for one in adaption.tried[1:]:
        after = one.adapted.network.state_dict()
        assert any(not np.array_equal(before[name], tensor) for name, tensor in after.items()), one.name
        assert np.isfinite(one.probable).all()


def test_what_diverges_is_left_out(photo_model: Path, at_hand: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    coral = ADAPTATIONS.load("coral")

    def diverged(self: Adaptation, domains: Domains) -> Adapted:
        return Adapted(domains.network, domains.target, domains.outputs * float("nan"), domains.source)

    monkeypatch.setattr(coral, "adapt", diverged)
    adaption = headstart.adapt(photo_model, dark(at_hand / "new"), methods=["coral", "standardise"], quiet=True)
    assert adaption.left_out == {"coral": "it diverged: its answers are no numbers"}
    assert {one.name for one in adaption.tried} == {"source model", "standardise"}


def test_of_equally_deep_adaptations_the_cheapest_goes_first(
    photo_model: Path, at_hand: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By default they come by name: of these `shot` before `tent`. Moving features takes no trial."""
    monkeypatch.setattr("headstart.adaptations._deep.STEPS", 2)
    monkeypatch.setattr(ADAPTATIONS.load("shot"), "predicted_seconds", lambda *given: 3.0)
    monkeypatch.setattr(ADAPTATIONS.load("tent"), "predicted_seconds", lambda *given: 2.0)
    methods = ["shot", "tent", "standardise"]
    adaption = headstart.adapt(photo_model, dark(at_hand / "new", count=8), methods=methods, quiet=True)
    assert [one.name for one in adaption.tried] == ["source model", "standardise", "tent", "shot"]


@pytest.mark.usefixtures("elsewhere")
def test_a_network_that_was_run_on_another_device_is_back_when_it_is_trained(
    photo_model: Path, photos: Path, at_hand: Path
) -> None:
    model, new = headstart.load(photo_model), dark(at_hand / "new", count=8)
    model.predict(str(new))
    methods = ["batch_norm", "tent"]
    adaption = headstart.adapt(model, new, source=photos, methods=methods, quiet=True)
    assert [one.name for one in adaption.tried] == ["source model", *methods]
    assert all(np.isfinite(one.probable).all() for one in adaption.tried)
    assert model.predict(str(photos / "lime"))[0] == "lime"
