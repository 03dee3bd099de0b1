import type { Client } from "@urql/core";

import { StoreMessage } from "../documents";
import { createDrafts } from "../drafts";

/** The messages that are sent here; the cache's `updates` put each into the conversation when it is stored. */
export function draftsOf(client: Client, session: string) {
  return createDrafts(session, async (input) => {
    const { data, error } = await client.mutation(StoreMessage, { input });
    if (error) throw error;
    return data?.storeMessage;
  });
}
