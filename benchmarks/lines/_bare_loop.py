"""Process: decodes every picture once and runs an engine over it, a batch at a time, and nothing else."""

from __future__ import annotations

from typing import Any

from headstart.backbones import load
from headstart.frozen.frontier import AtDepths
from lines._child import Decoder, prepared, serve


def loop(job: dict[str, Any]) -> dict[str, int]:
    """Features of all ``pictures``, thrown away; the whole process is timed from outside."""
    backbone = load(job["backbone"])
    engine, count = None, 0
    for batch in Decoder(backbone).batches(job["pictures"], job["batch"]):
        engine = engine or prepared(job["engine"], AtDepths(backbone).eval(), batch, job["device"])
        count += len(next(iter(engine.run(batch).values())))
    return {"count": count}


if __name__ == "__main__":
    serve(loop)
