import type { Edge } from "./conversation";
import type { StoreMessageInput, StoreMessageMutation } from "./generated/graphql";

/** A message on its way. */
export interface Draft {
  key: string; // its idempotency key, by which the stored message is known
  text: string;
  failure: unknown; // why it is not stored; null while it is sent
}

type Answer = StoreMessageMutation["storeMessage"] | undefined;

/** The server stored nothing; `errors` say what is to be put right. */
export class Refused extends Error {
  constructor(readonly errors: NonNullable<Answer>["errors"]) {
    super(errors.map(({ message }) => message).join(" "));
  }
}

/** The messages of a chat that are on their way. With React: `useSyncExternalStore(drafts.watch, drafts.read)`. */
export function createDrafts(session: string, store: (input: StoreMessageInput) => Promise<Answer>) {
  let drafts: readonly Draft[] = [];
  const watchers = new Set<() => void>();

  function become(next: readonly Draft[]): void {
    drafts = next;
    watchers.forEach((watcher) => watcher());
  }
  const without = (key: string) => drafts.filter((draft) => draft.key !== key);

  /** Show a message and store it. To send it again give its key: then it is stored once, though an answer was lost. */
  async function send(text: string, key: string = crypto.randomUUID()): Promise<void> {
    become([...without(key), { key, text, failure: null }]);
    try {
      const answer = await store({
        sessionId: session,
        message: { chat: { role: "USER", content: text } },
        idempotencyKey: key,
      });
      if (answer?.errors.length) throw new Refused(answer.errors);
      become(without(key));
    } catch (failure) {
      become(drafts.map((draft) => (draft.key === key ? { ...draft, failure } : draft)));
    }
  }

  return {
    send,
    read: () => drafts,
    drop: (key: string) => become(without(key)),
    watch(watcher: () => void) {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
  };
}

/** The drafts to be shown below the messages: the live event may have brought one before it is answered. */
export function pending(drafts: readonly Draft[], edges: readonly Edge[]): Draft[] {
  return drafts.filter(({ key }) => !edges.some(({ node }) => node.idempotencyKey === key));
}
