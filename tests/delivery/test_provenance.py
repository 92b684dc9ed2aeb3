"""Where a model comes from, as it is written and as it is read again."""

from __future__ import annotations

import ast
from pathlib import Path

import headstart
from headstart.backbones.base import Card
from headstart.core.files import digest
from headstart.data.checks import Checked
from headstart.data.examples import Examples
from headstart.delivery import provenance
from headstart.delivery.provenance import provenance_of, with_adaptation, with_more_examples


def checked(source: str) -> Checked:
    return Checked(Examples("text", ["a", "b"], ["1", "2"], source=source), [], ["f", "g"], [], [], ())


def test_data_that_was_added_and_inputs_adapted_to_stand_beside_where_a_model_came_from() -> None:
    card = Card("zoo/net", "text", "mit", 10, "words")
    made = provenance_of(card, checked("old.csv"), 3, prompts=["a {}"])
    told = {"data": "old.csv", "backbone": "zoo/net", "backbone_licence": "mit", "prompts": ["a {}"], "seed": 3}
    assert told.items() <= made.items()
    assert "prompts" not in provenance_of(card, checked("old.csv"), 3)
    more = with_more_examples(made, checked("new.csv"), 4)
    assert (more["data"], more["seed"]) == ("old.csv; extended with new.csv", 4)
    assert more["data_fingerprint"] == digest(digest("f", "g"), "f", "g")
    assert with_adaptation(more, "there/", "coral") == {**more, "adapted_to": "there/", "adapted_by": "coral"}


def test_the_keys_of_adaptation_are_written_in_one_module() -> None:
    root = Path(headstart.__file__).parent
    keys = {provenance.ADAPTED_TO, provenance.ADAPTED_BY, provenance.FINGERPRINT, provenance.LICENCE}
    found = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in keys
    }
    assert found == {"delivery/provenance.py"}
