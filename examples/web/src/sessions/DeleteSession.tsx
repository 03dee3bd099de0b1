// Deletes the open session, and leaves it.
import { useMutation } from "@apollo/client/react";

import { accepted } from "../api/failures";
import type { SessionRowFragment } from "../generated/graphql";
import { Confirm } from "../shell/Confirm";
import { leave } from "../shell/place";
import { DeleteSession as Document } from "./documents";
import { dropSession } from "./store";

export function DeleteSession({ session }: { session: SessionRowFragment }) {
  const [remove, { client }] = useMutation(Document);

  async function confirmed() {
    const { data } = await remove({ variables: { input: { id: session.id } } });
    accepted(data?.deleteSession);
    leave();
    dropSession(client.cache, session.id);
  }

  return (
    <Confirm label="Delete session" question={`Delete “${session.displayTitle}”?`} onConfirm={confirmed}>
      Its messages and files go with it. There is no way back.
    </Confirm>
  );
}
