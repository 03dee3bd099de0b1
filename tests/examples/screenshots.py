"""Writes the pictures of the frontend and of the explorer into docs/images: `python tests/examples/screenshots.py`."""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from clients.npm import installed
from examples.web import HERE, ROOT, chromium, served

LARGEST = 250_000


def main() -> None:
    images = ROOT / "docs" / "images"
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as addresses:
        node, (_, api) = installed(HERE), addresses
        node.run("screenshots.mjs", *addresses, str(images), CHROMIUM=chromium())
        node.run("explorer-screenshots.mjs", api, str(images), CHROMIUM=chromium())
    for picture in sorted(images.glob("*-*.png")):
        size = picture.stat().st_size
        sys.stdout.write(f"{picture.relative_to(ROOT)}: {size} bytes\n")
        if size > LARGEST:
            raise SystemExit(f"{picture.name} is larger than {LARGEST} bytes")


if __name__ == "__main__":
    main()
