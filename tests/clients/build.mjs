// What applications do when they are built: types and artifacts from schema and documents, the check of all types, bundles.
import { execFile } from "node:child_process";
import { readFile, readdir, mkdir, writeFile } from "node:fs/promises";
import { promisify } from "node:util";

import { transformAsync } from "@babel/core";
import { build } from "esbuild";
import { buildSchema, introspectionFromSchema } from "graphql";

const run = async (script, ...args) => {
  try {
    await promisify(execFile)(process.execPath, [`node_modules/${script}`, ...args]);
  } catch ({ stdout, stderr }) {
    throw new Error(`${script}\n${stdout}${stderr}`);
  }
};

const introspection = async () => {
  const schema = buildSchema(await readFile("../../schema.graphql", "utf8"));
  await writeFile("src/generated/introspection.json", JSON.stringify(introspectionFromSchema(schema)));
};

const relay = {
  name: "relay",
  setup: ({ onLoad }) =>
    onLoad({ filter: /src\/relay\/\w+\.tsx?$/ }, async ({ path }) => {
      const { code } = await transformAsync(await readFile(path, "utf8"), {
        filename: path,
        configFile: false,
        parserOpts: { plugins: ["typescript", "jsx"] },
        plugins: [["relay", { eagerEsModules: true, artifactDirectory: "./src/relay/generated" }]],
      });
      return { contents: code, loader: path.endsWith("x") ? "tsx" : "ts" };
    }),
};

const bundles = async () =>
  build({
    entryPoints: (await readdir("src/trials")).filter((name) => /\.test\.tsx?$/.test(name)).map((name) => `src/trials/${name}`),
    outdir: "build",
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    external: ["ws", "happy-dom"],
    jsx: "automatic",
    sourcemap: "inline",
    logLevel: "warning",
    plugins: [relay],
  });

await mkdir("src/generated", { recursive: true });
await mkdir("src/relay/generated", { recursive: true });
await Promise.all([
  introspection(),
  run("@graphql-codegen/cli/cjs/bin.js", "--config", "codegen.ts"),
  run("relay-compiler/cli.js"),
  run("gql.tada/bin/cli.js", "generate", "output"),
]);
await Promise.all([run("typescript/bin/tsc"), bundles()]);
