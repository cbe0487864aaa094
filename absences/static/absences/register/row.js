// A pupil's row: what is chosen in it, and what it shows.

import { keep } from "../outbox/marks.js";
import { make, offer } from "../page/elements.js";
import { say, words } from "../page/words.js";
import { goOnAsForm } from "./as-form.js";
import { showConflict } from "./conflict.js";
import { isLate, lateness } from "./lateness.js";
import { $, facts, field, nameIn, now, state } from "./state.js";
import { show } from "./status.js";

/** @typedef {Pick<ServerMark, "code" | "note" | "report_id"> & { minutes_late: number | string | null }} Current */

/** @typedef {Omit<Mark, "report_id" | "device" | "sequence">} Chosen a choice that may not be in the outbox yet */

export class Row {
  /** @param {HTMLFieldSetElement} element */
  constructor(element) {
    this.element = element;
    this.student = Number(element.id.slice("pupil-".length));
    this.name = nameIn($("legend", element));
    const [code, minutes_late, note, report_id] = ["was", "wasminutes", "wasnote", "seen"].map((name) => this.field(name)?.value ?? "");
    /** @type {Current} */
    this.current = { code, minutes_late, note, report_id }; // the mark that the server holds
    this.plan = this.field("plan")?.value;
    /** @type {Mark | null} */
    this.kept = null; // the choice that waits in the outbox
    this.busy = 0; // choices on their way there
    this.early = this.radios.find((each) => each.checked && !each.defaultChecked)?.value; // tapped before this script ran
    element.tabIndex = -1;
  }

  /** @param {string} name */
  field(name) {
    return field(`${name}-${this.student}`);
  }

  /** The choice that will count: not one that was refused. */
  get choice() {
    return this.kept?.refused === undefined ? this.kept : null;
  }

  get shown() {
    return this.choice ?? this.current;
  }

  get code() {
    return this.shown.code;
  }

  /** @returns {string} as a field has it */
  get minutes() {
    return String(this.shown.minutes_late ?? "");
  }

  get note() {
    return this.shown.note ?? "";
  }

  /** @returns {HTMLInputElement[]} */
  get radios() {
    return [...this.element.querySelectorAll(/** @type {"input"} */ ("input[type=radio]"))];
  }

  /** @param {string} code */
  radioOf(code) {
    return this.radios.find(({ value }) => value === code || (isLate(value) && isLate(code)));
  }

  /**
   * The code in words, as the page has them.
   *
   * @param {string} code
   */
  word(code) {
    const beside = /** @type {any} */ (this.radioOf(code)?.nextElementSibling);
    const text = beside?.textContent.trim() ?? (code || words.unmarked);
    return text === code ? code : text.toLowerCase();
  }

  /**
   * Keeps a choice: the page shows it at once, and once this resolves it is safe on this device.
   *
   * @param {string} code
   * @param {{ minutes?: number | string, note?: string, undo?: boolean, exact?: boolean, replaces?: string }} [more]
   *   `exact` takes the code and minutes as they are; `replaces` is the report_id of the mark that the teacher has seen
   */
  async choose(code, { minutes = "", note = this.note, undo = true, exact, replaces = this.current.report_id } = {}) {
    const before = { row: this, code: this.code, minutes: this.minutes, note: this.note };
    if (!exact) ({ code, minutes } = lateness(code, minutes, before, now(), facts));
    const minutes_late = minutes === "" ? null : Number(minutes);
    if (this.says(code, minutes_late, note)) return;
    if (undo) state.undos.push(before);
    const reported_at = new Date(now()).toISOString();
    const { user, lesson } = facts;
    await this.save({ user, lesson, student: this.student, code, minutes_late, note, replaces: replaces || null, reported_at });
  }

  /**
   * Whether this is chosen already, and nobody has to decide anything.
   *
   * @param {string} code
   * @param {number | null} minutes
   * @param {string} note
   */
  says(code, minutes, note) {
    const same = code === this.code && String(minutes ?? "") === String(this.minutes) && note === this.note;
    return same && this.choice === this.kept && !this.kept?.theirs;
  }

  /** @param {Choice} choice */
  async save(choice) {
    this.notice("");
    this.show(/** @type {Mark} */ (choice)); // it gets its number when it is kept
    show(words.saving);
    if (state.asForm) return;
    this.busy += 1;
    try {
      const kept = await keep(choice);
      if (this.busy === 1) this.kept = kept;
    } catch {
      goOnAsForm();
    } finally {
      this.busy -= 1;
    }
    state.flush();
  }

  /**
   * Nothing of ours waits, and this is the server's mark.
   *
   * @param {Current} mark
   */
  stand(mark) {
    this.current = mark;
    this.show(null);
  }

  /**
   * The server's mark is not what was chosen here, so there is nothing to undo.
   *
   * @param {Current} mark
   */
  news(mark) {
    this.forgetUndos();
    this.stand(mark);
  }

  forgetUndos() {
    state.undos = state.undos.filter((each) => each.row !== this);
  }

  /** @param {Mark | null} kept */
  show(kept) {
    state.turn += 1;
    this.kept = kept;
    this.paint();
  }

  paint() {
    const { code, kept } = this;
    for (const radio of this.radios) radio.checked = false;
    if (code) {
      const radio = this.radioOf(code) ?? offer(this.element, this.student, code, code);
      Object.assign(radio, { value: code, checked: true });
    }
    const minutes = this.field("minutes");
    if (minutes && minutes !== document.activeElement) minutes.value = this.minutes;
    if (isLate(code)) this.chips();
    if (!kept) this.paintSeen();
    this.paintTrouble(kept?.theirs, kept?.refused);
  }

  /**
   * @param {ServerMark} [theirs]
   * @param {string} [refused]
   */
  paintTrouble(theirs, refused) {
    this.element.classList.toggle("attention", Boolean(theirs || refused));
    showConflict(this, theirs);
    if (refused) this.notice(refused);
  }

  /** The hidden fields, which go with the form: the mark that the teacher has seen. */
  paintSeen() {
    if (this.field("was")) {
      this.field("was").value = this.code;
      this.field("wasminutes").value = this.minutes;
    }
    if (this.field("wasnote")) this.field("wasnote").value = this.note;
    this.field("seen").value = this.current.report_id;
  }

  /** Buttons for the usual minutes. */
  chips() {
    if ($(".chips", this.element)) return;
    const chips = make("span", { className: "chips" });
    for (const minutes of [5, 10, 15]) {
      const chip = make("button", { type: "button", className: "chip", textContent: String(minutes) });
      chip.setAttribute("aria-label", say("minutes", minutes, this.name));
      chip.onclick = () => this.choose(this.code, { minutes });
      chips.append(chip);
    }
    $(".minutes", this.element).after(chips);
  }

  /** @param {string} text */
  notice(text) {
    let line = $(".aside", this.element);
    if (!line && text) this.element.append((line = make("p", { className: "aside quiet" })));
    if (line) line.textContent = text;
  }

  askNote() {
    /** @type {HTMLInputElement} */
    let input = $(".note", this.element);
    if (!input) {
      input = make("input", { className: "note", maxLength: 500, value: this.note, placeholder: words.note });
      input.setAttribute("aria-label", say("noteof", this.name));
      input.onchange = () => this.code && this.choose(this.code, { minutes: this.minutes, note: input.value });
      this.element.append(input);
    }
    input.focus();
  }
}
