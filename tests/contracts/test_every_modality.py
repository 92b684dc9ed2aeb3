"""Every modality keeps the contract, whatever it is; a new one joins by being in the folder."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from headstart.data.modalities import MODALITIES
from headstart.data.modalities.base import Modality

NAMES = MODALITIES.names()
NO_INPUTS = [None, 3.5, object()]


@pytest.fixture(params=NAMES)
def modality(request: pytest.FixtureRequest) -> Modality:
    return MODALITIES.load(request.param)()


@pytest.mark.parametrize("name", NAMES)
def test_file_name_is_class_name_and_the_constructor_takes_nothing(name: str) -> None:
    kind = MODALITIES.load(name)
    assert issubclass(kind, Modality)
    assert kind.__module__ == f"headstart.data.modalities.{name}" or not kind.__module__.startswith("headstart")
    assert not [p for p in inspect.signature(kind).parameters.values() if p.default is p.empty]


def test_has_words_for_a_person(modality: Modality) -> None:
    assert modality.noun
    assert modality.noun == modality.noun.lower()
    assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in modality.suffixes)


def test_no_two_modalities_share_a_suffix() -> None:
    suffixes = [suffix for name in NAMES for suffix in MODALITIES.load(name)().suffixes]
    assert len(suffixes) == len(set(suffixes))


def test_what_perhaps_are_its_endings_is_asked_of_the_content(modality: Modality, tmp_path: Path) -> None:
    assert not modality.perhaps & modality.suffixes
    for ending in modality.perhaps:
        assert ending == ending.lower()
        path = tmp_path / f"senseless{ending}"
        assert not modality.holds(path)
        path.write_bytes(b"no such format" * 50)
        assert not modality.holds(path)
        assert not modality.holds(tmp_path)
        assert not modality.recognises([path])


@pytest.mark.parametrize("reference", NO_INPUTS, ids=["nothing", "number", "object"])
def test_names_the_problem_of_what_is_no_input(modality: Modality, reference: object) -> None:
    sentence = modality.problem(reference)
    assert sentence
    assert "Traceback" not in sentence
    assert not modality.recognises([reference])
    with pytest.raises(ValueError, match=re.escape(sentence)):
        modality.decode(reference)


def test_a_missing_file_is_a_problem_and_not_a_crash(modality: Modality, tmp_path: Path) -> None:
    for suffix in modality.suffixes:
        path = tmp_path / f"absent{suffix}"
        assert modality.recognises([path])
        assert modality.problem(path)


def test_an_empty_and_a_senseless_file_are_problems(modality: Modality, tmp_path: Path) -> None:
    for suffix in modality.suffixes:
        for name, content in (("empty", b""), ("senseless", b"no such format" * 50)):
            path = tmp_path / f"{name}{suffix}"
            path.write_bytes(content)
            sentence = modality.problem(path)
            assert sentence
            with pytest.raises(ValueError, match=re.escape(sentence)):
                modality.decode(path)


def test_recognises_nothing_in_an_empty_sample(modality: Modality) -> None:
    assert not modality.recognises([])
