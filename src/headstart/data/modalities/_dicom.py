"""DICOM files: one frame as a doctor sees it, rescaled and windowed; nothing that names a person."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO

import numpy as np
import PIL.Image

from headstart.core.errors import first_line
from headstart.core.optional import require
from headstart.data.modalities._window import full_range, percentile_range, scaled

EXTRA = "medical"
_MARK, _MARK_AT = b"DICM", 128

_PIXELS = [
    "SOPClassUID",
    "Rows",
    "Columns",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "PlanarConfiguration",
    "NumberOfFrames",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "PixelPaddingValue",
    "PixelPaddingRangeLimit",
    "PixelData",
    "FloatPixelData",
    "DoubleFloatPixelData",
    "ExtendedOffsetTable",
    "ExtendedOffsetTableLengths",
    "RescaleSlope",
    "RescaleIntercept",
    "ModalityLUTSequence",
    "WindowCenter",
    "WindowWidth",
    "VOILUTFunction",
    "VOILUTSequence",
    "PresentationLUTShape",
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
    "RedPaletteColorLookupTableDescriptor",
    "GreenPaletteColorLookupTableDescriptor",
    "BluePaletteColorLookupTableDescriptor",
    "RedPaletteColorLookupTableData",
    "GreenPaletteColorLookupTableData",
    "BluePaletteColorLookupTableData",
]
"""All that is read of a file whose picture is wanted: what names a person is never looked at."""

_OWNERS = ("PatientID", "StudyInstanceUID", "SeriesInstanceUID")
_DATA = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
_OF_A_FRAME = ("PixelValueTransformationSequence", "FrameVOILUTSequence")

Shown = Callable[[np.ndarray], np.ndarray]
"""What makes of rescaled values (H, W) doubles from 0, black, to 255."""


def is_dicom(start: bytes) -> bool:
    """Whether a file that begins so is DICOM."""
    return start[_MARK_AT : _MARK_AT + len(_MARK)] == _MARK


def frames(file: BinaryIO) -> int:
    """How many pictures the file holds.

    Raises
    ------
    ValueError : it cannot be read.
    """
    return frames_of(header_of(file, ["NumberOfFrames"], pixels=False))


def size(file: BinaryIO) -> tuple[int, int]:
    """(width, height) of its pictures in pixels, 0 where it has none; ``ValueError`` where it cannot be read."""
    header = header_of(file, ["Rows", "Columns"], pixels=False)
    return int(header.get("Columns") or 0), int(header.get("Rows") or 0)


def owner(file: BinaryIO) -> str | None:
    """The identifier of the patient, or else of the study or the series; None where the file has none.

    Raises
    ------
    ValueError : it cannot be read.
    """
    header = header_of(file, list(_OWNERS), pixels=False)
    found = ((name, as_stored(header, name)) for name in _OWNERS)
    return next((f"{name} {value}" for name, value in found if value), None)


def as_stored(header: Any, name: str) -> str:
    """A value that nothing has looked at: where it breaks a rule, pydicom's warning would quote it."""
    tags = require("pydicom.datadict", EXTRA, "Reading DICOM files")
    element = header.get_item(tags.tag_for_keyword(name))
    value = None if element is None else element.value
    return value.decode("latin-1").strip(" \0") if isinstance(value, bytes) else str(value or "").strip()


def decoded(file: BinaryIO, place: int | None, most_pixels: int) -> PIL.Image.Image:
    """The frame at `place` (the middle one for None): ``RGB``, ``L`` of 8 bits or ``F`` from 0 to 255.

    Raises
    ------
    ValueError : it holds no picture, is damaged, too large, or compressed as nothing installed here can undo.
    """
    raw, header = stored_frame(file, place, most_pixels)
    with _damage_as_sentence():
        return _coloured(raw) if raw.ndim == 3 else _greys([(raw, header)])[0]


