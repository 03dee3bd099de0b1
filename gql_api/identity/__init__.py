"""Bearer tokens: who speaks by them, and with which scopes; what a caller may then do is left to the layers above."""

from gql_api.identity.issuer import IssuerKeys
from gql_api.identity.keys import GivenKey, UnfitKey
from gql_api.identity.verifying import Caller, Expected, Verifier

__all__ = ["Caller", "Expected", "GivenKey", "IssuerKeys", "UnfitKey", "Verifier"]
