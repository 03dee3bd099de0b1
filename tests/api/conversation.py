"""Questions about one conversation, as most tests of messages ask them."""

from typing import Any

from api.client import Client

READ = """
query ($id: ID!, $first: Int, $after: String, $last: Int, $before: String, $edits: [EditStrategyInput!], $pin: ID) {
  session(id: $id) {
    messages(
      first: $first, after: $after, last: $last, before: $before, editStrategy: $edits, pinAtMessageId: $pin
    ) { %s }
  }
}
"""
STORE_ONE = """
mutation ($input: StoreMessageInput!) {
  storeMessage(input: $input) { message { %s } errors { code path } }
}
"""
STORE_LIST = """
mutation ($session: ID!, $items: [StoreMessagesItemInput!]!) {
  storeMessages(input: {sessionId: $session, messages: $items}) {
    messages { text } storedCount session { id } errors { code path }
  }
}
"""
KEEP_ONE = {"removeToolResult": {"keepRecentNToolResults": 1}}
PAGE = "edges { cursor node { id text } } pageInfo { hasPreviousPage hasNextPage startCursor endCursor }"
PARTS = """
parts {
  __typename metadata
  ... on TextPart { text }
  ... on ThinkingPart { text redacted }
  ... on ToolCallPart { callId name arguments argumentsText result { text } }
  ... on ToolResultPart { callId text isError call { name } }
  ... on MediaPart { kind filename mimeType size sha256 }
  ... on DataPart { dataType }
  ... on UnknownPart { partType raw }
}
"""


async def read(client: Client, session: str, selection: str = "nodes { text }", **arguments: Any) -> dict[str, Any]:
    """Read a page of the conversation."""
    page: dict[str, Any] = (await client.data(READ % selection, id=session, **arguments))["session"]["messages"]
    return page


async def texts(client: Client, session: str, **arguments: Any) -> list[str]:
    """Read the texts of a page."""
    return [node["text"] for node in (await read(client, session, **arguments))["nodes"]]


async def refusal(client: Client, session: str, **arguments: Any) -> tuple[str, str]:
    """Return code and message of the only error; the page is null then, and nothing else."""
    answer = await client.answer(READ % "nodes { text }", id=session, **arguments)
    assert answer["data"] == {"session": {"messages": None}}
    [error] = answer["errors"]
    return error["extensions"]["code"], error["message"]


def chat(role: str, content: str | None = None, **more: Any) -> dict[str, Any]:
    """Write a message in the plain shape."""
    return {"chat": {"role": role, "content": content, **more}}


def call(call_id: str, name: str = "look", arguments: Any = "{}") -> dict[str, Any]:
    """Write an assistant's message that calls one tool."""
    return chat("ASSISTANT", toolCalls=[{"callId": call_id, "name": name, "arguments": arguments}])


def result(call_id: str, text: str) -> dict[str, Any]:
    """Write a tool's answer."""
    return chat("TOOL", text, toolCallId=call_id)


def turns(*parts: dict[str, Any], role: str = "user") -> dict[str, Any]:
    """Write a message in Acontext's own form."""
    return {"acontext": {"role": role, "parts": list(parts)}}


async def use_tools(client: Client, session: str, numbers: range) -> None:
    """Store tool calls, each with its result: "result 0" and so on."""
    pairs = ((call(f"c{n}", arguments={"n": n}), result(f"c{n}", f"result {n}")) for n in numbers)
    await client.store(session, *(message for pair in pairs for message in pair))


def results(page: dict[str, Any]) -> list[str]:
    """Give the texts of all tool results of a page."""
    return [part["text"] for node in page["nodes"] for part in node["toolResults"]]
