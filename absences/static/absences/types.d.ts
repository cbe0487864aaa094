// What travels between these scripts, the server and the device's own store. Only the type checker reads this.

type StoreName = "marks" | "finishes" | "tickets" | "settings";

/** What a teacher chose for a pupil, before it has a number. */
interface Choice {
  user: number;
  lesson: number;
  student: number;
  code: string;
  minutes_late: number | null;
  note: string;
  replaces: string | null; // the report_id of the mark that the teacher saw
  reported_at: string;
}

/** A choice that waits on this device. */
interface Mark extends Choice {
  report_id: string;
  device: string;
  sequence: number;
  tried?: boolean; // sent at least once, so the server may have it
  theirs?: ServerMark; // a colleague's mark that the teacher has not seen: one of the two is to be chosen
  refused?: string; // why the server will never take it
}

/** A mark as the server has it. */
interface ServerMark {
  student_id: number;
  code: string;
  minutes_late: number | null;
  note: string;
  report_id: string;
  reported_by: { id: number; name: string };
  reported_at: string;
  state?: string; // in an answer to a report: "conflict" where a colleague's mark stands
}

/** A register that was finished on this device. */
interface Finish {
  user: number;
  lesson: number;
  roster_seen: number[];
  taken_at: string;
  request_id: string;
  refused?: string;
}

interface Ticket {
  user: number;
  lesson: number;
  ticket: string;
}

interface Waiting {
  marks: Mark[];
  finishes: Finish[];
}

/** The answer to a completion. */
interface CompletedRegister {
  counts: Record<string, number>;
  completed_by: { id: number; name: string };
  taken_at: string;
  already_completed: boolean;
  marks: unknown[];
}

/** What keeps marks from being sent; "" where nothing does. */
type Problem = "" | "offline" | "trying" | "signin";

/** What the outbox tells the page, and the tabs tell one another. */
type OutboxEvent =
  | { type: "kept"; lesson: number; student: number; mark: Mark }
  | { type: "back"; lesson: number; student: number; mark: null; report_id: string }
  | { type: "sent"; lesson: number; absences: ServerMark[] }
  | { type: "refused"; lesson: number }
  | { type: "finished"; lesson: number; register: CompletedRegister }
  | { type: "state"; problem: Problem }
  | { type: "left" };

/** A problem as the API describes it (RFC 9457). */
interface ProblemDetail {
  detail?: string;
  errors?: { pointer: string; detail: string }[];
}

/** What a page tells its script; times are milliseconds since 1970. A kept page has `shell`, and the rest from the pack. */
interface Facts {
  user: number;
  shell?: string; // the version of a page that this device keeps
  own?: boolean; // whether the session is on a device of the user's own
  lesson: number;
  ticket?: string;
  now: number;
  zone: string;
  starts: number;
  closes: number;
  skew: number; // how far the server's clock is ahead of the device's
}

interface PackStudent {
  id: number;
  name: string;
  legal?: string;
  plan?: { code: string; word: string };
}

interface PackLesson {
  id: number;
  ticket: string;
  zone: string;
  opens: number;
  starts: number;
  closes: number;
  state: string;
  taken: number | null;
  roster: PackStudent[];
  marks: (ServerMark & { word: string })[];
  said?: Record<string, string>; // words of codes that marks had before
  [shown: string]: unknown; // what the page's slots are filled with
}

/** Today's lessons, as a device keeps them. */
interface DayPack {
  format: number;
  user: number;
  school: string;
  ends: number;
  now: number;
  skew: number;
  etag: string | null;
  stamp: string;
  unknown?: boolean; // the server could not read the marks
  lessons: PackLesson[];
  shell: { version: string; urls: string[] };
}

/** `{0}` stands for the first value that is put in. */
type Wording = string;

/** For one, and for any other number. */
type Plural = [one: string, many: string];

/** The words of all pages (absences/taking/script.py); each page has those that its scripts need. */
interface Words {
  // of sending
  saving: Wording;
  offline: Plural;
  trying: Plural;
  signin: Plural;
  // of a register
  saved: Wording;
  ready: Wording;
  asform: Wording;
  asked: Wording;
  refused: Wording;
  dismiss: Wording;
  theirs: Wording;
  keep: Wording;
  use: Wording;
  minutes: Wording;
  note: Wording;
  noteof: Wording;
  undone: Wording;
  withdrawn: Wording;
  unmarked: Wording;
  find: Wording;
  choose: Wording;
  finishing: Wording;
  finished: Wording;
  closed: Wording;
  reload: Wording;
  // of a register that a device keeps
  planned: Wording;
  told: Wording;
  untold: Wording;
  newer: Wording;
  // of today
  states: Record<string, string>;
  unsent: Plural;
  unfinished: Wording;
  taken: Wording;
  takenby: Wording;
  present: Wording;
  absent: Wording;
  late: Wording;
  unstated: Wording;
  attention: Wording;
  look: Wording;
  correct: Wording;
  kept: Wording;
  notkept: Wording;
  // of a register that was taken
  undecided: Wording;
  somebody: Wording;
  leave: Wording;
  codes: Record<string, string>;
}

/** What can be said: everything but the tables. */
type Sayable = Exclude<keyof Words, "states" | "codes">;
