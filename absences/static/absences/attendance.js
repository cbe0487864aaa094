// The script of every page: the outbox, signing out, and the register where a page has one. A register then asks for one
// script, which the pages before it have brought already. Pages that need more (today.js, undecided.js, signed-out.js) take
// what they share from here.

import "./page/signing-out.js";
import "./register/start.js";

export { isUndecided, settle, waiting } from "./outbox/marks.js";
export { answerOf, ask } from "./outbox/server.js";
export { openStore, transact } from "./outbox/store.js";
export { listen, tellOthers } from "./outbox/tabs.js";
export { aloud, make, offer } from "./page/elements.js";
export { keepSending } from "./page/sending.js";
export { say, words } from "./page/words.js";
