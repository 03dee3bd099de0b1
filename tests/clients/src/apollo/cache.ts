import { InMemoryCache } from "@apollo/client";
import { relayStylePagination } from "@apollo/client/utilities";

export const possibleTypes = {
  Node: ["Disk", "Erasure", "File", "Message", "Session", "SessionEvent", "User"],
  MessagePart: ["DataPart", "MediaPart", "TextPart", "ThinkingPart", "ToolCallPart", "ToolResultPart", "UnknownPart"],
};

const sessions = relayStylePagination(["user", "filter", "orderBy"]);
const files = relayStylePagination(["path", "glob"]);

export function createCache(): InMemoryCache {
  return new InMemoryCache({
    possibleTypes,
    typePolicies: {
      Query: { fields: { sessions } },
      User: { fields: { sessions } },
      Session: {
        fields: {
          // An edited view is another list than the conversation as it is stored.
          messages: relayStylePagination(["editStrategy", "pinAtMessageId"]),
          files,
          tokenCounts: { merge: true },
        },
      },
      Disk: { fields: { files } },
      Directory: { keyFields: false, fields: { files: relayStylePagination() } },
    },
  });
}
