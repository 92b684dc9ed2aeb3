"""The model card: a README that says what the model does, how good it is, how to use it and where it ends."""

from __future__ import annotations

import json
from collections.abc import Mapping

from headstart.core.results import ExampleCounts, Figure, FitResult
from headstart.core.timing import say_duration
from headstart.delivery.writing import figure_interval, figure_name, figure_value

_FRONT = ("license", "pipeline_tag", "base_model")
_WORDS = ("title", "description", "data", "labels", "limits", "input")
_BACKBONE_LIMITS = (
    "The backbone was trained on other data by others; its licence and its biases come with it.",
    "The figures hold for inputs like those it was trained on. Measure it again before using it elsewhere: "
    "`headstart evaluate MODEL NEW_DATA`.",
)


def model_card(result: FitResult, facts: Mapping[str, str], higher_is_better: Mapping[str, bool]) -> str:
    """A ``README.md`` in Markdown with the YAML front matter that model hubs read.

    Parameters
    ----------
    result : the fit, as in ``result.json``.
    facts : words that the result lacks. Into the front matter go ``license`` (default ``unknown``),
        ``pipeline_tag`` and ``base_model`` (default: the backbone). Into the text go ``title``,
        ``description`` (what it does), ``data`` (what it was trained on), ``labels``, ``limits`` and
        ``input`` (an example argument for ``predict``). All others make the provenance table, in their order.
    higher_is_better : of each figure, as the task has it.
    """
    parts = [
        _front_matter(result, facts),
        f"# {_line(facts.get('title') or f'A model for {result.task}')}\n\n{_what(result, facts)}",
        f"## How good it is\n\n{_figures(result, higher_is_better)}",
        f"## How to use it\n\n{_usage(facts)}",
        f"## What it was trained on\n\n{_data(result.examples, facts)}",
        f"## Where it ends\n\n{_limits(result, facts)}",
        f"## Where it came from\n\n{_provenance(result, facts)}",
    ]
    return "\n\n".join(parts) + "\n"


def _front_matter(result: FitResult, facts: Mapping[str, str]) -> str:
    defaults = {"license": "unknown", "base_model": result.backbone}
    values = {"library_name": "headstart"}
    values |= {name: text for name in _FRONT if (text := facts.get(name) or defaults.get(name))}
    # A JSON string is a YAML string, whatever stands in it.
    lines = [f"{name}: {json.dumps(text, ensure_ascii=False)}" for name, text in values.items()]
    tags = json.dumps(["headstart", "transfer-learning", result.task])
    return "\n".join(["---", *lines, f"tags: {tags}", "---"])


def _what(result: FitResult, facts: Mapping[str, str]) -> str:
    description = facts.get("description") or f"A model for {result.task}."
    labels = f"\n\nIt tells apart: {_line(facts['labels'])}." if facts.get("labels") else ""
    made = (
        f"It stands on the pretrained backbone {_code(result.backbone)}, was made by headstart with the rung "
        f"{_code(result.chosen)}, and took {say_duration(result.seconds.total)}. "
        "The whole evidence is in `report.html` and `result.json`, next to this file."
    )
    return f"{_line(description)}{labels}\n\n{made}"


def _figures(result: FitResult, higher_is_better: Mapping[str, bool]) -> str:
    kept = next((rung for rung in result.rungs if rung.kept), None)
    figures = result.test if result.test is not None else kept.validation if kept else {}
    if not figures:
        return "It was not measured."
    split, number = ("test", result.examples.test) if result.test is not None else _held_out(result.examples)
    rows = [_row(name, Figure(*figure), higher_is_better.get(name, True)) for name, figure in figures.items()]
    out_of_fold = (
        ""
        if result.test is not None or result.examples.validation
        else " Each was judged by a model that did not see it."
    )
    caveat = "" if result.test is not None else " They also chose the model, so the figures are slightly optimistic."
    table = "\n".join(["| figure | value | 95 % interval |", "|---|---:|---:|", *rows])
    return f"Measured on {number:,} {split} examples.{out_of_fold}{caveat}\n\n{table}"


def _row(name: str, figure: Figure, higher_is_better: bool) -> str:
    said = (each(name, figure, higher_is_better) for each in (figure_value, figure_interval))
    return "| " + " | ".join([_line(figure_name(name)), *said]) + " |"


def _held_out(counts: ExampleCounts) -> tuple[str, int]:
    return ("validation", counts.validation) if counts.validation else ("training", counts.train)


def _usage(facts: Mapping[str, str]) -> str:
    given = " ".join(facts.get("input", "").split())
    # A list holds inputs; a path alone, without the list, any folder or table of them.
    python = f"[{json.dumps(given)}]" if given else '"NEW_DATA"'
    given = given or "NEW_DATA"
    return (
        f"```\nheadstart predict MODEL {given} -o predictions.csv\n```\n\n"
        "`MODEL` is this folder. In Python:\n\n"
        f'```python\nimport headstart\n\nmodel = headstart.load("MODEL")\nmodel.predict({python})\n```'
    )


def _data(counts: ExampleCounts, facts: Mapping[str, str]) -> str:
    source = f"{_line(facts['data'])}\n\n" if facts.get("data") else ""
    rows = [("training", counts.train), ("validation", counts.validation), ("test", counts.test)]
    rows.append(("set aside as unreadable", counts.set_aside))
    lines = [f"| {name} | {number:,} |" for name, number in rows if number]
    return source + "\n".join(["| split | examples |", "|---|---:|", *lines])


def _limits(result: FitResult, facts: Mapping[str, str]) -> str:
    limits = [_line(facts["limits"])] if facts.get("limits") else []
    limits += [_line(finding.summary) for finding in result.findings if finding.severity != "info"]
    return "\n".join(f"- {limit}" for limit in (*limits, *_BACKBONE_LIMITS))


def _provenance(result: FitResult, facts: Mapping[str, str]) -> str:
    rows = {"task": result.task.replace("_", " "), "backbone": _cell(result.backbone), "rung": _cell(result.chosen)}
    rows["seed"] = str(result.seed)
    rest = {name: text for name, text in facts.items() if name not in (*_FRONT, *_WORDS)}
    rows |= {_line(name): _line(str(text)) for name, text in rest.items()}
    lines = [f"| {name} | {text} |" for name, text in rows.items()]
    return "\n".join(["| what | value |", "|---|---|", *lines])


def _line(text: str) -> str:
    """`text` on one line, with everything that HTML or Markdown would take for its own made harmless."""
    text = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for sign in "\\`*_[]#|":
        text = text.replace(sign, "\\" + sign)
    return text


def _cell(name: str) -> str:
    """`name` as code within a table, where a bar would end the cell."""
    return _code(name.replace("|", "/"))


def _code(name: str) -> str:
    return "`" + " ".join(name.replace("`", "'").split()) + "`"
