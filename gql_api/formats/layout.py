"""A provider's messages in order, and how many of them are settled; what each holds is up to the provider's writer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from gql_api.formats.notices import Report
from gql_api.formats.values import Formatted, JsonObject, Source


@dataclass(frozen=True, slots=True)
class Item:
    """A message to send and its sources; `settled` when no later message can change it."""

    message: JsonObject
    sources: list[Source]
    settled: bool


@dataclass(frozen=True, slots=True)
class Layout:
    """A whole conversation as a provider takes it."""

    items: list[Item]
    system: Any | None = None


def formatted(
    messages: Sequence[Source],
    *,
    report: Report,
    edited_through: str | None,
    lay_out: Callable[[Sequence[Source], Report], Layout],
) -> Formatted:
    """Lay the messages out; those after `edited_through` may still be edited, so what they make is not stable."""
    layout = lay_out(messages, report)
    fixed = layout
    if edited_through is not None and (not messages or messages[-1].id != edited_through):
        fixed = lay_out(_up_to(messages, edited_through), Report(report.media, report.omit_media))
    return Formatted(
        system=layout.system,
        messages=[item.message for item in layout.items],
        message_ids=[list(dict.fromkeys(source.id for source in item.sources)) for item in layout.items],
        stable_count=sum(1 for _ in takewhile(lambda item: item.settled, fixed.items)),
        warnings=report.in_order(messages),
    )


def _up_to(messages: Sequence[Source], last_id: str) -> Sequence[Source]:
    for index, message in enumerate(messages):
        if message.id == last_id:
            return messages[: index + 1]
    return ()
