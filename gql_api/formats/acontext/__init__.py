"""Acontext's own form; reading and checking what comes in and writing what goes out are a file each."""

from gql_api.formats.acontext.checking import prepare
from gql_api.formats.acontext.reading import OWN_META, PART_TYPES, to_acontext
from gql_api.formats.acontext.writing import from_acontext

__all__ = ["OWN_META", "PART_TYPES", "from_acontext", "prepare", "to_acontext"]
