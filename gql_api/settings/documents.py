"""Which GraphQL documents are run, and how much one may ask for; others are refused before anything is executed."""

from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, Field

_MOST = 1_000_000


class DocumentSettings(BaseModel):
    """Documents, and their limits; but for the first two limits, of one operation with its fragments unfolded."""

    documents: Path | None = Field(
        None,
        alias="GQL_API_DOCUMENTS",
        description="Documents that are trusted, and named by their ids in requests: a manifest of graphql-codegen, "
        "relay-compiler or Apollo (`.json`), a GraphQL file or a folder of them. The limits of documents do not hold "
        "for them. Read at the start; docs/documents.md has more.",
    )
    only_trusted_documents: bool = Field(
        False,
        alias="GQL_API_ONLY_TRUSTED_DOCUMENTS",
        description="Whether nothing is run but the documents of `GQL_API_DOCUMENTS`; there is no explorer then.",
    )
    persisted_queries: int = Field(
        1_000,
        alias="GQL_API_PERSISTED_QUERIES",
        ge=0,
        le=_MOST,
        description="Documents that each worker keeps for automatic persisted queries, which clients send by their "
        "hash alone; 0: none are kept.",
    )
    persisted_query_memory: int = Field(
        16 * 1024 * 1024,
        alias="GQL_API_PERSISTED_QUERY_MEMORY",
        ge=1024,
        description="Bytes that the documents of automatic persisted queries take at most.",
    )

    max_document_characters: int = Field(
        100_000,
        alias="GQL_API_MAX_DOCUMENT_CHARACTERS",
        ge=100,
        le=100_000_000,
        description="Characters of a GraphQL document; values belong into variables, which do not count.",
    )
    max_document_tokens: int = Field(
        2_000,
        alias="GQL_API_MAX_DOCUMENT_TOKENS",
        ge=10,
        le=_MOST,
        description="Names, punctuators, values and comments of a GraphQL document.",
    )
    max_depth: int = Field(
        15,
        alias="GQL_API_MAX_DEPTH",
        ge=1,
        le=200,
        description="Levels of fields within fields of one operation; tools that read the schema need 15.",
    )
    max_aliases: int = Field(
        30,
        alias="GQL_API_MAX_ALIASES",
        ge=0,
        le=_MOST,
        description="Aliases of one operation; each spread of a fragment counts those in it again, here and below.",
    )
    max_fields: int = Field(
        1_000, alias="GQL_API_MAX_FIELDS", ge=1, le=_MOST, description="Fields of one operation, on all levels."
    )
    max_root_fields: int = Field(
        20,
        alias="GQL_API_MAX_ROOT_FIELDS",
        ge=1,
        le=_MOST,
        description="Fields on the first level of one query or subscription.",
    )
    max_mutations: int = Field(
        10,
        alias="GQL_API_MAX_MUTATIONS",
        ge=1,
        le=_MOST,
        description="Fields on the first level of one mutation, which run one after the other.",
    )
    max_variables_depth: int = Field(
        60,
        alias="GQL_API_MAX_VARIABLES_DEPTH",
        ge=1,
        le=500,
        description="Levels of lists and objects in each other that a variable has: 50 of JSON, and what inputs have "
        "around it.",
    )
    max_variables: int = Field(
        200_000,
        alias="GQL_API_MAX_VARIABLES",
        ge=1,
        le=10_000_000,
        description="Values that the variables of one operation have, with all that are in lists and objects: each is "
        "looked at several times, while nothing else is served.",
    )
    max_directives: int = Field(
        50,
        alias="GQL_API_MAX_DIRECTIVES",
        ge=0,
        le=_MOST,
        description="Directives of one operation, and of a GraphQL document as it is written.",
    )

    def document_faults(self) -> Iterator[str]:
        """Tell what does not go together."""
        if self.only_trusted_documents and self.documents is None:
            yield "GQL_API_ONLY_TRUSTED_DOCUMENTS: needs GQL_API_DOCUMENTS, else nothing could be run."
