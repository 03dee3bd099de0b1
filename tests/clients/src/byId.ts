import type { SubscribePayload } from "graphql-ws";

/** A subscription that names a trusted document in place of its text. */
export function byId(documentId: string, variables: Record<string, unknown>): SubscribePayload & { documentId: string } {
  return { query: "", documentId, variables };
}
