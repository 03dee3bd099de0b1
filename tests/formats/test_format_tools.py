"""Tool calls and their results: put together as each provider wants them, whatever lies between or is missing."""

from typing import Any

from gql_api.formats import Formatted, Notice, Source, anthropic, gemini, openai
from gql_api.formats.alternating import OPENING
from gql_api.formats.conversation import NO_RESULT


def said(message_id: str, text: str, role: str = "user", **meta: Any) -> Source:
    return Source(message_id, role, [{"type": "text", "text": text}], meta)


def call_part(call_id: str, arguments: Any = '{"q":1}', name: str = "f") -> dict[str, Any]:
    return {"type": "tool-call", "meta": {"id": call_id, "name": name, "arguments": arguments}}


def calls(message_id: str, *parts: dict[str, Any]) -> Source:
    return Source(message_id, "assistant", parts, {})


def result_part(call_id: str, text: str, **meta: Any) -> dict[str, Any]:
    return {"type": "tool-result", "text": text, "meta": {"tool_call_id": call_id, **meta}}


def results(message_id: str, *parts: dict[str, Any]) -> Source:
    return Source(message_id, "user", parts, {})


def openai_call(call_id: str, arguments: str = '{"q":1}', name: str = "f") -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def openai_result(call_id: str, text: str) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call_id, "content": text}


def no_result(message_id: str, call_id: str) -> Notice:
    return Notice("CALL_WITHOUT_RESULT", message_id, f"The call {call_id} of the tool f has no result.")


def no_call(message_id: str, call_id: str) -> Notice:
    text = f"The call of the tool result {call_id} is not there: sent as text."
    return Notice("RESULT_WITHOUT_CALL", message_id, text)


PARALLEL = [
    said("m1", "Be brief.", original_role="system"),
    said("m2", "go"),
    calls("m3", call_part("a"), call_part("b")),
    results("m4", result_part("b", '{"r": 1}')),
    said("m5", "hurry"),
    Source("m6", "user", [result_part("a", "oh", is_error=True), {"type": "text", "text": "there"}], {}),
]


def test_openai_has_each_result_as_a_message_right_after_the_call() -> None:
    assert openai.from_acontext(PARALLEL, media={}) == Formatted(
        system=None,
        messages=[
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "go"},
            {"role": "assistant", "tool_calls": [openai_call("a"), openai_call("b")]},
            openai_result("b", '{"r": 1}'),
            openai_result("a", "oh"),
            {"role": "user", "content": "hurry"},
            {"role": "user", "content": "there"},
        ],
        message_ids=[["m1"], ["m2"], ["m3"], ["m4"], ["m6"], ["m5"], ["m6"]],
        stable_count=7,
        warnings=[],
    )


def test_anthropic_has_all_results_first_in_the_message_after_the_call() -> None:
    def used(call_id: str) -> dict[str, Any]:
        return {"type": "tool_use", "id": call_id, "name": "f", "input": {"q": 1}}

    def answered(call_id: str, text: str, *, is_error: bool) -> dict[str, Any]:
        content = [{"type": "text", "text": text}]
        return {"type": "tool_result", "tool_use_id": call_id, "is_error": is_error, "content": content}

    assert anthropic.from_acontext(PARALLEL, media={}) == Formatted(
        system=[{"type": "text", "text": "Be brief."}],
        messages=[
            {"role": "user", "content": [{"type": "text", "text": "go"}]},
            {"role": "assistant", "content": [used("a"), used("b")]},
            {
                "role": "user",
                "content": [
                    answered("b", '{"r": 1}', is_error=False),
                    answered("a", "oh", is_error=True),
                    {"type": "text", "text": "hurry"},
                    {"type": "text", "text": "there"},
                ],
            },
        ],
        message_ids=[["m2"], ["m3"], ["m4", "m6", "m5"]],
        stable_count=2,
        warnings=[],
    )


def test_gemini_has_the_name_of_the_function_and_an_object_with_each_answer() -> None:
    def called(call_id: str) -> dict[str, Any]:
        return {"functionCall": {"id": call_id, "name": "f", "args": {"q": 1}}}

    def answered(call_id: str, response: dict[str, Any]) -> dict[str, Any]:
        return {"functionResponse": {"id": call_id, "name": "f", "response": response}}

    assert gemini.from_acontext(PARALLEL, media={}) == Formatted(
        system={"parts": [{"text": "Be brief."}]},
        messages=[
            {"role": "user", "parts": [{"text": "go"}]},
            {"role": "model", "parts": [called("a"), called("b")]},
            {
                "role": "user",
                "parts": [
                    answered("b", {"r": 1}),
                    answered("a", {"error": "oh"}),
                    {"text": "hurry"},
                    {"text": "there"},
                ],
            },
        ],
        message_ids=[["m2"], ["m3"], ["m4", "m6", "m5"]],
        stable_count=2,
        warnings=[],
    )


def test_a_call_that_still_runs_beside_an_answered_one_gets_a_stand_in() -> None:
    running = [said("m1", "go"), calls("m2", call_part("a"), call_part("b")), results("m3", result_part("b", "ok"))]

    result = openai.from_acontext(running, media={})

    assert result.messages[1:] == [
        {"role": "assistant", "tool_calls": [openai_call("a"), openai_call("b")]},
        openai_result("b", "ok"),
        openai_result("a", NO_RESULT),
    ]
    assert result.warnings == [no_result("m2", "a")]
    assert result.stable_count == 3


def test_calls_that_all_still_run_are_left_open_and_told() -> None:
    result = openai.from_acontext([said("m1", "go"), calls("m2", call_part("a"))], media={})

    assert result.messages[1:] == [{"role": "assistant", "tool_calls": [openai_call("a")]}]
    assert result.warnings == [no_result("m2", "a")]
    assert result.stable_count == 1


