"""Shallow features of texts and pictures that can be judged by eye."""

import numpy as np
import pytest
from PIL import Image

from headstart.core.errors import HeadstartError
from headstart.core.shallow import picture_features, shallow_features, standardised, text_features

COLOURS, PATTERNS, GREYS = slice(0, 64), slice(64, 320), slice(320, 328)
EDGES = slice(328, 456)


def plain(colour, size=(30, 20)):
    return Image.new("RGB", size, colour)


def striped(upright):
    stripes = np.where(np.arange(96) // 8 % 2, 255, 0).astype(np.uint8)
    return np.broadcast_to(stripes if upright else stripes[:, None], (96, 96)).copy()


def test_words_are_those_of_what_is_learnt():
    learnt, judged = text_features(["red fox runs", "lazy dog"], ["fox", "unheard of", "a red fox"])
    assert learnt.shape == (2, 8)  # red, fox, runs, red fox, fox runs; lazy, dog, lazy dog
    assert np.asarray(judged.power(2).sum(axis=1)).ravel() == pytest.approx([1, 0, 1])


def test_texts_without_a_word_have_features_too():
    learnt, judged = text_features(["!!", "?"], ["word"])
    assert learnt.shape == (2, 1)
    assert judged.sum() == 0


def test_a_plain_picture_is_one_colour_without_edges():
    row = picture_features(plain((255, 0, 64)))
    assert row.shape == (456,)
    assert np.flatnonzero(row[COLOURS]).tolist() == [3 * 16 + 0 * 4 + 1]
    assert np.flatnonzero(row[PATTERNS]).tolist() == [255]  # every neighbour is as bright
    assert not row[EDGES].any()


def test_each_part_is_the_root_of_shares():
    noise = np.random.default_rng(0).integers(0, 256, (50, 70, 3), np.uint8)
    row = picture_features(Image.fromarray(noise))
    for part in (COLOURS, PATTERNS, GREYS, EDGES):
        assert (row[part] ** 2).sum() == pytest.approx(1, abs=1e-5)


def test_edges_tell_the_direction():
    upright, lying = (picture_features(Image.fromarray(striped(way)).convert("RGB")) for way in (True, False))
    assert np.flatnonzero(upright[EDGES].reshape(16, 8).sum(0)).tolist() == [0]  # the gradient points along the row
    assert np.flatnonzero(lying[EDGES].reshape(16, 8).sum(0)).tolist() == [4]


def test_pictures_are_standardised_by_what_is_learnt():
    learnt, judged = standardised(np.array([[1.0, 5.0], [3.0, 5.0]]), np.array([[4.0, 6.0]]))
    assert learnt.tolist() == [[-1, 0], [1, 0]]
    assert judged.tolist() == [[2, 0]]


def test_the_kind_of_input_decides():
    assert shallow_features(["a b"], ["c"])[0].shape == (1, 3)
    described = np.stack([picture_features(plain(colour)) for colour in ("red", "blue")])
    assert shallow_features(described, described[:1])[1].shape == (1, 456)
    with pytest.raises(HeadstartError, match="dict"):
        shallow_features([{}], [{}])


def test_of_many_texts_a_word_must_stand_in_two():
    texts = ["red fox"] * 999 + ["dog"]
    assert text_features(texts, ["dog"])[1].shape == (1, 3)  # red, fox, red fox
    assert text_features(texts[1:], ["dog"])[1].shape == (1, 4)
