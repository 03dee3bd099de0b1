// What takes a while in a browser is waited for.
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";

/** Wait until a question has the answer that is expected. */
export async function becomes(question, expected) {
  const end = Date.now() + 30_000;
  for (;;) {
    const answer = await question();
    if (isDeepStrictEqual(answer, expected) || Date.now() > end) return assert.deepEqual(answer, expected);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
