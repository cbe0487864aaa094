// Marks that a server would not take are set aside, to be looked at. The outbox is given: the two cannot be named by the
// contents of one another.

async function setAside({ settle, tell }, lesson, marks, refused) {
  await settle(marks, { refused });
  tell({ type: "refused", lesson });
}

// One that is wrong refuses them all: it is set aside, and whether others are left, to be sent again.
export async function refuse(outbox, lesson, marks, { detail = "–", errors = [] }) {
  const wrong = new Map(errors.map((error) => [Number(/^\/absences\/(\d+)/.exec(error.pointer)?.[1]), error.detail]));
  const aside = marks.filter((_, index) => wrong.has(index));
  if (!aside.length) await setAside(outbox, lesson, marks, detail);
  for (const mark of aside) await setAside(outbox, lesson, [mark], wrong.get(marks.indexOf(mark)));
  return aside.length > 0;
}
