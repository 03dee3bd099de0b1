// The rules of eslint.config.mjs on schema.graphql; what breaks one is written, and ends with 1.
import { fileURLToPath } from "node:url";

import { ESLint } from "eslint";

const eslint = new ESLint({ cwd: fileURLToPath(new URL("../..", import.meta.url)), overrideConfigFile: "tests/clients/eslint.config.mjs" });
const results = await eslint.lintFiles(["schema.graphql"]);
const { format } = await eslint.loadFormatter("stylish");
process.stderr.write(await format(results));
process.exitCode = results.length === 1 && results.every((one) => one.errorCount + one.warningCount === 0) ? 0 : 1;
