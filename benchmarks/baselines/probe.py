"""The plain probe: features of the frozen backbone by an eager loop, then logistic regression (C = 1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ._job import Clock, Job, run
from ._reading import Reading, to_device


def probe(job: Job, clock: Clock) -> tuple[Sequence[str], str]:
    """Labels of the test inputs by logistic regression on frozen features."""
    torch.manual_seed(job.seed)
    reading = Reading(job)
    body = reading.body.to(job.device)
    train = features(body, reading.train(augment=False, shuffle=False), job.device)
    test = features(body, reading.test(), job.device)
    # Sentence embeddings share one scale and are used as they are; channel activations of a network are not.
    scaler = [StandardScaler()] if job.modality == "image" else []
    classifier = make_pipeline(*scaler, LogisticRegression(C=1.0, max_iter=2000))
    classifier.fit(train, job.train_labels)
    return classifier.predict(test).tolist(), f"{train.shape[1]} features"


@torch.inference_mode()
def features(body: torch.nn.Module, batches: Any, device: str) -> np.ndarray:
    """Features (N, D) of all `batches`."""
    return torch.cat([body(to_device(batch, device)).cpu() for batch, _ in batches]).numpy()


if __name__ == "__main__":
    run(probe)
