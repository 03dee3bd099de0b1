"""Shows how small requests fare while large ones are answered: `python benchmarks/embedded_large.py [--seconds N]`.

Each large request is sent again and again by other processes for the given time (once, where it cannot be repeated),
and one client sends small ones meanwhile. Printed are the time of the large one and the latencies of the small ones,
each with its ratio to the same when nothing else goes on.
"""

import argparse
import json
import multiprocessing
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from embedded_server import Connection, form, query, serving

_MESSAGES, _COPIED, _FILES = 10_000, 5_000, 5_000
_FILLERS = 16
_PROCESSES = 8
_MIB = 1024 * 1024
_WORDS = "the quick brown fox jumps over a lazy dog "

Latencies = dict[str, list[float]]


@dataclass(frozen=True)
class Large:
    """A large request, sent by `at_once` clients; one of several paths for each time where it cannot be repeated."""

    name: str
    method: str
    paths: tuple[str, ...]
    body: bytes = b""
    kind: str = "application/json"
    at_once: int = 1
    repeated: bool = True


@dataclass(frozen=True)
class Filled:
    """What the server holds before measuring."""

    long: str
    copied: str
    small: str
    disk: str
    big_disk: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3.0, help="for each large request (default %(default)s)")
    parser.add_argument("--only", default="", help="only large requests with this in their name")
    options = parser.parse_args()
    workers = ProcessPoolExecutor(_PROCESSES, mp_context=multiprocessing.get_context("spawn"))
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as address, workers:
        begun = time.perf_counter()
        filled = _fill(address)
        _say(f"filled in {time.perf_counter() - begun:.1f} s\n")
        idle = _while(address, filled, lambda: time.sleep(options.seconds))
        _say(f"{'idle':40} {'':16} {_shown(idle, idle)}\n")
        for large in _larges(filled, address):
            if options.only in large.name:
                _measure(address, filled, large, workers=workers, idle=idle, seconds=options.seconds)
        wal = Path(folder, "acontext.sqlite3-wal").stat().st_size
        _say(f"write-ahead log at the end: {wal / _MIB:.1f} MiB\n")


def _measure(
    address: str, filled: Filled, large: Large, *, workers: ProcessPoolExecutor, idle: Latencies, seconds: float
) -> None:
    times: list[float] = []

    def send() -> None:
        sent = [workers.submit(_send, address, large, number, seconds) for number in range(large.at_once)]
        times.extend(taken for each in sent for taken in each.result())

    small = _while(address, filled, send)
    name = f"{large.name} x{large.at_once}" if large.at_once > 1 else large.name
    told = f"{len(times):4} of {statistics.median(times) * 1000:6.0f} ms"
    _say(f"{name:40} {told:16} {_shown(small, idle)}\n")


def _send(address: str, large: Large, number: int, seconds: float) -> list[float]:
    """Run in a process of its own, so that reading a large answer does not slow the small requests' client."""
    connection, times = Connection(address), []
    end = time.perf_counter() + seconds
    for path in large.paths[number :: large.at_once] if not large.repeated else _for_ever(large.paths[0]):
        begun = time.perf_counter()
        connection.send(large.method, path, body=large.body, kind=large.kind)
        times.append(time.perf_counter() - begun)
        if time.perf_counter() > end:
            break
    return times


def _for_ever(path: str) -> Iterator[str]:
    while True:
        yield path


def _while(address: str, filled: Filled, work: Callable[[], None]) -> Latencies:
    """Send small requests, one after the other, while `work` runs."""
    worker = threading.Thread(target=work)
    connection = Connection(address)
    latencies: Latencies = {"ping": [], "store": [], "read 20": [], "ls": []}
    message = json.dumps({"blob": {"role": "user", "content": "a small message"}}).encode()
    talk = f"/session/{filled.small}/messages"
    asked = {
        "ping": ("GET", "/ping", b""),
        "store": ("POST", talk, message),
        "read 20": ("GET", f"{talk}?limit=20", b""),
        "ls": ("GET", f"/disk/{filled.disk}/artifact/ls", b""),
    }
    worker.start()
    while worker.is_alive():
        for name, (method, path, body) in asked.items():
            begun = time.perf_counter()
            connection.send(method, path, body=body)
            latencies[name].append(time.perf_counter() - begun)
    worker.join()
    return latencies


def _shown(small: Latencies, idle: Latencies) -> str:
    return "  ".join(f"{name} {_figures(times, idle[name])}" for name, times in small.items())


def _figures(times: list[float], idle: list[float]) -> str:
    pairs = zip(_quantiles(times), _quantiles(idle), strict=True)
    return "/".join(f"{taken * 1000:.1f}(x{taken / usual:.1f})" for taken, usual in pairs)


def _quantiles(times: list[float]) -> tuple[float, float, float]:
    ordered = sorted(times)
    return ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95)], ordered[-1]


