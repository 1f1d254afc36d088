// The studio: which page is shown, what is wrong, what can be undone, and which key does what.

import { isTyping, make, signed } from "./elements.js";
import { EpisodeView } from "./episode.js";
import { EpisodeList } from "./list.js";
import { Player, PlayerBar } from "./player.js";
import { Failure, get, Happenings, post } from "./talk.js";
import { engineName, say } from "./words.js";

const happenings = new Happenings();
const player = new Player(happenings);
const list = new EpisodeList();
const episode = new EpisodeView();
const bar = new PlayerBar();
const live = make("p", { class: "unseen", role: "status" });
const troubles = make("div", { class: "troubles" });
const main = make("main", { tabindex: -1 });
const home = make("a", { class: "home", href: "#" }, say("tts-render studio"));
const undo = signed("undo", say("Undo"), { "data-action": "undo", disabled: true, "aria-keyshortcuts": "Control+Z", click: () => again("undo") });
const redo = signed("redo", say("Redo"), { "data-action": "redo", disabled: true, "aria-keyshortcuts": "Control+Shift+Z", click: () => again("redo") });
const undoName = make("span", { class: "name", lang: "ja", "aria-hidden": "true" });
/** @type {[string, string[]][]} */
const keys = [
  [say("Play the line; pause and resume"), ["Space"]], [say("Play the line"), ["Enter"]], [say("Play from this line on"), ["p"]], [say("Stop; close the panel"), ["Escape"]], [say("Next, previous line"), ["j", "k", "↓", "↑"]],
  [say("Repeat the line"), ["l"]], [say("Slower, faster"), ["[", "]"]], [say("Mend the line"), ["e"]], [say("Mend its accent"), ["a"]], [say("Voice, speed and pauses of the line"), ["v"]], [say("Hear before and after the change"), ["b"]], [say("Put a word into the dictionary"), ["d"]], [say("Find in the lines"), ["f"]], [say("Replace in the lines"), ["h"]], [say("Next, previous place found"), ["n", "N"]],
  [say("Publish: render, look, write to the post"), ["r"]], [say("Find an episode"), ["/"]], [say("Undo, redo"), ["Ctrl+Z", "Ctrl+Shift+Z"]], [say("These keys"), ["?"]],
];
const help = make(
  "dialog",
  { "aria-labelledby": "keys", click: ({ target }) => target === help && help.close() },
  make("form", { method: "dialog" }, make("h2", { id: "keys" }, say("Keys")), make("button", { class: "flat" }, say("Close"))),
  make("dl", { class: "keys" }, ...keys.flatMap(([what, names]) => [make("dt", {}, ...names.map((name) => make("kbd", {}, name))), make("dd", {}, what)])),
);

/** Say something to who cannot see it. */
const announce = (text) => {
  live.textContent = text;
};

/** Say on top what is wrong, what to do, and let it be tried again. One trouble of a kind is said once. */
const trouble = (error, retry = show) => {
  if (error.status === undefined) console.error(error); // a fault of this page, not of the studio
  const kind = error.kind ?? "page";
  const news = { EngineUnreachableError: "engine", EngineMissingError: "engine", EngineMismatchError: "other-engine" }[kind];
  if (news && [...troubles.children].some((found) => /** @type {HTMLElement} */ (found).dataset.kind === news)) return; // it is told already
  settle(kind);
  const button = make("button", { type: "button", click: () => { settle(kind); retry(); } }, say("Try again"));
  const close = signed("close", say("Close"), { class: "flat", click: () => settle(kind) });
  troubles.prepend(
    make(
      "div",
      { class: "trouble", role: "alert", "data-kind": kind },
      make(
        "div",
        { class: "what" },
        make("p", {}, error.sentence ?? error.message),
        error.why ? make("p", {}, error.why) : null,
        error.steps ? make("ul", {}, ...error.steps.map(({ name, why }) => make("li", {}, make("b", { lang: "ja" }, name), make("span", { lang: "ja" }, why)))) : null,
        error.remedy ? make("p", { class: "remedy" }, error.remedy) : null,
      ),
      make("p", { class: "choices" }, kind === "gone" || kind === "refused" || !retry ? null : button, kind === "gone" ? null : close),
    ),
  );
};

const settle = (kind) => {
  for (const found of [...troubles.children]) if (kind === null || found.dataset.kind === kind) found.remove();
};

const named = () => {
  const hash = location.hash.slice(1);
  try {
    return decodeURIComponent(hash);
  } catch {
    return hash;
  }
};

let shown = null;

/** Show what the address names. */
async function show() {
  const path = named();
  if (path !== shown) {
    episode.close();
    episode.word.close();
    if (player.mode) player.stop();
    settle(null);
    main.replaceChildren(make("p", { class: "dim", role: "status" }, say("Loading…")));
  }
  shown = path;
  document.body.classList.toggle("reading", Boolean(path));
  try {
    const told = path ? await get("episodes", path) : { root: await list.load(trouble) };
    if (path !== named()) return;
    if (path) episode.take(told);
    else {
      document.title = `${told.root} – ${say("tts-render studio")}`;
      undoable({ undo: null, redo: null });
    }
    const view = path ? episode : list;
    if (main.firstChild !== view) {
      main.replaceChildren(view);
      if (path) (episode.rows[0]?.element ?? main).focus({ preventScroll: true });
      else list.search();
      scrollTo(0, 0);
    }
  } catch (error) {
    if (path !== named()) return;
    if (main.firstChild !== episode && main.firstChild !== list) main.replaceChildren(make("h1", {}, path || say("Episodes")));
    trouble(error);
  }
}

