// Marks of this device that are not in a register that has been taken meanwhile: to be decided on the register's page.

import { isUndecided, make, say, settle, waiting, words } from "./attendance.js";

const user = Number(/** @type {HTMLElement} */ (document.querySelector(".leave")).dataset.user);
const lesson = Number(/\d+/.exec(location.pathname)?.[0]);

async function ask() {
  const { marks } = await waiting(user);
  const undecided = marks.filter((mark) => mark.lesson === lesson && isUndecided(mark));
  document.querySelector(".taken")?.before(...undecided.map(question));
}

/** @param {Mark} mark */
function question(mark) {
  const row = document.getElementById(`pupil-${mark.student}`);
  const name = row?.querySelector(".name")?.textContent?.trim() ?? words.somebody;
  const box = make("div", { className: "notice act" });
  const leave = make("button", { type: "button", textContent: words.leave });
  leave.onclick = async () => {
    await settle([mark]);
    box.remove();
  };
  const choices = make("div", { className: "do" });
  /** @type {HTMLAnchorElement | null | undefined} */
  const correct = row?.querySelector(".correct");
  if (correct) choices.append(make("a", { className: "button", href: correct.href, textContent: correct.textContent }));
  choices.append(leave);
  box.append(make("p", { textContent: say("undecided", name, words.codes[mark.code] ?? mark.code) }), choices);
  return box;
}

ask().catch(() => {}); // a browser that keeps nothing
