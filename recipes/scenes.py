"""Pictures that nobody took: dead leaves, fractals, gratings, noise, polygons and lit balls, drawn from a seed."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

Random = np.random.Generator

QUALITY = 82
"""Of the JPEG files."""

POINTS, BURN_IN = 60_000, 20
"""Points of a fractal, and steps until they lie on it."""


def write_scenes(folder: Path, count: int, side: int, seed: int = 0) -> None:
    """Write `count` JPEG files of `side` × `side` pixels into `folder`, of every kind in turn."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        kind, draw = list(KINDS.items())[number % len(KINDS)]
        picture = draw(side, np.random.default_rng([seed, number]))
        picture.save(folder / f"{number:05}_{kind}.jpg", quality=QUALITY)


def dead_leaves(side: int, random: Random) -> Image.Image:
    """Shapes of all sizes that cover each other, as surfaces in a photograph do (Lee et al. 2001); with grain."""
    canvas = Image.fromarray(_blended(_colours(random, 3), _noise(side, random, random.uniform(1, 2.2))))
    sizes = np.sort(side * random.uniform(0.03, 1, 150) ** -1.5 * 0.012)[::-1].clip(3, side * 0.45)
    for size in random.permutation(sizes):
        grain = Image.fromarray(_blended(_colours(random, 2), _noise(64, random, random.uniform(0.3, 2.5))))
        mask = Image.new("L", (side, side))
        _shape(ImageDraw.Draw(mask), random.uniform(0, side, 2), float(size), random)
        canvas.paste(grain.resize((side, side), Image.Resampling.BICUBIC), (0, 0), mask)
    return canvas.filter(ImageFilter.GaussianBlur(random.uniform(0.2, 1.0)))


