"""Gemini contents; reading and checking what comes in and writing what goes out are a file each."""

from gql_api.formats.gemini.checking import prepare
from gql_api.formats.gemini.reading import CALLS_KEY, fresh_call_id, signed_as_acontext, to_acontext
from gql_api.formats.gemini.writing import from_acontext

__all__ = ["CALLS_KEY", "fresh_call_id", "from_acontext", "prepare", "signed_as_acontext", "to_acontext"]
