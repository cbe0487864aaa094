// What was marked on this device and is not in the register that has been taken meanwhile: to be decided on its page.

import * as outbox from "./outbox.js";
import { make, say, words } from "./outbox.js";

const user = Number(document.querySelector(".leave").dataset.user);
const [lesson] = location.pathname.match(/\d+/).map(Number);

async function ask() {
  const { marks } = await outbox.waiting(user);
  for (const mark of marks.filter((each) => each.lesson === lesson && outbox.isUndecided(each))) {
    const row = document.getElementById(`pupil-${mark.student}`);
    const name = row?.querySelector(".name").textContent.trim() ?? words.somebody;
    const box = make("div", { className: "notice act" });
    const leave = make("button", { type: "button", textContent: words.leave });
    leave.onclick = async () => {
      await outbox.settle([mark]);
      box.remove();
    };
    const choices = make("div", { className: "do" });
    const correct = row?.querySelector(".correct");
    if (correct) choices.append(make("a", { className: "button", href: correct.href, textContent: correct.textContent }));
    choices.append(leave);
    box.append(make("p", { textContent: say("undecided", name, words.codes[mark.code] ?? mark.code) }), choices);
    document.querySelector(".taken").before(box);
  }
}

ask().catch(() => {}); // a browser that keeps nothing
