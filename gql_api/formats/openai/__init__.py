"""OpenAI chat completion messages; reading and checking what comes in and writing what goes out are a file each."""

from gql_api.formats.openai.checking import prepare
from gql_api.formats.openai.reading import named_as_acontext, to_acontext
from gql_api.formats.openai.writing import from_acontext

__all__ = ["from_acontext", "named_as_acontext", "prepare", "to_acontext"]
