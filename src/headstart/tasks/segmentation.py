"""Semantic segmentation: every place of an image belongs to one of C classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

import numpy as np
import PIL.Image
import torch
from torch import Tensor

from headstart.core.by_class import ByClass
from headstart.core.errors import InputError, UsageError, nearest
from headstart.core.maps import Map
from headstart.core.masks import IGNORED, MOST_CLASSES, Colour, Mask
from headstart.core.placement import Placement
from headstart.core.results import Figures
from headstart.core.threads import spread
from headstart.tasks._decoder import Decoder
from headstart.tasks._mask_answers import answers, as_bytes, logits_of, picture, temperature_of
from headstart.tasks._mask_doubt import DOUBT, doubt_auroc, sureness_counts
from headstart.tasks._mask_losses import class_weights, mask_losses
from headstart.tasks._resampling import Measure, bootstrapped, mean_known
from headstart.tasks._simple_pyramid import SimplePyramid
from headstart.tasks.base import MapHead, Predictions, Task
from headstart.tasks.figures import mask_figures as counted
from headstart.tasks.figures.mask_boundaries import boundary_f1, boundary_scores
from headstart.tasks.shapes.frames import frame_for_masks

MADE = (4, 8, 16, 32)
"""Strides of the maps that are made where a network gives one alone."""


class Segmentation(Task):
    """A class for each pixel.

    Outputs are (N, C, h, w) at the places of the finest map; what is kept of them is (N, 2, H, W) uint8, the class
    and how sure it is, in the size of the frame. Encoded targets are (N, H, W) uint8, 255 where nobody is judged.

    Parameters
    ----------
    labels : C names. pixels : C counts of training pixels. frame : (width, height) that pictures are brought to.
    codes, colours : C values to write masks in, and their colours.
    """

    name = "segmentation"
    noun = "mask"
    reads_maps = draws = True
    unit = "pixel"
    watched = "miou"
    guarded = ("miou",)
    figures: ClassVar[tuple[str, ...]] = ("miou", "dice", "pixel_accuracy", "boundary_f1", DOUBT)
    higher_is_better: ClassVar[Mapping[str, bool]] = dict.fromkeys(figures, True)

    def __init__(
        self,
        labels: Sequence[str],
        pixels: Sequence[int],
        frame: tuple[int, int],
        codes: Sequence[int],
        colours: Sequence[Colour],
    ) -> None:
        self.labels, self.pixels = list(labels), list(pixels)
        self._frame, self.codes, self.colours = frame, list(codes), list(colours)

    @classmethod
    def suits(cls, targets: Sequence[Any]) -> tuple[float, str]:
        masks = sum(isinstance(target, Mask) for target in targets)
        if not masks or masks < len(targets):
            return 0.0, f"{masks} of {len(targets)} targets are masks"
        return 1.0, f"masks of {len(targets[0].legend.names)} classes"

    @classmethod
    def from_targets(cls, targets: Sequence[Any]) -> Segmentation:
        if not targets or cls.suits(targets)[0] == 0:
            raise InputError(f"Segmentation needs a mask for every picture: {cls.suits(targets)[1]}.")
        legend = targets[0].legend
        if not 2 <= len(legend.names) <= MOST_CLASSES:
            raise InputError(
                f"Segmentation tells 2 to {MOST_CLASSES} classes apart, but the masks have {len(legend.names)}."
            )
        pixels = np.sum([target.pixels[: len(legend.names)] for target in targets], axis=0)
        written = range(len(legend.names)) if legend.coloured else legend.codes
        frame = frame_for_masks([target.size for target in targets])
        return cls(legend.names, pixels.tolist(), frame, list(written), legend.colours)

    def framed(self, targets: Sequence[Any], side: int | None, device: str) -> Segmentation:
        frame = frame_for_masks([target.size for target in targets], side, device)
        return Segmentation(self.labels, self.pixels, frame, self.codes, self.colours)

    def describe(self) -> dict[str, Any]:
        return {
            "name": self.name, "labels": self.labels, "pixels": self.pixels, "frame": list(self._frame),
            "codes": self.codes, "colours": [list(colour) for colour in self.colours],
        }  # fmt: skip

    @classmethod
    def from_description(cls, description: Mapping[str, Any]) -> Segmentation:
        width, height = description["frame"]
        colours = [(r, g, b) for r, g, b in description["colours"]]
        return cls(description["labels"], description["pixels"], (width, height), description["codes"], colours)

    @property
    def outputs(self) -> int:
        return len(self.labels)

    @property
    def frame(self) -> tuple[int, int]:
        return self._frame

    def problem(self, target: Any) -> str | None:
        if not isinstance(target, Mask):
            return "there is no mask"
        for label, count in zip(target.legend.names, target.pixels, strict=False):
            if count and label not in self.labels:
                return f"{count} pixels are of the class {label!r}, unknown to training.{nearest(label, self.labels)}"
        return None

    def encode(self, targets: Sequence[Any]) -> Tensor:
        """(N, H, W) uint8. Raises ``InputError`` when a mask cannot be read, or has an unknown class."""
        if problems := [found for found in map(self.problem, targets) if found]:
            raise InputError(f"{len(problems)} of {len(targets)} targets cannot be used: {problems[0]}")
        width, height = self._frame
        masks = torch.full((len(targets), height, width), IGNORED, dtype=torch.uint8)
        for row, mask in enumerate(spread(self._encoded, targets)):
            masks[row] = mask
        return masks

    def _encoded(self, target: Mask) -> Tensor:
        place = {label: at for at, label in enumerate(self.labels)}
        table = np.full(256, IGNORED, dtype=np.uint8)
        table[: len(target.legend.names)] = [place.get(label, IGNORED) for label in target.legend.names]
        try:
            classes = table[target.classes()]
        except ValueError as error:
            raise InputError(f"{target.path}: {error}") from error
        resized = PIL.Image.fromarray(classes).resize(self._frame, PIL.Image.Resampling.NEAREST)
        return torch.from_numpy(np.array(resized))

    def map_head(self, offered: Sequence[Map]) -> MapHead:
        maps = [each for each in offered if not each.is_wide]
        if not maps:
            raise UsageError("This network gives no map from which masks could be made.")
        decoder = partial(Decoder, outputs=self.outputs)
        return SimplePyramid(maps[0], MADE, decoder) if len(offered) == 1 else decoder(maps)

    def placed(self, encoded: Tensor, placements: Sequence[Placement]) -> Tensor:
        from headstart.tasks.shapes.views import mask_seen  # torchvision takes its time

        return torch.stack([mask_seen(*one) for one in zip(encoded, placements, strict=True)])

    def kept(self, outputs: Tensor) -> Tensor:
        return answers(outputs, (self._frame[1], self._frame[0]))

    def loss(self, outputs: Tensor, encoded: Tensor, weights: Tensor | None = None, smoothing: float = 0.0) -> Tensor:
        """Cross-entropy, rare classes weighing more, plus 1 - Dice over the classes of each picture; Σ w l / N.

        At the places of the outputs, each judged by the pixel in its middle. Dice: Milletari et al. 2016,
        "V-Net", arXiv:1606.04797.
        """
        losses = mask_losses(outputs, encoded, class_weights(self.pixels).to(outputs.device), smoothing)
        return losses.mean() if weights is None else (weights * losses).mean()

    def strata(self, targets: Sequence[Any]) -> list[str]:
        """One for all: a picture holds many classes."""
        return ["masks"] * len(targets)

    def summary(self, targets: Sequence[Any]) -> list[tuple[str, int]]:
        """In how many pictures each class is."""
        there = np.sum([np.array(target.pixels[: self.outputs]) > 0 for target in targets], axis=0)
        return sorted(zip(self.labels, np.atleast_1d(there).tolist(), strict=True), key=lambda pair: -pair[1])

    def say(self, target: Any) -> str:
        """The classes of a mask, the largest first; a class as it is."""
        if not isinstance(target, Mask):
            return str(target)
        there = sorted(zip(target.pixels, target.legend.names, strict=False), reverse=True)
        return ", ".join(name for count, name in there if count)

    def metrics(self, outputs: Tensor, encoded: Tensor) -> Figures:
        """Over all classes."""
        n = len(encoded)
        figures = {name: bootstrapped(self._measure(name, outputs, encoded), n) for name in self.figures}
        if np.isnan(figures[DOUBT].value):  # without a mistake there is nothing to be unsure of
            del figures[DOUBT]
        return figures

    def measure(self, name: str, outputs: Tensor, encoded: Tensor, draws: np.ndarray) -> np.ndarray:
        return self._measure(name, outputs, encoded)(draws)

    def _measure(self, name: str, outputs: Tensor, encoded: Tensor) -> Measure:
        if name == "boundary_f1":
            return partial(boundary_f1, boundary_scores(outputs[:, 0], encoded, self.outputs))
        if name == DOUBT:
            return partial(doubt_auroc, sureness_counts(outputs, encoded))
        if name == "pixel_accuracy":
            return partial(counted.pixel_accuracy, self._columns(outputs, encoded))
        if name in ("miou", "dice"):
            figure = "iou" if name == "miou" else "dice"
            return partial(counted.mean_by_class, self._columns(outputs, encoded), figure=figure)
        known = self.figures
        raise UsageError(f"{self.name} has no figure {name!r}.{nearest(name, known)} It has {list(known)}.")

    def _columns(self, outputs: Tensor, encoded: Tensor) -> np.ndarray:
        return counted.totals(counted.confusions(outputs[:, 0], encoded, self.outputs))

    def doubts(self, outputs: Tensor) -> Tensor:
        return 1 - torch.sigmoid(logits_of(outputs[:, 1]))

    def mistakes(self, outputs: Tensor, encoded: Tensor) -> np.ndarray:
        """1 - mean IoU of each picture by itself."""
        hits, true, said = np.split(self._columns(outputs, encoded), 3, axis=1)
        either = true + said - hits
        iou = np.where(either > 0, hits / np.maximum(either, 1), np.nan)
        return np.nan_to_num(1 - mean_known(iou))

    def calibrate(self, outputs: Tensor, encoded: Tensor) -> dict[str, float]:
        """``temperature`` by which the log odds of each place's class are divided."""
        return {"temperature": temperature_of(outputs, encoded)}

    def calibrated(self, outputs: Tensor, calibration: Mapping[str, float]) -> Tensor:
        temperature = calibration.get("temperature", 1.0)
        if temperature == 1.0:
            return outputs
        return torch.stack([outputs[:, 0], as_bytes(logits_of(outputs[:, 1]) / temperature)], dim=1)

    def decode(self, outputs: Tensor, calibration: Mapping[str, float]) -> Predictions:
        """The largest class of each picture, how sure its places are on average, and the share of every class."""
        kept = self.calibrated(outputs, calibration)
        shares = [torch.bincount(row[0].flatten().long(), minlength=self.outputs) / row[0].numel() for row in kept]
        sure = [float(torch.sigmoid(logits_of(row[1])).mean()) for row in kept]
        return Predictions(
            {
                "label": [self.labels[int(share.argmax())] for share in shares],
                "confidence": [round(each, 4) for each in sure],
                "shares": [self._named_shares(share) for share in shares],
            }
        )

    def _named_shares(self, shares: Tensor) -> dict[str, float]:
        """The share of each class that is there, the largest first."""
        order = shares.argsort(descending=True).tolist()
        return {self.labels[c]: round(float(shares[c]), 4) for c in order if shares[c] > 0}

    def picture(self, answer: Tensor, size: tuple[int, int]) -> bytes:
        classes = answer[0] if answer.dim() == 3 else answer
        return picture(classes.numpy(), self.codes, self.colours, size)

    @property
    def shown_in(self) -> Mapping[str, Colour]:
        return dict(zip(self.labels, self.colours, strict=True))

    def confusion(self, outputs: Tensor, encoded: Tensor) -> tuple[list[str], np.ndarray]:
        """Of pixels."""
        return list(self.labels), counted.confusions(outputs[:, 0], encoded, self.outputs).sum(axis=0)

    def by_class(self, outputs: Tensor, encoded: Tensor, calibration: Mapping[str, float]) -> ByClass:
        """IoU and Dice of each class that is there or said."""
        return counted.figures_by_class(self._columns(outputs, encoded), self.labels)

    def per_label(self, outputs: Tensor, encoded: Tensor) -> list[dict[str, Any]]:
        return counted.rows_by_class(self._columns(outputs, encoded), self.labels)
