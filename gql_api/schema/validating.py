"""Documents held against the schema: in bounded steps, and with no more faults told than anybody reads."""

from graphql import (
    ASTValidationRule,
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    NoSchemaIntrospectionCustomRule,
    validate,
)
from graphql.validation.rules import overlapping_fields_can_be_merged
from graphql.validation.validate import ValidationAbortedError
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from gql_api.errors import CostLimitExceeded

MOST_ERRORS = 10
"""Faults of a document, or of its variables, that are told."""
_STRAWBERRYS = (MaybeNullValidationRule, OneOfInputValidationRule)

# Whether fields of one name can be merged is looked at for each pair of them, and for all below them: 199 repeated
# fields with what they select took half a second with ten times as many steps. Thirty fragments of one type that select
# the same lists of each other's sessions need a third of these.
overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET = 50_000

Rules = tuple[type[ASTValidationRule], ...]


def faults_of(schema: GraphQLSchema, document: DocumentNode, rules: Rules, *, is_private: bool) -> list[GraphQLError]:
    """Validate a document by these rules and Strawberry's own; where the schema is private, it is not told either."""
    asked = (*rules, *_STRAWBERRYS, *((NoSchemaIntrospectionCustomRule,) if is_private else ()))
    found = validate(schema, document, asked, max_errors=MOST_ERRORS, hide_suggestions=is_private)
    return [_told(error, len(found)) if isinstance(error, ValidationAbortedError) else error for error in found]


def _told(error: GraphQLError, count: int) -> GraphQLError:
    """Say why it was given up: there were too many faults, or too many pairs of fields to look at."""
    if count > MOST_ERRORS:
        return GraphQLError(f"There are more faults than these {MOST_ERRORS}.", extensions=_INVALID)
    return GraphQLError(
        "The document asks for fields of the same names too often: let fragments have less in common.",
        extensions={"code": CostLimitExceeded.code},
    )


_INVALID = {"code": "GRAPHQL_VALIDATION_FAILED"}
