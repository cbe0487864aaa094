// The register being taken: every tap is saved at once, with or without a network. Without this file it is a form.

import * as outbox from "./outbox.js";
import { aloud, make, offer, say, words } from "./outbox.js";

const form = document.getElementById("register");
let facts = JSON.parse(document.getElementById("taking").textContent);
const $ = (selector, within = form) => within.querySelector(selector);
const rows = new Map();
let undos = [];
let turn = 0; // counts what is chosen, and what comes
let skew = 0; // how far ahead of ours the server's clock is
let flush = () => {};
let problem = "";
let finishing = null;
let shell = null; // where the page came from this device
let touched = "";
let asForm = false; // this device keeps nothing any more

const clock = (moment) => new Date(moment).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: facts.zone });
const now = () => Date.now() + skew;
const lateCode = () => (now() < facts.closes ? "L" : "U");
const isLate = (code) => code === "L" || code === "U";

// --- One pupil -------------------------------------------------------------------------------------------------------

class Row {
  constructor(element) {
    this.element = element;
    this.student = Number(element.id.slice("pupil-".length));
    this.name = $("legend", element).firstChild.textContent.trim();
    const [code, minutes_late, note, report_id] = ["was", "wasminutes", "wasnote", "seen"].map((name) => this.field(name)?.value ?? "");
    this.standing = { code, minutes_late, note, report_id }; // the mark that the server holds
    this.plan = this.field("plan")?.value;
    this.kept = null; // the choice that waits in the outbox
    this.busy = 0; // choices on their way there
    this.early = this.radios.find((each) => each.checked && !each.defaultChecked)?.value; // tapped before this script ran
    element.tabIndex = -1;
  }

  field(name) {
    return form.elements[`${name}-${this.student}`];
  }

  // The choice that will count: not one that was refused.
  get choice() {
    return this.kept?.refused === undefined ? this.kept : null;
  }

  get shown() {
    return this.choice ?? this.standing;
  }

  get code() {
    return this.shown.code;
  }

  get minutes() {
    return this.shown.minutes_late ?? "";
  }

  get note() {
    return this.shown.note ?? "";
  }

  get radios() {
    return [...this.element.querySelectorAll("input[type=radio]")];
  }

  radioOf(code) {
    return this.radios.find(({ value }) => value === code || (isLate(value) && isLate(code)));
  }

  word(code) {
    const text = this.radioOf(code)?.nextElementSibling.textContent.trim() ?? (code || words.unmarked);
    return text === code ? code : text.toLowerCase();
  }

  // What was chosen is safe on this device once this resolves; the page shows it at once.
  async choose(code, { minutes = "", note = this.note, undo = true, exact = false, replaces = this.standing.report_id || null } = {}) {
    const before = { row: this, code: this.code, minutes: this.minutes, note: this.note };
    if (isLate(code) && !exact) {
      if (minutes === "") minutes = isLate(this.code) ? this.minutes : Math.max(0, Math.min(600, Math.floor((now() - facts.starts) / 60000)));
      code = isLate(this.code) ? this.code : lateCode();
    }
    const minutes_late = isLate(code) && minutes !== "" ? Number(minutes) : null;
    const same = code === before.code && String(minutes_late ?? "") === String(before.minutes) && note === before.note;
    if (same && this.choice === this.kept && !this.kept?.theirs) return;
    if (undo) undos.push(before);
    const reported_at = new Date(now()).toISOString();
    const choice = { user: facts.user, lesson: facts.lesson, student: this.student, code, minutes_late, note, replaces, reported_at };
    this.notice("");
    this.show(choice);
    show(words.saving);
    if (asForm) return;
    this.busy += 1;
    try {
      const kept = await outbox.keep(choice);
      if (this.busy === 1) this.kept = kept;
    } catch {
      goOnAsForm();
    } finally {
      this.busy -= 1;
    }
    flush();
  }

  paint() {
    const { code } = this;
    for (const radio of this.radios) radio.checked = false;
    if (code) {
      const radio = this.radioOf(code) ?? offer(this.element, this.student, code, code);
      Object.assign(radio, { value: code, checked: true });
    }
    const minutes = this.field("minutes");
    if (minutes && minutes !== document.activeElement) minutes.value = this.minutes;
    if (isLate(this.code)) this.chips();
    if (!this.kept) {
      if (this.field("was")) {
        this.field("was").value = code;
        this.field("wasminutes").value = this.minutes;
      }
      if (this.field("wasnote")) this.field("wasnote").value = this.note;
      this.field("seen").value = this.standing.report_id;
    }
    this.element.classList.toggle("attention", Boolean(this.kept?.theirs || this.kept?.refused));
    this.conflict(this.kept?.theirs);
    if (this.kept?.refused) this.notice(this.kept.refused);
  }

