"""How near the fastest engine comes to what the machine can do: operations at its peak, bytes at its bandwidth."""

from __future__ import annotations

from collections.abc import Iterator

from lines._engines import fastest, features
from lines._processes import child
from lines._row import Row, Side
from lines._work import Work, interleaved

MOST_PICTURES = 256


def measure(work: Work) -> Iterator[Row]:
    """One row: CPU time an image over the time that the operations alone would take at the peak of a matrix product.

    Both peaks are measured in the same turns, single precision. A figure of 1 would be a network that is one large
    matrix product in the caches; bytes are those that convolutions and products read and write, fused with all else.
    """
    if work.device != "cpu":
        print("the floor is measured on a CPU only")
        return
    pictures = work.few[:MOST_PICTURES]
    engine = fastest(work, len(pictures), exact=True)
    file = work.folder("features.npy")
    job = {"backbone": str(work.backbone), "pictures": pictures[:8]}
    found = interleaved(
        work.repeats,
        {
            engine: lambda: features(work, engine, pictures, file),
            "floor": lambda: child(work, "_floor_loop", True, **job).said,
        },
    )
    runs, peaks = found[engine], found["floor"]
    arithmetic = [peak["operations"] / peak["operations_a_second"] for peak in peaks]
    moving = [peak["bytes"] / peak["bytes_a_second"] for peak in peaks]
    one = Side(engine, [run["wall"] / run["count"] for run in runs], [run["cpu"] / run["count"] for run in runs])
    other = Side("operations at the peak", arithmetic, arithmetic)
    best = max(peak["operations_a_second"] for peak in peaks), max(peak["bytes_a_second"] for peak in peaks)
    note = (
        f"{peaks[0]['operations'] / 1e9:.2f} billion operations at {best[0] / 1e9:.0f} a nanosecond are "
        f"{1000 * min(arithmetic):.1f} ms; {peaks[0]['bytes'] / 2**20:.0f} MiB at {best[1] / 1e9:.1f} GB/s are "
        f"{1000 * min(moving):.1f} ms"
    )
    extra = {"peaks": peaks}
    what = f"features by {engine} / the operations alone at the machine's peak"
    yield Row("floor", what, one, other, one.cpu_seconds / other.cpu_seconds, note=note, extra=extra)
