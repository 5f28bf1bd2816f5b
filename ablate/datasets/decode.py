"""One image file as square uint8 pixels: orientation, modes, resizing and cropping."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

SIXTEEN_BITS = ("I", "I;16", "I;16L", "I;16B", "I;16N")


def decode(path: Path, size: int, channels: int) -> np.ndarray | str:
    """Pixels [channels, size, size] of an image's largest centred square; or why it cannot be read, in a few words.

    Resized as torchvision's Resize(size) and CenterCrop(size) do it to a Pillow image, so that the shorter side is
    `size`: bilinear with antialias. Transparent parts become white; 16-bit greys are divided by 257.
    """
    try:
        with Image.open(path) as image:
            converted = _in_mode(ImageOps.exif_transpose(image), "L" if channels == 1 else "RGB")
        return _square(converted, size)
    except Exception as error:  # a decoder raises anything at all on broken bytes, SyntaxError among it
        return " ".join(str(error).replace(f" '{path}'", "").split())[:120] or type(error).__name__


def _in_mode(image: Image.Image, mode: str) -> Image.Image:
    """The image as 8-bit greys ("L") or colours ("RGB"); ValueError where its values have no known range."""
    if image.mode in SIXTEEN_BITS:
        values = np.asarray(image).astype(np.int64)
        if values.min() < 0 or values.max() > 65535:
            raise ValueError(f"values from {values.min()} to {values.max()}, expected 16-bit greys")
        image = Image.fromarray(((values + 128) // 257).astype(np.uint8))
    elif image.mode == "F":
        raise ValueError("floating-point values, whose range is not known")
    elif image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert(mode)


def _square(image: Image.Image, size: int) -> np.ndarray:
    from torchvision.transforms.functional import center_crop, resize

    square = np.asarray(center_crop(resize(image, [size]), [size, size]))
    return np.ascontiguousarray(square[None] if square.ndim == 2 else square.transpose(2, 0, 1))
