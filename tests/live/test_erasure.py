"""Those who follow a user or a session of theirs when the user is erased are told, and at once."""

from api.erasing import erased
from api.upstream import Upstream
from live.conftest import Live
from live.test_lists import FOLLOW
from live.test_messages import FOLLOW as MESSAGES


async def test_who_follows_what_is_erased_is_told_before_acontext_has_deleted_it(
    live: Live, upstream: Upstream
) -> None:
    made = await live.client.create()
    theirs = await live.client.as_user("bob").create()
    async with live.socket() as socket:
        list_id = await socket.subscribe(FOLLOW)
        messages_id = await socket.subscribe(MESSAGES, session=made["id"])
        bobs_id = await socket.subscribe(FOLLOW, user="bob")
        await socket.settled()
        upstream.fault = lambda request: "before" if request.method == "DELETE" else None
        erasure = await erased(live.client)
        assert erasure["sessionsDeleted"] == 0
        assert (await socket.frame(messages_id))["type"] == "complete"
        [error] = (await socket.frame(list_id))["payload"]["errors"]
        assert error["extensions"]["code"] == "SUBSCRIPTION_INTERRUPTED"
        assert socket.unread(bobs_id) == 0
        upstream.fault = None
        renaming = 'mutation ($id: ID!) { updateSession(input: {id: $id, title: "Tea"}) { errors { code } } }'
        await live.client.as_user("bob").data(renaming, id=theirs["id"])
        event = await socket.event(bobs_id)
        assert event["sessionEdge"]["node"]["title"] == "Tea"
