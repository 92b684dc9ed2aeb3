"""One pass looks and computes: it leaves what the check and the frozen part would have left, and no bad files."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from torch import nn

import headstart
from headstart.core.engine_choice import EngineTrial
from headstart.core.progress import Progress
from headstart.core.spec import FitSpec
from headstart.core.timing import Stopwatch
from headstart.data.modalities.image import Image
from headstart.experiment.bench import choose_backbone, every_input, lay_out
from headstart.experiment.examination.computing_ahead import compute_ahead
from headstart.experiment.fitting import flow
from headstart.experiment.material import Material, find, prepare
from headstart.frozen.choosing import Engines
from headstart.model.network import Network
from small_world import PROBE, texts

QUIET = Progress(quiet=True)


@pytest.fixture
def cache(at_hand: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store that is empty."""
    monkeypatch.setenv("HEADSTART_CACHE", str(at_hand / "cache"))
    return at_hand / "cache"


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every picture that is looked at."""
    asked: list[Any] = []
    look = Image.look_and_decode

    def counted(self: Image, reference: Any, size_hint: int | None = None) -> Any:
        asked.append(reference)
        return look(self, reference, size_hint)

    monkeypatch.setattr(Image, "look_and_decode", counted)
    return asked


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every file whose content is read."""
    asked: list[Any] = []
    read = Image.read
    monkeypatch.setattr(Image, "read", lambda self, reference: asked.append(reference) or read(self, reference))
    return asked


def passed(data: Any, folder: Path, backbone: str = "tiny_resnet", **more: Any) -> tuple[Material, int]:
    """The material after the pass, and how many features are missing then."""
    spec, stopwatch, engines = FitSpec(data, backbone=backbone, **more), Stopwatch(), Engines("eager")
    found, network = find(spec, QUIET), choose_backbone(spec, find(spec, QUIET), QUIET)
    found = compute_ahead(found, spec, network, engines, stopwatch, QUIET)
    material = prepare(found, spec, stopwatch, QUIET)
    bench = lay_out(spec, material, network, stopwatch, QUIET, folder, engines)
    part = bench.frozen_part(Network(network.requires_grad_(False).eval(), nn.Identity()))
    return material, part.missing(every_input(material, bench))


def test_the_check_finds_every_look_and_the_frozen_part_every_feature(
    photos: Path, cache: Path, looks: list[Any]
) -> None:
    material, missing = passed(photos, cache.parent)
    assert missing == 0
    assert len(looks) == len(material.examples) == 42, "each is looked at once"


def test_each_file_is_read_once(photos: Path, cache: Path, readings: list[Any]) -> None:
    material, _ = passed(photos, cache.parent)
    files = [asked for asked in readings if isinstance(asked, str | Path)]
    assert sorted(map(str, files)) == sorted(map(str, material.examples.references))


def test_a_second_pass_computes_nothing(photos: Path, cache: Path, looks: list[Any]) -> None:
    passed(photos, cache.parent)
    stored = sorted(cache.rglob("segment-*"))
    assert passed(photos, cache.parent)[1] == 0
    assert sorted(cache.rglob("segment-*")) == stored
    assert len(looks) == 42


@pytest.mark.parametrize(("new", "ahead"), [(1, 2), (21, 21)])
def test_an_engine_is_chosen_for_what_is_missing_wherever_it_lies(
    photos: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, new: int, ahead: int
) -> None:
    """By hand: of 42 photos 32 are read first, from first to last; n of them new make 42 n / 32 in all, rounded up.

    Of the first 21 photos 16 are among these.
    """
    copy = shutil.copytree(photos, cache.parent / "copy")
    moved = {path: path.with_suffix(".away") for path in sorted(copy.rglob("*.png"))[:new]}
    for path, away in moved.items():
        path.rename(away)
    passed(copy, cache.parent)
    for path, away in moved.items():
        away.rename(path)
    asked: list[int] = []
    ready = Engines.ready
    monkeypatch.setattr(Engines, "ready", lambda self, *given: asked.append(given[2]) or ready(self, *given))
    assert passed(copy, cache.parent)[1] == 0
    assert asked == [ahead]


def test_what_cannot_be_read_is_left_to_the_check(photos: Path, cache: Path) -> None:
    copy = shutil.copytree(photos, cache.parent / "copy")
    bad = next(copy.rglob("*.png"))
    bad.write_bytes(bad.read_bytes()[:60])
    material, missing = passed(copy, cache.parent)
    assert [problem.where for problem in material.checked.set_aside] == ["/".join(bad.parts[-2:])]
    assert missing == 0


@pytest.mark.parametrize(("each", "said"), [(1.5, True), (0.5, False)])
def test_a_frozen_part_that_outlasts_the_budget_is_said_before_it_runs(
    photos: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, each: float, said: bool
) -> None:
    """By hand: 42 photos at 1.5 s take 63 s, at half a second 21, of a minute less what was done before."""
    monkeypatch.setattr(EngineTrial, "seconds", property(lambda self: each, lambda self, value: None), raising=False)
    lines: list[str] = []
    monkeypatch.setattr(Progress, "say", lambda self, text: lines.append(text))
    assert passed(photos, cache.parent, budget=60.0)[1] == 0, "it runs all the same"
    assert any("the frozen part alone takes about 1 min 3 s" in line for line in lines) == said


def test_nothing_is_computed_without_a_store_or_where_looking_costs_nothing(
    photos: Path, cache: Path, looks: list[Any]
) -> None:
    assert passed(photos, cache.parent, store=False)[1] == 42
    assert passed(tuple(map(list, zip(*texts(30), strict=True))), cache.parent, backbone="tiny_bert")[1] > 0


def test_the_model_is_the_same_as_without_the_pass(
    photos: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_pass = headstart.fit(photos, backbone="tiny_resnet", strategy=PROBE[1], out="one", quiet=True)
    monkeypatch.setenv("HEADSTART_CACHE", str(cache.parent / "another"))
    monkeypatch.setattr(flow, "compute_ahead", lambda found, *_: found)
    without = headstart.fit(photos, backbone="tiny_resnet", strategy=PROBE[1], out="two", quiet=True)
    assert Path("one/model.safetensors").read_bytes() == Path("two/model.safetensors").read_bytes()
    assert with_pass.result.test == without.result.test
    assert [one.engine for one in with_pass.result.engines] == [one.engine for one in without.result.engines]
