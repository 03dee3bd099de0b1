/** What a chat shows: the messages that are stored, and below them those that are on their way. */
import assert from "node:assert/strict";

import { type createDrafts, pending } from "../drafts";
import type { ConversationQuery } from "../generated/graphql";

/** `follow` calls back with each state of the conversation; a draft is told from a message by its "…". */
export function watchChat(
  drafts: ReturnType<typeof createDrafts>,
  follow: (show: (read: ConversationQuery | undefined) => void) => void,
) {
  const shown: string[][] = [];
  let last: NonNullable<ConversationQuery["session"]>["messages"] | undefined;

  function show(): void {
    if (!last) return;
    const waiting = pending(drafts.read(), last.edges).map(({ text, failure }) => (failure ? `${text} !` : `${text} …`));
    shown.push([...last.edges.map(({ node }) => node.text), ...waiting]);
  }
  drafts.watch(show);
  follow((read) => {
    last = read?.session?.messages ?? last;
    show();
  });

  const written = (texts: string[]) => texts.map((text) => text.replace(/ […!]$/, ""));
  return {
    drafts,
    shown,
    now: () => shown.at(-1) ?? [],
    cursor: () => last!.resumeCursor,
    neverTwice() {
      for (const texts of shown.map(written)) assert.equal(new Set(texts).size, texts.length, texts.join());
    },
    /** What was shown once is shown from then on. */
    neverLost() {
      let seen: string[] = [];
      for (const texts of shown.map(written)) {
        assert.deepEqual(seen.filter((text) => !texts.includes(text)), []);
        seen = texts;
      }
    },
  };
}
