// On the page to sign in: whoever was signed in here is so no more. Nothing with a name is kept, nor a ticket that would
// report in their name; what waits to be sent stays, with its ticket. Right after signing out, the other tabs leave too.

import { forget } from "./device.js";
import { tellOthers, transact } from "./outbox.js";

async function forgetTickets() {
  const kept = await indexedDB.databases();
  if (!kept.some(({ name }) => name === "attendance")) return; // nor is it made here
  await transact("readwrite", ["marks", "finishes", "tickets"], (_, marks, finishes, tickets) => {
    const waiting = new Set();
    const nameOf = ({ user, lesson }) => `${user} ${lesson}`;
    const note = ({ target }) => target.result.forEach((row) => waiting.add(nameOf(row)));
    marks.getAll().onsuccess = note;
    finishes.getAll().onsuccess = note;
    tickets.openCursor().onsuccess = ({ target: { result: cursor } }) => {
      if (!cursor) return;
      if (!waiting.has(nameOf(cursor.value))) cursor.delete();
      cursor.continue();
    };
  });
}

if ("caches" in self) forget();
forgetTickets().catch(() => {}); // a browser that keeps nothing
// On the same channel as the outbox of this page, which would hear another.
if (new URLSearchParams(location.search).has("left")) tellOthers({ type: "left" });
