// Asks the API past the page, as another writer does.
export function apiAt(url) {
  async function ask(query, variables = {}) {
    const answer = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = await answer.json();
    if (errors) throw new Error(JSON.stringify(errors));
    return data;
  }

  return {
    ask,
    async createSession(title) {
      const { createSession } = await ask(
        "mutation ($input: CreateSessionInput!) { createSession(input: $input) { session { id } errors { message } } }",
        { input: { title } },
      );
      return createSession.session.id;
    },
    async updateSession(id, change) {
      const { updateSession } = await ask(
        "mutation ($input: UpdateSessionInput!) { updateSession(input: $input) { errors { message } } }",
        { input: { id, ...change } },
      );
      if (updateSession.errors.length > 0) throw new Error(JSON.stringify(updateSession.errors));
    },
    async store(sessionId, messages) {
      const input = { sessionId, messages: messages.map((chat) => ({ message: { chat } })) };
      const { storeMessages } = await ask(
        "mutation ($input: StoreMessagesInput!) { storeMessages(input: $input) { storedCount errors { message } } }",
        { input },
      );
      if (storeMessages.storedCount !== messages.length) throw new Error(JSON.stringify(storeMessages.errors));
    },
    async write(sessionId, path, text) {
      const input = { sessionId, path, content: { text } };
      const { uploadFile } = await ask(
        "mutation ($input: UploadFileInput!) { uploadFile(input: $input) { errors { message } } }",
        { input },
      );
      if (uploadFile.errors.length > 0) throw new Error(JSON.stringify(uploadFile.errors));
    },
  };
}
