// Pictures of the explorer with an operation and its answer: node explorer-screenshots.mjs <API> <folder>
import { apiAt } from "./trials/api.mjs";
import { launch } from "./trials/browser.mjs";
import { seed } from "./trials/seed.mjs";

const OPERATION = `# A session, as an agent loads it.
query Session($session: ID!) {
  session(id: $session) {
    title
    files(glob: "/plan/**") { nodes { path size } }
    messages(
      last: 3
      editStrategy: {
        tokenLimit: { limitTokens: 300 }
      }
    ) {
      totalCount
      tokenCount
      nodes {
        role
        text
        toolCalls { name result { text } }
      }
    }
  }
}
`;

const [endpoint, folder] = process.argv.slice(2);
const session = await seed(apiAt(endpoint));
const variables = JSON.stringify({ session: atob(session).split(":")[1] }, null, 2); // the bare UUID does as well
const browser = await launch();

for (const colorScheme of ["light", "dark"]) {
  const context = await browser.newContext({ viewport: { width: 1400, height: 800 }, colorScheme, locale: "en-GB" });
  const tab = await context.newPage();
  // As on a later visit, which goes on with the tab that was left.
  await tab.addInitScript(
    ([query, variables]) => {
      const operation = { query, variables, headers: null, operationName: "Session", response: null };
      const tabs = [{ id: "picture", hash: null, title: "Session", ...operation }];
      localStorage.setItem("graphiql:tabState", JSON.stringify({ tabs, activeTabIndex: 0 }));
      localStorage.setItem("graphiql:query", query);
      localStorage.setItem("graphiql:variables", variables);
    },
    [OPERATION, variables],
  );
  await tab.goto(endpoint);
  await tab.locator(".graphiql-query-editor").getByText("as an agent loads it").waitFor();
  await tab.getByRole("button", { name: /execute query/i }).click();
  await tab.locator(".result-window").getByText("FJ-7420").first().waitFor();
  await tab.mouse.move(640, 20);
  await tab.evaluate(() => document.activeElement?.blur());
  await tab.evaluate(() => document.fonts.ready);
  await tab.screenshot({ path: `${folder}/explorer-${colorScheme}.png` });
  await context.close();
}
await browser.close();
