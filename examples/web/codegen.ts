// Makes the types of all documents from the schema: `schema` may be a copy of it, too, or the address of a server.
import type { CodegenConfig } from "@graphql-codegen/cli";

const config: CodegenConfig = {
  schema: "../../schema.graphql",
  documents: ["src/**/documents.ts"],
  generates: {
    "src/generated/": {
      preset: "client",
      presetConfig: { fragmentMasking: false },
      config: {
        enumsAsTypes: true,
        useTypeImports: true,
        strictScalars: true,
        nonOptionalTypename: true,
        scalars: { ID: "string", DateTime: "string", JSON: "unknown", Upload: "File", URL: "string", UUID: "string" },
      },
    },
  },
};

export default config;