def decoded_together(slices: Sequence[tuple[BinaryIO, int]], most_pixels: int) -> list[PIL.Image.Image]:
    """Neighbouring slices, a file and a frame of it each, as grey pictures with the window of the middle one.

    Where there is no window, one range is shown of all of them: 8 bits where each fits, else between two percentiles.

    Raises
    ------
    ValueError : as :func:`decoded`; or they are coloured, or differ in size.
    """
    taken = [stored_frame(file, place, most_pixels) for file, place in slices]
    if any(raw.ndim == 3 for raw, _ in taken):
        raise ValueError("the slices are coloured; a stack is made of grey ones")
    if len({raw.shape for raw, _ in taken}) > 1:
        sizes = sorted({f"{raw.shape[1]}×{raw.shape[0]}" for raw, _ in taken})
        raise ValueError(f"neighbouring slices of the series differ in size ({' and '.join(sizes)} pixels)")
    with _damage_as_sentence():
        return _greys(taken)


def stored_frame(file: BinaryIO, place: int | None, most_pixels: int) -> tuple[np.ndarray, Any]:
    """The stored values (H, W), or (H, W, 3) of colours, of the frame at `place`, and what is to be known of it.

    ``ValueError`` as for :func:`decoded`.
    """
    header = header_of(file, _PIXELS)
    _refuse(header, most_pixels)
    place = frames_of(header) // 2 if place is None else place
    with _damage_as_sentence():
        raw = _pydicom_pixels().pixel_array(header, index=place)
        if str(header.PhotometricInterpretation) == "PALETTE COLOR":
            raw = _pydicom_pixels().apply_color_lut(raw, header)
        return raw, _of_frame(header, place)


def header_of(file: BinaryIO, tags: list[str], pixels: bool = True) -> Any:
    """These elements alone of a file; nothing else of it is parsed.

    Raises
    ------
    ValueError : it cannot be read.
    """
    dicom = require("pydicom", EXTRA, "Reading DICOM files")
    try:
        return dicom.dcmread(file, specific_tags=tags, stop_before_pixels=not pixels)
    except dicom.errors.InvalidDicomError as error:
        raise ValueError("the file is no DICOM file (the mark DICM is not where it should be)") from error
    except Exception as error:  # a damaged header raises nearly anything; what it says may quote the header
        raise ValueError(f"the DICOM file is damaged or cut short ({type(error).__name__} in its header)") from error


def _pydicom_pixels() -> Any:
    return require("pydicom.pixels", EXTRA, "Reading DICOM files")


def frames_of(header: Any) -> int:
    """How many pictures a file with this header holds."""
    try:
        return max(1, int(header.get("NumberOfFrames") or 1))
    except (TypeError, ValueError):
        return 1


def _refuse(header: Any, most_pixels: int) -> None:
    """Raise ValueError where there is no picture to decode."""
    if not any(name in header for name in _DATA) or not header.get("Rows") or not header.get("Columns"):
        kind = getattr(header.get("SOPClassUID"), "name", "") or "of an unknown kind"
        raise ValueError(f"the DICOM file holds no picture or is cut short before it (it is: {kind})")
    if header.Rows * header.Columns > most_pixels:
        raise ValueError(
            f"the DICOM file claims {header.Columns}×{header.Rows} pixels; the limit is {most_pixels / 1e6:.0f} "
            "megapixels, beyond which a file may be a decompression bomb"
        )
    syntax = getattr(header.file_meta, "TransferSyntaxUID", None)
    if syntax is None:
        raise ValueError("the DICOM file does not say how its pixels are stored (no transfer syntax)")
    if not _decodable(syntax):
        raise ValueError(
            f"the DICOM file's pixels are compressed as {syntax.name}, which nothing installed here decodes; "
            "pip install 'pylibjpeg[all]' adds decoders"
        )


def _decodable(syntax: Any) -> bool:
    if not syntax.is_compressed:
        return True
    try:
        return bool(_pydicom_pixels().get_decoder(syntax).is_available)
    except NotImplementedError:
        return False


def _of_frame(header: Any, place: int) -> Any:
    """The header with the rescaling and the window that an enhanced file keeps for all frames, or for this one."""
    shared, own = (header.get(f"{which}FunctionalGroupsSequence") or [] for which in ("Shared", "PerFrame"))
    for group in [*shared[:1], *own[place : place + 1]]:
        for sequence in _OF_A_FRAME:
            for item in (group.get(sequence) or [])[:1]:
                header.update({element.tag: element for element in item if element.keyword in _PIXELS})
    return header


