// What editing did to a conversation: each message as it is stored, and what became of it.
import type { EditedViewFragment, MessageContentFragment as Message } from "../generated/graphql";

export type Fate = "kept" | "changed" | "gone";

export interface Row {
  fate: Fate;
  stored: Message;
  now: Message; // as it is in the edited view; as it is stored when it is gone
}

/** Without strategies there are no `edits`: all is kept. */
export function differences(stored: readonly Message[], { nodes, edits }: EditedViewFragment): Row[] {
  const edited = new Map(nodes.map((message) => [message.id, message]));
  const fates = new Map<string, Fate>();
  for (const id of edits?.removedIds ?? []) fates.set(id, "gone");
  for (const id of edits?.changedIds ?? []) fates.set(id, "changed");
  return stored.map((message) => ({
    fate: fates.get(message.id) ?? "kept",
    stored: message,
    now: edited.get(message.id) ?? message,
  }));
}

/** A message in one line. */
export function gist({ text, toolCalls, toolResults }: Message): string {
  const calls = toolCalls.map(({ name, argumentsText }) => `${name}(${argumentsText})`);
  const results = toolResults.map((result) => `→ ${result.text}`);
  return [text, ...calls, ...results].filter(Boolean).join(" ").replace(/\s+/g, " ").slice(0, 200);
}
