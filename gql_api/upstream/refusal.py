"""The refusals of Acontext that callers of the gateway tell apart, free of the SDK."""

from uuid import UUID

from gql_api.errors import UpstreamRejected


class Refused(UpstreamRejected):
    """A 4xx answer. `worded` is False when the body was not Acontext's own, as from a proxy in between."""

    def __init__(self, message: str, *, status: int, worded: bool) -> None:
        super().__init__(message)
        self.status = status
        self.worded = worded

    @property
    def is_absence(self) -> bool:
        """True where Acontext itself says that there is no such thing."""
        return self.worded and self.status == 404  # noqa: PLR2004

    @property
    def is_mistake(self) -> bool:
        """True where Acontext itself says that the request is wrong."""
        return self.worded and self.status == 400  # noqa: PLR2004

    @property
    def is_anothers(self) -> bool:
        """True where the thing belongs to another project of the same Acontext."""
        return self.worded and self.status == 403  # noqa: PLR2004

    @property
    def is_for_good(self) -> bool:
        """True where Acontext itself says that it will never do this: it is gone, another's, or wrong."""
        return self.is_absence or self.is_mistake or self.is_anothers


def checked(id: UUID) -> str:
    """Return the id as Acontext spells it; the nil UUID would answer with some other session.

    The SDK puts ids into paths unquoted, so nothing but a real UUID may get this far.
    """
    if not isinstance(id, UUID) or id.int == 0:
        raise ValueError("not an id that Acontext may be asked for")
    return str(id)
