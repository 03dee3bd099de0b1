// Which result belongs to which call, over all messages at hand: the two may come pages apart.
import type { MessageRowFragment } from "../generated/graphql";

export type Part = MessageRowFragment["parts"][number];
export type ToolCall = Extract<Part, { __typename: "ToolCallPart" }>;
export type ToolResult = Extract<Part, { __typename: "ToolResultPart" }>;

export interface Tools {
  results: Map<string, ToolResult>;
  calls: Set<string>;
}

export function toolsOf(messages: readonly MessageRowFragment[]): Tools {
  const parts = messages.flatMap((message) => message.parts as Part[]);
  const results = parts.filter((part) => part.__typename === "ToolResultPart");
  const calls = parts.filter((part) => part.__typename === "ToolCallPart");
  return {
    results: new Map(results.map((result) => [result.callId, result])),
    calls: new Set(calls.map(({ callId }) => callId)),
  };
}

/** A result is shown within its call; alone only when the call is not at hand. */
export function isShown(part: Part, { calls }: Tools): boolean {
  return part.__typename !== "ToolResultPart" || !calls.has(part.callId);
}
