// The browser reaches this machine's loopback alone: not even another address of the machine.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { networkInterfaces } from "node:os";
import { test } from "node:test";

import { launch } from "./browser.mjs";

const others = Object.values(networkInterfaces())
  .flat()
  .filter(({ family, internal }) => family === "IPv4" && !internal);

test("the browser could reach nobody but this machine", { skip: others.length === 0 && "no other address" }, async () => {
  const server = createServer((_, answer) => answer.setHeader("access-control-allow-origin", "*").end("here"));
  await once(server.listen(0, "0.0.0.0"), "listening");
  const browser = await launch(); // of its own: what it asks is on purpose
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}`);
  const reach = (host) =>
    page.evaluate((url) => fetch(url).then((answer) => answer.text(), () => null), `http://${host}:${server.address().port}`);
  assert.equal(await reach("127.0.0.1"), "here");
  for (const { address } of others) assert.equal(await reach(address), null, address);
  await browser.close();
  server.closeAllConnections();
  server.close();
});
