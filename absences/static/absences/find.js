// `/` on the register: to a pupil by any part of the name.

/** @typedef {typeof import("./attendance.js")} Attendance */

/** @typedef {{ name: string, element: HTMLElement }} Named */

/** @param {string} text */
const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

/**
 * Asks for a name above the rows, and goes to the first row that has it, or back to where it was asked.
 *
 * @param {Pick<Attendance, "make" | "words">} attendance
 * @param {HTMLElement} form
 * @param {Named[]} rows
 * @param {Named} from
 */
export function find({ make, words }, form, rows, from) {
  const field = make("input", { type: "search", className: "find" });
  field.setAttribute("aria-label", words.find);
  form.prepend(field);
  field.focus();
  field.onblur = () => field.remove();
  field.onkeydown = (event) => {
    if (event.key !== "Enter" && event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    const asked = event.key === "Enter" && plain(field.value);
    const found = asked && rows.find((row) => plain(row.name).includes(asked));
    (found || from).element.focus();
  };
}
