"use strict";
(() => {
  const one = (selector) => document.querySelector(selector);
  const audio = one("audio");
  const graph = one("#graph");
  const played = one("#played");
  const trouble = one("#trouble");
  const follow = one("#follow");
  const onlyNew = one("#only-new");
  const length = Number(document.body.dataset.seconds);
  /** @type {NodeListOf<HTMLElement>} */
  const said = document.querySelectorAll(".said li");
  const lines = [...said];
  const starts = lines.map((line) => Number(line.dataset.start));
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const wanted = navigator.language.startsWith("ja") ? "ja" : "en";
  const words = wanted === "ja" ? JSON.parse(document.body.dataset.words) : {};
  let current = null;

  const say = (template, values = {}) =>
    (words[template] ?? template).replace(/\{(\w+)\}/g, (_, name) => values[name]);

  // The page is written in the language of the episode.
  const translate = () => {
    for (const [key, attribute] of [[`data-${wanted}`, null], [`data-${wanted}-label`, "aria-label"]]) {
      for (const element of document.querySelectorAll(`[${key}]`)) {
        const text = element.getAttribute(key);
        if (attribute) element.setAttribute(attribute, text);
        else element.textContent = text;
      }
    }
    for (const line of lines) {
      const button = line.querySelector("button");
      button.setAttribute("aria-label", say("Play from {time}", { time: button.textContent }));
      const number = line.querySelector(".line");
      if (!number) continue;
      number.textContent = say("line {line}", { line: number.textContent.match(/\d+/)[0] });
      line.querySelector(".state").textContent = line.classList.contains("new") ? say("new") : say("cached");
    }
    document.documentElement.lang = wanted;
  };
  if (document.documentElement.lang !== wanted) translate();

  const complain = (message) => {
    trouble.textContent = message;
    trouble.hidden = false;
  };

  // Of what has begun, the last; it stays until the next begins, so that nothing flickers in pauses.
  const lineAt = (time) => {
    let low = 0;
    let high = starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (starts[middle] <= time + 0.01) low = middle + 1;
      else high = middle;
    }
    return low ? lines[low - 1] : null;
  };

  const show = () => {
    const time = audio.currentTime;
    played.style.width = `${length ? Math.min(100, (100 * time) / length) : 0}%`;
    const line = audio.ended || (audio.paused && time === 0) ? null : lineAt(time);
    if (line === current) return;
    if (current) current.removeAttribute("aria-current");
    if (line) line.setAttribute("aria-current", "true");
    current = line;
    if (line && follow.checked && !audio.paused) reveal(line);
  };

  const reveal = (line) => {
    const box = line.getBoundingClientRect();
    const player = one(".player").getBoundingClientRect();
    if (box.top < Math.max(0, player.bottom) || box.bottom > innerHeight) {
      line.style.scrollMarginTop = `${player.height + 24}px`;
      line.scrollIntoView({ block: "start", behavior: still.matches ? "auto" : "smooth" });
    }
  };

  const playing = () => {
    show();
    if (!audio.paused) requestAnimationFrame(playing);
  };

  const seek = (time) => {
    const { seekable } = audio;
    if (audio.readyState > 0 && !(seekable.length && seekable.end(seekable.length - 1) >= time)) {
      complain(say("This server does not answer requests for a part of a file, so the audio starts from its beginning."));
    }
    audio.currentTime = time;
  };

  const playFrom = (element) => {
    seek(Number(element.dataset.start));
    audio.play().catch(() => {});
  };

  audio.addEventListener("play", playing);
  for (const event of ["timeupdate", "seeking", "pause", "ended"]) audio.addEventListener(event, show);
  audio.addEventListener("error", () => {
    complain(say("The audio cannot be played: its MP3 has to lie beside this page."));
  });
  audio.addEventListener("loadedmetadata", () => {
    if (Math.abs(audio.duration - length) > 0.5) {
      complain(say("The MP3 is not as long as the one that this page is about: times do not fit. Render it again."));
    }
  });
  document.addEventListener("click", ({ target: clicked }) => {
    const target = clicked instanceof Element && clicked.closest("[data-start]");
    if (!target || clicked.closest("a")) return;
    // Who selects text to copy it does not want to hear it.
    if (clicked.closest("button") || getSelection().isCollapsed) playFrom(target);
  });
  graph.addEventListener("click", (event) => {
    const box = graph.getBoundingClientRect();
    seek((length * (event.clientX - box.left)) / box.width);
  });
  document.addEventListener("keydown", (event) => {
    const line = event.target instanceof Element && /** @type {HTMLElement | null} */ (event.target.closest(".said li"));
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!line || !step) return;
    const shown = lines.filter((each) => each.offsetParent);
    const next = shown[shown.indexOf(line) + step];
    if (next) {
      event.preventDefault();
      next.querySelector("button").focus();
    }
  });
  if (onlyNew) {
    onlyNew.addEventListener("change", () => one(".said").classList.toggle("only-new", onlyNew.checked));
  }
  // The file may have failed before anybody listened.
  if (audio.error) audio.dispatchEvent(new Event("error"));
  else if (audio.readyState > 0) audio.dispatchEvent(new Event("loadedmetadata"));
})();
