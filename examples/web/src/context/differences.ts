// What editing did to a conversation: each message as it is stored, and what became of it.
import type { EditedViewFragment } from "../generated/graphql";

type Message = EditedViewFragment["nodes"][number];
export type Fate = "kept" | "changed" | "gone";

export interface Row {
  fate: Fate;
  message: Message; // as it is in the edited view; as it was stored when it is gone
}

export function differences(stored: readonly Message[], edited: readonly Message[]): Row[] {
  const left = new Map(edited.map((message) => [message.id, message]));
  return stored.map((message) => {
    const now = left.get(message.id);
    if (!now) return { fate: "gone", message };
    return { fate: contentOf(now) === contentOf(message) ? "kept" : "changed", message: now };
  });
}

function contentOf({ text, toolCalls, toolResults }: Message): string {
  return JSON.stringify([text, toolCalls, toolResults]);
}

/** A message in one line. */
export function gist({ text, toolCalls, toolResults }: Message): string {
  const calls = toolCalls.map(({ name, argumentsText }) => `${name}(${argumentsText})`);
  const results = toolResults.map((result) => `→ ${result.text}`);
  return [text, ...calls, ...results].filter(Boolean).join(" ").replace(/\s+/g, " ").slice(0, 200);
}
