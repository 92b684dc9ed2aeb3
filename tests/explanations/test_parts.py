"""Parts of pictures and of texts: what is removed, what the network saw of an original, which token is which word."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from headstart.backbones import SOURCES
from headstart.backbones.images.preprocess import ImagePreprocess
from headstart.explanations._parting import parts_of
from headstart.explanations._pixels import PixelParts
from headstart.explanations._words import WordParts
from toys import ToyPreprocess

SQUARE = ImagePreprocess(28, (0.5,) * 3, (0.25,) * 3)
SQUASHED = ImagePreprocess(28, (0.5,) * 3, (0.25,) * 3, squash=True)


def picture_parts(pixels: torch.Tensor, preprocess: ImagePreprocess = SQUARE) -> PixelParts:
    return PixelParts({"pixels": pixels}, "pixels", preprocess)


def test_a_removed_patch_takes_the_colour_around_it_and_the_rest_stays() -> None:
    pixels = torch.full((3, 28, 28), 2.0)
    pixels[:, 10:12, 10:12] = -5  # patch row 5, column 5 of 2 × 2 pixels
    parts = picture_parts(pixels)
    removed = torch.zeros(2, parts.count, dtype=torch.bool)
    removed[1, 5 * 14 + 5] = True
    plain, without = parts.without({"pixels": pixels}, removed)["pixels"]
    assert torch.equal(plain, pixels)
    assert torch.allclose(without, torch.full((3, 28, 28), 2.0), atol=1e-5)
    other = torch.zeros(1, parts.count, dtype=torch.bool)
    other[0, 0] = True
    kept = parts.without({"pixels": pixels}, other)["pixels"][0]
    assert torch.equal(kept[:, 2:], pixels[:, 2:])


def test_a_hole_is_filled_smoothly_from_both_sides() -> None:
    """Between a dark left and a bright right half, what is missing runs from one to the other."""
    pixels = torch.zeros(3, 28, 28)
    pixels[:, :, 14:] = 1
    parts = picture_parts(pixels)
    gone = torch.zeros(14, 14, dtype=torch.bool)
    gone[:, 5:9] = True
    filled = parts.without({"pixels": pixels}, gone.flatten()[None])["pixels"][0, 0, 14]
    assert filled[:10].tolist() == [0.0] * 10
    assert bool((filled.diff() >= -1e-4).all())
    assert filled[13:15].mean().item() == pytest.approx(0.5, abs=0.05)


def test_an_emptied_picture_keeps_its_colours_and_no_shape() -> None:
    flat = torch.full((3, 28, 28), 2.0)
    assert torch.allclose(picture_parts(flat).emptied({"pixels": flat})["pixels"], flat)
    chequered = torch.ones(3, 28, 28)
    chequered[:, ::2, ::2] = chequered[:, 1::2, 1::2] = -1
    emptied = picture_parts(chequered).emptied({"pixels": chequered})["pixels"]
    assert emptied.abs().max().item() == pytest.approx(0, abs=1e-6)


def test_scores_are_means_of_patches() -> None:
    given = torch.zeros(28, 28)
    given[0:2, 2:4] = torch.tensor([[1.0, 2.0], [3.0, 6.0]])
    scores = picture_parts(torch.zeros(3, 28, 28)).scores(given)
    assert scores[1].item() == pytest.approx(3)
    assert int((scores != 0).sum()) == 1


@pytest.mark.parametrize("preprocess", [SQUARE, SQUASHED], ids=["cut", "squashed"])
@pytest.mark.parametrize("size", [(100, 60), (60, 100), (80, 80), (28, 28), (20, 31)])
def test_what_is_seen_is_what_preprocessing_takes(size: tuple[int, int], preprocess: ImagePreprocess) -> None:
    """White outside the box it names, black inside: hardly any white reaches the network, and one pixel less does."""
    parts = picture_parts(torch.zeros(3, 28, 28), preprocess)
    left, top, right, bottom = parts.seen(size)
    array = np.full((size[1], size[0], 3), 255, np.uint8)
    array[top:bottom, left:right] = 0
    taken = preprocess(Image.fromarray(array))["pixels"] * 0.25 + 0.5
    assert float(taken.mean()) < 0.05
    margin = max(2, min(size) // 8)
    array[:] = 255
    array[top + margin : bottom - margin, left + margin : right - margin] = 0
    taken = preprocess(Image.fromarray(array))["pixels"] * 0.25 + 0.5
    assert all(float(side.mean()) > 0.5 for side in (taken[:, 0], taken[:, -1], taken[:, :, 0], taken[:, :, -1]))


def test_a_map_on_the_original_is_unknown_where_nothing_was_seen() -> None:
    parts = picture_parts(torch.zeros(3, 28, 28))
    given = torch.zeros(28, 28)
    given[:14] = 1
    found = parts.on_original(given, (100, 60))
    left, top, right, bottom = parts.seen((100, 60))
    assert found.shape == (60, 100)
    assert np.isnan(found).sum() == 6000 - (right - left) * (bottom - top)
    assert found[top + 3, 50] == pytest.approx(1)
    assert found[bottom - 3, 50] == pytest.approx(0)


def test_a_map_without_a_positive_place_colours_nothing() -> None:
    found = picture_parts(torch.zeros(3, 28, 28)).on_original(torch.full((28, 28), -1.0), (28, 28))
    assert np.nanmax(found) == 0


def text_parts(text: str) -> WordParts:
    preprocess = SOURCES.load("transformers_text")().tiny("bert").preprocess
    parts = parts_of(preprocess(text), text, preprocess)
    assert isinstance(parts, WordParts)
    return parts


def test_tokens_are_merged_to_words_with_their_punctuation() -> None:
    parts = text_parts("  This film, was   good!")
    assert [parts.text[a:b] for a, b in parts.spans] == ["This", "film,", "was", "good!"]
    # [CLS] this film , was good ! [SEP]
    assert parts.of_token.tolist() == [-1, 0, 1, 1, 2, 3, 3, -1]
    assert parts.scores(torch.tensor([9.0, 1, 2, 3, 4, 5, 6, 9])).tolist() == [1, 5, 4, 11]
    assert parts.told(torch.ones(8)) == [["This", 1.0], ["film,", 2.0], ["was", 1.0], ["good!", 2.0]]


def test_a_text_without_a_word_is_the_text_that_never_had_it() -> None:
    preprocess = SOURCES.load("transformers_text")().tiny("bert").preprocess
    example, parts = preprocess("the quick brown fox"), text_parts("the quick brown fox")
    removed = torch.tensor([[False, True, False, False], [False] * 4])
    batch = parts.without(example, removed)
    for name, tensor in preprocess("the brown fox").items():
        kept = int(preprocess("the brown fox")["attention_mask"].sum())
        assert torch.equal(batch[name][0, :kept], tensor[:kept])
        assert torch.equal(batch[name][1, :6], example[name][:6])
    assert batch["attention_mask"].sum(1).tolist() == [5, 6]


def test_a_long_run_without_spaces_is_divided_into_tokens() -> None:
    parts = text_parts("the-quick-brown-fox-jumps-over-the-lazy-dog")
    assert parts.count > 10
    assert parts.text[slice(*parts.spans[0])] == "the"


def test_words_that_were_cut_off_are_no_parts() -> None:
    parts = text_parts("the quick brown fox " * 30)
    assert parts.count == 46  # 48 tokens, two of them special
    assert len(parts.of_token) == 48


def test_emptied_keeps_the_special_tokens() -> None:
    example = SOURCES.load("transformers_text")().tiny("bert").preprocess("the fox")
    parts = text_parts("the fox")
    ids, given = parts.emptied(example)["input_ids"], example["input_ids"]
    assert ids[[0, 3]].tolist() == given[[0, 3]].tolist()
    assert ids[1:3].tolist() == [parts.blank] * 2


def test_an_example_of_another_form_has_no_parts() -> None:
    assert parts_of({"table": torch.zeros(5)}, None, ToyPreprocess()) is None
