// Files: up, down, away.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { api, becomes, open, page } from "./stage.mjs";

const rows = page.locator(".file .name");
const bytes = randomBytes(300_000);
const digest = (content) => createHash("sha256").update(content).digest("hex");

async function upload(name, buffer) {
  const choosing = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Upload" }).click();
  await (await choosing).setFiles([{ name, mimeType: "application/octet-stream", buffer }]);
}

test("a file is uploaded by the button, and downloaded as the very bytes", async () => {
  await open(await api.createSession("Files"), "files");
  await page.getByText("No files yet").waitFor();
  await page.getByLabel("Folder").fill("/photos/2026");
  await upload("noise.bin", bytes);
  await page.getByRole("button", { name: "photos" }).click();
  await page.getByRole("button", { name: "2026" }).click();
  await rows.filter({ hasText: "noise.bin" }).waitFor();
  const coming = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download noise.bin" }).click();
  const download = await coming;
  assert.equal(download.suggestedFilename(), "noise.bin");
  assert.equal(digest(await readFile(await download.path())), digest(bytes));
});

test("files are uploaded by dropping them", async () => {
  await page.getByLabel("Folder").fill("/");
  const dropped = await page.evaluateHandle(() => {
    const data = new DataTransfer();
    data.items.add(new File(["one"], "first.txt", { type: "text/plain" }));
    data.items.add(new File(["two"], "second.txt", { type: "text/plain" }));
    return data;
  });
  const panel = page.locator(".files");
  await panel.dispatchEvent("dragover", { dataTransfer: dropped });
  await page.locator(".files[data-dragging='true']").waitFor();
  await panel.dispatchEvent("drop", { dataTransfer: dropped });
  await rows.filter({ hasText: "second.txt" }).waitFor();
  assert.deepEqual((await rows.allTextContents()).sort(), ["first.txt", "noise.bin", "second.txt"]);
});

test("a path that the server refuses is told in its words", async () => {
  await page.getByLabel("Folder").fill("/../up");
  await upload("no.txt", Buffer.from("no"));
  await page.getByRole("alert").filter({ hasText: "no.txt:" }).waitFor();
  await page.getByLabel("Folder").fill("/");
});

test("a file is deleted, and a directory goes with its last file", async () => {
  await page.getByRole("button", { name: "Delete noise.bin" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await becomes(() => page.getByRole("button", { name: "photos" }).count(), 0);
  assert.deepEqual((await rows.allTextContents()).sort(), ["first.txt", "second.txt"]);
});

test("all is there after a reload", async () => {
  await page.reload();
  await rows.filter({ hasText: "second.txt" }).waitFor();
  await page.getByRole("heading", { name: "Files", exact: true }).waitFor();
});
