// On the page to sign in: nobody is signed in here any more. Everything with a name goes, and so do tickets, which
// would report in the name of the last user; what waits to be sent stays, with its ticket. Right after signing out, the other
// tabs leave too.

import { forgetDevice } from "./device.js";
import { tellOthers, transact } from "./attendance.js";

async function forgetTickets() {
  const kept = await indexedDB.databases();
  if (!kept.some(({ name }) => name === "attendance")) return; // nor is one made here
  await transact("readwrite", ["marks", "finishes", "tickets"], (_, marks, finishes, tickets) => {
    /** @type {Set<string>} */
    const waiting = new Set();
    /** @param {{ user: number, lesson: number }} row */
    const nameOf = ({ user, lesson }) => `${user} ${lesson}`;
    for (const store of [marks, finishes]) {
      const found = store.getAll();
      found.onsuccess = () => found.result.forEach((row) => waiting.add(nameOf(row)));
    }
    const request = tickets.openCursor();
    request.onsuccess = () => {
      const cursor = request.result;
      if (!cursor) return;
      if (!waiting.has(nameOf(cursor.value))) cursor.delete();
      cursor.continue();
    };
  });
}

if ("caches" in self) forgetDevice();
forgetTickets().catch(() => {}); // a browser that keeps nothing
if (new URLSearchParams(location.search).has("left")) tellOthers({ type: "left" });
