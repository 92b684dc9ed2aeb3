"""Progress goes to stderr, and nowhere when quiet."""

from __future__ import annotations

import pytest

from headstart.core.progress import Progress


def test_lines_go_to_stderr_alone(capsys: pytest.CaptureFixture[str]):
    Progress().say("reading")
    assert capsys.readouterr() == ("", "reading\n")


def test_quiet_is_silent_and_hands_everything_on(capsys: pytest.CaptureFixture[str]):
    progress = Progress(quiet=True)
    progress.say("reading")
    assert list(progress.bar([1, 2, 3], 3, "numbers")) == [1, 2, 3]
    counter = progress.counter(5, "steps")
    counter.advance(5)
    counter.close()
    assert capsys.readouterr() == ("", "")


def test_a_log_file_gets_lines_now_and_then(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    now = [100.0]
    monkeypatch.setattr("headstart.core.progress.time.monotonic", lambda: now[0])
    counter = Progress().counter(400, "checking photos", "photos")
    for _ in range(6):
        now[0] += 10
        counter.advance(20)
    counter.close()
    # 60 photos in 30 s: 340 are left, half a second each; 120 in 60 s: 280.
    assert capsys.readouterr().err.splitlines() == [
        "  checking photos 15%: 60/400 photos, 2 min 50 s left",
        "  checking photos 30%: 120/400 photos, 2 min 20 s left",
    ]


def test_a_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    counter = Progress().counter(5, "steps")
    assert type(counter).__name__ == "Bar"
    counter.advance(5)
    counter.close()


def test_inputs_that_could_not_be_read_are_named(capsys: pytest.CaptureFixture[str]):
    Progress().set_aside(["a.png: cut short", "b.png: empty"])
    assert capsys.readouterr().err == "  set aside: a.png: cut short\n  set aside: b.png: empty\n"
