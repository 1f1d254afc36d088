// Uses the studio in chromium as a person would, and prints what happened as JSON.
// node page_driver.cjs PLAYWRIGHT CHROMIUM ADDRESS STORY LOCALE
// A story is a function of a file in stories/. Where it needs something done outside of the browser, it prints {"ask": WHAT} and waits for a line.
const fs = require("node:fs");
const path = require("node:path");

const [playwright, executablePath, address, story, locale] = process.argv.slice(2);
const { chromium } = require(playwright);
const answers = require("node:readline").createInterface({ input: process.stdin })[Symbol.asyncIterator]();

const ask = async (what) => {
  console.log(JSON.stringify({ ask: what }));
  await answers.next();
};

setTimeout(() => {
  console.error(`the page did not do what was waited for: ${story}`);
  process.exit(1);
}, 110000).unref(); // a browser on a busy machine takes half a minute to begin

const text = (locator) => locator.evaluateAll((found) => found.map((element) => element.innerText.trim()));
const rows = (page) => page.locator("[data-utterance]");
// What lines say, without the readings over them.
const written = (found) =>
  found.map((element) => {
    const copy = element.cloneNode(true);
    for (const reading of copy.querySelectorAll("rt")) reading.remove();
    return copy.textContent;
  });
const said = (page) => rows(page).locator(".text").evaluateAll(written);
const current = (page) => page.locator("[aria-current] .text").evaluateAll(written);
const focused = async (page) => (await page.locator("[data-utterance]:focus .text, [data-utterance]:focus-within .text").evaluateAll(written))[0] ?? null;
const answered = (page, part) => page.waitForResponse((response) => response.url().includes(part));

// A panel keeps the sound of its line as it is before anything is changed.
const mend = async (page, row) => {
  const kept = answered(page, "/api/sound/");
  await rows(page).nth(row).locator("[data-action=edit]").click();
  await kept;
};

const open = async (page, title) => {
  await page.goto(address);
  await page.locator(".episodes a", { hasText: title }).click();
  await rows(page).first().waitFor();
};

const axe = fs.readFileSync(path.join(playwright, "..", "axe-core", "axe.min.js"), "utf-8");
const options = { executablePath, args: ["--no-sandbox", "--mute-audio", "--autoplay-policy=no-user-gesture-required"] };

// Another browser, which may be killed, as a machine that runs out of memory does it.
const another = async () => {
  const server = await chromium.launchServer(options);
  const browser = await chromium.connect(server.wsEndpoint());
  const ended = new Promise((resolve) => server.on("close", resolve));
  const kill = async () => {
    process.kill(server.process().pid, "SIGKILL");
    await ended;
  };
  return { page: await (await browser.newContext({ locale })).newPage(), kill };
};

const hands = { address, another, answered, ask, axe, current, focused, mend, open, rows, said, text };
const folder = path.join(__dirname, "stories");
const stories = Object.assign({}, ...fs.readdirSync(folder).map((file) => require(path.join(folder, file))(hands)));

(async () => {
  const browser = await chromium.launch(options);
  const problems = [];
  const hosts = new Set();
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, locale });
  context.on("request", (request) => hosts.add(new URL(request.url()).protocol === "blob:" ? "blob" : new URL(request.url()).host));
  context.on("console", (message) => problems.push(message.text()));
  context.on("weberror", (error) => problems.push(String(error.error())));
  const told = await stories[story](await context.newPage());
  await browser.close();
  console.log(JSON.stringify({ told: { ...told, problems, hosts: [...hosts] } }));
  process.exit(0);
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
