"""Writes small DICOM and NIfTI files for tests, with everything in them that names a person."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pydicom = pytest.importorskip("pydicom", reason="the extra medical is not installed")
nibabel = pytest.importorskip("nibabel", reason="the extra medical is not installed")

from pydicom.dataset import Dataset, FileMetaDataset  # noqa: E402
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid  # noqa: E402

SECRETS = {
    "PatientName": "Quixote^Alonso",
    "PatientBirthDate": "15470929",
    "PatientAddress": "La Mancha 1605",
    "OtherPatientIDs": "OTHER-778899",
    "ReferringPhysicianName": "Cervantes^Miguel",
    "InstitutionName": "Hospital de Esquivias",
    "AccessionNumber": "ACC-424242",
    "StudyDescription": "Knightly chest",
}
"""What must never be found in anything that is written or said; PatientID and the UIDs come on top."""


def write_dicom(path: Path, pixels: np.ndarray, patient: str = "PID-112233", **tags: Any) -> Path:
    """`pixels` (H, W), (H, W, 3) or, with ``NumberOfFrames``, (F, H, W), stored as they are; `tags` override.

    Its UIDs are its own and the same in every run, as everything that is divided by its content must be.
    """
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = tags.pop("TransferSyntaxUID", ExplicitVRLittleEndian)
    data.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    own = [*path.parts[-2:], patient, pixels.tobytes().hex()]
    study, series, instance = (generate_uid(entropy_srcs=[level, *own]) for level in ("study", "series", "instance"))
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = instance
    data.SOPClassUID = SecondaryCaptureImageStorage
    data.StudyInstanceUID, data.SeriesInstanceUID = study, series
    if patient:
        data.PatientID = patient
    colour = pixels.ndim == 3 and "NumberOfFrames" not in tags
    data.Rows, data.Columns = pixels.shape[:2] if colour else pixels.shape[-2:]
    data.SamplesPerPixel = 3 if colour else 1
    data.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    if colour:
        data.PlanarConfiguration = 0
    data.BitsAllocated = data.BitsStored = 8 * pixels.dtype.itemsize
    data.HighBit = data.BitsStored - 1
    data.PixelRepresentation = int(pixels.dtype.kind == "i")
    for name, value in {**SECRETS, **tags}.items():
        setattr(data, name, value)
    if "BitsStored" in tags:
        data.HighBit = data.BitsStored - 1
    data.PixelData = pixels.tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data.save_as(path, enforce_file_format=True)
    return path


def write_nifti(path: Path, values: np.ndarray, zooms: tuple[float, ...] = (1, 1, 1), affine: Any = None) -> Path:
    """`values` (X, Y, Z) with voxels of `zooms` millimetres; RAS unless `affine` says otherwise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(values, np.diag([*zooms, 1.0]) if affine is None else affine), path)
    return path
