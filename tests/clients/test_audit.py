"""The public audit of GraphQL over HTTP, graphql-http's, on the running product: nothing of it may fail."""

import json
from collections import Counter

from clients.npm import Node

AUDITS = {"MUST": 13, "SHOULD": 23, "MAY": 25}


def test_every_audit_of_graphql_over_http_passes(node: Node, endpoint: str) -> None:
    results = json.loads(node.run("audit.mjs", endpoint))

    assert [one for one in results if one["status"] != "ok"] == []
    assert Counter(one["name"].split()[0] for one in results) == AUDITS
