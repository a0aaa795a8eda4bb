// Live updates: when handshakes happen, fetch this page again and swap the parts marked data-live.
// A part that the reader is in (focus, selected text) is left alone until the next time.
"use strict";

const BUSY_MS = 2000; // At most one refresh in this time, however many handshakes there are.
const IDLE_MS = 15000; // One refresh in this time even when there are none.

const follow = document.getElementById("follow");
let source = null;
let timer = null;
let refreshed = Date.now();

function say(text, on) {
  follow.hidden = false;
  follow.textContent = text;
  follow.classList.toggle("on", on);
}

function inUse(part) {
  const selection = document.getSelection();
  const selecting = selection && !selection.isCollapsed && selection.containsNode(part, true);
  return selecting || part.contains(document.activeElement);
}

async function refresh() {
  timer = null;
  refreshed = Date.now();
  try {
    const answer = await fetch("/" + location.search, { headers: { Accept: "text/html" } });
    if (!answer.ok) throw new Error(answer.statusText);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll("[data-live]")) {
      const fresh = page.getElementById(part.id);
      if (fresh && fresh.innerHTML !== part.innerHTML && !inUse(part)) part.innerHTML = fresh.innerHTML;
    }
  } catch {
    say("not reachable", false);
  }
}

function schedule(delay) {
  if (timer === null) timer = setTimeout(refresh, delay);
}

function open() {
  source = new EventSource("/v1/handshakes");
  source.onopen = () => { say("live", true); schedule(0); };
  source.onerror = () => say(source.readyState === EventSource.CLOSED ? "not live" : "reconnecting", false);
  const busy = () => schedule(Math.max(0, refreshed + BUSY_MS - Date.now()));
  source.addEventListener("handshake", busy);
  source.addEventListener("missed", busy);
}

function close() {
  source.close();
  source = null;
  say("paused", false);
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden && source) close();
  if (!document.hidden && !source) open();
});
setInterval(() => { if (!document.hidden && Date.now() - refreshed >= IDLE_MS) schedule(0); }, IDLE_MS / 5);
open();
