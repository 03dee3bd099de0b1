"""Messages in Acontext's own form to a provider's form and back: pure functions that import nothing else of ours.

Each format is a package with `to_acontext` (as the real server normalises), `prepare` (what Acontext keeps whole, or a
refusal) and `from_acontext` (for the provider's SDK); `chat` has only `to_acontext`.
"""

from gql_api.formats.values import (
    FormatError,
    Formatted,
    InlineMedia,
    LinkedMedia,
    Media,
    Notice,
    Source,
)

__all__ = ["FormatError", "Formatted", "InlineMedia", "LinkedMedia", "Media", "Notice", "Source"]
