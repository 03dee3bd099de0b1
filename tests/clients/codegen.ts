import type { CodegenConfig } from "@graphql-codegen/cli";
import { addTypenameSelectionDocumentTransform } from "@graphql-codegen/client-preset";

const config: CodegenConfig = {
  schema: "../../schema.graphql",
  documents: ["src/**/documents.ts"],
  generates: {
    "src/generated/": {
      preset: "client",
      presetConfig: {
        fragmentMasking: false,
        persistedDocuments: { hashAlgorithm: "sha256" }, // writes persisted-documents.json, for GQL_API_DOCUMENTS
      },
      documentTransforms: [addTypenameSelectionDocumentTransform], // caches add it, and the hash has to fit
      config: {
        enumsAsTypes: true,
        useTypeImports: true,
        strictScalars: true,
        scalars: { ID: "string", DateTime: "string", JSON: "unknown", Upload: "File", URL: "string", UUID: "string" },
      },
    },
  },
};

export default config;
