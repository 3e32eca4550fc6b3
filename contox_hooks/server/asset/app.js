// What pages cannot do by HTML alone: live parts, running clocks, the theme, a question before what cannot be undone.
// Every page works without it.
(() => {
  "use strict";
  const all = (what, within = document) => within.querySelectorAll(what);

  // Live parts. The stream is closed while nobody looks: a browser grants six connections to a server over all of its
  // tabs (HTTP/1.1). Each time it opens it tells what is so now; ids say what of that is new to this page.
  const names = ["sessions", "pipeline", "items"];
  let stream = null;
  let seen = null; // by event name the id of what this page shows

  function told(event) {
    if (seen[event.type] === event.lastEventId) return;
    seen[event.type] = event.lastEventId;
    for (const part of all("[data-live]")) {
      if (part.dataset.live.split(" ").includes(event.type)) htmx.trigger(part, "live");
    }
  }

  function offline(is) {
    for (const part of all("[data-offline]")) part.hidden = !is;
  }

  function listen() {
    const place = document.querySelector("[data-stream]");
    if (!place || stream) return;
    seen ??= Object.fromEntries(place.dataset.seen.split(" ").map((one) => one.split(":")));
    stream = new EventSource(place.dataset.stream);
    for (const name of names) stream.addEventListener(name, told);
    stream.onopen = () => {
      offline(false);
      document.documentElement.dataset.listening = "";
    };
    stream.onerror = () => offline(true);
  }

  function rest() {
    stream?.close();
    stream = null;
  }

  document.addEventListener("visibilitychange", () => (document.hidden ? rest() : listen()));
  addEventListener("pagehide", rest);
  addEventListener("pageshow", () => document.hidden || listen());

  // Clocks. The server says how long it has been; the machine that looks may have another time of day.
  const began = new WeakMap();

  function duration(ms) {
    if (ms < 1000) return `${Math.floor(ms)} ms`;
    const s = ms / 1000;
    if (s < 60) return `${s.toFixed(1)} s`;
    const two = (n) => String(Math.floor(n) % 60).padStart(2, "0");
    return s < 3600 ? `${Math.floor(s / 60)}m ${two(s)}s` : `${Math.floor(s / 3600)}h ${two(s / 60)}m`;
  }

  function ago(s) {
    if (s < 60) return "just now";
    if (s < 3600) return `${Math.floor(s / 60)}m ago`;
    return s < 86400 ? `${Math.floor(s / 3600)}h ago` : `${Math.floor(s / 86400)}d ago`;
  }

  function tick() {
    const now = performance.now();
    for (const clock of all("[data-elapsed]")) {
      if (!began.has(clock)) began.set(clock, now - Number(clock.dataset.elapsed));
      clock.textContent = duration(now - began.get(clock));
    }
  }

  function age() {
    for (const time of all("time[data-ago]")) {
      const text = ago(Math.max(0, (Date.now() - Date.parse(time.dateTime)) / 1000));
      if (time.textContent !== text) time.textContent = text;
    }
  }

  setInterval(() => document.hidden || tick(), 1000);
  setInterval(() => document.hidden || age(), 30000);

  // Signed out meanwhile: go where one signs in, instead of showing that page inside this one.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.xhr.status >= 400) event.detail.shouldSwap = false;
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-theme-switch]")) {
      const root = document.documentElement;
      const dark = root.dataset.theme
        ? root.dataset.theme === "dark"
        : matchMedia("(prefers-color-scheme: dark)").matches;
      root.dataset.theme = dark ? "light" : "dark";
      document.cookie = `contox_theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=lax`;
      dispatchEvent(new Event("theme"));
    }
    const choice = event.target.closest("[data-choose-all]");
    if (choice) for (const box of all(choice.dataset.chooseAll)) box.checked = choice.checked;
    for (const menu of all("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of all("details.menu[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });

  document.addEventListener("submit", (event) => {
    const question = event.submitter?.dataset.ask ?? event.target.dataset.ask;
    if (question && !confirm(question)) event.preventDefault();
  });

  // Whatever follows a link only to show what is behind it (a chat, a search engine) must not use it up.
  function at_once() {
    if (document.prerendering) document.addEventListener("prerenderingchange", at_once, { once: true });
    else for (const form of all("form[data-at-once]")) form.requestSubmit();
  }

  for (const button of all("[data-theme-switch]")) button.hidden = false;
  tick();
  at_once();
  if (!document.hidden) listen();
  document.documentElement.dataset.ready = "";
})();
