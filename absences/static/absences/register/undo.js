// Takes the last choice back.

import { takeBack } from "../outbox/marks.js";
import { aloud } from "../page/elements.js";
import { say } from "../page/words.js";
import { state } from "./state.js";
import { tellState } from "./status.js";

export async function undo() {
  const last = state.undos.pop();
  if (!last) return;
  const { row, code, minutes, note } = last;
  row.element.focus();
  const restore = () => row.choose(code, { minutes, note, undo: false, exact: true });
  if (row.kept?.report_id && (await takeBack(row.kept))) {
    row.show(null);
    if (code) await restore();
    aloud(say("undone", row.name, row.word(code)));
  } else if (code) {
    await restore();
    aloud(say("undone", row.name, row.word(code)));
  } else if (row.plan) {
    aloud(say("choose", row.name)); // the server has a mark, and nobody can say which one is right
  } else {
    await row.choose("/", { note: "", undo: false });
    aloud(say("withdrawn", row.name));
  }
  tellState();
}
