"""Acontext in our words: the only package that knows the SDK; what it returns are values of `gql_api.model`."""
