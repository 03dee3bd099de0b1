import { ApolloClient } from "@apollo/client";
import UploadHttpLink from "apollo-upload-client/UploadHttpLink.mjs";

import { createCache } from "./cache";

/** A client that sends operations with a `File` or `Blob` in their variables as forms, and all others as JSON. */
export function createUploadingApolloClient(url: string, headers: Record<string, string>): ApolloClient {
  return new ApolloClient({
    cache: createCache(),
    link: new UploadHttpLink({ uri: url, headers: { ...headers, "apollo-require-preflight": "true" } }),
  });
}
