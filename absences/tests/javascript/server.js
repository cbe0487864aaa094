// The server as the outbox sees it: a ticket for each lesson, marks, and completions.

/** An answer that is not JSON: cut off, or from something between. */
export const CUT_OFF = { status: 200, json: () => Promise.reject(new SyntaxError("cut off")) };

export const answer = (status, body = {}) => ({ status, json: async () => structuredClone(body) });

export class Server {
  user = 7; // who is signed in
  csrf = "first";
  tickets = new Map(); // of lessons; a ticket that is not here is not taken any more
  asked = []; // "GET /session", in the order of asking
  bodies = []; // of what was posted
  conflicts = new Set(); // students whom a colleague has marked
  wrong = new Map(); // of students whose mark is refused: why

  /** What an address answers instead, until it is deleted; a function is called with the body. */
  instead = new Map();

  async fetch(path, { method = "GET", headers = {}, body = null } = {}) {
    const name = `${method} ${path}`;
    const given = JSON.parse(body);
    this.asked.push(name);
    if (given) this.bodies.push(given);
    const other = this.instead.get(name);
    const instead = typeof other === "function" ? await other(given) : other;
    return instead ?? this.answer(path, headers, given);
  }

  answer(path, headers, given) {
    const [, lesson, act] = /lessons\/(\d+)\/?(\w*)/.exec(path) ?? [];
    if (act === "absences") return this.report(Number(lesson), headers, given);
    if (act === "complete") return this.complete(headers);
    if (!this.user) return answer(401);
    return lesson ? this.lesson(Number(lesson)) : answer(200, { user: this.user, csrf: this.csrf });
  }

  lesson(id) {
    this.tickets.set(id, `ticket ${id}, ${this.asked.length}`);
    return answer(200, { ticket: this.tickets.get(id) });
  }

  report(lesson, headers, { absences }) {
    if (!this.tickets.has(lesson) || headers.Authorization !== `Bearer ${this.tickets.get(lesson)}`) return answer(401);
    const errors = absences.flatMap(({ student_id }, index) =>
      this.wrong.has(student_id) ? [{ pointer: `/absences/${index}/code`, detail: this.wrong.get(student_id) }] : [],
    );
    if (errors.length) return answer(400, { detail: "Some marks are wrong.", errors });
    const stateOf = ({ student_id }) => (this.conflicts.has(student_id) ? "conflict" : "reported");
    return answer(202, { absences: absences.map((mark) => ({ ...mark, state: stateOf(mark) })) });
  }

  complete(headers) {
    return headers["X-CSRFToken"] === this.csrf ? answer(200, { counts: {} }) : answer(403, { detail: "CSRF" });
  }

  /** Of each request with marks: its students. */
  get sent() {
    return this.bodies.filter(({ absences }) => absences).map(({ absences }) => absences.map((mark) => mark.student_id));
  }
}

/** No network: every question fails. */
export class NoNetwork extends Server {
  async fetch(path, init) {
    await super.fetch(path, init);
    throw new TypeError("no network");
  }
}
