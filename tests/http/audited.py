"""What GraphQL over HTTP asks of a server, as a table: a request, and the whole of its answer."""

import json
from dataclasses import dataclass, field
from typing import Any

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"


@dataclass(frozen=True)
class Case:
    """One request and its answer; `body` None means that the text of the body is not looked at."""

    name: str
    status: int
    body: Any
    media: str | None = JSON
    method: str = "POST"
    accept: str | None = JSON
    content_type: str | None = JSON
    content: bytes | None = None
    params: dict[str, str] = field(default_factory=dict)
    content_encoding: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    """Headers that the answer must have."""


TYPENAME = {"query": "{ __typename }"}
ANSWER = {"data": {"__typename": "Query"}}
QUERY_MISSING = "query must be a string with the GraphQL document in it."


def post(name: str, fields: Any, status: int, body: Any, **more: Any) -> Case:
    return Case(name, status, body, content=json.dumps(fields, ensure_ascii=False).encode(), **more)


def get(name: str, params: dict[str, str], status: int, body: Any, **more: Any) -> Case:
    return Case(name, status, body, method="GET", content_type=None, params=params, **more)


def refused(message: str) -> Any:
    return {"errors": [{"message": message, "extensions": {"code": "BAD_REQUEST"}}]}


def error(message: str, code: str, *places: tuple[int, int]) -> Any:
    locations = {"locations": [{"line": line, "column": column} for line, column in places]} if places else {}
    return {"errors": [{"message": message, **locations, "extensions": {"code": code}}]}


ACCEPTING = [
    post("the new media type is answered with itself", TYPENAME, 200, ANSWER, accept=GRAPHQL, media=GRAPHQL),
    post("application/json is answered with itself", TYPENAME, 200, ANSWER),
    post("anything is answered with application/json", TYPENAME, 200, ANSWER, accept="*/*"),
    post("no Accept is answered with application/json", TYPENAME, 200, ANSWER, accept=None),
    post("quality values decide", TYPENAME, 200, ANSWER, accept=f"{JSON};q=0.5, {GRAPHQL};q=0.8", media=GRAPHQL),
    post("what is refused with q=0 is not given", TYPENAME, 200, ANSWER, accept=f"{JSON};q=0, */*", media=GRAPHQL),
    post(
        "nothing that fits is 406",
        TYPENAME,
        406,
        refused(f"Answers are {GRAPHQL}, {JSON} or text/event-stream; the Accept header takes none."),
        accept="text/csv",
    ),
]

EMPTY = ("operationName", "variables", "extensions", "documentId", "doc_id")
OTHER_FORMS = ("application/x-www-form-urlencoded", f"{JSON}; charset=latin1", f"{JSON}; charset=utf-16")
READING = [
    *(
        post(f"a Content-Type of {kind} is fine", TYPENAME, 200, ANSWER, content_type=kind)
        for kind in (f"{JSON}; charset=utf-8", f'{JSON};charset="UTF-8"', JSON.upper(), f"{JSON}; profile=x")
    ),
    post("text is UTF-8", {"query": '{ hello(name: "🏊") }'}, 200, {"data": {"hello": "Hello 🏊"}}),
    *(
        post(
            f"a Content-Type of {kind} is 415",
            TYPENAME,
            415,
            refused(f"The Content-Type must be {JSON}, in UTF-8, or multipart/form-data with files."),
            content_type=kind,
            headers={"accept": f"{JSON}, multipart/form-data"},
        )
        for kind in (None, "", "text/plain", "application/graphql", GRAPHQL, f"{JSON}, {JSON}", *OTHER_FORMS)
    ),
    post(
        "a form that a page can send is 400",
        TYPENAME,
        400,
        refused(
            "A multipart request needs one of these headers, so that no page can send it: apollo-require-preflight, "
            "x-apollo-operation-name, graphql-require-preflight."
        ),
        content_type="multipart/form-data; boundary=x",
    ),
    post(
        "a compressed body is 415",
        TYPENAME,
        415,
        refused("The body must not be compressed."),
        content_encoding="gzip",
        headers={"accept-encoding": "identity"},
    ),
    post("a body may be said not to be compressed", TYPENAME, 200, ANSWER, content_encoding="identity"),
    get("GET runs a query", {"query": "{ __typename }"}, 200, ANSWER),
    get(
        "GET takes variables as JSON",
        {"query": "query Q($n: String!) { hello(name: $n) }", "variables": '{"n": "you"}', "operationName": "Q"},
        200,
        {"data": {"hello": "Hello you"}},
        accept=GRAPHQL,
        media=GRAPHQL,
    ),
    get("what is empty in a URL is as if it were not there", TYPENAME | dict.fromkeys(EMPTY, ""), 200, ANSWER),
    get("GET with an empty query is 400", {"query": ""}, 400, refused(QUERY_MISSING)),
    get("GET without a query is 400", {}, 400, refused(QUERY_MISSING)),
    get(
        "variables in a URL that are no JSON are 400",
        {"query": "{ __typename }", "variables": "{"},
        400,
        refused("variables must be a JSON object."),
    ),
    get(
        "a mutation by GET is 405",
        {"query": "mutation { __typename }"},
        405,
        refused("A mutation is sent by POST."),
        headers={"allow": "POST"},
    ),
    Case(
        "HEAD is GET without the body",
        200,
        b"",
        method="HEAD",
        content_type=None,
        params={"query": "{ __typename }"},
        headers={"content-length": "31"},
    ),
    Case("OPTIONS names the methods", 204, b"", None, "OPTIONS", headers={"allow": "GET, HEAD, POST, OPTIONS"}),
    *(
        Case(
            f"{method} is 405",
            405,
            refused("GraphQL is asked by GET or POST."),
            method=method,
            headers={"allow": "GET, HEAD, POST, OPTIONS"},
        )
        for method in ("PUT", "PATCH", "DELETE")
    ),
]

