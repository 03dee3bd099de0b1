/** Relay as React components have it: what is on the screen when its buttons are pressed. */
import assert from "node:assert/strict";
import { type TestContext, mock, test } from "node:test";

import { Window } from "happy-dom";
import { type ReactNode, Suspense } from "react";
import { RelayEnvironmentProvider } from "react-relay";

import { Conversation } from "../relay/Conversation";
import { SessionList } from "../relay/SessionList";
import { createRelayEnvironment } from "../relay/environment";
import { createSession, someone, storeMessages, until, waysOf } from "./server";

const USER = someone("react");
const window = new Window();
const { document, navigator } = window;
for (const [name, value] of Object.entries({ window, document, navigator }))
  Object.defineProperty(globalThis, name, { value, configurable: true });
const { createRoot } = await import("react-dom/client"); // it looks for a window when it is loaded

async function show(trial: TestContext, page: ReactNode) {
  const told = mock.method(console, "error");
  const { socket, ...ways } = waysOf(USER);
  const place = globalThis.document.createElement("div");
  const root = createRoot(place);
  trial.after(async () => {
    root.unmount();
    await socket.dispose();
    assert.deepEqual(told.mock.calls, []);
  });
  root.render(
    <RelayEnvironmentProvider environment={createRelayEnvironment({ ...ways, socket })}>
      <Suspense fallback="…">{page}</Suspense>
    </RelayEnvironmentProvider>,
  );
  const texts = (selector: string) => Array.from(place.querySelectorAll(selector), ({ textContent }) => textContent);
  const button = (name: string, nth = 0) =>
    Array.from(place.querySelectorAll("button")).filter(({ textContent }) => textContent === name)[nth];
  return {
    button,
    press: (name: string, nth = 0) => button(name, nth)!.click(),
    shows: (selector: string, ...wanted: string[]) => until(() => texts(selector).join() === wanted.join(), wanted.join()),
  };
}

test("a list loads its next page, shows a new session first, and no longer one that is deleted", async (trial) => {
  for (const title of ["one", "two", "three"]) await createSession(USER, title);
  const screen = await show(trial, <SessionList pageSize={2} />);
  await screen.shows("span", "three", "two");
  screen.press("More");
  await screen.shows("span", "three", "two", "one");
  await until(() => !screen.button("More"), "no more pages");
  screen.press("New");
  await screen.shows("span", "New", "three", "two", "one");
  screen.press("Delete", 1);
  await screen.shows("span", "New", "two", "one");
});

test("a conversation loads its next page, and shows each message once that is sent here or elsewhere", async (trial) => {
  const session = await createSession(USER, "chat");
  await storeMessages(USER, session, "1", "2", "3");
  const screen = await show(trial, <Conversation session={session} pageSize={2} />);
  await screen.shows("li", "1", "2");
  screen.press("More");
  await screen.shows("li", "1", "2", "3");
  screen.press("Send");
  await screen.shows("li", "1", "2", "3", "hello");
  await storeMessages(USER, session, "from elsewhere");
  await screen.shows("li", "1", "2", "3", "hello", "from elsewhere");
});
