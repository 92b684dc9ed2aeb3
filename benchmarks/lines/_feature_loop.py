"""Process: features of decoded pictures by one engine, or by the plain loop; the forward alone is timed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from headstart.backbones import load
from headstart.backbones.base import Batch
from headstart.frozen.frontier import AtDepths
from lines._child import Clocks, Decoder, as_plain, available, prepared, serve


def loop(job: dict[str, Any]) -> dict[str, Any]:
    """Wall and CPU seconds of one pass, and of the preparation; the features go into the file ``features``.

    ``engine`` empty means plain PyTorch without any engine. Of others ``reduced`` says whether they compute in less
    than single precision, ``agrees`` whether a fit would trust them. Without ``pictures``, those that can run here.
    """
    if "pictures" not in job:
        return {"engines": available(job["device"])}
    backbone = load(job["backbone"])
    batches = list(Decoder(backbone).batches(job["pictures"], job["batch"]))
    module, said = AtDepths(backbone).eval(), {}
    with Clocks() as preparing:
        engine = prepared(job["engine"], module, batches[0], job["device"]) if job["engine"] else None
        run = engine.run if engine else _plain(module, job["device"])
        run(batches[0])
    with Clocks() as running:
        outputs = [run(batch) for batch in batches]
    features = [torch.cat([tensor.flatten(1) for tensor in output.values()], 1) for output in outputs]
    np.save(job["features"], torch.cat(features).float().numpy()[: len(job["pictures"])])
    if engine:
        said = {"reduced": engine.reduced, "agrees": as_plain(engine, module, batches[0], job["device"])}
    # The last batch is filled up: time is shared out over what was really computed.
    count = len(batches) * job["batch"]
    return {"wall": running.wall, "cpu": running.cpu, "prepare": preparing.wall, "count": count, **said}


def _plain(module: torch.nn.Module, device: str) -> Callable[[Batch], Batch]:
    module = module.to(device)

    @torch.inference_mode()
    def plain(batch: Batch) -> Batch:
        outputs = module({name: tensor.to(device) for name, tensor in batch.items()})
        return {name: tensor.cpu() for name, tensor in outputs.items()}

    return plain


if __name__ == "__main__":
    serve(loop)
