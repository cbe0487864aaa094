// The register being taken: every tap is saved at once, with or without a network. Without this script it is a form.

import { useToken } from "../outbox/finishes.js";
import { waiting } from "../outbox/marks.js";
import { answerOf, ask } from "../outbox/server.js";
import { put } from "../outbox/store.js";
import { listen } from "../outbox/tabs.js";
import { aloud, make, offer } from "../page/elements.js";
import { keepSending } from "../page/sending.js";
import { say, words } from "../page/words.js";
import { finish } from "./finishing.js";
import { forgetDigits, onKey } from "./keys.js";
import { hear, refresh, restore, suggest } from "./news.js";
import { Row } from "./row.js";
import { $, facts, field, form, rows, state } from "./state.js";
import { show } from "./status.js";
import { undo } from "./undo.js";

function listenToAll() {
  document.addEventListener("keydown", onKey);
  form.addEventListener("focusin", forgetDigits);
  form.addEventListener("change", ({ target }) => onChange(/** @type {HTMLInputElement} */ (target)));
  form.addEventListener("submit", (event) => {
    if (state.asForm) return;
    event.preventDefault();
    if (event.submitter?.classList.contains("finish")) finish();
  });
  $(".undo").addEventListener("click", undo);
  listen(hear);
  document.addEventListener("visibilitychange", refresh);
  addEventListener("online", refresh);
  setInterval(refresh, 45000 + Math.random() * 30000); // nothing depends on it: the whole country polls at nine
}

/** @param {HTMLInputElement} input */
function onChange({ name, type, value }) {
  const row = rows.get(Number(name?.split("-")[1]));
  if (!row) return;
  if (type === "radio") row.choose(value);
  else if (name.startsWith("minutes-") && /^\d{1,3}$/.test(value)) row.choose(row.code, { minutes: value });
}

async function start() {
  if (!isSecureContext || $(".error, .standing")) return; // without HTTPS it is a form, and so is one that came back and asks
  const asked = waiting(facts.user);
  asked.catch(() => {}); // a failure is dealt with below
  const shell = facts.shell && (await import("../shell.js"));
  if (shell) Object.assign(facts, await shell.fill({ aloud, answerOf, ask, make, offer, say, words }, facts.user));
  if (!facts.lesson) return;
  let kept;
  try {
    kept = await asked;
  } catch {
    return; // a browser that keeps nothing goes on with the form
  }
  facts.skew ??= facts.now - Date.now();
  showRows(kept);
  performance.mark("ready");
  if (facts.ticket) await put("tickets", { user: facts.user, lesson: facts.lesson, ticket: facts.ticket });
  state.flush = keepSending(facts.user);
  if (!shell) return;
  refresh();
  if (await shell.isOld(waiting, facts)) suggest(words.newer);
}

/** @param {Waiting} kept */
function showRows(kept) {
  for (const element of form.querySelectorAll(/** @type {"fieldset"} */ (".pupil"))) {
    const row = new Row(element);
    rows.set(row.student, row);
    row.paint();
  }
  if (!facts.shell) useToken(field("csrfmiddlewaretoken").value);
  restore(kept);
  listenToAll();
  for (const row of rows.values()) if (row.early) row.choose(row.early);
  $(".save").hidden = true;
  $(".keys").hidden = false;
  if (matchMedia("(pointer: fine)").matches) rows.values().next().value?.element.focus({ preventScroll: true });
  show(words.ready);
}

if (form && facts) start();