  chips() {
    if ($(".chips", this.element)) return;
    const chips = make("span", { className: "chips" });
    for (const minutes of [5, 10, 15]) {
      const chip = make("button", { type: "button", className: "chip", textContent: minutes });
      chip.setAttribute("aria-label", say("minutes", minutes, this.name));
      chip.onclick = () => this.choose(this.code, { minutes });
      chips.append(chip);
    }
    $(".minutes", this.element).after(chips);
  }

  // What somebody else has said: `keep` and `use` are buttons, so that nothing is decided by looking away.
  conflict(theirs) {
    $(".conflict", this.element)?.remove();
    if (!theirs) return;
    const box = make("div", { className: "conflict" });
    box.append(make("p", { textContent: sayOf(this, theirs) }));
    box.append(button(words.keep, () => this.keepTheirs(theirs)));
    box.append(button(words.use, () => {
      this.forgetUndos();
      this.choose(this.kept.code, { minutes: this.minutes, undo: false, replaces: theirs.report_id });
    }));
    this.element.append(box);
  }

  async keepTheirs(theirs) {
    await outbox.settle([this.kept]);
    outbox.tellOthers({ type: "sent", lesson: facts.lesson, absences: [theirs] });
    this.news(theirs);
    flush();
  }

  // Nothing of ours waits, and this is what the server answers.
  stand(mark) {
    this.standing = mark;
    this.show(null);
  }

  // One that is not what was chosen here: there is nothing to undo.
  news(mark) {
    this.forgetUndos();
    this.stand(mark);
  }

  forgetUndos() {
    undos = undos.filter((each) => each.row !== this);
  }

  show(kept) {
    turn += 1;
    this.kept = kept;
    this.paint();
  }

  notice(text) {
    let line = $(".aside", this.element);
    if (!line && text) this.element.append((line = make("p", { className: "aside quiet" })));
    if (line) line.textContent = text;
  }

  askNote() {
    let field = $(".note", this.element);
    if (!field) {
      field = make("input", { className: "note", maxLength: 500, value: this.note, placeholder: words.note });
      field.setAttribute("aria-label", say("noteof", this.name));
      field.onchange = () => this.code && this.choose(this.code, { minutes: this.minutes, note: field.value });
      this.element.append(field);
    }
    field.focus();
  }
}

function button(text, act) {
  return make("button", { type: "button", className: "button", textContent: text, onclick: act });
}

const sayOf = (row, mark) => say("theirs", mark.reported_by.name, row.name, row.word(mark.code), clock(mark.reported_at));

// --- The page --------------------------------------------------------------------------------------------------------

function show(text, tone = "", row = undefined) {
  const status = $(".status");
  status.hidden = false;
  const whole = row ? `${text} ${row.name}` : text;
  if (tone && (row || status.dataset.tone !== tone)) aloud(whole); // not for every tap
  if (tone) status.dataset.tone = tone;
  const href = row && `#${row.element.id}`;
  if (status.textContent !== whole || $("a", status)?.hash !== href) {
    status.textContent = row ? `${text} ` : text;
    if (row) status.append(make("a", { href, textContent: row.name }));
  }
  $(".undo").hidden = !undos.length;
}

// What is chosen goes with the form from now on, as without a script.
function goOnAsForm() {
  asForm = true;
  form.elements.roster_seen.value = [...rows.values()].filter((row) => row.choice === row.kept).map((row) => row.student).join();
  $(".finish").formAction = `/lessons/${facts.lesson}/complete`;
  $(".save").hidden = false;
  import("./leaving.js").then((leaving) => leaving.renew(form, outbox)).catch(() => {});
  tellState();
}

async function tellState() {
  if (asForm) return show(words.asform, "bad");
  const { marks, finishes } = await outbox.waiting(facts.user);
  const count = marks.filter((mark) => !outbox.isUndecided(mark)).length + finishes.length;
  const own = marks.filter((mark) => mark.lesson === facts.lesson && rows.has(mark.student));
  const busy = [...rows.values()].some((row) => row.busy);
  const asked = own.find((mark) => mark.theirs);
  const refused = own.find((mark) => mark.refused !== undefined);
  if (asked) show(words.asked, "bad", rows.get(asked.student));
  else if (refused) show(words.refused, "bad", rows.get(refused.student));
  else if (!count && !busy) show(touched ? say("saved", touched) : words.ready, "good");
  else if (count && problem) show(say(problem, count), problem === "signin" ? "bad" : "away");
  else show(words.saving);
  $(".suggested").hidden = ![...rows.values()].some((row) => row.plan && !row.code);
}

