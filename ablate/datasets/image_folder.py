"""Any folder of images: decoded once into a file of uint8 pixels, which is mapped into memory and never read whole.

So a set larger than memory is trained on as any other is: the system keeps in memory the pages that fit. The decoded
file lies under the folder of the data sets, and is made again when a file of the folder changes.
"""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ablate.datasets.base import Dataset
from ablate.datasets.decode import decode
from ablate.errors import AblateWarning, MissingData
from ablate.files.data_folder import data_folder
from ablate.files.whole_files import replace, write_text
from ablate.registry import Setting, register

EXTENSIONS = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
CACHE = "decoded"
AT_ONCE = 512
"""Images that are decoded before they are written"""
MOST_NAMED = 5
"""Broken images that a warning names"""


@register(
    "dataset", "image_folder", shape=("channels", "size", "size"), classes="those of the folder",
    settings=(
        Setting("path", "text", doc="the folder"),
        Setting("size", "whole", 64, "side of the images in pixels", above=0),
        Setting("channels", "whole", 3, "1 for grey, 3 for colour", choices=(1, 3)),
    ),
)  # fmt: skip
def image_folder(path: str, size: int, channels: int) -> Dataset:
    """The images of a folder, resized and centre-cropped to a square; two or more folders in it are classes.

    The shorter side becomes `size` (bilinear, antialiased). An image that cannot be decoded is named in a warning and
    left out. Where images lie in the folder itself, or in a single folder, there are no labels.
    """
    folder = Path(path).expanduser().resolve()
    files = _files(folder)
    decoded = _decoded(folder, files, size, channels)
    if decoded.broken:
        named = "; ".join(decoded.broken[:MOST_NAMED]) + ("; …" if len(decoded.broken) > MOST_NAMED else "")
        warnings.warn(
            f"image_folder: {len(decoded.broken)} of {len(files)} images in {folder} cannot be read and are left out: "
            f"{named}",
            AblateWarning,
            stacklevel=2,
        )
    count = len(decoded.kept)
    if count < 2:
        raise MissingData(f"image_folder: {folder} holds {count} readable images; at least 2 are needed")
    shape = (channels, size, size)
    pixels = torch.from_file(str(decoded.pixels), shared=False, size=count * channels * size * size, dtype=torch.uint8)
    classes, labels = _labels(decoded.kept)
    return Dataset(
        "image_folder", shape, classes, decoded.fingerprint, images=pixels.view(count, *shape), labels=labels, own=True
    )


def _files(folder: Path) -> list[str]:
    """The images' paths within the folder, sorted; hidden files and folders are not looked at."""
    if not folder.exists():
        raise MissingData(f"image_folder: {folder} does not exist; give the folder of images as its option path")
    if not folder.is_dir():
        raise MissingData(f"image_folder: {folder} is not a folder; give the folder of images as its option path")
    images = []
    for parent, inside, names in os.walk(folder, followlinks=True):
        inside[:] = [name for name in inside if not name.startswith(".")]
        images += [
            (Path(parent) / name).relative_to(folder).as_posix()
            for name in names
            if name.lower().endswith(EXTENSIONS) and not name.startswith(".")
        ]
    if not images:
        raise MissingData(f"image_folder: no images in {folder}; looked for files ending in {', '.join(EXTENSIONS)}")
    return sorted(images)


def _labels(files: list[str]) -> tuple[int, Tensor | None]:
    """Number of classes and labels by the first folder of each path, in alphabetical order; 0 and None without any."""
    top = [file.partition("/")[0] if "/" in file else "" for file in files]
    names = sorted(set(top))
    if len(names) < 2 or "" in names:
        return 0, None
    number = {name: i for i, name in enumerate(names)}
    return len(names), torch.tensor([number[name] for name in top])


# ── the decoded file ────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Decoded:
    """What is known of a folder's decoded pixels."""

    pixels: Path
    """raw uint8 [image, channel, size, size]"""
    fingerprint: str
    kept: list[str]
    """the images' paths, in the order of the pixels"""
    broken: list[str]
    """path and reason of each image that is left out"""


def _decoded(folder: Path, files: list[str], size: int, channels: int) -> _Decoded:
    """The folder's pixels, as decoded before if no file has changed since."""
    cache = data_folder() / CACHE
    key = hashlib.sha256(f"{folder}|{size}|{channels}".encode()).hexdigest()[:16]
    note = cache / f"{key}.json"
    state = _state(folder, files)
    try:
        known = json.loads(note.read_text(encoding="utf-8"))
        pixels = cache / known["pixels"]
        if known["state"] == state and pixels.stat().st_size == len(known["kept"]) * channels * size * size:
            return _Decoded(pixels, known["fingerprint"], known["kept"], known["broken"])
    except (OSError, ValueError, KeyError, TypeError):
        known = {}  # not decoded yet, or what was left of it is not whole
    made: dict[str, Any] = {}
    building = cache / f"{key}.{os.getpid()}.uint8"
    replace(building, lambda file: made.update(_decode_all(folder, files, size, channels, file)))
    # under the fingerprint's name: who holds an older state's pixels keeps them
    pixels = cache / f"{key}-{made['fingerprint']}.uint8"
    os.replace(building, pixels)
    text = json.dumps({"folder": str(folder), "state": state, "pixels": pixels.name, **made})
    write_text(note, text)
    if known.get("pixels") not in (None, pixels.name):
        (cache / known["pixels"]).unlink(missing_ok=True)
    return _Decoded(pixels, made["fingerprint"], made["kept"], made["broken"])


def _state(folder: Path, files: list[str]) -> str:
    """Hash of names, sizes and times of all files: it changes when a file does, without any being read."""
    digest = hashlib.sha256()
    for file in files:
        try:
            about = (folder / file).stat()
            digest.update(f"{file}|{about.st_size}|{about.st_mtime_ns}|{about.st_ctime_ns}\n".encode())
        except OSError:
            digest.update(f"{file}|gone\n".encode())
    return digest.hexdigest()


def _decode_all(folder: Path, files: list[str], size: int, channels: int, to: Path) -> dict[str, Any]:
    """Decode every image into the file `to`; the fingerprint is of the pixels and the labels."""
    digest = hashlib.sha256(f"{channels}|{size}".encode())
    kept, broken = [], []
    with open(to, "wb") as out:
        for file, result in _in_order(folder, files, size, channels):
            if isinstance(result, str):
                broken.append(f"{file} ({result})")
            else:
                content = result.tobytes()
                out.write(content)
                digest.update(content)
                kept.append(file)
    _, labels = _labels(kept)
    digest.update(b"" if labels is None else labels.numpy().tobytes())
    return {"fingerprint": digest.hexdigest()[:16], "kept": kept, "broken": broken}


def _in_order(folder: Path, files: list[str], size: int, channels: int) -> Iterator[tuple[str, np.ndarray | str]]:
    """Each file with its pixels, or the reason why there are none; decoded by several threads, a part at a time."""
    with ThreadPoolExecutor(os.cpu_count() or 1) as threads:
        for start in range(0, len(files), AT_ONCE):
            part = files[start : start + AT_ONCE]
            yield from zip(part, threads.map(lambda file: decode(folder / file, size, channels), part), strict=True)
