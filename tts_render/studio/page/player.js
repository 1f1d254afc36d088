// What sounds: one line alone, or the episode from a line on; which line and which mora it is; and the bar that says so.

import { make, mark, resign, signed } from "./elements.js";
import { Failure, shapes, sound, streamAddress } from "./talk.js";
import { clock, say } from "./words.js";

export const SPEEDS = [0.75, 0.9, 1, 1.1, 1.25, 1.5, 1.75, 2];

/**
 * Plays, one thing at a time. Tells "change" when what sounds or how it does has changed, "mora" when the next mora
 * begins, and "failure" with the error when something cannot be played.
 */
export class Player extends EventTarget {
  #audio = new Audio();
  #lines = [];
  #heard = [];
  #token = null;
  #asking = null;
  #object = null;
  #mora = null;
  #turn = null;

  /** "line", "stream", or null while nothing is played. */
  mode = null;
  path = null;
  /** The utterance that sounds, as the studio tells it. */
  current = null;
  looping = false;
  waiting = false;

  constructor(happenings) {
    super();
    const audio = this.#audio;
    audio.preservesPitch = true;
    this.speed = Number(localStorage.getItem("speed")) || 1;
    happenings.on("heard", (detail) => {
      if (detail.play === this.#token) this.#heard.push(detail);
    });
    happenings.on("stopped", (detail) => {
      if (detail.play !== this.#token) return;
      // What was spoken before is still heard.
      this.#token = null;
      this.#failed(new Failure(503, detail.error), null);
    });
    audio.addEventListener("playing", () => this.#set({ waiting: false }));
    audio.addEventListener("playing", () => this.#follow());
    audio.addEventListener("waiting", () => this.#set({ waiting: true }));
    audio.addEventListener("timeupdate", () => this.#locate());
    for (const event of ["play", "pause"]) audio.addEventListener(event, () => this.#tell("change"));
    audio.addEventListener("ended", () => this.stop());
    audio.addEventListener("error", () => {
      if (this.mode === "stream" && !this.#token) this.stop(); // why, is said already
      else if (this.mode) this.#fail(new Failure(503, { kind: "player", message: say("The browser cannot play this.") }));
    });
  }

  get paused() {
    return this.#audio.paused;
  }

  /** Seconds since the beginning of what is played. */
  get time() {
    return this.#audio.currentTime;
  }

  /** The moras of the line that sounds, each as [text, start, end, whether it sounds]; empty where they are not known. */
  get moras() {
    const time = this.#audio.currentTime;
    return (this.#now()?.moras ?? []).map(([text, start, end]) => [text, start, end, start <= time && time < end]);
  }

  get speed() {
    return this.#audio.playbackRate;
  }

  set speed(speed) {
    this.#audio.defaultPlaybackRate = this.#audio.playbackRate = Math.min(2, Math.max(0.75, speed));
    localStorage.setItem("speed", String(this.speed));
    this.#tell("change");
  }

  /**
   * Play one line alone. Resolves to its sound as a blob; null where something else is played before it is there.
   * `given` is the sound where the page has it already, or what brings it and its moras as { blob, moras }; it gets the
   * signal that nobody waits for it any more.
   */
  async playLine(path, lines, id, given = null) {
    this.#clear();
    const asking = new AbortController();
    this.#asking = asking;
    this.#set({ mode: "line", path, current: lines.find((line) => line.id === id) ?? null, waiting: !(given instanceof Blob) });
    this.#lines = lines;
    try {
      const { blob, moras } = given instanceof Blob ? { blob: given, moras: [] } : await (given ?? ((signal) => this.#ask(path, id, signal)))(asking.signal);
      if (asking.signal.aborted) return blob;
      this.#object = URL.createObjectURL(blob);
      if (moras) this.#shape(asking, id, { moras });
      else shapes(path, [id]).then((told) => this.#shape(asking, id, told[id]), () => {});
      this.#audio.loop = this.looping;
      await this.#start(this.#object);
      return blob;
    } catch (error) {
      if (error.name !== "AbortError") this.#fail(error, id);
      return null;
    }
  }

  async #ask(path, id, signal) {
    return { blob: await sound(path, id, signal), moras: null };
  }

  /** The moras of the line that is played alone. */
  #shape(asking, id, shape) {
    if (shape && this.#asking === asking && this.mode === "line") this.#heard = [{ id, start: 0, moras: shape.moras }];
  }

  /** Play the episode from a line on; from the first one, with the opening before it if so wished. */
  async playFrom(path, lines, id, opening = false) {
    this.#clear();
    this.looping = false;
    this.#token = String(crypto.getRandomValues(new Uint32Array(4))); // a UUID is there on this machine only
    this.#lines = lines;
    this.#set({ mode: "stream", path, current: lines.find((line) => line.id === id) ?? null, waiting: true });
    await this.#start(streamAddress(path, id, this.#token, opening)).catch(() => {}); // the event "error" tells of it
  }

  /**
   * The episode has changed while it plays. What is sent already is not heard to its end where a line to come is another
   * one now: there the stream begins anew.
   */
  follow(path, lines) {
    if (path !== this.path) return;
    this.#lines = lines;
    this.#turn = null;
    if (this.mode !== "stream") return;
    const time = this.#audio.currentTime;
    const sent = this.#heard.filter(({ id, start }) => id !== undefined && start > time);
    const past = this.#heard.findLast(({ id, start }) => id !== undefined && start <= time);
    const at = lines.findIndex(({ id }) => id === (past?.id ?? this.current?.id));
    if (at < 0) return; // what sounds now is another line; it is heard to its end, and what follows is told later
    for (const [number, heard] of sent.entries()) {
      const line = lines[at + 1 + number];
      if (line && line.id === heard.id && (line.sound ?? heard.sound) === heard.sound && line.state !== "new") continue;
      this.#turn = { at: heard.start, id: line?.id ?? null };
      return;
    }
  }

  /** Begin anew where what is sent is not what is to be heard any more; whether it does. */
  #turns() {
    const turn = this.#turn;
    if (!turn || this.#audio.currentTime < turn.at - 0.05) return false;
    this.#turn = null;
    if (turn.id === null) this.stop();
    else this.playFrom(this.path, this.#lines, turn.id);
    return true;
  }

  /** Go to a place of the line that is played alone: a part of its length, 0 to 1. */
  seek(share) {
    if (this.mode === "line" && this.#audio.duration) this.#audio.currentTime = share * this.#audio.duration;
  }

  /** How much of the line that sounds has been heard: 0 to 1; null where nothing sounds. */
  get progress() {
    const time = this.#audio.currentTime;
    if (this.mode === "line") return this.#audio.duration ? time / this.#audio.duration : 0;
    const now = this.#now();
    return this.mode === "stream" && now && now.end > now.start ? Math.min(1, Math.max(0, (time - now.start) / (now.end - now.start))) : null;
  }

  /** Pause, or go on. */
  toggle() {
    if (this.#audio.paused) this.#audio.play().catch(() => {});
    else this.#audio.pause();
  }

  /** Play the line so many lines further, in the manner in which it plays now. */
  skip(step) {
    const next = this.#lines[this.#lines.findIndex(({ id }) => id === this.current?.id) + step];
    if (!next) return;
    if (this.mode === "stream") this.playFrom(this.path, this.#lines, next.id);
    else this.playLine(this.path, this.#lines, next.id);
  }

  /** Repeat the line that sounds, or let it end. */
  loop() {
    this.looping = !this.looping;
    this.#audio.loop = this.looping && this.mode === "line";
    if (this.looping && this.mode === "stream" && this.current) this.playLine(this.path, this.#lines, this.current.id);
    this.#tell("change");
  }

  stop() {
    this.#clear();
    this.#set({ mode: null, current: null, waiting: false });
  }

  async #start(source) {
    this.#audio.src = source;
    try {
      await this.#audio.play();
    } catch (error) {
      if (error.name !== "AbortError") throw error;
    }
  }

  #clear() {
    this.#asking?.abort();
    this.#token = null;
    this.#turn = null;
    this.#heard = [];
    this.mode = null;
    this.#audio.pause();
    this.#audio.loop = false;
    this.#audio.removeAttribute("src");
    this.#audio.load(); // lets go of the stream
    if (this.#object) URL.revokeObjectURL(this.#object);
    this.#object = null;
  }

  #fail(error, utterance = this.current?.id) {
    this.stop();
    this.#failed(error, utterance);
  }

  #failed(error, utterance) {
    this.dispatchEvent(new CustomEvent("failure", { detail: { error, utterance } }));
  }

  #now() {
    const time = this.#audio.currentTime;
    // Of what has begun, the last; it stays until the next begins, so that nothing flickers in pauses.
    return this.#heard.findLast(({ start, id }) => id !== undefined && start <= time + 0.01);
  }

  #follow() {
    this.#locate();
    if (!this.#audio.paused) requestAnimationFrame(() => this.#follow());
  }

  #locate() {
    if (!this.mode) return;
    this.#tell("progress");
    if (this.mode === "stream" && this.#turns()) return;
    const now = this.#now();
    const line = now && this.#lines.find(({ id }) => id === now.id);
    if (line && line.id !== this.current?.id) this.#set({ current: line });
    const sounding = this.moras.findIndex(([, , , sounds]) => sounds);
    const mora = `${now?.id} ${now?.moras?.length} ${sounding}`;
    if (mora !== this.#mora) this.#tell("mora");
    this.#mora = mora;
  }

  #set(values) {
    const changed = Object.entries(values).some(([name, value]) => this[name] !== value);
    Object.assign(this, values);
    if (changed) this.#tell("change");
  }

  #tell(kind) {
    this.dispatchEvent(new Event(kind));
  }
}

/** The bar at the foot of the page. */
export class PlayerBar extends HTMLElement {
  #player;

  /** Show a player; `start` is called where there is nothing to pause or resume. */
  attach(player, start) {
    this.#player = player;
    this.className = "player";
    this.setAttribute("role", "region");
    this.setAttribute("aria-label", say("Player"));
    this.toggle = signed("play", say("Play"), { class: "round", "data-action": "toggle", click: () => (player.mode ? player.toggle() : start()) });
    this.previous = signed("previous", say("Previous line"), { class: "flat", click: () => player.skip(-1) });
    this.following = signed("next", say("Next line"), { class: "flat", click: () => player.skip(1) });
    this.end = signed("stop", say("Stop"), { class: "flat", "data-action": "stop", click: () => player.stop() });
    this.repeat = signed("loop", say("Repeat this line"), { class: "flat", "aria-pressed": "false", click: () => player.loop() });
    this.words = make("p", { class: "now" });
    this.time = make("span", { class: "time" });
    this.speeds = make(
      "select",
      { "aria-label": say("Playback speed"), title: say("Playback speed"), change: ({ target }) => (player.speed = Number(target.value)) },
      ...SPEEDS.map((speed) => make("option", { value: speed }, `×${speed}`)),
    );
    this.append(
      make("div", { class: "controls" }, this.previous, this.toggle, this.following, this.end),
      this.words,
      make("div", { class: "manner" }, this.time, this.repeat, this.speeds),
    );
    player.addEventListener("change", () => this.#show());
    player.addEventListener("mora", () => this.#moras());
    this.#show();
  }

  #show() {
    const player = this.#player;
    const idle = !player.mode;
    const going = !idle && !player.paused;
    resign(this.toggle, going ? "pause" : "play", idle ? say("Play") : going ? say("Pause") : say("Resume"));
    for (const button of [this.previous, this.following, this.end]) button.disabled = idle;
    mark(this.repeat, "aria-pressed", String(player.looping));
    this.speeds.value = String(SPEEDS.reduce((one, other) => (Math.abs(other - player.speed) < Math.abs(one - player.speed) ? other : one)));
    this.classList.toggle("waiting", player.waiting);
    this.#moras();
  }

  #moras() {
    const player = this.#player;
    this.time.textContent = player.mode ? clock(player.time) : "";
    if (player.waiting) this.words.textContent = say("Waiting for the engine…");
    else if (!player.current) this.words.textContent = say("Nothing is playing");
    else if (!player.moras.length) this.words.textContent = player.current.text;
    else {
      this.words.replaceChildren(
        ...player.moras.map(([text, , , sounds]) => make("span", { class: sounds ? "mora sounds" : "mora" }, text)),
      );
      const sounding = this.words.querySelector(".sounds");
      if (sounding) this.words.scrollLeft = sounding.offsetLeft - this.words.clientWidth / 2;
    }
    this.words.lang = player.current && !player.waiting ? "ja" : "";
  }
}

customElements.define("studio-player", PlayerBar);