def fractal(side: int, random: Random) -> Image.Image:
    """The attractor of a few random contractions (Kataoka et al. 2020, arXiv:2101.08515), in colours, on a ground."""
    maps = random.uniform(-1, 1, (int(random.integers(3, 7)), 2, 3))
    norms = np.linalg.norm(maps[:, :, :2], ord=2, axis=(1, 2))
    maps[:, :, :2] *= (random.uniform(0.6, 0.9, len(maps)) / norms)[:, None, None]
    points = np.zeros((1000, 2))
    found, which = [], []
    for step in range(BURN_IN + POINTS // 1000):
        chosen = random.integers(len(maps), size=1000)
        points = np.einsum("nij,nj->ni", maps[chosen, :, :2], points) + maps[chosen, :, 2]
        if step >= BURN_IN:
            found.append(points)
            which.append(chosen)
    return _dotted(np.concatenate(found), np.concatenate(which), len(maps), side, random)


def gratings(side: int, random: Random) -> Image.Image:
    """Stripes of a few directions and periods, straight or bent, laid over each other."""
    y, x = np.mgrid[:side, :side] / side
    height = np.zeros((side, side))
    for _ in range(random.integers(1, 5)):
        angle, waves = random.uniform(0, math.pi), 2 ** random.uniform(0.5, 5.5)
        along = x * math.cos(angle) + y * math.sin(angle) + random.uniform(0, 0.15) * _noise(side, random, 2.5)
        wave = np.sin(2 * math.pi * waves * along + random.uniform(0, 6.3))
        height += np.sign(wave) if random.random() < 0.3 else wave
    return Image.fromarray(_blended(_colours(random, int(random.integers(2, 5))), _unit(height)))


def spectrum(side: int, random: Random) -> Image.Image:
    """Noise whose spectrum falls as a power of the frequency, in each colour alone or in all."""
    fall = random.uniform(0.5, 3.0)
    if random.random() < 0.5:
        return Image.fromarray(_blended(_colours(random, int(random.integers(2, 6))), _noise(side, random, fall)))
    planes = np.stack([_noise(side, random, fall) for _ in range(3)], axis=2)
    return Image.fromarray((255 * planes).astype(np.uint8))


def polygons(side: int, random: Random) -> Image.Image:
    """Polygons, discs and lines on a gradient, some filled and some drawn as outlines."""
    y, x = np.mgrid[:side, :side] / side
    angle = random.uniform(0, 2 * math.pi)
    canvas = Image.fromarray(_blended(_colours(random, 3), _unit(x * math.cos(angle) + y * math.sin(angle))))
    draw = ImageDraw.Draw(canvas)
    for _ in range(random.integers(3, 25)):
        colour = tuple(int(value) for value in random.integers(0, 256, 3))
        centre, size = random.uniform(0, side, 2), side * random.uniform(0.04, 0.4)
        if random.random() < 0.25:
            ends = [tuple(random.uniform(0, side, 2)) for _ in range(random.integers(2, 5))]
            draw.line(ends, fill=colour, width=int(random.integers(1, 9)))
        else:
            _shape(draw, centre, size, random, colour, outlined=random.random() < 0.3)
    return canvas


def balls(side: int, random: Random) -> Image.Image:
    """Balls lit from one side, before a wall of noise, with their shadows."""
    picture = _blended(_colours(random, 3), _noise(side, random, random.uniform(1, 2.5))).astype(float)
    y, x = np.mgrid[:side, :side]
    light = random.normal(size=3) + np.array([0, 0, 1.5])
    light /= np.linalg.norm(light)
    for _ in range(random.integers(2, 14)):
        radius, centre = side * random.uniform(0.04, 0.28), random.uniform(0, side, 2)
        across, down = (x - centre[0]) / radius, (y - centre[1]) / radius
        shadow = (across - light[0]) ** 2 + (down - light[1]) ** 2 < 1
        picture[shadow] *= 0.6
        inside = across**2 + down**2 < 1
        depth = np.sqrt(np.clip(1 - across**2 - down**2, 0, None))
        shade = np.clip(across * light[0] + down * light[1] + depth * light[2], 0, 1)
        colour, shine = random.uniform(40, 255, 3), random.uniform(0, 200)
        lit = (0.2 + 0.8 * shade)[..., None] * colour + (shine * shade**20)[..., None]
        picture[inside] = lit[inside]
    return Image.fromarray(picture.clip(0, 255).astype(np.uint8))


KINDS: dict[str, Callable[[int, Random], Image.Image]] = {
    made.__name__: made for made in (dead_leaves, fractal, gratings, spectrum, polygons, balls)
}


def _noise(side: int, random: Random, fall: float) -> np.ndarray:
    """(side, side) from 0 to 1 with the spectrum 1 / frequency ** `fall`."""
    across, down = np.fft.rfftfreq(side), np.fft.fftfreq(side)
    frequency = np.hypot(across[None], down[:, None])
    frequency[0, 0] = 1
    phases = np.exp(2j * math.pi * random.random(frequency.shape)) / frequency**fall
    return _unit(np.fft.irfft2(phases, (side, side)))


def _unit(values: np.ndarray) -> np.ndarray:
    low, high = np.percentile(values, (1, 99))
    return ((values - low) / max(high - low, 1e-9)).clip(0, 1)


def _colours(random: Random, count: int) -> np.ndarray:
    """(count, 3) from 0 to 255; now and then shades of one colour."""
    if random.random() < 0.3:
        return np.linspace(0.1, 1, count)[:, None] * random.uniform(60, 255, 3)
    return random.uniform(0, 255, (count, 3))


def _blended(colours: np.ndarray, height: np.ndarray) -> np.ndarray:
    """(side, side, 3) uint8: a height from 0 to 1 as a place on the way through `colours`."""
    stops = np.linspace(0, 1, len(colours))
    planes = [np.interp(height, stops, colours[:, plane]) for plane in range(3)]
    return np.stack(planes, axis=2).astype(np.uint8)


def _shape(
    draw: ImageDraw.ImageDraw,
    centre: np.ndarray,
    size: float,
    random: Random,
    colour: object = 255,
    outlined: bool = False,
) -> None:
    """A disc, or a polygon of 3 to 7 corners."""
    corners, turn = int(random.integers(2, 8)), random.uniform(0, 2 * math.pi)
    filled: dict[str, object] = {"outline": colour, "width": 3} if outlined else {"fill": colour}
    if corners == 2:
        flat = random.uniform(0.4, 1)
        x, y = centre
        draw.ellipse((x - size, y - flat * size, x + size, y + flat * size), **filled)  # type: ignore[arg-type]
        return
    angles = turn + 2 * math.pi * (np.arange(corners) + random.uniform(-0.3, 0.3, corners)) / corners
    places = centre + size * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    draw.polygon([tuple(place) for place in places.tolist()], **filled)  # type: ignore[arg-type]


def _dotted(points: np.ndarray, which: np.ndarray, maps: int, side: int, random: Random) -> Image.Image:
    """Points (P, 2) that fill the picture, in the colour of the map that made each."""
    low, high = np.percentile(points, 0.5, axis=0), np.percentile(points, 99.5, axis=0)
    places = ((points - low) / np.maximum(high - low, 1e-9) * 0.9 + 0.05) * side
    kept = ((places >= 0) & (places < side)).all(axis=1)
    x, y = places[kept].astype(int).T
    ground = _blended(_colours(random, 2), _noise(side, random, random.uniform(1.5, 3)))
    ground[y, x] = _colours(random, maps)[which[kept]].astype(np.uint8)
    return Image.fromarray(ground).filter(ImageFilter.GaussianBlur(random.uniform(0.3, 0.8)))
