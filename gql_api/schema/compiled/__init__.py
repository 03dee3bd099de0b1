"""Subtrees of plain attributes, answered by functions that are generated once for each document.

Whatever is not known for certain is left to graphql-core, which is also who tells of every error.
"""

from gql_api.schema.compiled.executor import CompilingExecutor

__all__ = ["CompilingExecutor"]
