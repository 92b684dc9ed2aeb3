"""Shallow features, without any network: words of texts, colours and edges of pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import PIL.Image
from scipy.sparse import csr_matrix

MOST_WORDS = 50_000
MANY_TEXTS = 1000
"""From so many texts on, words that stand in one of them only are left out: half of all, and they tell nothing."""

SIDE = 64
"""Pictures are brought to this many pixels a side before they are described."""

FEW_PICTURES, MOST_PICTURES = 1000, 2000
"""Of at most the first number of pictures all are looked at, of more a half, but not more than the second number:
each must be decoded, and so many tell most of what there is in colours and edges."""

COLOURS, GREYS, DIRECTIONS, CELLS = 4, 8, 8, 4


def worth_decoding(raw: Any, count: int) -> int:
    """How many of `count` inputs like `raw` are worth looking at: all where none must be decoded."""
    return count if isinstance(raw, str) else min(count, MOST_PICTURES, max(FEW_PICTURES, count // 2))


def shallow_features(learnt: Sequence[Any], judged: Sequence[Any], words: int = MOST_WORDS) -> tuple[Any, Any]:
    """Features of what is learnt from (N, D) and of what is judged (M, D), by what the inputs are.

    Parameters
    ----------
    words : at most so many words and pairs of words, the commonest.

    Raises
    ------
    TypeError : they are neither texts nor pictures.
    """
    first = learnt[0]
    if isinstance(first, str):
        return text_features(learnt, judged, words)
    if isinstance(first, PIL.Image.Image | np.ndarray):
        return standardised(image_features(learnt), image_features(judged))
    raise TypeError(f"no shallow features of a {type(first).__name__} are known; allowed are texts and pictures")


def text_features(
    learnt: Sequence[str], judged: Sequence[str], words: int = MOST_WORDS
) -> tuple[csr_matrix, csr_matrix]:
    """TF-IDF of words and pairs of words, rows of length 1; the vocabulary is that of what is learnt from."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectoriser = TfidfVectorizer(
        ngram_range=(1, 2),
        sublinear_tf=True,
        token_pattern=r"(?u)\b\w+\b",
        max_features=words,
        min_df=2 if len(learnt) >= MANY_TEXTS else 1,
        dtype=np.float32,
    )
    try:
        return vectoriser.fit_transform(learnt), vectoriser.transform(judged)
    except ValueError:  # not a single word: signs only
        return csr_matrix((len(learnt), 1), dtype=np.float32), csr_matrix((len(judged), 1), dtype=np.float32)


def image_features(pictures: Sequence[Any]) -> np.ndarray:
    """(N, 456) float32: histograms of colours, textures, greys, and directions of edges.

    Colours: 4 x 4 x 4 bins of red, green and blue. Texture: the 256 patterns of a pixel's eight neighbours (local
    binary patterns, Ojala et al. 1996). Greys: 8 levels. Edges: 8 directions in each of 4 x 4 cells, weighted by the
    length of the gradient, as in HOG (Dalal & Triggs 2005). Of each part, the square roots of shares that sum to 1.

    Parameters
    ----------
    pictures : PIL images, or uint8 arrays (H, W) or (H, W, 3), of any size.
    """
    return np.stack([_described(_pixels(picture)) for picture in pictures])


def standardised(learnt: np.ndarray, judged: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both with the mean and the standard deviation of what is learnt from taken off; constant columns are nought."""
    mean, scale = learnt.mean(axis=0), learnt.std(axis=0)
    scale = np.where(scale > 1e-6, scale, np.inf)
    return (learnt - mean) / scale, (judged - mean) / scale


def _pixels(picture: Any) -> np.ndarray:
    """(SIDE, SIDE, 3) uint8 of a PIL image or of a uint8 array (H, W) or (H, W, 3)."""
    image = picture if isinstance(picture, PIL.Image.Image) else PIL.Image.fromarray(picture)
    return np.asarray(image.convert("RGB").resize((SIDE, SIDE), PIL.Image.Resampling.BILINEAR))


def _described(pixels: np.ndarray) -> np.ndarray:
    grey = pixels.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    step = 256 // COLOURS
    bins = (pixels // step).astype(np.int64) @ np.array([COLOURS**2, COLOURS, 1])
    parts = [
        np.bincount(bins.ravel(), minlength=COLOURS**3),
        np.bincount(_patterns(grey).ravel(), minlength=256),
        np.bincount((grey // (256 // GREYS)).astype(np.int64).ravel(), minlength=GREYS),
        _directions(grey),
    ]
    return np.concatenate([np.sqrt(part / max(part.sum(), 1e-12)) for part in parts]).astype(np.float32)


def _patterns(grey: np.ndarray) -> np.ndarray:
    """A byte for each inner pixel: which of its eight neighbours are no darker."""
    height, width = grey.shape
    inner = grey[1:-1, 1:-1]
    around = [(0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0)]
    bits = [grey[y : y + height - 2, x : x + width - 2] >= inner for y, x in around]
    return np.packbits(np.stack(bits), axis=0, bitorder="little")[0]


def _directions(grey: np.ndarray) -> np.ndarray:
    """Lengths of gradients by direction (opposite ones alike) and cell: (CELLS * CELLS * DIRECTIONS,)."""
    down, right = np.gradient(grey)
    turns = np.floor(np.arctan2(down, right) * np.float32(DIRECTIONS / np.pi)).astype(np.int64)
    direction = turns % DIRECTIONS
    row, column = (np.arange(side) * CELLS // side for side in grey.shape)
    cell = row[:, None] * CELLS + column[None]
    size = CELLS * CELLS * DIRECTIONS
    return np.bincount((cell * DIRECTIONS + direction).ravel(), np.hypot(down, right).ravel(), minlength=size)
