"""Process: the classic recipe by a plain loop: frozen body in evaluation mode, a linear head, five augmented epochs.

Fewer where the budget is over; one at least. Pictures are decoded and run through the body anew in every epoch, as
PyTorch's transfer learning tutorial does it.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from baselines._job import Clock, Job, run
from baselines._reading import Reading, to_device
from baselines.full import RECIPES
from torch import nn

RECIPE = RECIPES["image"]


def classic(job: Job, clock: Clock) -> tuple[Sequence[str], str]:
    """Labels of the test inputs after the frozen epochs."""
    torch.manual_seed(job.seed)
    reading = Reading(job)
    body = reading.body.to(job.device).eval().requires_grad_(False)
    head = nn.Linear(reading.width, len(job.classes)).to(job.device)
    optimizer = torch.optim.AdamW(head.parameters(), lr=RECIPE.head_rate, weight_decay=RECIPE.weight_decay)
    batches = reading.train(augment=True, shuffle=True, workers=2)
    while len(clock.epochs) < RECIPE.epochs and (not clock.epochs or clock.left() > 0):
        with clock.epoch():
            for pictures, targets in batches:
                with torch.no_grad():
                    features = body(to_device(pictures, job.device))
                loss = nn.functional.cross_entropy(head(features), targets.to(job.device))
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
    with torch.inference_mode():
        logits = torch.cat([head(body(to_device(batch, job.device))).cpu() for batch, _ in reading.test(workers=2)])
    return [job.classes[i] for i in logits.argmax(1).tolist()], f"{len(clock.epochs)} epochs"


if __name__ == "__main__":
    run(classic)
