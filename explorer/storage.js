// Where GraphiQL keeps what was typed. Its history keeps headers too, whatever the settings say: here they are left out
// unless the settings say that headers are kept, for a token that stays in a browser is one for whoever comes next.
const HISTORY = ['graphiql:queries', 'graphiql:favorites'];

const withoutHeaders = (text) => JSON.stringify(JSON.parse(text), (name, value) => (name === 'headers' ? undefined : value));
const own = () => Object.keys(localStorage).filter((name) => name.startsWith('graphiql:'));

export const storage = {
  getItem: (name) => localStorage.getItem(name),
  setItem(name, text) {
    const isKept = !HISTORY.includes(name) || localStorage.getItem('graphiql:shouldPersistHeaders') === 'true';
    localStorage.setItem(name, isKept ? text : withoutHeaders(text));
  },
  removeItem: (name) => localStorage.removeItem(name),
  clear: () => own().forEach((name) => localStorage.removeItem(name)),
  get length() {
    return own().length;
  },
};

// Those that an earlier version kept.
for (const name of HISTORY) {
  const kept = localStorage.getItem(name);
  if (kept !== null) storage.setItem(name, kept);
}
