"""Fits on medical files: nobody's name gets out, patients stay whole, volumes are judged by their middle."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import headstart
from headstart.core.errors import UsageError
from headstart.data.examples import Examples
from headstart.data.modalities.image import Image as Images
from headstart.experiment.fitting import flow
from headstart.experiment.material import Found
from headstart.experiment.patients import with_patients, with_slices
from scans import SECRETS, pydicom, write_dicom, write_nifti
from small_world import PHOTO_PROBE, status, table

PATIENTS = 16
NOT_A_DEVICE = "not a medical device"


def grey(kind: int, random: np.random.Generator) -> np.ndarray:
    """(24, 24) uint16 of 12 bits: a bright half, on the left or on the right."""
    values = random.integers(0, 800, (24, 24))
    values[:, 12 * kind : 12 * kind + 12] += 2800
    return values.astype(np.uint16)


@pytest.fixture
def scans(at_hand: Path) -> Path:
    """Three DICOM files of each of 16 patients, eight patients a class."""
    random = np.random.default_rng(0)
    for patient in range(PATIENTS):
        for number in range(3):
            path = at_hand / "scans" / ("left", "right")[patient % 2] / f"{3 * patient + number:03d}.dcm"
            write_dicom(path, grey(patient % 2, random), f"PID-{patient:03d}", BitsStored=12)
    return at_hand / "scans"


def secrets_of(folder: Path) -> set[str]:
    """Every value in these files that tells who somebody is."""
    found = set(SECRETS.values()) | {part for name in SECRETS.values() for part in name.split("^") if "^" in name}
    for path in folder.rglob("*.dcm"):
        data = pydicom.dcmread(path)
        found |= {data.PatientID, data.StudyInstanceUID, data.SeriesInstanceUID, data.SOPInstanceUID}
    return found


def written(*folders: Path) -> Iterator[tuple[Path, bytes]]:
    for folder in folders:
        yield from ((path, path.read_bytes()) for path in folder.rglob("*") if path.is_file())


def test_nothing_that_names_a_person_is_written_or_said(
    scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (scans / "left" / "cut.dcm").write_bytes((scans / "left" / "000.dcm").read_bytes()[:-400])
    secrets, cache = secrets_of(scans), tmp_path / "store"
    monkeypatch.setenv("HEADSTART_CACHE", str(cache))
    out, model = tmp_path / "out", tmp_path / "out" / "model"
    common = ("--budget", "30s", *PHOTO_PROBE)
    assert status("fit", scans, "--out", model, "--json", *common) == 0
    assert status("fit", scans, "--out", out / "again", *common) == 0
    assert (
        status("check", scans, "--json", "--report", out / "check.html", "--fail-on", "never", *PHOTO_PROBE[:2]) == 0
    )
    assert status("predict", model, scans, "-o", out / "predictions.csv") == 0
    assert status("evaluate", model, scans, "--json") == 0
    assert status("explain", model, scans / "left" / "000.dcm", "--out", out / "why") == 0
    said = capfd.readouterr()
    told = [(Path("stdout"), said.out.encode()), (Path("stderr"), said.err.encode())]
    files = list(written(out, cache))
    assert list(written(cache))
    assert {path.name for path, _ in files} >= {"report.html", "model.json", "check.html", "predictions.csv"}
    for path, content in [*told, *files]:
        for secret in secrets:
            assert secret.encode() not in content, f"{secret} in {path}"
    assert "Patients: 16, by the identifiers in the files; each stays in one split." in said.err
    assert "left/cut.dcm" in said.err
    for name in ("report.html", "README.md"):
        assert NOT_A_DEVICE in (model / name).read_text(encoding="utf-8")


def test_files_without_an_ending_are_learnt_predicted_and_explained(
    scans: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in sorted(scans.rglob("*.dcm")):
        path.rename(path.with_name(f"1.2.840.{int(path.stem)}"))
    model, side = tmp_path / "model", scans / "left"
    assert status("fit", scans, "--out", model, "--strategy", "feature_extraction", *PHOTO_PROBE[:2]) == 0
    assert "Patients: 16, by the identifiers in the files" in capsys.readouterr().err
    assert status("predict", model, side, "-o", tmp_path / "table.csv") == 0
    rows = (tmp_path / "table.csv").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 1 + 3 * PATIENTS // 2
    assert all(row.startswith("1.2.840.") and ",left," in row for row in rows[1:])
    assert status("explain", model, side / "1.2.840.0", "--out", tmp_path / "why") == 0
    assert any(path.name.startswith("1.2.840.0") for path in (tmp_path / "why").rglob("*"))
    assert status("predict", model, side / "1.2.840.0") == 0
    assert NOT_A_DEVICE in (model / "README.md").read_text(encoding="utf-8")
    assert not re.search(r"new\.\d", (model / "README.md").read_text(encoding="utf-8"))  # no ending is a number
    assert "data:image/jpeg" in (model / "report.html").read_text(encoding="utf-8")


def test_pictures_that_are_not_medical_carry_no_caution(scans: Path, at_hand: Path) -> None:
    for path in scans.rglob("*.dcm"):
        target = at_hand / "pictures" / path.parent.name / f"{path.stem}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pydicom.dcmread(path).pixel_array).save(target)
    model = headstart.fit(at_hand / "pictures", backbone=PHOTO_PROBE[1], strategy="feature_extraction", quiet=True)
    assert NOT_A_DEVICE not in model.report + model.card


def examples_of(scans: Path, further: dict | None = None, splits: list | None = None) -> Examples:
    paths = sorted(scans.rglob("*.dcm"))
    targets = [path.parent.name for path in paths]
    return Examples("image", paths, [path.name for path in paths], targets, splits, further=further or {})


def test_each_patient_stays_in_one_split_unless_told_otherwise(scans: Path) -> None:
    images, examples = Images(), examples_of(scans)
    grouped = with_patients(examples, images, None)
    assert grouped.groups is not None
    assert len(set(grouped.groups)) == PATIENTS
    owner = {path: pydicom.dcmread(path).PatientID for path in examples.references}
    pairs = {(owner[path], group) for path, group in zip(grouped.references, grouped.groups, strict=True)}
    assert len(pairs) == PATIENTS
    assert with_patients(examples, images, "auto").groups == grouped.groups
    assert with_patients(examples, images, "none") is examples


@pytest.mark.parametrize("column", ["patient", "Patient_ID", "patientId", "subject", "participant_id"])
def test_a_column_of_patients_is_heeded(column: str) -> None:
    cells = [f"secret-{row // 4}" for row in range(40)]
    cells[3] = None
    examples = Examples("image", ["x.png"] * 40, list(map(str, range(40))), further={column: cells})
    grouped = with_patients(examples, Images(), None)
    assert grouped.groups is not None
    assert len(set(grouped.groups)) == 11  # ten patients, and the row of which nothing is known
    assert grouped.groups[0] == grouped.groups[2] != grouped.groups[3] != grouped.groups[4]
    assert f"by the column {column!r}" in grouped.notes[-1]
    assert not any("secret" in word for word in (*grouped.groups, *grouped.notes))


def test_what_are_no_patients_is_left_alone() -> None:
    rows = list(map(str, range(40)))
    for name, cells in {
        "patient": rows,  # everybody has one
        "subject": ["Re: your order", "Hello there"] * 20,  # of letters
        "impatient": [f"p{row // 4}" for row in range(40)],
    }.items():
        examples = Examples("image", ["x.png"] * 40, rows, further={name: cells})
        assert with_patients(examples, Images(), None) is examples, name
    two = Examples("image", ["x.png"] * 40, rows, further={"patient": ["a", "b"] * 20})
    assert with_patients(two, Images(), None).groups is None
    assert "2 patients" in with_patients(two, Images(), None).notes[-1]


def named_files(*names: str) -> Examples:
    """Files of these names in class folders, given as a table gives them: a path and the number of a row."""
    paths = [Path("/data", kind, name) for name in names for kind in ("ill", "ok")]
    return Examples("image", paths, [f"x.csv row {i}" for i in range(len(paths))], [path.parts[2] for path in paths])


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("patient_{:03d}_{}.png", "patient"),
        ("patient{}/{}.png", "patient"),
        ("Patient-ID 7{:02d}/view{}.png", "patient"),
        ("patient_scans/Participant_{}x/{}.png", "participant"),
        ("sub-{:02d}_run-{}.nii.gz", "subject"),
        ("patients/subject=A{}_{}.png", "subject"),
        ("patient_{0:c}{0:c}_{1}.png", "patient"),
    ],
)
def test_patients_that_the_names_of_files_tell_stay_whole(name: str, word: str) -> None:
    letters = 65 if ":c" in name else 0
    examples = named_files(*(name.format(letters + patient, number) for patient in range(6) for number in range(3)))
    grouped = with_patients(examples, Images(), None)
    assert grouped.groups == [f"patient {patient + 1}" for patient in range(6) for _ in range(6)]
    assert grouped.notes[-1].startswith(
        f"Patients: 6, by the names of files and folders ({word!r} and what follows);"
    )
    assert with_patients(examples, Images(), "none") is examples


@pytest.mark.parametrize("name", ["patient_left_{}.png", "inpatient{}.png", "patient{}.png", "clip{}_1.png"])
def test_names_that_tell_no_patients_are_left_alone(name: str) -> None:
    names = sorted({name.format(number) for number in range(12)})
    examples = Examples("image", ["x.png"] * 12, names, ["ill", "ok"] * 6)
    assert with_patients(examples, Images(), None) is examples


def test_files_go_before_a_column_and_that_before_names_unless_they_tell_too_few(scans: Path) -> None:
    paths = sorted(scans.rglob("*.dcm"))
    names = [f"patient{row // 12}_{row}.dcm" for row in range(len(paths))]
    column = {"patient": [str(row // 6) for row in range(len(paths))]}
    by_all = Examples("image", list(map(str, paths)), names, further=column)
    counts = []
    for examples in (by_all, replace(by_all, references=names), replace(by_all, references=names, further={})):
        counts.append(len(set(with_patients(examples, Images(), None).groups or [])))
    assert counts == [PATIENTS, 8, 4]
    one = replace(by_all, further={"patient": ["anonymous"] * len(names)}, references=names)
    assert len(set(with_patients(one, Images(), None).groups or [])) == 4


@pytest.mark.parametrize("layout", ["split folders", "masks", "boxes"])
def test_patients_in_names_are_kept_whole_for_every_task_and_given_splits_are_kept(
    layout: str, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    random, data = np.random.default_rng(0), at_hand / "data"
    folders = {
        "split folders": ["train/ill", "train/ok", "test/ill", "test/ok"],
        "masks": ["images"],
        "boxes": ["images"],
    }[layout]
    for patient in range(16):
        for number in range(4):
            name = f"patient_{patient:03d}_{number}"
            folder = folders[number // 2 * 2 + patient % 2] if len(folders) > 1 else folders[0]
            path = data / folder / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(random.integers(0, 255, (32, 32, 3)).astype(np.uint8)).save(path)
            if layout == "masks":
                (data / "masks").mkdir(exist_ok=True)
                mask = np.zeros((32, 32), np.uint8)
                mask[4:20, 8:24] = 1
                Image.fromarray(mask).save(data / "masks" / f"{name}.png")
            if layout == "boxes":
                (data / "labels").mkdir(exist_ok=True)
                (data / "labels" / f"{name}.txt").write_text("0 0.5 0.5 0.4 0.4")
                (data / "classes.txt").write_text("ball")
    status("check", data, "--backbone", "none", "--fail-on", "never")
    said = capsys.readouterr()
    kept = "what is divided keeps each whole" if layout == "split folders" else "each stays in one split"
    assert f"Patients: 16, by the names of files and folders ('patient' and what follows); {kept}." in said.err
    if layout == "split folders":
        assert "The given splits part 16 groups (patient 1, " in said.err
        assert "Of 16 groups that were to be kept whole the splits tear 16 apart" in said.out
    else:
        assert "[groups]" not in said.out


def test_a_table_that_names_patients_is_divided_by_them(
    scans: Path, at_hand: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        {"path": str(path), "side": path.parent.name, "patient": f"p{int(path.stem) // 3}"}
        for path in sorted(scans.rglob("*.dcm"))
    ]
    for row in rows:
        png = Path(row["path"]).with_suffix(".png")
        Image.fromarray(pydicom.dcmread(row["path"]).pixel_array).save(png)
        row["path"] = str(png)
    data = table(at_hand / "scans.csv", rows)
    common = ("--target", "side", "--input", "path", "--backbone", "none", "--fail-on", "never")
    assert status("check", data, *common) == 0
    assert "Patients: 16, by the column 'patient'; each stays in one split." in capsys.readouterr().err
    assert status("check", data, "--group", "none", *common) == 0
    assert "Patients:" not in capsys.readouterr().err


def test_a_volume_is_judged_by_its_middle_and_learnt_from_by_its_slices(at_hand: Path) -> None:
    random = np.random.default_rng(0)
    for number in range(20):
        kind = number % 2
        values = np.stack([grey(kind, random).T for _ in range(12)], axis=2).astype(np.float32)
        write_nifti(at_hand / "volumes" / ("left", "right")[kind] / f"{number:02d}.nii.gz", values, (1, 1, 3))
    model = headstart.fit(at_hand / "volumes", backbone=PHOTO_PROBE[1], strategy="feature_extraction", quiet=True)
    counts = model.result.examples
    assert counts.test + counts.validation == 8  # a volume each, none twice
    assert counts.train == 12 * 9
    assert NOT_A_DEVICE in model.card
    files = sorted((at_hand / "volumes").rglob("*.nii.gz"))
    assert model.predict(files) == [path.parent.name for path in files]
    assert set(json.loads(json.dumps(model.result.to_json()))["examples"].values()) == {4, 108, 0}


def test_slices_stay_with_their_file_and_out_of_given_judging_splits(at_hand: Path) -> None:
    clips = [
        write_dicom(at_hand / f"{i}.dcm", np.full((20, 4, 4), i, np.uint8), f"PID-{i // 2}", NumberOfFrames=20)
        for i in range(8)
    ]
    splits = ["train"] * 6 + ["validation", "test"]
    examples = Examples("image", clips, [clip.name for clip in clips], list("abababab"), splits)
    grown = with_slices(with_patients(examples, Images(), "none"), Images())
    assert len(grown) == 8 + 6 * 8
    assert grown.ids[8] == "0.dcm part 2"
    assert grown.extra is not None
    assert sum(grown.extra) == 48
    assert [split for split, extra in zip(grown.splits or [], grown.extra, strict=True) if extra] == ["train"] * 48
    assert len(set(grown.groups or [])) == 8
    by_patient = with_slices(with_patients(examples, Images(), None), Images())
    assert len(set(by_patient.groups or [])) == 4
    assert with_slices(examples_of(at_hand / "nowhere"), Images()).extra is None


def test_other_slices_do_not_get_the_boxes_of_the_middle_one(at_hand: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(6):
        values, path = np.full((9, 40, 40), number, np.uint8), at_hand / "boxes" / "images" / f"{number}.dcm"
        write_dicom(path, values, NumberOfFrames=9)
        label = at_hand / "boxes" / "labels" / f"{number}.txt"
        label.parent.mkdir(exist_ok=True)
        label.write_text("0 0.5 0.5 0.4 0.4")
    (at_hand / "boxes" / "classes.txt").write_text("ball")
    files = sorted((at_hand / "boxes" / "images").iterdir())
    seen = []

    def stopped(found: Found, *_: object) -> None:
        seen.append(found.examples)
        raise UsageError("far enough")

    monkeypatch.setattr(flow, "compute_ahead", stopped)
    for data in ((files, list("ababab")), at_hand / "boxes"):
        with pytest.raises(UsageError, match="far enough"):
            headstart.fit(data, backbone="tiny_resnet", group="none", quiet=True)
    assert [len(examples) for examples in seen] == [6 + 6 * 6, 6]


def test_series_as_short_stacks_keep_patients_whole_and_name_nobody(
    at_hand: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    random = np.random.default_rng(0)
    data = at_hand / "series"
    for case in range(24):  # two series of each of twelve patients
        kind, uid = case // 2 % 2, f"1.2.826.{case}"
        for place in range(4):
            tags = {"SeriesInstanceUID": uid, "InstanceNumber": place, "BitsStored": 12}
            path = data / ("left", "right")[kind] / f"case{case:02d}" / f"{place}.dcm"
            write_dicom(path, grey(kind, random), f"PID-{case // 2:03d}", **tags)
    secrets, cache, out = secrets_of(data), tmp_path / "store", tmp_path / "out"
    monkeypatch.setenv("HEADSTART_CACHE", str(cache))
    model = out / "model"
    common = ("--stack", "5", "--strategy", "fine_tuning:freeze_depth=0,epochs=3,views=0", *PHOTO_PROBE[:2])
    assert status("fit", data, "--out", model, "--budget", "30s", *common) == 0
    described = json.loads((model / "model.json").read_text(encoding="utf-8"))
    assert described["backbone"]["preprocess"]["stack"] == 5
    assert status("predict", model, data / "left", "-o", out / "predictions.csv") == 0
    rows = (out / "predictions.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert len(rows) == 12  # a row a series
    assert all(re.match(r"case\d\d/0.dcm and 3 more,(left|right),", row) for row in rows)
    assert sum(" and 3 more,left," in row for row in rows) > 9  # three epochs learn the classes, if not every series
    assert status("evaluate", model, data, "--json") == 0
    assert status("explain", model, data / "left" / "case00", "--out", out / "why") == 0
    assert status("check", data, "--report", out / "check.html", "--fail-on", "never", *common[:2], *common[4:]) == 0
    said = capfd.readouterr()
    told = [(Path("stdout"), said.out.encode()), (Path("stderr"), said.err.encode())]
    files = list(written(out, cache))
    assert list(written(cache))
    assert {path.name for path, _ in files} >= {"report.html", "model.json", "check.html", "predictions.csv"}
    for path, content in [*told, *files]:
        for secret in secrets:
            assert secret.encode() not in content, f"{secret} in {path}"
    assert "Stacks of 5 slices: 24 volumes of 96 files." in said.err
    assert "Patients: 12, by the identifiers in the files; each stays in one split." in said.err
    assert status("fit", data, "--out", out / "again", "--backbone", model, "--budget", "30s") == 2
    assert "say --stack 5" in capfd.readouterr().err
    assert status("check", data, "--stack", "4") == 2
    assert "an odd number of slices" in capfd.readouterr().err
