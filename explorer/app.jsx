// The explorer's page: GraphiQL over the endpoint that served it. What it opens with comes from the page, not from here.
import './workers.js';
import 'graphiql/style.css';
import '@graphiql/plugin-explorer/style.css';
import './app.css';
import { explorerPlugin } from '@graphiql/plugin-explorer';
import { HISTORY_PLUGIN } from '@graphiql/plugin-history';
import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { GraphiQL } from 'graphiql';
import { getIntrospectionQuery } from 'graphql';
import { createRoot } from 'react-dom/client';
import { FollowSystem, ReadSchemaAgain, WrapLines } from './habits.js';
import { storage } from './storage.js';

const endpoint = new URL(location.pathname, location.origin);
const socket = new URL(endpoint);
socket.protocol = endpoint.protocol === 'https:' ? 'wss:' : 'ws:';

const send = createGraphiQLFetcher({
  url: endpoint.href,
  subscriptionUrl: socket.href,
  enableIncrementalDelivery: false,
});

// GraphiQL does not ask which inputs are "one of"; with the answer the editor marks a wrong one before it is sent.
const introspection = getIntrospectionQuery({
  inputValueDeprecation: true,
  oneOf: true,
  schemaDescription: true,
  specifiedByUrl: true,
});
const fetcher = (params, options) =>
  send(params.operationName === 'IntrospectionQuery' ? { ...params, query: introspection } : params, options);

const text = (id) => document.getElementById(id).textContent;
// A first visit opens on the tour; later ones go on with the tabs that were left. It is put where GraphiQL keeps what
// was typed, because what it is given otherwise is gone at a reload unless it was edited.
if (localStorage.getItem('graphiql:tabState') === null) {
  localStorage.setItem('graphiql:query', text('tour'));
  localStorage.setItem('graphiql:variables', text('tour-variables'));
}

const plugins = [HISTORY_PLUGIN, explorerPlugin({ showAttribution: false })];

createRoot(document.getElementById('explorer')).render(
  <GraphiQL
    fetcher={fetcher}
    defaultHeaders={text('tour-headers')}
    defaultEditorToolsVisibility="variables"
    inputValueDeprecation
    schemaDescription
    plugins={plugins}
    storage={storage}
  >
    <GraphiQL.Logo>
      {document.title}
      <FollowSystem />
      <ReadSchemaAgain />
      <WrapLines />
    </GraphiQL.Logo>
  </GraphiQL>,
);
