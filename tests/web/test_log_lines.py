"""Lines of the log: those of requests are made in fewer steps than others, and must be as others are."""

import asyncio
import io
import json
import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonjsonlogger.orjson import OrjsonFormatter

from gql_api.telemetry import Notes, Operation
from gql_api.telemetry.logs import JsonLines, LineHandler, log_config
from gql_api.web.recording import Entry, write

LOGGER = logging.getLogger("gql_api.web.recording")
DESCRIBED = {name: value for name, value in log_config("INFO", "json")["formatters"]["chosen"].items() if name != "()"}
TEXTS = st.sampled_from(["-", "", "a", "ü", "\ud800", 'a "quoted"\n%s'])
VALUES = st.none() | TEXTS | st.integers() | st.floats() | st.lists(TEXTS) | st.dictionaries(TEXTS, TEXTS)
EXTRA = st.dictionaries(
    st.sampled_from(["status", "color_message", "_hidden", "request_id", "codes", "events"]), VALUES
)


class Steps(io.StringIO):
    """Notes what is written step by step."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[str] = []
        self.is_written = asyncio.Event()

    def write(self, text: str) -> int:
        self.steps.append(text)
        self.is_written.set()
        return len(text)


class General(JsonLines):
    """Writes each record by the library's own steps."""

    def format(self, record: logging.LogRecord) -> str:
        return OrjsonFormatter.format(self, record)


@given(message=TEXTS, extra=EXTRA, level=st.sampled_from([logging.DEBUG, logging.WARNING]))
def test_a_line_is_what_the_library_writes(message: str, extra: dict[str, Any], level: int) -> None:
    record = LOGGER.makeRecord("name", level, "file", 1, message.replace("%s", ""), (), None, extra=extra)

    assert JsonLines(**DESCRIBED).format(record) == General(**DESCRIBED).format(record)


def test_a_line_with_more_than_a_text_is_left_to_the_library() -> None:
    record = logging.LogRecord("name", logging.INFO, "file", 1, {"a": 1}, None, None)  # type: ignore[arg-type]
    stack = logging.LogRecord("name", logging.INFO, "file", 1, "text", None, None, sinfo="the stack")

    assert json.loads(JsonLines(**DESCRIBED).format(record))["a"] == 1
    assert json.loads(JsonLines(**DESCRIBED).format(stack))["stack_info"] == "the stack"


@pytest.mark.parametrize("line_buffering", [True, False])
def test_a_line_is_in_the_file_at_once(line_buffering: bool) -> None:
    held = io.BytesIO()
    stream = io.TextIOWrapper(io.BufferedWriter(held), line_buffering=line_buffering)  # type: ignore[type-var]
    record = logging.LogRecord("name", logging.INFO, "file", 1, "text", None, None)

    LineHandler(stream).handle(record)

    assert held.getvalue() == b"text\n"


def a_record(text: str, level: int = logging.INFO) -> logging.LogRecord:
    return logging.LogRecord("name", level, "file", 1, text, None, None)


async def test_lines_are_written_together_while_a_loop_runs() -> None:
    stream = Steps()
    handler = LineHandler(stream)
    for number in range(3):
        handler.handle(a_record(str(number)))
    assert stream.steps == []
    await stream.is_written.wait()
    handler.handle(a_record("3"))
    handler.handle(a_record("a warning", logging.WARNING))
    handler.handle(a_record("4"))
    handler.close()
    logging.shutdown([lambda: handler])  # type: ignore[list-item]

    assert stream.steps == ["0\n1\n2\n", "3\na warning\n", "4\n"]


def test_lines_that_a_loop_left_are_not_lost() -> None:
    stream = Steps()
    handler = LineHandler(stream)

    async def log(text: str) -> None:
        handler.handle(a_record(text))

    asyncio.run(log("0"))
    asyncio.run(log("1"))
    handler.handle(a_record("2"))

    assert "".join(stream.steps) == "0\n1\n2\n"


async def test_a_line_that_cannot_be_written_takes_no_other_with_it(capsys: pytest.CaptureFixture[str]) -> None:
    held = io.BytesIO()
    handler = LineHandler(io.TextIOWrapper(held, "ascii"))
    for text in ("0", "\ud800", "1"):
        handler.handle(a_record(text))
    handler.flush()

    assert held.getvalue() == b"0\n1\n"
    assert "--- Logging error ---" in capsys.readouterr().err


def test_a_line_that_cannot_be_written_stops_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    LineHandler(io.TextIOWrapper(io.BytesIO(), "ascii")).handle(
        logging.LogRecord("name", logging.INFO, "file", 1, "\ud800", None, None)
    )

    assert "--- Logging error ---" in capsys.readouterr().err


def test_a_field_that_a_filter_adds_is_in_the_line() -> None:
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(JsonLines(**DESCRIBED).format(record))  # type: ignore[method-assign]
    handler.addFilter(lambda record: record.__dict__.update(place="here", message="of another handler") or True)
    LOGGER.addHandler(handler)
    before = LOGGER.level
    LOGGER.setLevel(logging.INFO)
    try:
        write(Entry("GET", "/", 200, 0.0), Notes(), str)
    finally:
        LOGGER.setLevel(before)
        LOGGER.removeHandler(handler)

    [line] = map(json.loads, lines)
    assert (line["place"], line["path"], line["logger"]) == ("here", "/", "gql_api.web.recording")
    assert line["message"].startswith("GET / 200")


def test_the_record_of_a_request_is_a_record_like_any_other() -> None:
    seen: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = seen.append  # type: ignore[method-assign]
    LOGGER.addHandler(handler)
    try:
        LOGGER.warning("before")
        notes = Notes(user="u", operation=Operation(name="Read", codes=("A", "B")), events=2, calls=3)
        before = LOGGER.level
        LOGGER.setLevel(logging.INFO)
        write(Entry("POST", "/a b", 200, 0.0), notes, lambda user: f"hash of {user}")
        LOGGER.setLevel(before)
        LOGGER.warning("after")
    finally:
        LOGGER.removeHandler(handler)

    first, line, last = seen
    fields = {"method", "path", "status", "milliseconds", "operation", "user", "upstream_calls", "codes", "events"}
    assert set(vars(line)) == {*vars(first), *fields}
    assert (line.name, line.levelname, line.levelno) == (first.name, "INFO", logging.INFO)
    assert first.created <= line.created <= last.created
    assert first.relativeCreated <= line.relativeCreated <= last.relativeCreated
    assert 0 <= line.msecs < 1000
    took = vars(line)["milliseconds"]
    told = f"POST /a%20b 200 {took:.1f} ms, operation Read, user hash of u, 2 events, 3 calls of Acontext, A B"
    assert line.getMessage() == told
