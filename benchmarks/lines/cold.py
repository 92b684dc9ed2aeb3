"""A whole cold ``headstart fit`` against a bare loop of decoding and the best engine, both from process start."""

from __future__ import annotations

from collections.abc import Iterator

from measure import Run
from target import Target

from lines._engines import BATCH, fastest
from lines._processes import Fit, child, cold_fit
from lines._row import Row, Side
from lines._work import Work, everything, interleaved


def measure(work: Work) -> Iterator[Row]:
    """One row, on the smallest generated set; both sides read every file of it, those of the test too."""
    data = work.small
    job = {"backbone": str(work.backbone), "device": work.device, "pictures": everything(data)}
    engine = fastest(work, len(job["pictures"]))
    fits: list[Fit] = []

    def cold() -> Run:
        fits.append(cold_fit(work, data.folder))
        return fits[-1].run

    found = interleaved(
        work.repeats_at(len(job["pictures"])),
        {
            "bare loop": lambda: child(work, "_bare_loop", True, **job, engine=engine, batch=BATCH).run,
            "fit, cold": cold,
        },
    )
    one, bare = (Side.of(name, found[name]) for name in ("fit, cold", "bare loop"))
    what = f"fit, cold / bare loop of decode + {engine}, {len(job['pictures'])} images"
    chosen = ", ".join(str(each["engine"]) for each in fits[-1].result.get("engines", []))
    note = f"CPU ratio {one.cpu_seconds / bare.cpu_seconds:.2f}; the fit ran {chosen or 'eager'}"
    extra = {key: fits[-1].result.get(key) for key in ("seconds", "engines")}
    yield Row("cold", what, one, bare, one.seconds / bare.seconds, Target(1.25), note=note, extra=extra)
