// What all trials share: one browser with one page, the API past it, and a record of what the page asked and said.
import assert from "node:assert/strict";
import { createRequire } from "node:module";

import { apiAt } from "./api.mjs";
import { launch } from "./browser.mjs";
import { seed } from "./seed.mjs";

export { becomes } from "./becomes.mjs";

const [address, apiAddress] = process.argv.slice(2);
const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

export const api = apiAt(apiAddress);
export const asked = new Set();
export const complaints = [];

// Colours that are on their way from one to another are no colours to judge.
const STILL = { reducedMotion: "reduce" };
const browser = await launch();

/** A page of a browser of its own. What it asks is recorded; its complaints too, unless faults are made on purpose. */
export async function newPage({ faults = false, ...options } = {}) {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    locale: "en-GB",
    ...STILL,
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  page.on("request", (request) => asked.add(new URL(request.url()).hostname || request.url()));
  page.on("websocket", (socket) => asked.add(new URL(socket.url()).hostname));
  if (!faults) page.on("console", (said) => ["error", "warning"].includes(said.type()) && complaints.push(said.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  return page;
}

export const page = await newPage();

export async function close() {
  await browser.close();
}

/** Open the list, or a view of a session, and wait until it is followed live. */
export async function open(session = null, view = "conversation", at = page) {
  await at.goto(address);
  if (session) await at.goto(`${address}#/${encodeURIComponent(session)}/${view}`);
  await at.locator(".live[data-connected='true']").waitFor({ state: "attached" });
}

/** The id of the session that is open. */
export function openedSession() {
  return decodeURIComponent(new URL(page.url()).hash.split("/")[1]);
}

export function messages(at = page) {
  return at.locator(".message");
}

/** The messages of a session as the API has them. */
export async function stored(session) {
  const { session: read } = await api.ask("query ($id: ID!) { session(id: $id) { messages { nodes { id text } } } }", {
    id: session,
  });
  return read.messages.nodes;
}

let seeding;

/** The id of the session that is worth looking at; the server is filled once. */
export function seeded() {
  return (seeding ??= seed(api));
}

/** All rules of axe-core, or some. */
export async function hasNoBarrier(at = page, runOnly = undefined) {
  if (!(await at.evaluate(() => "axe" in window))) await at.addScriptTag({ path: axe });
  const rules = { resultTypes: ["violations"], ...(runOnly && { runOnly }) };
  const { violations } = await at.evaluate((rules) => window.axe.run(rules), rules);
  assert.deepEqual(
    violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`),
    [],
  );
}