/** Show the list as it is now, or the episode that could not be shown before. */
let refreshing = false;
const refresh = async () => {
  if (refreshing || (main.contains(episode) && !waitsForFiles())) return;
  refreshing = true;
  await new Promise((resolve) => setTimeout(resolve, 200)); // a checkout changes files for a while
  refreshing = false;
  if (!main.contains(list)) {
    if (waitsForFiles()) show();
    return;
  }
  await list.load(trouble).catch(() => {});
};
const waitsForFiles = () => Boolean(named()) && main.firstChild !== episode;

/** @type {Record<string, string | null>} */
const offered = { undo: null, redo: null };
const undoable = (facts) => {
  Object.assign(offered, { undo: facts.undo, redo: facts.redo });
  const labels = [
    [undo, facts.undo, facts.undo ? say("Undo: {name}", { name: facts.undo }) : say("Undo")],
    [redo, facts.redo, facts.redo ? say("Redo: {name}", { name: facts.redo }) : say("Redo")],
  ];
  for (const [button, name, label] of labels) {
    button.disabled = !name;
    button.setAttribute("aria-label", label);
    button.title = label;
  }
  undoName.textContent = facts.undo ?? "";
};

/** Undo, or do again; say which steps could not be moved, and why. */
async function again(way) {
  const back = way === "undo";
  settle("passed");
  try {
    const told = await post(way);
    undoable(told);
    if (told.name === null) return;
    const sentence = back ? say("Undone: {name}", { name: told.name }) : say("Done again: {name}", { name: told.name });
    announce(sentence);
    const steps = told.passed.map(({ name, error }) => ({ name, why: new Failure(409, error).sentence }));
    if (steps.length) trouble({ status: 409, kind: "passed", sentence, why: back ? say("Not undone, since somebody else has changed the same text:") : say("Not done again, since somebody else has changed the same text:"), steps, remedy: told.passed[0].error.remedy }, null);
  } catch (error) {
    const stuck = offered[way];
    if (error.kind !== "StaleError" || !stuck) trouble(error, () => again(way));
    else trouble({ status: 409, kind: "passed", sentence: back ? say("Nothing was undone, since somebody else has changed the same text:") : say("Nothing was done again, since somebody else has changed the same text:"), steps: [{ name: stuck, why: error.sentence }], remedy: error.remedy }, null);
  }
}

const pressed = (event) => {
  if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]") || isTyping(event.target)) return;
  const key = event.key.toLowerCase();
  if ((event.ctrlKey || event.metaKey) && !event.altKey && (key === "z" || key === "y")) {
    event.preventDefault();
    again(key === "y" || event.shiftKey ? "redo" : "undo");
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "?") help.showModal();
  else if (event.key === "/") named() ? (location.hash = "") : list.search();
  else if (!named() || !episode.facts || !episode.key(event)) return;
  event.preventDefault();
};

document.addEventListener("keydown", pressed);
addEventListener("hashchange", show);
happenings.on("gone", (detail) => trouble(detail));
happenings.on("back", async () => {
  settle("gone");
  settle("refused");
  announce(say("The studio is back."));
  await (main.contains(episode) ? episode.reload() : show());
});
happenings.on("trouble", ({ error }) => trouble(new Failure(503, error)));
happenings.on("files", () => {
  refresh();
  episode.publish.refresh();
});
happenings.on("render", (detail) => {
  if (detail.path === episode.path) episode.publish.heard(detail.render);
});
happenings.on("engine", ({ error, was, now }) => {
  settle("engine");
  settle("other-engine");
  settle("EngineUnreachableError");
  settle("EngineMismatchError");
  if (error) {
    trouble(new Failure(503, { ...error, kind: "engine" }), () => episode.reload());
    return;
  }
  episode.forgetFailures();
  const message = !was
    ? say("The engine is there again.")
    : engineName(was) === engineName(now)
      ? say("The engine's dictionary or voices have changed. Lines that sound otherwise now are to be spoken again.")
      : say("The engine was {was} and is {now} now. Lines that sound otherwise with it are to be spoken again.", { was: engineName(was), now: engineName(now) });
  if (was) trouble(new Failure(503, { kind: "other-engine", message }), null);
  announce(message);
});
happenings.on("behind", () => (main.contains(episode) ? episode.reload() : show()));
happenings.on("utterance", (detail) => {
  if (detail.path === episode.path) episode.heard(detail.utterance);
});
happenings.on("episode", (detail) => {
  if (detail.path !== episode.path || !main.contains(episode)) return;
  episode.changed(detail.episode);
  episode.publish.refresh();
});
player.addEventListener("failure", (/** @type {CustomEvent} */ { detail: { error, utterance } }) => {
  const at = error.kind === "UtteranceError" && !utterance ? episode.goTo(error.line) : ![0, 403].includes(error.status) && episode.fail(utterance, error);
  const engine = error.kind === "EngineUnreachableError" || error.kind === "EngineMissingError";
  if (!at || engine) trouble(error, () => episode.reload());
  announce(`${say("failed")}: ${error.message}`);
});

bar.attach(player, () => episode.playFromHere());
episode.attach({
  player,
  announce,
  trouble,
  told: (facts) => {
    document.title = `${facts.title ?? facts.path} – ${say("tts-render studio")}`;
    if ("undo" in facts) undoable(facts);
    if ("saved" in facts) settle("passed");
    for (const kind of ["EngineUnreachableError", "EngineMissingError"]) settle(kind);
  },
});
document.body.append(
  make(
    "header",
    { class: "bar" },
    home,
    make("a", { class: "up", href: "#" }, make("span", { "aria-hidden": "true" }, "‹ "), say("All episodes")),
    make("div", { class: "undo" }, undoName, undo, redo, signed("?", say("Keys"), { class: "flat", "data-action": "keys", click: () => help.showModal() })),
  ),
  troubles,
  main,
  bar,
  help,
  live,
);
show();
