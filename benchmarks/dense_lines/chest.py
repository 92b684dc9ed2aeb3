"""Chest X-rays as images, as 16-bit PNG and as DICOM: the same figures within noise, and the shortcut is found."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from dense_lines._asked import Asked, row
from dense_lines._chest_forms import Write, as_dicom, as_sixteen_bits, written

SETS = ("chest_xray",)
SECONDS = 120.0
BACKBONE = "mobilenetv2_100"
FORMS: dict[str, Write | None] = {"images": None, "16-bit PNG": as_sixteen_bits, "DICOM": as_dicom}

Found = dict[str, Sequence[float]]
"""A figure's name → value, low, high."""


def measure(asked: Asked) -> Iterator[dict[str, Any]]:
    """Accuracy and each class's AUROC in every form; another form than images may differ by less than chance would.

    That is half the width of the interval that the images give.
    """
    for name in asked.of(SETS):
        for seed in asked.seeds:
            yield from _forms(asked, name, seed)


def _forms(asked: Asked, name: str, seed: int) -> Iterator[dict[str, Any]]:
    plain: Found = {}
    for form, write in FORMS.items():
        with tempfile.TemporaryDirectory(prefix="headstart-chest-") as folder:
            place = written(asked.data / name, Path(folder) / "chest", write)
            model = _fitted(place, asked.backbones, seed, asked.seconds or SECONDS)
        found, planted = _figures(model), f"chest X-rays as {form}"
        plain = plain or found
        for figure, (value, low, high) in found.items():
            yield row(planted, name, seed, figure, value, _noise(plain[figure]), f"[{low:.3f}, {high:.3f}]")
        yield row(planted, name, seed, "shortcut findings", _shortcuts(model), ">= 1")


def _fitted(folder: Path, backbones: Path, seed: int, seconds: float) -> Any:
    import headstart

    return headstart.fit(
        folder, backbone=str(backbones / BACKBONE), strategy="feature_extraction", budget=seconds, seed=seed,
        store=False, quiet=True,
    )  # fmt: skip


def _figures(model: Any) -> Found:
    auroc = model.result.by_class["auroc"]
    return {"accuracy": model.result.test["accuracy"], **{f"AUROC, {label}": auroc[label] for label in auroc}}


def _noise(figure: Sequence[float]) -> str:
    """``0.831 to 0.913``: as far from the value among images as half its interval is wide."""
    value, low, high = figure
    half = (high - low) / 2
    return f"{value - half:.3f} to {value + half:.3f}"


def _shortcuts(model: Any) -> float:
    return float(sum(found.diagnosis == "shortcuts" for found in model.result.findings))
