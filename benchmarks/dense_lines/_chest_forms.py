"""The chest X-rays of ``chest_xray`` as they are, as 16-bit PNG, and as DICOM of 12 bits, written from them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

Write = Callable[[Path, np.ndarray, int], None]
"""A path without its ending, grey pixels (H, W) uint8 and the number of the picture → a file."""


def as_sixteen_bits(path: Path, pixels: np.ndarray, number: int) -> None:
    """A PNG whose white is 65535."""
    Image.fromarray(pixels.astype(np.uint16) * 257).save(path.with_suffix(".png"))


def as_dicom(path: Path, pixels: np.ndarray, number: int) -> None:
    """12 bits stored in 16, rescaled by a slope, shown through a window; every second one with white as nought.

    The window (PS3.3 C.11.2.1.2.1) has a centre and a width that make the least stored value black and 255 white.
    """
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

    inverted, stored = number % 2 == 1, pixels.astype(np.uint16) * 16
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = SecondaryCaptureImageStorage
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = generate_uid()
    data.PatientID, data.PatientName = f"P{number}", f"Name^{number}"
    data.Rows, data.Columns = pixels.shape
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME1" if inverted else "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 12, 11, 0
    data.RescaleSlope, data.RescaleIntercept = 2, -1000
    data.WindowCenter, data.WindowWidth = 255 * 16 - 1000 + 0.5, 2 * 255 * 16 + 1
    data.PixelData = (255 * 16 - stored if inverted else stored).tobytes()
    data.save_as(path.with_suffix(".dcm"), enforce_file_format=True)


def written(source: Path, target: Path, write: Write | None) -> Path:
    """The set in another form, split folders and class folders kept; copied as it is without `write`."""
    for number, path in enumerate(sorted(source.glob("t*/*/*.jpg"))):
        place = target / path.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        if write is None:
            shutil.copy(path, place)
            continue
        with Image.open(path) as picture:
            write(place, np.asarray(picture.convert("L")), number)
    return target
