"""What is said of pictures that are called by words of medicine; and that others are left in peace."""

from __future__ import annotations

from pathlib import Path

import pytest

from headstart.data.modalities.image import Image
from headstart.data.modalities.text import Text

DEVICE = "This is not a medical device"


@pytest.mark.parametrize(
    ("names", "files", "told"),
    [
        (["pneumonia", "no_findings"], [], "pneumonia"),
        (["chest_xray (class folders)"], [], "xray"),
        (["Chest X-Ray", "COVID-19"], [], "covid, xray"),
        (["covid19", "normal"], [], "covid"),
        (["Patient ID"], [], "patient"),
        ([], ["scans/patient00012_view1.png"], "patient"),
    ],
)
def test_names_of_medicine_are_told_with_the_caution(names: list[str], files: list[str], told: str) -> None:
    said = Image().caution([Path(file) for file in files], names)
    assert said.startswith(f"Names in these data are of medicine ({told}). {DEVICE}")


@pytest.mark.parametrize(
    "names", [["3", "7", "mnist"], ["dog", "impatient", "cancerian"], ["text", "page_12", "MRIs"]]
)
def test_other_names_say_nothing(names: list[str]) -> None:
    assert Image().caution([Path("page_12.png"), "x"], names) == ""


def test_texts_are_no_pictures_of_patients() -> None:
    assert Text().caution(["the patient doctor"], ["covid"]) == ""
