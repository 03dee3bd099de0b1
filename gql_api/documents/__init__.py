"""Documents of clients in files: manifests of their tools, and `.graphql` files; who runs them is left to others."""

from gql_api.documents.checking import check
from gql_api.documents.tools import FORMS, tools
from gql_api.documents.trusted import trusted

__all__ = ["FORMS", "check", "tools", "trusted"]