def test_calls_in_two_messages_in_a_row_are_one_message_until_the_results() -> None:
    first = [said("m1", "go"), said("m2", "well", role="assistant"), calls("m3", call_part("a"))]
    more = [*first, calls("m4", call_part("b")), results("m5", result_part("b", "2"), result_part("a", "1"))]

    before, after = (openai.from_acontext(messages, media={}) for messages in (first, more))

    assert before.stable_count == 2
    assert after.messages == [
        {"role": "user", "content": "go"},
        {"role": "assistant", "content": "well"},
        {"role": "assistant", "tool_calls": [openai_call("a"), openai_call("b")]},
        openai_result("b", "2"),
        openai_result("a", "1"),
    ]
    assert after.message_ids == [["m1"], ["m2"], ["m3", "m4"], ["m5"], ["m5"]]
    assert after.stable_count == 5


def test_a_call_that_was_passed_over_gets_a_result_that_says_so() -> None:
    passed_over = [said("m1", "go"), calls("m2", call_part("a")), said("m3", "never mind")]

    result = openai.from_acontext(passed_over, media={})

    assert result.messages[1:] == [
        {"role": "assistant", "tool_calls": [openai_call("a")]},
        openai_result("a", NO_RESULT),
        {"role": "user", "content": "never mind"},
    ]
    assert result.message_ids[1:] == [["m2"], ["m2"], ["m3"]]
    assert result.warnings == [no_result("m2", "a")]
    assert result.stable_count == 2


def test_a_result_after_the_assistant_went_on_is_sent_as_text() -> None:
    late = [
        said("m1", "go"),
        calls("m2", call_part("a")),
        said("m3", "well?"),
        said("m4", "I wait.", role="assistant"),
        results("m5", result_part("a", "at last")),
    ]

    result = openai.from_acontext(late, media={})

    assert result.messages[2:] == [
        openai_result("a", NO_RESULT),
        {"role": "user", "content": "well?"},
        {"role": "assistant", "content": "I wait."},
        {"role": "user", "content": "Result of the tool call a:\nat last"},
    ]
    assert result.warnings == [no_result("m2", "a"), no_call("m5", "a")]


def test_a_conversation_cut_before_its_results_begins_with_the_user() -> None:
    cut = [said("m1", "hm", role="assistant"), results("m2", result_part("a", "ok"))]

    result = anthropic.from_acontext(cut, media={})

    assert result.messages == [
        {"role": "user", "content": [{"type": "text", "text": OPENING}]},
        {"role": "assistant", "content": [{"type": "text", "text": "hm"}]},
        {"role": "user", "content": [{"type": "text", "text": "Result of the tool call a:\nok"}]},
    ]
    assert result.message_ids == [[], ["m1"], ["m2"]]
    assert result.warnings == [no_call("m2", "a")]


def test_ids_that_anthropic_refuses_are_replaced_in_call_and_result() -> None:
    odd = [
        said("m1", "go"),
        calls("m2", call_part("a.b"), call_part("fine")),
        results("m3", result_part("fine", "2"), result_part("a.b", "1")),
        calls("m4", call_part("fine")),
    ]

    messages = anthropic.from_acontext(odd, media={}).messages

    sent = [block["id"] for block in messages[1]["content"]]
    assert sent == ["a_b_2e7336dc8eba", "fine"]
    assert [block["tool_use_id"] for block in messages[2]["content"]] == ["fine", "a_b_2e7336dc8eba"]
    assert messages[3]["content"][0]["id"] == "fine_2"


def test_an_old_function_message_answers_the_call_of_its_name() -> None:
    old = [
        said("m1", "go"),
        Source("m2", "assistant", [{"type": "tool-call", "meta": {"name": "f", "arguments": "{}"}}], {}),
        Source("m3", "user", [{"type": "tool-result", "text": "ok", "meta": {"function_name": "f"}}], {}),
    ]

    result = openai.from_acontext(old, media={})

    call_id = result.messages[1]["tool_calls"][0]["id"]
    assert result.messages[1:] == [
        {"role": "assistant", "tool_calls": [openai_call(call_id, "{}")]},
        openai_result(call_id, "ok"),
    ]
    assert result.warnings == []


def test_arguments_that_are_no_object_are_wrapped_for_anthropic() -> None:
    broken = [said("m1", "go"), calls("m2", call_part("a", "{broken"), call_part("b", ""), call_part("c", {"z": 1}))]

    result = anthropic.from_acontext(broken, media={})

    inputs = [block["input"] for block in result.messages[1]["content"]]
    assert inputs == [{"arguments": "{broken"}, {}, {"z": 1}]
    wrapped = "The arguments of the call of f are no JSON object: sent under the key arguments."
    assert Notice("PART_DROPPED", "m2", wrapped) in result.warnings


def test_openai_gets_the_arguments_as_they_were_written() -> None:
    written = [said("m1", "go"), calls("m2", call_part("a", '{"b" : 1}'), call_part("b", {"z": [1], "a": "ü"}))]

    tool_calls = openai.from_acontext(written, media={}).messages[1]["tool_calls"]

    assert tool_calls == [openai_call("a", '{"b" : 1}'), openai_call("b", '{"a":"ü","z":[1]}')]


def test_the_stable_start_ends_where_editing_may_still_reach() -> None:
    turns = [said(f"m{number}", "x", role="assistant" if number % 2 else "user") for number in range(6)]

    assert openai.from_acontext(turns, media={}, edited_through="m3").stable_count == 4
    assert anthropic.from_acontext(turns, media={}, edited_through="m3").stable_count == 3
    assert openai.from_acontext(turns, media={}, edited_through="gone").stable_count == 0
