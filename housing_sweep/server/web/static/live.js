// Fetches the main part of an open page again when the server says that it changed.
// Without it (or without JavaScript) the page shows what it showed when it was opened.
"use strict";
(() => {
  const main = document.querySelector("main[data-live]");
  if (!main || !window.EventSource) return;
  let stale = false;
  let busy = false;
  let broken = false;
  const source = new EventSource(main.dataset.live);

  async function refresh() {
    // Not while nobody looks, and not under the hands of who types.
    const typing = document.activeElement.matches("input, select, textarea");
    if (!stale || busy || document.hidden || typing) return;
    stale = false;
    busy = true;
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" } });
      if (!answer.ok || answer.redirected) {
        source.close(); // deleted, or logged out: what is shown stays
        return;
      }
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector("main");
      if (fresh) {
        main.replaceChildren(...fresh.childNodes);
        document.title = page.title;
      }
      setTimeout(refresh, 1000); // what changed meanwhile
    } catch {
      stale = true; // the stream comes back when the server does
    } finally {
      busy = false;
    }
  }

  source.addEventListener("change", () => { stale = true; refresh(); });
  source.addEventListener("gone", () => source.close());
  source.addEventListener("error", () => { broken = true; });
  source.addEventListener("open", () => {
    if (broken) { stale = true; broken = false; refresh(); }
  });
  document.addEventListener("visibilitychange", refresh);
  main.addEventListener("focusout", () => setTimeout(refresh));
})();
