"""Drafts of messages: a plain one is stored as if it had come in Acontext's own form."""

from hypothesis import given
from hypothesis import strategies as st

from gql_api.errors import Invalid
from gql_api.formats import acontext, chat
from gql_api.services import rules
from gql_api.services.drafts import ChatMessage, Draft, storable

ANY = st.text(st.characters(exclude_categories=()), max_size=5)
CALLS = st.builds(chat.ToolCall, ANY, ANY, ANY | st.dictionaries(ANY, ANY))
CHATS = st.builds(
    ChatMessage,
    st.sampled_from(["SYSTEM", "DEVELOPER", "USER", "ASSISTANT", "TOOL"]),
    st.none() | ANY,
    st.lists(CALLS, max_size=2),
    st.none() | ANY,
    st.booleans(),
    st.just([]),
)


@given(CHATS)
def test_a_plain_message_is_kept_as_it_is_read(message: ChatMessage) -> None:
    try:
        made = storable(Draft(message, None, ("input",)))
    except Invalid:
        return
    rules.exact_json(made.blob, (), nul=True)
    read = acontext.to_acontext(made.blob)

    assert made.format == "acontext"
    assert made.system_meta == read["meta"]
    assert read["role"] == made.blob["role"]
    # What is empty Acontext does not keep.
    assert read["parts"] == [{key: value for key, value in part.items() if value} for part in made.blob["parts"]]
