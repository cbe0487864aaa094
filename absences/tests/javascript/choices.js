// Choices as the page makes them.

export const USER = 7;
export const LESSON = 40;

export const choice = (student, more = {}) => ({
  user: USER,
  lesson: LESSON,
  student,
  code: "N",
  minutes_late: null,
  note: "",
  replaces: null,
  reported_at: "2026-01-05T09:00:00.000Z",
  ...more,
});

export const finish = (roster_seen, more = {}) => ({
  user: USER,
  lesson: LESSON,
  roster_seen,
  taken_at: "2026-01-05T09:10:00.000Z",
  request_id: "one",
  ...more,
});
