"""Compares training from a frontier stored in half precision with one in single: held-out figures and bytes."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

import sets
from quality import IMAGE_DEFAULT, SHARED, _sentence_encoder

import headstart
from headstart.backbones import load
from headstart.frozen.activations import FrozenPart
from headstart.strategies.fine_tuning import FineTuning

HEADER = f"{'set':<16} {'precision':<10} {'held out':<24} {'last loss':>10} {'stored, MB':>11} {'seconds':>8}"


def main() -> int:
    """Train the last quarter of the stages of every set asked for, twice."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", default="vehicles,flowers,sms_spam,tweet_irony", help="names with commas")
    parser.add_argument("--rows", type=int, default=1000, help="training texts, stratified; 0 keeps all")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--data", type=Path, default=SHARED / "data")
    parser.add_argument("--backbones", type=Path, default=SHARED / "backbones")
    asked = parser.parse_args()
    print(HEADER)
    for name in sets.names(asked.sets):
        data = sets.read(name, asked.data, asked.rows, asked.rows, 0)
        backbone = asked.backbones / IMAGE_DEFAULT if data.modality == "image" else _sentence_encoder()
        for half in (True, False):
            print(_line(data, str(backbone), half, asked.epochs), flush=True)
    return 0


def last_quarter(backbone: str, epochs: int) -> FineTuning:
    """Trains the last quarter of its stages for so many epochs."""
    stages = len(load(backbone).stages())
    return FineTuning(freeze_depth=stages - max(1, round(stages / 4)), epochs=epochs)


def _line(data: sets.Set, backbone: str, half: bool, epochs: int) -> str:
    """One row: a fit on the training examples alone, a part of them held out."""
    strategy = last_quarter(backbone, epochs)
    FrozenPart.half = half  # type: ignore[assignment, method-assign]
    with tempfile.TemporaryDirectory(prefix="headstart-half-") as cache:
        os.environ["HEADSTART_CACHE"] = cache
        given = (data.train.inputs, data.train.labels)
        model = headstart.fit(given, backbone=backbone, strategy=strategy, test_share=0.0, budget="1h", quiet=True)
        stored = sum(path.stat().st_size for path in Path(cache).rglob("rows.bin"))
    (rung,) = model.result.rungs
    value, low, high = rung.validation["accuracy"]
    figure = f"{value:.1%} [{low:.1%}, {high:.1%}]"
    loss = rung.curve[-1]["validation_loss"]
    precision = "half" if half else "single"
    return f"{data.name:<16} {precision:<10} {figure:<24} {loss:>10.5f} {stored / 1e6:>11.1f} {rung.seconds:>8.1f}"


if __name__ == "__main__":
    sys.exit(main())
