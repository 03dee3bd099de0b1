// Apollo Server 5 with DataLoader and undici, and no models: what Acontext answers is passed on.
//
//     node server.mjs UPSTREAM
//
// It has no table of its own: sessions are listed by Acontext, and the disk's id is made of the session's.

import { randomUUID } from "node:crypto";
import { ApolloServer } from "@apollo/server";
import { startStandaloneServer } from "@apollo/server/standalone";
import DataLoader from "dataloader";
import { Pool } from "undici";

const upstream = new URL(process.argv[2]);
const pool = new Pool(upstream.origin, { connections: 512 });
const headers = { authorization: "Bearer bench", "content-type": "application/json" };

async function call(method, path, body) {
  const given = body === undefined ? undefined : JSON.stringify(body);
  const answer = await pool.request({ method, path: upstream.pathname + path, headers, body: given });
  const parsed = await answer.body.json();
  if (answer.statusCode >= 400) throw new Error(parsed.msg);
  return parsed.data;
}

const each = (ask) => new DataLoader((keys) => Promise.all(keys.map(ask)), { cacheKeyFn: String });

const loaders = () => ({
  messages: each(([id, query]) => call("GET", `/session/${id}/messages?format=acontext${query}`)),
  files: each((id) => call("GET", `/disk/${id}/artifact/ls?path=/`)),
  tokens: each((id) => call("GET", `/session/${id}/token_counts`)),
});

function query({ first, last, editStrategy }) {
  if (editStrategy) {
    const limit = editStrategy[0].tokenLimit.limitTokens;
    const strategies = [{ type: "token_limit", params: { limit_tokens: limit } }];
    return `&edit_strategies=${encodeURIComponent(JSON.stringify(strategies))}`;
  }
  // The newest message is lost where there are more.
  return (first || last ? `&limit=${first ?? last}` : "") + (last ? "&time_desc=true" : "");
}

const typeDefs = `
  type TextPart { text: String! }
  type ToolCallPart { callId: String! name: String! argumentsText: String! }
  type ToolResultPart { callId: String! text: String! isError: Boolean! }
  union MessagePart = TextPart | ToolCallPart | ToolResultPart
  type Message { id: ID! role: String! text: String! createdAt: String! parts: [MessagePart!]! }
  type PageInfo { hasPreviousPage: Boolean! startCursor: String }
  type MessageConnection { nodes: [Message!]! pageInfo: PageInfo! tokenCount: Int editAtMessageId: ID }
  type File { path: String! mimeType: String! size: Int! }
  type FileConnection { nodes: [File!]! }
  type TokenCounts { total: Int! }
  type Disk { id: ID! }
  input TokenLimitInput { limitTokens: Int! }
  input EditStrategyInput { tokenLimit: TokenLimitInput }
  type Session {
    id: ID! title: String createdAt: String! disk: Disk! tokenCounts: TokenCounts
    files(first: Int): FileConnection
    messages(first: Int, last: Int, editStrategy: [EditStrategyInput!]): MessageConnection
  }
  type SessionConnection { nodes: [Session!]! }
  type Query { session(id: ID!): Session sessions(first: Int): SessionConnection }
  enum Role { USER ASSISTANT }
  input ChatInput { role: Role! content: String }
  input MessageInput { chat: ChatInput }
  input StoreMessageInput { sessionId: ID! message: MessageInput! }
  type StoreMessagePayload { message: Message }
  input CreateSessionInput { title: String }
  type CreateSessionPayload { session: Session }
  type Mutation {
    storeMessage(input: StoreMessageInput!): StoreMessagePayload
    createSession(input: CreateSessionInput!): CreateSessionPayload
  }
`;

const kinds = { "tool-call": "ToolCallPart", "tool-result": "ToolResultPart" };
const texts = (message) => message.parts.filter((part) => part.type === "text").map((part) => part.text);
const session = (id, disk, createdAt = "2026-01-01T00:00:00Z", title = null) => ({ id, disk: { id: disk }, createdAt, title });
let made = 0;

const resolvers = {
  MessagePart: { __resolveType: (part) => kinds[part.type] ?? "TextPart" },
  ToolCallPart: {
    callId: (part) => part.meta.id,
    name: (part) => part.meta.name,
    argumentsText: (part) => part.meta.arguments,
  },
  ToolResultPart: { callId: (part) => part.meta.tool_call_id, isError: () => false },
  Message: {
    role: (message) => message.role.toUpperCase(),
    text: (message) => texts(message).join("\n"),
    createdAt: (message) => message.created_at,
  },
  Session: {
    async messages({ id }, given, context) {
      const page = await context.messages.load([id, query(given)]);
      const pageInfo = { hasPreviousPage: page.has_more, startCursor: page.items[0]?.id };
      return { nodes: page.items, pageInfo, tokenCount: page.this_time_tokens, editAtMessageId: page.edit_at_message_id };
    },
    async files({ disk }, { first }, context) {
      const { artifacts } = await context.files.load(disk.id);
      const nodes = artifacts.slice(0, first ?? undefined).map((artifact) => {
        const info = artifact.meta.__artifact_info__;
        return { path: artifact.path + artifact.filename, mimeType: info.mime, size: info.size };
      });
      return { nodes };
    },
    tokenCounts: async ({ id }, _, context) => ({ total: (await context.tokens.load(id)).total_tokens }),
  },
  Query: {
    session: (_, { id }) => session(id, id.replace("-be9c-", "-be9d-")),
    async sessions(_, { first }) {
      const { items } = await call("GET", `/session?limit=${first}&time_desc=true`);
      return { nodes: items.map((item) => session(item.id, item.configs.disk_id, item.created_at)) };
    },
  },
  Mutation: {
    async storeMessage(_, { input }) {
      const { role, content } = input.message.chat;
      const blob = { role: role.toLowerCase(), parts: [{ type: "text", text: content }] };
      return { message: await call("POST", `/session/${input.sessionId}/messages`, { blob, format: "acontext" }) };
    },
    async createSession(_, { input }) {
      const asked = { user: "maker", configs: { nonce: "apollo" }, use_uuid: randomUUID() };
      const user = `disk:${(made += 1)}`;
      const [found, disk] = await Promise.all([call("POST", "/session", asked), call("POST", "/disk", { user })]);
      return { session: session(found.id, disk.id, found.created_at, input.title) };
    },
  },
};

const server = new ApolloServer({ typeDefs, resolvers, includeStacktraceInErrorResponses: false });
const { url } = await startStandaloneServer(server, {
  listen: { host: "127.0.0.1", port: 0 },
  context: async () => loaders(),
});
console.log(url);
