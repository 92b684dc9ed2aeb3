"""Compares fits whose frozen part ran in bfloat16 and in single precision: held-out figures, seconds."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from itertools import product
from pathlib import Path

import sets
from half import last_quarter
from quality import SHARED

import headstart
from headstart.strategies.fine_tuning import FineTuning

HEADER = f"{'set':<16} {'backbone':<32} {'engine':<18} {'held out':<24} {'log loss':>9} {'frozen part, s':>15}"


def main() -> int:
    """A fit with each backbone on every set, once for each engine of the frozen part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", default="vehicles,flowers,cifar10_mini,chest_xray", help="names with commas")
    parser.add_argument("--backbone", default="torchvision_resnet18_to_layer3,torchvision_squeezenet1_1")
    parser.add_argument("--engines", default="openvino_bfloat16,bfloat16,openvino")
    parser.add_argument("--epochs", type=int, default=0, help="of the last quarter of the stages; 0 for a head alone")
    parser.add_argument("--data", type=Path, default=SHARED / "data")
    parser.add_argument("--backbones", type=Path, default=SHARED / "backbones")
    asked = parser.parse_args()
    print(HEADER)
    for name, backbone in product(sets.names(asked.sets), asked.backbone.split(",")):
        data = sets.read(name, asked.data, 0, 0, 0)
        for engine in asked.engines.split(","):
            print(_line(data, asked.backbones / backbone, engine, asked.epochs), flush=True)
    return 0


def _line(data: sets.Set, backbone: Path, engine: str, epochs: int) -> str:
    """One row: a fit on the training examples alone, a part of them held out, its store empty."""
    strategy: str | FineTuning = last_quarter(str(backbone), epochs) if epochs else "feature_extraction"
    with tempfile.TemporaryDirectory(prefix="headstart-bfloat16-") as cache:
        os.environ["HEADSTART_CACHE"] = cache
        model = headstart.fit(
            (data.train.inputs, data.train.labels), backbone=str(backbone), strategy=strategy,
            engine=engine, test_share=0.0, budget="1h", quiet=True,
        )  # fmt: skip
    (rung,) = model.result.rungs
    value, low, high = rung.validation["accuracy"]
    figure, loss = f"{value:.1%} [{low:.1%}, {high:.1%}]", rung.validation["log_loss"][0]
    ran, seconds = model.result.engines[0].engine, model.result.seconds.forward
    return f"{data.name:<16} {backbone.name:<32} {ran:<18} {figure:<24} {loss:>9.4f} {seconds:>15.1f}"


if __name__ == "__main__":
    sys.exit(main())
