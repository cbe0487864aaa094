// Without a place to keep marks, the register is a form that is sent as a whole, as without a script.

import { answerOf, ask } from "../outbox/server.js";
import { $, allRows, facts, field, form, state } from "./state.js";
import { tellState } from "./status.js";

export function goOnAsForm() {
  state.asForm = true;
  field("roster_seen").value = allRows().filter((row) => row.choice === row.kept).map((row) => row.student).join();
  /** @type {HTMLButtonElement} */
  const finish = $(".finish");
  finish.formAction = `/lessons/${facts.lesson}/complete`;
  $(".save").hidden = false;
  import("../leaving.js").then((leaving) => leaving.renew(form, { answerOf, ask })).catch(() => {});
  tellState();
}
