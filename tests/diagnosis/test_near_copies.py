"""Look-alikes: what is compared family by family is what is compared pair by pair."""

import numpy as np

from diagnosis.made import pictures, sketch
from headstart.diagnosis._near_copies import ALIKE_IN_BOTH, likeness, look_alikes, pairs_among


def test_families_are_compared_as_pairs_are():
    random = np.random.default_rng(5)
    sizes = [1, 2, 2, 3, 7, 7]
    copies = []
    for picture, size in zip(pictures(len(sizes)), sizes, strict=True):
        for other in pictures(size, seed=size):
            copy = picture / picture.std() + random.uniform(0, 0.3) * other / other.std()
            copies.append(copy[:, ::-1] if random.random() < 0.5 else copy)
    sketches = np.stack([sketch(copy) for copy in copies])
    names = np.repeat([f"family {i}" for i in range(len(sizes))], sizes)
    order = random.permutation(len(names))  # members lie anywhere among the others
    sketches, names = sketches[order], names[order]

    members = [np.flatnonzero(names == name) for name in np.unique(names)]
    pairs = np.concatenate([pairs_among(own) for own in members])
    expected = dict(zip(map(tuple, pairs.tolist()), likeness(sketches, pairs), strict=True))
    expected = {pair: alike for pair, alike in expected.items() if alike >= ALIKE_IN_BOTH}
    found, alike = look_alikes(sketches, names.tolist())
    assert 10 < len(expected) < len(pairs)
    assert set(map(tuple, found.tolist())) == set(expected)
    np.testing.assert_allclose(alike, [expected[pair] for pair in map(tuple, found.tolist())], atol=1e-6)


def test_without_families_of_several_nothing_is_alike():
    pairs, alike = look_alikes(np.stack([sketch(picture) for picture in pictures(3)]), ["a", "b", "c"])
    assert pairs.shape == (0, 2)
    assert alike.shape == (0,)
