"""Pictures are made anew from their points, so that nothing else that was in the file is kept.

Pillow is imported with the first picture: serving starts without it.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from PIL import Image

POINTS = 50_000_000
"""The most points of a picture; more is a mistake, or a bomb."""
EDGE, SMALL = 2_560, 320
"""The longer edge of what is kept, and of the small picture."""
QUALITY = 85


def remade(file: BinaryIO) -> tuple[BinaryIO, bytes]:
    """The picture as a new JPEG, upright, and a small one. Raises what Pillow raises for what is no picture."""
    from PIL import Image, ImageOps

    with Image.open(file, formats=("JPEG", "PNG", "WEBP")) as image:
        if image.width * image.height > POINTS:
            raise ValueError("too many points")
        image.draft("RGB", (EDGE, EDGE))
        coloured = image.convert("RGBA" if image.has_transparency_data else "RGB")
    coloured.thumbnail((EDGE, EDGE))  # before anything is copied: a large one takes some hundred megabytes
    upright = flat(ImageOps.exif_transpose(coloured))
    upright.info.clear()  # comments, positions and profiles would be written again
    whole = encoded(upright)
    upright.thumbnail((SMALL, SMALL))
    return whole, encoded(upright).getvalue()


def flat(image: Image.Image) -> Image.Image:
    """The picture on white where it is transparent."""
    from PIL import Image

    if image.mode == "RGB":
        return image
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("RGB")


def encoded(image: Image.Image) -> io.BytesIO:
    made = io.BytesIO()
    image.save(made, "JPEG", quality=QUALITY)
    return made
