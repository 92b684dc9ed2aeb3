"""``headstart rank``: the table, the sentences under it, and the JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from headstart.cli.rank import conclusion, more_of, table
from headstart.core.results import Figure
from headstart.experiment.selection.candidates import LeftOut
from headstart.experiment.selection.selector import Ranked, Ranking
from small_world import status


def ranking() -> Ranking:
    return Ranking(
        candidates=[
            Ranked("local/small", Figure(0.9, 0.85, 0.94), 3.21, 2, 722_496, 374),
            Ranked("local/large", Figure(0.91, 0.86, 0.95), 8.0, 1, 25_557_032, 374, scores={"log_me": 0.5}),
            Ranked("local/poor", Figure(0.5, 0.4, 0.6), 2.0, 3, 2_223_872, 128, out="worse by more than chance"),
        ],
        pick="local/small",
        why="as good and cheaper",
        static_pick="local/large",
        seconds=13.2,
        figure="accuracy",
        higher_is_better=True,
        settled="all 374 examples were used",
        given="some models/small",
        left_out=[LeftOut("local/huge", "it would take 4 min")],
        listed="by published accuracy for 2 of 3, by size, age and breadth for the others",
    )


def test_the_table_marks_the_pick_and_says_who_fell_out() -> None:
    head, first, second, third = table(ranking())
    assert head.split("  ")[1].strip() == "backbone"
    assert first.startswith(">  local/small")
    for word in ("90.0 %", "85.0–94.0 %", "374", "3.2", "722 k", "2", "-"):
        assert word in first
    assert not second.startswith(">")
    assert "25.6 M" in second
    assert second.endswith("0.500")
    assert third.endswith("worse by more than chance")


def test_the_sentences_under_it() -> None:
    assert conclusion(ranking(), "my photos") == [
        "Pick:        local/small: as good and cheaper.",
        "Static list: local/large, by published accuracy for 2 of 3, by size, age and breadth for the others.",
        "Left out:    local/huge: it would take 4 min.",
        "Took:        13 s; it ended because all 374 examples were used.",
        "Next:        headstart fit 'my photos' --backbone 'some models/small'",
    ]


def test_where_one_is_at_hand_it_is_said_how_more_are_ranked() -> None:
    alone = replace(ranking(), candidates=ranking().candidates[:1], left_out=[])
    assert more_of(ranking()) == []
    assert [line for line in more_of(alone) if "--hub" in line and "--backbones" in line]


def test_a_budget_that_was_overrun_is_said() -> None:
    took = "Took:        13 s, of a budget of 2.0 s; it ended because all 374 examples were used."
    assert took in conclusion(ranking(), "my photos", budget=2)


def test_a_ranking_from_the_command_line(messages: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("rank", messages, "--target", "topic", "--backbones", "tiny_bert", "--engine", "eager")
    assert status(*asked) == 0
    said = capsys.readouterr()
    assert "Pick:        local/tiny_bert: there is no other." in said.out
    assert "Static list: the same" in said.out
    assert "Ranking 1 backbone; 36 texts are not for testing." in said.err
    assert status(*asked, "--json") == 0
    given = json.loads(capsys.readouterr().out)
    assert (given["pick"], given["static_pick"]) == ("local/tiny_bert", "local/tiny_bert")
    assert not list(at_hand.iterdir())


def test_mistakes(photos: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for wanted, arguments, words in (
        (1, ("nowhere",), "There is no nowhere"),
        (2, (photos, "--most-parameters", "few"), "'few' is not a count"),
        (2, (photos, "--budget", "soon"), "'soon' is not a duration"),
        (2, (photos, "--backbones", "tiny_resnett"), "Did you mean 'local/tiny_resnet'"),
    ):
        assert status("rank", *arguments) == wanted
        assert words in capsys.readouterr().err