NOT_JSON = refused("The body is not JSON in UTF-8 of a sane depth and with finite numbers.")
BODIES = [
    *(
        Case(f"a body of {name} is 400", 400, NOT_JSON, content=content)
        for name, content in {
            "nothing": b"",
            "half a string": b'{ "not a JSON',
            "bad UTF-8": b'{"query": "\xff"}',
            "a lone surrogate": b'{"query": "\\ud800"}',
            "100 000 nested lists": b"[" * 100_000,
            "a number of 100 000 digits": b'{"variables":' + b"9" * 100_000 + b"}",
            "a number beyond floats": b'{"query":"{ __typename }","variables":{"n":1e400}}',
            "NaN": b'{"query":"{ __typename }","variables":{"n":NaN}}',
        }.items()
    ),
    *(
        Case(f"a body of {content.decode()} is 400", 400, refused("The body must be a JSON object."), content=content)
        for content in (b"null", b"5", b'"x"', b"true")
    ),
    *(
        Case(
            f"a body of {content.decode()} is 400",
            400,
            refused("The body must be one JSON object: lists of operations are not taken."),
            content=content,
        )
        for content in (b"[]", b"[1]", b'[{"query":"{ __typename }"}]')
    ),
    post(
        "a body without a query is 400",
        {"qeury": "{ __typename }"},
        400,
        refused(QUERY_MISSING),
        accept=GRAPHQL,
        media=GRAPHQL,
    ),
    *(
        post(f"a query of {value!r} is 400", {"query": value}, 400, refused(QUERY_MISSING))
        for value in ({"obj": "ect"}, 0, False, ["array"], None, "")
    ),
    *(
        post(
            f"an operationName of {value!r} is 400",
            {**TYPENAME, "operationName": value},
            400,
            refused("operationName must be a string or null."),
        )
        for value in ({"obj": "ect"}, 0, False, ["array"])
    ),
    *(
        post(
            f"{name} of {value!r} are 400",
            {**TYPENAME, name: value},
            400,
            refused(f"{name} must be a JSON object or null."),
        )
        for name in ("variables", "extensions")
        for value in ("string", 0, False, ["array"])
    ),
    *(
        post(f"{name} may be null for {media}", {**TYPENAME, name: None}, 200, ANSWER, accept=media, media=media)
        for name in ("variables", "operationName", "extensions")
        for media in (GRAPHQL, JSON)
    ),
    post("extensions may be anything in an object", {**TYPENAME, "extensions": {"some": "value"}}, 200, ANSWER),
    post("unknown keys are ignored", {**TYPENAME, "docId": 5}, 200, ANSWER),
    Case("a byte order mark is passed over", 200, ANSWER, content=b'\xef\xbb\xbf{"query":"{ __typename }"}'),
    Case("of a key given twice the last counts", 200, ANSWER, content=b'{"query":5,"query":"{ __typename }"}'),
    post(
        "the operation is chosen by name",
        {"query": "query A { a: __typename } query B { __typename }", "operationName": "B"},
        200,
        ANSWER,
    ),
]

REQUEST_ERRORS = {
    "a syntax error": (
        {"query": "{"},
        error("Syntax Error: Expected Name, found <EOF>.", "GRAPHQL_PARSE_FAILED", (1, 2)),
    ),
    "an unknown field": (
        {"query": "{ nosuchthing }"},
        error("Cannot query field 'nosuchthing' on type 'Query'.", "GRAPHQL_VALIDATION_FAILED", (1, 3)),
    ),
    "a null for a variable that must not be null": (
        {"query": "query Failure($n: Int!) { doubled(number: $n) }", "variables": {"n": None}},
        error(
            "Variable '$n' has invalid value: Expected value of non-null type 'Int!' not to be None.",
            "BAD_USER_INPUT",
            (1, 15),
        ),
    ),
    "several operations and no name": (
        {"query": "query A { __typename } query B { __typename }"},
        error(
            "The document has several operations: operationName must say which one to run.",
            "OPERATION_RESOLUTION_FAILURE",
        ),
    ),
    "an unknown operation": (
        {"query": "query A { __typename }", "operationName": "B"},
        error("The document has no operation, or none of the name in operationName.", "OPERATION_RESOLUTION_FAILURE"),
    ),
    "a document without an operation": (
        {"query": "fragment F on Query { __typename }"},
        error("The document has no operation, or none of the name in operationName.", "OPERATION_RESOLUTION_FAILURE"),
    ),
    "a subscription": (
        {"query": "subscription { counts(to: 1) }"},
        error(
            "Subscriptions are answered over WebSocket, or with Accept: text/event-stream.",
            "OPERATION_RESOLUTION_FAILURE",
        ),
    ),
}
ERRORS = [
    case
    for name, (fields, body) in REQUEST_ERRORS.items()
    for case in (
        post(f"{name} is 400 for the new media type", fields, 400, body, accept=GRAPHQL, media=GRAPHQL),
        post(f"{name} is 200 for application/json", fields, 200, body),
    )
]
FIELD_ERROR = {
    "errors": [
        {
            "message": "This is NotFound.",
            "locations": [{"line": 1, "column": 15}],
            "path": ["fails"],
            "extensions": {"code": "NOT_FOUND"},
        }
    ],
    "data": {"__typename": "Query", "fails": None},
}
ERRORS.append(
    post(
        "a failed field beside data is 200",
        {"query": '{ __typename, fails(kind: "NotFound") }'},
        200,
        FIELD_ERROR,
        accept=GRAPHQL,
        media=GRAPHQL,
    )
)

CASES = [*ACCEPTING, *READING, *BODIES, *ERRORS]
