"""The "write your own" pages: every kind of plug-in has one, and its example works as a package of someone else's."""

from __future__ import annotations

import argparse
import ast
import importlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import headstart
from documents import PAGES, PROJECT, blocks, registries, text_of
from headstart.backbones import SOURCES, all_cards, load, rebuild
from headstart.core.results import Figure


def test_every_kind_of_plugin_has_a_page_and_stands_in_the_index() -> None:
    index = text_of(PROJECT / "docs" / "README.md")
    kinds = {registry.kind.replace(" ", "-"): registry.package for registry in registries()}
    assert {page.stem for page in PAGES} == set(kinds)
    for kind, package in kinds.items():
        assert f"(write-your-own/{kind}.md)" in index
        assert f"`{package}`" in index
        assert f"src/{package.replace('.', '/')}/" in text_of(PROJECT / "docs" / "write-your-own" / f"{kind}.md")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_is_short_and_names_contract_tests_that_exist(page: Path) -> None:
    assert len(text_of(page).splitlines()) <= 80
    named = re.findall(r"`(tests/(?:contracts/)?test_\w+\.py)`", text_of(page))
    assert named
    assert all((PROJECT / test).is_file() for test in named)


def package_of(page: Path) -> tuple[str, str]:
    """The group, and the plug-in's name, from the path that the page gives: ``src/headstart/tasks/amount.py``."""
    (path,) = set(re.findall(r"`src/(headstart/[\w/]+)\.py`", text_of(page)))
    package, _, name = path.replace("/", ".").rpartition(".")
    return package, name


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The examples of all pages as a package of someone else, with its entry points."""
    site = tmp_path_factory.mktemp("site")
    (site / "documented").mkdir(parents=True)
    points: dict[str, list[str]] = {}
    for page in PAGES:
        package, name = package_of(page)
        (code,) = blocks(page, "python")
        (site / "documented" / f"{name}.py").write_text(code, encoding="utf-8")
        class_name = "".join(word.capitalize() for word in name.split("_"))
        if f"class {class_name}(" in code:
            points.setdefault(package, []).append(f"{name} = documented.{name}:{class_name}")
    information = site / "documented-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: documented\nVersion: 1.0\n")
    lines = [line for package, own in points.items() for line in (f"[{package}]", *own)]
    (information / "entry_points.txt").write_text("\n".join(lines) + "\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(site))
        yield
    for name in [name for name in sys.modules if name.split(".")[0] == "documented"]:
        del sys.modules[name]


def base_of(package: str) -> type:
    """The abstract class of the folder: the first one in ``base.py`` that its plug-ins subclass."""
    registry = next(registry for registry in registries() if registry.package == package)
    kind = registry.load(next(name for name in registry.names() if not name.startswith("documented")))
    return next(ancestor for ancestor in reversed(kind.__mro__) if ancestor.__module__.startswith("headstart"))


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("page", [page for page in PAGES if page.stem != "command"], ids=lambda page: page.stem)
def test_an_example_is_listed_loaded_and_of_its_kind(page: Path) -> None:
    package, name = package_of(page)
    registry = next(registry for registry in registries() if registry.package == package)
    assert name in registry.names()
    kind = registry.load(name)
    assert issubclass(kind, base_of(package))
    assert not getattr(kind, "__abstractmethods__", None)
    assert ast.get_docstring(ast.parse(blocks(page, "python")[0]))


@pytest.mark.usefixtures("installed")
def test_the_example_reader_reads(tmp_path: Path) -> None:
    from headstart.core.errors import InputError
    from headstart.data.read import read
    from headstart.data.readers.base import Request

    path = tmp_path / "mail.fasttext"
    path.write_text("__label__spam Buy now\n\n__label__ham See you\n", encoding="utf-8")
    examples = read(Request(str(path)))
    assert examples.references == ["Buy now", "See you"]
    assert examples.targets == ["spam", "ham"]
    assert examples.ids == ["mail.fasttext line 1", "mail.fasttext line 3"]
    path.write_text("Buy now\n", encoding="utf-8")
    with pytest.raises(InputError, match="line 1"):
        read(Request(str(path)))
    assert read(Request(str(path), needs_targets=False)).references == ["Buy now"]


@pytest.mark.usefixtures("installed")
def test_the_example_modality_decodes(tmp_path: Path) -> None:
    import wave

    from headstart.data.modalities import MODALITIES

    path = tmp_path / "tone.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, 8000, 0, "NONE", ""))
        file.writeframes(np.array([[1, -1], [2, -2]], "<i2").tobytes())
    recording = MODALITIES.load("recording")()
    rate, samples = recording.decode(path)
    assert rate == 8000
    assert samples.tolist() == [[1, -1], [2, -2]]
    assert recording.recognises([path])
    assert recording.problem(path) is None
    assert recording.show(path) == "tone.wav, 0.0 s"
    assert recording.problem(tmp_path / "absent.wav")
    moved = path.rename(tmp_path / "moved.wav")
    assert recording.fingerprint(moved)


@pytest.mark.usefixtures("installed")
def test_the_example_task_is_right_where_logarithms_are() -> None:
    from headstart.tasks import choose_task

    task, _ = choose_task([1, 10, "100"], "amount")
    encoded = task.encode([1, 10, "100"])
    assert encoded.tolist() == pytest.approx([0.0, 2.302585, 4.605170])
    outputs = encoded[:, None] + torch.tensor([[0.0], [0.3], [-0.6]])
    assert task.metrics(outputs, encoded)["log_error"].value == pytest.approx(0.3)
    assert task.loss(outputs, encoded).item() == pytest.approx((0.09 + 0.36) / 3)
    assert task.decode(encoded[:, None], {}).columns["label"] == pytest.approx([1, 10, 100], rel=1e-5)
    assert [bool(task.problem(target)) for target in (3, "x", -1, 0, None)] == [False, True, True, True, True]


@pytest.mark.usefixtures("installed")
def test_the_example_source_lists_loads_and_rebuilds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from safetensors.torch import save_file

    monkeypatch.setenv("PICTURE_ARCHIVE", str(tmp_path))
    source = SOURCES.load("archive")()
    made = source._build(source.tiny("blocks").card, 64)
    save_file(made.network.state_dict(), tmp_path / "birds.safetensors")
    assert "archive/birds" in [card.name for card in all_cards()]
    loaded = load("archive/birds")
    assert all(
        torch.equal(a, b) for a, b in zip(made.state_dict().values(), loaded.state_dict().values(), strict=True)
    )
    tiny = source.tiny("blocks")
    assert len(tiny.stages()) >= 4
    batch = {"pixels": torch.zeros(2, 3, 64, 64)}
    again = rebuild(json.loads(json.dumps(tiny.describe())), None)
    again.load_state_dict(tiny.state_dict())
    assert torch.equal(again.features(batch), tiny.features(batch))


@pytest.mark.usefixtures("installed")
def test_the_example_engine_agrees_with_the_plain_one() -> None:
    from headstart.frozen.engines import ENGINES
    from headstart.frozen.engines.base import agrees

    class Named(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Conv2d(3, 8, 3)

        def forward(self, batch: dict[str, Any]) -> dict[str, Any]:
            return {"map": self.layer(batch["pixels"])}

    torch.manual_seed(0)
    module, batch, device = Named(), {"pixels": torch.randn(2, 3, 9, 9)}, torch.device("cpu")
    outputs = []
    for name in ("eager", "autocast"):
        engine = ENGINES.load(name)()
        assert engine.available(device)
        engine.prepare(module, batch, device)
        outputs.append(engine.run(batch))
    assert agrees(*outputs, engine.tolerance)
    assert not agrees(*outputs), "bfloat16 is further off than the default allows"


@pytest.mark.usefixtures("installed")
def test_the_example_diagnosis_speaks_where_it_should() -> None:
    from headstart.diagnosis import examine_all
    from headstart.diagnosis.base import Evidence

    def found(count: int) -> list[str]:
        names = [f"test/{i}" for i in range(count)]
        figures = {"test": {"accuracy": Figure(0.9, 0.6, 0.99)}}
        evidence = Evidence(
            {"test": ["a", "b"] * (count // 2)}, {"test": names}, {"test": names}, figures,
            {"test": ["a", "b"] * (count // 2)}, {"test": np.zeros(count)}, "accuracy", {"accuracy": True},
        )  # fmt: skip
        return [finding.summary for finding in examine_all(evidence) if finding.diagnosis == "few_test_examples"]

    assert found(20) == ["The accuracy rests on 20 test examples and may lie anywhere from 0.60 to 0.99."]
    assert found(0) == found(40) == []


@pytest.mark.usefixtures("installed")
def test_the_example_score_by_hand() -> None:
    """Points 0 1 | 10 11: a = 1, and b is 10.5 for the outer two, 9.5 for the inner."""
    from headstart.transferability import scores_of
    from headstart.transferability.base import Seen

    seen = Seen(features=np.array([[0.0], [1.0], [10.0], [11.0]]), classes=np.array([0, 0, 1, 1]))
    assert scores_of(seen, ["silhouette"])["silhouette"] == pytest.approx((9.5 / 10.5 + 8.5 / 9.5) / 2)
    assert scores_of(Seen(features=seen.features), ["silhouette"]) == {}


@pytest.mark.usefixtures("installed", "at_hand")
def test_the_example_strategy_trains_biases_and_nothing_else(messages: Path) -> None:
    model = headstart.fit(
        messages, target="topic", backbone="local/tiny_bert", strategy="bias_only:epochs=1", quiet=True
    )
    rungs = {rung.name: rung for rung in model.result.rungs}
    assert list(rungs) == ["bias_only"]
    assert len(rungs["bias_only"].curve) == 1
    biases = sum(p.numel() for name, p in model.network.backbone.named_parameters() if name.endswith(".bias"))
    head = sum(p.numel() for p in model.network.head.parameters())
    assert rungs["bias_only"].trainable_parameters == biases + head
    before = load("local/tiny_bert").state_dict()
    moved = {n for n, tensor in model.network.backbone.state_dict().items() if not torch.equal(tensor, before[n])}
    assert moved
    assert all(name.endswith(".bias") for name in moved)


@pytest.mark.usefixtures("installed")
def test_the_example_command_runs(capsys: pytest.CaptureFixture[str]) -> None:
    command = importlib.import_module("documented.strategies")
    parser = argparse.ArgumentParser()
    command.add_to(parser.add_subparsers())
    options = parser.parse_args(["strategies", "--json"])
    options.run(options)
    listed = json.loads(capsys.readouterr().out)
    assert {"feature_extraction", "fine_tuning"} <= set(listed)
    assert all(listed.values())
