// Tells the editor where its workers lie: beside this script, under the names that the build gave them.
/* global EDITOR_WORKER, GRAPHQL_WORKER, JSON_WORKER */
const names = { graphql: GRAPHQL_WORKER, json: JSON_WORKER };

globalThis.MonacoEnvironment = {
  getWorker: (_id, label) => new Worker(new URL(names[label] ?? EDITOR_WORKER, import.meta.url)),
};
