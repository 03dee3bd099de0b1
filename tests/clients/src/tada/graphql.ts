import { initGraphQLTada } from "gql.tada";

import type { introspection } from "../generated/graphql-env";

export const graphql = initGraphQLTada<{
  introspection: introspection;
  scalars: { DateTime: string; JSON: unknown; Upload: File; URL: string; UUID: string };
}>();