def _fill(address: str) -> Filled:
    connection = Connection(address)
    long, copied, small = (connection.call("POST", "/session", {})["id"] for _ in range(3))
    disk, big_disk = (connection.call("POST", "/disk", {})["id"] for _ in range(2))
    with ThreadPoolExecutor(_FILLERS) as pool:
        local = threading.local()

        def send(path: str, body: bytes, kind: str = "application/json") -> None:
            if not hasattr(local, "connection"):
                local.connection = Connection(address)
            local.connection.send("POST", path, body=body, kind=kind)

        jobs = [pool.submit(send, f"/session/{long}/messages", _message(number)) for number in range(_MESSAGES)]
        jobs += [pool.submit(send, f"/session/{copied}/messages", _message(number)) for number in range(_COPIED)]
        jobs += [pool.submit(send, f"/session/{small}/messages", _message(number)) for number in range(20)]
        for number in range(_FILES):
            body, kind = _file(f"/d{number % 10}/" if number % 2 else "/all/", number)
            jobs.append(pool.submit(send, f"/disk/{big_disk}/artifact", body, kind))
        for number in range(10):
            jobs.append(pool.submit(send, f"/disk/{disk}/artifact", *_file("/", number)))
        for job in jobs:
            job.result()
    return Filled(long=long, copied=copied, small=small, disk=disk, big_disk=big_disk)


def _message(number: int) -> bytes:
    """Give every tenth message a call of a tool, and the next one its result."""
    blob: dict[str, object] = {"role": "user" if number % 2 else "assistant", "content": f"{number} {_WORDS * 4}"}
    if number % 10 == 0:
        call = {"id": f"c{number}", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
        blob = {"role": "assistant", "content": None, "tool_calls": [call]}
    return json.dumps({"blob": blob, "meta": {"number": number}}).encode()


def _file(directory: str, number: int) -> tuple[bytes, str]:
    data = f"{number} {_WORDS * 50}".encode()
    return form({"file_path": directory}, name="file", filename=f"{number}.txt", data=data)


def _larges(filled: Filled, address: str) -> Iterator[Large]:
    talk, stored = f"/session/{filled.long}/messages", f"/session/{filled.copied}/messages"
    for name, text in _texts().items():
        body = json.dumps({"blob": {"role": "user", "content": text}}, ensure_ascii=False).encode()
        session = Connection(address).call("POST", "/session", {})["id"]
        yield Large(f"store {name}", "POST", (f"/session/{session}/messages",), body)
    limits = json.dumps([{"type": "token_limit", "params": {"limit_tokens": 50_000}}])
    out = json.dumps([{"type": "middle_out", "params": {"token_reduce_to": 50_000}}])
    for at_once in (1, 8):
        yield Large("read 10 000", "GET", (talk,), at_once=at_once)
        yield Large("read 10 000 as acontext", "GET", (query(talk, format="acontext"),), at_once=at_once)
        yield Large("read 10 000, token_limit", "GET", (query(talk, edit_strategies=limits),), at_once=at_once)
        yield Large("read 10 000, middle_out", "GET", (query(talk, edit_strategies=out),), at_once=at_once)
        yield Large("count 10 000", "GET", (f"/session/{filled.long}/token_counts",), at_once=at_once)
        yield from _searches(filled, at_once)
    yield from _copies(filled, address)
    yield from _transfers(filled, stored)


def _texts() -> dict[str, str]:
    return {
        "2 MB of words": _WORDS * (2_000_000 // len(_WORDS)),
        "200 000 letters": "x" * 200_000,
        "200 000 CJK": "".join(chr(0x4E00 + number * 7 % 20_000) for number in range(200_000)),
        "200 000 blanks": " " * 200_000,
        "200 000 of punctuation": "!?#" * 66_667,
    }


def _searches(filled: Filled, at_once: int) -> Iterator[Large]:
    disk = f"/disk/{filled.big_disk}/artifact"
    yield Large("ls of 2 500 of 5 000", "GET", (query(f"{disk}/ls", path="/all/"),), at_once=at_once)
    yield Large("glob", "GET", (query(f"{disk}/glob", query="*nothing*"),), at_once=at_once)
    yield Large("grep", "GET", (query(f"{disk}/grep", query="no such words"),), at_once=at_once)


def _copies(filled: Filled, address: str) -> Iterator[Large]:
    yield Large("copy 5 000", "POST", (f"/session/{filled.copied}/copy",))
    connection = Connection(address)
    sessions = tuple(connection.call("POST", f"/session/{filled.copied}/copy")["new_session_id"] for _ in range(3))
    yield Large("delete 5 000", "DELETE", tuple(f"/session/{session}" for session in sessions), repeated=False)


def _transfers(filled: Filled, stored: str) -> Iterator[Large]:
    disk = f"/disk/{filled.disk}/artifact"
    lines = b"%s\n" % _WORDS.encode()
    for at_once in (1, 4):
        data = (lines * (16 * _MIB // len(lines) + 1))[: 16 * _MIB]
        body, kind = form({"file_path": "/"}, name="file", filename="large.txt", data=data)
        yield Large("upload 16 MiB", "POST", (disk,), body, kind, at_once=at_once)
        yield Large("get 16 MiB", "GET", (query(disk, file_path="/large.txt"),), at_once=at_once)
        yield Large("download 16 MiB", "GET", (query(f"{disk}/download", file_path="/large.txt"),), at_once=at_once)
    payload = {"format": "acontext", "blob": {"role": "user", "parts": [{"type": "file", "file_field": "f"}]}}
    data = bytes(range(256)) * (64 * _MIB // 256)
    body, kind = form({"payload": json.dumps(payload)}, name="f", filename="large.bin", data=data)
    yield Large("message with 64 MiB", "POST", (stored,), body, kind)
    yield Large("delete disk of 5 000", "DELETE", (f"/disk/{filled.big_disk}",), repeated=False)
    yield Large("delete 10 000", "DELETE", (f"/session/{filled.long}",), repeated=False)


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
