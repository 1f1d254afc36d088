// Talks to the studio: requests, what goes wrong with them, and what happens meanwhile.

import { say } from "./words.js";

/** What the studio answered where it could not do what was asked. */
export class Failure extends Error {
  /** @param {number} status @param {{kind: string, message: string, path?: string, line?: number, remedy?: string, there?: string, field?: string}} told */
  constructor(status, { kind, message, path, line, remedy, there, field }) {
    super(message);
    this.status = status;
    this.kind = kind;
    this.path = path;
    this.line = line;
    this.remedy = remedy;
    this.there = there;
    this.field = field;
  }

  /** The message with its place. */
  get sentence() {
    const name = this.path?.includes("://") ? this.path : this.path?.split("/").pop(); // an engine, or a file
    const place = [name, this.line && say("line {line}", { line: this.line })].filter(Boolean);
    return place.length ? `${place.join(" ")}: ${this.message}` : this.message;
  }
}

const address = (what, path, query = {}) => {
  const place = path === null ? `/api/${what}` : `/api/${what}/${path.split("/").map(encodeURIComponent).join("/")}`;
  const asked = new URLSearchParams(query).toString();
  return asked ? `${place}?${asked}` : place;
};

const request = async (url, options) => {
  let answer;
  try {
    answer = await fetch(url, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failure(0, { kind: "gone", message: say("The studio does not answer. What you see may be out of date. Trying again…") });
  }
  if (answer.ok) return answer;
  if (answer.status === 403) throw new Failure(403, { kind: "refused", message: say("This page is not let in any more. Open the address that tts-render studio has printed.") });
  const told = await answer.json().catch(() => null);
  throw new Failure(answer.status, told?.error ?? { kind: "unknown", message: say("The studio failed to answer ({status}). Its terminal says why.", { status: answer.status }) });
};

/** What the studio knows, as JSON. */
export const get = async (what, path = null, query = {}) => (await request(address(what, path, query))).json();

const sending = (body) => ({ method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

/** Have the studio change something; what it answers, as JSON. */
export const post = async (what, path = null, query = {}, body = {}, signal = null) => (await request(address(what, path, query), { ...sending(body), signal })).json();

/** The sound of a line as a blob; spoken now where it is not yet. */
export const sound = async (path, utterance, signal) =>
  (await request(address("sound", path, { utterance }), { signal })).blob();

/** The sound of a line with other accent phrases as a blob, and its moras as [text, start, end]; nothing is saved. */
export const trial = async (path, utterance, accent_phrases, signal) => {
  const answer = await request(address("trial", path, { utterance }), { ...sending({ accent_phrases }), signal });
  return { blob: await answer.blob(), moras: JSON.parse(answer.headers.get("X-Moras")) };
};

/** The sound of a line before or after a word is another, as a blob. */
export const trialSound = async (path, asked) => (await request(address("word-sound", path, asked))).blob();

/** How the sounds of some lines look and when their moras sound, by the ids of those that are spoken. */
export const shapes = (path, lines) => get("shapes", path, { lines: lines.join(",") });

/** Where the episode streams from a line on. */
export const streamAddress = (path, utterance, play, opening) => address("stream", path, opening ? { utterance, play, opening: "1" } : { utterance, play });

/**
 * What happens in the studio, by its kind. "gone" says that it does not answer, and why; "back" that it
 * does again, and that something may have happened in between.
 */
export class Happenings {
  #broken = false;
  /** @type {Map<string, ((detail: any) => void)[]>} */
  #listeners = new Map();

  constructor() {
    this.#open();
  }

  /** Call `listener` whenever something of this kind happens. */
  on(kind, listener) {
    this.#listeners.set(kind, [...(this.#listeners.get(kind) ?? []), listener]);
  }

  #open() {
    const source = new EventSource("/api/events");
    source.onopen = () => {
      if (this.#broken) this.#tell("back");
      this.#broken = false;
    };
    source.onmessage = ({ data }) => {
      const told = JSON.parse(data);
      this.#tell(told.kind, told);
    };
    source.onerror = async () => {
      source.close();
      this.#broken = true;
      const failure = await get("episodes", null, { most: 0 }).then(() => null, (error) => error);
      if (failure && [0, 403].includes(failure.status)) this.#tell("gone", failure);
      setTimeout(() => this.#open(), 1500);
    };
  }

  #tell(kind, detail = null) {
    for (const listener of this.#listeners.get(kind) ?? []) listener(detail);
  }
}