def _coloured(raw: np.ndarray) -> PIL.Image.Image:
    """(H, W, 3) of 8 or 16 bits, already RGB."""
    pixels = raw if raw.dtype == np.uint8 else scaled(raw, *full_range(raw.dtype)).round().astype(np.uint8)
    return PIL.Image.fromarray(np.ascontiguousarray(pixels))


def _greys(stored: Sequence[tuple[np.ndarray, Any]]) -> list[PIL.Image.Image]:
    """Slices, stored values (H, W) and a header each, as pictures that are all scaled alike."""
    rescaled = [_pydicom_pixels().apply_modality_lut(raw, header) for raw, header in stored]
    middle = stored[len(stored) // 2][1]
    shown = _as_the_file_says(middle) or _between(*_span(rescaled, stored))
    return [_grey(shown(values), raw, header) for values, (raw, header) in zip(rescaled, stored, strict=True)]


def _grey(shades: np.ndarray, raw: np.ndarray, header: Any) -> PIL.Image.Image:
    """(H, W) doubles from 0 to 255 → the picture: MONOCHROME1 turned round, padding black."""
    inverted = header.PhotometricInterpretation == "MONOCHROME1" or header.get("PresentationLUTShape") == "INVERSE"
    shades = 255 - shades if inverted else shades
    shades[_padding(raw, header)] = 0
    if raw.dtype.itemsize == 1 and not np.any(shades % 1):
        return PIL.Image.fromarray(shades.astype(np.uint8))
    return PIL.Image.fromarray(shades.astype(np.float32))


def _padding(raw: np.ndarray, header: Any) -> np.ndarray:
    """(H, W) booleans: pixels that fill up what was never measured."""
    value = header.get("PixelPaddingValue")
    if value is None:
        return np.zeros(raw.shape, bool)
    low, high = sorted((int(value), int(header.get("PixelPaddingRangeLimit", value))))
    return (raw >= low) & (raw <= high)


def _as_the_file_says(header: Any) -> Shown | None:
    """By its table or its window; None without one."""
    pixels = _pydicom_pixels()
    if header.get("VOILUTSequence"):
        depth = int(header.VOILUTSequence[0].LUTDescriptor[2])
        return lambda values: scaled(pixels.apply_voi_lut(values, header), 0, 2**depth - 1)
    if not _has_window(header):
        return None
    ends = np.array([[-1e12, 1e12]])  # what the window makes of anything below it, and above
    with np.errstate(over="ignore"):
        low, high = pixels.apply_windowing(ends, header)[0]
    return lambda values: scaled(pixels.apply_windowing(values, header), low, high)


def _between(low: float, high: float) -> Shown:
    return lambda values: scaled(values, low, high)


def _span(rescaled: Sequence[np.ndarray], stored: Sequence[tuple[np.ndarray, Any]]) -> tuple[float, float]:
    """What is shown without a window: all of 8 bits where every slice keeps to them, else what lies between two
    percentiles of the `rescaled` values of all, padding left out.
    """
    both = [(values, raw, header) for values, (raw, header) in zip(rescaled, stored, strict=True)]
    if all(_keeps_to_eight_bits(values, header) for values, _, header in both):
        return full_range(np.dtype(np.uint8))
    return percentile_range(np.concatenate([values[~_padding(raw, header)] for values, raw, header in both]))


def _keeps_to_eight_bits(values: np.ndarray, header: Any) -> bool:
    return bool(int(header.get("BitsStored") or 16) <= 8 and values.min() >= 0 and values.max() <= 255)


def _has_window(header: Any) -> bool:
    """Whether there is a window that means something: a width of nought shows nothing."""
    width = header.get("WindowWidth")
    if width is None or header.get("WindowCenter") is None:
        return False
    first = float(width if isinstance(width, float | int | str) else width[0])  # of several windows the first
    return first >= 1 or (first > 0 and header.get("VOILUTFunction") in ("LINEAR_EXACT", "SIGMOID"))


@contextlib.contextmanager
def _damage_as_sentence() -> Iterator[None]:
    try:
        yield
    except MemoryError as error:
        raise ValueError("the DICOM picture does not fit into memory") from error
    except Exception as error:  # decoders of damaged pixels raise nearly anything
        raise ValueError(f"the DICOM file is damaged or cut short ({first_line(error)})") from error
