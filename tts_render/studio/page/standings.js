// How an episode stands, in words.

import { say } from "./words.js";

/** By what the studio tells. */
export const STANDINGS = {
  current: say("up to date"), missing: say("no audio yet"), changed: say("out of date"), disagrees: say("out of date"),
  unknown: say("not rendered here"), elsewhere: say("audio elsewhere"), "no-audio": say("no audio named"), broken: say("wrong"),
};
