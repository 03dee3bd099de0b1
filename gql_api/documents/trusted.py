"""The documents that an operator trusts: each under its ids, and all of them good for the schema."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from graphql import DocumentNode, GraphQLError

from gql_api.documents.collecting import collect, fault_of
from gql_api.documents.files import read_all
from gql_api.refusal import Refusal

Validate = Callable[[DocumentNode], list[GraphQLError]]


def trusted(path: Path, validate: Validate) -> dict[str, str]:
    """Read a manifest, a file of GraphQL or a folder of them; give texts by ids. Raise `Refusal` for the first fault.

    A document's ids are the one of its manifest, or the name of its file, and the SHA-256 of its text, which may
    begin with `sha256:`.
    """
    collection = collect(read_all([path]))
    found: dict[str, str] = {}
    for fault in collection.faults:
        raise Refusal(str(fault))
    for document in collection.documents:
        for error in validate(document.node):
            raise Refusal(str(fault_of(error)))
        for id in _ids(document.written.id, document.text):
            if found.setdefault(id, document.text) != document.text:
                raise Refusal(f"{document.written.place}: another document has the id {id} too.")
    if not found:
        raise Refusal(f"{path}: there is no operation in it.")
    return found


def _ids(given: str, text: str) -> list[str]:
    digest = sha256(text.encode()).hexdigest()
    return [given, digest, f"sha256:{digest}"]
