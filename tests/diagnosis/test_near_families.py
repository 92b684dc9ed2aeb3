"""Families of near copies: those of made pictures are found, and a chain of look-alikes is none."""

import numpy as np

from diagnosis.made import pictures, sketch
from headstart.diagnosis._near_copies import look_alikes, near_copies
from headstart.diagnosis._near_families import near_families


def sketches_of(made):
    return np.stack([sketch(picture) for picture in made])


def test_a_copy_and_its_mirror_image_are_one_family():
    made = pictures(40)
    families = near_families(sketches_of([*made, made[3] * 0.5 + 2, made[3][:, ::-1], made[7][:, ::-1]]))
    assert families[3] == families[40] == families[41]
    assert families[7] == families[42]
    assert len(set(families)) == 40


def test_pictures_that_are_each_like_the_next_are_no_family():
    made = pictures(200)
    first, last = made[:2] / made[:2].std(axis=(1, 2), keepdims=True)
    turn = [np.cos(angle) * first + np.sin(angle) * last for angle in np.linspace(0, np.pi / 2, 40)]
    sketches = sketches_of([*made[2:], *turn])
    assert len(near_copies(look_alikes(sketches))[0])  # neighbours are as alike as copies
    families = near_families(sketches)[len(made) - 2 :]
    assert families[0] != families[-1]
    assert max(np.bincount(families)) <= 10


def test_where_nearly_all_are_alike_they_are_not_held_together():
    made = pictures(40)
    common = made[0] / made[0].std()
    sketches = sketches_of([common + 0.1 * other / other.std() for other in made])
    assert max(np.bincount(near_families(sketches))) <= len(made) / 2


def test_pictures_that_show_nothing_are_alike_in_nothing():
    assert len(set(near_families(np.zeros((6, 256), np.float32)))) == 6
    assert len(set(near_families(np.zeros((0, 256), np.float32)))) == 0
