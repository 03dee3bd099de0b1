"""Expressions that texts of files are searched for: what PostgreSQL would refuse, or take long over, is not sent."""

from gql_api.errors import Invalid
from gql_api.expressions import LEAST, BadExpression, translate
from gql_api.services import rules

LONGEST = 256
"""Characters, also where all that is repeated is written out: PostgreSQL takes two seconds for a MiB of text then."""


def checked(expression: str, path: rules.Path) -> str:
    """Return an expression as it came; raise `Invalid` for one that is wrong, or could be much work."""
    if not 1 <= len(expression) <= LONGEST:
        raise Invalid(f"A regular expression has 1 to {LONGEST} characters.", path)
    rules.exact_text(expression, path)
    try:
        found = translate(expression)
    except BadExpression as problem:
        raise Invalid(f"This is no regular expression of the kind that is understood here: {problem}.", path) from None
    if not found.is_regular:
        raise Invalid("Texts are not searched with back references, nor by looking ahead or behind.", path)
    if found.unfolded > LONGEST * LEAST:
        raise Invalid(f"With all that it repeats written out, it has more than {LONGEST} characters.", path)
    return expression
