// A conversation as an application has it: tools called, one of them in vain, and files on the session's disk.
const call = (callId, name, args) => ({ callId, name, arguments: args });
const user = (content) => ({ role: "USER", content });
const assistant = (content, ...toolCalls) => ({ role: "ASSISTANT", content, toolCalls });
const tool = (toolCallId, content, isError = false) => ({ role: "TOOL", toolCallId, content, isError });

const DAYS = ["Fri", "Sat", "Sun"];
const hours = DAYS.flatMap((day) =>
  Array.from({ length: 8 }, (_, step) => ({
    day,
    hour: step * 3,
    celsius: 4 + ((step * 5) % 9),
    rain: (step % 4) / 2,
  })),
);

const CONVERSATION = [
  { role: "SYSTEM", content: "You plan trips. Look things up before you promise them, and keep the plan in /plan." },
  user("Three days in Oslo with two kids, from Friday. We like museums, and somebody always wants to swim."),
  assistant(
    "Let me look at the weather and at what is open.",
    call("w1", "get_forecast", { place: "Oslo", days: DAYS }),
    call("m1", "search_places", { near: "Oslo", kind: "museum", for: "children" }),
  ),
  tool("w1", JSON.stringify({ place: "Oslo", hours })),
  tool(
    "m1",
    JSON.stringify([
      { name: "Norwegian Museum of Science and Technology", open: "10–18" },
      { name: "Fram Museum", open: "10–17" },
      { name: "Munch", open: "10–18" },
    ]),
  ),
  assistant(
    "Rain on Friday afternoon, dry after that:\n\n• Friday – Science and Technology, all under one roof\n• Saturday – the Fram, then the ferry back\n• Sunday – Munch in the morning, the sea bath at Sørenga after lunch",
  ),
  user("Lovely. Can you book the ferry for Saturday, around three?"),
  assistant("I will try the 15:05.", call("b1", "book_ferry", { from: "Bygdøynes", at: "Sat 15:05", seats: 4 })),
  tool("b1", "The 15:05 is fully booked.", true),
  assistant(
    "That one is full; the next leaves half an hour later.",
    call("b2", "book_ferry", { from: "Bygdøynes", at: "Sat 15:35", seats: 4 }),
  ),
  tool("b2", JSON.stringify({ booked: true, code: "FJ-7420", seats: 4 })),
  assistant("Booked: four seats at 15:35, code FJ-7420. The tickets and the plan are with the files of this session."),
];

const FILES = {
  "/plan/oslo.md":
    "# Oslo\n\n- Fri: Science and Technology\n- Sat: Fram, ferry 15:35 (FJ-7420)\n- Sun: Munch, Sørenga\n",
  "/plan/packing.md": "Swimming things. Rain jackets.\n",
  "/tickets/ferry.json": '{"code": "FJ-7420", "seats": 4}\n',
  "/budget.csv": "what,nok\nmuseums,980\nferry,312\n",
};

const OTHERS = [
  "Standup notes",
  "Why is the build slow?",
  "Release 2.4 checklist",
  "Recipe: lentil soup",
  "Reading list",
];

/** Fill a server; give the id of the session that is worth looking at. */
export async function seed(api) {
  for (const title of [...OTHERS].reverse()) await api.createSession(title);
  await api.updateSession(await api.createSession("House rules"), { pinned: true });
  await api.store(await api.createSession(null), [user("Which plants survive in a dark hallway?")]);
  const session = await api.createSession("Long weekend in Oslo");
  await api.store(session, CONVERSATION);
  for (const [path, text] of Object.entries(FILES)) await api.write(session, path, text);
  await api.createSession("Birthday presents");
  return session;
}
