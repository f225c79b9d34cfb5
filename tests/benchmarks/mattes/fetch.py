"""Fetch the footage of the benchmark: ``python -m tests.benchmarks.mattes.fetch FOLDER``.

The clips come from Debian's package ``opencv-doc`` (4.6.0, Apache License 2.0), which ``apt-get download`` fetches.
DAVIS 2016 is a download of its own: https://davischallenge.org.
"""

import argparse
import gzip
import shutil
import subprocess
import tempfile
from pathlib import Path

PACKAGE = "opencv-doc"
# Clips, and their places in the package.
FILES = {
    "cup.mp4": "usr/share/doc/opencv-doc/opencv4/html/cup.mp4.gz",
    "vtest.avi": "usr/share/doc/opencv-doc/examples/data/vtest.avi",
}


def fetch(folder: Path) -> None:
    """Fetch the clips into a folder. Raises SystemExit if a tool or a file is missing."""
    missing = [tool for tool in ("apt-get", "dpkg-deb") if shutil.which(tool) is None]
    if missing:
        raise SystemExit(f"{', '.join(missing)} not found; run this on Debian or Ubuntu, or unpack {PACKAGE} by hand")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run(["apt-get", "download", PACKAGE], cwd=scratch, check=True)
        (package,) = Path(scratch).glob("*.deb")
        subprocess.run(["dpkg-deb", "-x", package.name, "unpacked"], cwd=scratch, check=True)
        for name, place in FILES.items():
            file = Path(scratch) / "unpacked" / place
            if not file.exists():
                raise SystemExit(f"{package.name} has no {place}; fetch version 4.6.0 of {PACKAGE}")
            contents = file.read_bytes()
            (folder / name).write_bytes(gzip.decompress(contents) if file.suffix == ".gz" else contents)
            print(folder / name)


if __name__ == "__main__":
    words = argparse.ArgumentParser(prog="python -m tests.benchmarks.mattes.fetch", description=__doc__)
    words.add_argument("folder", type=Path, help="folder to write the clips to")
    fetch(words.parse_args().folder)
