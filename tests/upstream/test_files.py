"""Calls about files: what Acontext promises no order of comes sorted."""

from typing import Any
from uuid import UUID, uuid4

import httpx

from carrying import By
from gql_api.upstream.connect import connect
from gql_api.upstream.guarded_calls import Limits

DISK = uuid4()


def artifact(name: str) -> dict[str, Any]:
    moment = "2026-01-31T12:00:00.5Z"
    info = {"filename": name, "mime": "text/plain", "path": "/", "size": 1}
    return {
        "disk_id": str(DISK),
        "path": "/",
        "filename": name,
        "meta": {"__artifact_info__": info, "a": 1},
        "created_at": moment,
        "updated_at": moment,
    }


async def test_a_directory_is_sorted_whatever_order_acontext_gives() -> None:
    data = {"artifacts": [artifact(name) for name in ("b", "ä", "B", "a")], "directories": ["z", "é/", "a", "Z"]}
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json={"code": 0, "data": data}))
    async with connect(
        base_url="http://acontext.test", api_key="x", limits=Limits(1, 5, 5), sender=By(transport)
    ) as gateway:
        listing = await gateway.files.directory(DISK, "/")
        assert await gateway.files.directory(UUID(str(DISK)), "/") == listing
    assert [file.path for file in listing.files] == ["/B", "/a", "/b", "/ä"]
    assert listing.directories == ["Z", "a", "z", "é"]
    assert {(file.size, file.mime_type, tuple(file.metadata)) for file in listing.files} == {(1, "text/plain", ("a",))}
