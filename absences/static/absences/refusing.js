// Marks that a server would not take. What is the outbox's is passed in: no two files can have names made of one
// another's contents.

// One that is wrong refuses them all, and is set aside, to be looked at. Whether others are left, to be sent again.
export async function refuse(setAside, lesson, marks, { detail, errors = [] }) {
  const wrong = new Map(errors.map((error) => [Number(/^\/absences\/(\d+)/.exec(error.pointer)?.[1]), error.detail]));
  const aside = marks.filter((_, index) => wrong.has(index));
  if (!aside.length) await setAside(lesson, marks, detail);
  for (const mark of aside) await setAside(lesson, [mark], wrong.get(marks.indexOf(mark)));
  return aside.length > 0;
}

// About a pupil who is not on the page of the register any more.
export function ask({ make, settle, words }, form, mark) {
  const id = `aside-${mark.report_id}`;
  if (document.getElementById(id)) return;
  const box = make("p", { id, className: "notice act", textContent: `${words.refused} ${mark.refused ?? "–"}` });
  const onclick = () => settle([mark]).then(() => box.remove());
  box.append(make("button", { type: "button", textContent: words.dismiss, onclick }));
  form.before(box);
}