async function undo() {
  const last = undos.pop();
  if (!last) return;
  const { row, code, minutes, note } = last;
  row.element.focus();
  if (row.kept?.report_id && (await outbox.takeBack(row.kept))) {
    row.show(null);
    if (code) await row.choose(code, { minutes, note, undo: false, exact: true });
    aloud(say("undone", row.name, row.word(code)));
  } else if (code) {
    await row.choose(code, { minutes, note, undo: false, exact: true });
    aloud(say("undone", row.name, row.word(code)));
  } else if (row.plan) {
    aloud(say("choose", row.name));
  } else {
    await row.choose("/", { note: "", undo: false });
    aloud(say("withdrawn", row.name));
  }
  tellState();
}

// What others have said meanwhile, with the ticket alone.
async function refresh() {
  if (document.visibilityState !== "visible" || finishing) return;
  const { ticket } = (await outbox.get("tickets", [facts.user, facts.lesson])) ?? {};
  if (!ticket) return;
  const begun = turn;
  try {
    const response = await fetch(`/api/v1/lessons/${facts.lesson}/absences`, { headers: { Authorization: `Bearer ${ticket}` } });
    // Keys rotate, too: only where nobody is signed in any more does the page leave, and what was tapped stays.
    if (response.status === 401 && (await outbox.ask("/session")).status === 401) location.reload();
    if (!response.ok) return;
    const { state, absences } = await response.json();
    if (state !== "open") closed();
    if (turn !== begun) return; // it is older than what has been chosen since
    outbox.onDevice(facts.user, (device) => device.sent(facts.user, facts.lesson, absences));
    for (const mark of absences) takeIn(mark);
  } catch {
    // no network: the outbox says so where it matters
  }
}

function takeIn(mark) {
  const row = rows.get(mark.student_id);
  if (!row || row.kept || row.standing.report_id === mark.report_id) return;
  const theirs = mark.reported_by.id !== facts.user;
  row.news(mark);
  if (!theirs) return;
  row.notice(sayOf(row, mark));
  aloud(sayOf(row, mark));
}

function suggest(text) {
  const line = make("p", { className: "notice", textContent: `${text} ` });
  line.append(make("a", { href: `/lessons/${facts.lesson}/?fresh`, textContent: words.reload }));
  form.before(line);
}

let isClosed = false;
function closed() {
  if (!isClosed) suggest(words.closed);
  isClosed = true;
}

function restore({ marks, finishes }) {
  for (const mark of marks) {
    if (mark.lesson !== facts.lesson) continue;
    const row = rows.get(mark.student);
    if (row) row.show(mark);
    else if (outbox.isUndecided(mark)) import("./refusing.js").then(({ ask }) => ask(outbox, form, mark)).catch(() => {});
  }
  finishing = finishes.find((each) => each.lesson === facts.lesson) ?? null;
  if (finishing) finished(finishing);
}

async function finish() {
  if (finishing) return;
  if (asForm) return form.requestSubmit($(".finish"));
  const planned = [...rows.values()].filter((row) => row.plan && !row.code);
  for (const row of planned) await row.choose(row.plan, { undo: false });
  finishing = {
    user: facts.user,
    lesson: facts.lesson,
    roster_seen: [...rows.keys()],
    taken_at: new Date(now()).toISOString(),
    request_id: crypto.randomUUID(),
  };
  try {
    await outbox.put("finishes", finishing);
  } catch {
    finishing = null;
    return goOnAsForm();
  }
  show(words.finishing);
  finished(finishing);
  flush();
}

// Everything is on this device: nothing is changed here any more.
function finished(finish) {
  form.classList.add("finished");
  for (const row of rows.values()) row.element.disabled = !row.kept?.theirs;
  for (const each of form.querySelectorAll(".actions button")) each.disabled = true;
  const line = make("p", { className: "notice done" });
  line.textContent = finish.refused ?? say("finished", title(), clock(finish.taken_at));
  if (finish.refused !== undefined) line.append(" ", button(words.reload, giveUp));
  $(".done", document)?.remove();
  form.before(line);
  scrollTo(0, 0);
  aloud(line.textContent);
}

// The register was not taken, and never will be from here: what was marked is kept where it is.
async function giveUp() {
  await outbox.remove("finishes", [facts.user, facts.lesson]);
  location.assign(`/lessons/${facts.lesson}/?fresh`);
}

const title = () => document.querySelector("h1").firstChild.textContent.trim();

// The register, as the server has written it: the next page says so, where the next lesson is.
async function taken({ counts, completed_by: by, taken_at, already_completed: already, marks }) {
  const news = { lesson: facts.lesson, title: title(), at: clock(taken_at), counts, exceptions: marks.length, by, already };
  sessionStorage.setItem("taken", JSON.stringify(news));
  await outbox.onDevice(facts.user, (device) => device.finished(facts.user, facts.lesson));
  location.assign("/");
}

