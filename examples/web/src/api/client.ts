// Apollo Client for this API: how lists are put together in the cache, and which way each operation takes.
import { ApolloClient, ApolloLink, InMemoryCache, Observable } from "@apollo/client";
import { RetryLink } from "@apollo/client/link/retry";
import { relayStylePagination } from "@apollo/client/utilities";
import UploadHttpLink from "apollo-upload-client/UploadHttpLink.mjs";
import { OperationTypeNode, print } from "graphql";

import { identity } from "./identity";
import { follow } from "./live";

const PARTS = ["DataPart", "MediaPart", "TextPart", "ThinkingPart", "ToolCallPart", "ToolResultPart", "UnknownPart"];

const cache = new InMemoryCache({
  possibleTypes: { MessagePart: PARTS },
  typePolicies: {
    Query: {
      fields: {
        sessions: relayStylePagination(["user", "filter", "orderBy"]),
        // A session that a list brought is there at once.
        session: (known, { args, toReference }) =>
          known === undefined ? toReference({ __typename: "Session", id: args?.id }) : known,
      },
    },
    Session: {
      fields: {
        // An edited view is another list than the conversation as it is stored.
        messages: relayStylePagination(["editStrategy", "pinAtMessageId"]),
        files: relayStylePagination(["path", "glob"]),
      },
    },
    Directory: { keyFields: false },
  },
});

/** Apollo's own link for graphql-ws sends the first `after` again after a break; this one the last. */
const followLink = new ApolloLink(
  ({ query, variables, operationName }) =>
    new Observable((observer) =>
      follow(
        { query: print(query), variables, operationName },
        {
          next: (result) => observer.next(result as ApolloLink.Result),
          error: (reason) => observer.error(reason),
          complete: () => observer.complete(),
        },
      ),
    ),
);

/** A lost answer is asked for again; a write only under its key, by which it is done once all the same. */
const retryLink = new RetryLink({
  delay: { initial: 300 },
  attempts: {
    max: 3,
    retryIf: (_, { operationType, variables }) =>
      operationType === OperationTypeNode.QUERY || Boolean(variables.input?.idempotencyKey),
  },
});

// Files go as multipart forms, which the server takes with this header alone: no page of another site can send it.
const httpLink = new UploadHttpLink({
  uri: "/graphql",
  headers: { ...identity(), "apollo-require-preflight": "true" },
});

export const client = new ApolloClient({
  cache,
  link: ApolloLink.split(
    ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
    followLink,
    ApolloLink.from([retryLink, httpLink]),
  ),
});
