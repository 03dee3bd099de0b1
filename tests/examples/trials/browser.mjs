// The machine's own Chromium, which reaches this machine alone.
import { chromium } from "playwright-core";

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM,
    args: ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--disable-background-networking"],
    chromiumSandbox: false, // which the root user of a container has not; it opens pages of this repository only
  });
}
