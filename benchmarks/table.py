"""Prints what the benchmark found: a table per set and backbone, and headstart against the best baseline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from figures import Comparison, paired, unpaired

Row = dict[str, Any]
COLUMNS = "{:<17}{:<32}{:<11}{:<24}{:>9}{:>9}{:>9}  {}"
HEADER = COLUMNS.format("set", "backbone", "method", "accuracy [95 %]", "macro-F1", "wall s", "CPU s", "note")


def line(row: Row) -> str:
    """One measured row as a line of the table."""
    if "failed" in row:
        return COLUMNS.format(row["set"], row["backbone"], row["method"], "failed", "", "", "", row["failed"])
    value, low, high = row["accuracy"]
    late = "OVER BUDGET; " if row["method"] == "headstart" and row["wall"] > row["budget"] else ""
    return COLUMNS.format(
        row["set"],
        row["backbone"],
        row["method"],
        f"{value:6.1%} [{low:.1%}, {high:.1%}]",
        f"{row['macro_f1']:.3f}",
        f"{row['wall']:.0f}",
        f"{row['cpu']:.0f}",
        f"{late}{row['note']}",
    )


def compare(rows: Iterable[Row]) -> list[tuple[Row, Row, Comparison]]:
    """Headstart against the most accurate baseline (on the test split, which favours the baselines)."""
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        if "failed" not in row:
            groups.setdefault((row["set"], row["backbone"], row["seed"]), []).append(row)
    found = []
    for members in groups.values():
        ours = [row for row in members if row["method"] == "headstart"]
        baselines = [row for row in members if row["method"] != "headstart"]
        if ours and baselines:
            best = max(baselines, key=lambda row: row["accuracy"][0])
            found.append((ours[0], best, _against(ours[0], best)))
    return found


def summary(rows: Sequence[Row]) -> str:
    """Headstart minus the best baseline, set by set, and the mean."""
    found = compare(rows)
    if not found:
        return "Nothing to compare: no set has both headstart and a baseline."
    lines = ["headstart minus the best baseline, in points of accuracy:"]
    for ours, best, difference in found:
        lines.append(
            f"  {ours['set']:<17}{ours['backbone']:<32}seed {ours['seed']}  vs {best['method']:<8}"
            f"{100 * difference.difference:+6.1f} [{100 * difference.low:+.1f}, {100 * difference.high:+.1f}]"
            f"  p = {difference.p:.3f} ({'paired' if difference.paired else 'unpaired'})  {difference.verdict}"
            f"  macro-F1 {100 * (ours['macro_f1'] - best['macro_f1']):+.1f}"
        )
    mean = sum(difference.difference for _, _, difference in found) / len(found)
    below = sum(difference.verdict == "significantly below" for _, _, difference in found)
    late = sum(ours["wall"] > ours["budget"] for ours, _, _ in found)
    lines.append(f"  mean {100 * mean:+.2f} over {len(found)}; significantly below on {below}; over budget on {late}")
    return "\n".join(lines)


def _against(ours: Row, best: Row) -> Comparison:
    if ours["right"] and best["right"] and len(ours["right"]) == len(best["right"]):
        return paired(ours["right"], best["right"])
    return unpaired(ours["accuracy"][0], best["accuracy"][0], ours["test_size"])
