"""Random requests to every endpoint: most of them good, some of them not."""

from typing import Any

from hypothesis import strategies as st

from embedded.contract.playing import Ask
from embedded.contract.random_messages import GEMINI_ANSWERS, JSON, OBJECTS, STORES, STRATEGIES, WRONG, as_text, objects

NIL = "00000000-0000-0000-0000-000000000000"


def mostly(good: list[str], odd: list[str]) -> st.SearchStrategy[str]:
    """Give a good value nine times of ten."""
    return st.integers(0, 9).flatmap(lambda dice: st.sampled_from(good if dice else odd))


_SESSIONS = mostly(["<session:0>", "<session:0>", "<session:1>"], ["<session:2>", "<disk:0>", "<fresh:9>", "x"])
_DISKS = mostly(["<disk:0>", "<disk:0>", "<disk:0>", "<disk:1>"], ["<session:0>", "<fresh:9>", "x"])


def having(good: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Give an object with all its members, or once in a while one that may lack some."""
    return st.integers(0, 9).flatmap(lambda dice: objects(good) if dice else objects({}, **good))


_USERS = st.sampled_from(["<user:0>", "<user:1>"])
_LIMITS = mostly(["1", "2", "3", "200"], ["0", "", "201", "-1", "x"])
_FLAGS = mostly(["true", "false", "T", "0"], ["", "yes"])
_FORMATS = mostly(["openai", "anthropic", "gemini", "acontext"], ["", "nothing"])
_CURSORS = mostly(["<cursor:0>", "<cursor:1>", "<cursor:2>"], ["", "!"])
_CONFIGS = OBJECTS | OBJECTS | WRONG
_METAS = as_text(OBJECTS | OBJECTS | OBJECTS | WRONG)
_DIRECTORIES = mostly(["/", "/docs/", "/docs/a/"], ["docs", "", " /a b/", "//", "/a%b/", "/../", "/./", "/é\t/"])
_NAMES = mostly(["a.txt", "b.md", "c.json"], ["d.csv", "e.py", "é.txt", "../f.html", "g", "h_%.txt", ".."])
_CONTENTS = st.sampled_from(
    [
        b"hello <run>",
        b'{"a": "<run>"}',
        b"{bad <run>",
        b"a,b\n1,<run>\n",
        b"\xff\xfe\x00<run>",
        b"na\xefve <run>",
        b"<html><run></html>",
        b"x\n<run>",
    ]
)
"""Those of another run would keep the URL of a deleted file alive, since equal bytes are stored once."""
_PATHS = st.builds(lambda directory, name: directory + name, _DIRECTORIES, _NAMES)
_PATTERNS = mostly(["hello", "^x", "WORLD|b", r"\yx\y", "[[:digit:]]"], ["x$", "(", ""])
_GLOBS = mostly(["*", "/docs/*", "*.txt", "/?.txt", "**/*", "/?????"], ["a.txt", "/h_%.txt", "", "[a]"])


def ask(method: str, path: st.SearchStrategy[str], **parts: Any) -> st.SearchStrategy[Ask]:
    return st.builds(Ask, st.just(method), path, **parts)


def below(owner: st.SearchStrategy[str], kind: str, rest: str = "") -> st.SearchStrategy[str]:
    return owner.map(lambda name: f"/{kind}/{name}{rest}")


def queries(required: dict[str, Any] | None = None, **optional: Any) -> st.SearchStrategy[dict[str, str]]:
    return objects(required or {}, **optional)


_PAGE: dict[str, Any] = {"cursor": _CURSORS, "time_desc": _FLAGS}
_EVENT = having({"type": mostly(["t", "é"], [""]), "data": OBJECTS | OBJECTS | JSON})
_PINS = st.sampled_from(["<message:0>", "<message:2>", "<message:4>", "x"])
_MESSAGE_QUERY = queries(
    format=_FORMATS,
    limit=_LIMITS,
    with_events=_FLAGS,
    with_asset_public_url=_FLAGS,
    edit_strategies=STRATEGIES,
    pin_editing_strategies_at_message=_PINS,
    **_PAGE,
)
_PAYLOADS = as_text(
    st.sampled_from(["image", "file", "audio"]).map(
        lambda kind: {"format": "acontext", "blob": {"role": "user", "parts": [{"type": kind, "file_field": "f"}]}}
    )
)
_STORE = ask("POST", below(_SESSIONS, "session", "/messages"), body=STORES)
_READ = ask("GET", below(_SESSIONS, "session", "/messages"), query=_MESSAGE_QUERY)
_UPLOAD = ask(
    "POST",
    below(_DISKS, "disk", "/artifact"),
    form=objects({}, file_path=_DIRECTORIES, meta=_METAS),
    file=st.none() | st.tuples(st.just("file"), _NAMES, _CONTENTS | st.just(b"")),
)

SESSION_REQUESTS = st.one_of(
    ask(
        "POST",
        st.just("/session"),
        body=objects({}, user=_USERS, configs=_CONFIGS, disable_task_tracking=st.booleans()),
    ),
    ask("POST", st.just("/session"), body=objects({"use_uuid": st.sampled_from(["<fresh:0>", "x"])}, user=_USERS)),
    ask("PUT", below(_SESSIONS, "session", "/configs"), body=having({"configs": _CONFIGS})),
    ask("PATCH", below(_SESSIONS, "session", "/configs"), body=having({"configs": _CONFIGS})),
    ask("GET", below(_SESSIONS, "session", "/configs")),
    ask(
        "GET",
        st.just("/session"),
        query=queries({"user": _USERS}, limit=_LIMITS, filter_by_configs=as_text(_CONFIGS), **_PAGE),
    ),
    ask("GET", below(_SESSIONS, "session", "/observing_status")),
    ask("GET", below(_SESSIONS, "session", "/task"), query=queries(limit=_LIMITS)),
    ask("GET", below(_SESSIONS, "session", "/token_counts")),
    ask("POST", below(_SESSIONS, "session", "/events"), body=_EVENT),
    ask("GET", below(_SESSIONS, "session", "/events"), query=queries(limit=_LIMITS, **_PAGE)),
    ask(
        "PATCH",
        st.tuples(_SESSIONS, st.sampled_from(["<message:0>", "<message:1>", "x"])).map(
            lambda ids: f"/session/{ids[0]}/messages/{ids[1]}/meta"
        ),
        body=having({"meta": _CONFIGS}),
    ),
    ask("GET", below(_SESSIONS, "session", "/asset/download"), query=having({"s3_key": st.just("<key:0>")})),
)
MESSAGE_REQUESTS = st.one_of(
    _STORE,
    _STORE,
    _READ,
    _READ,
    ask(
        "POST",
        below(_SESSIONS, "session", "/messages"),
        form=objects({"payload": _PAYLOADS}),
        file=st.tuples(st.sampled_from(["f", "f", "other"]), _NAMES, _CONTENTS),
    ),
)
DISK_REQUESTS = st.one_of(
    ask("POST", st.just("/disk"), body=objects({}, user=_USERS)),
    ask("GET", st.just("/disk"), query=queries({"user": _USERS}, limit=_LIMITS, **_PAGE)),
    _UPLOAD,
    _UPLOAD,
    _UPLOAD,
    ask("GET", below(_DISKS, "disk", "/artifact"), query=queries({"file_path": _PATHS}, with_content=_FLAGS)),
    ask("GET", below(_DISKS, "disk", "/artifact/download"), query=queries({"file_path": _PATHS})),
    ask("PUT", below(_DISKS, "disk", "/artifact"), body=having({"file_path": _PATHS, "meta": _METAS})),
    ask("DELETE", below(_DISKS, "disk", "/artifact"), query=queries({"file_path": _PATHS})),
    ask("GET", below(_DISKS, "disk", "/artifact/ls"), query=queries(path=_DIRECTORIES)),
    ask("GET", below(_DISKS, "disk", "/artifact/glob"), query=having({"query": _GLOBS})),
    ask("GET", below(_DISKS, "disk", "/artifact/grep"), query=having({"query": _PATTERNS})),
    ask("GET", st.just("<url:0>")),
)
OTHER_REQUESTS = st.one_of(
    ask("GET", below(_USERS, "user", "/resources")),
    ask("PUT", st.just("/session")),
    ask("GET", st.just("/no/such/route")),
)
DELETIONS = st.one_of(
    ask("DELETE", below(_SESSIONS, "session")),
    ask("DELETE", below(_DISKS, "disk")),
    ask("DELETE", below(_USERS, "user")),
)
BETTER_HERE = st.one_of(
    ask("POST", below(_SESSIONS, "session", "/copy")),
    ask("POST", below(_SESSIONS, "session", "/messages"), body=objects({"blob": GEMINI_ANSWERS, "format": "gemini"})),
    ask("POST", below(_SESSIONS, "session", "/flush")),
    ask("GET", st.sampled_from(["/configs", "/messages", "/token_counts"]).map(lambda rest: f"/session/{NIL}{rest}")),
)
"""What a real Acontext is not asked: it loses the order of a copy, forgets the call whose answer it refuses, takes
nobody's id for somebody's, and flushes if it has a core."""

_START = [
    Ask("POST", "/session", body={"user": "<user:0>", "configs": {"a": 1}}),
    Ask("POST", "/session", body={"user": "<user:1>"}),
    *(
        Ask(
            "POST",
            "/session/<session:0>/messages",
            body={"format": "acontext", "blob": {"role": role, "parts": [part]}},
        )
        for role, part in [
            ("user", {"type": "text", "text": "find it"}),
            ("assistant", {"type": "tool-call", "meta": {"id": "c1", "name": "search", "arguments": '{"q": 1}'}}),
            ("user", {"type": "tool-result", "text": "found it at last", "meta": {"tool_call_id": "c1"}}),
            ("assistant", {"type": "tool-call", "meta": {"id": "c2", "name": "read", "arguments": '{"a": "b"}'}}),
            ("user", {"type": "tool-result", "text": "read it all", "meta": {"tool_call_id": "c2"}}),
        ]
    ),
    Ask("GET", "/session/<session:0>/messages", query={"limit": "2"}),
    Ask("POST", "/disk", body={"user": "<user:0>"}),
    *(
        Ask("POST", "/disk/<disk:0>/artifact", form={"file_path": directory}, file=("file", name, data))
        for directory, name, data in [
            ("/", "a.txt", b"hello <run> one"),
            ("/docs/", "b.md", b"x b 1 <run>"),
            ("/docs/a/", "c.json", b"{}"),
        ]
    ),
    Ask("GET", "/disk/<disk:0>/artifact", query={"file_path": "/a.txt"}),
]
_EDITED = queries({"format": "acontext", "edit_strategies": STRATEGIES}, pin_editing_strategies_at_message=_PINS)
_READS = ask("GET", st.just("/session/<session:0>/messages"), query=_EDITED)
_SEARCHES = st.one_of(
    ask("GET", st.just("/disk/<disk:0>/artifact/glob"), query=queries({"query": _GLOBS})),
    ask("GET", st.just("/disk/<disk:0>/artifact/grep"), query=queries({"query": _PATTERNS})),
)
_END = st.builds(
    lambda reads, searches: [*reads, *searches],
    st.lists(_READS, min_size=4, max_size=4, unique_by=repr),
    st.lists(_SEARCHES, min_size=3, max_size=3, unique_by=repr),
)


def requests(*, of_a_real_one: bool) -> st.SearchStrategy[list[Ask]]:
    """Give lists of requests that begin with something to ask about and end with asking about what came of it."""
    kinds = [MESSAGE_REQUESTS, SESSION_REQUESTS, DISK_REQUESTS] * 3 + [OTHER_REQUESTS, DELETIONS]
    one = st.sampled_from([*kinds, *([] if of_a_real_one else [BETTER_HERE])]).flatmap(lambda kind: kind)
    return st.builds(lambda more, end: [*_START, *more, *end], st.lists(one, min_size=4, max_size=16), _END)
