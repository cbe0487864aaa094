// On the page to sign in: whoever was signed in here is so no more, and nothing with a name is kept. What waits to be sent
// stays. Right after signing out, the other tabs leave too.

import { forget } from "./device.js";

if ("caches" in self) forget();
if (new URLSearchParams(location.search).has("left")) new BroadcastChannel("attendance").postMessage({ type: "left" });
