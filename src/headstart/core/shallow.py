"""Shallow features, without any network: words of texts, colours and edges of pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL.Image

from headstart.core.errors import HeadstartError

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

MOST_WORDS = 50_000
MANY_TEXTS = 1000
"""From so many texts on, words that stand in one of them only are left out: half of all, and they tell nothing."""

SIDE = 64
"""Pictures are brought to this many pixels a side before they are described."""

Given = Sequence[str] | np.ndarray
"""Texts, or what :func:`picture_features` gave for each picture, (N, 456)."""

COLOURS, GREYS, DIRECTIONS, CELLS = 4, 8, 8, 4


def shallow_features(learnt: Given, judged: Given, words: int = MOST_WORDS) -> tuple[Any, Any]:
    """Features of what is learnt from (N, D) and of what is judged (M, D), by what they are.

    Parameters
    ----------
    words : at most so many words and pairs of words, the commonest.

    Raises
    ------
    HeadstartError : they are neither.
    """
    if isinstance(learnt, np.ndarray) or isinstance(judged, np.ndarray):
        return standardised(np.asarray(learnt), np.asarray(judged))
    if isinstance(learnt[0], str):
        return text_features(learnt, judged, words)
    kind = type(learnt[0]).__name__
    raise HeadstartError(f"no shallow features of a {kind} are known; texts and pictures have some")


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
        from scipy.sparse import csr_matrix

        return csr_matrix((len(learnt), 1), dtype=np.float32), csr_matrix((len(judged), 1), dtype=np.float32)


def picture_features(picture: PIL.Image.Image) -> np.ndarray:
    """(456,) float32: histograms of the colours, textures and greys of an RGB picture, and of directions of edges.

    Colours: 4 x 4 x 4 bins of red, green and blue. Texture: the 256 patterns of a pixel's eight neighbours (local
    binary patterns, Ojala et al. 1996). Greys: 8 levels. Edges: 8 directions in each of 4 x 4 cells, weighted by the
    length of the gradient, as in HOG (Dalal & Triggs 2005). Of each part, the square roots of shares that sum to 1.
    """
    pixels = np.asarray(picture.resize((SIDE, SIDE), PIL.Image.Resampling.BILINEAR))
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


def standardised(learnt: np.ndarray, judged: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both with the mean and the standard deviation of what is learnt from taken off; constant columns are nought."""
    mean, scale = learnt.mean(axis=0), learnt.std(axis=0)
    scale = np.where(scale > 1e-6, scale, np.inf)
    return (learnt - mean) / scale, (judged - mean) / scale


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
