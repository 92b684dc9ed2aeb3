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
