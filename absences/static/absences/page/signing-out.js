// Signing out on any page: it may stay to send what waits, and the other tabs leave with it.

import { waiting } from "../outbox/marks.js";
import { answerOf, ask } from "../outbox/server.js";
import { transact } from "../outbox/store.js";
import { listen } from "../outbox/tabs.js";
import { make } from "./elements.js";

addEventListener("submit", async (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (!form.matches(".leave")) return;
  event.preventDefault();
  const stays = await import("../leaving.js").then((leaving) => leaving.stays(form, { answerOf, ask, make, transact, waiting })).catch(() => false);
  if (!stays) form.submit();
});

listen(({ type }) => type === "left" && location.replace("/"));
