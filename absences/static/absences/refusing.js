// Marks that a server would not take: one that is wrong refuses them all, and is set aside to be looked at. How is given:
// this and the outbox cannot be named by the contents of one another. Whether others are left, to be sent again.
export async function refuse(setAside, lesson, marks, { detail, errors = [] }) {
  const wrong = new Map(errors.map((error) => [Number(/^\/absences\/(\d+)/.exec(error.pointer)?.[1]), error.detail]));
  const aside = marks.filter((_, index) => wrong.has(index));
  if (!aside.length) await setAside(lesson, marks, detail);
  for (const mark of aside) await setAside(lesson, [mark], wrong.get(marks.indexOf(mark)));
  return aside.length > 0;
}
