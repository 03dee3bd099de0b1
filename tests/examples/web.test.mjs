// The example frontend in a browser: node --test-force-exit web.test.mjs <page> <API>
// One browser, and trials one after the other: those of a file go on where the one before has stopped.
import assert from "node:assert/strict";
import { after, test } from "node:test";

import "./trials/sessions.mjs";
import "./trials/organising.mjs";
import "./trials/conversation.mjs";
import "./trials/context.mjs";
import "./trials/files.mjs";
import "./trials/access.mjs";
import "./trials/long-list.mjs";
import "./trials/closed.mjs";
import { asked, close, complaints } from "./trials/stage.mjs";

after(close);

test("the page asked nobody but this machine", () => {
  assert.deepEqual([...asked], ["127.0.0.1"]);
});

test("the page complained of nothing", () => {
  assert.deepEqual(complaints, []);
});
