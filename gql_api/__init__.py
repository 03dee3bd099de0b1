"""gql_api: one typed GraphQL door to agent sessions, each one conversation in Acontext and one disk of files."""

__version__ = "0.1.0"
