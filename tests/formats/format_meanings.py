"""What a provider's conversation says, however it is written; and what of it Acontext's own output forms lose.

Two conversations with one meaning differ only in what is named in the docstrings here.
"""

from collections.abc import Iterator
from typing import Any

Message = dict[str, Any]


def of_openai(conversation: list[Message]) -> list[Message]:
    """A text alone or in a list is one; a refusal beside the content stands last in it; detail must be as it was.

    The texts of a tool's answer are joined. The old function messages are calls and answers; ids of calls are numbers.
    """
    numbers: dict[str, int] = {}
    told = []
    for message in conversation:
        role, meaning = message["role"], {"role": message["role"], "name": message.get("name")}
        said = list(_said(message))
        if role in ("tool", "function"):
            newest = max(numbers.values(), default=None) if role == "function" else None
            told.append({"answers": numbers.get(message.get("tool_call_id", ""), newest), "text": _joined(said)})
            continue
        calls = [
            {"call": numbers.setdefault(call["id"], len(numbers)), **call["function"]}
            for call in message.get("tool_calls") or []
        ]
        if message.get("function_call"):
            place = numbers.setdefault(f"the old call {len(numbers)}", len(numbers))
            calls.append({"call": place, **message["function_call"], "old": True})
        told.append({**meaning, "said": said, "calls": calls})
    return told


def _said(message: Message) -> Iterator[tuple[Any, ...]]:
    content, refusal = message.get("content") or [], message.get("refusal")
    if isinstance(content, str) or message.get("content") == "":
        content = [{"type": "text", "text": message["content"]}]
    for item in content:
        kind = item["type"]
        if kind != "text" or item["text"] or message["role"] != "assistant":
            yield kind, item[kind]
    if refusal:
        yield "refusal", refusal


def _joined(said: list[tuple[Any, ...]]) -> str:
    return "".join(text for _, text in said)


def by_us_for_openai(told: list[Message]) -> list[Message]:
    """Nothing is lost but messages of nothing; old calls are calls like others."""
    kept = [message for message in told if "answers" in message or message["said"] or message["calls"]]
    return [_without_old(message) for message in kept]


def _without_old(message: Message) -> Message:
    calls = [{key: value for key, value in call.items() if key != "old"} for call in message.get("calls", [])]
    return {**message, "calls": calls} if "calls" in message else message


def by_upstream_for_openai(told: list[Message]) -> list[Message]:
    """Old calls are lost, and whom old answers answer; empty arguments are quoted; refusals are texts like others.

    The texts of a system message are joined.
    """
    old = {call["call"] for message in told for call in message.get("calls", []) if call.get("old")}
    return [_by_upstream_for_openai(message, old) for message in told]


def _by_upstream_for_openai(message: Message, old: set[int]) -> Message:
    if "answers" in message:
        return {**message, "answers": None} if message["answers"] in old else message
    said = message["said"]
    if message["role"] in ("system", "developer"):
        said = [("text", _joined(said))]
    elif message["role"] == "assistant":
        said = [("text", text) for _, text in said if text]
    calls = [{**call, "arguments": call["arguments"] or '""'} for call in message["calls"] if not call.get("old")]
    return {**message, "said": said, "calls": calls}


def numbered_again(told: list[Message]) -> list[Message]:
    """Count the calls that are left."""
    kept = [call["call"] for message in told for call in message.get("calls", [])]
    numbers = {number: place for place, number in enumerate(kept)}
    return [
        {**message, "answers": numbers.get(message["answers"])}
        if "answers" in message
        else {**message, "calls": [{**call, "call": numbers[call["call"]]} for call in message["calls"]]}
        for message in told
    ]


def of_anthropic(conversation: list[Message]) -> list[Message]:
    """A content of text is one block; how long a cache may hold and whether to cite are no part of what is said.

    A tool's answer is one text, whatever blocks it came in; without `is_error` it is none.
    """
    return [{"role": message["role"], "blocks": list(_blocks(message["content"]))} for message in conversation]


def _blocks(content: Any) -> Iterator[Message]:
    for block in [{"type": "text", "text": content}] if isinstance(content, str) else content:
        told = {key: value for key, value in block.items() if key not in ("cache_control", "citations")}
        if block["type"] == "tool_result":
            parts = block.get("content") or []
            text = parts if isinstance(parts, str) else "".join(part["text"] for part in parts)
            told |= {"content": text, "is_error": block.get("is_error", False)}
        yield {**told, "cached": bool(block.get("cache_control"))}


def by_us_for_anthropic(told: list[Message]) -> list[Message]:
    """Texts of nothing but blanks are left out, as Anthropic refuses them."""
    return [
        {"role": message["role"], "blocks": [_said_by_us(block) for block in message["blocks"] if _is_sent(block)]}
        for message in told
    ]


def _is_sent(block: Message) -> bool:
    return block["type"] != "text" or bool(block["text"].strip())


def _said_by_us(block: Message) -> Message:
    blank = block["type"] == "tool_result" and not block["content"].strip()
    return {**block, "content": ""} if blank else block


def by_upstream_for_anthropic(told: list[Message]) -> list[Message]:
    """Empty texts and thoughts, pictures, and breakpoints but those of texts are lost.

    Acontext looks for pictures by their URL only, and the embedded one fetches none.
    """
    return [
        {
            "role": message["role"],
            "blocks": [
                {**block, "cached": block["cached"] and block["type"] == "text"}
                for block in message["blocks"]
                if not _is_lost_by_upstream(block)
            ],
        }
        for message in told
    ]


def _is_lost_by_upstream(block: Message) -> bool:
    if block["type"] in ("text", "thinking"):
        return not block[block["type"]]
    return block["type"] == "image"


def of_gemini(conversation: list[Message], *, sent: bool = False) -> list[Message]:
    """Arguments or a response that are absent are empty ones; ids of calls are numbers.

    What is `sent` may lack ids: there answers come in the order of the calls.
    """
    numbers: dict[str, int] = {}
    calls = answers = 0
    told = []
    for content in conversation:
        parts = []
        for part in content["parts"]:
            if call := part.get("functionCall"):
                numbers[call.get("id", f"call {calls}")] = calls
                body = {"call": calls, "name": call["name"], "args": call.get("args", {})}
                parts.append({**body, "signature": part.get("thoughtSignature")})
                calls += 1
            elif answer := part.get("functionResponse"):
                place = answers if sent else numbers.get(answer["id"])
                parts.append({"answers": place, "name": answer["name"], "response": answer.get("response", {})})
                answers += 1
            else:
                parts.append(part)
        told.append({"role": content["role"], "parts": parts})
    return told


def by_us_for_gemini(told: list[Message]) -> list[Message]:
    """Nothing is lost."""
    return told


def by_upstream_for_gemini(told: list[Message]) -> list[Message]:
    """Pictures, the signatures of calls, and a content with nothing left are lost."""
    return [
        {**content, "parts": parts}
        for content in told
        if (parts := [_unsigned(part) for part in content["parts"] if "inlineData" not in part])
    ]


def _unsigned(part: Message) -> Message:
    return {**part, "signature": None} if "call" in part else part
