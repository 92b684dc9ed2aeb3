"""Connected components, by hand."""

from __future__ import annotations

import numpy as np

from headstart.core.components import components


def test_what_is_linked_shares_a_number_and_what_is_not_does_not():
    labels = components(np.array([0, 3, 4]), np.array([1, 4, 5]), 7)
    assert labels[0] == labels[1]
    assert labels[3] == labels[4] == labels[5]
    assert len({labels[0], labels[2], labels[3], labels[6]}) == 4


def test_a_link_given_often_is_one_link():
    """As many as 256 of a pair: one byte counts no further."""
    labels = components(np.zeros(256, dtype=int), np.ones(256, dtype=int), 3)
    assert labels[0] == labels[1] != labels[2]


def test_without_links_each_stands_alone():
    assert len(set(components(np.zeros(0, dtype=int), np.zeros(0, dtype=int), 4))) == 4
