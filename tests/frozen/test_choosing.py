"""An engine is chosen by trial, used only where it agrees, and kept by a fit that is resumed."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
import torch
from torch import nn

from headstart.frozen import _trial
from headstart.frozen._running import Prepared, torch_threads
from headstart.frozen._trial import Trial
from headstart.frozen.choosing import Engines, FrozenModule, WithoutTrial
from headstart.frozen.engines import ENGINES
from headstart.frozen.engines.base import Engine, Tensors, Tolerance, agrees
from headstart.frozen.engines.eager import Eager
from toys import Said

CPU = torch.device("cpu")
SAMPLE = {"x": torch.arange(1, 7.0).view(3, 2)}


class Doubling(nn.Module):
    def forward(self, batch: Tensors) -> Tensors:
        return {"y": batch["x"] * 2}


PART = FrozenModule("features", "weights and cut", Doubling(), CPU)


class Scripted(Engine):
    """Multiplies what the module gives by `factor`, and takes `takes` seconds an example.

    With `bakes_in` it is right only for the first batch's size along that dimension; it fails after `lasts` runs.
    """

    def __init__(
        self,
        takes: float = 1.0,
        factor: float = 1.0,
        here: bool = True,
        preparation: float = 0.0,
        bakes_in: int | None = None,
        lasts: int = 10**9,
    ) -> None:
        self.takes, self.factor, self.here, self.typical_preparation = takes, factor, here, preparation
        self.bakes_in, self.lasts, self.prepared = bakes_in, lasts, 0

    def available(self, device: torch.device) -> bool:
        return self.here

    def prepare(self, module: nn.Module, sample: Tensors, device: torch.device) -> None:
        if self.factor == 0:
            raise RuntimeError("no such operator\nand a long story")
        self.prepared += 1
        self.module, self.sample = module, sample

    def run(self, batch: Tensors) -> Tensors:
        self.lasts -= 1
        if self.lasts < 0:
            raise OSError("the library gave up\nhere")
        first = next(iter(self.sample.values())).shape
        if self.bakes_in is not None and next(iter(batch.values())).shape[self.bakes_in] != first[self.bakes_in]:
            return {name: tensor * 0 for name, tensor in self.module(batch).items()}
        return {name: tensor * self.factor for name, tensor in self.module(batch).items()}


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory):
    """Makes the engines at hand, and lets the trial read their seconds instead of a clock; eager takes 10.

    Its first run may take longer: `first_run`. One thread takes `alone` times as long. A batch four times as large
    takes `gain` times as long an example, and half a batch `half` times.
    """
    monkeypatch.setenv("HEADSTART_CACHE", str(tmp_path_factory.mktemp("cache")))

    def install(
        first_run: float = 0.0, gain: float = 1.0, alone: float = 2.0, half: float = 1.0, **scripted: Scripted
    ) -> None:
        plain_runs: list[int] = []

        def load(name: str):
            return Eager if name == "eager" else lambda: scripted[name]

        def timed(self: Trial, prepared: Prepared, batch: Tensors) -> tuple[Tensors, float]:
            given, enlarged = prepared.run(batch), len(next(iter(batch.values()))) / self.size
            each = 10.0 if isinstance(prepared.engine, Eager) else prepared.engine.takes
            if isinstance(prepared.engine, Eager) and not plain_runs:
                each = first_run or each
            plain_runs.append(1)
            each *= alone if prepared.threads == 1 else 1.0
            each *= half if enlarged < 1 else gain ** (enlarged / 4) if enlarged > 1 else 1.0
            return given, each * len(next(iter(batch.values())))

        monkeypatch.setattr(ENGINES, "names", lambda: ["eager", *scripted])
        monkeypatch.setattr(ENGINES, "load", load)
        monkeypatch.setattr(Trial, "timed", timed)
        monkeypatch.setattr(_trial, "WORTH_A_TRIAL", -1.0)

    with torch_threads(2):
        yield install


def chosen(
    name: str = "auto",
    ahead: int = 100,
    records: Path | None = None,
    part: FrozenModule = PART,
    sample: Tensors = SAMPLE,
) -> tuple[str, Engines, Said]:
    said, engines = Said(), Engines(name, records)
    running = engines.ready(part, sample, ahead, said)
    assert torch.equal(running.run(sample)["y"], part.module(sample)["y"])
    return "eager" if isinstance(running.engine, Eager) else str(running.engine.takes), engines, said


def verdicts(engines: Engines) -> dict[str, str]:
    return {f"{trial.engine} {trial.threads}": trial.verdict for trial in engines.choices[0].tried}


def test_the_fastest_that_agrees_runs_and_the_figures_are_said(engines):
    engines(slow=Scripted(20.0), fast=Scripted(2.0), faster=Scripted(1.0))
    winner, record, said = chosen()
    assert winner == "1.0"
    assert record.choices[0].engine == "faster"
    assert record.choices[0].examples == 100
    assert verdicts(record) == {
        "eager 2": "the reference",
        "slow 2": "not clearly faster",
        "slow 1": "slower",
        "fast 2": "faster",
        "faster 2": "faster",
    }, "the first that is prepared says with how many threads the others are ranked"
    assert "eager with 2 threads 10000.0 ms (the reference)" in said.lines[0]


def test_a_later_engine_must_be_clearly_faster(engines):
    engines(first=Scripted(2.0), second=Scripted(1.9, preparation=0.1))
    assert chosen()[0] == "2.0"


def test_engines_follow_those_that_decide_over_them_from_one_to_the_next(engines):
    fast, between, slow = Scripted(1.0), Scripted(2.0), Scripted(3.0)
    fast.rounds_like, slow.outdone_by, between.outdone_by = frozenset({"first"}), {"fast"}, {"slow"}
    engines(between=between, slow=slow, fast=fast, first=Scripted(20.0))
    winner, record, _ = chosen()
    assert winner == "1.0"
    assert [trial.engine for trial in record.choices[0].tried if trial.threads == 2] == [
        "eager", "first", "fast", "slow", "between",
    ]  # fmt: skip
    assert verdicts(record)["slow 2"] == "not tried: fast outdoes it"


def test_one_that_rounds_like_another_follows_it_and_is_left_out_where_that_was_too_far(engines):
    def scripted(factor: float):
        first, second = Scripted(5.0, factor, preparation=0.3), Scripted(1.0)
        second.rounds_like = frozenset({"first"})
        engines(second=second, first=first)
        return second

    second = scripted(factor=1.01)
    winner, record, _ = chosen()
    assert winner == "eager"
    assert verdicts(record)["second 2"] == "not tried: first, which rounds like it, gave other activations"
    assert not second.prepared
    scripted(factor=1.0)
    winner, record, _ = chosen()
    assert winner == "1.0"
    assert list(verdicts(record))[-1] == "second 2", "though it is the quicker to prepare"


def test_one_that_disagrees_fails_or_is_not_here_is_not_used_and_that_is_said(engines):
    engines(wrong=Scripted(1.0, factor=1.01), broken=Scripted(1.0, factor=0.0), absent=Scripted(1.0, here=False))
    winner, record, said = chosen()
    assert winner == "eager"
    # By hand: y is doubled, so the largest is 12 and the difference 0.12; all rows keep their direction.
    assert verdicts(record)["wrong 2"] == (
        "gave other activations than plain PyTorch: difference 1e-02 (allowed 1e-04), "
        "cosine 1.00000 (at least 0.99999)"
    )
    wrong = next(trial for trial in record.choices[0].tried if trial.engine == "wrong")
    assert wrong.difference == pytest.approx(0.01, rel=1e-4)
    assert wrong.cosine == pytest.approx(1.0)
    assert verdicts(record)["broken 2"] == "could not be prepared: no such operator"
    assert "absent 2" not in verdicts(record)
    assert "other activations" in said.lines[0]


def test_a_slow_first_run_of_plain_pytorch_is_timed_again_where_it_is_close(engines):
    # By hand: against 17 s of the first run 9 s look clearly faster, against the true 10 s they are not.
    engines(first_run=17.0, close=Scripted(9.0))
    name, found, _ = chosen()
    assert name == "eager"
    assert [trial.seconds for trial in found.choices[0].tried][:2] == [10.0, 9.0]
    engines(first_run=17.0, far=Scripted(1.0))
    name, found, _ = chosen()
    assert name == "1.0"
    assert found.choices[0].tried[0].seconds == 17.0


def test_preparation_must_pay_for_the_examples_ahead(engines):
    # By hand: eager takes 10 s an example; 15 % of 100 examples are 150 s, of 10 examples 15 s.
    engines(costly=Scripted(1.0, preparation=100.0))
    winner, record, _ = chosen(ahead=10)
    assert winner == "eager"
    assert verdicts(record)["costly 2"] == "not tried: preparing it would not pay"
    assert chosen(ahead=100)[0] == "1.0"


def test_a_slow_first_run_does_not_make_a_preparation_pay(engines):
    # By hand: 100 examples take 1,000 s, of which 150 may go to preparing; after a first run of 40 s each, 600.
    engines(first_run=40.0, fast=Scripted(1.0, preparation=151.0))
    assert verdicts(chosen()[1])["fast 2"] == "not tried: preparing it would not pay"
    engines(first_run=40.0, fast=Scripted(1.0, preparation=149.0))
    assert chosen()[0] == "1.0"


def test_little_work_is_simply_run_and_that_is_recorded(engines, monkeypatch: pytest.MonkeyPatch):
    engines(fast=Scripted(0.1))
    monkeypatch.setattr(_trial, "WORTH_A_TRIAL", 1e9)
    monkeypatch.setattr(_trial, "WORTH_A_THREAD", 1e9)
    winner, record, said = chosen()
    assert (winner, said.lines) == ("eager", [])
    record.ready(PART, SAMPLE, 5, said)
    (choice,) = record.choices
    assert (choice.engine, choice.threads, choice.batch) == ("eager", 2, 3)
    assert [trial.verdict for trial in choice.tried] == ["the reference"]


def test_the_number_of_threads_is_found_where_no_engine_would_pay(engines, monkeypatch: pytest.MonkeyPatch):
    # By hand: on a busy machine two threads take 10 s an example, one takes 4; the first run counts for nothing.
    engines(first_run=13.0, alone=0.4)
    monkeypatch.setattr(_trial, "WORTH_A_TRIAL", 1e9)
    _, record, _ = chosen()
    assert [(trial.threads, trial.seconds) for trial in record.choices[0].tried] == [(2, 10.0), (1, 4.0)]
    assert record.choices[0].threads == 1


def test_one_thread_is_enough_where_two_gain_little(engines):
    slow = Scripted(9.5)
    engines(alone=1.1, slow=slow, fast=Scripted(1.0), fastest=Scripted(0.5))
    _, record, _ = chosen()
    assert record.choices[0].threads == 1
    assert verdicts(record) == {
        "eager 2": "the reference",
        "slow 2": "not clearly faster",
        "slow 1": "not clearly faster",
        "fast 1": "faster",
        "fastest 1": "faster",
    }
    assert slow.prepared == 2
    assert torch.get_num_threads() == 2


def test_what_takes_long_to_prepare_is_not_prepared_to_count_threads(engines):
    # By hand: 15 % of 100 examples of 10 s are 150 s: enough to prepare it once, not twice.
    dear = Scripted(1.0, preparation=100.0)
    engines(alone=0.5, dear=dear)
    _, record, _ = chosen()
    assert dear.prepared == 1
    assert verdicts(record) == {"eager 2": "the reference", "eager 1": "as fast", "dear 1": "faster"}


def test_larger_batches_run_where_they_are_clearly_faster(engines, tmp_path: Path):
    # By hand: 3 examples in the sample; 12, 48 and 192 are tried, 768 are more than the most.
    engines(gain=0.5, fast=Scripted(1.0))
    _, record, said = chosen(ahead=100_000, records=tmp_path)
    tried = [(trial.batch, trial.seconds) for trial in record.choices[0].tried if trial.batch]
    assert tried == [(12, 0.5), (48, 0.5**4), (192, 0.5**16)]
    assert record.choices[0].batch == 192
    assert "fast with 2 threads in batches of 48" in said.lines[0]
    engines(gain=0.9, fast=Scripted(1.0))
    assert Engines("auto", tmp_path).ready(PART, SAMPLE, 10, Said()).batch_size(3) == 192, "a resumed fit keeps it"
    _, record, _ = chosen(ahead=100_000)
    tried = [(trial.batch, trial.verdict) for trial in record.choices[0].tried if trial.batch]
    assert tried == [(12, "not clearly faster"), (1, "not clearly faster")]
    assert record.choices[0].batch == 3


class Planned(Scripted):
    """Takes a twentieth of a second to be prepared."""

    def prepare(self, module: nn.Module, sample: Tensors, device: torch.device) -> None:
        time.sleep(0.05)
        super().prepare(module, sample, device)


def test_preparing_anew_for_a_larger_batch_must_pay_too(engines, monkeypatch: pytest.MonkeyPatch):
    # By hand: 1,000 examples take 0.1 s, of which 0.015 may go to a trial; 12 examples twice take 0.0024.
    engines(gain=0.5, fast=Planned(1e-4))
    assert chosen(ahead=1_000)[1].choices[0].batch == 192
    monkeypatch.setattr(Planned, "planned_by_size", True)
    engines(gain=0.5, fast=Planned(1e-4))
    assert chosen(ahead=1_000)[1].choices[0].batch == 3
    engines(gain=0.5, fast=Planned(1e-4))
    assert chosen(ahead=100_000)[1].choices[0].batch == 192


def test_a_larger_batch_that_fails_or_gives_something_else_is_not_used(engines, monkeypatch: pytest.MonkeyPatch):
    def failing(self: Scripted, batch: Tensors) -> Tensors:
        if len(batch["x"]) > 12:
            raise KeyError("out of memory")
        return run(self, batch)

    def differing(self: Scripted, batch: Tensors) -> Tensors:
        return {name: tensor * (1.1 if len(batch["x"]) > 12 else 1.0) for name, tensor in run(self, batch).items()}

    run = Scripted.run
    for broken, why in ((failing, "batches of 48: 'out of memory'"), (differing, "gave other activations")):
        engines(gain=0.5, fast=Scripted(1.0))
        monkeypatch.setattr(Scripted, "run", broken)
        choice = chosen(ahead=100_000)[1].choices[0]
        assert choice.batch == 12
        assert why in choice.tried[-1].verdict


def test_half_a_batch_runs_where_it_is_surely_faster(engines, tmp_path: Path):
    # By hand: GAIN is 1.08, so 0.9 of the time (1.11 times faster) is enough and 0.95 (1.05 times) is not.
    sample = {"x": torch.arange(1, 17.0).view(8, 2)}
    engines(alone=1.0, half=0.9, fast=Scripted(1.0))
    _, record, said = chosen(ahead=10_000, records=tmp_path, sample=sample)
    assert (record.choices[0].threads, record.choices[0].batch) == (1, 4)
    assert "fast in batches of 4 900.0 ms (faster)" in said.lines[0]
    resumed = Engines("auto", tmp_path).ready(PART, sample, 10_000, Said())
    assert [resumed.batch_size(usual) for usual in (8, 9, 1)] == [4, 4, 1], "a resumed fit keeps it"
    engines(alone=1.0, half=0.95, fast=Scripted(1.0))
    assert chosen(ahead=10_000, sample=sample)[1].choices[0].batch == 8


def test_halves_are_not_tried_where_that_cannot_pay_or_be_told(engines):
    # By hand: 2 x 5 rounds of 8 examples must be at most 5 % of those ahead, so 1,600; 8 x 1 ms are under 10 ms.
    sample = {"x": torch.arange(1, 17.0).view(8, 2)}
    engines(alone=1.0, half=0.5, fast=Scripted(1.0), faster=Scripted(1e-3))
    assert chosen(ahead=10_000, sample=sample)[1].choices[0].batch == 8
    engines(alone=1.0, half=0.5, fast=Scripted(1.0))
    assert chosen(ahead=1_599, sample=sample)[1].choices[0].batch == 8
    assert chosen(ahead=1_600, sample=sample)[1].choices[0].batch == 4


class Lengths(nn.Module):
    """Sums what stands at each place, (N, L) whole numbers → (N, 1)."""

    def forward(self, batch: Tensors) -> Tensors:
        return {"y": batch["ids"].sum(1, keepdim=True) * 1.0}


def test_one_that_takes_a_size_for_granted_is_not_used(engines):
    engines(static=Scripted(1.0, bakes_in=0))
    assert chosen()[0] == "eager"
    texts = FrozenModule("features", "another", Lengths(), CPU)
    for length in (2, 6):
        sample = {"ids": torch.ones(4, length, dtype=torch.long).cumsum(1)}
        engines(static=Scripted(1.0, bakes_in=1), good=Scripted(2.0))
        winner, record, _ = chosen(part=texts, sample=sample)
        assert winner == "2.0"
        assert verdicts(record)["static 2"].startswith("gave other activations")
    engines(static=Scripted(1.0, bakes_in=1))
    assert chosen()[0] == "1.0", "pictures have no length"


def test_inputs_that_have_but_one_length_are_compared_at_that(engines):
    fixed = nn.Linear(6, 1)

    class Fixed(nn.Module):
        def forward(self, batch: Tensors) -> Tensors:
            return {"y": fixed(batch["ids"].float()).detach()}

    engines(fast=Scripted(1.0))
    sample = {"ids": torch.arange(24).view(4, 6)}
    assert chosen(part=FrozenModule("features", "fixed", Fixed(), CPU), sample=sample)[0] == "1.0"


def test_plain_pytorch_goes_on_where_an_engine_fails_at_work(engines):
    fast = Scripted(1.0)
    engines(fast=fast, second=Scripted(9.0))
    said, record = Said(), Engines()
    running, other = (record.ready(PART, SAMPLE, 100, said) for _ in range(2))
    assert running.engine is other.engine is fast
    fast.lasts = 0
    for each in (running, other, running):
        assert torch.equal(each.run(SAMPLE)["y"], SAMPLE["x"] * 2)
        assert isinstance(each.engine, Eager)
    why = "failed while running: the library gave up"
    assert said.lines[1:] == [f"  engine: fast {why}. Plain PyTorch goes on."], "once"
    assert [(choice.engine, choice.tried[0].verdict) for choice in record.choices[1:]] == [("eager", why)]
    fast.lasts = 100
    assert isinstance(record.ready(PART, SAMPLE, 100, said).engine, Eager), "nor is it tried again"
    assert "fast" not in {trial.engine for trial in record.choices[-1].tried}


def test_a_resumed_fit_does_not_go_back_to_an_engine_that_failed(engines, tmp_path: Path):
    fast = Scripted(1.0)
    engines(fast=fast)
    running = Engines("auto", tmp_path).ready(PART, SAMPLE, 100, Said())
    fast.lasts = 0
    running.run(SAMPLE)
    fast.lasts = 100
    assert isinstance(Engines("auto", tmp_path).ready(PART, SAMPLE, 100, Said()).engine, Eager)


def test_what_plain_pytorch_raises_is_raised(engines):
    engines()
    running = Engines("eager").ready(PART, SAMPLE, 100, Said())
    with pytest.raises(KeyError, match="'x'"):
        running.run({})


def test_the_next_fit_knows_how_long_preparing_took(engines):
    # By hand: 15 % of 100 examples of 10 s are 150 s; it says that it takes 1,000 s and takes none.
    engines(dear=Scripted(1.0, preparation=1000.0))
    assert chosen()[0] == "eager"
    assert chosen(ahead=10_000)[0] == "1.0"
    assert chosen()[0] == "1.0"
    other = FrozenModule("features", "other weights", Doubling(), CPU)
    assert chosen(part=other)[0] == "eager", "each frozen part for itself"


def test_reduced_precision_is_kept_out_where_answers_must_be_exact(engines):
    coarse = Scripted(1.0)
    coarse.reduced = True
    engines(coarse=coarse)
    assert Engines().reduced(CPU)
    assert not Engines("eager").reduced(CPU)
    assert not Engines(exact=True).reduced(CPU)
    assert isinstance(Engines(exact=True).ready(PART, SAMPLE, 100, Said()).engine, Eager)
    assert Engines("coarse", exact=True).reduced(CPU), "asked for by name"
    assert Engines("coarse", exact=True).ready(PART, SAMPLE, 100, Said()).engine is coarse
    coarse.here = False
    assert not Engines().reduced(CPU)


def test_a_person_may_ask_for_one(engines):
    engines(slow=Scripted(20.0), absent=Scripted(1.0, here=False))
    assert chosen("slow")[0] == "20.0"
    winner, record, _ = chosen("absent")
    assert winner == "eager"
    assert "not available on cpu" in verdicts(record)["absent 2"]


def test_a_resumed_fit_keeps_the_engine(engines, tmp_path: Path):
    engines(fast=Scripted(1.0))
    assert chosen(records=tmp_path)[0] == "1.0"
    (record,) = tmp_path.iterdir()
    assert json.loads(record.read_text())["engine"] == "fast"
    engines(fast=Scripted(15.0), faster=Scripted(0.5))
    assert chosen(records=tmp_path)[0] == "15.0"
    assert chosen()[0] == "0.5"


def test_a_choice_holds_until_there_is_much_more_to_do(engines):
    engines(fast=Scripted(1.0))
    said, record = Said(), Engines()
    first = record.ready(PART, SAMPLE, 100, said)
    assert record.ready(PART, SAMPLE, 400, said).prepared is first.prepared
    assert record.ready(PART, SAMPLE, 401, said).prepared is not first.prepared
    assert len(record.choices) == 2


def test_a_record_of_its_own_holds_no_longer_and_one_of_a_fit_that_was_killed_does(engines, tmp_path: Path):
    engines(fast=Scripted(1.0))
    record = Engines(records=tmp_path)
    record.ready(PART, SAMPLE, 100, Said())
    engines(fast=Scripted(1.0), faster=Scripted(0.5))
    assert record.ready(PART, SAMPLE, 400, Said()).prepared.name == "fast"
    assert record.ready(PART, SAMPLE, 401, Said()).prepared.name == "faster"
    engines(fast=Scripted(0.5), faster=Scripted(15.0))
    resumed = Engines(records=tmp_path)
    assert [resumed.ready(PART, SAMPLE, ahead, Said()).prepared.name for ahead in (10, 1_000)] == ["faster"] * 2


def test_an_engine_asked_for_is_prepared_once(engines):
    engines(fast=Scripted(1.0))
    record = Engines("fast")
    first, second = (record.ready(PART, SAMPLE, ahead, Said()) for ahead in (100, 100_000))
    assert first.prepared is second.prepared


def test_agreement_is_for_every_example_and_a_nan_never_agrees():
    reference = {"y": torch.tensor([[100.0, 0.0], [1e-3, 0.0]])}
    turned = {"y": torch.tensor([[100.0, 0.0], [0.0, 1e-3]])}
    assert not agrees(reference, turned), "a small row may not hide behind a large one"
    assert agrees(reference, turned, Tolerance(1e-4, -1.0)), "1e-3 of 100 is within 1e-4"
    assert not agrees(reference, {"y": torch.full((2, 2), torch.nan)})
    assert not agrees(reference, {"z": reference["y"]})
    assert not agrees(reference, {"y": reference["y"][:1]})


class Counting(nn.Module):
    """Counts how often it is run."""

    runs = 0

    def forward(self, batch: Tensors) -> Tensors:
        self.runs += 1
        return {"y": batch["x"] * 2}


def test_without_a_trial_nothing_is_run_before_the_work() -> None:
    part, said = FrozenModule("features", "few", Counting(), CPU), Said()
    engines = WithoutTrial()
    running = engines.ready(part, SAMPLE, 10**6, said)
    assert part.module.runs == 0
    assert torch.equal(running.run(SAMPLE)["y"], SAMPLE["x"] * 2)
    assert (engines.choices, said.lines) == ([], [])
