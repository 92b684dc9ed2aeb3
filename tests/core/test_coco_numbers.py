"""Numbers of a COCO file: kept for what it knows, and new beyond its largest for what it does not."""

from __future__ import annotations

from headstart.core.coco_numbers import CocoNumbers


def test_labels_that_the_file_lacks_are_numbered_on() -> None:
    numbers = CocoNumbers([(42, "a.jpg")], {"dog": 18, "cat": 3})
    assert numbers.of(["ant", "cat", "bee"]) == {"dog": 18, "cat": 3, "ant": 19, "bee": 20}


def test_a_number_in_words_is_not_given_twice() -> None:
    assert CocoNumbers([], {"dog": "2"}).of(["ant"]) == {"dog": "2", "ant": 3}


def test_without_a_file_all_count_from_1() -> None:
    numbers = CocoNumbers.anew(["a.jpg", "b.jpg"])
    assert numbers.images == [(1, "a.jpg"), (2, "b.jpg")]
    assert numbers.of(["ant", "cat"]) == {"ant": 1, "cat": 2}


def test_of_some_pictures_in_their_order() -> None:
    assert CocoNumbers([(5, "a"), (6, "b"), (7, "c")], {}).select([2, 0]).images == [(7, "c"), (5, "a")]
