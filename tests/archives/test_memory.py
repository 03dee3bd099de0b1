"""However much an archive holds, exporting and importing it take the same memory."""

import hashlib
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest

from archives.forging import FILE, FOLDER, MANIFEST, MESSAGE, RECORD, line
from archives.servers import Server
from commands import environment

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

MIB = 1024 * 1024
FEW, MANY = 4, 14
"""Files; four are in memory together, so the few are as many."""
PROGRAM = """
import sys
from pathlib import Path
from gql_api import cli
try:
    cli.main(sys.argv[1:])
finally:
    print(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0], file=sys.stderr)
"""


def write(file: str, members: Iterator[tuple[str, bytes]]) -> None:
    """Write an archive without having all of it in memory."""
    sums = []
    with tarfile.open(file, mode="w", format=tarfile.USTAR_FORMAT) as tar:

        def add(name: str, content: bytes) -> None:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, BytesIO(content))

        for name, content in members:
            sums.append(f"{hashlib.sha256(content).hexdigest()}  {name}\n")
            add(name, content)
        add("SHA256SUMS", "".join(sums).encode())


def of_files(count: int) -> Iterator[tuple[str, bytes]]:
    """Give a session with so many files of 8 MiB, in the order of their paths."""
    yield "archive.json", line({**MANIFEST, "id": f"{count:032}"})
    lines = []
    for number in range(count):
        content = number.to_bytes(4, "big") * (2 * MIB)
        sha256 = hashlib.sha256(content).hexdigest()
        yield f"{FOLDER}/blobs/{sha256}", content
        lines.append(line({**FILE, "path": f"/{number:04}", "sha256": sha256, "size": len(content)}))
    yield f"{FOLDER}/files/000001.ndjson", b"".join(lines)
    yield f"{FOLDER}/session.json", line({**RECORD, "messages": 0, "files": count})


def of_messages(count: int) -> Iterator[tuple[str, bytes]]:
    """Give a session with so many messages of 2 kB."""
    yield "archive.json", line(MANIFEST)
    text = line({**MESSAGE, "parts": [{"type": "text", "text": "some words " * 180}]})
    for number in range(count // 100):
        yield f"{FOLDER}/messages/{number + 1:06}.ndjson", text * 100
    yield f"{FOLDER}/session.json", line({**RECORD, "messages": count, "files": 0})


def peak(server: Server, *arguments: str) -> float:
    """Run a command; give its peak of memory in MiB."""
    command = [sys.executable, "-c", PROGRAM, *arguments]
    ended = subprocess.run(command, env=environment(**server.settings), capture_output=True, text=True, check=True)  # noqa: S603
    return int(ended.stderr.split()[-1]) / 1024


def test_many_files_take_as_much_as_few(here: Server, there: Server) -> None:
    peaks = {}
    for server, count in ((here, FEW), (there, MANY)):
        write("in.tar", of_files(count))
        peaks[count] = (peak(server, "import", "in.tar"), peak(server, "export", "-o", "out.tar"))
        assert Path("out.tar").stat().st_size > count * 8 * MIB
    more = [many - few for few, many in zip(peaks[FEW], peaks[MANY], strict=True)]
    assert max(more) < (MANY - FEW) * 8 / 2, peaks


def test_many_messages_take_as_much_as_few(here: Server) -> None:
    peaks = []
    for count in (1000, 20_000):
        write("in.tar", of_messages(count))
        peaks.append(peak(here, "import", "in.tar", "--dry-run"))
    assert peaks[1] - peaks[0] < Path("in.tar").stat().st_size / MIB / 8, peaks
