"""Picture worker: the program that opens one picture in a process of its own and writes it anew.

Started by `picture_decoding`, one process a picture. A picture that makes a decoder take all the memory or time there
is, or crash, ends this process and nothing else. Only the standard library and Pillow are imported.
"""

from __future__ import annotations

import io
import json
import resource
import struct
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from PIL import Image

TOO_LARGE, BROKEN = 3, 4
"""What the process exits with for a picture that is not taken."""
LENGTH = struct.Struct(">I")
"""How long the large picture is, written before it; the small one follows to the end."""
QUALITY = 85


class PictureTooLarge(Exception):
    """The header says more points than are opened."""


def limit_resources(memory: int, seconds: int) -> None:
    """Let the kernel bound this process: address space, processor time, no files, no core dump."""
    bounds = {
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
    }
    for what, most in bounds.items():
        with suppress(ValueError, OSError):  # some systems know no bound of the address space
            resource.setrlimit(what, (most, most))


def rewrite_picture(file: BinaryIO, points: int, edge: int, small: int, formats: list[str]) -> tuple[bytes, bytes]:
    """Write the first frame of a picture as a new JPEG, upright and on white, and a small one if `small` is not 0.

    Raises PictureTooLarge, or whatever Pillow raises for what is no picture.
    """
    from PIL import Image, ImageOps

    with Image.open(file, formats=formats) as image:
        if image.width * image.height > points:  # known from the header: nothing has been decoded yet
            raise PictureTooLarge
        # A JPEG can be decoded at a fraction of its size.
        image.draft("RGB", (edge, edge))
        image.load()
        # A palette cannot be averaged. Whatever else there is gets small first: a copy takes some hundred megabytes.
        found = image.convert("RGBA" if image.has_transparency_data else "RGB") if image.mode in "1P" else image
        found.thumbnail((edge, edge))
        coloured = found.convert("RGBA" if found.has_transparency_data else "RGB")
    # Upright by its Exif data, before those are dropped.
    upright = flatten_picture(ImageOps.exif_transpose(coloured))
    upright.info.clear()  # comments, positions and profiles would be written again
    whole = encode_jpeg(upright)
    if not small:
        return whole, b""
    upright.thumbnail((small, small))
    return whole, encode_jpeg(upright)


def flatten_picture(image: Image.Image) -> Image.Image:
    """Put the picture on white where it is transparent."""
    from PIL import Image

    if image.mode == "RGB":
        return image
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("RGB")


def encode_jpeg(image: Image.Image) -> bytes:
    made = io.BytesIO()
    image.save(made, "JPEG", quality=QUALITY)
    return made.getvalue()


def main() -> int:
    """Read a picture from standard input; the bounds and sizes are the first argument, as JSON."""
    wanted = json.loads(sys.argv[1])
    # Before a byte of the picture is read.
    limit_resources(wanted.pop("memory"), wanted.pop("seconds"))
    try:
        whole, small = rewrite_picture(io.BytesIO(sys.stdin.buffer.read()), **wanted)
    except PictureTooLarge:
        return TOO_LARGE
    except Exception:  # decoders raise anything when they are given anything
        return BROKEN
    sys.stdout.buffer.write(LENGTH.pack(len(whole)) + whole + small)
    return 0


if __name__ == "__main__":
    sys.exit(main())
