"""How much one GraphQL document may ask for; what is beyond is refused before anything is executed."""

from pydantic import BaseModel, Field

_MOST = 1_000_000


class DocumentSettings(BaseModel):
    """Limits of documents; but for the first two, of one operation with its fragments unfolded."""

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
    max_directives: int = Field(
        50,
        alias="GQL_API_MAX_DIRECTIVES",
        ge=0,
        le=_MOST,
        description="Directives of one operation, and of a GraphQL document as it is written.",
    )