function hear(event) {
  if (event.lesson !== undefined && event.lesson !== facts.lesson) return;
  const row = rows.get(event.student); // in another tab
  if (row && (event.mark || row.kept?.report_id === event.report_id)) {
    row.forgetUndos();
    row.show(event.mark);
  }
  if (event.type === "sent") sent(event.absences);
  if (event.type === "finished") taken(event.register);
  if (event.type === "refused") outbox.waiting(facts.user).then(restore);
  if (event.type === "state") problem = event.problem;
  tellState();
}

async function sent(absences) {
  touched = clock(now());
  const before = new Map([...rows].map(([student, row]) => [student, row.kept]));
  const { marks } = await outbox.waiting(facts.user);
  for (const mark of absences) {
    const row = rows.get(mark.student_id);
    if (!row || row.busy || row.kept !== before.get(mark.student_id)) continue; // tapped again meanwhile
    const left = marks.find((each) => each.lesson === facts.lesson && each.student === row.student);
    if (left) row.show(left);
    else if (mark.reported_by.id === facts.user) row.stand(mark);
    else row.news(mark);
    if (finishing) row.element.disabled = !row.kept?.theirs;
  }
  tellState();
}

// --- Keys ------------------------------------------------------------------------------------------------------------

const CODES = { p: "/", a: "N", l: "L" };
let digits = "";

function move(from, step) {
  const all = [...rows.values()];
  const next = all[all.indexOf(from) + step];
  if (next) next.element.focus();
  else if (step > 0) $(".finish").focus();
}

function onKey(event) {
  if (event.target.form && event.target.form !== form) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    finish();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input:not([type=radio])")) return;
  const row = [...rows.values()].find((each) => each.element.contains(event.target));
  if (!row) return;
  const key = event.key.toLowerCase();
  if (event.repeat && key in CODES) return; // or the next pupil would be marked too
  if (key === "arrowdown" || key === "arrowup") move(row, key === "arrowdown" ? 1 : -1);
  else if (key in CODES) {
    row.choose(CODES[key]);
    digits = "";
    if (key === "l") row.element.focus();
    else move(row, 1);
  } else if (/^\d$/.test(key) && isLate(row.code)) {
    digits = (digits + key).slice(-3);
    row.choose(row.code, { minutes: Number(digits) });
  } else if (key === "n") row.askNote();
  else if (key === "u") undo();
  else if (key === "/") import("./find.js").then(({ find }) => find(form, [...rows.values()], row));
  else if (key === "?") {
    $(".keys").open = true;
    $(".keys summary").focus();
  } else return;
  event.preventDefault();
}

// --- Start -----------------------------------------------------------------------------------------------------------

function listen() {
  document.addEventListener("keydown", onKey);
  form.addEventListener("focusin", () => (digits = ""));
  form.addEventListener("change", ({ target }) => {
    const row = rows.get(Number(target.name?.split("-")[1]));
    if (!row) return;
    if (target.type === "radio") row.choose(target.value);
    else if (target.name.startsWith("minutes-") && /^\d{1,3}$/.test(target.value)) row.choose(row.code, { minutes: target.value });
  });
  form.addEventListener("submit", (event) => {
    if (asForm) return;
    event.preventDefault();
    if (event.submitter?.classList.contains("finish")) finish();
  });
  $(".undo").addEventListener("click", undo);
  outbox.listen(hear);
  document.addEventListener("visibilitychange", refresh);
  addEventListener("online", refresh);
  setInterval(refresh, 45000 + Math.random() * 30000); // nothing depends on it: the whole country polls at nine
}

async function start() {
  if (!isSecureContext || $(".error, .standing")) return; // without HTTPS it is a form, or one that came back and asks
  let kept = outbox.waiting(facts.user);
  kept.catch(() => {}); // looked at below
  if (facts.shell) {
    shell = await import("./shell.js");
    facts = { ...facts, ...(await shell.fill(facts.user)) };
    if (!facts.lesson) return;
  }
  try {
    kept = await kept;
  } catch {
    return; // a browser that keeps nothing has the form
  }
  skew = facts.skew ?? facts.now - Date.now();
  for (const element of form.querySelectorAll(".pupil")) {
    const row = new Row(element);
    rows.set(row.student, row);
    row.paint();
  }
  if (!facts.shell) outbox.useToken(form.elements.csrfmiddlewaretoken.value);
  restore(kept);
  listen();
  for (const row of rows.values()) if (row.early) row.choose(row.early);
  $(".save").hidden = true;
  $(".keys").hidden = false;
  if (matchMedia("(pointer: fine)").matches) rows.values().next().value?.element.focus({ preventScroll: true });
  show(words.ready);
  performance.mark("ready");
  if (facts.ticket) await outbox.put("tickets", { user: facts.user, lesson: facts.lesson, ticket: facts.ticket });
  flush = outbox.keepTrying(facts.user);
  if (!shell) return;
  refresh();
  if (await shell.isOld(facts)) suggest(words.newer);
}

if (form && facts) start();
