// Finishing the register: kept on this device first, like a mark, and sent behind its marks.

import { onDevice } from "../outbox/day-pack.js";
import { put, remove } from "../outbox/store.js";
import { aloud, make } from "../page/elements.js";
import { say, words } from "../page/words.js";
import { goOnAsForm } from "./as-form.js";
import { button } from "./conflict.js";
import { $, allRows, clock, facts, form, now, rows, state, title } from "./state.js";
import { show } from "./status.js";

export async function finish() {
  if (state.finishing) return;
  if (state.asForm) return form.requestSubmit($(".finish"));
  const planned = allRows().filter((row) => row.plan && !row.code);
  for (const row of planned) await row.choose(row.plan, { undo: false });
  const finishing = (state.finishing = {
    user: facts.user,
    lesson: facts.lesson,
    roster_seen: [...rows.keys()],
    taken_at: new Date(now()).toISOString(),
    request_id: crypto.randomUUID(),
  });
  try {
    await put("finishes", finishing);
  } catch {
    state.finishing = undefined;
    return goOnAsForm();
  }
  show(words.finishing);
  finished(finishing);
  state.flush();
}

/**
 * Everything is on this device: nothing is changed on the page any more.
 *
 * @param {Finish} kept
 */
export function finished({ refused, taken_at }) {
  form.classList.add("finished");
  for (const row of rows.values()) row.element.disabled = !row.kept?.theirs;
  for (const each of form.querySelectorAll(/** @type {"button"} */ (".actions button"))) each.disabled = true;
  const line = make("p", { className: "notice done" });
  line.textContent = refused ?? say("finished", title(), clock(taken_at));
  if (refused !== undefined) line.append(" ", button(words.reload, giveUp));
  $(".done", document)?.remove();
  form.before(line);
  scrollTo(0, 0);
  aloud(line.textContent);
}

/** The register was not taken and never will be from here; its marks are kept where they are. */
async function giveUp() {
  await remove("finishes", [facts.user, facts.lesson]);
  location.assign(`/lessons/${facts.lesson}/?fresh`);
}

/**
 * The server has written the register: the next page, where the next lesson is, says so.
 *
 * @param {CompletedRegister} register
 */
export async function taken({ counts, completed_by: by, taken_at, already_completed: already, marks }) {
  const news = { lesson: facts.lesson, title: title(), at: clock(taken_at), counts, exceptions: marks.length, by, already };
  sessionStorage.setItem("taken", JSON.stringify(news));
  await onDevice(facts.user, (device) => device.noteFinished(facts.user, facts.lesson));
  location.assign("/");
}
