"""Sizes: what people write is understood, and what is said is what they would write."""

from __future__ import annotations

import pytest

from headstart.core.errors import UsageError
from headstart.core.sizes import parse_size, say_size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("20GB", 20_000_000_000),
        ("500 mb", 500_000_000),
        ("1.5kB", 1_500),
        ("2GiB", 2_147_483_648),
        ("1TB", 10**12),
        ("17 B", 17),
        ("0", 0),
        ("0GB", 0),
    ],
)
def test_sizes_as_people_write_them(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["20", "", "GB", "-1GB", "much", "1GBit", "1e9B", "nanGB"])
def test_what_is_no_size_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match="for example 500MB, 20GB"):
        parse_size(text)


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_240_000, "1.2 MB"),
        (20_000_000_000, "20 GB"),
        (999_999_999, "1 GB"),
        (2_500_000_000_000, "2.5 TB"),
    ],
)
def test_sizes_are_said_shortly(size: int, said: str) -> None:
    assert say_size(size) == said
