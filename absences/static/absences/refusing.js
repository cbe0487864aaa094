// Marks that the server will never take. It is fetched only when there are any. What it needs of attendance.js is passed in,
// because attendance.js imports it: scripts that import each other cannot have names made of their contents.

/** @typedef {typeof import("./attendance.js")} Attendance */

/**
 * One wrong mark refuses the whole request: the wrong ones are set aside for somebody to look at. Resolves to whether others
 * are left to be sent again.
 *
 * @param {(lesson: number, marks: Mark[], reason: string | undefined) => Promise<void>} setAside
 * @param {number} lesson
 * @param {Mark[]} marks
 * @param {ProblemDetail} problem
 */
export async function refuse(setAside, lesson, marks, { detail, errors = [] }) {
  const wrong = new Map(errors.map((error) => [Number(/^\/absences\/(\d+)/.exec(error.pointer)?.[1]), error.detail]));
  const aside = marks.filter((_, index) => wrong.has(index));
  if (!aside.length) await setAside(lesson, marks, detail);
  for (const mark of aside) await setAside(lesson, [mark], wrong.get(marks.indexOf(mark)));
  return aside.length > 0;
}

/**
 * Tells above the register of a refused mark whose pupil is not on the page any more.
 *
 * @param {Pick<Attendance, "make" | "settle" | "words">} attendance
 * @param {HTMLElement} form
 * @param {Mark} mark
 */
export function askAbout({ make, settle, words }, form, mark) {
  const id = `aside-${mark.report_id}`;
  if (document.getElementById(id)) return;
  const box = make("p", { id, className: "notice act", textContent: `${words.refused} ${mark.refused ?? "–"}` });
  const onclick = () => settle([mark]).then(() => box.remove());
  box.append(make("button", { type: "button", textContent: words.dismiss, onclick }));
  form.before(box);
}
