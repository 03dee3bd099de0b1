"""What a conversion has at hand and what it has to report; the formats decide when something is left out."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from gql_api.formats.values import Media, Notice, Source


@dataclass(frozen=True, slots=True)
class Report:
    """The media of one conversion and the notices it has made so far."""

    media: Media
    omit_media: bool
    notices: list[Notice] = field(default_factory=list)

    def media_omitted(self, source: Source, why: str) -> None:
        self.notices.append(Notice("MEDIA_OMITTED", source.id, why))

    def part_dropped(self, source: Source, why: str) -> None:
        self.notices.append(Notice("PART_DROPPED", source.id, why))

    def in_order(self, messages: Sequence[Source]) -> list[Notice]:
        """Give the notices in the order of their messages, those of one message as they were made."""
        places = {message.id: place for place, message in enumerate(messages)}
        return sorted(self.notices, key=lambda notice: places.get(notice.message_id or "", len(places)))
