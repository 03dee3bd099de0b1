// The rules of graphql-eslint for schemas and for Relay, and what is otherwise here, each with its reason.
import { fileURLToPath } from "node:url";

import graphql from "@graphql-eslint/eslint-plugin";

const { parser, configs } = graphql;

export default [
  {
    files: ["schema.graphql"],
    languageOptions: { parser, parserOptions: { graphQLConfig: { schema: fileURLToPath(new URL("../../schema.graphql", import.meta.url)) } } },
    plugins: { "@graphql-eslint": graphql },
    rules: {
      ...configs["flat/schema-recommended"].rules,
      ...configs["flat/schema-relay"].rules,
      // Values that belong to what holds them have no id, so that caches keep them there and never mix them up.
      "@graphql-eslint/strict-id-in-types": [
        "error",
        {
          exceptions: {
            suffixes: ["Connection", "Edge", "Payload", "Event"],
            types: [
              "Directory",
              "EditReport",
              "FormatWarning",
              "FormattedMessages",
              "MessageHit",
              "PageInfo",
              "Progress",
              "SignedUrl",
              "SnippetPiece",
              "TokenCounts",
              "UserError",
            ],
          },
        },
      ],
      // Connections have `nodes` beside `edges`, and lists that cannot grow long are plain. What a search finds is no node, as
      // its snippet belongs to what was asked; tests/test_schema.py knows that all else is one.
      "@graphql-eslint/relay-edge-types": [
        "error",
        { withEdgeSuffix: true, shouldImplementNode: false, listTypeCanWrapOnlyEdgeType: false },
      ],
      // Acontext gives files by name, forward; Relay takes one direction. tests/test_schema.py knows which lists have both.
      "@graphql-eslint/relay-arguments": ["error", { includeBoth: false }],
      // Of directives there is GraphQL's own @oneOf alone.
      "@graphql-eslint/require-description": ["error", { types: true, rootField: true }],
      // Of `File.filename`: the name alone, beside `path`; media and providers call it so.
      "@graphql-eslint/no-typename-prefix": "off",
    },
  },
];
