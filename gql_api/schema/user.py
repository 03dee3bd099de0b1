"""Users: nothing is kept of them but the sessions that are theirs."""

import strawberry

from gql_api.schema import node
from gql_api.schema.connection import After, Before, First, Last
from gql_api.schema.context import Info
from gql_api.schema.export import Forms, names_of, shown
from gql_api.schema.part import ExpiresIn, SignedUrl, check_expiry
from gql_api.schema.place import Page
from gql_api.schema.session_list import (
    SessionConnection,
    SessionOrder,
    SessionOrderBy,
    SessionWhere,
    session_connection,
)


@strawberry.type(description="Somebody who has sessions. A user needs no registration: the identifier is all.")
class User(node.Node):
    """A user."""

    identifier: str = strawberry.field(
        description="The name that the application knows the user by, such as an email address: 1 to 255 characters."
    )

    @classmethod
    def of(cls, identifier: str) -> "User":
        """Make the user with this identifier."""
        return cls(id=node.user_id(identifier), identifier=identifier)

    @strawberry.field(description="The user's sessions, newest first; neither first nor last: 20 of them.")
    async def sessions(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: SessionWhere = None,
        order_by: SessionOrderBy = SessionOrder.CREATED_AT_DESC,
    ) -> SessionConnection | None:
        page = Page(first=first, last=last, after=after, before=before)
        return await session_connection(info, self.identifier, page=page, where=filter, order=order_by)

    @strawberry.field(
        description="Where all the user's sessions can be read as one archive, those that there are when it is read: "
        "GET, without a token. Whoever has the URL has them, and it cannot be taken back."
    )
    def export_url(self, info: Info, expires_in: ExpiresIn = 3600, forms: Forms = None) -> SignedUrl | None:
        seconds = check_expiry(expires_in)
        return shown(info.context.exports.user_url(self.identifier, names_of(forms), seconds=seconds))
