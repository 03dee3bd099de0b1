import { ApolloClient, ApolloLink, HttpLink, Observable } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { type DocumentNode, OperationTypeNode } from "graphql";
import type { Client } from "graphql-ws";

import { byId } from "../byId";
import { follow } from "../live";
import { createCache } from "./cache";

/** Codegen leaves in each document the id that it has in the manifest. */
function idOf(document: DocumentNode): string {
  return (document as DocumentNode & { __meta__: { hash: string } }).__meta__.hash;
}

/** A client that sends ids alone, for a server with `GQL_API_ONLY_TRUSTED_DOCUMENTS=true`. */
export function createTrustedClient(url: string, headers: Record<string, string>, socket: Client): ApolloClient {
  return new ApolloClient({
    cache: createCache(),
    link: ApolloLink.split(
      ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
      new ApolloLink(
        ({ query, variables }) =>
          new Observable((observer) =>
            follow(socket, byId(idOf(query), variables), {
              next: (result) => observer.next(result as ApolloLink.Result),
              error: (reason) => observer.error(reason),
              complete: () => observer.complete(),
            }),
          ),
      ),
      ApolloLink.from([
        new PersistedQueryLink({ generateHash: idOf, retry: () => false }),
        new HttpLink({ uri: url, headers }),
      ]),
    ),
  });
}
